/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Another user of the same machine: in a folder that all may write to, and in one that
 * he can only read.
 */

#include "rogue.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const SceneOptions victim = { VICTIM };

/* --- A folder with the sticky bit ----------------------------------------- */

#define assert_refused(call) \
  G_STMT_START { \
    errno = 0; \
    if ((call) >= 0) \
      g_error ("%s succeeded", #call); \
    g_test_message ("%s: %s", #call, g_strerror (errno)); \
  } G_STMT_END

/* All that could take the lock away, or change what the file says. */
static void
assault (const char *path)
{
  g_autofree char *own = g_strconcat (path, ".own", NULL);
  const struct timespec times[2] = { { 0, 0 }, { 0, 0 } };
  int fd;

  test_file_write (own, "1\ninit\n");
  assert_refused (unlink (path));
  assert_refused (rename (path, "elsewhere"));
  assert_refused (rename (own, path));
  assert_refused (link (own, path));
  assert_refused (symlink (own, path));
  assert_refused (open (path, O_WRONLY | O_TRUNC | O_CLOEXEC));
  assert_refused (open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
  assert_refused (truncate (path, 0));
  assert_refused (chmod (path, 0));
  assert_refused (utimensat (AT_FDCWD, path, times, 0));

  fd = open (path, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  assert_refused (flock (fd, LOCK_SH | LOCK_NB));
  assert_refused (flock (fd, LOCK_EX | LOCK_NB));
  /* No lock of another kind counts. */
  g_assert_no_errno (fcntl (fd, F_OFD_SETLK, &(struct flock) { .l_type = F_RDLCK }));
}

/* There the file that stands is safe from him: he can keep others from the lock, but
 * not take it away. */
static void
test_sticky_folder (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autoptr (TestHelper) holder = NULL;
  g_autoptr (TestHelper) contender = NULL;
  g_autoptr (Rogue) rogue = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  if (!scene_is_privileged ())
    return;
  rogue_open_folder (folder, TRUE);
  holder = scene_start (folder->lock_file, victim);
  contender = test_helper_start (folder->lock_file, "--uid=61002", NULL);

  scene_check (holder, "lock", SCENE_OK);
  before = test_file_read (folder->lock_file);
  rogue = rogue_start (ROGUE_UID, assault, folder->lock_file);
  scene_check (holder, "verify", SCENE_OK);
  scene_check (contender, "try 0", SCENE_LOCKED);
  scene_check (contender, "try 50", SCENE_LOCKED);
  scene_check (contender, "remove-stale", SCENE_LOCKED);
  scene_check (holder, "verify", SCENE_OK);
  after = test_file_read (folder->lock_file);
  g_assert_cmpstr (after, ==, before);
  scene_check (holder, "unlock", SCENE_OK);
  test_folder_assert_files (folder, "test.lock.own", NULL);
}

/* --- Whoever can read the file --------------------------------------------- */

/* The kernel gives its lock to anybody who can open the file, be it for reading. He
 * queues up behind the holder, and has it when that one crashes. */
static void
wait_for_crash (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  rogue_is_ready ();
  if (fd >= 0)
    flock (fd, LOCK_SH);
}

static void
await_kernel_lock (const char *path)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  while (flock (fd, LOCK_EX | LOCK_NB) == 0)
    {
      flock (fd, LOCK_UN);
      g_usleep (1000);
    }
  close (fd);
}

/* A reader's kernel lock looks like a holder's (J2). What keeps him out is the mode of
 * the file, that is the umask or the folder's mode. */
static void
test_reader_of_leftover (TestFolder    *folder,
                         gconstpointer  data)
{
  const mode_t mask = GPOINTER_TO_UINT (data);
  const gboolean readable = (mask & 0004) == 0;
  mode_t before;
  g_autoptr (TestHelper) holder = NULL;
  g_autoptr (TestHelper) contender = NULL;
  Rogue *rogue;

  if (!scene_is_privileged ())
    return;
  g_assert_no_errno (chown (folder->path, VICTIM_UID, VICTIM_UID));
  g_assert_no_errno (g_chmod (folder->path, 0755));
  before = umask (mask);
  holder = scene_start (folder->lock_file, victim);
  contender = scene_start (folder->lock_file, victim);
  umask (before);

  scene_check (holder, "lock", SCENE_OK);
  rogue = rogue_start (ROGUE_UID, wait_for_crash, folder->lock_file);
  scene_check (holder, "verify", SCENE_OK);
  test_helper_kill (holder);

  if (readable)
    {
      await_kernel_lock (folder->lock_file);
      scene_check (contender, "try 0", SCENE_LOCKED);
      scene_check (contender, "try 100", SCENE_LOCKED);
      scene_check (contender, "remove-stale", SCENE_LOCKED);
      test_helper_send (contender, "lock");
      g_assert_false (test_helper_has_answer (contender, 100 * G_TIME_SPAN_MILLISECOND));
      rogue_end (rogue);
      scene_await_ok (contender);
    }
  else
    {
      scene_check (contender, "try 0", SCENE_OK);
      rogue_end (rogue);
    }
  scene_check (contender, "unlock", SCENE_OK);
  test_folder_assert_empty (folder);
}

/* What others learn of the holder is up to the umask. */
static void
test_modes (TestFolder    *folder,
            gconstpointer  option)
{
  static const mode_t masks[] = { 0, 002, 022, 027, 077, 0177 };

  for (guint i = 0; i < G_N_ELEMENTS (masks); i++)
    {
      mode_t before = umask (masks[i]);
      g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, option, NULL);
      struct stat status;

      umask (before);
      scene_check (helper, "lock", SCENE_OK);
      g_assert_no_errno (lstat (folder->lock_file, &status));
      g_assert_cmpint (status.st_mode, ==, S_IFREG | (0666 & ~masks[i]));
      g_assert_cmpint (status.st_uid, ==, geteuid ());
      scene_check (helper, "unlock", SCENE_OK);
    }
}

/* --- Whoever can read the folder ------------------------------------------- */

/* Claims every place in the crowds of all lock files there (glockfile-crowd.c), and all
 * other locks that a folder has. */
static void
lock_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int other_fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (other_fd, >=, 0);
  /* This would keep the others from taking a place, if anybody could do it. */
  assert_refused (fcntl (fd, F_OFD_SETLK, &all));
  assert_refused (fcntl (fd, F_SETLK, &all));
  all.l_type = F_RDLCK;
  g_assert_no_errno (fcntl (fd, F_OFD_SETLK, &all));
  g_assert_no_errno (fcntl (fd, F_SETLK, &all));
  g_assert_no_errno (flock (other_fd, LOCK_EX));
}

/* Makes the kernel's list long, through all of which each question goes. */
static void
lock_many_places (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct flock one = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1 };

  for (guint i = 0; i < 4000; i++, one.l_start += 2)
    g_assert_no_errno (fcntl (fd, F_OFD_SETLK, &one));
}

#define N_CONTENDERS 4

/* Lets go who has it, of those who still wait. */
static void
await_turn (TestHelper **contenders,
            gboolean    *served)
{
  gint64 limit = g_get_monotonic_time () + TEST_TIME_LIMIT;

  while (g_get_monotonic_time () < limit)
    {
      for (guint i = 0; i < N_CONTENDERS; i++)
        {
          if (served[i] || !test_helper_has_answer (contenders[i], G_TIME_SPAN_MILLISECOND))
            continue;
          scene_await_ok (contenders[i]);
          served[i] = TRUE;
          for (guint k = 0; k < N_CONTENDERS; k++)
            g_assert_false (!served[k] && test_helper_has_answer (contenders[k], 0));
          scene_check (contenders[i], "verify", SCENE_OK);
          scene_check (contenders[i], "unlock", SCENE_OK);
          return;
        }
    }
  g_error ("Nobody got the lock");
}

/* That costs fairness and some milliseconds, and nothing else. */
static void
test_locked_folder (TestFolder    *folder,
                    gconstpointer  act)
{
  g_autoptr (Rogue) rogue = NULL;
  TestHelper *contenders[N_CONTENDERS];

  if (!scene_is_privileged ())
    return;
  g_assert_no_errno (chown (folder->path, VICTIM_UID, VICTIM_UID));
  g_assert_no_errno (g_chmod (folder->path, 0755));
  rogue = rogue_start (ROGUE_UID, (RogueAct) act, folder->lock_file);

  for (guint i = 0; i < N_CONTENDERS; i++)
    contenders[i] = scene_start (folder->lock_file, victim);
  for (guint round = 0; round < 5; round++)
    {
      gboolean served[N_CONTENDERS] = { FALSE };

      for (guint i = 0; i < N_CONTENDERS; i++)
        test_helper_send (contenders[i], "lock");
      for (guint i = 0; i < N_CONTENDERS; i++)
        await_turn (contenders, served);
    }

  scene_check (contenders[0], "lock", SCENE_OK);
  test_helper_send (contenders[1], "lock");
  test_helper_await_sleep (contenders[1]);
  test_helper_kill (contenders[0]);
  scene_await_ok (contenders[1]);
  scene_check (contenders[1], "unlock", SCENE_OK);
  for (guint i = 0; i < N_CONTENDERS; i++)
    test_helper_free (contenders[i]);
  test_folder_assert_empty (folder);
}

/* --- A program with the rights of another user ----------------------------- */

/* Makes the helper a program that runs with the victim's rights, whoever starts it, and
 * lets the rogue start it. */
static void
make_setuid_helper (TestFolder *folder,
                    const char *name)
{
  g_autofree char *program = g_build_filename (folder->path, "setuid-helper", NULL);
  g_autofree char *script = g_strdup_printf ("#!/bin/sh\nexec setpriv --reuid=%d --regid=%d "
                                             "--clear-groups '%s' \"$@\"\n",
                                             ROGUE_UID, ROGUE_UID, program);
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (g_getenv ("GLOCKFILE_TEST_HELPER"), &content, &size, &error);
  g_assert_no_error (error);
  g_file_set_contents (program, content, size, &error);
  g_assert_no_error (error);
  g_assert_no_errno (chown (program, VICTIM_UID, VICTIM_UID));
  g_assert_no_errno (g_chmod (program, 04755));
  g_file_set_contents (name, script, -1, &error);
  g_assert_no_error (error);
  g_assert_no_errno (g_chmod (name, 0755));
}

/* The environment is the caller's, so it must say nothing about where files are, or who
 * runs the program. */
static void
play_setuid (gconstpointer data)
{
  static const char * const variables[] = {
    "TMPDIR", "TMP", "TEMP", "HOME", "USER", "LOGNAME", "USERNAME", "HOSTNAME", "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "PWD",
  };
  TestFolder *folder = (TestFolder *) data;
  g_autofree char *trap = g_build_filename (folder->path, "trap", NULL);
  g_autofree char *inner = g_build_filename (folder->path, "private", NULL);
  g_autofree char *lock_file = g_build_filename (inner, "test.lock", NULL);
  g_autofree char *starter = g_build_filename (folder->path, "start", NULL);
  g_autofree char *answer = NULL;
  g_autofree char *trap_before = NULL;
  g_autoptr (TestHelper) helper = NULL;
  g_autoptr (TestHelper) contender = NULL;
  struct stat status;

  g_assert_no_errno (g_chmod (folder->path, 0755));
  g_assert_no_errno (g_mkdir (trap, 0777));
  g_assert_no_errno (g_chmod (trap, 0777));
  g_assert_no_errno (g_mkdir (inner, 0700));
  g_assert_no_errno (chown (inner, VICTIM_UID, VICTIM_UID));
  contender = scene_start (lock_file, victim);

  make_setuid_helper (folder, starter);
  for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
    g_setenv (variables[i], trap, TRUE);
  g_setenv ("GLOCKFILE_TEST_HELPER", starter, TRUE);
  trap_before = scene_describe (trap);
  helper = test_helper_start (lock_file, NULL);

  answer = test_helper_ask (helper, "try 0");
  if (strcmp (answer, "ok") != 0)
    scene_child_skip ("Needs a temporary folder whose programs may change the user");
  g_assert_no_errno (lstat (lock_file, &status));
  g_assert_cmpint (status.st_uid, ==, VICTIM_UID);
  g_free (answer);
  answer = test_helper_ask (contender, "query");
  g_assert_nonnull (strstr (answer, "state=running"));
  g_assert_null (strstr (answer, "trap"));
  scene_check (contender, "try 0", SCENE_LOCKED);
  scene_check (contender, "try 50", SCENE_LOCKED);
  scene_check (helper, "unlock", SCENE_OK);

  scene_check (helper, "lock", SCENE_OK);
  test_helper_send (contender, "lock");
  test_helper_await_sleep (contender);
  test_helper_kill (helper);
  scene_await_ok (contender);
  scene_check (contender, "unlock", SCENE_OK);
  scene_assert_unchanged (trap, trap_before);
}

static void
test_setuid (TestFolder    *folder,
             gconstpointer  data)
{
  g_autofree char *setpriv = g_find_program_in_path ("setpriv");

  if (setpriv == NULL)
    g_test_skip ("Needs the program setpriv");
  else if (scene_is_privileged ())
    scene_run_in_child (play_setuid, folder);
}

int
main (int    argc,
      char **argv)
{
#define ADD(path, data, function) \
  g_test_add ("/users/" path, TestFolder, data, test_folder_set_up, function, test_folder_tear_down)

  scene_init ();
  g_test_init (&argc, &argv, NULL);

  ADD ("sticky-folder", NULL, test_sticky_folder);
  ADD ("reader-of-leftover", GUINT_TO_POINTER (022), test_reader_of_leftover);
  ADD ("reader-of-leftover/private", GUINT_TO_POINTER (077), test_reader_of_leftover);
  ADD ("modes", NULL, test_modes);
  ADD ("modes/without-tmpfile", "--no-tmpfile", test_modes);
  ADD ("locked-folder", lock_folder, test_locked_folder);
  ADD ("locked-folder/many-places", lock_many_places, test_locked_folder);
  ADD ("setuid", NULL, test_setuid);

  return g_test_run ();
#undef ADD
}
