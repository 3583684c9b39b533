/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Preloaded into a Qt program, this stops it at a chosen step of its work on a
 * lock file, where no test could otherwise catch it, or slows every step down,
 * so that what is rare by itself happens many times a second. The environment
 * says which:
 *
 *   GLOCKFILE_PARK_FILE   the lock file's path, exactly as the program uses it
 *   GLOCKFILE_PARK_AT     CALL:before or CALL:after. The process writes a line
 *                         `parked` to standard output and stops itself the
 *                         first time it gets there
 *   GLOCKFILE_PARK_DELAY  microseconds: at most so long, at random, each step
 *                         on the lock file and on its .rmlock is delayed
 *
 * The calls are `create` (open with O_CREAT), `open` (for writing, which Qt
 * does only to remove a stale file), `flock`, `write`, `close` and `unlink`.
 * Descriptors that were opened for reading are left alone.
 */

/* open() and open64() are two symbols here, whatever the build says. */
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define MAX_DESCRIPTORS 1024

static int     (*real_open)   (const char *path, int flags, ...);
static int     (*real_flock)  (int fd, int operation);
static ssize_t (*real_write)  (int fd, const void *buffer, size_t size);
static int     (*real_close)  (int fd);
static int     (*real_unlink) (const char *path);

static const char   *park_file;
static const char   *park_at;
static unsigned int  delay;
static unsigned int  seed;
static char          watched[MAX_DESCRIPTORS];

/* Not a constructor: those of other libraries, which may run earlier, open and
 * close files too. */
static void
initialize (void)
{
  const char *delay_text = getenv ("GLOCKFILE_PARK_DELAY");

  if (real_open != NULL)
    return;

  real_flock = dlsym (RTLD_NEXT, "flock");
  real_write = dlsym (RTLD_NEXT, "write");
  real_close = dlsym (RTLD_NEXT, "close");
  real_unlink = dlsym (RTLD_NEXT, "unlink");
  real_open = dlsym (RTLD_NEXT, "open64");

  park_file = getenv ("GLOCKFILE_PARK_FILE");
  park_at = getenv ("GLOCKFILE_PARK_AT");
  delay = delay_text != NULL ? strtoul (delay_text, NULL, 10) : 0;
  seed = getpid ();
}

static int
is_watched_path (const char *path)
{
  size_t length;

  if (park_file == NULL)
    return 0;
  if (strcmp (path, park_file) == 0)
    return 1;

  length = strlen (park_file);
  return delay > 0 && strncmp (path, park_file, length) == 0
         && strcmp (path + length, ".rmlock") == 0;
}

static int
is_watched_fd (int fd)
{
  return fd >= 0 && fd < MAX_DESCRIPTORS && watched[fd];
}

static void
reach (const char *call,
       const char *when)
{
  static const char parked[] = "parked\n";
  size_t length = strlen (call);

  if (delay > 0)
    {
      struct timespec pause = { 0, 1000L * (rand_r (&seed) % delay) };

      nanosleep (&pause, NULL);
    }

  if (park_at != NULL
      && strncmp (park_at, call, length) == 0
      && park_at[length] == ':'
      && strcmp (park_at + length + 1, when) == 0)
    {
      park_at = NULL;
      if (real_write (STDOUT_FILENO, parked, sizeof parked - 1) < 0)
        abort ();
      raise (SIGSTOP);
    }
}

static int
open_watched (const char *path,
              int         flags,
              mode_t      mode)
{
  const char *call = (flags & O_CREAT) != 0 ? "create" : "open";
  int fd;

  initialize ();
  if ((flags & O_ACCMODE) == O_RDONLY || !is_watched_path (path))
    return real_open (path, flags, mode);

  reach (call, "before");
  fd = real_open (path, flags, mode);
  if (fd >= 0 && fd < MAX_DESCRIPTORS)
    {
      watched[fd] = 1;
      reach (call, "after");
    }

  return fd;
}

static mode_t
mode_argument (int     flags,
               va_list arguments)
{
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg (arguments, mode_t) : 0;
}

int
open (const char *path, int flags, ...)
{
  va_list arguments;
  mode_t mode;

  va_start (arguments, flags);
  mode = mode_argument (flags, arguments);
  va_end (arguments);

  return open_watched (path, flags, mode);
}

int
open64 (const char *path, int flags, ...)
{
  va_list arguments;
  mode_t mode;

  va_start (arguments, flags);
  mode = mode_argument (flags, arguments);
  va_end (arguments);

  return open_watched (path, flags, mode);
}

int
flock (int fd, int operation)
{
  int result;

  initialize ();
  if (!is_watched_fd (fd))
    return real_flock (fd, operation);

  reach ("flock", "before");
  result = real_flock (fd, operation);
  reach ("flock", "after");

  return result;
}

ssize_t
write (int fd, const void *buffer, size_t size)
{
  ssize_t result;

  initialize ();
  if (!is_watched_fd (fd))
    return real_write (fd, buffer, size);

  reach ("write", "before");
  result = real_write (fd, buffer, size);
  reach ("write", "after");

  return result;
}

int
close (int fd)
{
  int result;

  initialize ();
  if (!is_watched_fd (fd))
    return real_close (fd);

  reach ("close", "before");
  watched[fd] = 0;
  result = real_close (fd);
  reach ("close", "after");

  return result;
}

int
unlink (const char *path)
{
  int result;

  initialize ();
  if (!is_watched_path (path))
    return real_unlink (path);

  reach ("unlink", "before");
  result = real_unlink (path);
  reach ("unlink", "after");

  return result;
}
