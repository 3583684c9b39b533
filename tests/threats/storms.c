/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What it costs a waiter that somebody is busy in the folder. With `-m perf` for longer,
 * for the figures.
 */

#include "rogue.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const SceneOptions victim = { VICTIM };

/* How often he has done it; shared with him. */
static guint64 *n_done;

/* --- What he does, without end ---------------------------------------------- */

static void
make_and_delete_files (const char *path)
{
  g_autofree char *other = g_strconcat (path, ".other", NULL);

  rogue_is_ready ();
  for (;; ++*n_done)
    {
      close (open (other, O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
      unlink (other);
    }
}

/* A lock file of his own, with the kernel lock. */
static int
hold (const char *path)
{
  int fd;

  test_file_write (path, "1\ninit\nws1\n");
  g_assert_no_errno (g_chmod (path, 0644));
  fd = open (path, O_RDONLY | O_CLOEXEC);
  g_assert_no_errno (flock (fd, LOCK_EX));
  return fd;
}

static void
hold_and_change_mode (const char *path)
{
  int fd = hold (path);

  rogue_is_ready ();
  for (;; ++*n_done)
    fchmod (fd, *n_done % 2 == 0 ? 0644 : 0664);
}

static void
hold_and_open_for_writing (const char *path)
{
  hold (path);
  rogue_is_ready ();
  for (;; ++*n_done)
    close (open (path, O_WRONLY | O_CLOEXEC));
}

static void
hold_removal_lock (const char *path)
{
  g_autofree char *removal_path = rogue_removal_path (path);

  hold (removal_path);
}

static void
make_and_delete_lock_file (const char *path)
{
  g_autofree char *source = g_strconcat (path, ".source", NULL);

  hold (source);
  rogue_is_ready ();
  for (;; ++*n_done)
    {
      g_assert_true (link (source, path) == 0 || errno == EEXIST);
      unlink (path);
    }
}

/* --- What it costs ----------------------------------------------------------- */

static gint64
duration (void)
{
  return (g_test_perf () ? 5 : 1) * G_TIME_SPAN_SECOND / 2;
}

/* Costs of a second. */
static TestCosts
measure (TestHelper *waiter)
{
  const pid_t pid = test_helper_get_pid (waiter);
  TestCosts before, after;
  guint64 n_before = *n_done;
  gint64 begin = g_get_monotonic_time ();
  double seconds;

  test_costs_of_process (pid, &before);
  g_assert_false (test_helper_has_answer (waiter, duration ()));
  test_costs_of_process (pid, &after);
  seconds = (g_get_monotonic_time () - begin) / (double) G_TIME_SPAN_SECOND;
  after.cpu_time = (after.cpu_time - before.cpu_time) / seconds;
  after.wake_ups = (after.wake_ups - before.wake_ups) / seconds;
  g_test_message ("In a second %.0f times, for a waiter %.2f ms of CPU and %" G_GINT64_FORMAT
                  " wake-ups",
                  (*n_done - n_before) / seconds, after.cpu_time / 1e6, after.wake_ups);
  return after;
}

typedef struct
{
  const char *name;
  RogueAct act;
  gboolean is_holder;           /* else somebody else is */
  gint64 most_wake_ups;         /* in a second; 0: not promised */
} Storm;

static const Storm storms[] = {
  /* Only the lock file is watched. */
  { "other-files", make_and_delete_files, FALSE, 50 },
  { "mode", hold_and_change_mode, TRUE },
  { "writing", hold_and_open_for_writing, TRUE },
};

/* Who waits can do with few wake-ups, or else pays; and has the lock in the end. */
static void
test_storm (TestFolder    *folder,
            gconstpointer  data)
{
  const Storm *storm = data;
  g_autoptr (TestHelper) holder = NULL;
  g_autoptr (TestHelper) waiter = NULL;
  Rogue *rogue;
  TestCosts costs;

  if (!scene_is_privileged ())
    return;
  rogue_open_folder (folder, FALSE);
  if (!storm->is_holder)
    {
      holder = scene_start (folder->lock_file, victim);
      scene_check (holder, "lock", SCENE_OK);
    }
  rogue = rogue_start (ROGUE_UID, storm->act, folder->lock_file);
  waiter = scene_start (folder->lock_file, victim);
  scene_check (waiter, "try 0", SCENE_LOCKED);
  scene_check (waiter, "try 100", SCENE_LOCKED);

  test_helper_send (waiter, "lock");
  costs = measure (waiter);
  for (guint i = 0; i < 4 && storm->most_wake_ups > 0 && costs.wake_ups > storm->most_wake_ups; i++)
    costs = measure (waiter);
  if (storm->most_wake_ups > 0)
    g_assert_cmpint (costs.wake_ups, <=, storm->most_wake_ups);
  if (storm->is_holder)
    rogue_end (rogue);
  else
    scene_check (holder, "unlock", SCENE_OK);
  /* What he has left is like a file of Qt's, of a living process. */
  if (storm->is_holder)
    g_assert_no_errno (g_unlink (folder->lock_file));
  scene_await_ok (waiter);
  scene_check (waiter, "unlock", SCENE_OK);
  if (!storm->is_holder)
    rogue_end (rogue);
}

/* A leftover, and P.rmlock held for ever. */
static void
test_removal_lock (TestFolder    *folder,
                   gconstpointer  data)
{
  g_autoptr (TestHelper) waiter = NULL;
  g_autofree char *removal_path = rogue_removal_path (folder->lock_file);
  g_autoptr (Rogue) rogue = NULL;

  if (!scene_is_privileged ())
    return;
  rogue_open_folder (folder, FALSE);
  scene_leave_behind (folder->lock_file, victim);
  rogue = rogue_start (ROGUE_UID, hold_removal_lock, folder->lock_file);
  waiter = scene_start (folder->lock_file, victim);
  scene_check (waiter, "try 100", SCENE_LOCKED);
  test_helper_send (waiter, "lock");
  measure (waiter);
  g_assert_no_errno (g_unlink (removal_path));
  scene_await_ok (waiter);
  scene_check (waiter, "unlock", SCENE_OK);
}

/* P comes and goes, faster than anybody can look. A time limit holds all the same. */
static void
test_coming_and_going (TestFolder    *folder,
                       gconstpointer  data)
{
  static const char * const commands[] = { "try 0", "try 1", "try 20", "try 200" };
  g_autoptr (TestHelper) waiter = NULL;
  Rogue *rogue;

  if (!scene_is_privileged ())
    return;
  rogue_open_folder (folder, TRUE);
  rogue = rogue_start (ROGUE_UID, make_and_delete_lock_file, folder->lock_file);
  waiter = scene_start (folder->lock_file, victim);
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *answer = test_helper_ask (waiter, commands[i % G_N_ELEMENTS (commands)]);

      if (g_str_equal (answer, "ok"))
        {
          scene_check (waiter, "verify", SCENE_OK);
          scene_check (waiter, "unlock", SCENE_OK);
        }
      else
        {
          g_autofree char *locked = g_strdup_printf ("error %s %d ",
                                                     g_quark_to_string (G_LOCK_FILE_ERROR),
                                                     G_LOCK_FILE_ERROR_LOCKED);

          g_test_message ("%s", answer);
          g_assert_true (g_str_has_prefix (answer, locked));
        }
    }
  rogue_end (rogue);
  g_unlink (folder->lock_file);
  scene_check (waiter, "lock", SCENE_OK);
  scene_check (waiter, "unlock", SCENE_OK);
}

int
main (int    argc,
      char **argv)
{
#define ADD(path, data, function) \
  g_test_add (path, TestFolder, data, test_folder_set_up, function, test_folder_tear_down)

  n_done = mmap (NULL, sizeof *n_done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  scene_init ();
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (storms); i++)
    {
      g_autofree char *path = g_strconcat ("/storms/", storms[i].name, NULL);

      ADD (path, &storms[i], test_storm);
    }
  ADD ("/storms/removal-lock", NULL, test_removal_lock);
  ADD ("/storms/coming-and-going", NULL, test_coming_and_going);

  return g_test_run ();
#undef ADD
}
