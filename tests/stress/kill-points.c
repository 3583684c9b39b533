/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* A process is killed before and after every system call of what it does with a
 * lock, one after the other. Whoever waits has the lock at once, or as soon as its
 * holder lets go; so has a fresh process; and nothing is left behind.
 *
 * What is so after a call is still so before the next one, so each is tried before it is
 * made, and the last one also behind it.
 */

#include "points.h"
#include "tracer.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Within this time, in microseconds, somebody else has the lock: in one of several
 * tries, for whatever else runs here only makes it slower. */
#define AT_ONCE ((TEST_SANITIZED ? 500 : 50) * G_TIME_SPAN_MILLISECOND)
#define N_TRIES 20

/* For a waiter to come to rest, or to take what it can get, in microseconds. That it
 * has is not needed for the test to be right. */
#define SETTLING_TIME (3 * G_TIME_SPAN_MILLISECOND)

/* Older than what an empty file has to be before anybody takes it for a leftover (J7, J8),
 * in seconds. */
#define EMPTY_LEFTOVER_AGE 40

typedef enum
{
  WAITER_NONE,
  WAITER_BEFORE,                /* waits already when it begins */
  WAITER_WHILE_ASLEEP,          /* begins to wait behind the one who will be killed */
  WAITER_AT_POINT,              /* begins to wait while that one is stopped */
} WaiterComes;

/* What the process does that will be killed. */
typedef enum
{
  ACT_TRY,
  ACT_LOCK,
  ACT_LOCK_ASYNC,
  ACT_UNLOCK,
  ACT_UNLOCK_ASYNC,
  ACT_VERIFY,
  ACT_QUERY,
  ACT_REMOVE,
} Act;

typedef struct
{
  const char *name;
  Act         act;
  Stands      stands;
  WaiterComes waiter;
  gboolean    holder_crashes;   /* instead of unlocking */
  gboolean    cold;             /* the process has not used the library before */
} Scenario;

static const Scenario scenarios[] = {
  { "lock-first", ACT_TRY, .cold = TRUE },
  { "lock-first-async", ACT_LOCK_ASYNC, .cold = TRUE },
  { "lock", ACT_TRY },
  { "lock-async", ACT_LOCK_ASYNC },
  { "lock-awaited", ACT_TRY, .waiter = WAITER_AT_POINT },
  { "unlock", ACT_UNLOCK },
  { "unlock-awaited", ACT_UNLOCK, .waiter = WAITER_BEFORE },
  { "unlock-async-awaited", ACT_UNLOCK_ASYNC, .waiter = WAITER_BEFORE },
  { "verify-awaited", ACT_VERIFY, .waiter = WAITER_BEFORE },
  { "refused", ACT_TRY, STANDS_HOLDER },
  { "wait", ACT_LOCK, STANDS_HOLDER },
  { "wait-async", ACT_LOCK_ASYNC, STANDS_HOLDER },
  { "wait-first", ACT_LOCK, STANDS_HOLDER, WAITER_WHILE_ASLEEP },
  { "wait-second", ACT_LOCK, STANDS_HOLDER, WAITER_BEFORE },
  { "wait-first-for-crash", ACT_LOCK, STANDS_HOLDER, WAITER_WHILE_ASLEEP, TRUE },
  { "wait-second-for-crash", ACT_LOCK, STANDS_HOLDER, WAITER_BEFORE, TRUE },
  { "take-over", ACT_TRY, STANDS_LEFTOVER },
  { "take-over-async", ACT_LOCK_ASYNC, STANDS_LEFTOVER },
  { "take-over-awaited", ACT_TRY, STANDS_LEFTOVER, WAITER_AT_POINT },
  { "take-over-twice", ACT_TRY, STANDS_LEFTOVERS },
  { "take-over-twice-awaited", ACT_TRY, STANDS_LEFTOVERS, WAITER_AT_POINT },
  { "take-over-from-qt", ACT_TRY, STANDS_QT_LEFTOVER },
  { "take-over-twice-from-qt", ACT_TRY, STANDS_QT_LEFTOVERS },
  { "query-holder", ACT_QUERY, STANDS_HOLDER, WAITER_BEFORE },
  { "query-leftover", ACT_QUERY, STANDS_LEFTOVER },
  { "remove", ACT_REMOVE, STANDS_LEFTOVER },
  { "remove-awaited", ACT_REMOVE, STANDS_LEFTOVER, WAITER_AT_POINT },
  { "remove-twice", ACT_REMOVE, STANDS_LEFTOVERS },
  { "remove-refused", ACT_REMOVE, STANDS_HOLDER, WAITER_BEFORE },
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
  TestHelper     *holder;
  TestHelper     *waiter;
  TestHelper     *fresh;        /* one that has seen nothing of it all */

  /* Of one case */
  Tracer         *victim;
  gboolean        holder_holds;
  gboolean        waiter_waits;
  char           *place;        /* where it is killed */
  GHashTable     *unwritten;    /* the files that the victim has created, and not written */
  gint64          free_since;   /* nobody alive keeps it from anybody; 0: somebody does */

  /* Of all */
  guint           n_unwritten;
  GString        *complaints;
} Points;

static void G_GNUC_PRINTF (2, 3)
complain (Points     *points,
          const char *format,
          ...)
{
  va_list arguments;

  g_string_append_printf (points->complaints, "killed %s: ", points->place);
  va_start (arguments, format);
  g_string_append_vprintf (points->complaints, format, arguments);
  va_end (arguments);
  g_string_append_c (points->complaints, '\n');
}

/* --- The process that will be killed --------------------------------------- */

static void
finished_cb (GObject      *lock_file,
             GAsyncResult *result,
             gpointer      finished)
{
  *(GAsyncResult **) finished = g_object_ref (result);
}

static gboolean
lock_async (GLockFile *lock_file)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, finished_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return g_lock_file_lock_finish (lock_file, result, NULL);
}

static void
unlock_async (GLockFile *lock_file)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_lock_file_unlock_async (lock_file, G_PRIORITY_DEFAULT, NULL, finished_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_lock_file_unlock_finish (lock_file, result, NULL);
}

static void
act (GLockFile *lock_file,
     Act        what)
{
  g_autoptr (GLockFileInfo) info = NULL;

  switch (what)
    {
    case ACT_TRY:
      if (g_lock_file_try_lock (lock_file, 0, NULL, NULL))
        g_lock_file_unlock (lock_file, NULL);
      break;
    case ACT_LOCK:
      if (g_lock_file_lock (lock_file, NULL, NULL))
        g_lock_file_unlock (lock_file, NULL);
      break;
    case ACT_LOCK_ASYNC:
      if (lock_async (lock_file))
        unlock_async (lock_file);
      break;
    case ACT_UNLOCK:
      g_lock_file_unlock (lock_file, NULL);
      break;
    case ACT_UNLOCK_ASYNC:
      unlock_async (lock_file);
      break;
    case ACT_VERIFY:
      g_lock_file_verify (lock_file, NULL);
      break;
    case ACT_QUERY:
      info = g_lock_file_query_info (lock_file, NULL, NULL);
      break;
    case ACT_REMOVE:
      g_lock_file_remove_stale (lock_file, NULL, NULL);
      break;
    default:
      g_assert_not_reached ();
    }
}

static gboolean
holds_from_the_beginning (const Scenario *scenario)
{
  return scenario->act == ACT_UNLOCK || scenario->act == ACT_UNLOCK_ASYNC ||
         scenario->act == ACT_VERIFY;
}

/* What a process does once need not be gone through for each scenario. */
static void
warm_up (const Points *points)
{
  g_autofree char *path = g_build_filename (points->scene.folder.path, "other.lock", NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (path);

  if (points->scenario->act == ACT_LOCK_ASYNC || points->scenario->act == ACT_UNLOCK_ASYNC)
    act (lock_file, ACT_LOCK_ASYNC);
  act (lock_file, ACT_TRY);
}

static void
play (gpointer data)
{
  const Points *points = data;
  g_autoptr (GLockFile) lock_file = g_lock_file_new (points->scene.folder.lock_file);

  test_way_take (&points->scene.way->way);
  if (!points->scenario->cold)
    warm_up (points);
  if (holds_from_the_beginning (points->scenario))
    test_assert_lock (lock_file, 0);
  tracer_mark ();

  tracer_watch (TRUE);
  act (lock_file, points->scenario->act);
  tracer_watch (FALSE);
}

/* --- Around it ------------------------------------------------------------- */

static TestHelper *
start_helper (Points *points)
{
  return points_scene_start_helper (&points->scene, points->scene.folder.lock_file);
}

static void
must_answer (Points     *points,
             TestHelper *helper,
             const char *command,
             const char *who)
{
  g_autofree char *answer = test_helper_ask (helper, command);

  if (strcmp (answer, "ok") != 0)
    complain (points, "%s: %s: %s", who, command, answer);
}

static void
begin_to_wait (Points *points)
{
  test_helper_send (points->waiter, "lock");
  points->waiter_waits = TRUE;
  test_helper_has_answer (points->waiter, SETTLING_TIME);
}

static void
end_holder (Points *points)
{
  if (points->scenario->holder_crashes)
    {
      test_helper_kill (points->holder);
      test_helper_free (points->holder);
      points->holder = start_helper (points);
    }
  else
    {
      must_answer (points, points->holder, "verify", "the holder");
      must_answer (points, points->holder, "unlock", "the holder");
    }
  points->holder_holds = FALSE;
}

/* The waiter has the lock, or gets it now. */
static gint64
serve_waiter (Points *points)
{
  gint64 took;

  test_assert_read (points->waiter, "ok");
  took = g_get_monotonic_time () - points->free_since;
  points->waiter_waits = FALSE;
  must_answer (points, points->waiter, "verify", "the waiter");
  must_answer (points, points->waiter, "unlock", "the waiter");
  return took;
}

static void
set_scene (Points *points)
{
  points->free_since = 0;
  points_scene_place (&points->scene, points->scenario->stands);
  if (points->scenario->stands == STANDS_HOLDER)
    {
      test_assert_answer (points->holder, "lock", "ok");
      points->holder_holds = TRUE;
    }

  points->victim = tracer_start (play, points);
  if (points->scenario->waiter == WAITER_BEFORE)
    begin_to_wait (points);
}

/* Everybody waits. */
static void
go_on (Points *points)
{
  if (points->scenario->waiter == WAITER_WHILE_ASLEEP && !points->waiter_waits &&
      points->holder_holds)
    begin_to_wait (points);
  else if (points->holder_holds)
    end_holder (points);
  else if (points->waiter_waits && test_helper_has_answer (points->waiter, 0))
    serve_waiter (points);
}

static void
note_unwritten_file (gpointer data)
{
  Points *points = data;
  const char *place = tracer_get_place (points->victim);
  const char *name = strrchr (place, ' ') + 1;

  if (strchr (place, ':') != NULL)
    return; /* It failed. */
  if (g_str_has_prefix (place, "after create "))
    g_hash_table_add (points->unwritten, g_strdup (name));
  else if (g_str_has_prefix (place, "after pwrite64 "))
    g_hash_table_remove (points->unwritten, name);
}

/* Runs until the process that is followed comes to this point, or if @behind_it behind
 * the call there: FALSE if it does not.
 */
static gboolean
reach (Points  *points,
       guint    point,
       gboolean behind_it)
{
  gint64 deadline = g_get_monotonic_time () + TEST_TIME_LIMIT;
  gboolean before;
  guint n = 0;

  while (g_get_monotonic_time () < deadline)
    {
      switch (tracer_go_on (points->victim))
        {
        case TRACER_STOPPED:
          note_unwritten_file (points);
          before = g_str_has_prefix (tracer_get_place (points->victim), "before ");
          if (before)
            n++;
          if (n == point && before != behind_it)
            return TRUE;
          break;
        case TRACER_SLEEPS:
          go_on (points);
          break;
        case TRACER_ENDED:
          g_assert_cmpint (tracer_get_status (points->victim), ==, 0);
          return FALSE;
        case TRACER_MARK:
        default:
          g_assert_not_reached ();
        }
    }
  g_error ("Hangs %s", tracer_get_place (points->victim));
}

/* --- What has become of the lock ------------------------------------------- */

/* A waiter that looks at the same moment may be in the way. */
static void
force_removal (Points     *points,
               TestHelper *helper)
{
  for (guint i = 0; i < N_TRIES; i++)
    {
      g_autofree char *answer = test_helper_ask (helper, "remove-stale");

      if (strcmp (answer, "ok") == 0)
        return;
    }
  complain (points, "an empty file cannot be removed");
}

/* R3: from its creation to its writing a file is empty. Nobody can know that its creator
 * is gone, so by J7 and J8 it stands there until it is old, or the user agrees (R8).
 * That is so where a file has been created and not been written yet, and nowhere else.
 */
static void
sweep_unwritten_files (Points *points)
{
  GHashTableIter files;
  const char *name;

  g_hash_table_iter_init (&files, points->unwritten);
  while (g_hash_table_iter_next (&files, (gpointer *) &name, NULL))
    {
      g_autofree char *path = g_build_filename (points->scene.folder.path, name, NULL);
      g_autoptr (TestHelper) sweeper = NULL;
      struct stat status;

      if (g_lstat (path, &status) != 0 || status.st_size != 0)
        {
          complain (points, "%s is not empty", name);
          continue;
        }
      sweeper = points_scene_start_helper (&points->scene, path);
      test_file_set_age (path, EMPTY_LEFTOVER_AGE);
      force_removal (points, sweeper);
      points->free_since = g_get_monotonic_time ();
    }
}

/* A removal lock's removal lock was left behind, while others went on with the removal
 * lock (R6): it goes when the next leftover is removed.
 */
static void
clear_after_two_removals (Points *points)
{
  g_autofree char *path = g_strconcat (points->scene.folder.lock_file, ".rmlock.rmlock", NULL);

  if (!points->scene.way->way.no_flock || points->scenario->waiter != WAITER_AT_POINT ||
      !g_file_test (path, G_FILE_TEST_EXISTS))
    return;
  test_file_write (points->scene.folder.lock_file, points->scene.leftover);
  must_answer (points, points->fresh, "remove-stale", "who removes another leftover");
}

static void
check_litter (Points *points)
{
  g_autoptr (GDir) directory = NULL;
  const char *name;

  clear_after_two_removals (points);
  directory = g_dir_open (points->scene.folder.path, 0, NULL);
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (points->scene.folder.path, name, NULL);

      complain (points, "%s is left behind", name);
      g_unlink (path);
    }
}

/* How long the slowest has waited since there was nothing to wait for any more. */
static gint64
recover (Points *points)
{
  gint64 took = 0, took_fresh;

  if (points->holder_holds)
    {
      points->free_since = g_get_monotonic_time ();
      end_holder (points);
    }
  if (points->waiter_waits)
    took = serve_waiter (points);

  took_fresh = -g_get_monotonic_time ();
  must_answer (points, points->fresh, "try 20000", "a fresh process");
  took_fresh += g_get_monotonic_time ();
  must_answer (points, points->fresh, "unlock", "a fresh process");
  check_litter (points);
  return MAX (took, took_fresh);
}

/* FALSE: it never comes to such a point. */
static gboolean
kill_at (Points  *points,
         guint    point,
         gboolean behind_it,
         gint64  *took)
{
  gboolean reached;

  g_hash_table_remove_all (points->unwritten);
  set_scene (points);
  reached = reach (points, point, behind_it);
  g_free (points->place);
  points->place = g_strdup (tracer_get_place (points->victim));
  if (reached)
    tracer_stop_others (points->victim, note_unwritten_file, points);
  if (reached && points->scenario->waiter == WAITER_AT_POINT)
    begin_to_wait (points);

  points->free_since = g_get_monotonic_time ();
  tracer_kill (points->victim);
  sweep_unwritten_files (points);
  *took = recover (points);
  g_clear_pointer (&points->victim, tracer_free);
  return reached;
}

/* Several tries, if need be. */
static gboolean
try_point (Points  *points,
           guint    point,
           gboolean behind_it,
           gint64  *longest)
{
  gint64 fastest = G_MAXINT64;
  gboolean reached = FALSE;

  for (guint i = 0; i < N_TRIES && fastest > AT_ONCE; i++)
    {
      gint64 this_took;

      reached = kill_at (points, point, behind_it, &this_took);
      fastest = MIN (fastest, this_took);
    }
  *longest = MAX (*longest, fastest);
  if (fastest > AT_ONCE)
    g_string_append_printf (points->complaints, "killed %s: the next one took %.1f ms\n",
                            points->place, fastest / 1e3);
  if (g_hash_table_size (points->unwritten) > 0)
    points->n_unwritten++;
  return reached;
}

static void
test_points (Points        *points,
             gconstpointer  data)
{
  const Plan *plan = data;
  gint64 longest = 0;
  guint point = 0;

  if (!tracer_is_possible ())
    return;

  points->scenario = plan->scenario;
  points_scene_prepare (&points->scene, plan->way);
  points->holder = start_helper (points);
  points->waiter = start_helper (points);
  points->fresh = start_helper (points);

  while (try_point (points, ++point, FALSE, &longest))
    ;
  try_point (points, point - 1, TRUE, &longest);

  g_test_message ("%u system calls, before %u of them a file was empty; "
                  "the next one took at most %.1f ms",
                  point - 1, points->n_unwritten, longest / 1e3);
  g_assert_cmpuint (point, >, 1);
  g_assert_cmpstr (points->complaints->str, ==, "");
}

static void
set_up (Points        *points,
        gconstpointer  data)
{
  test_folder_set_up (&points->scene.folder, NULL);
  points->unwritten = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  points->complaints = g_string_new (NULL);
}

static void
tear_down (Points        *points,
           gconstpointer  data)
{
  g_clear_pointer (&points->holder, test_helper_free);
  g_clear_pointer (&points->waiter, test_helper_free);
  g_clear_pointer (&points->fresh, test_helper_free);
  points_scene_clear (&points->scene);
  g_free (points->place);
  g_hash_table_unref (points->unwritten);
  g_string_free (points->complaints, TRUE);
  test_folder_tear_down (&points->scene.folder, NULL);
}

int
main (int    argc,
      char **argv)
{
  static Plan plans[POINTS_N_WAYS][G_N_ELEMENTS (scenarios)];

  g_test_init (&argc, &argv, NULL);

  for (guint w = 0; w < POINTS_N_WAYS; w++)
    for (guint i = 0; i < G_N_ELEMENTS (scenarios); i++)
      {
        g_autofree char *path = g_strdup_printf ("/kill-points/%s/%s", points_ways[w].name,
                                                 scenarios[i].name);

        plans[w][i] = (Plan) { &scenarios[i], &points_ways[w] };
        g_test_add (path, Points, &plans[w][i], set_up, test_points, tear_down);
      }

  return g_test_run ();
}
