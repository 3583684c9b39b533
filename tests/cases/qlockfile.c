/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What QLockFile's own test suite asks of QLockFile, asked of GLockFile: a
 * program that moves from one to the other finds every case answered. Each test
 * has the name of the case there. The protocol's own answers differ in places;
 * then the comment says why.
 */

#include "testutils.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define NOBODY "--uid=65534"

static void
test_lock_unlock (TestFolder    *folder,
                  gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GError) error = NULL;

  g_assert_false (g_lock_file_is_locked (lock_file));
  test_folder_assert_empty (folder);
  g_assert_true (g_lock_file_lock (lock_file, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_lock_file_is_locked (lock_file));
  test_folder_assert_files (folder, "test.lock", NULL);

  test_assert_unlock (lock_file);
  test_folder_assert_empty (folder);

  test_assert_lock (lock_file, 0);
  test_assert_unlock (lock_file);
  test_folder_assert_empty (folder);
}

/* Qt waits for the time given, or for ever; GLockFile says at once what no
 * waiting will change. */
static void
test_recursive_try (TestFolder    *folder,
                    gconstpointer  data)
{
  static const int timeouts[] = { 0, 60000, -1 };
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  test_assert_lock (lock_file, 0);
  for (unsigned int i = 0; i < G_N_ELEMENTS (timeouts); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 begin = g_get_monotonic_time ();

      g_assert_false (g_lock_file_try_lock (lock_file, timeouts[i], NULL, &error));
      g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
      g_assert_cmpint (g_get_monotonic_time () - begin, <, 30 * G_TIME_SPAN_SECOND);
    }
  g_assert_true (g_lock_file_is_locked (lock_file));
  test_assert_unlock (lock_file);
}

static void
test_lock_out_other_process (TestFolder    *folder,
                             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GLockFileInfo) info = NULL;
  g_autoptr (GError) error = NULL;

  test_assert_lock (lock_file, 0);
  test_assert_answer_error (helper, "try 0", G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  test_assert_answer_error (helper, "try 50", G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  test_assert_answer (helper, "is-locked", "no");
  test_assert_unlock (lock_file);

  test_assert_answer (helper, "try 0", "ok");
  test_assert_answer (helper, "is-locked", "yes");
  test_assert_locked_out (lock_file, 0);
  info = g_lock_file_query_info (lock_file, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_lock_file_info_get_pid (info), ==, test_helper_get_pid (helper));

  /* A process that ends in good order leaves nothing behind. */
  test_helper_finish (helper);
  test_folder_assert_empty (folder);
}

static void
test_lock_out_other_thread (TestFolder    *folder,
                            gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other_lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestWaiter) waiter = NULL;

  test_assert_lock (lock_file, 0);
  waiter = test_waiter_start (other_lock_file, 0, NULL, FALSE);
  test_waiter_join (waiter);
  g_assert_false (waiter->success);
  g_assert_error (waiter->error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);

  test_assert_unlock (lock_file);
  test_waiter_free (g_steal_pointer (&waiter));
  waiter = test_waiter_start (other_lock_file, 0, NULL, FALSE);
  test_waiter_join (waiter);
  g_assert_no_error (waiter->error);
  test_assert_locked_out (lock_file, 0);
  test_assert_unlock (other_lock_file);
}

typedef struct
{
  TestFolder *folder;
  int         rounds;
  int        *inside;           /* atomic: how many are under the lock */
} Race;

static gpointer
race_thread (gpointer data)
{
  Race *race = data;
  g_autoptr (GLockFile) lock_file = g_lock_file_new (race->folder->lock_file);

  for (int i = 0; i < race->rounds; i++)
    {
      test_assert_lock (lock_file, -1);
      g_assert_cmpint (g_atomic_int_add (race->inside, 1), ==, 0);
      g_thread_yield ();
      g_assert_cmpint (g_atomic_int_add (race->inside, -1), ==, 1);
      test_assert_unlock (lock_file);
    }

  return NULL;
}

static void
race (TestFolder *folder,
      int         threads,
      int         rounds)
{
  int inside = 0;
  Race race = { folder, rounds, &inside };
  g_autoptr (GPtrArray) running = g_ptr_array_new_with_free_func ((GDestroyNotify) g_thread_join);

  for (int i = 0; i < threads; i++)
    g_ptr_array_add (running, g_thread_new ("racer", race_thread, &race));
  g_ptr_array_set_size (running, 0);
  test_folder_assert_empty (folder);
}

static void
test_race_with_other_thread (TestFolder    *folder,
                             gconstpointer  data)
{
  race (folder, 2, 500);
}

typedef struct
{
  int      timeout;
  gboolean released;
} Wait;

static void
test_wait_for_lock (TestFolder    *folder,
                    gconstpointer  data)
{
  const Wait *wait = data;
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GLockFile) other_lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (TestWaiter) waiter = NULL;

  test_assert_answer (helper, "lock", "ok");
  if (!wait->released)
    {
      test_assert_locked_out (lock_file, wait->timeout);
      return;
    }

  waiter = test_waiter_start (other_lock_file, wait->timeout, NULL, FALSE);
  test_waiter_await_sleep (waiter);
  test_assert_answer (helper, "unlock", "ok");
  test_waiter_join (waiter);
  g_assert_no_error (waiter->error);
  g_assert_true (waiter->success);
  g_assert_true (g_lock_file_is_locked (other_lock_file));
}

/* Qt with a stale lock time of 0 leaves such a file for ever; the kernel knows
 * better (J3). */
static void
test_stale_lock_from_crashed_process (TestFolder    *folder,
                                      gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  test_crash_while_holding (folder->lock_file);
  g_lock_file_set_stale_lock_time (lock_file, GPOINTER_TO_UINT (data));
  test_assert_lock (lock_file, 0);
  g_assert_nonnull (g_lock_file_get_previous_holder (lock_file));
  test_folder_assert_files (folder, "test.lock", NULL);
  test_assert_unlock (lock_file);
  test_folder_assert_empty (folder);
}

/* A crash takes effect for who waits already, too. */
static void
test_crash_while_waiting (TestFolder    *folder,
                          gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (TestWaiter) waiter = NULL;

  test_assert_answer (helper, "lock", "ok");
  g_lock_file_set_stale_lock_time (lock_file, GPOINTER_TO_UINT (data));
  waiter = test_waiter_start (lock_file, -1, NULL, FALSE);
  test_waiter_await_sleep (waiter);
  test_helper_kill (helper);
  test_waiter_join (waiter);
  g_assert_no_error (waiter->error);
  g_assert_cmpint (g_lock_file_info_get_pid (g_lock_file_get_previous_holder (lock_file)), ==,
                   test_helper_get_pid (helper));
}

/* For our files no process ID is looked at (J3): that of a leftover may belong
 * to a living process, here even to ourselves. */
static void
test_stale_lock_from_crashed_process_reused_pid (TestFolder    *folder,
                                                 gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *content = NULL;
  g_autofree char *reused = NULL;

  test_crash_while_holding (folder->lock_file);
  content = test_file_read (folder->lock_file);
  reused = g_strdup_printf ("%d%s", (int) getpid (), strchr (content, '\n'));
  test_file_write (folder->lock_file, reused);

  g_lock_file_set_stale_lock_time (lock_file, 0);
  test_assert_lock (lock_file, 0);
  g_assert_cmpint (g_lock_file_info_get_pid (g_lock_file_get_previous_holder (lock_file)), ==,
                   getpid ());
}

/* A Qt holder's process ID that now belongs to another program, or to a process
 * that has only begun after the file was written (J6). */
static void
test_qt_reused_pid (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *other_name = test_qt_content (getpid (), "not-this-program", NULL, NULL, NULL);
  g_autofree char *same_name = test_qt_content (getpid (), NULL, NULL, NULL, NULL);

  g_lock_file_set_stale_lock_time (lock_file, 0);
  test_file_write (folder->lock_file, other_name);
  test_assert_lock (lock_file, 0);
  test_assert_unlock (lock_file);

  test_file_write (folder->lock_file, same_name);
  test_file_set_age (folder->lock_file, 24 * 3600);
  test_assert_lock (lock_file, 0);
  test_assert_unlock (lock_file);

  test_file_write (folder->lock_file, same_name);
  test_assert_locked_out (lock_file, 0);
  test_assert_locked_out (lock_file, 100);
}

/* However old the file looks, and whether the holder can answer or not: the
 * kernel says that it is alive (J2). */
static void
assert_never_robbed (TestFolder  *folder,
                     guint        stale_lock_time)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);

  test_assert_answer (helper, "lock", "ok");
  g_lock_file_set_stale_lock_time (lock_file, stale_lock_time);
  test_assert_locked_out (lock_file, 300);
  test_file_set_age (folder->lock_file, 24 * 3600);
  test_assert_locked_out (lock_file, 100);
  kill (test_helper_get_pid (helper), SIGSTOP);
  test_assert_locked_out (lock_file, 100);
  kill (test_helper_get_pid (helper), SIGCONT);

  test_assert_answer (helper, "verify", "ok");
  test_assert_answer (helper, "unlock", "ok");
  test_assert_lock (lock_file, 0);
}

static void
test_stale_short_lock_from_busy_process (TestFolder    *folder,
                                         gconstpointer  data)
{
  assert_never_robbed (folder, 1);
}

static void
test_stale_long_lock_from_busy_process (TestFolder    *folder,
                                        gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = NULL;
  g_autoptr (GError) error = NULL;

  assert_never_robbed (folder, 30000);

  /* Nor by force. */
  helper = test_helper_start (folder->lock_file, NULL);
  test_assert_answer (helper, "lock", "ok");
  test_file_set_age (folder->lock_file, 24 * 3600);
  g_assert_false (g_lock_file_remove_stale (lock_file, NULL, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  test_folder_assert_files (folder, "test.lock", NULL);
  test_assert_answer (helper, "verify", "ok");
  test_assert_answer (helper, "unlock", "ok");
}

static void
test_stale_lock_race (TestFolder    *folder,
                      gconstpointer  data)
{
  g_autofree char *leftover = NULL;

  test_crash_while_holding (folder->lock_file);
  leftover = test_file_read (folder->lock_file);
  for (int i = 0; i < 50; i++)
    {
      race (folder, THREADS, 1);
      test_file_write (folder->lock_file, leftover);
    }
}

static int
await_any_answer (TestHelper **helpers)
{
  gint64 deadline = g_get_monotonic_time () + TEST_TIME_LIMIT;

  for (int i = 0; g_get_monotonic_time () < deadline; i = (i + 1) % THREADS)
    if (test_helper_has_answer (helpers[i], G_TIME_SPAN_MILLISECOND))
      return i;
  g_error ("None of the helpers gets the lock");
}

/* The same among processes: while one is told that it holds the lock, no other is. */
static void
test_stale_lock_race_of_processes (TestFolder    *folder,
                                   gconstpointer  data)
{
  TestHelper *helpers[THREADS];
  g_autofree char *leftover = NULL;

  test_crash_while_holding (folder->lock_file);
  leftover = test_file_read (folder->lock_file);
  for (int i = 0; i < THREADS; i++)
    helpers[i] = test_helper_start (folder->lock_file, NULL);

  for (int round = 0; round < 20; round++)
    {
      for (int i = 0; i < THREADS; i++)
        test_helper_send (helpers[i], "lock");
      for (int left = THREADS; left > 0; left--)
        {
          int holder = await_any_answer (helpers);

          for (int i = 0; i < THREADS; i++)
            g_assert_true (i == holder || !test_helper_has_answer (helpers[i], 0));
          test_assert_read (helpers[holder], "ok");
          test_assert_answer (helpers[holder], "unlock", "ok");
        }
      test_folder_assert_empty (folder);
      test_file_write (folder->lock_file, leftover);
    }

  for (int i = 0; i < THREADS; i++)
    test_helper_free (helpers[i]);
}

static void
assert_no_permission (TestFolder *folder,
                      int         mode)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file,
                                                     getuid () == 0 ? NOBODY : NULL, NULL);

  g_assert_cmpint (g_chmod (folder->path, mode), ==, 0);
  test_assert_answer_error (helper, "try 0",
                            G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_PERMISSION_DENIED);
  test_assert_answer_error (helper, "lock",
                            G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_PERMISSION_DENIED);
  test_assert_answer (helper, "is-locked", "no");

  g_assert_cmpint (g_chmod (folder->path, 0777), ==, 0);
  test_assert_answer (helper, "lock", "ok");
  test_assert_answer (helper, "unlock", "ok");
}

static void
test_no_permissions (TestFolder    *folder,
                     gconstpointer  data)
{
  assert_no_permission (folder, 0555);
  assert_no_permission (folder, 0000);
  test_folder_assert_empty (folder);
}

/* Somebody who created the file may be about to lock and to fill it. So, other
 * than with Qt, a look of one moment never suffices to remove it (J7, J8). */
static void
test_corrupted_lock_file (TestFolder    *folder,
                          gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  g_lock_file_set_stale_lock_time (lock_file, 100);
  test_file_write (folder->lock_file, "");
  test_assert_locked_out (lock_file, 0);
  test_assert_locked_out (lock_file, 200);
  test_assert_lock (lock_file, 10000);
  test_assert_unlock (lock_file);

  /* What a crash of the machine leaves of a file that was not yet on the disk. */
  g_assert_true (g_file_set_contents (folder->lock_file, "\0\0\0\0", 4, NULL));
  test_file_set_age (folder->lock_file, 60);
  test_assert_locked_out (lock_file, 0);
  test_assert_lock (lock_file, 10000);
  test_assert_unlock (lock_file);
  test_folder_assert_empty (folder);
}

/* A stale lock time of 0 must not let an empty file lock everybody out for ever (J8). */
static void
test_corrupted_lock_file_without_stale_lock_time (TestFolder    *folder,
                                                  gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  g_lock_file_set_stale_lock_time (lock_file, 0);
  test_file_write (folder->lock_file, "");
  test_assert_locked_out (lock_file, 2500);
  test_file_set_age (folder->lock_file, 60);
  test_assert_locked_out (lock_file, 0);
  test_assert_lock (lock_file, 10000);
}

/* Qt takes a time in the future for stale, and so robs a holder whose clock is
 * ahead; here it counts as no age. */
static void
test_corrupted_lock_file_in_the_future (TestFolder    *folder,
                                        gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *content = test_qt_content (4711, "application", "another-host",
                                              "0123456789abcdef0123456789abcdef",
                                              "01234567-89ab-cdef-0123-456789abcdef");

  g_lock_file_set_stale_lock_time (lock_file, 100);
  test_file_write (folder->lock_file, content);
  test_file_set_age (folder->lock_file, -24 * 3600);
  test_assert_locked_out (lock_file, 300);

  test_file_write (folder->lock_file, "");
  test_file_set_age (folder->lock_file, -24 * 3600);
  test_assert_locked_out (lock_file, 2500);
}

/* The files of Qt before 5.10 have three lines, those of other programs only a
 * process ID, or an application's name as well. */
static char *
old_content (int      pid,
             int      lines,
             gboolean last_line_ends)
{
  g_autofree char *pid_line = g_strdup_printf ("%d", pid);
  g_autofree char *app_name = test_app_name ();
  const char *fields[] = { pid_line, app_name, g_get_host_name (), NULL };
  g_autofree char *joined = NULL;

  fields[lines] = NULL;
  joined = g_strjoinv ("\n", (char **) fields);
  return g_strconcat (joined, last_line_ends ? "\n" : "", NULL);
}

static void
assert_old_format (TestFolder *folder,
                   int         lines,
                   gboolean    last_line_ends)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  int dead_pid = test_dead_pid ();
  g_autofree char *alive = old_content (getpid (), lines, last_line_ends);
  g_autofree char *dead = old_content (dead_pid, lines, last_line_ends);

  g_lock_file_set_stale_lock_time (lock_file, 0);
  test_file_write (folder->lock_file, alive);
  test_assert_locked_out (lock_file, 0);
  test_file_write (folder->lock_file, dead);
  test_assert_lock (lock_file, 0);
  g_assert_cmpint (g_lock_file_info_get_pid (g_lock_file_get_previous_holder (lock_file)), ==,
                   dead_pid);
}

static void
test_old_formats (TestFolder    *folder,
                  gconstpointer  data)
{
  assert_old_format (folder, 3, TRUE);
  assert_old_format (folder, 2, TRUE);
  assert_old_format (folder, 2, FALSE);
  assert_old_format (folder, 1, TRUE);
  assert_old_format (folder, 1, FALSE);
}

/* J1: what is no lock file at all is neither waited for nor removed, however old. */
static void
test_not_a_lock_file (TestFolder    *folder,
                      gconstpointer  data)
{
  static const struct
  {
    const char *bytes;
    size_t      length;
  } contents[] = {
#define CONTENT(text) { text, sizeof text - 1 }
    CONTENT ("Dear diary,\n"),
    CONTENT ("\n"),
    CONTENT ("0\napplication\nhost\n"),
    CONTENT ("-1\napplication\nhost\n"),
    CONTENT ("+4711\napplication\nhost\n"),
    CONTENT (" 4711\napplication\nhost\n"),
    CONTENT ("4711 \napplication\nhost\n"),
    CONTENT ("4711.5\napplication\nhost\n"),
    CONTENT ("99999999999999999999\napplication\nhost\n"),
    CONTENT ("4711\nappli\0cation\nhost\n"),
#undef CONTENT
  };
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  g_lock_file_set_stale_lock_time (lock_file, 1);
  for (unsigned int i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *found = NULL;
      size_t length;

      g_file_set_contents (folder->lock_file, contents[i].bytes, contents[i].length, &error);
      g_assert_no_error (error);
      test_file_set_age (folder->lock_file, 24 * 3600);
      g_assert_false (g_lock_file_lock (lock_file, NULL, &error));
      g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_INVALID_DATA);

      g_assert_true (g_file_get_contents (folder->lock_file, &found, &length, NULL));
      g_assert_cmpmem (found, length, contents[i].bytes, contents[i].length);
    }
  test_folder_assert_files (folder, "test.lock", NULL);
}

/* The machine was renamed while the holder runs: still the same kernel. */
static void
test_hostname_change (TestFolder    *folder,
                      gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *alive = test_qt_content (getpid (), NULL, "renamed", NULL, NULL);
  g_autofree char *dead = test_qt_content (test_dead_pid (), NULL, "renamed", NULL, NULL);

  g_lock_file_set_stale_lock_time (lock_file, 0);
  test_file_write (folder->lock_file, alive);
  test_assert_locked_out (lock_file, 100);
  test_file_write (folder->lock_file, dead);
  test_assert_lock (lock_file, 0);
}

/* Whether a process of another machine runs cannot be seen; only age decides. */
static void
test_different_machines (TestFolder    *folder,
                         gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *content = test_qt_content (test_dead_pid (), NULL, "another-host",
                                              "0123456789abcdef0123456789abcdef",
                                              "01234567-89ab-cdef-0123-456789abcdef");

  test_file_write (folder->lock_file, content);
  test_assert_locked_out (lock_file, 0);
  test_file_set_age (folder->lock_file, 25);
  test_assert_locked_out (lock_file, 0);

  test_file_set_age (folder->lock_file, 35);
  g_lock_file_set_stale_lock_time (lock_file, 0);
  test_assert_locked_out (lock_file, 200);
  g_lock_file_set_stale_lock_time (lock_file, 60000);
  test_assert_locked_out (lock_file, 0);
  g_lock_file_set_stale_lock_time (lock_file, 30000);
  test_assert_lock (lock_file, 0);
  g_assert_cmpstr (g_lock_file_info_get_hostname (g_lock_file_get_previous_holder (lock_file)), ==,
                   "another-host");
}

/* An age also turns stale while one waits for it. */
static void
test_different_machines_waiting (TestFolder    *folder,
                                 gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *content = test_qt_content (test_dead_pid (), NULL, "another-host",
                                              "0123456789abcdef0123456789abcdef",
                                              "01234567-89ab-cdef-0123-456789abcdef");
  gint64 begin = g_get_monotonic_time ();

  g_lock_file_set_stale_lock_time (lock_file, 1000);
  test_file_write (folder->lock_file, content);
  test_assert_lock (lock_file, 20000);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 900 * G_TIME_SPAN_MILLISECOND);
}

static void
test_reboot (TestFolder    *folder,
             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *content = test_qt_content (getpid (), NULL, NULL, NULL,
                                              "01234567-89ab-cdef-0123-456789abcdef");

  g_lock_file_set_stale_lock_time (lock_file, 0);
  test_file_write (folder->lock_file, content);
  test_assert_lock (lock_file, 0);
  g_assert_cmpstr (g_lock_file_info_get_boot_id (g_lock_file_get_previous_holder (lock_file)), ==,
                   "01234567-89ab-cdef-0123-456789abcdef");
}

/* A file of ours on a disk that came over from another machine, untouched since
 * before this machine started (J8). */
static void
test_reboot_with_other_disk (TestFolder    *folder,
                             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *lines = test_qt_content (getpid (), NULL, "another-host",
                                            "0123456789abcdef0123456789abcdef",
                                            "01234567-89ab-cdef-0123-456789abcdef");
  g_autofree char *content = g_strconcat (lines, "GLockFile 1 flock\nuser=alice\n", NULL);
  struct timespec up;

  clock_gettime (CLOCK_BOOTTIME, &up);
  if (up.tv_sec < 120)
    {
      g_test_skip ("The machine has only just started");
      return;
    }

  g_lock_file_set_stale_lock_time (lock_file, 0);
  test_file_write (folder->lock_file, content);
  test_assert_locked_out (lock_file, 0);
  test_file_set_age (folder->lock_file, up.tv_sec - 60);
  test_assert_locked_out (lock_file, 0);
  test_file_set_age (folder->lock_file, up.tv_sec + 60);
  test_assert_lock (lock_file, 0);
}

#define ADD(name, data, function) \
  g_test_add ("/qlockfile/" name, TestFolder, data, test_folder_set_up, function, \
              test_folder_tear_down)

int
main (int    argc,
      char **argv)
{
  static const Wait for_ever = { -1, TRUE }, long_enough = { 60000, TRUE };
  static const Wait zero = { 0, FALSE }, too_short = { 100, FALSE };

  g_test_init (&argc, &argv, NULL);

  ADD ("lock-unlock", NULL, test_lock_unlock);
  ADD ("recursive-try", NULL, test_recursive_try);
  ADD ("lock-out-other-process", NULL, test_lock_out_other_process);
  ADD ("lock-out-other-thread", NULL, test_lock_out_other_thread);
  ADD ("race-with-other-thread", NULL, test_race_with_other_thread);
  ADD ("wait-for-lock/for-ever", &for_ever, test_wait_for_lock);
  ADD ("wait-for-lock/long-enough", &long_enough, test_wait_for_lock);
  ADD ("wait-for-lock/zero", &zero, test_wait_for_lock);
  ADD ("wait-for-lock/too-short", &too_short, test_wait_for_lock);
  ADD ("stale-lock-from-crashed-process/30s", GUINT_TO_POINTER (30000),
       test_stale_lock_from_crashed_process);
  ADD ("stale-lock-from-crashed-process/0", GUINT_TO_POINTER (0),
       test_stale_lock_from_crashed_process);
  ADD ("crash-while-waiting/30s", GUINT_TO_POINTER (30000), test_crash_while_waiting);
  ADD ("crash-while-waiting/0", GUINT_TO_POINTER (0), test_crash_while_waiting);
  ADD ("stale-lock-from-crashed-process-reused-pid", NULL,
       test_stale_lock_from_crashed_process_reused_pid);
  ADD ("stale-lock-from-crashed-process-reused-pid/qt", NULL, test_qt_reused_pid);
  ADD ("stale-short-lock-from-busy-process", NULL, test_stale_short_lock_from_busy_process);
  ADD ("stale-long-lock-from-busy-process", NULL, test_stale_long_lock_from_busy_process);
  ADD ("stale-lock-race", NULL, test_stale_lock_race);
  ADD ("stale-lock-race/processes", NULL, test_stale_lock_race_of_processes);
  ADD ("no-permissions", NULL, test_no_permissions);
  ADD ("corrupted-lock-file", NULL, test_corrupted_lock_file);
  ADD ("corrupted-lock-file/without-stale-lock-time", NULL,
       test_corrupted_lock_file_without_stale_lock_time);
  ADD ("corrupted-lock-file-in-the-future", NULL, test_corrupted_lock_file_in_the_future);
  ADD ("old-formats", NULL, test_old_formats);
  ADD ("not-a-lock-file", NULL, test_not_a_lock_file);
  ADD ("hostname-change", NULL, test_hostname_change);
  ADD ("different-machines", NULL, test_different_machines);
  ADD ("different-machines/waiting", NULL, test_different_machines_waiting);
  ADD ("reboot", NULL, test_reboot);
  ADD ("reboot/other-disk", NULL, test_reboot_with_other_disk);

  return g_test_run ();
}
