/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Cancelling an acquisition, at every moment that a test can arrange. */

#include "testutils.h"

#include <glib/gstdio.h>
#include <stdlib.h>

#define RACES 500
#define ROUNDS 11

static void
assert_was_cancelled (TestWaiter *waiter)
{
  test_waiter_join (waiter);
  g_assert_error (waiter->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (waiter->success);
  g_assert_false (g_lock_file_is_locked (waiter->lock_file));
}

static void
test_already_cancelled (TestFolder    *folder,
                        gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  test_assert_lock_error (lock_file, 0, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_assert_lock_error (lock_file, 1000, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_assert_lock_error (lock_file, -1, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_folder_assert_empty (folder);

  test_assert_answer (helper, "lock", "ok");
  test_assert_lock_error (lock_file, 0, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_assert_lock_error (lock_file, -1, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_assert_answer (helper, "verify", "ok");

  /* Nothing of that sticks to the object. */
  test_assert_answer (helper, "unlock", "ok");
  g_cancellable_reset (cancellable);
  g_assert_true (g_lock_file_lock (lock_file, cancellable, &error));
  g_assert_no_error (error);
  g_cancellable_cancel (cancellable);
  g_assert_true (g_lock_file_is_locked (lock_file));
  test_assert_verify (lock_file);
}

static void
test_remove_stale (TestFolder    *folder,
                   gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  test_file_write (folder->lock_file, "4711\napplication\nhost\n");
  g_cancellable_cancel (cancellable);
  g_assert_false (g_lock_file_remove_stale (lock_file, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  test_folder_assert_files (folder, "test.lock", NULL);
}

static int
compare_times (const void *a,
               const void *b)
{
  gint64 difference = *(const gint64 *) a - *(const gint64 *) b;

  return difference < 0 ? -1 : difference > 0;
}

/* R12: at once, whatever time limit there is, and not with the next look. */
static void
test_while_waiting (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  gint64 took[ROUNDS];

  test_assert_answer (helper, "lock", "ok");
  for (int i = 0; i < ROUNDS; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (TestWaiter) waiter = test_waiter_start (lock_file, GPOINTER_TO_INT (data),
                                                         cancellable, FALSE);
      gint64 begin;

      test_waiter_await_sleep (waiter);
      begin = g_get_monotonic_time ();
      g_cancellable_cancel (cancellable);
      assert_was_cancelled (waiter);
      took[i] = waiter->ended - begin;
      test_assert_answer (helper, "verify", "ok");
    }

  qsort (took, ROUNDS, sizeof *took, compare_times);
  g_test_message ("The median is %.3f ms", took[ROUNDS / 2] / 1000.0);
  g_assert_cmpint (took[ROUNDS / 2], <, 20 * G_TIME_SPAN_MILLISECOND);

  test_assert_answer (helper, "unlock", "ok");
  test_assert_lock (lock_file, 0);
}

/* What is not locked by the kernel is waited for in another way. */
static void
test_while_waiting_for_age (TestFolder    *folder,
                            gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *content = test_qt_content (4711, "application", "another-host",
                                              "0123456789abcdef0123456789abcdef",
                                              "01234567-89ab-cdef-0123-456789abcdef");
  const char *contents[] = { content, "" };

  for (unsigned int i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (TestWaiter) waiter = NULL;
      g_autofree char *found = NULL;

      test_file_write (folder->lock_file, contents[i]);
      waiter = test_waiter_start (lock_file, -1, cancellable, FALSE);
      while (g_atomic_int_get (&waiter->thread_id) == 0)
        g_thread_yield ();
      g_usleep (50 * G_TIME_SPAN_MILLISECOND);
      g_cancellable_cancel (cancellable);
      assert_was_cancelled (waiter);
      found = test_file_read (folder->lock_file);
      g_assert_cmpstr (found, ==, contents[i]);
    }
  test_folder_assert_files (folder, "test.lock", NULL);
}

/* The first of a process watches for all of them; who is next must take over. */
static void
test_head_of_queue (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GLockFile) first = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) second = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) third = g_lock_file_new (folder->lock_file);
  g_autoptr (TestWaiter) first_waiter = NULL;
  g_autoptr (TestWaiter) second_waiter = NULL;
  g_autoptr (TestWaiter) third_waiter = NULL;
  gint64 released;

  test_assert_answer (helper, "lock", "ok");
  first_waiter = test_waiter_start (first, -1, cancellable, TRUE);
  test_waiter_await_sleep (first_waiter);
  second_waiter = test_waiter_start (second, -1, NULL, TRUE);
  test_waiter_await_sleep (second_waiter);
  third_waiter = test_waiter_start (third, -1, NULL, TRUE);
  test_waiter_await_sleep (third_waiter);

  g_cancellable_cancel (cancellable);
  assert_was_cancelled (first_waiter);
  test_waiter_await_sleep (second_waiter);

  released = g_get_monotonic_time ();
  test_assert_answer (helper, "unlock", "ok");
  test_waiter_join (second_waiter);
  g_assert_no_error (second_waiter->error);
  test_waiter_join (third_waiter);
  g_assert_no_error (third_waiter->error);
  g_assert_cmpint (second_waiter->turn, <, third_waiter->turn);
  /* Woken by the release, and not by a safety look after 5 s. */
  g_assert_cmpint (third_waiter->ended - released, <, 2 * G_TIME_SPAN_SECOND);
  test_folder_assert_empty (folder);
}

/* Cancelled in the very moment of the release, so that both the head that goes
 * and the one that becomes it race with the event. */
static void
test_head_of_queue_races (TestFolder    *folder,
                          gconstpointer  data)
{
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) first = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) second = g_lock_file_new (folder->lock_file);

  for (int i = 0; i < RACES / 5; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (TestWaiter) first_waiter = NULL;
      g_autoptr (TestWaiter) second_waiter = NULL;
      gint64 released;

      test_assert_lock (holder, 0);
      first_waiter = test_waiter_start (first, -1, cancellable, TRUE);
      second_waiter = test_waiter_start (second, -1, NULL, TRUE);
      while (g_atomic_int_get (&first_waiter->thread_id) == 0 ||
             g_atomic_int_get (&second_waiter->thread_id) == 0)
        g_thread_yield ();
      g_usleep (i % 10 * 100);

      released = g_get_monotonic_time ();
      if (i % 2 == 0)
        g_cancellable_cancel (cancellable);
      test_assert_unlock (holder);
      if (i % 2 == 1)
        g_cancellable_cancel (cancellable);
      test_waiter_join (first_waiter);
      test_waiter_join (second_waiter);
      g_assert_true (first_waiter->success ||
                     g_error_matches (first_waiter->error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
      g_assert_no_error (second_waiter->error);
      g_assert_cmpint (second_waiter->ended - released, <, 2 * G_TIME_SPAN_SECOND);
      test_folder_assert_empty (folder);
    }
}

typedef struct
{
  GCancellable *cancellable;
  int           go;             /* atomic */
  unsigned int  delay;
} Canceller;

static gpointer
cancel_thread (gpointer data)
{
  Canceller *canceller = data;

  while (!g_atomic_int_get (&canceller->go))
    ;
  for (volatile unsigned int i = 0; i < canceller->delay; i++)
    ;
  g_cancellable_cancel (canceller->cancellable);
  return NULL;
}

static void
count_race (TestWaiter *waiter,
            int        *successes)
{
  test_waiter_join (waiter);
  if (waiter->success)
    {
      g_assert_no_error (waiter->error);
      g_assert_true (g_lock_file_is_locked (waiter->lock_file));
      g_assert_true (g_lock_file_verify (waiter->lock_file, NULL));
      test_assert_unlock (waiter->lock_file);
      ++*successes;
    }
  else
    {
      g_assert_error (waiter->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_false (g_lock_file_is_locked (waiter->lock_file));
    }
}

/* Cancelling against the holder's release: it is either success, and then the
 * lock is held, or the lock is free. */
static void
test_races_with_release (TestFolder    *folder,
                         gconstpointer  data)
{
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  int successes = 0;

  for (int i = 0; i < RACES; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (TestWaiter) waiter = NULL;
      Canceller canceller = { cancellable, FALSE, g_random_int_range (0, 200000) };
      GThread *thread = g_thread_new ("canceller", cancel_thread, &canceller);

      test_assert_lock (holder, 0);
      waiter = test_waiter_start (lock_file, i % 2 == 0 ? -1 : 60000, cancellable, FALSE);
      while (g_atomic_int_get (&waiter->thread_id) == 0)
        g_thread_yield ();
      g_usleep (i % 5 * 50);
      g_atomic_int_set (&canceller.go, TRUE);
      test_assert_unlock (holder);
      count_race (waiter, &successes);
      g_thread_join (thread);
      test_folder_assert_empty (folder);
      test_assert_lock (lock_file, 0);
      test_assert_unlock (lock_file);
    }

  g_test_message ("%d of %d got the lock", successes, RACES);
}

/* The same against an acquisition that finds the path free. */
static void
test_races_with_acquisition (TestFolder    *folder,
                             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  int successes = 0;

  for (int i = 0; i < RACES; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (TestWaiter) waiter = NULL;
      Canceller canceller = { cancellable, FALSE, g_random_int_range (0, 50000) };
      GThread *thread = g_thread_new ("canceller", cancel_thread, &canceller);

      waiter = test_waiter_start (lock_file, -1, cancellable, FALSE);
      while (g_atomic_int_get (&waiter->thread_id) == 0)
        ;
      g_atomic_int_set (&canceller.go, TRUE);
      count_race (waiter, &successes);
      g_thread_join (thread);
      test_folder_assert_empty (folder);
    }

  g_test_message ("%d of %d got the lock", successes, RACES);
}

/* The same against one that has to clear away a leftover first: the leftover, or
 * nothing, may be left. */
static void
test_races_with_removal (TestFolder    *folder,
                         gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autofree char *leftover = NULL;
  int successes = 0;

  test_assert_answer (helper, "lock", "ok");
  test_helper_kill (helper);
  leftover = test_file_read (folder->lock_file);

  for (int i = 0; i < RACES / 2; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (TestWaiter) waiter = NULL;
      Canceller canceller = { cancellable, FALSE, g_random_int_range (0, 400000) };
      GThread *thread = g_thread_new ("canceller", cancel_thread, &canceller);

      test_file_write (folder->lock_file, leftover);
      waiter = test_waiter_start (lock_file, -1, cancellable, FALSE);
      while (g_atomic_int_get (&waiter->thread_id) == 0)
        ;
      g_atomic_int_set (&canceller.go, TRUE);
      count_race (waiter, &successes);
      g_thread_join (thread);
      if (g_file_test (folder->lock_file, G_FILE_TEST_EXISTS))
        {
          g_autofree char *left = test_file_read (folder->lock_file);

          g_assert_false (waiter->success);
          g_assert_cmpstr (left, ==, leftover);
          test_folder_assert_files (folder, "test.lock", NULL);
        }
      else
        {
          test_folder_assert_empty (folder);
        }
      test_assert_lock (lock_file, 0);
      test_assert_unlock (lock_file);
    }

  g_test_message ("%d of %d got the lock", successes, RACES / 2);
}

#define ADD(name, data, function) \
  g_test_add ("/cancel/" name, TestFolder, data, test_folder_set_up, function, \
              test_folder_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("already-cancelled", NULL, test_already_cancelled);
  ADD ("remove-stale", NULL, test_remove_stale);
  ADD ("while-waiting/without-limit", GINT_TO_POINTER (-1), test_while_waiting);
  ADD ("while-waiting/with-limit", GINT_TO_POINTER (60000), test_while_waiting);
  ADD ("while-waiting/for-age", NULL, test_while_waiting_for_age);
  ADD ("head-of-queue", NULL, test_head_of_queue);
  ADD ("head-of-queue/races", NULL, test_head_of_queue_races);
  ADD ("races/release", NULL, test_races_with_release);
  ADD ("races/acquisition", NULL, test_races_with_acquisition);
  ADD ("races/removal", NULL, test_races_with_removal);

  return g_test_run ();
}
