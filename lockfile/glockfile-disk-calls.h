/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <sys/stat.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <time.h>

/* Every system call that the library makes on a lock file goes through this
 * table, so that a test can make each of them fail, or force a way that the
 * file system at hand does not ask for:
 *
 *  - `open` that answers EOPNOTSUPP to O_TMPFILE forces R3,
 *  - `flock` that answers ENOLCK forces R6,
 *  - `fstatfs` and `statfs` with another f_type make a volume shared.
 *
 * Each member has the meaning and the errno of the system call of its name;
 * `link_fd` gives the open file @fd the name @path. A path is relative to @directory,
 * which may be AT_FDCWD, where there is one.
 */
typedef struct
{
  int     (*open)      (const char *path, int flags, mode_t mode);
  int     (*close)     (int fd);
  ssize_t (*pread)     (int fd, void *buffer, size_t size, off_t offset);
  ssize_t (*pwrite)    (int fd, const void *buffer, size_t size, off_t offset);
  int     (*flock)     (int fd, int operation);
  int     (*link_fd)   (int fd, const char *path);
  int     (*unlink)    (int directory, const char *path);
  int     (*lstat)     (int directory, const char *path, struct stat *buffer);
  int     (*fstat)     (int fd, struct stat *buffer);
  int     (*statfs)    (const char *path, struct statfs *buffer);
  int     (*fstatfs)   (int fd, struct statfs *buffer);
  int     (*futimens)  (int fd, const struct timespec times[2]);
  int     (*fdatasync) (int fd);
} GLockFileSystemCalls;

extern GLockFileSystemCalls g_lock_file_system_calls;
