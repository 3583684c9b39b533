/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "points.h"

#include <glib/gstdio.h>

const PointsWay points_ways[POINTS_N_WAYS] = {
  { "as-usual" },
  { "without-tmpfile", { .no_tmpfile = TRUE }, { "--no-tmpfile" } },
  { "without-kernel-locks", { .no_flock = TRUE }, { "--no-flock" } },
  { "without-both", { .no_tmpfile = TRUE, .no_flock = TRUE }, { "--no-tmpfile", "--no-flock" } },
};

void
points_scene_prepare (PointsScene     *scene,
                      const PointsWay *way)
{
  g_autoptr (TestHelper) helper = NULL;

  scene->way = way;
  helper = points_scene_start_helper (scene, scene->folder.lock_file);
  test_assert_answer (helper, "lock", "ok");
  scene->leftover = test_file_read (scene->folder.lock_file);
  test_helper_kill (helper);
  g_assert_no_errno (g_unlink (scene->folder.lock_file));

  scene->qt_leftover = test_qt_content (test_dead_pid (), NULL, NULL, NULL, NULL);
}

void
points_scene_clear (PointsScene *scene)
{
  g_clear_pointer (&scene->leftover, g_free);
  g_clear_pointer (&scene->qt_leftover, g_free);
}

void
points_scene_place (PointsScene *scene,
                    Stands       stands)
{
  gboolean by_qt = (stands == STANDS_QT_LEFTOVER || stands == STANDS_QT_LEFTOVERS);
  const char *content = by_qt ? scene->qt_leftover : scene->leftover;
  g_autofree char *removal_lock = g_strconcat (scene->folder.lock_file, ".rmlock", NULL);

  if (stands == STANDS_LEFTOVERS || stands == STANDS_QT_LEFTOVERS)
    test_file_write (removal_lock, content);
  if (stands != STANDS_NOTHING && stands != STANDS_HOLDER)
    test_file_write (scene->folder.lock_file, content);
}

TestHelper *
points_scene_start_helper (PointsScene *scene,
                           const char  *lock_file)
{
  return test_helper_start (lock_file, scene->way->options[0], scene->way->options[1], NULL);
}
