/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "ways.h"

#include <errno.h>
#include <fcntl.h>
#include <lockfile/glockfile-disk-calls.h>

#define NFS_SUPER_MAGIC 0x6969

/* Every other step takes up to so long when it is slow, in microseconds. */
#define LONGEST_PAUSE 200

static GLockFileSystemCalls real_calls;
static GLockFileSystemCalls brisk_calls;

static int
open_without_tmpfile (const char *path,
                      int         flags,
                      mode_t      mode)
{
  if ((flags & O_TMPFILE) == O_TMPFILE)
    {
      errno = EOPNOTSUPP;
      return -1;
    }

  return real_calls.open (path, flags, mode);
}

static int
flock_unsupported (int fd,
                   int operation)
{
  errno = ENOLCK;
  return -1;
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
dawdle (void)
{
  guint random = (guint) g_get_monotonic_time () * 2654435761u;

  if (random & 1)
    g_usleep ((random >> 8) % LONGEST_PAUSE);
}

static int
open_slowly (const char *path,
             int         flags,
             mode_t      mode)
{
  dawdle ();
  return brisk_calls.open (path, flags, mode);
}

static int
flock_slowly (int fd,
              int operation)
{
  dawdle ();
  return brisk_calls.flock (fd, operation);
}

static int
link_fd_slowly (int         fd,
                const char *path)
{
  dawdle ();
  return brisk_calls.link_fd (fd, path);
}

static int
unlink_slowly (int         directory,
               const char *path)
{
  dawdle ();
  return brisk_calls.unlink (directory, path);
}

static int
lstat_slowly (int          directory,
              const char  *path,
              struct stat *buffer)
{
  dawdle ();
  return brisk_calls.lstat (directory, path, buffer);
}

void
test_way_take (const TestWay *way)
{
  real_calls = g_lock_file_system_calls;
  if (way->no_tmpfile)
    g_lock_file_system_calls.open = open_without_tmpfile;
  if (way->no_flock)
    g_lock_file_system_calls.flock = flock_unsupported;
  if (way->shared)
    {
      g_lock_file_system_calls.statfs = statfs_shared;
      g_lock_file_system_calls.fstatfs = fstatfs_shared;
    }

  brisk_calls = g_lock_file_system_calls;
  if (way->slow)
    {
      g_lock_file_system_calls.open = open_slowly;
      g_lock_file_system_calls.flock = flock_slowly;
      g_lock_file_system_calls.link_fd = link_fd_slowly;
      g_lock_file_system_calls.unlink = unlink_slowly;
      g_lock_file_system_calls.lstat = lstat_slowly;
    }
}
