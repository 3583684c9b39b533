/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Many asynchronous waiters in one process: each on a path of its own, and all
 * on one path. */

#include "benchmark.h"

#include <errno.h>
#include <lockfile/glockfile.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker.h"

/* The main one, GLib's, and a few idle ones. */
#define MAX_LASTING_THREADS 4

typedef struct
{
  const char *directory;
  guint       n_waiters;
  gboolean    one_path;
  gboolean    brief;
} AsyncOrder;

typedef struct
{
  double bytes_each;
  guint  threads;               /* while all of them wait */
  double total_ms;              /* from the release to the last one served */
  guint  out_of_order;
} AsyncResult;

/* What the callbacks of one main loop share. */
typedef struct
{
  guint n_served;
  guint out_of_order;
} Served;

typedef struct
{
  GLockFile *lock_file;
  guint      index;
  Served    *served;
} AsyncWaiter;

static char *
waiter_path (const AsyncOrder *order,
             guint             index)
{
  return order->one_path
           ? g_build_filename (order->directory, "one", NULL)
           : g_strdup_printf ("%s/.~lock.Annual report %05u.odt#", order->directory, index);
}

static void
allow_descriptors (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    {
      limit.rlim_cur = limit.rlim_max;
      setrlimit (RLIMIT_NOFILE, &limit);
    }
}

/* ---- The process that holds all of them ---- */

static void
hold_all (const AsyncOrder *order,
          int               command_fd,
          int               answer_fd)
{
  guint n_locks = order->one_path ? 1 : order->n_waiters;
  g_autofree GLockFile **locks = g_new0 (GLockFile *, n_locks);
  gint64 start;
  char byte = 0;

  allow_descriptors ();
  for (guint i = 0; i < n_locks; i++)
    {
      g_autofree char *path = waiter_path (order, i);
      g_autoptr (GError) error = NULL;

      locks[i] = g_lock_file_new (path);
      if (!g_lock_file_lock (locks[i], NULL, &error))
        g_error ("%s", error->message);
    }
  if (write (answer_fd, &byte, 1) != 1 || read (command_fd, &byte, 1) != 1)
    g_error ("The process that waits is gone");

  start = now_ns ();
  for (guint i = 0; i < n_locks; i++)
    g_lock_file_unlock (locks[i], NULL);
  if (write (answer_fd, &start, sizeof start) != sizeof start)
    g_error ("The process that waits is gone");
}

/* ---- The process that waits ---- */

static void
unlocked_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      data)
{
  g_autoptr (GError) error = NULL;

  if (!g_lock_file_unlock_finish (G_LOCK_FILE (object), result, &error))
    g_error ("%s", error->message);
}

static void
locked_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      data)
{
  AsyncWaiter *waiter = data;
  g_autoptr (GError) error = NULL;

  if (!g_lock_file_lock_finish (G_LOCK_FILE (object), result, &error))
    g_error ("%s", error->message);

  if (waiter->index != waiter->served->n_served)
    waiter->served->out_of_order++;
  waiter->served->n_served++;
  g_lock_file_unlock_async (waiter->lock_file, G_PRIORITY_DEFAULT, NULL, unlocked_cb, NULL);
}

static void
run_main_loop (int milliseconds)
{
  gint64 end = now_ns () + milliseconds * G_GINT64_CONSTANT (1000000);

  while (now_ns () < end)
    {
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_usleep (10000);
    }
}

/* Until all have made their first looks and sleep: then the process uses no
 * processor time for a while. */
static void
await_quiet (void)
{
  const gint64 hardly_any = 3000000;
  gint64 cpu_before;

  do
    {
      cpu_before = clock_now (CLOCK_PROCESS_CPUTIME_ID);
      run_main_loop (300);
    }
  while (clock_now (CLOCK_PROCESS_CPUTIME_ID) - cpu_before > hardly_any);
}

static gsize
memory_in_use (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

static guint
count_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (tasks) != NULL)
    n++;
  return n;
}

/* Threads that have no work stay for a moment, in case there is more; those that
 * wait for a lock would stay for ever. */
static guint
count_lasting_threads (gboolean brief)
{
  const gint64 end = now_ns () + (brief ? 0 : 20) * G_GINT64_CONSTANT (1000000000);
  guint n;

  while ((n = count_threads ()) > MAX_LASTING_THREADS && now_ns () < end)
    run_main_loop (100);
  return n;
}

static void
wait_for_all (gpointer result,
              gpointer data)
{
  AsyncOrder *order = data;
  AsyncResult *async_result = result;
  g_autofree AsyncWaiter *waiters = g_new0 (AsyncWaiter, order->n_waiters);
  Served served = { 0 };
  int commands[2], answers[2];
  gsize before;
  gint64 start;
  pid_t holder;
  char byte;

  if (pipe (commands) < 0 || pipe (answers) < 0)
    g_error ("pipe: %s", g_strerror (errno));
  holder = fork ();
  if (holder == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      hold_all (order, commands[0], answers[1]);
      _exit (0);
    }
  if (holder < 0 || read (answers[0], &byte, 1) != 1)
    g_error ("The process that holds the locks failed");

  allow_descriptors ();
  before = memory_in_use ();
  for (guint i = 0; i < order->n_waiters; i++)
    {
      g_autofree char *path = waiter_path (order, i);

      waiters[i].lock_file = g_lock_file_new (path);
      waiters[i].index = i;
      waiters[i].served = &served;
      g_lock_file_lock_async (waiters[i].lock_file, G_PRIORITY_DEFAULT, NULL, locked_cb,
                              &waiters[i]);
    }
  await_quiet ();
  async_result->bytes_each = (double) (memory_in_use () - before) / order->n_waiters;
  async_result->threads = count_lasting_threads (order->brief);

  if (write (commands[1], "", 1) != 1)
    g_error ("The process that holds the locks is gone");
  while (served.n_served < order->n_waiters)
    g_main_context_iteration (NULL, TRUE);
  async_result->total_ms = now_ns () / 1e6;
  if (read (answers[0], &start, sizeof start) != sizeof start)
    g_error ("The process that holds the locks is gone");
  async_result->total_ms -= start / 1e6;
  async_result->out_of_order = served.out_of_order;

  /* The last unlocking may be under way; whoever drops the last reference
   * waits for nothing, and finds nothing locked. */
  await_quiet ();
  for (guint i = 0; i < order->n_waiters; i++)
    g_object_unref (waiters[i].lock_file);
  waitpid (holder, NULL, 0);
}

static double
measure_waiters (Benchmark   *benchmark,
                 const Place *place,
                 guint        n_waiters,
                 gboolean     one_path,
                 AsyncResult *result)
{
  AsyncOrder order = {
    .directory = place->directory,
    .n_waiters = n_waiters,
    .one_path = one_path,
    .brief = benchmark->brief,
  };

  run_apart (wait_for_all, &order, result, sizeof *result);
  report_row (benchmark->report, place->name, one_path ? "GLockFile, one" : "GLockFile, each",
              (double[]) { n_waiters, result->bytes_each, result->threads, result->total_ms,
                           result->total_ms * 1e3 / n_waiters,
                           one_path ? result->out_of_order : REPORT_NOTHING });
  return result->total_ms * 1e3 / n_waiters;
}

static void
measure_async_at (Benchmark   *benchmark,
                  const Place *place)
{
  const guint n_paths = benchmark->brief ? 200 : 10000;
  const guint n_on_one = benchmark->brief ? 40 : 1000;
  AsyncResult result;
  double few_us, many_us;

  /* In this order: ext4 does not use an inode again that was freed not long ago,
   * and searches the longer for one the more there are. */
  few_us = measure_waiters (benchmark, place, n_on_one / 4, TRUE, &result);
  many_us = measure_waiters (benchmark, place, n_on_one, TRUE, &result);
  report_at_most (benchmark->report, place->name, "asynchronous, one path, served out of order",
                  result.out_of_order, 0);
  report_at_most (benchmark->report, place->name, "asynchronous, one path, µs each", many_us, 200);
  report_at_most (benchmark->report, place->name,
                  "asynchronous, one path, each of many by each of a quarter", many_us / few_us,
                  1.5);

  measure_waiters (benchmark, place, n_paths, FALSE, &result);
  report_at_most (benchmark->report, place->name, "asynchronous waiters, bytes each",
                  result.bytes_each, 4096);
  report_at_most (benchmark->report, place->name, "asynchronous waiters, threads in all",
                  result.threads, MAX_LASTING_THREADS);
  report_at_most (benchmark->report, place->name, "asynchronous waiters, ms until all are served",
                  result.total_ms, 2000);
}

static void
begin_waiters (Benchmark  *benchmark,
               const char *name,
               const char *title)
{
  static const char *const columns[] = { "waiters", "bytes each", "threads", "total ms", "µs each",
                                         "out of order", NULL };

  report_section (benchmark->report, name, title, columns);
}

void
measure_async (Benchmark *benchmark)
{
  if (!contender_is_selected (&contender_glockfile))
    return;

  begin_waiters (benchmark, "async",
                 "Asynchronous waiters of one process, each on its own path or all on one");
  for (guint i = 0; i < benchmark->n_places; i++)
    measure_async_at (benchmark, &benchmark->places[i]);
}

/* How it grows with their number: in memory, see measure_async_at(). */
void
measure_queues (Benchmark *benchmark)
{
  const guint most = benchmark->brief ? 100 : 10000;
  const Place *place = &benchmark->places[MAX (benchmark->n_places, 1) - 1];
  AsyncResult result;

  if (!contender_is_selected (&contender_glockfile) || benchmark->n_places == 0)
    return;

  begin_waiters (benchmark, "queues", "More and more asynchronous waiters of one process");
  for (guint n_waiters = 10; n_waiters <= most; n_waiters *= 10)
    {
      measure_waiters (benchmark, place, n_waiters, TRUE, &result);
      measure_waiters (benchmark, place, n_waiters, FALSE, &result);
    }
}
