/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A process that takes over or removes a leftover is stopped before every system call
 * of it, one after the other; others lock meanwhile, and let go again, and lock once
 * more; then it goes on. Whatever it knew when it was stopped, it is one at a time who
 * holds the lock, and nobody's lock file is removed.
 */

#include "points.h"
#include "tracer.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* So old that an empty file may be removed by force (R8), in seconds. */
#define EMPTY_LEFTOVER_AGE 40

/* What others do while one is stopped. */
typedef enum
{
  MEANWHILE_LOCKED,             /* another locks, and keeps it */
  MEANWHILE_UNLOCKED,           /* and lets go again */
  MEANWHILE_LOCKED_TWICE,       /* and a third one locks */
  MEANWHILE_REMOVED,            /* what the stopped one created is removed by force, first */
} Meanwhile;

static const char * const meanwhile_names[] = {
  "another locks", "another locks and unlocks", "a third one locks", "its file is removed"
};

typedef struct
{
  const char *name;
  Stands      stands;
  gboolean    remove;           /* instead of locking */
} Scenario;

static const Scenario scenarios[] = {
  { "lock", STANDS_NOTHING },
  { "take-over", STANDS_LEFTOVER },
  { "take-over-twice", STANDS_LEFTOVERS },
  { "take-over-from-qt", STANDS_QT_LEFTOVER },
  { "take-over-twice-from-qt", STANDS_QT_LEFTOVERS },
  { "remove", STANDS_LEFTOVER, TRUE },
  { "remove-twice", STANDS_LEFTOVERS, TRUE },
  { "remove-from-qt", STANDS_QT_LEFTOVER, TRUE },
};

typedef struct
{
  const Scenario  *scenario;
  const PointsWay *way;
} Plan;

typedef struct
{
  PointsScene     scene;
  const Scenario *scenario;
  TestHelper     *second;
  TestHelper     *third;

  /* Of one case */
  Tracer         *first;        /* the one that is stopped */
  Meanwhile       meanwhile;
  char           *place;
  TestHelper     *holder;       /* (nullable): which of the others holds the lock */
  gboolean        was_empty;    /* the lock file, when it was stopped */

  /* Of all */
  GString        *complaints;
} Stops;

/* What the process that is stopped says at its end. */
static gboolean *success;

static void G_GNUC_PRINTF (2, 3)
complain (Stops      *stops,
          const char *format,
          ...)
{
  va_list arguments;

  g_string_append_printf (stops->complaints, "stopped %s, %s: ", stops->place,
                          meanwhile_names[stops->meanwhile]);
  va_start (arguments, format);
  g_string_append_vprintf (stops->complaints, format, arguments);
  va_end (arguments);
  g_string_append_c (stops->complaints, '\n');
}

static void
play (gpointer data)
{
  const Stops *stops = data;
  g_autofree char *other = g_build_filename (stops->scene.folder.path, "other.lock", NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (stops->scene.folder.lock_file);
  g_autoptr (GLockFile) other_lock_file = g_lock_file_new (other);

  test_way_take (&stops->scene.way->way);
  /* What a process does once has nothing to do with this file. */
  test_assert_lock (other_lock_file, 0);
  test_assert_unlock (other_lock_file);
  tracer_mark ();

  tracer_watch (TRUE);
  if (stops->scenario->remove)
    *success = g_lock_file_remove_stale (lock_file, NULL, NULL);
  else
    *success = g_lock_file_lock (lock_file, NULL, NULL);
  tracer_watch (FALSE);
  tracer_mark ();

  g_lock_file_unlock (lock_file, NULL);
}

static gboolean
answers_ok (TestHelper *helper,
            const char *command)
{
  g_autofree char *answer = test_helper_ask (helper, command);

  return strcmp (answer, "ok") == 0;
}

static void
must_answer (Stops      *stops,
             TestHelper *helper,
             const char *command,
             const char *who)
{
  g_autofree char *answer = test_helper_ask (helper, command);

  if (strcmp (answer, "ok") != 0)
    complain (stops, "%s: %s: %s", who, command, answer);
}

/* FALSE: it comes to its end before. */
static gboolean
stop_at (Stops *stops,
         guint  point)
{
  guint n = 0;

  for (;;)
    {
      switch (tracer_go_on (stops->first))
        {
        case TRACER_STOPPED:
          if (g_str_has_prefix (tracer_get_place (stops->first), "before ") && ++n == point)
            return TRUE;
          break;
        case TRACER_SLEEPS:
          break;
        case TRACER_MARK:
          return FALSE;
        case TRACER_ENDED:
        default:
          g_assert_not_reached ();
        }
    }
}

/* Runs on until it has done what it wanted: FALSE if it waits for it. */
static gboolean
finish (Stops    *stops,
        gboolean  may_wait)
{
  gint64 deadline = g_get_monotonic_time () + TEST_TIME_LIMIT;
  guint n_sleeps = 0;

  while (g_get_monotonic_time () < deadline)
    {
      switch (tracer_go_on (stops->first))
        {
        case TRACER_STOPPED:
          break;
        case TRACER_SLEEPS:
          /* Who only pauses looks again in between. */
          if (may_wait && ++n_sleeps == 3)
            return FALSE;
          break;
        case TRACER_MARK:
          return TRUE;
        case TRACER_ENDED:
        default:
          g_assert_not_reached ();
        }
    }
  g_error ("Stopped %s, it does not come to an end any more", stops->place);
}

/* --- Meanwhile ------------------------------------------------------------- */

static void
look_at_file (Stops *stops)
{
  struct stat status;

  stops->was_empty = g_lstat (stops->scene.folder.lock_file, &status) == 0 && status.st_size == 0;
}

/* R3: a file that has been created, and not been written yet, may be removed by force when
 * it is old. That is refused as soon as its creator has the kernel lock.
 */
static gboolean
remove_created_file (Stops *stops)
{
  test_file_set_age (stops->scene.folder.lock_file, EMPTY_LEFTOVER_AGE);
  return answers_ok (stops->second, "remove-stale");
}

/* FALSE: nobody can do anything. */
static gboolean
act_meanwhile (Stops *stops)
{
  if (stops->meanwhile == MEANWHILE_REMOVED &&
      !(stops->was_empty && remove_created_file (stops)))
    return FALSE;
  if (!answers_ok (stops->second, "try 0"))
    return FALSE;

  stops->holder = stops->second;
  if (stops->meanwhile == MEANWHILE_UNLOCKED || stops->meanwhile == MEANWHILE_LOCKED_TWICE)
    {
      must_answer (stops, stops->second, "unlock", "the second one");
      stops->holder = NULL;
    }
  if (stops->meanwhile == MEANWHILE_LOCKED_TWICE)
    {
      must_answer (stops, stops->third, "try 0", "the third one");
      stops->holder = stops->third;
    }
  return TRUE;
}

/* --- And then -------------------------------------------------------------- */

static void
release_holder (Stops *stops)
{
  must_answer (stops, stops->holder, "verify", "the holder");
  must_answer (stops, stops->holder, "unlock", "the holder");
  stops->holder = NULL;
}

static void
check_lock (Stops *stops)
{
  if (stops->holder != NULL)
    {
      if (finish (stops, TRUE))
        {
          complain (stops, "two hold the lock");
          release_holder (stops);
          return;
        }
      release_holder (stops);
    }

  finish (stops, FALSE);
  if (!*success)
    complain (stops, "it failed");
  if (answers_ok (stops->second, "try 0"))
    complain (stops, "two hold the lock");
}

static void
check_removal (Stops    *stops,
               gboolean  was_alone)
{
  finish (stops, FALSE);
  if (was_alone && !*success)
    complain (stops, "nothing was removed");
  if (stops->holder != NULL)
    release_holder (stops);
}

static void
check_litter (Stops *stops)
{
  g_autoptr (GDir) directory = g_dir_open (stops->scene.folder.path, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (stops->scene.folder.path, name, NULL);

      complain (stops, "%s is left behind", name);
      g_unlink (path);
    }
}

/* What there was to do for the others. */
typedef enum
{
  CASE_NO_SUCH_POINT,
  CASE_NOTHING,
  CASE_LOCKED,
} Case;

static Case
play_case (Stops     *stops,
           guint      point,
           Meanwhile  meanwhile)
{
  Case played = CASE_NO_SUCH_POINT;

  stops->meanwhile = meanwhile;
  points_scene_place (&stops->scene, stops->scenario->stands);
  stops->first = tracer_start (play, stops);
  if (stop_at (stops, point))
    {
      g_free (stops->place);
      stops->place = g_strdup (tracer_get_place (stops->first));
      look_at_file (stops);

      played = act_meanwhile (stops) ? CASE_LOCKED : CASE_NOTHING;
      if (stops->scenario->remove)
        check_removal (stops, played == CASE_NOTHING);
      else
        check_lock (stops);
    }

  while (tracer_go_on (stops->first) != TRACER_ENDED)
    ;
  g_assert_cmpint (tracer_get_status (stops->first), ==, 0);
  g_clear_pointer (&stops->first, tracer_free);

  must_answer (stops, stops->second, "try 20000", "the second one, in the end");
  must_answer (stops, stops->second, "unlock", "the second one, in the end");
  check_litter (stops);
  return played;
}

static void
test_stops (Stops         *stops,
            gconstpointer  data)
{
  const Plan *plan = data;
  guint point = 1, n_locked = 0;
  Case played;

  if (!tracer_is_possible ())
    return;

  stops->scenario = plan->scenario;
  points_scene_prepare (&stops->scene, plan->way);
  stops->second = points_scene_start_helper (&stops->scene, stops->scene.folder.lock_file);
  stops->third = points_scene_start_helper (&stops->scene, stops->scene.folder.lock_file);

  while ((played = play_case (stops, point, MEANWHILE_LOCKED)) != CASE_NO_SUCH_POINT)
    {
      if (played == CASE_LOCKED)
        {
          n_locked++;
          play_case (stops, point, MEANWHILE_UNLOCKED);
          play_case (stops, point, MEANWHILE_LOCKED_TWICE);
        }
      else if (stops->was_empty && !plan->way->way.no_flock)
        {
          play_case (stops, point, MEANWHILE_REMOVED);
        }
      point++;
    }

  g_test_message ("%u system calls, before %u of them another could lock", point - 1, n_locked);
  g_assert_cmpuint (n_locked, >, 0);
  g_assert_cmpstr (stops->complaints->str, ==, "");
}

static void
set_up (Stops         *stops,
        gconstpointer  data)
{
  test_folder_set_up (&stops->scene.folder, NULL);
  stops->complaints = g_string_new (NULL);
}

static void
tear_down (Stops         *stops,
           gconstpointer  data)
{
  g_clear_pointer (&stops->second, test_helper_free);
  g_clear_pointer (&stops->third, test_helper_free);
  g_free (stops->place);
  g_string_free (stops->complaints, TRUE);
  points_scene_clear (&stops->scene);
  test_folder_tear_down (&stops->scene.folder, NULL);
}

int
main (int    argc,
      char **argv)
{
  static Plan plans[POINTS_N_WAYS][G_N_ELEMENTS (scenarios)];

  g_test_init (&argc, &argv, NULL);
  success = mmap (NULL, sizeof *success, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (success != MAP_FAILED);

  for (guint w = 0; w < POINTS_N_WAYS; w++)
    for (guint i = 0; i < G_N_ELEMENTS (scenarios); i++)
      {
        g_autofree char *path = g_strdup_printf ("/stop-points/%s/%s", points_ways[w].name,
                                                 scenarios[i].name);

        plans[w][i] = (Plan) { &scenarios[i], &points_ways[w] };
        g_test_add (path, Stops, &plans[w][i], set_up, test_stops, tear_down);
      }

  return g_test_run ();
}
