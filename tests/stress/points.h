/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "testutils.h"
#include "ways.h"

G_BEGIN_DECLS

/* Where a process is followed from system call to system call: a folder, the way in
 * which the protocol goes there, and what stands there at first.
 */
typedef struct
{
  const char *name;
  TestWay     way;
  const char *options[3];       /* that make a helper go this way */
} PointsWay;

#define POINTS_N_WAYS 4
extern const PointsWay points_ways[POINTS_N_WAYS];

typedef enum
{
  STANDS_NOTHING,
  STANDS_HOLDER,                /* is the caller's to start */
  STANDS_LEFTOVER,
  STANDS_LEFTOVERS,             /* and another of who was about to remove it */
  STANDS_QT_LEFTOVER,
  STANDS_QT_LEFTOVERS,
} Stands;

typedef struct
{
  TestFolder       folder;
  const PointsWay *way;
  char            *leftover;    /* what a killed process wrote */
  char            *qt_leftover;
} PointsScene;

/* The folder is to be set up before, as a fixture, and torn down behind. */
void        points_scene_prepare     (PointsScene     *scene,
                                      const PointsWay *way);
void        points_scene_clear       (PointsScene     *scene);
void        points_scene_place       (PointsScene     *scene,
                                      Stands           stands);
TestHelper *points_scene_start_helper (PointsScene    *scene,
                                      const char      *lock_file);

G_END_DECLS
