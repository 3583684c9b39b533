/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A file system that takes its time:
 *
 *   sleepyfs FOLDER MOUNT-POINT THREAD
 *
 * What is in FOLDER is seen at MOUNT-POINT, until standard input ends. Prints `ready`
 * when it is mounted. Then it reads one number a line, the milliseconds that every
 * call takes from then on, and answers how many calls the thread of that ID has made
 * so far; with -1 no call returns until another number comes.
 */

#define FUSE_USE_VERSION 32

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int folder_fd;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int delay;
static pid_t watched_thread;
static int n_watched_calls;

static int
set_delay (int milliseconds)
{
  int n_calls;

  pthread_mutex_lock (&mutex);
  delay = milliseconds;
  n_calls = n_watched_calls;
  pthread_cond_broadcast (&changed);
  pthread_mutex_unlock (&mutex);
  return n_calls;
}

static void
take_time (void)
{
  int milliseconds;

  pthread_mutex_lock (&mutex);
  if (fuse_get_context ()->pid == watched_thread)
    n_watched_calls++;
  milliseconds = delay;
  while (delay < 0)
    pthread_cond_wait (&changed, &mutex);
  pthread_mutex_unlock (&mutex);
  if (milliseconds > 0)
    usleep (milliseconds * 1000);
}

/* The path in the folder. */
static const char *
inside (const char *path)
{
  return path[1] != '\0' ? path + 1 : ".";
}

static int
answer (int result)
{
  return result < 0 ? -errno : result;
}

static void *
fs_init (struct fuse_conn_info *connection,
         struct fuse_config    *config)
{
  /* Nothing may be answered without asking here. */
  config->attr_timeout = 0;
  config->entry_timeout = 0;
  config->negative_timeout = 0;
  config->direct_io = 1;
  config->use_ino = 1;
  config->hard_remove = 1;
  config->nullpath_ok = 1;
  return NULL;
}

static int
fs_getattr (const char            *path,
            struct stat           *status,
            struct fuse_file_info *file)
{
  take_time ();
  if (file != NULL)
    return answer (fstat (file->fh, status));
  return answer (fstatat (folder_fd, inside (path), status, AT_SYMLINK_NOFOLLOW));
}

static int
open_file (const char            *path,
           mode_t                 mode,
           struct fuse_file_info *file)
{
  int fd;

  take_time ();
  fd = openat (folder_fd, inside (path), file->flags | O_CLOEXEC, mode);
  if (fd < 0)
    return -errno;
  file->fh = fd;
  return 0;
}

static int
fs_open (const char            *path,
         struct fuse_file_info *file)
{
  return open_file (path, 0, file);
}

static int
fs_create (const char            *path,
           mode_t                 mode,
           struct fuse_file_info *file)
{
  file->flags |= O_CREAT;
  return open_file (path, mode, file);
}

static int
fs_read (const char            *path,
         char                  *buffer,
         size_t                 size,
         off_t                  offset,
         struct fuse_file_info *file)
{
  take_time ();
  return answer (pread (file->fh, buffer, size, offset));
}

static int
fs_write (const char            *path,
          const char            *buffer,
          size_t                 size,
          off_t                  offset,
          struct fuse_file_info *file)
{
  take_time ();
  return answer (pwrite (file->fh, buffer, size, offset));
}

static int
fs_flush (const char            *path,
          struct fuse_file_info *file)
{
  take_time ();
  return 0;
}

static int
fs_release (const char            *path,
            struct fuse_file_info *file)
{
  take_time ();
  return answer (close (file->fh));
}

static int
fs_fsync (const char            *path,
          int                    only_data,
          struct fuse_file_info *file)
{
  take_time ();
  return 0;
}

static int
fs_flock (const char            *path,
          struct fuse_file_info *file,
          int                    operation)
{
  take_time ();
  return answer (flock (file->fh, operation));
}

static int
fs_truncate (const char            *path,
             off_t                  size,
             struct fuse_file_info *file)
{
  int fd, result;

  take_time ();
  if (file != NULL)
    return answer (ftruncate (file->fh, size));
  fd = openat (folder_fd, inside (path), O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  result = answer (ftruncate (fd, size));
  close (fd);
  return result;
}

static int
fs_utimens (const char            *path,
            const struct timespec  times[2],
            struct fuse_file_info *file)
{
  take_time ();
  if (file != NULL)
    return answer (futimens (file->fh, times));
  return answer (utimensat (folder_fd, inside (path), times, AT_SYMLINK_NOFOLLOW));
}

static int
fs_unlink (const char *path)
{
  take_time ();
  return answer (unlinkat (folder_fd, inside (path), 0));
}

static int
fs_statfs (const char     *path,
           struct statvfs *status)
{
  take_time ();
  return answer (fstatvfs (folder_fd, status));
}

static int
fs_readdir (const char              *path,
            void                    *buffer,
            fuse_fill_dir_t          fill,
            off_t                    offset,
            struct fuse_file_info   *file,
            enum fuse_readdir_flags  flags)
{
  struct dirent *entry;
  DIR *folder;

  take_time ();
  folder = fdopendir (openat (folder_fd, inside (path), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder == NULL)
    return -errno;
  while ((entry = readdir (folder)) != NULL)
    fill (buffer, entry->d_name, NULL, 0, 0);
  closedir (folder);
  return 0;
}

static const struct fuse_operations operations = {
  .init = fs_init,
  .getattr = fs_getattr,
  .open = fs_open,
  .create = fs_create,
  .read = fs_read,
  .write = fs_write,
  .flush = fs_flush,
  .release = fs_release,
  .fsync = fs_fsync,
  .flock = fs_flock,
  .truncate = fs_truncate,
  .utimens = fs_utimens,
  .unlink = fs_unlink,
  .statfs = fs_statfs,
  .readdir = fs_readdir,
};

static void *
serve_thread (void *fuse)
{
  struct fuse_loop_config config = { .max_idle_threads = 10 };

  fuse_loop_mt (fuse, &config);
  return NULL;
}

int
main (int    argc,
      char **argv)
{
  char *fuse_argv[] = { argv[0], NULL };
  struct fuse_args arguments = FUSE_ARGS_INIT (1, fuse_argv);
  struct fuse *fuse;
  pthread_t thread;
  char line[16];

  if (argc != 4)
    return 2;
  watched_thread = atoi (argv[3]);
  /* Who waits for an answer of ours cannot even be killed. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  folder_fd = open (argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  fuse = fuse_new (&arguments, &operations, sizeof operations, NULL);
  if (folder_fd < 0 || fuse == NULL || fuse_mount (fuse, argv[2]) != 0)
    return 1;
  pthread_create (&thread, NULL, serve_thread, fuse);

  puts ("ready");
  fflush (stdout);
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      printf ("%d\n", set_delay (atoi (line)));
      fflush (stdout);
    }

  set_delay (0);
  fuse_unmount (fuse);
  pthread_join (thread, NULL);
  fuse_destroy (fuse);
  return 0;
}
