/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What may stand at the path instead of a lock file, and where the path may
 * lead: the right error at once, in words that name the file and the cause, and
 * nothing is removed, changed, left behind or kept open.
 */

#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* An error that waiting cannot cure comes long before this, in microseconds. */
#define AT_ONCE (20 * G_TIME_SPAN_SECOND)

/* So many files, P and one removal lock above the other, are all that the library looks
 * at. */
#define REMOVAL_LOCKS 6

static const SceneOptions as_usual = { NULL };

typedef struct
{
  TestFolder  folder;
  char       *path;             /* what is asked about; NULL: cannot be made here */
  char       *mounted;          /* (nullable) */
  pid_t       blocked;          /* a process that stands in open(), or 0 */
  int         woken;            /* what it writes to when it is woken */
} Scene;

typedef enum
{
  PRIVILEGED = 1 << 0,
  MOUNTS = 1 << 1,
} Needs;

/* One odd path: how it is made, who looks at it, and what the answers are. */
typedef struct
{
  const char   *name;
  void        (*build) (Scene *scene);
  SceneResult   lock;
  SceneResult   query;
  SceneResult   remove;
  const char   *cause;          /* words of the message of `lock` */
  const char   *option;         /* of the helper */
  Needs         needs;
} OddPath;

static void
scene_set_up (Scene         *scene,
              gconstpointer  data)
{
  test_folder_set_up (&scene->folder, NULL);
  scene->path = g_strdup (scene->folder.lock_file);
  scene->woken = -1;
}

static void
scene_tear_down (Scene         *scene,
                 gconstpointer  data)
{
  if (scene->mounted != NULL)
    scene_unmount (scene->mounted);
  if (scene->blocked != 0)
    {
      kill (scene->blocked, SIGKILL);
      waitpid (scene->blocked, NULL, 0);
    }
  if (scene->woken >= 0)
    close (scene->woken);
  test_folder_tear_down (&scene->folder, NULL);
  g_free (scene->path);
  g_free (scene->mounted);
}

static char *
sibling (Scene      *scene,
         const char *name)
{
  return g_build_filename (scene->folder.path, name, NULL);
}

/* Takes the name @name in the scene's folder for the path. */
static void
move_path (Scene      *scene,
           const char *name)
{
  g_free (scene->path);
  scene->path = sibling (scene, name);
}

static void
write_bytes (const char *file_name,
             const void *bytes,
             size_t      size)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (file_name, bytes, size, &error);
  g_assert_no_error (error);
}

/* --- What stands at the path --------------------------------------------- */

static void
build_directory (Scene *scene)
{
  g_assert_no_errno (g_mkdir (scene->path, 0777));
}

static void
build_full_directory (Scene *scene)
{
  g_autofree char *file = g_build_filename (scene->path, "letter", NULL);

  build_directory (scene);
  test_file_write (file, "Dear Anna,\n");
}

static void
build_dangling_link (Scene *scene)
{
  g_assert_no_errno (symlink ("nowhere", scene->path));
}

static void
build_link_to_lock_file (Scene *scene)
{
  g_autofree char *target = sibling (scene, "target.lock");

  scene_leave_behind (target, as_usual);
  g_assert_no_errno (symlink ("target.lock", scene->path));
}

static void
build_link_to_document (Scene *scene)
{
  g_autofree char *target = sibling (scene, "letter");

  test_file_write (target, "Dear Anna,\n");
  g_assert_no_errno (symlink (target, scene->path));
}

static void
build_link_to_itself (Scene *scene)
{
  g_assert_no_errno (symlink ("test.lock", scene->path));
}

static void
build_fifo (Scene *scene)
{
  g_assert_no_errno (mkfifo (scene->path, 0666));
}

/* A process that stands in open() until somebody opens the other end. */
static void
build_fifo_with_process (Scene *scene,
                         int    flags)
{
  g_autofree char *path = NULL;
  g_autofree char *status = NULL;
  int pipe_fds[2];

  build_fifo (scene);
  g_assert_no_errno (pipe2 (pipe_fds, O_CLOEXEC));
  scene->woken = pipe_fds[0];
  scene->blocked = fork ();
  if (scene->blocked == 0)
    {
      int fd = open (scene->path, flags);

      if (write (pipe_fds[1], "!", 1) == 1 && fd >= 0)
        pause ();
      _exit (0);
    }
  g_assert_cmpint (scene->blocked, >, 0);
  close (pipe_fds[1]);

  /* It sleeps nowhere but in open(). */
  path = g_strdup_printf ("/proc/%d/stat", (int) scene->blocked);
  do
    {
      g_free (status);
      status = test_file_read (path);
    }
  while (strstr (status, ") S ") == NULL);
}

static void
build_fifo_with_writer (Scene *scene)
{
  build_fifo_with_process (scene, O_WRONLY);
}

static void
build_fifo_with_reader (Scene *scene)
{
  build_fifo_with_process (scene, O_RDONLY);
}

static void
build_socket (Scene *scene)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (g_strlcpy (address.sun_path, scene->path, sizeof address.sun_path), <,
                   sizeof address.sun_path);
  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, sizeof address));
  close (fd);
}

static void
build_character_device (Scene *scene)
{
  g_assert_no_errno (mknod (scene->path, S_IFCHR | 0666, makedev (1, 5)));
}

static void
build_block_device (Scene *scene)
{
  g_assert_no_errno (mknod (scene->path, S_IFBLK | 0666, makedev (7, 0)));
}

static void
build_document (Scene *scene)
{
  g_autoptr (GString) text = g_string_new (NULL);

  while (text->len < 10 * 1024)
    g_string_append_printf (text, "Line %" G_GSIZE_FORMAT " of a long letter.\n", text->len);
  write_bytes (scene->path, text->str, text->len);
}

static void
build_note (Scene *scene)
{
  test_file_write (scene->path, "Dear Anna,\n\nsee you on Monday.\n");
}

static void
build_numbered_note (Scene *scene)
{
  test_file_write (scene->path, "12 apples\n3 pears\n");
}

static void
build_binary (Scene *scene)
{
  static const char bytes[] = "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0>\0";

  write_bytes (scene->path, bytes, sizeof bytes);
}

/* A number in line 1, but no text after it. */
static void
build_numbered_binary (Scene *scene)
{
  static const char bytes[] = "4711\n\0\1\2\377\376";

  write_bytes (scene->path, bytes, sizeof bytes);
}

/* Longer than a lock file may be, though it begins like one. */
static void
build_endless_lock_file (Scene *scene)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *content = NULL;

  scene_leave_behind (scene->path, as_usual);
  content = test_file_read (scene->path);
  g_string_append (text, content);
  while (text->len <= 4096)
    g_string_append (text, "more=of the same\n");
  test_file_write (scene->path, text->str);
}

static void
build_unreadable (Scene *scene)
{
  scene_leave_behind (scene->path, as_usual);
  g_assert_no_errno (g_chmod (scene->path, 0));
  g_assert_no_errno (g_chmod (scene->folder.path, 0777));
}

/* R7: readable for everybody, judged stale, and may not be deleted. */
static void
build_sticky_leftover (Scene *scene)
{
  scene_leave_behind (scene->path, as_usual);
  g_assert_no_errno (g_chmod (scene->path, 0644));
  g_assert_no_errno (g_chmod (scene->folder.path, 01777));
}

static void
build_protected_leftover (Scene *scene)
{
  scene_leave_behind (scene->path, as_usual);
  g_assert_no_errno (g_chmod (scene->path, 0644));
  g_assert_no_errno (g_chmod (scene->folder.path, 0755));
}

/* --- Where the path leads ------------------------------------------------ */

static void
build_read_only_directory (Scene *scene)
{
  g_assert_no_errno (g_chmod (scene->folder.path, 0755));
}

static void
build_closed_directory (Scene *scene)
{
  g_autofree char *closed = sibling (scene, "closed");

  g_assert_no_errno (g_chmod (scene->folder.path, 0755));
  g_assert_no_errno (g_mkdir (closed, 0700));
  move_path (scene, "closed/test.lock");
}

static void
build_missing_directory (Scene *scene)
{
  move_path (scene, "missing/test.lock");
}

static void
build_component_is_file (Scene *scene)
{
  g_autofree char *file = sibling (scene, "letter");

  test_file_write (file, "Dear Anna,\n");
  move_path (scene, "letter/test.lock");
}

static void
build_component_is_dangling (Scene *scene)
{
  g_autofree char *link = sibling (scene, "link");

  g_assert_no_errno (symlink ("nowhere", link));
  move_path (scene, "link/test.lock");
}

static void
build_component_is_loop (Scene *scene)
{
  g_autofree char *link = sibling (scene, "loop");

  g_assert_no_errno (symlink ("loop", link));
  move_path (scene, "loop/test.lock");
}

static void
build_empty_name (Scene *scene)
{
  g_free (scene->path);
  scene->path = g_strdup ("");
}

static void
build_dot (Scene *scene)
{
  move_path (scene, ".");
}

static void
build_dot_dot (Scene *scene)
{
  g_autofree char *inner = sibling (scene, "inner");

  g_assert_no_errno (g_mkdir (inner, 0777));
  move_path (scene, "inner/..");
}

static void
build_root (Scene *scene)
{
  g_free (scene->path);
  scene->path = g_strdup ("/");
}

static void
build_slash_behind_directory (Scene *scene)
{
  g_autofree char *path = g_strconcat (scene->path, "/", NULL);

  build_directory (scene);
  g_free (scene->path);
  scene->path = g_steal_pointer (&path);
}

static void
build_slash_behind_nothing (Scene *scene)
{
  g_autofree char *path = g_strconcat (scene->path, "/", NULL);

  g_free (scene->path);
  scene->path = g_steal_pointer (&path);
}

static void
build_slash_behind_document (Scene *scene)
{
  build_note (scene);
  build_slash_behind_nothing (scene);
}

static void
build_long_name (Scene *scene)
{
  g_autofree char *name = g_strnfill (NAME_MAX + 1, 'x');

  move_path (scene, name);
}

static void
build_long_path (Scene *scene)
{
  g_autoptr (GString) path = g_string_new (scene->folder.path);

  while (path->len <= PATH_MAX)
    g_string_append (path, "/folder");
  g_string_append (path, "/test.lock");
  g_free (scene->path);
  scene->path = g_strdup (path->str);
}

/* --- Volumes ------------------------------------------------------------- */

static void
mount_volume (Scene      *scene,
              const char *type,
              const char *options)
{
  scene->mounted = sibling (scene, "volume");
  g_assert_no_errno (g_mkdir (scene->mounted, 0755));
  move_path (scene, "volume/test.lock");
  if (type != NULL)
    scene_mount (type, scene->mounted, type, options);
}

static gboolean
mount_image (Scene      *scene,
             const char *type,
             guint       megabytes,
             const char *mkfs_option)
{
  if (scene_mount_image (scene->mounted, type, megabytes, mkfs_option))
    return TRUE;

  g_clear_pointer (&scene->mounted, g_free);
  g_clear_pointer (&scene->path, g_free);
  return FALSE;
}

static void
make_read_only (Scene *scene)
{
  g_assert_no_errno (mount (NULL, scene->mounted, NULL, MS_REMOUNT | MS_RDONLY, NULL));
}

static void
build_read_only_volume (Scene *scene)
{
  mount_volume (scene, "tmpfs", NULL);
  make_read_only (scene);
}

static void
build_read_only_leftover (Scene *scene)
{
  mount_volume (scene, "tmpfs", NULL);
  scene_leave_behind (scene->path, as_usual);
  make_read_only (scene);
}

static void
fill_volume (Scene *scene)
{
  g_autofree char *filler = g_build_filename (scene->mounted, "filler", NULL);

  scene_fill (filler);
}

static void
build_full_tmpfs (Scene *scene)
{
  mount_volume (scene, "tmpfs", "size=64k");
  fill_volume (scene);
}

/* R5: also the removal takes a lock file, which there is no room for. */
static void
build_full_tmpfs_with_leftover (Scene *scene)
{
  mount_volume (scene, "tmpfs", "size=64k");
  scene_leave_behind (scene->path, as_usual);
  fill_volume (scene);
}

static void
build_full_ext4 (Scene *scene)
{
  mount_volume (scene, NULL, NULL);
  /* Nothing is set aside for root. */
  if (mount_image (scene, "ext4", 8, "-m0"))
    fill_volume (scene);
}

static void
build_no_inodes (Scene *scene)
{
  g_autofree char *filler = NULL;

  /* One for the top folder and one for the filler. */
  mount_volume (scene, "tmpfs", "nr_inodes=2");
  filler = g_build_filename (scene->mounted, "filler", NULL);
  test_file_write (filler, "");
}

static void
build_quota (Scene *scene)
{
  g_autofree char *subvolume = NULL;

  mount_volume (scene, NULL, NULL);
  if (!mount_image (scene, "btrfs", 128, "-q"))
    return;

  subvolume = g_build_filename (scene->mounted, "limited", NULL);
  move_path (scene, "volume/limited/test.lock");
  if (!scene_run ("btrfs", "quota", "enable", scene->mounted, NULL) ||
      !scene_run ("btrfs", "subvolume", "create", subvolume, NULL) ||
      !scene_run ("btrfs", "qgroup", "limit", "64K", subvolume, NULL))
    {
      g_test_skip ("btrfs has no quota here");
      g_clear_pointer (&scene->path, g_free);
    }
}

/* --- The questions ------------------------------------------------------- */

static int
watch_opening (const char *path)
{
  struct stat status;
  int fd;

  if (lstat (path, &status) != 0 || (!S_ISCHR (status.st_mode) && !S_ISBLK (status.st_mode)))
    return -1;

  fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (inotify_add_watch (fd, path, IN_OPEN), >=, 0);
  return fd;
}

/* Opening some devices does something: it rewinds a tape, say. */
static void
assert_not_opened (int fd)
{
  char buffer[4096];

  if (fd < 0)
    return;
  g_assert_cmpint (read (fd, buffer, sizeof buffer), ==, -1);
  g_assert_cmpint (errno, ==, EAGAIN);
  close (fd);
}

/* An answer that does not depend on time comes at once. */
static char *
ask_at_once (TestHelper  *helper,
             const char  *command,
             SceneResult  expected)
{
  gint64 begin = g_get_monotonic_time ();
  char *answer = scene_ask (helper, command, expected);

  g_assert_cmpint (g_get_monotonic_time () - begin, <, AT_ONCE);
  g_assert_true (g_utf8_validate (answer, -1, NULL));
  return answer;
}

static void
assert_message (const char *answer,
                const char *words)
{
  g_autofree char *folded = g_utf8_casefold (answer, -1);
  g_autofree char *folded_words = g_utf8_casefold (words, -1);

  if (strstr (folded, folded_words) == NULL)
    g_error ("“%s” does not say “%s”", answer, words);
}

static void
ask_everything (Scene         *scene,
                const OddPath *odd,
                TestHelper    *helper)
{
  static const char * const commands[] = { "try 0", "try 100", "lock" };
  g_autofree char *name = g_filename_display_basename (scene->path);
  g_autofree char *query = NULL;
  g_autofree char *remove = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *answer = NULL;

      /* Only what is held can be waited for. */
      if (odd->lock == SCENE_LOCKED && g_strcmp0 (commands[i], "lock") == 0)
        continue;
      answer = ask_at_once (helper, commands[i], odd->lock);
      if (*scene->path != '\0')
        assert_message (answer, name);
      assert_message (answer, odd->cause);
      test_assert_answer (helper, "is-locked", "no");
    }

  query = ask_at_once (helper, "query", odd->query);
  remove = ask_at_once (helper, "remove-stale", odd->remove);
  if (odd->query != SCENE_OK && *scene->path != '\0')
    assert_message (query, name);
  if (*scene->path != '\0')
    assert_message (remove, name);
  test_assert_answer (helper, "previous", "none");
}

static void
test_odd_path (Scene         *scene,
               gconstpointer  data)
{
  const OddPath *odd = data;
  g_autoptr (TestHelper) helper = NULL;
  g_autofree char *before = NULL;
  g_autofree char *descriptors = NULL;
  const char *folder;
  int watch;

  if (((odd->needs & PRIVILEGED) && !scene_is_privileged ()) ||
      ((odd->needs & MOUNTS) && !scene_can_mount ()))
    return;
  odd->build (scene);
  if (scene->path == NULL)
    return;

  helper = test_helper_start (scene->path, odd->option, NULL);
  /* The lock's own folder may be written to meanwhile. */
  folder = scene->mounted != NULL ? scene->mounted : scene->folder.path;
  before = scene_describe (folder);
  watch = watch_opening (scene->path);

  /* What is opened once for the whole process is open after the first round. */
  ask_everything (scene, odd, helper);
  descriptors = test_helper_ask (helper, "fd");
  ask_everything (scene, odd, helper);
  test_assert_answer (helper, "fd", descriptors);
  test_helper_finish (helper);

  assert_not_opened (watch);
  if (scene->blocked != 0)
    {
      struct pollfd woken = { .fd = scene->woken, .events = POLLIN };

      g_assert_cmpint (poll (&woken, 1, 100), ==, 0);
    }
  scene_assert_unchanged (folder, before);
}

static const OddPath odd_paths[] = {
  { "directory", build_directory,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "full-directory", build_full_directory,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "symbolic-link/dangling", build_dangling_link,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "symbolic-link/to-lock-file", build_link_to_lock_file,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "symbolic-link/to-document", build_link_to_document,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "symbolic-link/to-itself", build_link_to_itself,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "symbolic-link/without-tmpfile", build_dangling_link,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file",
    "--no-tmpfile" },
  { "fifo", build_fifo,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "fifo/blocked-writer", build_fifo_with_writer,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "fifo/blocked-writer/shared", build_fifo_with_writer,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file", "--shared" },
  { "fifo/blocked-reader/shared", build_fifo_with_reader,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file", "--shared" },
  { "socket", build_socket,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "character-device", build_character_device,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file",
    NULL, PRIVILEGED },
  { "block-device", build_block_device,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file",
    NULL, PRIVILEGED },
  { "block-device/shared", build_block_device,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file",
    "--shared", PRIVILEGED },
  { "document", build_document,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "document/short", build_note,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "document/short/shared", build_note,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file", "--shared" },
  { "document/short/without-kernel-locks", build_note,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file", "--no-flock" },
  { "document/numbered", build_numbered_note,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "document/binary", build_binary,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "document/numbered-binary", build_numbered_binary,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "document/like-a-lock-file", build_endless_lock_file,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },

  { "unreadable", build_unreadable,
    SCENE_LOCKED, SCENE_PERMISSION_DENIED, SCENE_PERMISSION_DENIED, "",
    SCENE_NOBODY, PRIVILEGED },
  { "sticky-directory", build_sticky_leftover,
    SCENE_PERMISSION_DENIED, SCENE_OK, SCENE_PERMISSION_DENIED, "could not remove",
    SCENE_NOBODY, PRIVILEGED },
  { "read-only-directory", build_read_only_directory,
    SCENE_PERMISSION_DENIED, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "permission",
    SCENE_NOBODY, PRIVILEGED },
  { "read-only-directory/leftover", build_protected_leftover,
    SCENE_PERMISSION_DENIED, SCENE_OK, SCENE_PERMISSION_DENIED, "permission",
    SCENE_NOBODY, PRIVILEGED },
  { "closed-directory", build_closed_directory,
    SCENE_PERMISSION_DENIED, SCENE_PERMISSION_DENIED, SCENE_PERMISSION_DENIED, "permission",
    SCENE_NOBODY, PRIVILEGED },

  { "missing-directory", build_missing_directory,
    SCENE_NOT_FOUND, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "directory" },
  { "missing-directory/without-tmpfile", build_missing_directory,
    SCENE_NOT_FOUND, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "directory", "--no-tmpfile" },
  { "component/file", build_component_is_file,
    SCENE_NOT_FOUND, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "directory" },
  { "component/file/without-tmpfile", build_component_is_file,
    SCENE_NOT_FOUND, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "directory", "--no-tmpfile" },
  { "component/dangling", build_component_is_dangling,
    SCENE_NOT_FOUND, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "directory" },
  { "component/loop", build_component_is_loop,
    SCENE_FAILED, SCENE_FAILED, SCENE_FAILED, "symbolic links" },
  { "name/empty", build_empty_name,
    SCENE_NOT_FOUND, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "" },
  { "name/dot", build_dot,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "name/dot-dot", build_dot_dot,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "name/root", build_root,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file",
    NULL, PRIVILEGED },
  { "name/slash-behind-directory", build_slash_behind_directory,
    SCENE_INVALID_DATA, SCENE_INVALID_DATA, SCENE_INVALID_DATA, "not a lock file" },
  { "name/slash-behind-nothing", build_slash_behind_nothing,
    SCENE_NOT_FOUND, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "directory" },
  { "name/slash-behind-document", build_slash_behind_document,
    SCENE_NOT_FOUND, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "directory" },
  { "name/too-long", build_long_name,
    SCENE_FAILED, SCENE_FAILED, SCENE_FAILED, "too long" },
  { "name/too-long/without-tmpfile", build_long_name,
    SCENE_FAILED, SCENE_FAILED, SCENE_FAILED, "too long", "--no-tmpfile" },
  { "name/too-long-path", build_long_path,
    SCENE_FAILED, SCENE_FAILED, SCENE_FAILED, "too long" },

  { "volume/read-only", build_read_only_volume,
    SCENE_PERMISSION_DENIED, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "read-only", NULL, MOUNTS },
  { "volume/read-only/leftover", build_read_only_leftover,
    SCENE_PERMISSION_DENIED, SCENE_OK, SCENE_PERMISSION_DENIED, "read-only", NULL, MOUNTS },
  { "volume/full-tmpfs", build_full_tmpfs,
    SCENE_NO_SPACE, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "space", NULL, MOUNTS },
  { "volume/full-tmpfs/without-tmpfile", build_full_tmpfs,
    SCENE_NO_SPACE, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "space", "--no-tmpfile", MOUNTS },
  { "volume/full-tmpfs/leftover", build_full_tmpfs_with_leftover,
    SCENE_NO_SPACE, SCENE_OK, SCENE_NO_SPACE, "space", NULL, MOUNTS },
  { "volume/full-tmpfs/leftover/without-tmpfile", build_full_tmpfs_with_leftover,
    SCENE_NO_SPACE, SCENE_OK, SCENE_NO_SPACE, "space", "--no-tmpfile", MOUNTS },
  { "volume/full-ext4", build_full_ext4,
    SCENE_NO_SPACE, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "space", NULL, MOUNTS },
  { "volume/full-ext4/without-tmpfile", build_full_ext4,
    SCENE_NO_SPACE, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "space", "--no-tmpfile", MOUNTS },
  { "volume/no-inodes", build_no_inodes,
    SCENE_NO_SPACE, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "space", NULL, MOUNTS },
  { "volume/no-inodes/without-tmpfile", build_no_inodes,
    SCENE_NO_SPACE, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "space", "--no-tmpfile", MOUNTS },
  { "volume/quota", build_quota,
    SCENE_NO_SPACE, SCENE_NOT_FOUND, SCENE_NOT_FOUND, "quota", NULL, MOUNTS },
};

/* --- Holders ------------------------------------------------------------- */

/* A contender leaves the holder's file alone: it changes no byte, no mode, no
 * time, not even that of the last access where it is the owner; and nobody who
 * watches the file is woken by it.
 */
static void
test_holder_untouched (TestFolder    *folder,
                       gconstpointer  option)
{
  static const char * const commands[] = { "try 0", "try 50", "query", "remove-stale" };
  g_autoptr (TestHelper) holder = NULL;
  g_autoptr (TestHelper) contender = NULL;
  g_autofree char *before = NULL;
  struct stat then, now;
  char events[4096];
  int watch;

  if (option != NULL && !scene_is_privileged ())
    return;

  g_assert_no_errno (g_chmod (folder->path, 0777));
  holder = test_helper_start (folder->lock_file, NULL);
  contender = test_helper_start (folder->lock_file, "--stale-lock-time=1", option, NULL);
  scene_check (holder, "lock", SCENE_OK);
  test_file_set_age (folder->lock_file, 24 * 3600);
  before = scene_describe (folder->path);
  g_assert_no_errno (stat (folder->lock_file, &then));
  watch = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  g_assert_cmpint (inotify_add_watch (watch, folder->lock_file,
                                      IN_ATTRIB | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MODIFY |
                                      IN_MOVE_SELF), >=, 0);

  for (guint i = 0; i < 3 * G_N_ELEMENTS (commands); i++)
    {
      const char *command = commands[i % G_N_ELEMENTS (commands)];

      scene_check (contender, command, strcmp (command, "query") == 0 ? SCENE_OK : SCENE_LOCKED);
      g_assert_no_errno (stat (folder->lock_file, &now));
      if (option == NULL)
        {
          g_assert_cmpint (now.st_atim.tv_sec, ==, then.st_atim.tv_sec);
          g_assert_cmpint (now.st_atim.tv_nsec, ==, then.st_atim.tv_nsec);
        }
    }

  g_assert_cmpint (read (watch, events, sizeof events), ==, -1);
  g_assert_cmpint (errno, ==, EAGAIN);
  close (watch);
  scene_assert_unchanged (folder->path, before);
  scene_check (holder, "verify", SCENE_OK);
  test_helper_finish (contender);
  scene_check (holder, "unlock", SCENE_OK);
  test_folder_assert_empty (folder);
}

/* On a full disk a lock can be held, contended for, and let go. */
static void
test_holder_on_full_volume (TestFolder    *folder,
                            gconstpointer  option)
{
  g_autofree char *filler = g_build_filename (folder->path, "filler", NULL);
  g_autoptr (TestHelper) holder = test_helper_start (folder->lock_file, option, NULL);
  g_autoptr (TestHelper) contender = test_helper_start (folder->lock_file, option, NULL);

  if (!scene_can_mount ())
    return;

  scene_mount ("tmpfs", folder->path, "tmpfs", "size=64k");
  scene_check (holder, "lock", SCENE_OK);
  scene_fill (filler);
  scene_check (contender, "try 0", SCENE_LOCKED);
  scene_check (contender, "try 100", SCENE_LOCKED);
  scene_check_holder (contender, "query", test_helper_get_pid (holder), "running");
  scene_check (contender, "remove-stale", SCENE_LOCKED);

  /* What the holder gives up makes room for the next. */
  scene_check (holder, "verify", SCENE_OK);
  scene_check (holder, "unlock", SCENE_OK);
  scene_check (contender, "try 0", SCENE_OK);
  scene_check (contender, "unlock", SCENE_OK);
  g_assert_no_errno (g_unlink (filler));
  test_folder_assert_empty (folder);
  test_helper_finish (contender);
  scene_unmount (folder->path);
}

/* --- Half a line --------------------------------------------------------- */

/* "12", and no line end: a process ID, so the process decides. */
static void
test_half_line_of_dead_process (TestFolder    *folder,
                                gconstpointer  data)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  pid_t pid = test_dead_pid ();
  g_autofree char *content = g_strdup_printf ("%d", (int) pid);

  test_file_write (folder->lock_file, content);
  scene_check_holder (helper, "query", pid, "gone");
  scene_check (helper, "try 5000", SCENE_OK);
  scene_check_holder (helper, "previous", pid, "gone");
  scene_check (helper, "unlock", SCENE_OK);
  test_folder_assert_empty (folder);
}

/* R8: also the user may decide, for no kernel lock speaks for it. */
static void
test_half_line_of_living_process (TestFolder    *folder,
                                  gconstpointer  data)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autofree char *content = g_strdup_printf ("%d", (int) getpid ());
  g_autofree char *before = NULL;

  test_file_write (folder->lock_file, content);
  before = scene_describe (folder->path);
  scene_check_holder (helper, "query", getpid (), "running");
  scene_check (helper, "try 0", SCENE_LOCKED);
  scene_check (helper, "try 100", SCENE_LOCKED);
  scene_assert_unchanged (folder->path, before);
  scene_check (helper, "remove-stale", SCENE_OK);
  test_folder_assert_empty (folder);
}

/* --- Files without content ----------------------------------------------- */

typedef struct
{
  const char *name;
  gsize       zeros;            /* the file's size; every byte is NUL */
  const char *stale_lock_time;
  double      age;              /* seconds; negative: from before this boot */
  gint64      at_least;         /* microseconds until the lock may be had */
} EmptyFile;

static void
write_zeros (const char *path,
             gsize       size)
{
  g_autofree char *zeros = g_malloc0 (size + 1);

  write_bytes (path, zeros, size);
}

static double
since_boot (void)
{
  g_autofree char *uptime = test_file_read ("/proc/uptime");

  return g_ascii_strtod (uptime, NULL);
}

/* J7, J8: an age alone never suffices. It must be seen empty for a time, too. */
static void
test_empty_gets_stale (TestFolder    *folder,
                       gconstpointer  data)
{
  const EmptyFile *empty = data;
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, empty->stale_lock_time,
                                                     NULL);
  g_autofree char *before = NULL;
  gint64 begin;

  write_zeros (folder->lock_file, empty->zeros);
  test_file_set_age (folder->lock_file, empty->age >= 0 ? empty->age : since_boot () + 24 * 3600);
  before = scene_describe (folder->path);

  begin = g_get_monotonic_time ();
  if (empty->at_least > 0)
    {
      scene_check (helper, "query", SCENE_INVALID_DATA);
      scene_check (helper, "try 0", SCENE_LOCKED);
      scene_assert_unchanged (folder->path, before);
    }
  scene_check (helper, "try 30000", SCENE_OK);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, empty->at_least);
  scene_check (helper, "unlock", SCENE_OK);
  test_folder_assert_empty (folder);
}

static const EmptyFile empty_files[] = {
  { "empty/aged", 0, "--stale-lock-time=100", 40, G_TIME_SPAN_SECOND },
  { "empty/aged-zeros", 300, "--stale-lock-time=100", 40, G_TIME_SPAN_SECOND },
  { "empty/aged-by-default", 0, NULL, 40, G_TIME_SPAN_SECOND },
  { "empty/never-stale-by-age", 0, "--stale-lock-time=0", 40, 2 * G_TIME_SPAN_SECOND },
  { "empty/from-before-boot", 0, "--stale-lock-time=0", -1, 0 },
  { "empty/zeros-from-before-boot", 4096, "--stale-lock-time=0", -1, 0 },
};

/* Its creator may be about to write. */
static void
test_empty_fresh (TestFolder    *folder,
                  gconstpointer  zeros)
{
  static const char * const commands[] = { "try 0", "query", "remove-stale", "try 50" };
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, "--stale-lock-time=100",
                                                     NULL);
  gint64 written;

  write_zeros (folder->lock_file, GPOINTER_TO_SIZE (zeros));
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *before = NULL;

      test_file_set_age (folder->lock_file, 0);
      before = scene_describe (folder->path);
      scene_check (helper, commands[i],
                   strcmp (commands[i], "query") == 0 ? SCENE_INVALID_DATA : SCENE_LOCKED);
      scene_assert_unchanged (folder->path, before);
    }

  /* The file system's clock may be a tick behind. */
  test_file_set_age (folder->lock_file, 0);
  written = g_get_monotonic_time ();
  scene_check (helper, "try 30000", SCENE_OK);
  g_assert_cmpint (g_get_monotonic_time () - written, >=, 1980 * G_TIME_SPAN_MILLISECOND);
  scene_check (helper, "unlock", SCENE_OK);
  test_folder_assert_empty (folder);
}

/* A time in the future is no age, so it never gets stale; but nor was it just
 * created, so the user may remove it.
 */
static void
test_empty_from_future (TestFolder    *folder,
                        gconstpointer  zeros)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, "--stale-lock-time=1",
                                                     NULL);
  g_autofree char *before = NULL;

  write_zeros (folder->lock_file, GPOINTER_TO_SIZE (zeros));
  test_file_set_age (folder->lock_file, -3600);
  before = scene_describe (folder->path);
  scene_check (helper, "query", SCENE_INVALID_DATA);
  scene_check (helper, "try 0", SCENE_LOCKED);
  scene_check (helper, "try 2500", SCENE_LOCKED);
  scene_assert_unchanged (folder->path, before);
  scene_check (helper, "remove-stale", SCENE_OK);
  test_folder_assert_empty (folder);
}

/* R8: the user agreed, and no creator is about to write. */
static void
test_empty_removed (TestFolder    *folder,
                    gconstpointer  zeros)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, "--stale-lock-time=0",
                                                     NULL);

  write_zeros (folder->lock_file, GPOINTER_TO_SIZE (zeros));
  test_file_set_age (folder->lock_file, 3);
  scene_check (helper, "remove-stale", SCENE_OK);
  test_folder_assert_empty (folder);
}

/* --- Names that work ----------------------------------------------------- */

/* Contention, take-over and removal on @lock_file, which leave nothing behind. */
static void
play_at (const char *lock_file)
{
  static const char * const commands[] = { "try 0", "try 20", "remove-stale" };
  g_autoptr (TestHelper) helper = test_helper_start (lock_file, NULL);
  g_autofree char *name = g_filename_display_basename (lock_file);
  pid_t pid;

  {
    g_autoptr (TestHelper) holder = test_helper_start (lock_file, NULL);

    pid = test_helper_get_pid (holder);
    scene_check (holder, "lock", SCENE_OK);
    for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
      {
        g_autofree char *answer = scene_ask (helper, commands[i], SCENE_LOCKED);

        g_assert_true (g_utf8_validate (answer, -1, NULL));
        assert_message (answer, name);
      }
    scene_check_holder (helper, "query", pid, "running");
    scene_check (holder, "verify", SCENE_OK);
    test_helper_kill (holder);
  }

  scene_check (helper, "try 0", SCENE_OK);
  scene_check_holder (helper, "previous", pid, "gone");
  scene_check (helper, "unlock", SCENE_OK);
  scene_leave_behind (lock_file, as_usual);
  scene_check (helper, "remove-stale", SCENE_OK);
  test_helper_finish (helper);
}

static void
test_long_name (TestFolder    *folder,
                gconstpointer  length)
{
  g_autofree char *name = g_strnfill (GPOINTER_TO_SIZE (length), 'x');
  g_autofree char *lock_file = g_build_filename (folder->path, name, NULL);

  play_at (lock_file);
  test_folder_assert_empty (folder);
}

static void
test_name (TestFolder    *folder,
           gconstpointer  name)
{
  g_autofree char *lock_file = g_build_filename (folder->path, name, NULL);

  play_at (lock_file);
  test_folder_assert_empty (folder);
}

/* Two ways to one file exclude each other. */
static void
assert_same_lock (TestFolder *folder,
                  const char *one,
                  const char *other)
{
  g_autoptr (TestHelper) holder = test_helper_start (one, NULL);
  g_autoptr (TestHelper) contender = test_helper_start (other, NULL);

  scene_check (holder, "lock", SCENE_OK);
  g_assert_true (g_file_test (folder->lock_file, G_FILE_TEST_IS_REGULAR));
  scene_check (contender, "try 0", SCENE_LOCKED);
  test_helper_kill (holder);
  scene_check (contender, "try 0", SCENE_OK);
  scene_check (contender, "unlock", SCENE_OK);
  g_assert_false (g_file_test (folder->lock_file, G_FILE_TEST_EXISTS));
}

static void
test_linked_directory (TestFolder    *folder,
                       gconstpointer  data)
{
  g_autofree char *link = g_build_filename (folder->path, "link", NULL);
  g_autofree char *linked = g_build_filename (link, "test.lock", NULL);

  g_assert_no_errno (symlink (".", link));
  assert_same_lock (folder, linked, folder->lock_file);
  assert_same_lock (folder, folder->lock_file, linked);
}

/* What ".." leads to behind a symbolic link, only the kernel knows. */
static void
test_dot_dot_behind_link (TestFolder    *folder,
                          gconstpointer  data)
{
  g_autofree char *inner = g_build_filename (folder->path, "inner", NULL);
  g_autofree char *other = g_build_filename (folder->path, "other", NULL);
  g_autofree char *link = g_build_filename (other, "link", NULL);
  g_autofree char *path = g_build_filename (link, "..", "test.lock", NULL);

  g_assert_no_errno (g_mkdir (inner, 0777));
  g_assert_no_errno (g_mkdir (other, 0777));
  g_assert_no_errno (symlink ("../inner", link));
  assert_same_lock (folder, path, folder->lock_file);
  assert_same_lock (folder, folder->lock_file, path);
}

static void
test_relative_name (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autofree char *before = g_get_current_dir ();

  g_assert_no_errno (g_chdir (folder->path));
  assert_same_lock (folder, "test.lock", folder->lock_file);
  assert_same_lock (folder, folder->lock_file, "./test.lock");
  g_assert_no_errno (g_chdir (before));
}

/* --- What stands at P.rmlock --------------------------------------------- */

static char *
removal_lock (const char *path)
{
  return g_strconcat (path, ".rmlock", NULL);
}

/* The lock goes by while P.rmlock is not needed, and fails with its name where
 * it is.
 */
static void
assert_in_the_way (TestFolder *folder)
{
  static const char * const commands[] = { "try 0", "try 100", "lock", "remove-stale" };
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autofree char *before = scene_describe (folder->path);
  g_autofree char *with_leftover = NULL;
  pid_t pid;

  scene_check (helper, "try 0", SCENE_OK);
  scene_check (helper, "unlock", SCENE_OK);
  scene_assert_unchanged (folder->path, before);

  pid = scene_leave_behind (folder->lock_file, as_usual);
  with_leftover = scene_describe (folder->path);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *answer = ask_at_once (helper, commands[i], SCENE_INVALID_DATA);

      assert_message (answer, "test.lock.rmlock");
      scene_assert_unchanged (folder->path, with_leftover);
    }
  scene_check_holder (helper, "query", pid, "gone");
  test_helper_finish (helper);
}

static void
test_removal_lock_is_directory (TestFolder    *folder,
                                gconstpointer  data)
{
  g_autofree char *path = removal_lock (folder->lock_file);

  g_assert_no_errno (g_mkdir (path, 0777));
  assert_in_the_way (folder);
}

static void
test_removal_lock_is_document (TestFolder    *folder,
                               gconstpointer  data)
{
  g_autofree char *path = removal_lock (folder->lock_file);

  test_file_write (path, "Dear Anna,\n");
  assert_in_the_way (folder);
}

static void
test_removal_lock_is_link (TestFolder    *folder,
                           gconstpointer  data)
{
  g_autofree char *path = removal_lock (folder->lock_file);

  g_assert_no_errno (symlink ("nowhere", path));
  assert_in_the_way (folder);
}

/* In a folder where everybody may make files but delete only their own, the
 * leftover of another user's remover cannot be cleared away (R7).
 */
static void
test_removal_lock_is_foreign (TestFolder    *folder,
                              gconstpointer  mode)
{
  const SceneOptions nobody = { SCENE_NOBODY };
  g_autofree char *path = removal_lock (folder->lock_file);
  const gboolean readable = GPOINTER_TO_UINT (mode) != 0;
  const SceneResult expected = readable ? SCENE_PERMISSION_DENIED : SCENE_LOCKED;
  g_autoptr (TestHelper) helper = NULL;
  g_autofree char *before = NULL;
  g_autofree char *answer = NULL;

  if (!scene_is_privileged ())
    return;

  g_assert_no_errno (g_chmod (folder->path, 01777));
  scene_leave_behind (folder->lock_file, nobody);
  scene_leave_behind (path, as_usual);
  g_assert_no_errno (g_chmod (path, GPOINTER_TO_UINT (mode)));
  helper = scene_start (folder->lock_file, nobody);
  before = scene_describe (folder->path);

  answer = scene_ask (helper, "try 0", expected);
  if (readable)
    assert_message (answer, "test.lock.rmlock");
  scene_check (helper, "try 100", expected);
  scene_check (helper, "remove-stale", expected);
  scene_assert_unchanged (folder->path, before);
}

/* A remover that was killed is no hindrance, nor is one that was killed while
 * it removed the lock of the first.
 */
static void
test_removal_lock_is_leftover (TestFolder    *folder,
                               gconstpointer  option)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, option, NULL);
  g_autofree char *path = removal_lock (folder->lock_file);
  const SceneOptions options = { option };

  for (guint i = 0; i < 2; i++)
    {
      pid_t pid = scene_leave_behind (folder->lock_file, options);

      scene_leave_behind (path, options);
      if (i == 0)
        {
          scene_check (helper, "try 0", SCENE_OK);
          scene_check_holder (helper, "previous", pid, "gone");
          scene_check (helper, "unlock", SCENE_OK);
        }
      else
        {
          scene_check (helper, "remove-stale", SCENE_OK);
        }
      test_folder_assert_empty (folder);
    }
}

/* A leftover of P, one of P.rmlock, one of P.rmlock.rmlock, and so on: what is in the
 * way is cleared away first. That ends somewhere; the last one is removed without a lock
 * of its own, or crashes in a row could lock everybody out for ever.
 */
static void
test_removal_lock_chain (TestFolder    *folder,
                         gconstpointer  length)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autofree char *path = g_strdup (folder->lock_file);

  for (guint i = 0; i < GPOINTER_TO_UINT (length); i++)
    {
      char *next = removal_lock (path);

      scene_leave_behind (path, as_usual);
      g_free (path);
      path = next;
    }

  scene_check (helper, "try 0", SCENE_OK);
  scene_check (helper, "unlock", SCENE_OK);
  if (GPOINTER_TO_UINT (length) <= REMOVAL_LOCKS)
    test_folder_assert_empty (folder);
}

/* Without kernel locks (R6) nothing is removed without a lock of its own: there the end
 * of the chain counts as held.
 */
static void
test_removal_lock_chain_without_kernel_locks (TestFolder    *folder,
                                              gconstpointer  data)
{
  const SceneOptions no_flock = { "--no-flock" };
  g_autoptr (TestHelper) helper = scene_start (folder->lock_file, no_flock);
  g_autofree char *path = g_strdup (folder->lock_file);
  g_autofree char *before = NULL;

  for (guint i = 0; i < REMOVAL_LOCKS; i++)
    {
      char *next = removal_lock (path);

      scene_leave_behind (path, no_flock);
      g_free (path);
      path = next;
    }

  before = scene_describe (folder->path);
  scene_check (helper, "try 0", SCENE_LOCKED);
  scene_check (helper, "try 100", SCENE_LOCKED);
  scene_check (helper, "remove-stale", SCENE_LOCKED);
  scene_assert_unchanged (folder->path, before);
}

/* A remover at work is waited for. */
static void
test_removal_lock_is_held (TestFolder    *folder,
                           gconstpointer  data)
{
  g_autofree char *path = removal_lock (folder->lock_file);
  g_autoptr (TestHelper) remover = test_helper_start (path, NULL);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autofree char *before = NULL;

  scene_leave_behind (folder->lock_file, as_usual);
  scene_check (remover, "lock", SCENE_OK);
  before = scene_describe (folder->path);
  scene_check (helper, "try 0", SCENE_LOCKED);
  scene_check (helper, "try 100", SCENE_LOCKED);
  scene_check (helper, "remove-stale", SCENE_LOCKED);
  scene_assert_unchanged (folder->path, before);

  test_helper_send (helper, "lock");
  g_assert_false (test_helper_has_answer (helper, 50 * G_TIME_SPAN_MILLISECOND));
  scene_check (remover, "unlock", SCENE_OK);
  scene_await_ok (helper);
  scene_check (helper, "unlock", SCENE_OK);
  test_folder_assert_empty (folder);
}

int
main (int    argc,
      char **argv)
{
#define ADD(path, data, function) \
  g_test_add (path, TestFolder, data, test_folder_set_up, function, test_folder_tear_down)

  scene_init ();
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (odd_paths); i++)
    {
      g_autofree char *path = g_strconcat ("/paths/", odd_paths[i].name, NULL);

      g_test_add (path, Scene, &odd_paths[i], scene_set_up, test_odd_path, scene_tear_down);
    }
  for (guint i = 0; i < G_N_ELEMENTS (empty_files); i++)
    {
      g_autofree char *path = g_strconcat ("/paths/", empty_files[i].name, NULL);

      ADD (path, &empty_files[i], test_empty_gets_stale);
    }

  ADD ("/paths/empty/fresh", GSIZE_TO_POINTER (0), test_empty_fresh);
  ADD ("/paths/empty/fresh-zeros", GSIZE_TO_POINTER (100), test_empty_fresh);
  ADD ("/paths/empty/from-the-future", GSIZE_TO_POINTER (0), test_empty_from_future);
  ADD ("/paths/empty/zeros-from-the-future", GSIZE_TO_POINTER (512), test_empty_from_future);
  ADD ("/paths/empty/removed", GSIZE_TO_POINTER (0), test_empty_removed);
  ADD ("/paths/empty/removed-zeros", GSIZE_TO_POINTER (100), test_empty_removed);
  ADD ("/paths/half-line/living-process", NULL, test_half_line_of_living_process);
  ADD ("/paths/half-line/dead-process", NULL, test_half_line_of_dead_process);
  ADD ("/paths/holder/untouched", NULL, test_holder_untouched);
  ADD ("/paths/holder/untouched-by-another-user", SCENE_NOBODY, test_holder_untouched);

  ADD ("/paths/holder/on-full-volume", NULL, test_holder_on_full_volume);
  ADD ("/paths/holder/on-full-volume/without-tmpfile", "--no-tmpfile", test_holder_on_full_volume);

  /* With 255 bytes P.rmlock is too long, with 248 P.rmlock.rmlock. */
  ADD ("/paths/name/255-bytes", GSIZE_TO_POINTER (255), test_long_name);
  ADD ("/paths/name/249-bytes", GSIZE_TO_POINTER (249), test_long_name);
  ADD ("/paths/name/248-bytes", GSIZE_TO_POINTER (248), test_long_name);
  ADD ("/paths/name/241-bytes", GSIZE_TO_POINTER (241), test_long_name);
  ADD ("/paths/name/not-utf-8", "caf\xe9 \xff.lock", test_name);
  ADD ("/paths/name/blanks-and-signs", " %s $(true) \"'\\ .lock", test_name);
  ADD ("/paths/name/hidden", "...", test_name);
  ADD ("/paths/name/relative", NULL, test_relative_name);
  ADD ("/paths/linked-directory", NULL, test_linked_directory);
  ADD ("/paths/linked-directory/dot-dot", NULL, test_dot_dot_behind_link);

  ADD ("/paths/removal-lock/directory", NULL, test_removal_lock_is_directory);
  ADD ("/paths/removal-lock/document", NULL, test_removal_lock_is_document);
  ADD ("/paths/removal-lock/symbolic-link", NULL, test_removal_lock_is_link);
  ADD ("/paths/removal-lock/another-user", GUINT_TO_POINTER (0644), test_removal_lock_is_foreign);
  ADD ("/paths/removal-lock/another-user/unreadable", GUINT_TO_POINTER (0),
       test_removal_lock_is_foreign);
  ADD ("/paths/removal-lock/leftover", NULL, test_removal_lock_is_leftover);
  ADD ("/paths/removal-lock/leftover/without-kernel-locks", "--no-flock",
       test_removal_lock_is_leftover);
  ADD ("/paths/removal-lock/leftover/without-tmpfile", "--no-tmpfile",
       test_removal_lock_is_leftover);
  ADD ("/paths/removal-lock/held", NULL, test_removal_lock_is_held);
  ADD ("/paths/removal-lock/chain", GUINT_TO_POINTER (3), test_removal_lock_chain);
  ADD ("/paths/removal-lock/long-chain", GUINT_TO_POINTER (REMOVAL_LOCKS), test_removal_lock_chain);
  ADD ("/paths/removal-lock/endless-chain", GUINT_TO_POINTER (12), test_removal_lock_chain);
  ADD ("/paths/removal-lock/long-chain/without-kernel-locks", NULL,
       test_removal_lock_chain_without_kernel_locks);

  return g_test_run ();
#undef ADD
}
