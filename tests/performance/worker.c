/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Nothing that is measured takes so long: then it hangs. */
#define ANSWER_TIME_LIMIT_MS 180000
#define SLEEP_TIME_LIMIT_MS 20000

TurnTable *turn_table;

/* ---- In the worker ---- */

static void
work (int      microseconds,
      gboolean spin)
{
  struct timespec pause = { .tv_nsec = microseconds * 1000L };
  gint64 end = now_ns () + pause.tv_nsec;

  if (!spin)
    clock_nanosleep (CLOCK_MONOTONIC, 0, &pause, NULL);
  else
    {
      while (now_ns () < end)
        ;
    }
}

static void
sleep_until (gint64 time)
{
  struct timespec until = { .tv_sec = time / 1000000000, .tv_nsec = time % 1000000000 };

  while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
    ;
}

static void
take_turns (const Contender *contender,
            gpointer         lock,
            int              index,
            gint64           start,
            gint64           end,
            int              work_us,
            gboolean         spin)
{
  gint64 cpu;
  gint64 now;

  sleep_until (start);
  cpu = clock_now (CLOCK_PROCESS_CPUTIME_ID);

  while ((now = now_ns ()) < end)
    {
      /* One that polls may sleep for seconds: it is not let past the end. */
      int timeout = contender->polls ? (end - now) / 1000000 : -1;

      if (!contender->lock (lock, timeout))
        break;

      if (now_ns () < end)
        {
          gint64 before = clock_now (CLOCK_THREAD_CPUTIME_ID);

          if (__atomic_fetch_add (&turn_table->inside, 1, __ATOMIC_SEQ_CST) != 0)
            __atomic_fetch_add (&turn_table->violations, 1, __ATOMIC_SEQ_CST);
          if (turn_table->last != index)
            {
              turn_table->last = index;
              turn_table->hand_overs++;
            }
          turn_table->takers[index].turns++;
          work (work_us, spin);
          __atomic_fetch_sub (&turn_table->inside, 1, __ATOMIC_SEQ_CST);

          turn_table->takers[index].work_cpu += clock_now (CLOCK_THREAD_CPUTIME_ID) - before;
        }
      contender->unlock (lock);
    }

  turn_table->takers[index].cpu += clock_now (CLOCK_PROCESS_CPUTIME_ID) - cpu;
}

static void
answer (FILE  *stream,
        gint64 number)
{
  fprintf (stream, "%" G_GINT64_FORMAT "\n", number);
  fflush (stream);
}

static void
obey (const Contender *contender,
      gpointer         lock,
      FILE            *stream)
{
  char line[256];
  gint64 unlocked_at = 0;

  answer (stream, 0);
  while (fgets (line, sizeof line, stream) != NULL)
    {
      gint64 start, end;
      int count, index, work_us, spin;

      if (strcmp (line, "lock\n") == 0)
        {
          contender->lock (lock, -1);
          answer (stream, now_ns ());
        }
      else if (strcmp (line, "unlock\n") == 0)
        {
          unlocked_at = now_ns ();
          contender->unlock (lock);
        }
      else if (strcmp (line, "when\n") == 0)
        answer (stream, unlocked_at);
      else if (sscanf (line, "cycle %d", &count) == 1)
        {
          start = now_ns ();
          for (int i = 0; i < count; i++)
            {
              contender->lock (lock, -1);
              contender->unlock (lock);
            }
          answer (stream, now_ns () - start);
        }
      else if (sscanf (line, "turns %d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %d %d",
                       &index, &start, &end, &work_us, &spin) == 5)
        {
          take_turns (contender, lock, index, start, end, work_us, spin);
          answer (stream, 0);
        }
      else
        g_error ("A worker does not know what to do with: %s", line);
    }
}

static void G_GNUC_NORETURN
be_worker (Contender  *contender,
           const char *path,
           int         fd)
{
  gpointer lock;

  /* A front program that is stopped by hand leaves nobody behind; and a worker
   * sees its end of input only if no other has a copy of the other end. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (fd > 3)
    close_range (3, fd - 1, 0);
  close_range (fd + 1, ~0U, 0);

  if (contender->program != NULL)
    {
      dup2 (fd, STDIN_FILENO);
      dup2 (fd, STDOUT_FILENO);
      execl (contender->interpreter, contender->interpreter, contender->program, path, NULL);
      g_error ("Cannot run %s: %s", contender->interpreter, g_strerror (errno));
    }

  contender_load (contender);
  lock = contender->open (path);
  obey (contender, lock, fdopen (fd, "r+"));
  contender->close (lock);
  _exit (EXIT_SUCCESS);
}

/* ---- In the front program ---- */

Worker *
worker_start (Contender  *contender,
              const char *path)
{
  Worker *worker = g_new0 (Worker, 1);
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    g_error ("socketpair: %s", g_strerror (errno));

  fflush (NULL);
  worker->pid = fork ();
  if (worker->pid < 0)
    g_error ("fork: %s", g_strerror (errno));
  if (worker->pid == 0)
    {
      close (fds[0]);
      be_worker (contender, path, fds[1]);
    }

  close (fds[1]);
  worker->stream = fdopen (fds[0], "r+");
  worker_receive (worker);
  return worker;
}

static void G_GNUC_PRINTF (2, 0)
send_command (Worker     *worker,
              const char *format,
              va_list     arguments)
{
  vfprintf (worker->stream, format, arguments);
  fputc ('\n', worker->stream);
  if (fflush (worker->stream) != 0)
    g_error ("Worker %d is gone", worker->pid);
}

void
worker_send (Worker     *worker,
             const char *format,
             ...)
{
  va_list arguments;

  va_start (arguments, format);
  send_command (worker, format, arguments);
  va_end (arguments);
}

gint64
worker_receive (Worker *worker)
{
  struct pollfd poll_fd = { .fd = fileno (worker->stream), .events = POLLIN };
  char line[64];

  if (poll (&poll_fd, 1, ANSWER_TIME_LIMIT_MS) == 0)
    g_error ("Worker %d does not answer", worker->pid);
  if (fgets (line, sizeof line, worker->stream) == NULL)
    g_error ("Worker %d is gone", worker->pid);
  return g_ascii_strtoll (line, NULL, 10);
}

gint64
worker_ask (Worker     *worker,
            const char *format,
            ...)
{
  va_list arguments;

  va_start (arguments, format);
  send_command (worker, format, arguments);
  va_end (arguments);
  return worker_receive (worker);
}

gboolean
task_is_asleep (pid_t    pid,
                pid_t    tid,
                guint64 *switches)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/status", pid, tid);
  g_autofree char *status = NULL;
  const char *state;
  const char *count;

  if (!g_file_get_contents (path, &status, NULL, NULL))
    return FALSE;

  state = strstr (status, "\nState:\t");
  count = strstr (status, "\nvoluntary_ctxt_switches:\t");
  if (state == NULL || count == NULL)
    return FALSE;

  *switches = g_ascii_strtoull (strchr (count, '\t') + 1, NULL, 10);
  return strchr (state, '\t')[1] == 'S';
}

static gboolean
look_at_tasks (Worker  *worker,
               guint64 *switches)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", worker->pid);
  g_autoptr (GDir) tasks = g_dir_open (path, 0, NULL);
  gboolean asleep = tasks != NULL;
  const char *name;

  *switches = 0;
  while (tasks != NULL && (name = g_dir_read_name (tasks)) != NULL)
    {
      guint64 of_task = 0;

      asleep &= task_is_asleep (worker->pid, g_ascii_strtoll (name, NULL, 10), &of_task);
      *switches += of_task;
    }
  return asleep;
}

gint64
worker_cpu (Worker *worker)
{
  clockid_t clock;

  if (clock_getcpuclockid (worker->pid, &clock) != 0)
    g_error ("Worker %d is gone", worker->pid);
  return clock_now (clock);
}

guint64
worker_count_switches (Worker *worker)
{
  guint64 switches;

  look_at_tasks (worker, &switches);
  return switches;
}

void
worker_await_sleep (Worker          *worker,
                    const Contender *contender)
{
  gint64 deadline = now_ns () + SLEEP_TIME_LIMIT_MS * G_GINT64_CONSTANT (1000000);
  guint64 before = G_MAXUINT64;
  guint64 switches;

  for (;;)
    {
      gboolean asleep = look_at_tasks (worker, &switches);

      if (asleep && (contender->polls || switches == before))
        return;
      if (now_ns () > deadline)
        g_error ("%s never sleeps", contender->name);
      before = asleep ? switches : G_MAXUINT64;
      g_usleep (5000);
    }
}

static void
reap (Worker *worker,
      int    *status)
{
  while (waitpid (worker->pid, status, 0) < 0 && errno == EINTR)
    ;
}

gint64
worker_kill (Worker *worker)
{
  gint64 time = now_ns ();
  int status;

  kill (worker->pid, SIGKILL);
  /* At once: for whoever looks at the process ID alone, one that nobody has
   * reaped is still there. */
  reap (worker, &status);
  worker->pid = 0;
  return time;
}

void
worker_free (Worker *worker)
{
  int status = 0;

  fclose (worker->stream);
  if (worker->pid != 0)
    reap (worker, &status);
  if (!WIFEXITED (status) || WEXITSTATUS (status) != EXIT_SUCCESS)
    g_error ("Worker %d ended with status %x", worker->pid, (unsigned int) status);
  g_free (worker);
}

gpointer
map_shared (gsize size)
{
  gpointer memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED)
    g_error ("mmap: %s", g_strerror (errno));
  return memory;
}

void
run_apart (void   (*function) (gpointer result,
                               gpointer data),
           gpointer data,
           gpointer result,
           gsize    result_size)
{
  gpointer shared = map_shared (result_size);
  pid_t pid;
  int status;

  fflush (NULL);
  pid = fork ();
  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      function (shared, data);
      _exit (EXIT_SUCCESS);
    }
  if (pid < 0 || waitpid (pid, &status, 0) < 0)
    g_error ("A process that was to measure something cannot be waited for");
  if (status != 0)
    g_error ("A process that was to measure something failed (%x)", (unsigned int) status);

  memcpy (result, shared, result_size);
  munmap (shared, result_size);
}
