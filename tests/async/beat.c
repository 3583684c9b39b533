/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* R17: the heartbeat, where the kernel lock cannot speak for us everywhere. */

#include "asyncutils.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <linux/magic.h>
#include <lockfile/glockfile-disk-calls.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define BEAT (1 * G_TIME_SPAN_SECOND)
#define BEAT_AND_A_BIT (BEAT * 13 / 10)

/* No beat can miss so much. */
#define LATE ((TEST_SANITIZED ? 10 : 2) * BEAT)

/* --- Volumes that need a heartbeat ---------------------------------------------- */

static GLockFileSystemCalls real_calls;

static int
statfs_shared (const char    *path,
               struct statfs *buffer)
{
  int result = real_calls.statfs (path, buffer);

  buffer->f_type = NFS_SUPER_MAGIC;
  return result;
}

static int
fstatfs_shared (int            fd,
                struct statfs *buffer)
{
  int result = real_calls.fstatfs (fd, buffer);

  buffer->f_type = NFS_SUPER_MAGIC;
  return result;
}

static int
flock_unsupported (int fd,
                   int operation)
{
  errno = ENOLCK;
  return -1;
}

static void
set_up_without_kernel_locks (TestFolder    *folder,
                             gconstpointer  data)
{
  test_folder_set_up (folder, NULL);
  g_lock_file_system_calls = real_calls;
  g_lock_file_system_calls.flock = flock_unsupported;
}

/* The tests that use this one come last: the library asks only once a second what
 * kind of volume there is. */
static void
set_up_shared (TestFolder    *folder,
               gconstpointer  data)
{
  static gboolean since_long;

  test_folder_set_up (folder, NULL);
  g_lock_file_system_calls = real_calls;
  g_lock_file_system_calls.statfs = statfs_shared;
  g_lock_file_system_calls.fstatfs = fstatfs_shared;
  if (!since_long)
    g_usleep (1100 * G_TIME_SPAN_MILLISECOND);
  since_long = TRUE;
}

/* --- What is to be seen of it ----------------------------------------------------- */

static gint64
get_age (const char *path)
{
  struct stat status;

  g_assert_no_errno (stat (path, &status));
  return g_get_real_time () - status.st_mtim.tv_sec * G_USEC_PER_SEC -
         status.st_mtim.tv_nsec / 1000;
}

/* The longest that the file was left alone, in this time. */
static gint64
get_greatest_age (const char *path,
                  gint64      time,
                  gboolean    run)
{
  gint64 end = g_get_monotonic_time () + time;
  gint64 greatest = 0;

  while (g_get_monotonic_time () < end)
    {
      greatest = MAX (greatest, get_age (path));
      if (run)
        test_run_for (5 * G_TIME_SPAN_MILLISECOND);
      else
        g_usleep (5 * G_TIME_SPAN_MILLISECOND);
    }
  return greatest;
}

static void
await_beat (const char *path)
{
  gint64 deadline = g_get_monotonic_time () + TEST_TIME_LIMIT;

  while (get_age (path) > G_TIME_SPAN_MINUTE)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (5 * G_TIME_SPAN_MILLISECOND);
    }
}

static GLockFile *
new_beating (const char *path)
{
  GLockFile *lock_file = g_lock_file_new (path);

  g_lock_file_set_stale_lock_time (lock_file, 3 * BEAT / G_TIME_SPAN_MILLISECOND);
  return lock_file;
}

static void
await_beat_threads (int count)
{
  test_await_threads_named ("glockfile-beat", count);
}

static char *
in_folder (TestFolder *folder,
           const char *name)
{
  return g_build_filename (folder->path, name, NULL);
}

/* --- Tests -------------------------------------------------------------------------- */

/* Every third of the stale lock time, with a running main loop and without. It ends
 * with the lock. */
static void
test_regular (TestFolder    *folder,
              gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = new_beating (folder->lock_file);
  g_autofree char *second = in_folder (folder, "second");
  TestListener listener = { NULL };
  gint64 begin, age;

  test_listen (&listener, lock_file);
  test_assert_lock (lock_file, 0);
  age = get_greatest_age (folder->lock_file, BEAT_AND_A_BIT, FALSE);
  g_test_message ("Without a main loop it came to an age of %.3f s", age / 1e6);
  g_assert_cmpint (age, >=, BEAT / 2);
  g_assert_cmpint (age, <, LATE);
  age = get_greatest_age (folder->lock_file, BEAT_AND_A_BIT, TRUE);
  g_test_message ("With one it came to an age of %.3f s", age / 1e6);
  g_assert_cmpint (age, >=, BEAT / 2);
  g_assert_cmpint (age, <, LATE);
  g_assert_cmpint (listener.n_lost, ==, 0);
  test_assert_verify (lock_file);

  /* Our own, unchanged file is never lost, however long nobody took care of it. */
  begin = g_get_monotonic_time ();
  test_file_set_age (folder->lock_file, 24 * 3600);
  await_beat (folder->lock_file);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, LATE);
  test_run_for (0);
  g_assert_cmpint (listener.n_lost, ==, 0);

  g_assert_no_errno (link (folder->lock_file, second));
  test_assert_unlock (lock_file);
  await_beat_threads (0);
  test_file_set_age (second, 3600);
  g_usleep (BEAT_AND_A_BIT);
  g_assert_cmpint (get_age (second), >, G_TIME_SPAN_MINUTE);
}

/* All locks of a process have one thread for it. */
static void
test_one_thread (TestFolder    *folder,
                 gconstpointer  data)
{
  GLockFile *lock_files[4];

  for (int i = 0; i < 4; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%d.lock", folder->path, i);

      lock_files[i] = new_beating (path);
      if (i % 2 == 0)
        test_assert_lock (lock_files[i], 0);
      else
        test_assert_lock_async (lock_files[i]);
    }
  for (int i = 0; i < 4; i++)
    {
      await_beat_threads (1);
      if (i % 2 == 0)
        test_assert_unlock_async (lock_files[i]);
      g_object_unref (lock_files[i]);
    }
  await_beat_threads (0);

  /* It can come again. */
  lock_files[0] = new_beating (folder->lock_file);
  for (int i = 0; i < 20; i++)
    {
      test_assert_lock (lock_files[0], 0);
      test_assert_unlock (lock_files[0]);
    }
  test_assert_lock (lock_files[0], 0);
  await_beat_threads (1);
  g_object_unref (lock_files[0]);
  await_beat_threads (0);
}

static void
test_loss (TestFolder    *folder,
           gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = new_beating (folder->lock_file);
  g_autofree char *other = in_folder (folder, "other");
  TestListener listener = { NULL };
  gint64 begin;

  test_listen (&listener, lock_file);
  test_assert_lock_async (lock_file);
  begin = g_get_monotonic_time ();
  test_file_write (other, "another file\n");
  g_assert_no_errno (g_rename (other, folder->lock_file));
  test_run_until_at_least (&listener.n_lost, 1);
  g_assert_cmpint (listener.time - begin, <, LATE);
  await_beat_threads (0);
  test_run_for (BEAT_AND_A_BIT);
  g_assert_cmpint (listener.n_lost, ==, 1);
  g_assert_cmpint (listener.n_unlocked, ==, 1);

  /* Nothing of it concerns the file that is there now. */
  test_assert_unlock (lock_file);
  g_assert_true (g_file_test (folder->lock_file, G_FILE_TEST_EXISTS));
}

/* A process that was stopped has lost nothing by that alone. */
static void
test_stopped (TestFolder    *folder,
              gconstpointer  option)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, "--stale-lock-time=3000",
                                                     option, NULL);

  test_assert_answer (helper, "lock", "ok");
  kill (test_helper_get_pid (helper), SIGSTOP);
  g_usleep (BEAT / 10);
  test_file_set_age (folder->lock_file, 24 * 3600);
  g_usleep (BEAT_AND_A_BIT);
  g_assert_cmpint (get_age (folder->lock_file), >, G_TIME_SPAN_HOUR);
  kill (test_helper_get_pid (helper), SIGCONT);
  await_beat (folder->lock_file);
  test_assert_answer (helper, "verify", "ok");
  test_assert_answer (helper, "is-locked", "yes");
  test_assert_answer (helper, "unlock", "ok");
  test_helper_finish (helper);
}

/* A process ends when it wants to, also with the lock in its hands. */
static void
test_exit (TestFolder    *folder,
           gconstpointer  data)
{
  if (g_test_subprocess ())
    {
      /* In the folder of who clears up. */
      GLockFile *lock_file = new_beating (g_getenv ("GLOCKFILE_TEST_EXIT"));

      test_folder_tear_down (folder, data);
      test_assert_lock (lock_file, 0);
      await_beat_threads (1);
      exit (0);
    }
  g_setenv ("GLOCKFILE_TEST_EXIT", folder->lock_file, TRUE);
  g_test_trap_subprocess (NULL, TEST_TIME_LIMIT, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_assert_true (g_file_test (folder->lock_file, G_FILE_TEST_EXISTS));
}

/* A child has none for what its parent holds, and one for what it locks itself. */
static void
test_fork (TestFolder    *folder,
           gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = new_beating (folder->lock_file);
  g_autofree char *other_path = in_folder (folder, "other.lock");
  int status = -1;
  pid_t child;

  if (TEST_THREAD_SANITIZED)
    {
      g_test_skip ("The sanitizer has no threads in a child of a process with threads");
      return;
    }

  test_assert_lock (lock_file, 0);
  await_beat_threads (1);
  child = fork ();
  if (child == 0)
    {
      GLockFile *other = new_beating (other_path);

      alarm (TEST_TIME_LIMIT / G_TIME_SPAN_SECOND);
      g_assert_false (g_lock_file_is_locked (lock_file));
      await_beat_threads (0);
      test_assert_lock (other, 0);
      await_beat_threads (1);
      test_file_set_age (other_path, 3600);
      await_beat (other_path);
      test_assert_unlock (other);
      await_beat_threads (0);
      _exit (0);
    }

  test_file_set_age (folder->lock_file, 3600);
  await_beat (folder->lock_file);
  test_assert_verify (lock_file);
  while (waitpid (child, &status, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  g_assert_cmpint (status, ==, 0);
  test_assert_verify (lock_file);
}

/* Not so slow that it looks as if it hung. */
#define SLOW_OPEN (40 * G_TIME_SPAN_MILLISECOND)
#define N_SLOW 2400

static int n_open, most_open;

static int
open_slowly (const char *path,
             int         flags,
             mode_t      mode)
{
  int n = g_atomic_int_add (&n_open, 1) + 1;

  /* Nearly: whoever is in between counts less. */
  if (n > g_atomic_int_get (&most_open))
    g_atomic_int_set (&most_open, n);
  g_usleep (SLOW_OPEN);
  g_atomic_int_add (&n_open, -1);
  return real_calls.open (path, flags, mode);
}

/* Guarded by the mutex. */
static GMutex beat_mutex;
static gint64 last_beat, longest_gap;

static gint64
get_longest_gap (void)
{
  gint64 gap;

  g_mutex_lock (&beat_mutex);
  gap = longest_gap;
  g_mutex_unlock (&beat_mutex);
  return gap;
}

static int
futimens_noted (int                   fd,
                const struct timespec times[2])
{
  gint64 now = g_get_monotonic_time ();

  g_mutex_lock (&beat_mutex);
  longest_gap = MAX (longest_gap, now - last_beat);
  last_beat = now;
  g_mutex_unlock (&beat_mutex);
  return real_calls.futimens (fd, times);
}

/* Many locks are wanted on a slow volume: workers are not few, and no heartbeat comes
 * late because of them. */
static void
test_busy (TestFolder    *folder,
           gconstpointer  data)
{
  g_autoptr (GLockFile) held = new_beating (folder->lock_file);
  g_autoptr (GPtrArray) lock_files = g_ptr_array_new_with_free_func (g_object_unref);
  g_autofree TestResult *results = g_new0 (TestResult, N_SLOW);

  test_assert_lock (held, 0);
  g_mutex_lock (&beat_mutex);
  last_beat = g_get_monotonic_time ();
  longest_gap = 0;
  g_mutex_unlock (&beat_mutex);
  g_lock_file_system_calls.futimens = futimens_noted;
  g_lock_file_system_calls.open = open_slowly;

  for (int i = 0; i < N_SLOW; i++)
    {
      /* In no folder, for there are not so many descriptors. */
      g_autofree char *name = g_strdup_printf ("%s/missing/%d", folder->path, i);

      g_ptr_array_add (lock_files, g_lock_file_new (name));
      g_lock_file_lock_async (g_ptr_array_index (lock_files, i), G_PRIORITY_HIGH, NULL,
                              test_result_cb, &results[i]);
    }
  for (int i = 0; i < N_SLOW; i++)
    {
      test_assert_failure (&results[i], G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_NOT_FOUND);
      test_result_clear (&results[i]);
    }
  test_run_for (2 * BEAT);
  g_test_message ("%d at a time, longest gap between beats %.0f ms", g_atomic_int_get (&most_open),
                  get_longest_gap () / 1e3);
  g_assert_cmpint (g_atomic_int_get (&most_open), >, 8);
  g_assert_cmpint (get_longest_gap (), >, 0);
  g_assert_cmpint (get_longest_gap (), <, LATE);

  g_lock_file_system_calls.open = real_calls.open;
  test_assert_unlock (held);
  g_lock_file_system_calls.futimens = real_calls.futimens;
}

/* Where the kernel lock speaks for us there is none. */
static void
test_none (TestFolder    *folder,
           gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = new_beating (folder->lock_file);

  test_assert_lock_async (lock_file);
  test_file_set_age (folder->lock_file, 3600);
  test_run_for (BEAT_AND_A_BIT);
  g_assert_cmpint (get_age (folder->lock_file), >, G_TIME_SPAN_MINUTE);
  await_beat_threads (0);
}

#define ADD(name, set_up, data, function) \
  g_test_add ("/beat/" name, TestFolder, data, set_up, function, test_folder_tear_down)

int
main (int    argc,
      char **argv)
{
  /* In a child of a process with threads malloc() works, but GLib's own allocator
   * may be locked for ever. */
  g_setenv ("G_SLICE", "always-malloc", TRUE);
  g_test_init (&argc, &argv, NULL);
  real_calls = g_lock_file_system_calls;

  ADD ("none", test_folder_set_up, NULL, test_none);
  ADD ("stopped/shared", test_folder_set_up, "--shared", test_stopped);
  ADD ("stopped/without-kernel-locks", test_folder_set_up, "--no-flock", test_stopped);
  ADD ("regular/without-kernel-locks", set_up_without_kernel_locks, NULL, test_regular);
  ADD ("one-thread/without-kernel-locks", set_up_without_kernel_locks, NULL, test_one_thread);
  ADD ("loss/without-kernel-locks", set_up_without_kernel_locks, NULL, test_loss);
  ADD ("exit/without-kernel-locks", set_up_without_kernel_locks, NULL, test_exit);
  ADD ("fork/without-kernel-locks", set_up_without_kernel_locks, NULL, test_fork);
  ADD ("regular/shared", set_up_shared, NULL, test_regular);
  ADD ("one-thread/shared", set_up_shared, NULL, test_one_thread);
  ADD ("loss/shared", set_up_shared, NULL, test_loss);
  ADD ("busy/shared", set_up_shared, NULL, test_busy);

  return g_test_run ();
}
