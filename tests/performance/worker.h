/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "contender.h"

#include <stdio.h>
#include <sys/types.h>
#include <time.h>

G_BEGIN_DECLS

/* A process that has one lock of one contender and does with it what it is
 * told, one command a line:
 *
 *     lock         wait for the lock           -> the time when it was there
 *     unlock       give it back                -> nothing, so that the answer
 *                                                 does not wake the one who
 *                                                 asks while it is measured
 *     when                                     -> the time just before unlock
 *     cycle N      lock and unlock N times     -> how long that took
 *     turns INDEX START END WORK SPIN          -> 0, when the turns are over
 *
 * It says 0 when it is ready.  Every answer is one number; times are
 * nanoseconds of CLOCK_MONOTONIC, which all processes share.
 */
typedef struct
{
  pid_t pid;
  FILE *stream;
} Worker;

/* What the processes that take turns share. */
#define MAX_TURN_TAKERS 128

typedef struct
{
  int     inside;
  int     violations;
  int     last;
  guint64 hand_overs;
  struct
  {
    guint64 turns;
    gint64  cpu;
    gint64  work_cpu;
  } takers[MAX_TURN_TAKERS];
} TurnTable;

/* Is mapped before a worker is started, and shared with all of them. */
extern TurnTable *turn_table;

Worker  *worker_start     (Contender  *contender,
                           const char *path);
void     worker_send      (Worker     *worker,
                           const char *format,
                           ...) G_GNUC_PRINTF (2, 3);
gint64   worker_receive   (Worker     *worker);
gint64   worker_ask       (Worker     *worker,
                           const char *format,
                           ...) G_GNUC_PRINTF (2, 3);
/* Waits until every thread of it sleeps, and stays asleep for a while where
 * that can be expected of this contender. */
void     worker_await_sleep (Worker     *worker,
                             const Contender *contender);
/* The processor time that it used so far, and how often it went to sleep: seen
 * from outside, it may be waiting. */
gint64   worker_cpu       (Worker     *worker);
guint64  worker_count_switches (Worker *worker);
/* Kills it and answers the time just before. */
gint64   worker_kill      (Worker     *worker);
/* Ends it in good order. */
void     worker_free      (Worker     *worker);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Worker, worker_free)

/* Memory that this process and those that it starts have together. */
gpointer map_shared     (gsize    size);

/* Calls @function in a process of its own, for the front program forks and
 * therefore stays without threads; fills @result with what it gave. */
void     run_apart      (void   (*function) (gpointer result,
                                             gpointer data),
                         gpointer data,
                         gpointer result,
                         gsize    result_size);

gboolean task_is_asleep (pid_t    pid,
                         pid_t    tid,
                         guint64 *switches);

static inline gint64
clock_now (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline gint64
now_ns (void)
{
  return clock_now (CLOCK_MONOTONIC);
}

G_END_DECLS
