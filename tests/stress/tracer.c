/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "tracer.h"

#include "testutils.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* So long nothing comes from a process, and all its threads sleep, before it counts as
 * sleeping, in microseconds. A look's short pauses end sooner. */
#define QUIET_TIME (4 * G_TIME_SPAN_MILLISECOND)

/* What a stop at a system call is told by, as PTRACE_O_TRACESYSGOOD says. */
#define SYSCALL_SIGNAL (SIGTRAP | 0x80)

struct _Tracer
{
  pid_t       pid;
  pid_t       stopped;          /* the thread that waits to go on; 0: none */
  GHashTable *calls;            /* thread → what it called last, in words */
  GArray     *pending;          /* Stop: of other threads, not told yet */
  char       *place;
  int         status;
  gboolean    ended;
};

typedef struct
{
  pid_t thread;
  int   status;
} Stop;

/* Shared with the process that is followed. */
static int *watched;

/* --- In the process that is followed --------------------------------------- */

void
tracer_mark (void)
{
  raise (SIGSTOP);
}

void
tracer_watch (gboolean watch)
{
  g_atomic_int_set (watched, watch);
}

/* --- What a stop is -------------------------------------------------------- */

static const char *
name_call (guint64 number)
{
  static const struct
  {
    guint64     number;
    const char *name;
  } names[] = {
    { SYS_clone3, "clone3" },
    { SYS_close, "close" },
    { SYS_epoll_ctl, "epoll_ctl" },
    { SYS_fcntl, "fcntl" },
    { SYS_fdatasync, "fdatasync" },
    { SYS_flock, "flock" },
    { SYS_fstatfs, "fstatfs" },
    { SYS_futex, "futex" },
    { SYS_inotify_add_watch, "inotify_add_watch" },
    { SYS_linkat, "linkat" },
    { SYS_openat, "openat" },
    { SYS_pidfd_open, "pidfd_open" },
    { SYS_ppoll, "ppoll" },
    { SYS_pread64, "pread64" },
    { SYS_pwrite64, "pwrite64" },
    { SYS_read, "read" },
    { SYS_statfs, "statfs" },
    { SYS_write, "write" },
#ifdef SYS_newfstatat
    { SYS_newfstatat, "newfstatat" },
#endif
#ifdef SYS_fstat
    { SYS_fstat, "fstat" },
#endif
#ifdef SYS_lstat
    { SYS_lstat, "lstat" },
#endif
#ifdef SYS_unlink
    { SYS_unlink, "unlink" },
#endif
    { SYS_unlinkat, "unlinkat" },
    { SYS_utimensat, "utimensat" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i].number == number)
      return names[i].name;
  return NULL;
}

static char *
read_string (pid_t   thread,
             guint64 address)
{
  char buffer[256] = { 0 };
  struct iovec local = { buffer, sizeof buffer - 1 };
  struct iovec remote = { GSIZE_TO_POINTER (address), sizeof buffer - 1 };

  if (process_vm_readv (thread, &local, 1, &remote, 1, 0) <= 0)
    return g_strdup ("");
  return g_path_get_basename (buffer);
}

static gboolean
takes_path (guint64 number,
            guint  *argument)
{
  switch (number)
    {
    case SYS_openat:
    case SYS_unlinkat:
#ifdef SYS_newfstatat
    case SYS_newfstatat:
#endif
      *argument = 1;
      return TRUE;
    case SYS_linkat:
      *argument = 3;
      return TRUE;
    case SYS_statfs:
#ifdef SYS_lstat
    case SYS_lstat:
#endif
#ifdef SYS_unlink
    case SYS_unlink:
#endif
      *argument = 0;
      return TRUE;
    default:
      return FALSE;
    }
}

/* A call and the file that it is about, if it is about one. */
static char *
describe_call (pid_t                               thread,
               const struct __ptrace_syscall_info *info)
{
  const char *name = name_call (info->entry.nr);
  g_autofree char *link = NULL;
  g_autofree char *file = NULL;
  guint argument;

  if (name == NULL)
    return g_strdup_printf ("call %" G_GUINT64_FORMAT, (guint64) info->entry.nr);
  if (info->entry.nr == SYS_openat && (info->entry.args[2] & O_CREAT) != 0)
    name = "create";

  if (takes_path (info->entry.nr, &argument))
    {
      file = read_string (thread, info->entry.args[argument]);
    }
  else if (info->entry.nr != SYS_futex && info->entry.nr != SYS_ppoll &&
           info->entry.nr != SYS_clone3)
    {
      g_autofree char *path = g_strdup_printf ("/proc/%d/fd/%d", (int) thread,
                                               (int) info->entry.args[0]);

      link = g_file_read_link (path, NULL);
      file = link != NULL ? g_path_get_basename (link) : NULL;
    }

  return file != NULL ? g_strconcat (name, " ", file, NULL) : g_strdup (name);
}

static void
note_place (Tracer *self,
            pid_t   thread)
{
  struct __ptrace_syscall_info info = { 0 };
  const char *call;

  if (ptrace (PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) < 0)
    return; /* It was just killed. */
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
    g_hash_table_replace (self->calls, GINT_TO_POINTER (thread), describe_call (thread, &info));

  call = g_hash_table_lookup (self->calls, GINT_TO_POINTER (thread));
  g_free (self->place);
  if (info.op == PTRACE_SYSCALL_INFO_EXIT && info.exit.is_error)
    self->place = g_strdup_printf ("after %s: %s", call, g_strerror (-info.exit.rval));
  else
    self->place = g_strdup_printf ("%s %s",
                                   info.op == PTRACE_SYSCALL_INFO_ENTRY ? "before" : "after",
                                   call);
}

/* Whether the threads are all in one of these states, as /proc calls them. */
static gboolean
all_threads_are (Tracer     *self,
                 const char *states)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", (int) self->pid);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *stat_path = g_build_filename (path, name, "stat", NULL);
      g_autofree char *stat = NULL;

      if (g_file_get_contents (stat_path, &stat, NULL, NULL) &&
          strchr (states, strrchr (stat, ')')[2]) == NULL)
        return FALSE;
    }
  return directory != NULL;
}

/* --- Following it ---------------------------------------------------------- */

/* Lets a thread run to its next stop; if it has just been killed that is all right too. */
static void
let_run (pid_t thread,
         int   signal_number)
{
  if (ptrace (PTRACE_SYSCALL, thread, NULL, signal_number) < 0)
    g_assert_cmpint (errno, ==, ESRCH);
}

/* What a thread's stop means: TRUE if it is one that is asked for. */
static gboolean
take_stop (Tracer      *self,
           pid_t        thread,
           int          status,
           TracerEvent *event)
{
  int stop = status >> 8;
  int signal_number = 0;

  if (stop == SYSCALL_SIGNAL)
    {
      note_place (self, thread);
      if (g_atomic_int_get (watched))
        {
          *event = TRACER_STOPPED;
          self->stopped = thread;
          return TRUE;
        }
    }
  else if (stop == SIGSTOP && thread == self->pid)
    {
      *event = TRACER_MARK;
      self->stopped = thread;
      return TRUE;
    }
  else if (stop != SIGSTOP && stop <= 0xff)
    {
      /* A thread begins with SIGSTOP, and what is beyond the signals is told by ptrace. */
      signal_number = stop;
    }

  let_run (thread, signal_number);
  return FALSE;
}

/* The next thing that happens; FALSE if nothing has. */
static gboolean
next_stop (Tracer *self,
           Stop   *stop)
{
  if (self->pending->len > 0)
    {
      *stop = g_array_index (self->pending, Stop, 0);
      g_array_remove_index (self->pending, 0);
      return TRUE;
    }
  stop->thread = waitpid (-self->pid, &stop->status, __WALL | WNOHANG);
  g_assert_cmpint (stop->thread, >=, 0);
  return stop->thread > 0;
}

TracerEvent
tracer_go_on (Tracer *self)
{
  gint64 quiet_since = g_get_monotonic_time ();
  TracerEvent event;

  g_assert_false (self->ended);
  if (self->stopped != 0)
    let_run (self->stopped, 0);
  self->stopped = 0;

  for (;;)
    {
      Stop stop;

      if (!next_stop (self, &stop))
        {
          if (g_get_monotonic_time () - quiet_since > QUIET_TIME && all_threads_are (self, "S"))
            return TRACER_SLEEPS;
          g_usleep (10);
          continue;
        }

      quiet_since = g_get_monotonic_time ();
      if (WIFSTOPPED (stop.status))
        {
          if (take_stop (self, stop.thread, stop.status, &event))
            return event;
        }
      else if (stop.thread == self->pid)
        {
          self->status = stop.status;
          self->ended = TRUE;
          return TRACER_ENDED;
        }
    }
}

void
tracer_stop_others (Tracer  *self,
                    void   (*seen) (gpointer data),
                    gpointer data)
{
  gboolean still;

  do
    {
      Stop stop;

      still = all_threads_are (self, "StZX");
      while ((stop.thread = waitpid (-self->pid, &stop.status, __WALL | WNOHANG)) > 0)
        g_array_append_val (self->pending, stop);
    }
  while (!still);

  for (guint i = 0; i < self->pending->len; i++)
    {
      const Stop *stop = &g_array_index (self->pending, Stop, i);

      if (WIFSTOPPED (stop->status) && stop->status >> 8 == SYSCALL_SIGNAL)
        {
          note_place (self, stop->thread);
          seen (data);
        }
    }
}

static pid_t
start_child (void     (*play) (gpointer data),
             gpointer   data)
{
  pid_t pid;

  fflush (NULL);
  pid = test_fork_patiently ();
  if (pid > 0)
    return pid;

  /* A group of its own tells its threads from other children. */
  setpgid (0, 0);
  if (ptrace (PTRACE_TRACEME, 0, NULL, NULL) < 0)
    _exit (1);
  tracer_mark ();
  play (data);
  _exit (0);
}

Tracer *
tracer_start (void     (*play) (gpointer data),
              gpointer   data)
{
  Tracer *self = g_new0 (Tracer, 1);
  int status;

  if (watched == NULL)
    {
      watched = mmap (NULL, sizeof *watched, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                      -1, 0);
      g_assert_true (watched != MAP_FAILED);
    }
  g_atomic_int_set (watched, FALSE);

  self->calls = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->pending = g_array_new (FALSE, FALSE, sizeof (Stop));
  self->pid = start_child (play, data);
  g_assert_cmpint (waitpid (self->pid, &status, 0), ==, self->pid);
  g_assert_true (WIFSTOPPED (status) && WSTOPSIG (status) == SIGSTOP);
  g_assert_no_errno (ptrace (PTRACE_SETOPTIONS, self->pid, NULL,
                             PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE));
  self->stopped = self->pid;
  g_assert_cmpint (tracer_go_on (self), ==, TRACER_MARK);
  return self;
}

pid_t
tracer_get_pid (Tracer *self)
{
  return self->pid;
}

const char *
tracer_get_place (Tracer *self)
{
  return self->place != NULL ? self->place : "at the beginning";
}

int
tracer_get_status (Tracer *self)
{
  g_assert_true (self->ended);
  return self->status;
}

void
tracer_kill (Tracer *self)
{
  if (self->ended)
    return;

  kill (self->pid, SIGKILL);
  do
    g_assert_cmpint (waitpid (-self->pid, &self->status, __WALL), >, 0);
  while (kill (self->pid, 0) == 0);
  self->ended = TRUE;
}

void
tracer_free (Tracer *self)
{
  tracer_kill (self);
  g_hash_table_unref (self->calls);
  g_array_unref (self->pending);
  g_free (self->place);
  g_free (self);
}

static void
do_nothing (gpointer data)
{
  tracer_mark ();
}

gboolean
tracer_is_possible (void)
{
  pid_t pid = start_child (do_nothing, NULL);
  int status;
  gboolean possible;

  g_assert_cmpint (waitpid (pid, &status, WUNTRACED), ==, pid);
  possible = WIFSTOPPED (status);
  if (possible)
    {
      kill (pid, SIGKILL);
      waitpid (pid, NULL, 0);
    }
  else
    {
      g_test_skip ("Needs ptrace");
    }
  return possible;
}
