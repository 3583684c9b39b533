/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* One or two processes: the cycle, the hand-over, the take-over, the idle
 * waiter. */

#include "benchmark.h"

#include <sys/stat.h>

#include "worker.h"

/* One contender in a measurement: its processes, and what they gave. */
typedef struct
{
  Contender *contender;
  char      *path;
  Worker    *holder;
  Worker    *waiter;
  Sample    *sample;
  int        cycles;
} Pair;

static guint
add_pairs (Pair        *pairs,
           const Place *place,
           gboolean     with_holder,
           gboolean     with_waiter,
           gboolean     exclusive)
{
  Contender *const *contenders = contender_get_all ();
  guint n_pairs = 0;

  for (gsize i = 0; contenders[i] != NULL; i++)
    {
      Pair *pair = &pairs[n_pairs];

      if (exclusive && !contenders[i]->excludes)
        continue;

      pair->contender = contenders[i];
      pair->path = benchmark_path (place, contenders[i]);
      pair->holder = with_holder ? worker_start (contenders[i], pair->path) : NULL;
      pair->waiter = with_waiter ? worker_start (contenders[i], pair->path) : NULL;
      pair->sample = sample_new ();
      n_pairs++;
    }
  return n_pairs;
}

static void
clear_pairs (Pair *pairs,
             guint n_pairs)
{
  for (guint i = 0; i < n_pairs; i++)
    {
      g_clear_pointer (&pairs[i].holder, worker_free);
      g_clear_pointer (&pairs[i].waiter, worker_free);
      g_clear_pointer (&pairs[i].sample, sample_free);
      g_clear_pointer (&pairs[i].path, g_free);
    }
}

static double
median_of (Pair      *pairs,
           guint      n_pairs,
           Contender *contender)
{
  for (guint i = 0; i < n_pairs; i++)
    {
      if (pairs[i].contender == contender)
        return sample_quantile (pairs[i].sample, 0.5);
    }
  return REPORT_NOTHING;
}

/* Neither shall know when the other is going to do something: a pause of its
 * own length every time. */
static void
pause_at_random (void)
{
  g_usleep (g_random_int_range (0, 10000));
}

/* ---- Lock and unlock, nobody else there ---- */

static gsize
measure_content_size (const Place *place)
{
  g_autofree char *path = benchmark_path (place, &contender_glockfile);
  g_autoptr (Worker) worker = worker_start (&contender_glockfile, path);
  struct stat buffer;

  worker_ask (worker, "lock");
  if (stat (path, &buffer) < 0)
    g_error ("A GLockFile holds its lock without a lock file");
  worker_send (worker, "unlock");
  return buffer.st_size;
}

static void
measure_cycle_at (Benchmark   *benchmark,
                  const Place *place)
{
  const double round_ns = benchmark->brief ? 2e5 : 6e5;
  const int n_rounds = benchmark->brief ? 3 : 1500;
  Pair pairs[MAX_CONTENDERS] = { 0 };
  guint n_pairs;
  double floor;

  contender_content_size = measure_content_size (place);
  n_pairs = add_pairs (pairs, place, TRUE, FALSE, FALSE);

  for (guint i = 0; i < n_pairs; i++)
    {
      double one = worker_ask (pairs[i].holder, "cycle 20") / 20.0;

      pairs[i].cycles = CLAMP (round_ns / one, 1, 10000);
    }
  for (int round = 0; round < n_rounds; round++)
    {
      for (guint i = 0; i < n_pairs; i++)
        {
          gint64 time = worker_ask (pairs[i].holder, "cycle %d", pairs[i].cycles);

          sample_add (pairs[i].sample, time / 1e3 / pairs[i].cycles);
        }
    }

  floor = median_of (pairs, n_pairs, &contender_system_calls);
  for (guint i = 0; i < n_pairs; i++)
    {
      double median = sample_quantile (pairs[i].sample, 0.5);

      report_row (benchmark->report, place->name, pairs[i].contender->name,
                  (double[]) { sample_quantile (pairs[i].sample, 0.25), median,
                               sample_quantile (pairs[i].sample, 0.75), median / floor });
    }
  report_at_most (benchmark->report, place->name, "cycle, times the bare system calls",
                  median_of (pairs, n_pairs, &contender_glockfile) / floor, 1.3);

  clear_pairs (pairs, n_pairs);
}

void
measure_cycle (Benchmark *benchmark)
{
  static const char *const columns[] = { "25 % µs", "median µs", "75 % µs",
                                         "times bare", NULL };

  report_section (benchmark->report, "cycle", "Lock and unlock, nobody else there", columns);
  for (guint i = 0; i < benchmark->n_places; i++)
    measure_cycle_at (benchmark, &benchmark->places[i]);
}

/* ---- From one process to another that waits for it ---- */

static void
hand_over (Pair *pair)
{
  gint64 locked_at;

  worker_ask (pair->holder, "lock");
  worker_send (pair->waiter, "lock");
  worker_await_sleep (pair->waiter, pair->contender);
  pause_at_random ();
  worker_send (pair->holder, "unlock");

  locked_at = worker_receive (pair->waiter);
  sample_add (pair->sample, (locked_at - worker_ask (pair->holder, "when")) / 1e3);
  worker_send (pair->waiter, "unlock");
  worker_ask (pair->waiter, "when");
}

static void
take_over (Pair *pair)
{
  gint64 killed_at, locked_at;

  pair->holder = worker_start (pair->contender, pair->path);
  worker_ask (pair->holder, "lock");
  worker_send (pair->waiter, "lock");
  worker_await_sleep (pair->waiter, pair->contender);
  pause_at_random ();

  killed_at = worker_kill (pair->holder);
  locked_at = worker_receive (pair->waiter);
  sample_add (pair->sample, (locked_at - killed_at) / 1e3);
  g_clear_pointer (&pair->holder, worker_free);
  worker_send (pair->waiter, "unlock");
  worker_ask (pair->waiter, "when");
}

static void
measure_passing_at (Benchmark   *benchmark,
                    const Place *place,
                    gboolean     by_crash)
{
  const int n_rounds = benchmark->brief ? 3 : by_crash ? 150 : 400;
  const int n_polling_rounds = benchmark->brief ? 1 : 30;
  Pair pairs[MAX_CONTENDERS] = { 0 };
  guint n_pairs = add_pairs (pairs, place, !by_crash, TRUE, TRUE);
  double floor;

  for (int round = 0; round < n_rounds; round++)
    {
      for (guint i = 0; i < n_pairs; i++)
        {
          if (pairs[i].contender->polls && round >= n_polling_rounds)
            continue;
          if (by_crash)
            take_over (&pairs[i]);
          else
            hand_over (&pairs[i]);
        }
    }

  floor = median_of (pairs, n_pairs, &contender_flock);
  for (guint i = 0; i < n_pairs; i++)
    {
      double median = sample_quantile (pairs[i].sample, 0.5);

      report_row (benchmark->report, place->name, pairs[i].contender->name,
                  (double[]) { sample_quantile (pairs[i].sample, 0.25), median,
                               sample_quantile (pairs[i].sample, 0.75),
                               sample_quantile (pairs[i].sample, 0.99), median / floor });
      if (pairs[i].contender != &contender_glockfile)
        continue;

      if (by_crash)
        report_at_most (benchmark->report, place->name, "take-over after a crash, µs",
                        median, 500);
      else
        {
          report_at_most (benchmark->report, place->name, "hand-over, times bare flock",
                          median / floor, 6);
          report_at_most (benchmark->report, place->name, "hand-over, 99th percentile, µs",
                          sample_quantile (pairs[i].sample, 0.99), 1000);
        }
    }

  clear_pairs (pairs, n_pairs);
}

static const char *const passing_columns[] = { "25 % µs", "median µs", "75 % µs",
                                               "99 % µs", "times flock", NULL };

void
measure_hand_over (Benchmark *benchmark)
{
  report_section (benchmark->report, "hand-over", "One process unlocks, another that waits has it",
                  passing_columns);
  for (guint i = 0; i < benchmark->n_places; i++)
    measure_passing_at (benchmark, &benchmark->places[i], FALSE);
}

void
measure_take_over (Benchmark *benchmark)
{
  report_section (benchmark->report, "take-over",
                  "The holder is killed, another process that waits has it", passing_columns);
  for (guint i = 0; i < benchmark->n_places; i++)
    measure_passing_at (benchmark, &benchmark->places[i], TRUE);
}

/* ---- A waiter that waits long ---- */

static void
start_waiting (Pair   *pair,
               gint64 *cpu,
               gint64 *switches)
{
  worker_ask (pair->holder, "lock");
  *cpu = worker_ask (pair->waiter, "cpu");
  *switches = worker_ask (pair->waiter, "switches");
  worker_send (pair->waiter, "lock");
}

static void
stop_waiting (Benchmark   *benchmark,
              const Place *place,
              Pair        *pair,
              double       seconds,
              gint64       cpu,
              gint64       switches)
{
  worker_send (pair->holder, "unlock");
  worker_receive (pair->waiter);
  switches = worker_ask (pair->waiter, "switches") - switches;
  cpu = worker_ask (pair->waiter, "cpu") - cpu;
  worker_send (pair->waiter, "unlock");

  report_row (benchmark->report, place->name, pair->contender->name,
              (double[]) { seconds, cpu / 1e6, switches });
  if (pair->contender == &contender_glockfile)
    {
      report_at_most (benchmark->report, place->name, "waiting, ms of CPU a minute",
                      cpu / 1e6 * 60 / seconds, 5);
      report_at_most (benchmark->report, place->name, "waiting, wake-ups a minute",
                      switches * 60 / seconds, 30);
    }
}

void
measure_idle (Benchmark *benchmark)
{
  static const char *const columns[] = { "seconds", "CPU ms", "wake-ups", NULL };
  const int seconds = benchmark->brief ? 1 : 60;
  Pair pairs[MAX_PLACES][MAX_CONTENDERS] = { 0 };
  guint n_pairs[MAX_PLACES];
  gint64 cpu[MAX_PLACES][MAX_CONTENDERS];
  gint64 switches[MAX_PLACES][MAX_CONTENDERS];

  /* They only wait: so all of them can at the same time. */
  report_section (benchmark->report, "idle", "A process that waits, and nothing happens", columns);
  for (guint i = 0; i < benchmark->n_places; i++)
    {
      n_pairs[i] = add_pairs (pairs[i], &benchmark->places[i], TRUE, TRUE, TRUE);
      for (guint j = 0; j < n_pairs[i]; j++)
        start_waiting (&pairs[i][j], &cpu[i][j], &switches[i][j]);
    }
  g_usleep (seconds * G_USEC_PER_SEC);

  for (guint i = 0; i < benchmark->n_places; i++)
    {
      for (guint j = 0; j < n_pairs[i]; j++)
        stop_waiting (benchmark, &benchmark->places[i], &pairs[i][j], seconds, cpu[i][j],
                      switches[i][j]);
      clear_pairs (pairs[i], n_pairs[i]);
    }
}
