/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Cancelling an asynchronous operation, at every stage. Whatever the moment, it is
 * success and the lock is held, or it is not held and soon free.
 */

#include "asyncutils.h"

#include <glib/gstdio.h>
#include <stdlib.h>

#define RACES 500
#define ROUNDS 11
#define CROWD 10000

static void
begin_lock (GLockFile    *lock_file,
            GCancellable *cancellable,
            TestResult   *result)
{
  g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, cancellable, test_result_cb, result);
}

#define assert_cancelled(result) \
  G_STMT_START { \
    test_assert_failure (result, G_IO_ERROR, G_IO_ERROR_CANCELLED); \
    g_assert_false ((result)->was_locked); \
  } G_STMT_END

/* --- Stage by stage ------------------------------------------------------------ */

static int
compare_times (const void *a,
               const void *b)
{
  gint64 difference = *(const gint64 *) a - *(const gint64 *) b;

  return difference < 0 ? -1 : difference > 0;
}

/* R12: at once, and not with the next look. */
static void
test_asleep (TestFolder    *folder,
             gconstpointer  timeout)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  gint64 took[ROUNDS];

  test_assert_answer (helper, "lock", "ok");
  for (int i = 0; i < ROUNDS; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_auto (TestResult) result = { 0 };
      gint64 begin;

      g_lock_file_try_lock_async (lock_file, GPOINTER_TO_INT (timeout), G_PRIORITY_DEFAULT,
                                  cancellable, test_result_cb, &result);
      test_run_until_quiet ();
      begin = g_get_monotonic_time ();
      g_cancellable_cancel (cancellable);
      /* Never from within the call. */
      g_assert_false (result.done);
      assert_cancelled (&result);
      took[i] = result.ended - begin;
      test_assert_answer (helper, "verify", "ok");
    }

  qsort (took, ROUNDS, sizeof *took, compare_times);
  g_test_message ("The median is %.3f ms", took[ROUNDS / 2] / 1000.0);
  g_assert_cmpint (took[ROUNDS / 2], <, 20 * G_TIME_SPAN_MILLISECOND);
  test_assert_answer (helper, "unlock", "ok");
  test_assert_lock_async (lock_file);
}

/* Before a worker has even begun. */
static void
test_at_once (TestFolder    *folder,
              gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  for (int i = 0; i < RACES; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_auto (TestResult) result = { 0 };

      begin_lock (lock_file, cancellable, &result);
      g_cancellable_cancel (cancellable);
      test_run_until (&result.done);
      if (result.success)
        {
          g_assert_true (result.was_locked);
          test_assert_unlock (lock_file);
        }
      else
        {
          assert_cancelled (&result);
        }
      test_folder_assert_empty (folder);
    }
}

/* It was got already, though nobody has been told yet: then that is what counts. */
static void
test_too_late (TestFolder    *folder,
               gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (TestResult) result = { 0 };

  begin_lock (lock_file, cancellable, &result);
  test_await_file (folder->lock_file, TRUE);
  test_await_quiet ();
  g_cancellable_cancel (cancellable);
  test_assert_success (&result);
  g_assert_true (result.was_locked);
  test_assert_verify (lock_file);
}

/* Letting go cannot be cancelled once it has begun. */
static void
test_unlock (TestFolder    *folder,
             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  for (int i = 0; i < 50; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_auto (TestResult) result = { 0 };

      test_assert_lock (lock_file, 0);
      g_lock_file_unlock_async (lock_file, G_PRIORITY_DEFAULT, cancellable, test_result_cb,
                                &result);
      g_cancellable_cancel (cancellable);
      test_assert_success (&result);
      g_assert_false (result.was_locked);
      test_folder_assert_empty (folder);
    }
}

static void
test_query_and_removal (TestFolder    *folder,
                        gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *leftover = NULL;

  test_crash_while_holding (folder->lock_file);
  leftover = test_file_read (folder->lock_file);
  for (int i = 0; i < 100; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_auto (TestResult) asked = { 0 };
      g_auto (TestResult) removed = { 0 };

      test_file_write (folder->lock_file, leftover);
      g_lock_file_query_info_async (lock_file, G_PRIORITY_DEFAULT, cancellable, test_result_cb,
                                    &asked);
      g_cancellable_cancel (cancellable);
      test_run_until (&asked.done);
      if (!asked.success)
        g_assert_error (asked.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

      g_cancellable_reset (cancellable);
      g_lock_file_remove_stale_async (lock_file, G_PRIORITY_DEFAULT, cancellable, test_result_cb,
                                      &removed);
      if (i % 2 == 0)
        g_thread_yield ();
      g_cancellable_cancel (cancellable);
      test_run_until (&removed.done);
      if (!removed.success)
        g_assert_error (removed.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpint (g_file_test (folder->lock_file, G_FILE_TEST_EXISTS), ==, !removed.success);
    }
}

/* The operation keeps the cancellable as long as it needs it, and not longer. */
static void
test_reference (TestFolder    *folder,
                gconstpointer  data)
{
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  GCancellable *cancellable = g_cancellable_new ();
  g_auto (TestResult) result = { 0 };

  g_object_add_weak_pointer (G_OBJECT (cancellable), (gpointer *) &cancellable);
  test_assert_lock (holder, 0);
  begin_lock (lock_file, cancellable, &result);
  g_object_unref (cancellable);
  g_assert_nonnull (cancellable);
  test_run_until_quiet ();
  g_assert_nonnull (cancellable);
  test_assert_unlock (holder);
  test_assert_success (&result);
  test_run_until_quiet ();
  g_assert_null (cancellable);
}

/* --- In the queue ---------------------------------------------------------------- */

#define PLACES 10

typedef struct
{
  GLockFile    *lock_files[PLACES];
  GCancellable *cancellables[PLACES];
  TestResult    results[PLACES];
} Queue;

static void
queue_init (Queue      *queue,
            const char *path)
{
  for (int i = 0; i < PLACES; i++)
    {
      queue->lock_files[i] = g_lock_file_new (path);
      queue->cancellables[i] = g_cancellable_new ();
      queue->results[i].unlock = TRUE;
      begin_lock (queue->lock_files[i], queue->cancellables[i], &queue->results[i]);
    }
  test_run_until_quiet ();
}

static void
queue_clear (Queue *queue)
{
  for (int i = 0; i < PLACES; i++)
    {
      g_object_unref (queue->lock_files[i]);
      g_object_unref (queue->cancellables[i]);
      test_result_clear (&queue->results[i]);
    }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Queue, queue_clear)

/* Those that are left are served, in their order. */
static void
queue_assert_served (Queue *queue)
{
  int turn = -1;

  for (int i = 0; i < PLACES; i++)
    {
      if (g_cancellable_is_cancelled (queue->cancellables[i]))
        continue;
      test_assert_success (&queue->results[i]);
      g_assert_cmpint (queue->results[i].turn, >, turn);
      turn = queue->results[i].turn;
    }
}

/* The head passes its turn on; behind it, nobody notices. The holder is another
 * process, which only the head watches. */
static void
test_in_queue (TestFolder    *folder,
               gconstpointer  killed)
{
  static const int cancelled[] = { 5, 0, 1, 9, 2 };
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_auto (Queue) queue = { { NULL } };
  gint64 released;

  test_assert_answer (helper, "lock", "ok");
  queue_init (&queue, folder->lock_file);
  for (gsize i = 0; i < G_N_ELEMENTS (cancelled); i++)
    {
      g_cancellable_cancel (queue.cancellables[cancelled[i]]);
      assert_cancelled (&queue.results[cancelled[i]]);
      test_run_until_quiet ();
    }

  released = g_get_monotonic_time ();
  if (killed != NULL)
    test_helper_kill (helper);
  else
    test_assert_answer (helper, "unlock", "ok");
  queue_assert_served (&queue);
  /* Woken by the release, and not by a safety look after 5 s. */
  g_assert_cmpint (g_get_monotonic_time () - released, <, 2 * G_TIME_SPAN_SECOND);
  test_folder_assert_empty (folder);
}

/* The head is cancelled in the moment of the release. */
static void
test_head_races (TestFolder    *folder,
                 gconstpointer  data)
{
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);

  for (int i = 0; i < RACES / 5; i++)
    {
      g_autoptr (GLockFile) first = g_lock_file_new (folder->lock_file);
      g_autoptr (GLockFile) second = g_lock_file_new (folder->lock_file);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_auto (TestResult) first_result = { .unlock = TRUE };
      g_auto (TestResult) second_result = { .unlock = TRUE };
      gint64 released;

      test_assert_lock (holder, 0);
      begin_lock (first, cancellable, &first_result);
      begin_lock (second, NULL, &second_result);
      test_run_for (i % 10 * 100);

      released = g_get_monotonic_time ();
      if (i % 2 == 0)
        g_cancellable_cancel (cancellable);
      test_assert_unlock (holder);
      if (i % 2 == 1)
        g_cancellable_cancel (cancellable);
      test_run_until (&first_result.done);
      test_assert_success (&second_result);
      g_assert_true (first_result.success ||
                     g_error_matches (first_result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
      g_assert_cmpint (second_result.ended - released, <, 2 * G_TIME_SPAN_SECOND);
      test_folder_assert_empty (folder);
    }
}

/* --- Races ------------------------------------------------------------------------- */

/* Cancels after a while that is too short to sleep. */
typedef struct
{
  GCancellable *cancellable;
  guint         delay;
  int           go;             /* atomic */
  GThread      *thread;
} Canceller;

static gpointer
cancel_thread (gpointer data)
{
  Canceller *canceller = data;

  while (!g_atomic_int_get (&canceller->go))
    ;
  for (volatile guint i = 0; i < canceller->delay; i++)
    ;
  g_cancellable_cancel (canceller->cancellable);
  return NULL;
}

static void
canceller_init (Canceller *canceller,
                guint      longest_delay)
{
  canceller->cancellable = g_cancellable_new ();
  canceller->delay = g_random_int_range (0, longest_delay);
  canceller->thread = g_thread_new ("canceller", cancel_thread, canceller);
}

static void
canceller_clear (Canceller *canceller)
{
  g_thread_join (canceller->thread);
  g_object_unref (canceller->cancellable);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Canceller, canceller_clear)

/* Success, and the lock is held; or the lock is free for whoever tries once. */
static void
count_race (TestResult *result,
            GLockFile  *lock_file,
            GLockFile  *other,
            int        *successes)
{
  test_run_until (&result->done);
  if (result->success)
    {
      g_assert_true (result->was_locked);
      test_assert_verify (lock_file);
      test_assert_unlock (lock_file);
      ++*successes;
    }
  else
    {
      assert_cancelled (result);
      test_assert_lock (other, 0);
      test_assert_unlock (other);
    }
}

static void
test_races_with_release (TestFolder    *folder,
                         gconstpointer  data)
{
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  int successes = 0;

  for (int i = 0; i < RACES; i++)
    {
      g_auto (TestResult) result = { 0 };
      g_auto (Canceller) canceller = { NULL };

      canceller_init (&canceller, 200000);
      test_assert_lock (holder, 0);
      g_lock_file_try_lock_async (lock_file, i % 2 == 0 ? -1 : 60000, G_PRIORITY_DEFAULT,
                                  canceller.cancellable, test_result_cb, &result);
      test_run_for (i % 5 * 100);
      g_atomic_int_set (&canceller.go, TRUE);
      test_assert_unlock (holder);
      count_race (&result, lock_file, holder, &successes);
      test_folder_assert_empty (folder);
    }
  g_test_message ("%d of %d got the lock", successes, RACES);
}

/* The same against the release by another process. */
static void
test_races_with_other_process (TestFolder    *folder,
                               gconstpointer  data)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other = g_lock_file_new (folder->lock_file);
  int successes = 0;

  for (int i = 0; i < RACES / 2; i++)
    {
      g_auto (TestResult) result = { 0 };
      g_auto (Canceller) canceller = { NULL };

      canceller_init (&canceller, 400000);
      test_assert_answer (helper, "lock", "ok");
      begin_lock (lock_file, canceller.cancellable, &result);
      test_run_for (i % 5 * 200);
      g_atomic_int_set (&canceller.go, TRUE);
      test_helper_send (helper, "unlock");
      test_run_until (&result.done);
      test_assert_read (helper, "ok");
      count_race (&result, lock_file, other, &successes);
      test_folder_assert_empty (folder);
    }
  g_test_message ("%d of %d got the lock", successes, RACES / 2);
}

static void
test_races_with_acquisition (TestFolder    *folder,
                             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other = g_lock_file_new (folder->lock_file);
  int successes = 0;

  for (int i = 0; i < RACES; i++)
    {
      g_auto (TestResult) result = { 0 };
      g_auto (Canceller) canceller = { NULL };

      canceller_init (&canceller, 50000);
      g_atomic_int_set (&canceller.go, TRUE);
      begin_lock (lock_file, canceller.cancellable, &result);
      count_race (&result, lock_file, other, &successes);
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
  g_autoptr (GLockFile) other = g_lock_file_new (folder->lock_file);
  g_autofree char *leftover = NULL;
  int successes = 0;

  test_crash_while_holding (folder->lock_file);
  leftover = test_file_read (folder->lock_file);
  for (int i = 0; i < RACES / 2; i++)
    {
      g_auto (TestResult) result = { 0 };
      g_auto (Canceller) canceller = { NULL };

      canceller_init (&canceller, 400000);
      test_file_write (folder->lock_file, leftover);
      g_atomic_int_set (&canceller.go, TRUE);
      begin_lock (lock_file, canceller.cancellable, &result);
      test_run_until (&result.done);
      if (!result.success && g_file_test (folder->lock_file, G_FILE_TEST_EXISTS))
        {
          g_autofree char *left = test_file_read (folder->lock_file);

          g_assert_cmpstr (left, ==, leftover);
          test_folder_assert_files (folder, "test.lock", NULL);
        }
      count_race (&result, lock_file, other, &successes);
      test_folder_assert_empty (folder);
    }
  g_test_message ("%d of %d got the lock", successes, RACES / 2);
}

/* The same against the end of its time. */
static void
test_races_with_time_limit (TestFolder    *folder,
                            gconstpointer  data)
{
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  int timed_out = 0;

  test_assert_lock (holder, 0);
  for (int i = 0; i < RACES; i++)
    {
      g_auto (TestResult) result = { 0 };
      g_auto (Canceller) canceller = { NULL };

      canceller_init (&canceller, 2000000);
      g_atomic_int_set (&canceller.go, TRUE);
      g_lock_file_try_lock_async (lock_file, i % 3, G_PRIORITY_DEFAULT, canceller.cancellable,
                                  test_result_cb, &result);
      test_run_until (&result.done);
      if (g_error_matches (result.error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED))
        timed_out++;
      else
        assert_cancelled (&result);
    }
  g_test_message ("%d of %d came to the end of their time", timed_out, RACES);
  test_assert_verify (holder);
}

/* --- Very many ----------------------------------------------------------------------- */

static void
count_cancelled_cb (GObject      *object,
                    GAsyncResult *result,
                    gpointer      count)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (g_lock_file_lock_finish (G_LOCK_FILE (object), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  ++*(int *) count;
}

/* All with one cancellable, as when a window is closed, or each with its own. */
static void
test_crowd (TestFolder    *folder,
            gconstpointer  one_cancellable)
{
  const int n = TEST_SANITIZED ? CROWD / 10 : CROWD;
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  g_autoptr (GPtrArray) cancellables = g_ptr_array_new_with_free_func (g_object_unref);
  gint64 begin, cancelled;
  int count = 0;

  test_assert_lock (holder, 0);
  for (int i = 0; i < n; i++)
    {
      g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

      if (i == 0 || one_cancellable == NULL)
        g_ptr_array_add (cancellables, g_cancellable_new ());
      g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT,
                              g_ptr_array_index (cancellables, cancellables->len - 1),
                              count_cancelled_cb, &count);
    }
  test_run_until_quiet ();

  begin = g_get_monotonic_time ();
  for (guint i = 0; i < cancellables->len; i++)
    g_cancellable_cancel (g_ptr_array_index (cancellables, i));
  cancelled = g_get_monotonic_time ();
  test_run_until_at_least (&count, n);
  g_test_message ("Cancelling %d took %.1f ms, and until all were told %.1f ms", n,
                  (cancelled - begin) / 1e3, (g_get_monotonic_time () - begin) / 1e3);

  test_assert_verify (holder);
  test_assert_unlock (holder);
  test_assert_lock_async (holder);
  test_assert_unlock_async (holder);
  test_run_until_quiet ();
  g_assert_cmpint (count, ==, n);
  test_folder_assert_empty (folder);
}

#define ADD(name, data, function) \
  g_test_add ("/async-cancel/" name, TestFolder, data, test_folder_set_up, function, \
              test_folder_tear_down)

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("asleep/without-limit", GINT_TO_POINTER (-1), test_asleep);
  ADD ("asleep/with-limit", GINT_TO_POINTER (60000), test_asleep);
  ADD ("at-once", NULL, test_at_once);
  ADD ("too-late", NULL, test_too_late);
  ADD ("unlock", NULL, test_unlock);
  ADD ("query-and-removal", NULL, test_query_and_removal);
  ADD ("reference", NULL, test_reference);
  ADD ("in-queue/release", NULL, test_in_queue);
  ADD ("in-queue/crash", GINT_TO_POINTER (TRUE), test_in_queue);
  ADD ("in-queue/head-races", NULL, test_head_races);
  ADD ("races/release", NULL, test_races_with_release);
  ADD ("races/other-process", NULL, test_races_with_other_process);
  ADD ("races/acquisition", NULL, test_races_with_acquisition);
  ADD ("races/removal", NULL, test_races_with_removal);
  ADD ("races/time-limit", NULL, test_races_with_time_limit);
  ADD ("crowd/one-cancellable", GINT_TO_POINTER (TRUE), test_crowd);
  ADD ("crowd/each", NULL, test_crowd);

  return g_test_run ();
}
