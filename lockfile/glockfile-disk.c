/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-disk.h"

#include "glockfile-descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* The only room that opens, links, locks, stamps and unlinks lock files. It
 * makes single steps and decides nothing; their order is the attempt's.
 *
 * Every descriptor is entered in the list for fork(), see
 * glockfile-descriptors.c.
 */

/* --- The system calls themselves ----------------------------------------- */

static int
open_file (const char *path,
           int         flags,
           mode_t      mode)
{
  return open (path, flags, mode);
}

/* Gives an inode without a name one. The kernel takes it by the descriptor from
 * a privileged caller and, since Linux 6.10, from whoever opened it; before
 * that, and for others, it takes the way through /proc.
 */
static int
link_fd (int         fd,
         const char *path)
{
  char name[32];

  if (linkat (fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0)
    return 0;
  if (errno != ENOENT)
    return -1;

  g_snprintf (name, sizeof name, "/proc/self/fd/%d", fd);
  return linkat (AT_FDCWD, name, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

static int
unlink_in (int         directory,
           const char *path)
{
  return unlinkat (directory, path, 0);
}

static int
lstat_in (int          directory,
          const char  *path,
          struct stat *buffer)
{
  return fstatat (directory, path, buffer, AT_SYMLINK_NOFOLLOW);
}

GLockFileSystemCalls g_lock_file_system_calls = {
  .open = open_file,
  .close = close,
  .pread = pread,
  .pwrite = pwrite,
  .flock = flock,
  .link_fd = link_fd,
  .unlink = unlink_in,
  .lstat = lstat_in,
  .fstat = fstat,
  .statfs = statfs,
  .fstatfs = fstatfs,
  .futimens = futimens,
  .fdatasync = fdatasync,
};

#define CALLS (&g_lock_file_system_calls)

/* For calls that a signal handler of the application may interrupt. */
#define RETRY(result, call) \
  do \
    (result) = (call); \
  while ((result) < 0 && errno == EINTR)

static int
open_listed (const char *path,
             int         flags,
             mode_t      mode)
{
  int fd, saved_errno;

  g_lock_file_descriptors_enter ();
  RETRY (fd, CALLS->open (path, flags | O_CLOEXEC | O_NOCTTY, mode));
  saved_errno = errno;
  if (fd >= 0)
    g_lock_file_descriptors_add (fd);
  g_lock_file_descriptors_leave ();

  errno = saved_errno;
  return fd;
}

static void
close_listed (int fd)
{
  g_lock_file_descriptors_enter ();
  g_lock_file_descriptors_remove (fd);
  /* After EINTR the descriptor is gone all the same, and what it was needed for
   * is done, so there is nothing to report. */
  CALLS->close (fd);
  g_lock_file_descriptors_leave ();
}

/* Anybody can give his file any time, so far away that it cannot be counted in
 * microseconds: an end is put to it that differences do not overflow either. */
#define LAST_SECOND (G_MAXINT64 / G_USEC_PER_SEC / 4)

static gint64
to_microseconds (const struct timespec *time)
{
  return CLAMP (time->tv_sec, -LAST_SECOND, LAST_SECOND) * G_USEC_PER_SEC + time->tv_nsec / 1000;
}

/*
 * g_lock_file_names_init:
 * @path: an absolute path, or an empty one, which nothing can be made at
 */
void
g_lock_file_names_init (GLockFileNames *names,
                        const char     *path)
{
  const char *slash = strrchr (path, '/');

  names->path = g_strdup (path);
  names->removal_path = g_strconcat (path, ".rmlock", NULL);
  /* What the last slash ends is the directory, also if that is all there is. */
  names->directory = slash == NULL ? g_strdup ("")
                     : slash == path ? g_strdup ("/")
                                     : g_strndup (path, slash - path);
}

void
g_lock_file_names_clear (GLockFileNames *names)
{
  g_clear_pointer (&names->path, g_free);
  g_clear_pointer (&names->removal_path, g_free);
  g_clear_pointer (&names->directory, g_free);
}

/* --- A lock file of ours -------------------------------------------------- */

/* What kind of file system a device has is asked again after a second, not for
 * each lock. */
static int
get_volume_type (int      fd,
                 dev_t    device,
                 guint32 *type)
{
  static dev_t known_device;
  static guint32 known_type;
  static gint64 known_until;
  gint64 now = g_get_monotonic_time ();
  struct statfs volume;
  gboolean known;
  int result;

  g_lock_file_state_lock ();
  known = (known_device == device && now < known_until);
  *type = known_type;
  g_lock_file_state_unlock ();
  if (known)
    return 0;

  RETRY (result, CALLS->fstatfs (fd, &volume));
  if (result != 0)
    return errno;

  *type = volume.f_type;
  g_lock_file_state_lock ();
  known_device = device;
  known_type = *type;
  known_until = now + G_TIME_SPAN_SECOND;
  g_lock_file_state_unlock ();
  return 0;
}

/* Fills in what an open file is. Its modification time is the file system's
 * clock of this moment, for it has just been made.
 */
static int
adopt (GLockFileHandle *handle,
       int              fd)
{
  struct stat status;
  int result, error;

  RETRY (result, CALLS->fstat (fd, &status));
  error = result != 0 ? errno : get_volume_type (fd, status.st_dev, &handle->volume_type);
  if (error != 0)
    {
      close_listed (fd);
      return error;
    }

  handle->fd = fd;
  handle->id = (GLockFileId) { status.st_dev, status.st_ino };
  handle->clock_at_boot = to_microseconds (&status.st_mtim) - g_lock_file_process_boot_clock ();
  handle->kernel_locked = FALSE;
  return 0;
}

/*
 * g_lock_file_disk_open_candidate:
 *
 * R1: an inode that has no name yet. EOPNOTSUPP where the file system, or the
 * kernel, has no such thing.
 */
int
g_lock_file_disk_open_candidate (const char      *directory,
                                 GLockFileHandle *handle)
{
  int fd = open_listed (directory, O_TMPFILE | O_RDWR, 0666);

  if (fd < 0)
    {
      /* EISDIR and EINVAL are how kernels and sandboxes that do not know
       * O_TMPFILE see the flags. */
      if (errno == EISDIR || errno == EINVAL || errno == ENOSYS || errno == ENOTSUP)
        return EOPNOTSUPP;
      return errno;
    }
  return adopt (handle, fd);
}

/*
 * g_lock_file_disk_create:
 *
 * R3: the file at the path itself, still empty, if there is none. On failure
 * behind the creation the file is removed again.
 */
int
g_lock_file_disk_create (const char      *path,
                         GLockFileHandle *handle)
{
  int fd = open_listed (path, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0666);
  int error;

  if (fd < 0)
    return errno;
  error = adopt (handle, fd);
  if (error != 0)
    CALLS->unlink (AT_FDCWD, path);
  return error;
}

/*
 * g_lock_file_disk_lock:
 *
 * Takes the kernel lock. EWOULDBLOCK: somebody probes. No error where kernel
 * locks are unsupported: then @handle says so.
 */
int
g_lock_file_disk_lock (GLockFileHandle *handle)
{
  int result;

  RETRY (result, CALLS->flock (handle->fd, LOCK_EX | LOCK_NB));
  if (result == 0)
    {
      handle->kernel_locked = TRUE;
      return 0;
    }

  switch (errno)
    {
    case EWOULDBLOCK:
    case EACCES: /* SMB's word for it */
      return EWOULDBLOCK;
    case ENOLCK:
    case ENOSYS:
    case EOPNOTSUPP:
    case EINVAL:
      return 0;
    default:
      return errno;
    }
}

/*
 * g_lock_file_disk_write:
 *
 * Writes the whole content at once, and again from the start when a handle is
 * used once more: this also stamps the file.
 */
int
g_lock_file_disk_write (GLockFileHandle *handle,
                        const char      *content,
                        gsize            size,
                        gboolean         flush)
{
  gssize written;
  int result = 0;

  RETRY (written, CALLS->pwrite (handle->fd, content, size, 0));
  if (written < 0)
    return errno;
  if ((gsize) written < size)
    return ENOSPC; /* The only reason for a short write to a regular file. */
  if (flush)
    RETRY (result, CALLS->fdatasync (handle->fd));
  return result == 0 ? 0 : errno;
}

/*
 * g_lock_file_disk_publish:
 *
 * R2: gives the candidate its name, unless there is such a name already
 * (EEXIST). EOPNOTSUPP where files cannot be linked.
 */
int
g_lock_file_disk_publish (GLockFileHandle *handle,
                          const char      *path)
{
  int result;

  RETRY (result, CALLS->link_fd (handle->fd, path));
  if (result == 0)
    return 0;

  switch (errno)
    {
    case EPERM: /* No links here, says linkat(2); what else it may mean, creating
                 * the file by its name (R3) will find out. */
    case EMLINK:
    case EXDEV:
    case ENOENT: /* No /proc, or no directory: likewise. */
    case ENOSYS:
    case EINVAL:
    case EOPNOTSUPP:
      return EOPNOTSUPP;
    default:
      return errno;
    }
}

/*
 * g_lock_file_disk_touch:
 *
 * R17: makes the file young again.
 */
int
g_lock_file_disk_touch (GLockFileHandle *handle)
{
  int result;

  RETRY (result, CALLS->futimens (handle->fd, NULL));
  return result == 0 ? 0 : errno;
}

void
g_lock_file_disk_close (GLockFileHandle *handle)
{
  if (handle->fd >= 0)
    close_listed (handle->fd);
  handle->fd = -1;
}

/* --- Names ---------------------------------------------------------------- */

static int
identify_in (int          directory,
             const char  *path,
             GLockFileId *id)
{
  struct stat status;
  int result;

  RETRY (result, CALLS->lstat (directory, path, &status));
  if (result != 0)
    return errno;
  *id = (GLockFileId) { status.st_dev, status.st_ino };
  return 0;
}

/*
 * g_lock_file_disk_identify:
 *
 * Which file stands at @path.
 */
int
g_lock_file_disk_identify (const char  *path,
                           GLockFileId *id)
{
  return identify_in (AT_FDCWD, path, id);
}

static int
check_in (int                directory,
          const GLockFileId *id,
          const char        *path,
          gboolean          *is_there)
{
  GLockFileId found = { 0 };
  int error = identify_in (directory, path, &found);

  *is_there = error == 0 && g_lock_file_id_equal (id, &found);
  return error == ENOENT || error == ENOTDIR ? 0 : error;
}

/*
 * g_lock_file_disk_check:
 *
 * Whether the file @id, which is open, still stands at @path.
 */
int
g_lock_file_disk_check (const GLockFileId *id,
                        const char        *path,
                        gboolean          *is_there)
{
  return check_in (AT_FDCWD, id, path, is_there);
}

static int
unlink_if (int                directory,
           const char        *path,
           const GLockFileId *id,
           gboolean          *was_there)
{
  int result, error = check_in (directory, id, path, was_there);

  if (*was_there)
    {
      RETRY (result, CALLS->unlink (directory, path));
      error = result == 0 ? 0 : errno;
    }
  /* Also if it went between the two. */
  if (error == ENOENT || error == ENOTDIR || error == ESTALE)
    {
      *was_there = FALSE;
      error = 0;
    }
  return error;
}

/*
 * g_lock_file_disk_unlink:
 * @was_there: (out): whether it was that file that stood there
 *
 * Removes the name of the file @id, which is open, if it still has it.
 */
int
g_lock_file_disk_unlink (const GLockFileNames *names,
                         const GLockFileId    *id,
                         gboolean             *was_there)
{
  return unlink_if (AT_FDCWD, names->path, id, was_there);
}

/*
 * g_lock_file_disk_unlink_leftover:
 *
 * Likewise, looking and removing in the same directory: whoever may rename one on the way
 * there could otherwise have a file of that name removed anywhere.
 */
int
g_lock_file_disk_unlink_leftover (const GLockFileNames *names,
                                  const GLockFileId    *id,
                                  gboolean             *was_there)
{
  int directory, error;

  /* In no list for fork(): it holds no lock. */
  RETRY (directory, CALLS->open (names->directory, O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
  if (directory < 0)
    return g_lock_file_disk_unlink (names, id, was_there);

  error = unlink_if (directory, strrchr (names->path, '/') + 1, id, was_there);
  CALLS->close (directory);
  return error;
}

int
g_lock_file_disk_volume_type (const char *directory,
                              guint32    *type)
{
  struct statfs volume;
  int result;

  RETRY (result, CALLS->statfs (directory, &volume));
  if (result != 0)
    return errno;
  *type = volume.f_type;
  return 0;
}

/* --- Whatever stands at the path ------------------------------------------ */

/* Opens without touching more than needed: not even the time of access, if it
 * is our own file, for a contender leaves a holder's file as it is.
 */
static int
open_sight (const char *path,
            gboolean    for_writing)
{
  const int flags = O_NONBLOCK | O_NOFOLLOW;
  int fd = -1;

  if (for_writing)
    fd = open_listed (path, O_RDWR | flags, 0);
  if (fd < 0 && (!for_writing || errno == EACCES || errno == EPERM || errno == EROFS))
    fd = open_listed (path, O_RDONLY | O_NOATIME | flags, 0);
  if (fd < 0 && errno == EPERM)
    fd = open_listed (path, O_RDONLY | flags, 0);
  return fd;
}

/* Reads up to one byte more than a lock file may have. Of a regular file one
 * gets what there is at once. */
static int
read_content (int    fd,
              char  *content,
              gsize *size)
{
  gssize n;

  RETRY (n, CALLS->pread (fd, content, G_LOCK_FILE_RECORD_MAX + 1, 0));
  *size = MAX (n, 0);
  return n >= 0 ? 0 : errno;
}

/*
 * g_lock_file_disk_look:
 * @for_writing: open for writing if possible, as NFS wants it for an exclusive
 *   lock. On a local volume that is wrong: closing such a descriptor would wake
 *   every other waiter
 *
 * Opens and reads what stands at @path. The kernel lock is another matter, for
 * it may only be taken when something has been read.
 */
int
g_lock_file_disk_look (const char     *path,
                       gboolean        for_writing,
                       GLockFileSight *sight)
{
  struct stat status;
  int result, error;

  sight->fd = -1;
  sight->kernel = G_LOCK_FILE_KERNEL_NOT_ASKED;
  /* None is like no file: what comes to a path that was empty is another one (J6). */
  sight->id = (GLockFileId) { 0, 0 };
  sight->changed = 0;
  sight->size = 0;

  /* First without opening it: a reader that a FIFO gets would wake its writer,
   * and some devices do things when they are opened. */
  RETRY (result, CALLS->lstat (AT_FDCWD, path, &status));
  if (result != 0)
    {
      sight->kind = G_LOCK_FILE_KIND_GONE;
      return errno == ENOENT || errno == ESTALE ? 0 : errno;
    }
  sight->id = (GLockFileId) { status.st_dev, status.st_ino };
  sight->mode = status.st_mode;
  sight->changed = to_microseconds (&status.st_mtim);
  sight->kind = G_LOCK_FILE_KIND_OTHER;
  if (!S_ISREG (status.st_mode) || status.st_size > G_LOCK_FILE_RECORD_MAX)
    return 0;

  sight->fd = open_sight (path, for_writing);
  if (sight->fd < 0)
    {
      switch (errno)
        {
        case ENOENT:
        case ESTALE:
          sight->kind = G_LOCK_FILE_KIND_GONE;
          return 0;
        case EACCES:
        case EPERM:
        case EAGAIN: /* Its owner has a lease on it, and has been told to give it up. */
          sight->kind = G_LOCK_FILE_KIND_UNREADABLE;
          return 0;
        case ELOOP: /* It became something else this moment. */
        case ENXIO:
          return 0;
        default:
          return errno;
        }
    }

  /* Now of the open file: another may have come to the path meanwhile. */
  RETRY (result, CALLS->fstat (sight->fd, &status));
  error = result == 0 ? 0 : errno;
  if (error == 0)
    {
      sight->id = (GLockFileId) { status.st_dev, status.st_ino };
      sight->mode = status.st_mode;
      sight->changed = to_microseconds (&status.st_mtim);
      if (S_ISREG (status.st_mode))
        error = read_content (sight->fd, sight->content, &sight->size);
      if (S_ISREG (status.st_mode) && sight->size <= G_LOCK_FILE_RECORD_MAX)
        sight->kind = G_LOCK_FILE_KIND_REGULAR;
    }
  if (error != 0)
    g_lock_file_disk_forget (sight);
  /* On NFS this is how a file looks that another client has removed. */
  if (error == ESTALE)
    {
      sight->kind = G_LOCK_FILE_KIND_GONE;
      error = 0;
    }
  return error;
}

/*
 * g_lock_file_disk_probe:
 * @shared: only ask, side by side with others who only ask
 *
 * Asks the kernel for its lock on the file that was read.
 */
void
g_lock_file_disk_probe (GLockFileSight *sight,
                        gboolean        shared)
{
  int result;

  RETRY (result, CALLS->flock (sight->fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB));
  if (result == 0)
    {
      sight->kernel = G_LOCK_FILE_KERNEL_FREE;
      return;
    }

  switch (errno)
    {
    case EWOULDBLOCK:
    case EACCES:
      sight->kernel = G_LOCK_FILE_KERNEL_BUSY;
      break;
    case ENOLCK:
    case ENOSYS:
    case EOPNOTSUPP:
    case EINVAL:
      sight->kernel = G_LOCK_FILE_KERNEL_UNSUPPORTED;
      break;
    case EBADF:
      /* NFS, and we may not write the file. A shared lock tells at least
       * whether somebody has it; if nobody has, nothing more is known. */
      if (!shared)
        {
          g_lock_file_disk_probe (sight, TRUE);
          if (sight->kernel == G_LOCK_FILE_KERNEL_FREE)
            {
              CALLS->flock (sight->fd, LOCK_UN);
              sight->kernel = G_LOCK_FILE_KERNEL_REFUSED;
            }
          break;
        }
      G_GNUC_FALLTHROUGH;
    default:
      sight->kernel = G_LOCK_FILE_KERNEL_REFUSED;
      break;
    }
}

/*
 * g_lock_file_disk_reread:
 *
 * Whether @path still names the file that was judged, with the content that was
 * judged. Its time may be another: a holder may have refreshed it.
 */
int
g_lock_file_disk_reread (GLockFileSight *sight,
                         const char     *path,
                         gboolean       *unchanged)
{
  char content[G_LOCK_FILE_RECORD_MAX + 1];
  struct stat status;
  gsize size;
  int error = g_lock_file_disk_check (&sight->id, path, unchanged);
  int result;

  if (error != 0 || !*unchanged)
    return error == ESTALE ? 0 : error;

  error = read_content (sight->fd, content, &size);
  if (error == 0)
    {
      RETRY (result, CALLS->fstat (sight->fd, &status));
      error = result == 0 ? 0 : errno;
    }
  if (error == 0)
    sight->changed = to_microseconds (&status.st_mtim);

  *unchanged = error == 0 && size == sight->size && memcmp (content, sight->content, size) == 0;
  return error == ESTALE ? 0 : error;
}

/*
 * g_lock_file_disk_forget:
 *
 * Ends a look. Its kernel lock is given back explicitly: a child that was forked
 * meanwhile by other means than fork() shares the descriptor and would keep the
 * file busy (R14). That is harmless too if the file has been unlinked.
 */
void
g_lock_file_disk_forget (GLockFileSight *sight)
{
  if (sight->fd < 0)
    return;
  if (sight->kernel == G_LOCK_FILE_KERNEL_FREE)
    CALLS->flock (sight->fd, LOCK_UN);
  close_listed (sight->fd);
  sight->fd = -1;
}
