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
  Sample    *cpu_sample;
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
      pair->cpu_sample = sample_new ();
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
      g_clear_pointer (&pairs[i].cpu_sample, sample_free);
      g_clear_pointer (&pairs[i].path, g_free);
    }
}

static Pair *
find_pair (Pair      *pairs,
           guint      n_pairs,
           Contender *contender)
{
  for (guint i = 0; i < n_pairs; i++)
    {
      if (pairs[i].contender == contender)
        return &pairs[i];
    }
  return NULL;
}

static double
median_of (const Pair *pair)
{
  return pair != NULL ? sample_quantile (pair->sample, 0.5) : REPORT_NOTHING;
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

/* Some of them flush the disk, and whoever comes next pays for it: so that is
 * somebody else in every round, and they come in every tenth round only. */
static void
shuffle (guint *order,
         guint  n)
{
  for (guint i = 0; i < n; i++)
    {
      guint j = g_random_int_range (0, i + 1);

      order[i] = order[j];
      order[j] = i;
    }
}

/* The processor time too: it does not care who else uses the machine. */
static void
run_cycles (Pair *pair)
{
  gint64 cpu = worker_cpu (pair->holder);
  gint64 time = worker_ask (pair->holder, "cycle %d", pair->cycles);

  sample_add (pair->sample, time / 1e3 / pair->cycles);
  sample_add (pair->cpu_sample, (worker_cpu (pair->holder) - cpu) / 1e3 / pair->cycles);
}

static void
measure_cycle_at (Benchmark   *benchmark,
                  const Place *place)
{
  const double round_ns = benchmark->brief ? 2e5 : 6e5;
  const int n_rounds = benchmark->brief ? 3 : 1500;
  Pair pairs[MAX_CONTENDERS] = { 0 };
  guint n_pairs;
  Pair *bare;
  double floor, cpu_floor;

  contender_content_size = measure_content_size (place);
  n_pairs = add_pairs (pairs, place, TRUE, FALSE, FALSE);

  for (guint i = 0; i < n_pairs; i++)
    {
      double one = worker_ask (pairs[i].holder, "cycle 20") / 20.0;

      pairs[i].cycles = CLAMP (round_ns / one, 1, 10000);
    }
  for (int round = 0; round < n_rounds; round++)
    {
      guint order[MAX_CONTENDERS];

      shuffle (order, n_pairs);
      for (guint i = 0; i < n_pairs; i++)
        {
          Pair *pair = &pairs[order[i]];

          if (pair->contender->polls && round % 10 != 0)
            continue;
          run_cycles (pair);
        }
    }

  bare = find_pair (pairs, n_pairs, &contender_system_calls);
  floor = median_of (bare);
  cpu_floor = bare != NULL ? sample_quantile (bare->cpu_sample, 0.5) : REPORT_NOTHING;
  for (guint i = 0; i < n_pairs; i++)
    {
      double median = median_of (&pairs[i]);
      double cpu = sample_quantile (pairs[i].cpu_sample, 0.5);

      report_row (benchmark->report, place->name, pairs[i].contender->name,
                  (double[]) { sample_quantile (pairs[i].sample, 0.25), median,
                               sample_quantile (pairs[i].sample, 0.75), median / floor, cpu,
                               cpu / cpu_floor });
    }
  report_at_most (benchmark->report, place->name, "cycle, times the bare system calls",
                  median_of (find_pair (pairs, n_pairs, &contender_glockfile)) / floor, 1.3);

  clear_pairs (pairs, n_pairs);
}

void
measure_cycle (Benchmark *benchmark)
{
  static const char *const columns[] = { "25 % µs", "median µs", "75 % µs",
                                         "times bare", "CPU µs", "times bare's",
                                         NULL };

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

  floor = median_of (find_pair (pairs, n_pairs, &contender_flock));
  for (guint i = 0; i < n_pairs; i++)
    {
      double median = median_of (&pairs[i]);

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

/* One that waits alone, and those that wait side by side. */
#define N_IDLE 8

typedef struct
{
  Contender *contender;
  Worker    *holder;
  Worker    *waiters[N_IDLE];
  guint      n_waiters;
  gint64     cpu[N_IDLE];
  guint64    switches[N_IDLE];
} IdleGroup;

static void
start_waiting (IdleGroup   *group,
               Contender   *contender,
               const Place *place,
               guint        n_waiters)
{
  g_autofree char *name = g_strdup_printf ("%s, %u waiters", contender->name, n_waiters);
  g_autofree char *path = g_build_filename (place->directory, name, NULL);

  group->contender = contender;
  group->n_waiters = n_waiters;
  group->holder = worker_start (contender, path);
  worker_ask (group->holder, "lock");
  for (guint i = 0; i < n_waiters; i++)
    {
      group->waiters[i] = worker_start (contender, path);
      group->cpu[i] = worker_cpu (group->waiters[i]);
      group->switches[i] = worker_count_switches (group->waiters[i]);
      worker_send (group->waiters[i], "lock");
    }
}

static void
stop_waiting (Benchmark   *benchmark,
              const Place *place,
              IdleGroup   *group,
              double       seconds)
{
  double most_cpu = 0, most_switches = 0;

  for (guint i = 0; i < group->n_waiters; i++)
    {
      guint64 switches = worker_count_switches (group->waiters[i]) - group->switches[i];
      double cpu = worker_cpu (group->waiters[i]) - group->cpu[i];

      most_cpu = MAX (most_cpu, cpu / 1e6);
      most_switches = MAX (most_switches, switches);
    }

  worker_send (group->holder, "unlock");
  worker_ask (group->holder, "when");
  for (guint i = 0; i < group->n_waiters; i++)
    worker_kill (group->waiters[i]);

  report_row (benchmark->report, place->name, group->contender->name,
              (double[]) { group->n_waiters, seconds, most_cpu, most_switches });
  if (group->contender == &contender_glockfile)
    {
      g_autofree char *cpu_text = g_strdup_printf ("waiting with %u, ms of CPU a minute",
                                                   group->n_waiters);
      g_autofree char *switches_text = g_strdup_printf ("waiting with %u, wake-ups a minute",
                                                        group->n_waiters);

      report_at_most (benchmark->report, place->name, cpu_text, most_cpu * 60 / seconds, 5);
      report_at_most (benchmark->report, place->name, switches_text,
                      most_switches * 60 / seconds, 30);
    }

  for (guint i = 0; i < group->n_waiters; i++)
    worker_free (group->waiters[i]);
  worker_free (group->holder);
}

void
measure_idle (Benchmark *benchmark)
{
  static const char *const columns[] = { "waiters", "seconds", "CPU ms", "wake-ups", NULL };
  const int seconds = benchmark->brief ? 1 : 60;
  Contender *const *contenders = contender_get_all ();
  IdleGroup groups[MAX_PLACES][2 * MAX_CONTENDERS] = { 0 };
  guint n_groups[MAX_PLACES] = { 0 };

  /* They only wait: so all of them can at the same time. */
  report_section (benchmark->report, "idle",
                  "Processes that wait, and nothing happens: the one that works most", columns);
  for (guint i = 0; i < benchmark->n_places; i++)
    {
      const Place *place = &benchmark->places[i];

      for (gsize j = 0; contenders[j] != NULL; j++)
        {
          if (!contenders[j]->excludes)
            continue;
          start_waiting (&groups[i][n_groups[i]++], contenders[j], place, 1);
          start_waiting (&groups[i][n_groups[i]++], contenders[j], place, N_IDLE);
        }
    }
  g_usleep (seconds * G_USEC_PER_SEC);

  for (guint i = 0; i < benchmark->n_places; i++)
    {
      for (guint j = 0; j < n_groups[i]; j++)
        stop_waiting (benchmark, &benchmark->places[i], &groups[i][j], seconds);
    }
}
