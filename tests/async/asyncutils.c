/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "asyncutils.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The process is at rest when no thread but the calling one has been awake for so
 * long; a wait for a mutex, or a look's short pauses, end sooner. */
#define QUIET_TIME (30 * G_TIME_SPAN_MILLISECOND)
#define PAUSE (1 * G_TIME_SPAN_MILLISECOND)

/* --- Results --------------------------------------------------------------- */

void
test_result_cb (GObject      *object,
                GAsyncResult *result,
                gpointer      test_result)
{
  static int turns;
  GLockFile *lock_file = G_LOCK_FILE (object);
  TestResult *self = test_result;
  GError **error = &self->error;

  g_assert_false (self->done);
  if (g_async_result_is_tagged (result, g_lock_file_lock_async))
    self->success = g_lock_file_lock_finish (lock_file, result, error);
  else if (g_async_result_is_tagged (result, g_lock_file_try_lock_async))
    self->success = g_lock_file_try_lock_finish (lock_file, result, error);
  else if (g_async_result_is_tagged (result, g_lock_file_unlock_async))
    self->success = g_lock_file_unlock_finish (lock_file, result, error);
  else if (g_async_result_is_tagged (result, g_lock_file_verify_async))
    self->success = g_lock_file_verify_finish (lock_file, result, error);
  else if (g_async_result_is_tagged (result, g_lock_file_remove_stale_async))
    self->success = g_lock_file_remove_stale_finish (lock_file, result, error);
  else
    self->success = (self->info = g_lock_file_query_info_finish (lock_file, result, error)) != NULL;

  g_assert_true (self->success == (self->error == NULL));
  self->was_locked = g_lock_file_is_locked (lock_file);
  self->turn = g_atomic_int_add (&turns, 1);
  self->thread = g_thread_self ();
  self->ended = g_get_monotonic_time ();
  self->done = TRUE;
  if (self->unlock && self->success)
    test_assert_unlock (lock_file);
}

void
test_result_clear (TestResult *self)
{
  g_clear_object (&self->info);
  g_clear_error (&self->error);
}

/* --- Losses ---------------------------------------------------------------- */

static void
lost_cb (GLockFile *lock_file,
         GError    *error,
         gpointer   data)
{
  TestListener *self = data;

  self->time = g_get_monotonic_time ();
  self->n_lost++;
  g_assert_true (g_thread_self () == self->thread);
  g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST);
  g_assert_cmpstr (error->message, !=, "");
  g_assert_false (g_lock_file_is_locked (lock_file));
  if (self->handler != NULL)
    self->handler (lock_file);
}

static void
notify_locked_cb (GLockFile  *lock_file,
                  GParamSpec *property,
                  gpointer    data)
{
  TestListener *self = data;

  if (!g_lock_file_is_locked (lock_file))
    self->n_unlocked++;
}

void
test_listen (TestListener *self,
             GLockFile    *lock_file)
{
  self->thread = g_thread_self ();
  g_signal_connect (lock_file, "lost", G_CALLBACK (lost_cb), self);
  g_signal_connect (lock_file, "notify::locked", G_CALLBACK (notify_locked_cb), self);
}

/* --- Running a main context ------------------------------------------------- */

static gboolean
time_limit_cb (gpointer data)
{
  g_error ("What was waited for in the main context does not come");
  return G_SOURCE_REMOVE;
}

static GSource *
add_time_limit (GMainContext *context)
{
  GSource *source = g_timeout_source_new (TEST_TIME_LIMIT / G_TIME_SPAN_MILLISECOND);

  g_source_set_callback (source, time_limit_cb, NULL, NULL);
  g_source_attach (source, context);
  return source;
}

static void
remove_time_limit (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

void
test_run_until (const gboolean *condition)
{
  GMainContext *context = g_main_context_get_thread_default ();
  GSource *limit = add_time_limit (context);

  while (!*condition)
    g_main_context_iteration (context, TRUE);
  remove_time_limit (limit);
}

void
test_run_until_at_least (const int *counter,
                         int        limit)
{
  GMainContext *context = g_main_context_get_thread_default ();
  GSource *time_limit = add_time_limit (context);

  while (*counter < limit)
    g_main_context_iteration (context, TRUE);
  remove_time_limit (time_limit);
}

static gboolean
set_flag_cb (gpointer flag)
{
  *(gboolean *) flag = TRUE;
  return G_SOURCE_REMOVE;
}

void
test_run_for (gint64 time)
{
  GMainContext *context = g_main_context_get_thread_default ();
  GSource *source = g_timeout_source_new (0);
  gboolean over = FALSE;

  g_source_set_ready_time (source, g_get_monotonic_time () + time);
  g_source_set_callback (source, set_flag_cb, &over, NULL);
  g_source_attach (source, context);
  while (!over)
    g_main_context_iteration (context, TRUE);
  g_source_unref (source);
}

/* --- What the threads do ---------------------------------------------------- */

/* Inlined, GCC 12 takes what is returned for a pointer to a variable in here. */
G_NO_INLINE static char *
read_task_file (const char *thread_id,
                const char *name)
{
  g_autofree char *path = g_build_filename ("/proc/self/task", thread_id, name, NULL);
  char *content = NULL;

  g_file_get_contents (path, &content, NULL, NULL);
  return content;
}

/* How often a thread went to sleep; 0 if it is awake. */
static gint64
count_sleeps (const char *thread_id)
{
  g_autofree char *status = read_task_file (thread_id, "status");
  gint64 switches;

  if (status == NULL || strstr (status, "\nState:\tS") == NULL)
    return 0;
  g_assert_cmpint (sscanf (strstr (status, "\nvoluntary_ctxt_switches:"),
                           "\nvoluntary_ctxt_switches: %" G_GINT64_FORMAT, &switches), ==, 1);
  return switches + 1;
}

/* A number that stays the same while all other threads sleep; 0 if one does not. */
static gint64
sum_up_activity (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/task", 0, NULL);
  gint64 sum = 1;
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    {
      gint64 sleeps;

      if (atoi (name) == gettid ())
        continue;
      sleeps = count_sleeps (name);
      if (sleeps == 0)
        return 0;
      sum += sleeps;
    }
  return sum;
}

static void
await_quiet (gboolean run)
{
  gint64 deadline = g_get_monotonic_time () + TEST_TIME_LIMIT;
  gint64 quiet_since = g_get_monotonic_time ();
  gint64 sum_before = -1;

  do
    {
      gint64 sum;

      while (run && g_main_context_iteration (g_main_context_get_thread_default (), FALSE))
        ;
      g_usleep (PAUSE);
      sum = sum_up_activity ();
      if (sum == 0 || sum != sum_before)
        quiet_since = g_get_monotonic_time ();
      sum_before = sum;
      if (g_get_monotonic_time () > deadline)
        g_error ("The threads of this process do not come to rest");
    }
  while (g_get_monotonic_time () - quiet_since < QUIET_TIME);
}

void
test_run_until_quiet (void)
{
  await_quiet (TRUE);
}

void
test_await_quiet (void)
{
  await_quiet (FALSE);
}

void
test_await_unlocked (GLockFile *lock_file)
{
  gint64 deadline = g_get_monotonic_time () + TEST_TIME_LIMIT;

  while (g_lock_file_is_locked (lock_file))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (PAUSE);
    }
}

void
test_await_file (const char *file_name,
                 gboolean    exists)
{
  gint64 deadline = g_get_monotonic_time () + TEST_TIME_LIMIT;

  while (g_file_test (file_name, G_FILE_TEST_EXISTS) != exists)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_usleep (PAUSE);
    }
}

/* All that have this name, or that the library may have started. */
static int
count_threads (const char *wanted)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/task", 0, NULL);
  const char *thread_id;
  int count = 0;

  while ((thread_id = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *name = read_task_file (thread_id, "comm");

      if (name == NULL)
        continue;
      g_strchomp (name);
      if (wanted != NULL ? g_str_equal (name, wanted)
                         : !g_str_equal (name, "gmain") && !g_str_equal (name, "pool-spawner"))
        count++;
    }
  return count;
}

int
test_count_threads (void)
{
  return count_threads (NULL);
}

void
test_await_threads_named (const char *name,
                          int         count)
{
  gint64 deadline = g_get_monotonic_time () + TEST_TIME_LIMIT;

  while (count_threads (name) != count)
    {
      if (g_get_monotonic_time () > deadline)
        g_error ("There are %d threads “%s”, and not %d", count_threads (name), name, count);
      g_usleep (PAUSE);
    }
}
