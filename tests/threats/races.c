/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What somebody who may write to the folder does in the worst moment: between two system
 * calls, for which he has a hook in their table here.
 */

#include "rogue.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <lockfile/glockfile-disk-calls.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NFS_SUPER_MAGIC 0x6969
#define SOMEBODY "4711\ngedit\nws1\n"
#define DOCUMENT "Dear Anna,\n"

static GLockFileSystemCalls real_calls;

/* What happens once, behind the call named, when it is made for this path. */
static struct
{
  const char *path;
  void (*act) (const char *path);
} behind_lstat, before_link, behind_open;

static void
clear_hooks (void)
{
  memset (&behind_lstat, 0, sizeof behind_lstat);
  memset (&before_link, 0, sizeof before_link);
  memset (&behind_open, 0, sizeof behind_open);
  g_lock_file_system_calls = real_calls;
}

#define RUN_HOOK(hook, name) \
  G_STMT_START { \
    if ((hook).act != NULL && strcmp ((hook).path, name) == 0) \
      { \
        void (*act_) (const char *) = (hook).act; \
        int errno_ = errno; \
        (hook).act = NULL; \
        act_ (name); \
        errno = errno_; \
      } \
  } G_STMT_END

static int
hooked_lstat (int          directory,
              const char  *path,
              struct stat *buffer)
{
  int result = real_calls.lstat (directory, path, buffer);

  RUN_HOOK (behind_lstat, path);
  return result;
}

static int
hooked_open (const char *path,
             int         flags,
             mode_t      mode)
{
  int result = real_calls.open (path, flags, mode);

  RUN_HOOK (behind_open, path);
  return result;
}

static int
hooked_link_fd (int         fd,
                const char *path)
{
  RUN_HOOK (before_link, path);
  return real_calls.link_fd (fd, path);
}

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

static void
set_hooks (gboolean shared)
{
  g_lock_file_system_calls.lstat = hooked_lstat;
  g_lock_file_system_calls.open = hooked_open;
  g_lock_file_system_calls.link_fd = hooked_link_fd;
  if (shared)
    {
      g_lock_file_system_calls.statfs = statfs_shared;
      g_lock_file_system_calls.fstatfs = fstatfs_shared;
    }
}

/* --- Another thing at the path, when it has been looked at ----------------- */

static void
put_fifo (const char *path)
{
  g_assert_no_errno (g_unlink (path));
  g_assert_no_errno (mkfifo (path, 0666));
}

static void
put_socket (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_no_errno (g_unlink (path));
  g_assert_cmpint (g_strlcpy (address.sun_path, path, sizeof address.sun_path), <,
                   sizeof address.sun_path);
  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, sizeof address));
  close (fd);
}

static void
put_directory (const char *path)
{
  g_assert_no_errno (g_unlink (path));
  g_assert_no_errno (g_mkdir (path, 0777));
}

static char *
document_beside (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);

  return g_build_filename (folder, "document", NULL);
}

static void
put_symbolic_link (const char *path)
{
  g_autofree char *document = document_beside (path);

  g_assert_no_errno (g_unlink (path));
  g_assert_no_errno (symlink (document, path));
}

static void
put_hard_link (const char *path)
{
  g_autofree char *document = document_beside (path);

  g_assert_no_errno (g_unlink (path));
  g_assert_no_errno (link (document, path));
}

/* Ten gibibytes, of which none is there. */
static void
put_huge_file (const char *path)
{
  g_assert_no_errno (truncate (path, (off_t) 10 << 30));
}

static void
put_document (const char *path)
{
  test_file_write (path, DOCUMENT);
}

typedef struct
{
  const char *name;
  void (*act) (const char *path);
  gboolean shared;
} Swap;

static const Swap swaps[] = {
  { "fifo", put_fifo }, { "fifo/shared", put_fifo, TRUE },
  { "socket", put_socket }, { "socket/shared", put_socket, TRUE },
  { "directory", put_directory }, { "directory/shared", put_directory, TRUE },
  { "symbolic-link", put_symbolic_link }, { "symbolic-link/shared", put_symbolic_link, TRUE },
  { "hard-link", put_hard_link }, { "hard-link/shared", put_hard_link, TRUE },
  { "huge-file", put_huge_file }, { "huge-file/shared", put_huge_file, TRUE },
  { "document", put_document }, { "document/shared", put_document, TRUE },
};

/* Nothing is followed, waited for, read to the end or changed. */
static void
test_swap (TestFolder    *folder,
           gconstpointer  data)
{
  const Swap *swap = data;
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GError) error = NULL;
  g_autofree char *document = document_beside (folder->lock_file);
  g_autofree char *content = NULL;
  struct stat before, after;

  test_file_write (document, DOCUMENT);
  test_file_set_age (document, 3600);
  g_assert_no_errno (lstat (document, &before));
  test_file_write (folder->lock_file, SOMEBODY);

  set_hooks (swap->shared);
  behind_lstat.path = folder->lock_file;
  behind_lstat.act = swap->act;
  g_assert_false (g_lock_file_try_lock (lock_file, 0, NULL, &error));
  g_assert_null (behind_lstat.act);
  clear_hooks ();
  g_test_message ("%s", error->message);
  g_assert_true (error->domain == G_LOCK_FILE_ERROR);
  if (error->code != G_LOCK_FILE_ERROR_FAILED)
    g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_INVALID_DATA);

  /* The next look finds it standing there. */
  test_assert_lock_error (lock_file, 0, NULL, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_INVALID_DATA);
  test_folder_assert_files (folder, "document", "test.lock", NULL);
  g_assert_no_errno (lstat (document, &after));
  g_assert_cmpint (after.st_mtim.tv_sec, ==, before.st_mtim.tv_sec);
  content = test_file_read (document);
  g_assert_cmpstr (content, ==, DOCUMENT);
}

/* It grows between the looks at its size and its content. */
static void
test_growing_file (TestFolder    *folder,
                   gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

  test_file_write (folder->lock_file, SOMEBODY);
  set_hooks (FALSE);
  behind_open.path = folder->lock_file;
  behind_open.act = put_huge_file;
  test_assert_lock_error (lock_file, 0, NULL, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_INVALID_DATA);
  g_assert_null (behind_open.act);
  clear_hooks ();
}

/* --- A leftover that is none any more when it is removed ------------------- */

static void
replace_by_document (const char *removal_path)
{
  g_autofree char *path = g_strndup (removal_path, strlen (removal_path) - strlen (".rmlock"));
  g_autofree char *document = document_beside (path);

  g_assert_no_errno (g_rename (document, path));
}

static void
overwrite_by_document (const char *removal_path)
{
  g_autofree char *path = g_strndup (removal_path, strlen (removal_path) - strlen (".rmlock"));

  test_file_write (path, DOCUMENT);
}

/* It was judged, and then, before P.rmlock was had, it became something else (R5). */
static void
test_changed_leftover (TestFolder    *folder,
                       gconstpointer  act)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *removal_path = rogue_removal_path (folder->lock_file);
  g_autofree char *document = document_beside (folder->lock_file);
  g_autofree char *content = NULL;

  test_file_write (document, DOCUMENT);
  test_crash_while_holding (folder->lock_file);
  set_hooks (FALSE);
  before_link.path = removal_path;
  before_link.act = (void (*) (const char *)) act;
  test_assert_lock_error (lock_file, 0, NULL, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_INVALID_DATA);
  g_assert_null (before_link.act);
  clear_hooks ();
  content = test_file_read (folder->lock_file);
  g_assert_cmpstr (content, ==, DOCUMENT);
  g_assert_false (g_file_test (removal_path, G_FILE_TEST_EXISTS));
}

/* --- Never the same twice -------------------------------------------------- */

static int
lstat_without_file (int          directory,
                    const char  *path,
                    struct stat *buffer)
{
  errno = ENOENT;
  return -1;
}

static char *contested_path;
static guint n_leftovers;

/* Puts the next leftover there whenever one has been removed. */
static int
unlink_in_vain (int         directory,
                const char *path)
{
  int result = real_calls.unlink (directory, path);

  if (g_str_has_suffix (contested_path, path))
    {
      g_autofree char *leftover = g_strconcat (contested_path, ".leftover", NULL);

      g_assert_no_errno (link (leftover, contested_path));
      n_leftovers++;
    }
  return result;
}

static void
be_contradictory (const char *path)
{
  test_file_write (path, SOMEBODY);
  g_lock_file_system_calls.lstat = lstat_without_file;
}

static void
be_untiring (const char *path)
{
  g_autofree char *leftover = g_strconcat (path, ".leftover", NULL);

  g_assert_no_errno (g_rename (path, leftover));
  g_assert_no_errno (link (leftover, path));
  g_lock_file_system_calls.unlink = unlink_in_vain;
}

static gpointer
cancel_later (gpointer cancellable)
{
  g_usleep (20000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* A deadline is one, whatever is at the path, and so is cancellation; and meanwhile the
 * processor is not kept busy. */
static void
test_endless (TestFolder    *folder,
              gconstpointer  act)
{
  static const int timeouts[] = { 0, 1, 100, 500 };
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GThread) thread = NULL;
  TestCosts before, after;

  contested_path = folder->lock_file;
  test_crash_while_holding (folder->lock_file);
  ((RogueAct) act) (folder->lock_file);
  for (guint i = 0; i < G_N_ELEMENTS (timeouts); i++)
    test_assert_lock_error (lock_file, timeouts[i], NULL,
                            G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);

  thread = g_thread_new ("canceller", cancel_later, cancellable);
  test_assert_lock_error (lock_file, -1, cancellable, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (g_steal_pointer (&thread));

  test_costs_of_process (getpid (), &before);
  test_assert_lock_error (lock_file, 1000, NULL, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  test_costs_of_process (getpid (), &after);
  clear_hooks ();
  g_test_message ("%.1f ms of CPU in a second, %u leftovers removed",
                  (after.cpu_time - before.cpu_time) / 1e6, n_leftovers);
  g_assert_cmpint (after.cpu_time - before.cpu_time, <, 500 * G_TIME_SPAN_MILLISECOND * 1000);
}

/* The same at P.rmlock. */
static int
lstat_without_removal_lock (int          directory,
                            const char  *path,
                            struct stat *buffer)
{
  if (!g_str_has_suffix (path, ".rmlock"))
    return real_calls.lstat (directory, path, buffer);
  errno = ENOENT;
  return -1;
}

static void
test_endless_removal (TestFolder    *folder,
                      gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *removal_path = rogue_removal_path (folder->lock_file);

  test_crash_while_holding (folder->lock_file);
  test_file_write (removal_path, SOMEBODY);
  g_lock_file_system_calls.lstat = lstat_without_removal_lock;
  test_assert_lock_error (lock_file, 0, NULL, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  test_assert_lock_error (lock_file, 100, NULL, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  clear_hooks ();
  test_folder_assert_files (folder, "test.lock", "test.lock.rmlock", NULL);
}

/* --- Another folder under the same name ------------------------------------- */

/* The folder that the path leads through, and the one that its name shall lead to. */
static char *switched_folder;
static guint n_switches;

static void
switch_folder (void)
{
  g_autofree char *aside = g_strconcat (switched_folder, ".aside", NULL);

  n_switches++;
  g_assert_no_errno (g_rename (switched_folder, aside));
  g_assert_no_errno (symlink ("precious", switched_folder));
}

static void
switch_back (void)
{
  g_autofree char *aside = g_strconcat (switched_folder, ".aside", NULL);

  g_assert_no_errno (g_unlink (switched_folder));
  g_assert_no_errno (g_rename (aside, switched_folder));
}

/* Between the last look at what is to be removed and its removal. */
static int
unlink_behind_switch (int         directory,
                      const char *path)
{
  int result, saved_errno;

  if (g_str_has_suffix (path, ".rmlock"))
    return real_calls.unlink (directory, path);
  switch_folder ();
  result = real_calls.unlink (directory, path);
  saved_errno = errno;
  switch_back ();
  errno = saved_errno;
  return result;
}

/* A file of the same name in a folder of the user's own is not removed in place of a
 * leftover. */
static void
test_switched_folder (TestFolder    *folder,
                      gconstpointer  data)
{
  g_autofree char *switched = g_build_filename (folder->path, "switched", NULL);
  g_autofree char *precious = g_build_filename (folder->path, "precious", NULL);
  g_autofree char *path = g_build_filename (switched, "test.lock", NULL);
  g_autofree char *document = g_build_filename (precious, "test.lock", NULL);
  g_autofree char *content = NULL;
  g_autoptr (GLockFile) lock_file = g_lock_file_new (path);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (g_mkdir (switched, 0777));
  g_assert_no_errno (g_mkdir (precious, 0777));
  test_file_write (document, DOCUMENT);
  test_crash_while_holding (path);

  switched_folder = switched;
  n_switches = 0;
  g_lock_file_system_calls.unlink = unlink_behind_switch;
  g_lock_file_remove_stale (lock_file, NULL, &error);
  clear_hooks ();
  g_assert_no_error (error);
  g_assert_cmpuint (n_switches, ==, 1);
  content = test_file_read (document);
  g_assert_cmpstr (content, ==, DOCUMENT);
  g_assert_no_errno (g_rmdir (switched));
}

/* --- Something at P.rmlock for ever ---------------------------------------- */

static void
hold_forever (const char *path)
{
  GLockFile *lock_file = g_lock_file_new (path);

  g_assert_true (g_lock_file_try_lock (lock_file, 0, NULL, NULL));
}

static void
make_folder (const char *path)
{
  g_assert_no_errno (g_mkdir (path, 0755));
}

static void
make_fifo (const char *path)
{
  g_assert_no_errno (mkfifo (path, 0666));
}

/* Who lets go keeps his descriptor while a removal is under way (R14); but there are no
 * thousand of them. */
static void
test_releases (TestFolder    *folder,
               gconstpointer  act)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autofree char *removal_path = rogue_removal_path (folder->lock_file);
  g_autoptr (Rogue) rogue G_GNUC_UNUSED = rogue_start (geteuid (), (RogueAct) act, removal_path);
  int before, most = 0;

  test_assert_lock (lock_file, 0);
  test_assert_unlock (lock_file);
  before = test_count_descriptors ();
  for (guint i = 0; i < 500; i++)
    {
      test_assert_lock (lock_file, 0);
      test_assert_unlock (lock_file);
      most = MAX (most, test_count_descriptors ());
    }
  g_test_message ("%d descriptors more", most - before);
  g_assert_cmpint (most - before, <=, 40);
}

/* --- Leases ----------------------------------------------------------------- */

static void
take_lease (const char *path)
{
  int fd = g_open (path, O_RDWR | O_CLOEXEC);

  signal (SIGIO, SIG_IGN);
  g_assert_no_errno (fcntl (fd, F_SETLEASE, F_WRLCK));
}

/* Whose file it is can make others wait in open() for the better part of a minute; not
 * us. */
static void
test_lease (TestFolder    *folder,
            gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_autoptr (GError) error = NULL;
  gint64 begin;
  Rogue *rogue;
  g_autofree char *content = test_qt_content (test_dead_pid (), NULL, NULL, NULL, NULL);

  test_file_write (folder->lock_file, content);
  rogue = rogue_start (geteuid (), take_lease, folder->lock_file);
  begin = g_get_monotonic_time ();
  test_assert_lock_error (lock_file, 0, NULL, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  test_assert_lock_error (lock_file, 100, NULL, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  g_assert_null (g_lock_file_query_info (lock_file, NULL, &error));
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 30 * G_TIME_SPAN_SECOND);
  rogue_end (rogue);
  test_assert_lock (lock_file, -1);
  test_assert_unlock (lock_file);
}

int
main (int    argc,
      char **argv)
{
#define ADD(path, data, function) \
  g_test_add (path, TestFolder, data, test_folder_set_up, function, test_folder_tear_down)

  real_calls = g_lock_file_system_calls;
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (swaps); i++)
    {
      g_autofree char *path = g_strconcat ("/races/swap/", swaps[i].name, NULL);

      ADD (path, &swaps[i], test_swap);
    }
  ADD ("/races/growing-file", NULL, test_growing_file);
  ADD ("/races/leftover/replaced", replace_by_document, test_changed_leftover);
  ADD ("/races/leftover/overwritten", overwrite_by_document, test_changed_leftover);
  ADD ("/races/endless/contradictions", be_contradictory, test_endless);
  ADD ("/races/endless/leftovers", be_untiring, test_endless);
  ADD ("/races/endless/removal-lock", NULL, test_endless_removal);
  ADD ("/races/switched-folder", NULL, test_switched_folder);
  ADD ("/races/release/removal-lock-held", hold_forever, test_releases);
  ADD ("/races/release/removal-lock-is-folder", make_folder, test_releases);
  ADD ("/races/release/removal-lock-is-fifo", make_fifo, test_releases);
  ADD ("/races/lease", NULL, test_lease);

  return g_test_run ();
#undef ADD
}
