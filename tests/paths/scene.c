/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The exit status of a child that cannot be run here. */
#define CHILD_SKIPPED 77

/* How often two processes take turns in scene_play_pair(). */
#define TURNS 10

static gboolean have_mounts;

void
scene_init (void)
{
  have_mounts = (unshare (CLONE_NEWNS) == 0 &&
                 mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
}

/* Whether other users get to the folders that tests make. */
static gboolean
is_open_to_all (const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);
  struct stat status;

  return stat (path, &status) == 0 && (status.st_mode & S_IXOTH) != 0 &&
         (strcmp (parent, path) == 0 || is_open_to_all (parent));
}

gboolean
scene_is_privileged (void)
{
  const char *lack = NULL;

  if (geteuid () != 0)
    lack = "Needs root, to act as another user";
  else if (!is_open_to_all (g_get_tmp_dir ()))
    lack = "Needs a temporary folder that is open to other users";

  if (lack != NULL)
    g_test_skip (lack);
  return lack == NULL;
}

gboolean
scene_can_mount (void)
{
  if (!have_mounts)
    g_test_skip ("Needs the right to mount file systems");
  return have_mounts;
}

/* Mounts */

void
scene_mount (const char *source,
             const char *target,
             const char *type,
             const char *options)
{
  g_assert_true (have_mounts);
  if (mount (source, target, type, 0, options) != 0)
    g_error ("Cannot mount %s (%s) on %s: %s", type, options, target, g_strerror (errno));
}

void
scene_unmount (const char *target)
{
  g_assert_no_errno (umount2 (target, MNT_DETACH));
}

gboolean
scene_run (const char *program,
           ...)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  const char *argument;
  va_list rest;
  int status;

  g_ptr_array_add (arguments, (char *) program);
  va_start (rest, program);
  while ((argument = va_arg (rest, const char *)) != NULL)
    g_ptr_array_add (arguments, (char *) argument);
  va_end (rest);
  g_ptr_array_add (arguments, NULL);

  if (g_spawn_sync (NULL, (char **) arguments->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                    &output, &errors, &status, &error) &&
      g_spawn_check_wait_status (status, &error))
    return TRUE;

  g_test_message ("%s: %s %s", program, error->message, errors != NULL ? errors : "");
  return FALSE;
}

static gboolean
kernel_knows (const char *file_system)
{
  g_autofree char *list = test_file_read ("/proc/filesystems");
  g_autofree char *line = g_strdup_printf ("\t%s\n", file_system);

  return strstr (list, line) != NULL;
}

gboolean
scene_mount_image (const char *target,
                   const char *type,
                   guint       megabytes,
                   const char *mkfs_option)
{
  g_autofree char *image = g_strconcat (target, ".img", NULL);
  g_autofree char *mkfs = g_strconcat ("mkfs.", type, NULL);
  g_autofree char *search_path = g_strconcat (g_getenv ("PATH"), ":/usr/sbin:/sbin", NULL);
  g_autofree char *skipped = NULL;
  int fd;

  if (!scene_can_mount ())
    return FALSE;

  g_setenv ("PATH", search_path, TRUE);
  fd = g_open (image, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  g_assert_cmpint (fd, >=, 0);
  g_assert_no_errno (ftruncate (fd, (off_t) megabytes << 20));
  close (fd);

  if (!scene_run (mkfs, image, mkfs_option, NULL))
    skipped = g_strdup_printf ("Needs the program %s", mkfs);
  else if (!scene_run ("mount", "-o", "loop", "-t", type, image, target, NULL))
    skipped = g_strdup_printf ("%s cannot be mounted here", type);
  /* The loop device keeps what it needs of it. */
  g_assert_no_errno (g_unlink (image));

  /* Only for a lack, never for a failure. */
  if (skipped != NULL && kernel_knows (type) && g_find_program_in_path (mkfs) != NULL)
    g_error ("%s", skipped);
  if (skipped != NULL)
    g_test_skip (skipped);
  return skipped == NULL;
}

void
scene_fill (const char *file_name)
{
  static const char block[4096] = "full";
  size_t size = sizeof block;
  int fd = g_open (file_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  while (size > 0)
    {
      /* Some file systems reserve blocks late: then it is the sync that fails. */
      ssize_t written = write (fd, block, size);

      if (written < 0)
        g_assert_true (errno == ENOSPC || errno == EDQUOT);
      if (written < (ssize_t) size)
        size /= 2;
    }
  fsync (fd);
  close (fd);
}

/* Children */

void
scene_run_in_child (void          (*function) (gconstpointer data),
                    gconstpointer   data)
{
  int status;
  pid_t child, result;

  fflush (stdout);
  child = fork ();
  if (child == 0)
    {
      function (data);
      fflush (stdout);
      _exit (0);
    }

  g_assert_cmpint (child, >, 0);
  do
    result = waitpid (child, &status, 0);
  while (result < 0 && errno == EINTR);
  g_assert_cmpint (result, ==, child);

  if (WIFEXITED (status) && WEXITSTATUS (status) == CHILD_SKIPPED)
    g_test_skip ("Not possible here, see the message above");
  else
    g_assert_cmpint (status, ==, 0);
}

void
scene_child_skip (const char *reason)
{
  g_test_message ("Skipped: %s", reason);
  fflush (stdout);
  _exit (CHILD_SKIPPED);
}

/* What lies in a folder */

static void
describe_content (GString    *text,
                  const char *path)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  char buffer[4096];
  ssize_t length;
  int fd = open (path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME);

  g_assert_cmpint (fd, >=, 0);
  while ((length = read (fd, buffer, sizeof buffer)) > 0)
    g_checksum_update (checksum, (guchar *) buffer, length);
  g_assert_cmpint (length, ==, 0);
  close (fd);
  g_string_append_printf (text, " %s", g_checksum_get_string (checksum));
}

static void
describe_entry (GString    *text,
                const char *path,
                gboolean    is_top)
{
  struct stat status;

  g_assert_no_errno (lstat (path, &status));
  g_string_append_printf (text, "%s mode %o owner %d:%d inode %" G_GUINT64_FORMAT,
                          path, status.st_mode, (int) status.st_uid, (int) status.st_gid,
                          (guint64) status.st_ino);
  /* The folder itself may be written while P.rmlock comes and goes. */
  if (!is_top)
    g_string_append_printf (text, " links %d size %" G_GINT64_FORMAT
                            " modified %" G_GINT64_FORMAT ".%09ld"
                            " changed %" G_GINT64_FORMAT ".%09ld",
                            (int) status.st_nlink, (gint64) status.st_size,
                            (gint64) status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                            (gint64) status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
  if (S_ISREG (status.st_mode) && status.st_size < 1 << 20)
    describe_content (text, path);
  if (S_ISLNK (status.st_mode))
    {
      g_autofree char *target = g_file_read_link (path, NULL);

      g_string_append_printf (text, " -> %s", target);
    }
  g_string_append_c (text, '\n');
}

static int
compare_paths (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

static void
describe_folder (GString    *text,
                 const char *path,
                 gboolean    is_top)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  describe_entry (text, path, is_top);
  g_assert_nonnull (directory);
  while ((name = g_dir_read_name (directory)) != NULL)
    g_ptr_array_add (entries, g_build_filename (path, name, NULL));
  g_ptr_array_sort (entries, compare_paths);

  for (guint i = 0; i < entries->len; i++)
    {
      struct stat status;

      g_assert_no_errno (lstat (entries->pdata[i], &status));
      if (S_ISDIR (status.st_mode))
        describe_folder (text, entries->pdata[i], FALSE);
      else
        describe_entry (text, entries->pdata[i], FALSE);
    }
}

char *
scene_describe (const char *folder)
{
  GString *text = g_string_new (NULL);

  describe_folder (text, folder, TRUE);
  return g_string_free (text, FALSE);
}

/* The helper's answers */

char *
scene_ask (TestHelper  *helper,
           const char  *command,
           SceneResult  expected)
{
  char *answer = test_helper_ask (helper, command);
  g_autofree char *prefix = NULL;

  if (expected == SCENE_OK)
    prefix = g_strdup ("ok");
  else
    prefix = g_strdup_printf ("error %s %d ", g_quark_to_string (G_LOCK_FILE_ERROR), expected);

  g_test_message ("%s -> %s", command, answer);
  if (!g_str_has_prefix (answer, prefix))
    g_error ("“%s” was answered by “%s” instead of “%s”", command, answer, prefix);
  return answer;
}

void
scene_check (TestHelper  *helper,
             const char  *command,
             SceneResult  expected)
{
  g_free (scene_ask (helper, command, expected));
}

void
scene_check_holder (TestHelper *helper,
                    const char *command,
                    pid_t       pid,
                    const char *state)
{
  g_autofree char *answer = scene_ask (helper, command, SCENE_OK);
  g_autofree char *holder = g_strdup_printf ("ok pid=%d state=%s ", (int) pid, state);

  if (!g_str_has_prefix (answer, holder))
    g_error ("“%s” was answered by “%s” instead of “%s”", command, answer, holder);
}

void
scene_await_ok (TestHelper *helper)
{
  g_autofree char *answer = test_helper_read (helper);

  g_assert_cmpstr (answer, ==, "ok");
}

/* Two processes */

TestHelper *
scene_start (const char         *lock_file,
             const SceneOptions  options)
{
  return test_helper_start (lock_file, options[0], options[1], options[2], options[3], NULL);
}

pid_t
scene_leave_behind (const char         *lock_file,
                    const SceneOptions  options)
{
  g_autoptr (TestHelper) helper = scene_start (lock_file, options);
  pid_t pid = test_helper_get_pid (helper);

  scene_check (helper, "lock", SCENE_OK);
  test_helper_kill (helper);
  return pid;
}

/* A holder is left alone, whatever one asks. */
static void
play_exclusion (TestHelper *holder,
                TestHelper *contender)
{
  scene_check (holder, "try 0", SCENE_OK);
  scene_check (contender, "try 0", SCENE_LOCKED);
  scene_check (contender, "try 100", SCENE_LOCKED);
  scene_check_holder (contender, "query", test_helper_get_pid (holder), "running");
  scene_check (contender, "remove-stale", SCENE_LOCKED);
  scene_check (holder, "verify", SCENE_OK);
  scene_check (holder, "unlock", SCENE_OK);
  scene_check (contender, "query", SCENE_NOT_FOUND);
}

/* Both want it at the same time, again and again: exactly one has it. */
static void
play_turns (TestHelper *a,
            TestHelper *b)
{
  for (guint i = 0; i < TURNS; i++)
    {
      TestHelper *winner, *loser;

      test_helper_send (a, "lock");
      test_helper_send (b, "lock");
      while (!test_helper_has_answer (a, 1000) && !test_helper_has_answer (b, 1000))
        continue;
      winner = test_helper_has_answer (a, 0) ? a : b;
      loser = winner == a ? b : a;
      scene_await_ok (winner);
      scene_check (winner, "verify", SCENE_OK);
      g_assert_false (test_helper_has_answer (loser, 0));
      scene_check (winner, "unlock", SCENE_OK);
      scene_await_ok (loser);
      scene_check (loser, "unlock", SCENE_OK);
    }
}

/* One that waits is served when the holder lets go. */
static void
play_hand_over (TestHelper *holder,
                TestHelper *waiter)
{
  scene_check (holder, "lock", SCENE_OK);
  test_helper_send (waiter, "lock");
  test_helper_await_sleep (waiter);
  g_assert_false (test_helper_has_answer (waiter, 0));
  scene_check (holder, "unlock", SCENE_OK);
  scene_await_ok (waiter);
  scene_check (waiter, "unlock", SCENE_OK);
}

/* One that waits is served when the holder is killed. */
static void
play_crash (const char         *lock_file,
            const SceneOptions  options,
            TestHelper         *waiter)
{
  g_autoptr (TestHelper) holder = scene_start (lock_file, options);

  scene_check (holder, "lock", SCENE_OK);
  test_helper_send (waiter, "lock");
  test_helper_await_sleep (waiter);
  g_assert_false (test_helper_has_answer (waiter, 0));
  test_helper_kill (holder);
  scene_await_ok (waiter);
  scene_check_holder (waiter, "previous", test_helper_get_pid (holder), "gone");
  scene_check (waiter, "unlock", SCENE_OK);
}

/* What a killed process left is replaced at once, or removed. */
static void
play_leftover (const char         *lock_file,
               const SceneOptions  options,
               TestHelper         *contender)
{
  pid_t pid = scene_leave_behind (lock_file, options);

  scene_check_holder (contender, "query", pid, "gone");
  scene_check (contender, "try 0", SCENE_OK);
  scene_check_holder (contender, "previous", pid, "gone");
  scene_check (contender, "unlock", SCENE_OK);

  scene_leave_behind (lock_file, options);
  scene_check (contender, "remove-stale", SCENE_OK);
  scene_check (contender, "remove-stale", SCENE_NOT_FOUND);
}

void
scene_play_pair (const char         *lock_file,
                 const SceneOptions  first,
                 const SceneOptions  second)
{
  g_autoptr (TestHelper) a = scene_start (lock_file, first);
  g_autoptr (TestHelper) b = scene_start (lock_file, second);
  g_autofree char *path = g_path_get_dirname (lock_file);
  TestFolder folder = { .path = path };

  play_exclusion (a, b);
  test_folder_assert_empty (&folder);
  play_exclusion (b, a);
  play_turns (a, b);
  test_folder_assert_empty (&folder);
  play_hand_over (a, b);
  play_hand_over (b, a);
  test_folder_assert_empty (&folder);
  play_crash (lock_file, first, b);
  play_crash (lock_file, second, a);
  test_folder_assert_empty (&folder);
  play_leftover (lock_file, first, b);
  play_leftover (lock_file, second, a);
  test_folder_assert_empty (&folder);

  test_helper_finish (a);
  test_helper_finish (b);
}
