/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "contender.h"
#include "report.h"

G_BEGIN_DECLS

/* A folder of our own on one file system. */
typedef struct
{
  char       *directory;
  const char *name;
} Place;

#define MAX_PLACES 2
#define MAX_CONTENDERS 8

typedef struct
{
  Report  *report;
  gboolean brief;           /* a few iterations, to see that everything works */
  gboolean spin;            /* the work under the lock burns processor time */
  Place    places[MAX_PLACES];
  guint    n_places;
  gboolean violated;        /* two had one lock: no figure is worth anything */
} Benchmark;

void measure_cycle     (Benchmark *benchmark);
void measure_hand_over (Benchmark *benchmark);
void measure_take_over (Benchmark *benchmark);
void measure_turns     (Benchmark *benchmark);
void measure_idle      (Benchmark *benchmark);
void measure_objects   (Benchmark *benchmark);
void measure_threads   (Benchmark *benchmark);
void measure_async     (Benchmark *benchmark);
void measure_crowds    (Benchmark *benchmark);
void measure_queues    (Benchmark *benchmark);

/* The path that all of one contender's processes use at a place. */
static inline char *
benchmark_path (const Place     *place,
                const Contender *contender)
{
  return g_build_filename (place->directory, contender->name, NULL);
}

G_END_DECLS
