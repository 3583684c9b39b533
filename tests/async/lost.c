/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* R16: noticing that a lock was lost while it was held, on volumes where the kernel
 * tells what happens to a file.
 */

#include "asyncutils.h"

#include <glib/gstdio.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ROUNDS 5
#define CYCLES 2000
#define RACES 300
#define DROPS 100
#define IDLE_TIME (3 * G_TIME_SPAN_SECOND)

/* Two volumes on which the kernel tells what happens to a file. */
#define TMPFS "tmpfs"
#define DISK "disk"

/* --- A folder on a volume ----------------------------------------------------- */

typedef struct
{
  const char *volume;
  const char *name;
  void      (*lose) (TestFolder *folder);
  gboolean    async;
} Case;

static gboolean
is_on (const char *path,
       const char *volume)
{
  struct statfs status;

  if (statfs (path, &status) != 0)
    return FALSE;
  switch (status.f_type)
    {
    case TMPFS_MAGIC:
      return g_str_equal (volume, TMPFS);
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
      return g_str_equal (volume, DISK);
    default:
      return FALSE;
    }
}

static const char *
find_volume (const char *volume)
{
  const char *candidates[] = { g_get_tmp_dir (), "/dev/shm", "/var/tmp",
                               g_getenv ("G_TEST_BUILDDIR") };

  for (gsize i = 0; i < G_N_ELEMENTS (candidates); i++)
    {
      if (candidates[i] != NULL && is_on (candidates[i], volume) && g_access (candidates[i], W_OK) == 0)
        return candidates[i];
    }
  return NULL;
}

/* The lock file stands in a folder of its own, so that the folder can go. */
static void
set_up_at (TestFolder *folder,
           const char *place)
{
  g_autofree char *inner = NULL;

  folder->path = g_build_filename (place, "glockfile-test-XXXXXX", NULL);
  g_assert_nonnull (g_mkdtemp (folder->path));
  inner = g_build_filename (folder->path, "inner", NULL);
  g_assert_no_errno (g_mkdir (inner, 0755));
  folder->lock_file = g_build_filename (inner, "test.lock", NULL);
}

static void
set_up (TestFolder    *folder,
        gconstpointer  data)
{
  set_up_at (folder, g_get_tmp_dir ());
}

static void
set_up_case (TestFolder    *folder,
             gconstpointer  data)
{
  const Case *lost = data;
  const char *place = find_volume (lost->volume);

  if (place != NULL)
    set_up_at (folder, place);
  else
    g_test_skip_printf ("There is no %s to write on", lost->volume);
}

static void
tear_down (TestFolder    *folder,
           gconstpointer  data)
{
  if (folder->path != NULL)
    test_folder_tear_down (folder, data);
}

static char *
in_folder (TestFolder *folder,
           const char *name)
{
  return g_build_filename (folder->path, name, NULL);
}

/* --- Ways to lose a lock ------------------------------------------------------- */

static void
unlink_it (TestFolder *folder)
{
  g_assert_no_errno (g_unlink (folder->lock_file));
}

static void
rename_away (TestFolder *folder)
{
  g_autofree char *away = in_folder (folder, "away");

  g_assert_no_errno (g_rename (folder->lock_file, away));
}

static void
replace (TestFolder *folder)
{
  g_autofree char *other = in_folder (folder, "other");

  test_file_write (other, "another file\n");
  g_assert_no_errno (g_rename (other, folder->lock_file));
}

static void
rename_folder_away (TestFolder *folder)
{
  g_autofree char *inner = in_folder (folder, "inner");
  g_autofree char *away = in_folder (folder, "away");

  g_assert_no_errno (g_rename (inner, away));
}

static void
remove_folder (TestFolder *folder)
{
  g_autofree char *inner = in_folder (folder, "inner");

  unlink_it (folder);
  g_assert_no_errno (g_rmdir (inner));
}

static void
replace_folder (TestFolder *folder)
{
  g_autofree char *inner = in_folder (folder, "inner");

  rename_folder_away (folder);
  g_assert_no_errno (g_mkdir (inner, 0755));
}

/* Everything back as it was, for the next round. */
static void
restore (TestFolder *folder)
{
  g_autofree char *inner = in_folder (folder, "inner");
  g_autofree char *away = in_folder (folder, "away");
  g_autofree char *left = g_build_filename (away, "test.lock", NULL);

  g_unlink (left);
  g_rmdir (away);
  g_unlink (away);
  g_unlink (folder->lock_file);
  g_mkdir (inner, 0755);
}

/* --- Locking and waiting -------------------------------------------------------- */

/* Locks, and runs the main context until the lock is being watched. */
static void
lock (GLockFile *lock_file,
      gboolean   async)
{
  if (async)
    test_assert_lock_async (lock_file);
  else
    test_assert_lock (lock_file, 0);
  test_run_until_quiet ();
  g_assert_true (g_lock_file_is_locked (lock_file));
}

static int
compare_times (const void *a,
               const void *b)
{
  gint64 difference = *(const gint64 *) a - *(const gint64 *) b;

  return difference < 0 ? -1 : difference > 0;
}

/* --- Noticing it ------------------------------------------------------------------ */

static void
lose_and_hear (TestFolder *folder,
               const Case *lost)
{
  gint64 took[ROUNDS];

  for (int i = 0; i < ROUNDS; i++)
    {
      g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
      TestListener listener = { NULL };
      gint64 begin;

      test_listen (&listener, lock_file);
      lock (lock_file, lost->async);
      begin = g_get_monotonic_time ();
      lost->lose (folder);
      test_run_until_at_least (&listener.n_lost, 1);
      took[i] = listener.time - begin;

      test_run_until_quiet ();
      g_assert_cmpint (listener.n_lost, ==, 1);
      g_assert_cmpint (listener.n_unlocked, ==, 1);
      /* It has been told, so there is nothing left to do (R14). */
      test_assert_unlock (lock_file);
      restore (folder);
      test_assert_lock (lock_file, 0);
    }

  qsort (took, ROUNDS, sizeof *took, compare_times);
  g_test_message ("The median is %.3f ms", took[ROUNDS / 2] / 1000.0);
  if (!TEST_SANITIZED)
    g_assert_cmpint (took[ROUNDS / 2], <, 200 * G_TIME_SPAN_MILLISECOND);
}

static void
test_loss (TestFolder    *folder,
           gconstpointer  data)
{
  if (folder->path != NULL)
    lose_and_hear (folder, data);
}

typedef struct
{
  TestFolder *folder;
  const Case *lost;
} ThreadCase;

static gpointer
loss_thread (gpointer data)
{
  ThreadCase *thread_case = data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  lose_and_hear (thread_case->folder, thread_case->lost);
  g_main_context_pop_thread_default (context);
  return NULL;
}

/* In the main context of the acquisition, wherever that runs. */
static void
test_private_context (TestFolder    *folder,
                      gconstpointer  data)
{
  Case lost = { NULL, NULL, unlink_it, GPOINTER_TO_INT (data) };
  ThreadCase thread_case = { folder, &lost };

  g_thread_join (g_thread_new ("loss", loss_thread, &thread_case));
}

static gpointer
lock_thread (gpointer lock_file)
{
  test_assert_lock (G_LOCK_FILE (lock_file), 0);
  return NULL;
}

/* A thread without a context of its own: it is told in the default one. */
static void
test_thread_without_context (TestFolder    *folder,
                             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  TestListener listener = { NULL };

  test_listen (&listener, lock_file);
  g_thread_join (g_thread_new ("lock", lock_thread, lock_file));
  test_run_until_quiet ();
  unlink_it (folder);
  test_run_until_at_least (&listener.n_lost, 1);
}

/* It was lost before the main context was run for the first time. */
static void
test_before_loop (TestFolder    *folder,
                  gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  TestListener listener = { NULL };

  test_listen (&listener, lock_file);
  test_assert_lock (lock_file, 0);
  unlink_it (folder);
  g_assert_true (g_lock_file_is_locked (lock_file));
  test_run_until_at_least (&listener.n_lost, 1);
  test_run_until_quiet ();
  g_assert_cmpint (listener.n_lost, ==, 1);
  g_assert_cmpint (listener.n_unlocked, ==, 1);
}

/* Several locks of a process, of which one is lost, then another. */
static void
test_several (TestFolder    *folder,
              gconstpointer  data)
{
  GLockFile *lock_files[4];
  TestListener listeners[4] = { { NULL } };

  for (int i = 0; i < 4; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%d.lock", folder->path, i);

      lock_files[i] = g_lock_file_new (path);
      test_listen (&listeners[i], lock_files[i]);
      lock (lock_files[i], i % 2 == 0);
    }
  for (int i = 1; i < 3; i++)
    {
      g_assert_no_errno (g_unlink (g_lock_file_get_file_name (lock_files[i])));
      test_run_until_at_least (&listeners[i].n_lost, 1);
    }
  test_run_until_quiet ();
  for (int i = 0; i < 4; i++)
    {
      g_assert_cmpint (listeners[i].n_lost, ==, i == 1 || i == 2);
      g_assert_cmpint (g_lock_file_is_locked (lock_files[i]), ==, i == 0 || i == 3);
      g_object_unref (lock_files[i]);
    }
}

/* --- In the handler ---------------------------------------------------------------- */

static void
unlock_in_handler (GLockFile *lock_file)
{
  test_assert_unlock (lock_file);
}

static void
unlock_async_in_handler (GLockFile *lock_file)
{
  g_lock_file_unlock_async (lock_file, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
}

static void
lock_in_handler (GLockFile *lock_file)
{
  test_assert_lock (lock_file, 0);
}

static void
lock_async_in_handler (GLockFile *lock_file)
{
  g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
}

static void
unref_in_handler (GLockFile *lock_file)
{
  g_object_unref (lock_file);
}

static void
verify_in_handler (GLockFile *lock_file)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (g_lock_file_verify (lock_file, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST);
}

typedef struct
{
  const char *name;
  void      (*handler) (GLockFile *lock_file);
  gboolean    locked_after;
} Reaction;

static const Reaction reactions[] = {
  { "unlock", unlock_in_handler },
  { "unlock-async", unlock_async_in_handler },
  { "lock", lock_in_handler, TRUE },
  { "lock-async", lock_async_in_handler, TRUE },
  { "unref", unref_in_handler },
  { "verify", verify_in_handler },
};

static void
test_reaction (TestFolder    *folder,
               gconstpointer  data)
{
  const Reaction *reaction = data;
  GLockFile *lock_file = g_lock_file_new (folder->lock_file);
  TestListener listener = { .handler = reaction->handler };

  g_object_add_weak_pointer (G_OBJECT (lock_file), (gpointer *) &lock_file);
  test_listen (&listener, lock_file);
  lock (lock_file, TRUE);
  for (int i = 0; i < 3 && lock_file != NULL; i++)
    {
      unlink_it (folder);
      test_run_until_at_least (&listener.n_lost, i + 1);
      test_run_until_quiet ();
      g_assert_cmpint (listener.n_lost, ==, i + 1);
      if (lock_file != NULL)
        {
          g_assert_cmpint (g_lock_file_is_locked (lock_file), ==, reaction->locked_after);
          if (!reaction->locked_after)
            lock (lock_file, FALSE);
          test_assert_verify (lock_file);
        }
    }
  if (reaction->handler == unref_in_handler)
    g_assert_null (lock_file);
  else
    g_object_unref (lock_file);
  g_assert_null (lock_file);
}

/* --- Whoever finds out before it is told --------------------------------------------- */

/* Loses the lock; the main context has read of it, but not told yet. */
static void
lose_untold (TestFolder *folder)
{
  unlink_it (folder);
  while (!g_main_context_iteration (NULL, TRUE))
    ;
  test_await_quiet ();
}

static void
test_verified_first (TestFolder    *folder,
                     gconstpointer  run_before)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GError) error = NULL;
  TestListener listener = { NULL };

  test_listen (&listener, lock_file);
  if (run_before != NULL)
    {
      lock (lock_file, TRUE);
      lose_untold (folder);
    }
  else
    {
      test_assert_lock (lock_file, 0);
      unlink_it (folder);
    }

  g_assert_cmpint (listener.n_lost, ==, 0);
  g_assert_false (g_lock_file_verify (lock_file, &error));
  g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST);
  g_assert_false (g_lock_file_is_locked (lock_file));
  g_assert_cmpint (listener.n_unlocked, ==, 1);
  test_run_until_quiet ();
  g_assert_cmpint (listener.n_lost, ==, 0);
  g_assert_cmpint (listener.n_unlocked, ==, 1);
  test_assert_unlock (lock_file);
}

/* Then a new lock is not taken for the one that was lost. */
static void
test_locked_anew_first (TestFolder    *folder,
                        gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GError) error = NULL;
  TestListener listener = { NULL };

  test_listen (&listener, lock_file);
  lock (lock_file, TRUE);
  lose_untold (folder);
  g_assert_false (g_lock_file_verify (lock_file, &error));
  test_assert_lock (lock_file, 0);
  test_run_until_quiet ();
  g_assert_cmpint (listener.n_lost, ==, 0);
  test_assert_verify (lock_file);

  unlink_it (folder);
  test_run_until_at_least (&listener.n_lost, 1);
}

static void
test_unlocked_first (TestFolder    *folder,
                     gconstpointer  async)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GError) error = NULL;
  TestListener listener = { NULL };
  g_auto (TestResult) result = { 0 };

  test_listen (&listener, lock_file);
  lock (lock_file, TRUE);
  lose_untold (folder);
  if (async != NULL)
    {
      g_lock_file_unlock_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &result);
      test_assert_failure (&result, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST);
    }
  else
    {
      g_assert_false (g_lock_file_unlock (lock_file, &error));
      g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST);
    }
  test_run_until_quiet ();
  g_assert_cmpint (listener.n_lost, ==, 0);
  g_assert_cmpint (listener.n_unlocked, ==, 1);
}

/* Nobody is told who may be gone with the object. */
static void
test_dropped_first (TestFolder    *folder,
                    gconstpointer  data)
{
  GLockFile *lock_file = g_lock_file_new (folder->lock_file);
  TestListener listener = { NULL };

  g_object_add_weak_pointer (G_OBJECT (lock_file), (gpointer *) &lock_file);
  test_listen (&listener, lock_file);
  lock (lock_file, TRUE);
  lose_untold (folder);
  g_object_unref (lock_file);
  g_assert_null (lock_file);
  test_run_until_quiet ();
  g_assert_cmpint (listener.n_lost, ==, 0);
}

/* An operation is under way: it is told afterwards. */
static void
test_during_operation (TestFolder    *folder,
                       gconstpointer  data)
{
  for (int i = 0; i < 50; i++)
    {
      g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
      g_auto (TestResult) result = { 0 };
      TestListener listener = { NULL };

      test_listen (&listener, lock_file);
      lock (lock_file, i % 2 == 0);
      g_lock_file_query_info_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &result);
      unlink_it (folder);
      test_run_until (&result.done);
      test_run_until_at_least (&listener.n_lost, 1);
      g_assert_cmpint (listener.n_unlocked, ==, 1);
    }
}

typedef struct
{
  const char *path;
  int         go;               /* atomic */
  guint       delay;
  gboolean    removed;
} Intruder;

static gpointer
intruder_thread (gpointer data)
{
  Intruder *intruder = data;

  while (!g_atomic_int_get (&intruder->go))
    ;
  for (volatile guint i = 0; i < intruder->delay; i++)
    ;
  intruder->removed = (g_unlink (intruder->path) == 0);
  return NULL;
}

/* Whoever removed our file, it is told exactly once: by unlock() or by the signal. */
static void
test_races (TestFolder    *folder,
            gconstpointer  data)
{
  int told_by_unlock = 0, told_by_signal = 0;

  for (int i = 0; i < RACES; i++)
    {
      g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
      Intruder intruder = { folder->lock_file, FALSE, g_random_int_range (0, 60000) };
      g_autoptr (GError) error = NULL;
      TestListener listener = { NULL };
      gboolean success;
      GThread *thread;

      test_listen (&listener, lock_file);
      if (i % 3 == 0)
        lock (lock_file, FALSE);
      else
        test_assert_lock (lock_file, 0);
      thread = g_thread_new ("intruder", intruder_thread, &intruder);
      g_atomic_int_set (&intruder.go, TRUE);
      test_run_for (i % 4 * 20);
      success = g_lock_file_unlock (lock_file, &error);
      g_thread_join (thread);
      test_run_for (0);

      if (!success)
        g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST);
      g_assert_cmpint (listener.n_unlocked, ==, 1);
      g_assert_cmpint (listener.n_lost + !success, ==, intruder.removed);
      told_by_unlock += !success;
      told_by_signal += listener.n_lost;
      g_assert_false (g_file_test (folder->lock_file, G_FILE_TEST_EXISTS));
    }
  g_test_message ("%d told by unlock(), %d by the signal, of %d", told_by_unlock, told_by_signal,
                  RACES);
}

typedef struct
{
  GLockFile *lock_file;
  int        go;                /* atomic */
  int        gone;              /* atomic */
  guint      delay;
} Dropper;

static gpointer
dropper_thread (gpointer data)
{
  Dropper *dropper = data;

  while (!g_atomic_int_get (&dropper->go))
    ;
  for (volatile guint i = 0; i < dropper->delay; i++)
    ;
  g_object_unref (dropper->lock_file);
  g_atomic_int_set (&dropper->gone, TRUE);
  return NULL;
}

/* It is lost, and dropped in another thread: who told of the loss, and who stops what
 * noticed it, must not both let go of that. */
static void
test_dropped_in_another_thread (TestFolder    *folder,
                                gconstpointer  data)
{
  for (int i = 0; i < DROPS; i++)
    {
      Dropper dropper = { g_lock_file_new (folder->lock_file), FALSE, FALSE,
                          g_random_int_range (0, 3000) };
      GThread *thread;

      lock (dropper.lock_file, FALSE);
      unlink_it (folder);
      thread = g_thread_new ("dropper", dropper_thread, &dropper);
      while (!g_main_context_pending (NULL))
        ;
      g_atomic_int_set (&dropper.go, TRUE);
      while (!g_atomic_int_get (&dropper.gone))
        g_main_context_iteration (NULL, FALSE);
      g_thread_join (thread);
    }
  test_run_for (0);
}

/* --- False alarms --------------------------------------------------------------------- */

static void
test_harmless (TestFolder    *folder,
               gconstpointer  data)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *second = in_folder (folder, "second");
  g_autofree char *third = in_folder (folder, "inner/third");
  g_autofree char *content = NULL;
  TestListener listener = { NULL };

  test_listen (&listener, lock_file);
  lock (lock_file, TRUE);
  for (int i = 0; i < 20; i++)
    {
      g_assert_cmpint (g_chmod (folder->lock_file, i % 2 == 0 ? 0600 : 0644), ==, 0);
      test_file_set_age (folder->lock_file, i % 2 == 0 ? 24 * 3600 : -60);
      g_free (content);
      content = test_file_read (folder->lock_file);
      g_assert_no_errno (link (folder->lock_file, second));
      g_assert_no_errno (g_rename (second, third));
      g_assert_no_errno (g_unlink (third));
      /* Whoever opens it for writing, and changes nothing. */
      fclose (g_fopen (folder->lock_file, "r+"));
      test_assert_answer_error (helper, "try 0", G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
      test_assert_answer_error (helper, "remove-stale", G_LOCK_FILE_ERROR,
                                G_LOCK_FILE_ERROR_LOCKED);
      test_run_for (10 * G_TIME_SPAN_MILLISECOND);
    }
  test_run_until_quiet ();
  g_assert_cmpint (listener.n_lost + listener.n_unlocked, ==, 0);
  test_assert_verify (lock_file);

  unlink_it (folder);
  test_run_until_at_least (&listener.n_lost, 1);
}

static void
test_many_cycles (TestFolder    *folder,
                  gconstpointer  async)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  TestListener listener = { NULL };
  int cycles = async != NULL ? CYCLES / 4 : CYCLES;

  test_listen (&listener, lock_file);
  for (int i = 0; i < cycles; i++)
    {
      if (async != NULL)
        test_assert_lock_async (lock_file);
      else
        test_assert_lock (lock_file, 0);
      for (int j = 0; j < i % 4; j++)
        g_main_context_iteration (NULL, FALSE);
      if (async != NULL && i % 8 < 4)
        test_assert_unlock_async (lock_file);
      else
        test_assert_unlock (lock_file);
      if (i % 3 == 0)
        g_main_context_iteration (NULL, FALSE);
    }
  test_run_until_quiet ();
  g_assert_cmpint (listener.n_lost, ==, 0);
  g_assert_cmpint (listener.n_unlocked, ==, cycles);
}

/* --- What it costs ---------------------------------------------------------------------- */

static void
test_no_thread (TestFolder    *folder,
                gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  TestCosts before, after;

  test_costs_of_process (getpid (), &before);
  for (int i = 0; i < 100; i++)
    {
      test_assert_lock (lock_file, 0);
      test_costs_of_process (getpid (), &after);
      g_assert_cmpint (after.threads, ==, before.threads);
      test_assert_unlock (lock_file);
    }
  test_costs_of_process (getpid (), &after);
  g_assert_cmpint (after.threads, ==, before.threads);
}

typedef struct
{
  GSource parent_instance;
  int     iterations;
} CountingSource;

static gboolean
count_iteration (GSource *source,
                 int     *timeout)
{
  ((CountingSource *) source)->iterations++;
  *timeout = -1;
  return FALSE;
}

/* Held for a while in a running main loop: no thread, and nothing to do. */
static void
test_idle (TestFolder    *folder,
           gconstpointer  async)
{
  static GSourceFuncs funcs = { .prepare = count_iteration };
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GSource) source = g_source_new (&funcs, sizeof (CountingSource));
  int threads = test_count_threads ();
  TestCosts before, after;
  int iterations;

  lock (lock_file, async != NULL);
  /* GLib's pools keep theirs for a while, half a second for the same pool. */
  test_run_for (600 * G_TIME_SPAN_MILLISECOND);
  g_thread_pool_stop_unused_threads ();
  test_run_until_quiet ();

  g_source_attach (source, NULL);
  test_costs_of_process (getpid (), &before);
  test_run_for (IDLE_TIME);
  test_costs_of_process (getpid (), &after);
  iterations = ((CountingSource *) source)->iterations;
  g_source_destroy (source);

  g_test_message ("%d iterations, %d wake-ups, %.3f ms", iterations,
                  (int) (after.wake_ups - before.wake_ups),
                  (after.cpu_time - before.cpu_time) / 1e6);
  g_assert_cmpint (test_count_threads (), <=, threads);
  g_assert_cmpint (iterations, <=, 4);
  if (!TEST_SANITIZED)
    g_assert_cmpint (after.wake_ups - before.wake_ups, <=, 6);
}

#define ADD(name, data, function) \
  g_test_add ("/lost/" name, TestFolder, data, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  static const Case ways[] = {
    { NULL, "removed", unlink_it },
    { NULL, "renamed-away", rename_away },
    { NULL, "replaced", replace },
    { NULL, "folder-renamed-away", rename_folder_away },
    { NULL, "folder-removed", remove_folder },
    { NULL, "folder-replaced", replace_folder },
  };
  static Case cases[4 * G_N_ELEMENTS (ways)];

  g_setenv ("G_SLICE", "always-malloc", TRUE);
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = NULL;

      cases[i] = ways[i / 4];
      cases[i].volume = i % 4 < 2 ? TMPFS : DISK;
      cases[i].async = i % 2 != 0;
      path = g_strdup_printf ("/lost/%s/%s/%s", cases[i].name, cases[i].volume,
                              cases[i].async ? "asynchronous" : "synchronous");
      g_test_add (path, TestFolder, &cases[i], set_up_case, test_loss, tear_down);
    }
  ADD ("private-context/synchronous", NULL, test_private_context);
  ADD ("private-context/asynchronous", GINT_TO_POINTER (TRUE), test_private_context);
  ADD ("thread-without-context", NULL, test_thread_without_context);
  ADD ("before-loop", NULL, test_before_loop);
  ADD ("several", NULL, test_several);
  for (gsize i = 0; i < G_N_ELEMENTS (reactions); i++)
    {
      g_autofree char *path = g_strconcat ("/lost/in-handler/", reactions[i].name, NULL);

      g_test_add (path, TestFolder, &reactions[i], set_up, test_reaction, tear_down);
    }
  ADD ("verified-first", NULL, test_verified_first);
  ADD ("verified-first/untold", GINT_TO_POINTER (TRUE), test_verified_first);
  ADD ("locked-anew-first", NULL, test_locked_anew_first);
  ADD ("unlocked-first/synchronous", NULL, test_unlocked_first);
  ADD ("unlocked-first/asynchronous", GINT_TO_POINTER (TRUE), test_unlocked_first);
  ADD ("dropped-first", NULL, test_dropped_first);
  ADD ("during-operation", NULL, test_during_operation);
  ADD ("races", NULL, test_races);
  ADD ("dropped-in-another-thread", NULL, test_dropped_in_another_thread);
  ADD ("harmless", NULL, test_harmless);
  ADD ("many-cycles/synchronous", NULL, test_many_cycles);
  ADD ("many-cycles/asynchronous", GINT_TO_POINTER (TRUE), test_many_cycles);
  ADD ("no-thread", NULL, test_no_thread);
  ADD ("idle/synchronous", NULL, test_idle);
  ADD ("idle/asynchronous", GINT_TO_POINTER (TRUE), test_idle);

  return g_test_run ();
}
