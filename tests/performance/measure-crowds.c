/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Many that want one lock: processes that take turns, and the threads of one
 * process. */

#include "benchmark.h"

#include <sys/mman.h>
#include <unistd.h>

#include "worker.h"

/* ---- Processes that take turns without a pause ---- */

#define WORK_US 1000

typedef struct
{
  Contender *contender;
  TurnTable *table;
  Worker    *takers[MAX_TURN_TAKERS];
} Crowd;

static void
gather_crowd (Crowd       *crowd,
              Contender   *contender,
              const Place *place,
              guint        n_takers)
{
  g_autofree char *path = benchmark_path (place, contender);

  crowd->contender = contender;
  crowd->table = map_shared (sizeof (TurnTable));
  crowd->table->last = -1;
  turn_table = crowd->table;
  for (guint i = 0; i < n_takers; i++)
    crowd->takers[i] = worker_start (contender, path);
}

static void
let_take_turns (Benchmark *benchmark,
                Crowd     *crowd,
                guint      n_takers,
                int        milliseconds)
{
  gint64 start = now_ns () + G_GINT64_CONSTANT (50000000);
  gint64 end = start + milliseconds * G_GINT64_CONSTANT (1000000);

  for (guint i = 0; i < n_takers; i++)
    worker_send (crowd->takers[i], "turns %u %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %d %d",
                 i, start, end, WORK_US, benchmark->spin);
  for (guint i = 0; i < n_takers; i++)
    worker_receive (crowd->takers[i]);
}

static void
report_turns (Benchmark   *benchmark,
              const Place *place,
              Crowd       *crowd,
              guint        n_takers,
              double       seconds)
{
  guint64 turns = 0, slowest = G_MAXUINT64, fastest = 0;
  gint64 cpu = 0;
  double hand_overs = crowd->table->hand_overs / seconds;
  double fairness, cpu_ms;

  for (guint i = 0; i < n_takers; i++)
    {
      turns += crowd->table->takers[i].turns;
      slowest = MIN (slowest, crowd->table->takers[i].turns);
      fastest = MAX (fastest, crowd->table->takers[i].turns);
      cpu += crowd->table->takers[i].cpu - crowd->table->takers[i].work_cpu;
    }
  fairness = (double) slowest / MAX (fastest, 1);
  cpu_ms = cpu / 1e6 / MAX (turns, 1);

  report_row (benchmark->report, place->name, crowd->contender->name,
              (double[]) { n_takers, turns / seconds, hand_overs, fairness, cpu_ms,
                           crowd->table->violations });
  if (crowd->table->violations > 0)
    benchmark->violated = TRUE;
  if (crowd->contender != &contender_glockfile)
    return;

  switch (n_takers)
    {
    case 64:
      report_at_least (benchmark->report, place->name,
                       "64 processes, turns to another a second", hand_overs, 300);
      report_at_least (benchmark->report, place->name,
                       "64 processes, slowest by fastest", fairness, 0.1);
      report_at_most (benchmark->report, place->name,
                      "64 processes, ms of CPU a turn", cpu_ms, 0.5);
      break;
    case 8:
      report_at_least (benchmark->report, place->name,
                       "8 processes, turns to another a second", hand_overs, 300);
      report_at_least (benchmark->report, place->name,
                       "8 processes, slowest by fastest", fairness, 0.5);
      break;
    default:
      break;
    }
}

static void
measure_turns_at (Benchmark   *benchmark,
                  const Place *place,
                  guint        n_takers,
                  int          slice_ms)
{
  const int n_slices = benchmark->brief ? 2 : 10;
  Contender *const *contenders = contender_get_all ();
  Crowd crowds[MAX_CONTENDERS] = { 0 };
  guint n_crowds = 0;

  for (gsize i = 0; contenders[i] != NULL; i++)
    {
      if (contenders[i]->excludes && contenders[i]->program == NULL)
        gather_crowd (&crowds[n_crowds++], contenders[i], place, n_takers);
    }

  for (int slice = 0; slice < n_slices; slice++)
    {
      for (guint i = 0; i < n_crowds; i++)
        {
          /* One that polls needs time to grow its pauses: all in one piece. */
          if (!crowds[i].contender->polls)
            let_take_turns (benchmark, &crowds[i], n_takers, slice_ms);
          else if (slice == 0)
            let_take_turns (benchmark, &crowds[i], n_takers, n_slices * slice_ms);
        }
    }

  for (guint i = 0; i < n_crowds; i++)
    {
      report_turns (benchmark, place, &crowds[i], n_takers, n_slices * slice_ms / 1e3);
      for (guint j = 0; j < n_takers; j++)
        worker_free (crowds[i].takers[j]);
      munmap (crowds[i].table, sizeof (TurnTable));
    }
}

static void
begin_turns (Benchmark  *benchmark,
             const char *name,
             const char *title)
{
  static const char *const columns[] = { "processes", "turns/s", "to another/s", "slow/fast",
                                         "CPU ms/turn", "violations", NULL };
  g_autofree char *whole_title = g_strdup_printf ("%s, 1 ms of %s under the lock", title,
                                                  benchmark->spin ? "computing" : "sleep");

  report_section (benchmark->report, name, whole_title, columns);
}

void
measure_turns (Benchmark *benchmark)
{
  begin_turns (benchmark, "turns", "Processes that take turns without a pause");
  for (guint i = 0; i < benchmark->n_places; i++)
    {
      measure_turns_at (benchmark, &benchmark->places[i], 8, benchmark->brief ? 100 : 1000);
      if (!benchmark->brief)
        measure_turns_at (benchmark, &benchmark->places[i], 64, 1000);
    }
}

/* How that grows with their number. */
void
measure_crowds (Benchmark *benchmark)
{
  const guint most = benchmark->brief ? 4 : MAX_TURN_TAKERS;

  begin_turns (benchmark, "crowds", "More and more processes that take turns");
  for (guint n_takers = 2; n_takers <= most && benchmark->n_places > 0; n_takers *= 2)
    measure_turns_at (benchmark, &benchmark->places[0], n_takers, benchmark->brief ? 50 : 400);
}

/* ---- Threads of one process that stand in line ---- */

typedef struct
{
  Contender *contender;
  guint      n_served;
  guint     *order;
} Line;

typedef struct
{
  Line    *line;
  gpointer lock;
  guint    index;
  pid_t    tid;
} Waiter;

static gpointer
wait_in_line (gpointer data)
{
  Waiter *waiter = data;
  Line *line = waiter->line;

  g_atomic_int_set (&waiter->tid, gettid ());
  line->contender->lock (waiter->lock, -1);
  line->order[g_atomic_int_add (&line->n_served, 1)] = waiter->index;
  line->contender->unlock (waiter->lock);
  return NULL;
}

/* Who starts first stands in line first: so the next one starts only when
 * this one sleeps, and still sleeps a moment later. */
static void
await_thread_sleep (Waiter *waiter)
{
  guint64 before = G_MAXUINT64;
  guint64 switches = 0;

  while (g_atomic_int_get (&waiter->tid) == 0)
    g_thread_yield ();
  while (!task_is_asleep (getpid (), waiter->tid, &switches) || switches != before)
    {
      before = switches;
      g_usleep (200);
    }
}

typedef struct
{
  Contender  *contender;
  const char *path;
  guint       n_waiters;
} LineOrder;

typedef struct
{
  double total_ms;
  guint  out_of_order;
} LineResult;

static void
serve_line (gpointer result,
            gpointer data)
{
  LineResult *line_result = result;
  LineOrder *wanted = data;
  Contender *contender = wanted->contender;
  guint n_waiters = wanted->n_waiters;
  g_autofree Waiter *waiters = g_new0 (Waiter, n_waiters);
  g_autofree GThread **threads = g_new0 (GThread *, n_waiters);
  g_autofree guint *order = g_new0 (guint, n_waiters);
  Line line = { .contender = contender, .order = order };
  gpointer lock = contender->open (wanted->path);
  gint64 start;

  contender->lock (lock, -1);
  for (guint i = 0; i < n_waiters; i++)
    {
      waiters[i] = (Waiter) { .line = &line, .lock = contender->open (wanted->path), .index = i };
      threads[i] = g_thread_new ("waiter", wait_in_line, &waiters[i]);
      await_thread_sleep (&waiters[i]);
    }

  start = now_ns ();
  contender->unlock (lock);
  for (guint i = 0; i < n_waiters; i++)
    g_thread_join (threads[i]);
  line_result->total_ms = (now_ns () - start) / 1e6;

  for (guint i = 0; i < n_waiters; i++)
    {
      line_result->out_of_order += order[i] != i;
      contender->close (waiters[i].lock);
    }
  contender->close (lock);
}

static double
measure_line (Benchmark   *benchmark,
              const Place *place,
              Contender   *contender,
              guint        n_waiters)
{
  const int n_rounds = benchmark->brief ? 1 : 5;
  g_autofree char *path = benchmark_path (place, contender);
  LineOrder order = { .contender = contender, .path = path, .n_waiters = n_waiters };
  g_autoptr (Sample) sample = sample_new ();
  guint out_of_order = 0;
  double median;

  for (int round = 0; round < n_rounds; round++)
    {
      LineResult result;

      run_apart (serve_line, &order, &result, sizeof result);
      sample_add (sample, result.total_ms);
      out_of_order = MAX (out_of_order, result.out_of_order);
    }

  median = sample_quantile (sample, 0.5);
  report_row (benchmark->report, place->name, contender->name,
              (double[]) { n_waiters, median, median * 1e3 / n_waiters, out_of_order });
  if (contender == &contender_glockfile)
    report_at_most (benchmark->report, place->name, "threads, served out of order",
                    out_of_order, 0);
  return median * 1e3 / n_waiters;
}

void
measure_threads (Benchmark *benchmark)
{
  static const char *const columns[] = { "waiters", "total ms", "µs each", "out of order", NULL };
  Contender *const contenders[] = { &contender_glockfile, &contender_flock };
  const guint most = benchmark->brief ? 40 : 1000;

  report_section (benchmark->report, "threads",
                  "Threads of one process that wait for one path", columns);
  for (guint i = 0; i < benchmark->n_places; i++)
    {
      const Place *place = &benchmark->places[i];

      for (gsize j = 0; j < G_N_ELEMENTS (contenders); j++)
        {
          double few_us, many_us;

          if (!contender_is_selected (contenders[j]))
            continue;
          few_us = measure_line (benchmark, place, contenders[j], most / 4);
          measure_line (benchmark, place, contenders[j], most / 2);
          many_us = measure_line (benchmark, place, contenders[j], most);
          if (contenders[j] != &contender_glockfile)
            continue;

          report_at_most (benchmark->report, place->name, "threads, µs each", many_us, 200);
          /* Linear growth, and room for noise. */
          report_at_most (benchmark->report, place->name,
                          "threads, each of many by each of a quarter", many_us / few_us, 1.5);
        }
    }
}
