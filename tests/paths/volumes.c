/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Two processes on one path, on every kind of volume: those that can be had
 * here, and those that the helper makes believe in. */

#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <lockfile/glockfile-disk-calls.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- Ways ---------------------------------------------------------------- */

static const SceneOptions as_usual = { NULL };

typedef struct
{
  const char   *name;
  SceneOptions  first;
  SceneOptions  second;
} Pair;

static const Pair pairs[] = {
  { "as-usual", { NULL }, { NULL } },
  { "without-tmpfile", { "--no-tmpfile" }, { "--no-tmpfile" } },
  { "with-and-without-tmpfile", { NULL }, { "--no-tmpfile" } },
  { "without-kernel-locks", { "--no-flock" }, { "--no-flock" } },
  { "without-tmpfile-and-kernel-locks",
    { "--no-tmpfile", "--no-flock" }, { "--no-tmpfile", "--no-flock" } },
  { "shared", { "--shared" }, { "--shared" } },
  { "shared/without-tmpfile", { "--shared", "--no-tmpfile" }, { "--shared", "--no-tmpfile" } },
  { "shared/without-kernel-locks",
    { "--shared", "--no-tmpfile", "--no-flock" }, { "--shared", "--no-tmpfile", "--no-flock" } },
  { "shared/and-local", { "--shared", "--no-tmpfile" }, { NULL } },
};

static void
test_pair (TestFolder    *folder,
           gconstpointer  data)
{
  const Pair *pair = data;

  scene_play_pair (folder->lock_file, pair->first, pair->second);
}

/* A holder that is alive beyond doubt is not robbed, however old its file (J7). */
static void
test_pair_aged (TestFolder    *folder,
                gconstpointer  data)
{
  const Pair *pair = data;
  g_autoptr (TestHelper) holder = scene_start (folder->lock_file, pair->first);
  g_autoptr (TestHelper) contender = test_helper_start (folder->lock_file, "--stale-lock-time=1",
                                                        pair->second[0], pair->second[1],
                                                        pair->second[2], NULL);

  scene_check (holder, "lock", SCENE_OK);
  for (guint i = 0; i < 5; i++)
    {
      test_file_set_age (folder->lock_file, 24 * 3600);
      scene_check (contender, "try 0", SCENE_LOCKED);
      scene_check (contender, "try 50", SCENE_LOCKED);
      scene_check (contender, "remove-stale", SCENE_LOCKED);
    }
  scene_check (holder, "verify", SCENE_OK);
  scene_check (holder, "unlock", SCENE_OK);
  test_folder_assert_empty (folder);
}

/* The file's mode is what the user's umask leaves of 0666. */
static void
test_mode (TestFolder    *folder,
           gconstpointer  option)
{
  mode_t before = umask (027);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, option, NULL);
  struct stat status;

  umask (before);
  scene_check (helper, "lock", SCENE_OK);
  g_assert_no_errno (stat (folder->lock_file, &status));
  g_assert_cmpint (status.st_mode, ==, S_IFREG | 0640);
  scene_check (helper, "unlock", SCENE_OK);
  test_helper_finish (helper);
}

/* --- A creator that died (R3, J8) ---------------------------------------- */

static ssize_t
die_instead_of_writing (int         fd,
                        const void *buffer,
                        size_t      size,
                        off_t       offset)
{
  _exit (0);
}

static int
refuse_tmpfile (const char *path,
                int         flags,
                mode_t      mode)
{
  if ((flags & O_TMPFILE) == O_TMPFILE)
    {
      errno = EOPNOTSUPP;
      return -1;
    }

  return open (path, flags, mode);
}

/* Leaves the empty file of a process that was killed between creating and
 * writing it.
 */
static void
leave_empty_file (const char *path)
{
  pid_t child = fork ();

  if (child == 0)
    {
      g_autoptr (GLockFile) lock_file = g_lock_file_new (path);

      g_lock_file_system_calls.open = refuse_tmpfile;
      g_lock_file_system_calls.pwrite = die_instead_of_writing;
      g_lock_file_try_lock (lock_file, 0, NULL, NULL);
      _exit (1);
    }

  g_assert_cmpint (child, >, 0);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
}

static void
test_dead_creator (TestFolder    *folder,
                   gconstpointer  option)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, "--stale-lock-time=0",
                                                     option, NULL);
  struct stat status;

  leave_empty_file (folder->lock_file);
  g_assert_no_errno (stat (folder->lock_file, &status));
  g_assert_cmpint (status.st_size, ==, 0);
  scene_check (helper, "try 0", SCENE_LOCKED);
  test_file_set_age (folder->lock_file, 0);
  scene_check (helper, "remove-stale", SCENE_LOCKED);

  test_file_set_age (folder->lock_file, 31);
  scene_check (helper, "try 30000", SCENE_OK);
  scene_check (helper, "unlock", SCENE_OK);
  test_folder_assert_empty (folder);

  leave_empty_file (folder->lock_file);
  test_file_set_age (folder->lock_file, 3);
  scene_check (helper, "remove-stale", SCENE_OK);
  test_folder_assert_empty (folder);
}

/* --- No room for the name P.rmlock (R5, R6) -------------------------------- */

static GLockFileSystemCalls real_calls;
static GLockFile *rival;        /* tries in between, once */
static gboolean rival_got_it;

static int
refuse_flock (int fd,
              int operation)
{
  errno = ENOLCK;
  return -1;
}

static int
let_rival_go_first (int         directory,
                    const char *path)
{
  g_autoptr (GLockFile) lock_file = g_steal_pointer (&rival);

  if (lock_file == NULL)
    return real_calls.unlink (directory, path);

  rival_got_it = g_lock_file_try_lock (lock_file, 0, NULL, NULL);
  rival = rival_got_it ? g_steal_pointer (&lock_file) : NULL;
  return real_calls.unlink (directory, path);
}

/* Two find the same leftover. What keeps the slower one from removing the lock file
 * of the faster one is P.rmlock, or else the kernel lock; where there is neither,
 * nothing is removed.
 */
static void
test_long_name (TestFolder    *folder,
                gconstpointer  option)
{
  g_autofree char *name = g_strnfill (NAME_MAX - 2, 'x');
  g_autofree char *path = g_build_filename (folder->path, name, NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (path);
  g_autoptr (GError) error = NULL;
  const SceneOptions options = { option };
  gboolean locked;

  scene_leave_behind (path, options);

  real_calls = g_lock_file_system_calls;
  if (option != NULL)
    g_lock_file_system_calls.flock = refuse_flock;
  g_lock_file_system_calls.unlink = let_rival_go_first;
  rival = g_lock_file_new (path);
  rival_got_it = FALSE;
  locked = g_lock_file_try_lock (lock_file, 0, NULL, &error);
  g_lock_file_system_calls = real_calls;

  g_assert_false (rival_got_it);
  if (option == NULL)
    {
      g_assert_no_error (error);
      g_assert_true (locked);
      test_assert_unlock (lock_file);
      test_folder_assert_empty (folder);
    }
  else
    {
      g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_FAILED);
      test_folder_assert_files (folder, name, NULL);
    }
  g_clear_object (&rival);
}

/* --- Volumes that are there ---------------------------------------------- */

typedef struct
{
  const char *type;
  guint       megabytes;        /* of an image; 0: needs none */
  const char *mkfs_option;
} Volume;

static const Volume volumes[] = {
  { "tmpfs" },
  { "ramfs" },
  { "ext4", 16, "-q" },
  { "vfat", 16, "-v" },
  { "xfs", 320, "-q" },
  { "btrfs", 128, "-q" },
};

static void
test_volume (TestFolder    *folder,
             gconstpointer  data)
{
  const Volume *volume = data;
  g_autofree char *mounted = g_build_filename (folder->path, "volume", NULL);
  g_autofree char *inner = g_build_filename (mounted, "folder", NULL);
  g_autofree char *lock_file = g_build_filename (inner, "test.lock", NULL);

  if (!scene_can_mount ())
    return;
  g_assert_no_errno (g_mkdir (mounted, 0755));
  if (volume->megabytes == 0)
    scene_mount (volume->type, mounted, volume->type, NULL);
  else if (!scene_mount_image (mounted, volume->type, volume->megabytes, volume->mkfs_option))
    return;

  g_assert_no_errno (g_mkdir (inner, 0755));
  scene_play_pair (lock_file, as_usual, as_usual);
  scene_unmount (mounted);
}

/* One directory mounted twice is one file to the kernel. */
static void
test_bind_mount (TestFolder    *folder,
                 gconstpointer  data)
{
  g_autofree char *one = g_build_filename (folder->path, "one", NULL);
  g_autofree char *other = g_build_filename (folder->path, "other", NULL);
  g_autofree char *lock_file = g_build_filename (one, "test.lock", NULL);
  g_autofree char *other_lock_file = g_build_filename (other, "test.lock", NULL);

  if (!scene_can_mount ())
    return;
  g_assert_no_errno (g_mkdir (one, 0755));
  g_assert_no_errno (g_mkdir (other, 0755));
  g_assert_no_errno (mount (one, other, NULL, MS_BIND, NULL));

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (TestHelper) holder = test_helper_start (i ? other_lock_file : lock_file, NULL);
      g_autoptr (TestHelper) waiter = test_helper_start (i ? lock_file : other_lock_file, NULL);

      scene_check (holder, "lock", SCENE_OK);
      scene_check (waiter, "try 0", SCENE_LOCKED);
      test_helper_send (waiter, "lock");
      test_helper_await_sleep (waiter);
      test_helper_kill (holder);
      scene_await_ok (waiter);
      scene_check_holder (waiter, "previous", test_helper_get_pid (holder), "gone");
      scene_check (waiter, "unlock", SCENE_OK);
    }
  scene_unmount (other);
}

/* --- overlayfs ----------------------------------------------------------- */

typedef struct
{
  TestFolder  folder;
  char       *lower;
  char       *upper;
  char       *merged;
  char       *in_lower;
  char       *in_upper;
  char       *in_merged;
} Overlay;

static gboolean
overlay_mount (Overlay *overlay)
{
  g_autofree char *volume = g_build_filename (overlay->folder.path, "volume", NULL);
  g_autofree char *work = g_build_filename (volume, "work", NULL);
  g_autofree char *options = NULL;

  if (!scene_can_mount ())
    return FALSE;

  g_assert_no_errno (g_mkdir (volume, 0755));
  scene_mount ("tmpfs", volume, "tmpfs", NULL);
  overlay->lower = g_build_filename (volume, "lower", NULL);
  overlay->upper = g_build_filename (volume, "upper", NULL);
  overlay->merged = g_build_filename (volume, "merged", NULL);
  g_assert_no_errno (g_mkdir (overlay->lower, 0755));
  g_assert_no_errno (g_mkdir (overlay->upper, 0755));
  g_assert_no_errno (g_mkdir (overlay->merged, 0755));
  g_assert_no_errno (g_mkdir (work, 0755));
  options = g_strdup_printf ("lowerdir=%s,upperdir=%s,workdir=%s", overlay->lower, overlay->upper,
                             work);
  if (mount ("overlay", overlay->merged, "overlay", 0, options) != 0)
    {
      g_autofree char *reason = g_strdup_printf ("No overlayfs: %s", g_strerror (errno));

      g_test_skip (reason);
      return FALSE;
    }

  overlay->in_lower = g_build_filename (overlay->lower, "test.lock", NULL);
  overlay->in_upper = g_build_filename (overlay->upper, "test.lock", NULL);
  overlay->in_merged = g_build_filename (overlay->merged, "test.lock", NULL);
  return TRUE;
}

static void
overlay_set_up (Overlay       *overlay,
                gconstpointer  data)
{
  test_folder_set_up (&overlay->folder, NULL);
}

static void
overlay_tear_down (Overlay       *overlay,
                   gconstpointer  data)
{
  if (overlay->merged != NULL)
    {
      g_autofree char *volume = g_path_get_dirname (overlay->merged);

      umount2 (overlay->merged, MNT_DETACH);
      scene_unmount (volume);
    }
  g_free (overlay->lower);
  g_free (overlay->upper);
  g_free (overlay->merged);
  g_free (overlay->in_lower);
  g_free (overlay->in_upper);
  g_free (overlay->in_merged);
  test_folder_tear_down (&overlay->folder, NULL);
}

static void
test_overlay (Overlay       *overlay,
              gconstpointer  data)
{
  if (overlay_mount (overlay))
    scene_play_pair (overlay->in_merged, as_usual, as_usual);
}

/* The image of a container may contain a leftover. Its device is another one
 * than the overlay's, so the process decides (J6), not the kernel (J3).
 */
static void
test_overlay_leftover_below (Overlay       *overlay,
                             gconstpointer  data)
{
  g_autoptr (TestHelper) helper = NULL;
  g_autofree char *before = NULL;
  pid_t pid;

  if (!overlay_mount (overlay))
    return;

  helper = test_helper_start (overlay->in_merged, NULL);
  pid = scene_leave_behind (overlay->in_lower, as_usual);
  before = scene_describe (overlay->lower);
  scene_check_holder (helper, "query", pid, "gone");
  scene_check (helper, "try 0", SCENE_OK);
  scene_check_holder (helper, "previous", pid, "gone");
  scene_check (helper, "unlock", SCENE_OK);
  scene_check (helper, "query", SCENE_NOT_FOUND);
  scene_assert_unchanged (overlay->lower, before);
}

/* An overlay and its upper directory are two inodes to the kernel, and their
 * locks do not meet: a free kernel lock says nothing there. (The other way
 * round an overlay does not even notice what its upper directory gets.)
 */
static void
test_overlay_and_upper (Overlay       *overlay,
                        gconstpointer  data)
{
  g_autoptr (TestHelper) holder = NULL;
  g_autoptr (TestHelper) contender = NULL;
  pid_t pid;

  if (!overlay_mount (overlay))
    return;

  holder = test_helper_start (overlay->in_merged, NULL);
  contender = test_helper_start (overlay->in_upper, "--stale-lock-time=1", NULL);
  pid = test_helper_get_pid (holder);
  scene_check (holder, "lock", SCENE_OK);
  /* Aged (J7), but not to before this boot (J8). */
  test_file_set_age (overlay->in_merged, 5);
  scene_check_holder (contender, "query", pid, "running");
  scene_check (contender, "try 0", SCENE_LOCKED);
  scene_check (contender, "try 100", SCENE_LOCKED);
  scene_check (holder, "verify", SCENE_OK);

  test_helper_kill (holder);
  scene_check (contender, "try 0", SCENE_OK);
  scene_check_holder (contender, "previous", pid, "gone");
  scene_check (contender, "unlock", SCENE_OK);
}

int
main (int    argc,
      char **argv)
{
#define ADD(path, data, function) \
  g_test_add (path, TestFolder, data, test_folder_set_up, function, test_folder_tear_down)
#define ADD_OVERLAY(path, function) \
  g_test_add (path, Overlay, NULL, overlay_set_up, function, overlay_tear_down)

  scene_init ();
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *path = g_strconcat ("/volumes/ways/", pairs[i].name, NULL);
      g_autofree char *aged = g_strconcat ("/volumes/aged/", pairs[i].name, NULL);

      ADD (path, &pairs[i], test_pair);
      ADD (aged, &pairs[i], test_pair_aged);
    }
  ADD ("/volumes/mode", NULL, test_mode);
  ADD ("/volumes/mode/without-tmpfile", "--no-tmpfile", test_mode);
  ADD ("/volumes/dead-creator", NULL, test_dead_creator);
  ADD ("/volumes/dead-creator/without-tmpfile", "--no-tmpfile", test_dead_creator);
  ADD ("/volumes/long-name", NULL, test_long_name);
  ADD ("/volumes/long-name/without-kernel-locks", "--no-flock", test_long_name);
  for (guint i = 0; i < G_N_ELEMENTS (volumes); i++)
    {
      g_autofree char *path = g_strconcat ("/volumes/real/", volumes[i].type, NULL);

      ADD (path, &volumes[i], test_volume);
    }
  ADD ("/volumes/real/bind-mount", NULL, test_bind_mount);
  ADD_OVERLAY ("/volumes/overlay", test_overlay);
  ADD_OVERLAY ("/volumes/overlay/leftover-below", test_overlay_leftover_below);
  ADD_OVERLAY ("/volumes/overlay/and-upper", test_overlay_and_upper);

  return g_test_run ();
#undef ADD
#undef ADD_OVERLAY
}
