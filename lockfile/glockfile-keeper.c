/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-keeper.h"

#include "glockfile-descriptors.h"
#include "glockfile-loop.h"
#include "glockfile-private.h"
#include "glockfile-watch.h"

/* What goes on while a lock is held: noticing that it was lost (R16) and, where the
 * kernel lock cannot speak for us everywhere, keeping the file young (R17).
 *
 * On a local volume the kernel tells when the lock file is removed or replaced. The
 * watch is put on when the main context of the acquisition is run next: a program that
 * locks and unlocks in one go, or has no main loop, pays nothing for it.
 *
 * Elsewhere a heartbeat does both. It must go on without a main loop, so its times are
 * kept by a thread of its own, one for all such locks of the process.
 *
 * All that touches a file goes on in worker threads. A keeper is stopped before its
 * lock is released, and its object outlives it, so it needs no reference to the object
 * but for the moment in which it tells of a loss. It has two owners: the object, and
 * whoever is to go on with it (a sleep, a worker).
 */

/* Microseconds. */
#define SHORTEST_BEAT (1 * G_TIME_SPAN_SECOND)
#define LONGEST_BEAT (10 * G_TIME_SPAN_SECOND)
#define BUSY_PAUSE (20 * G_TIME_SPAN_MILLISECOND)

struct _GLockFileKeeper
{
  gatomicrefcount ref_count;
  GLockFile *lock_file;         /* not owned */
  GLockFileHandle handle;       /* a copy; open until the keeper has stopped */
  GMainContext *context;        /* where a loss is told */
  gint64 beat;                  /* 0: there is no heartbeat */
  GLockFileSuspension suspension;

  /* Of the worker. */
  GLockFileWatch watch;
  gboolean watched;

  /* Guarded by the library's mutex. */
  gboolean running;             /* a worker is at it */
  gboolean stopping;
  GCond stopped;
};

/* --- The thread that keeps the time of heartbeats --------------------------- */

/* Guarded by the library's mutex. */
static GMainContext *beat_context;
static guint n_beating;
static guint beat_generation;

static gpointer
beat_thread (gpointer data)
{
  g_autoptr (GMainContext) context = data;
  gboolean goes_on = TRUE;

  while (goes_on)
    {
      g_main_context_iteration (context, TRUE);
      g_lock_file_state_lock ();
      goes_on = (beat_context == context);
      g_lock_file_state_unlock ();
    }
  /* Lets the loop in it end. */
  while (g_main_context_iteration (context, FALSE))
    ;
  return NULL;
}

static GMainContext *
enter_beat_context (void)
{
  g_autoptr (GMainContext) context = NULL;
  gboolean start;

  g_lock_file_state_lock ();
  if (beat_generation != g_lock_file_fork_generation ())
    {
      beat_generation = g_lock_file_fork_generation ();
      beat_context = NULL;
      n_beating = 0;
    }
  start = (n_beating++ == 0);
  if (start)
    beat_context = g_main_context_new ();
  context = g_main_context_ref (beat_context);
  g_lock_file_state_unlock ();

  if (start)
    {
      GThread *thread = g_thread_try_new ("glockfile-beat", beat_thread,
                                          g_main_context_ref (context), NULL);

      /* Without it the lock has no heartbeat, as if the process were stopped. */
      if (thread != NULL)
        g_thread_unref (thread);
      else
        g_main_context_unref (context);
    }
  return g_steal_pointer (&context);
}

static void
leave_beat_context (void)
{
  GMainContext *context = NULL;

  g_lock_file_state_lock ();
  if (--n_beating == 0)
    context = g_steal_pointer (&beat_context);
  g_lock_file_state_unlock ();

  if (context != NULL)
    {
      g_main_context_wakeup (context);
      g_main_context_unref (context);
    }
}

/* --- Keepers ---------------------------------------------------------------- */

static void
keeper_unref (GLockFileKeeper *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_lock_file_suspension_clear (&self->suspension);
  g_main_context_unref (self->context);
  if (self->beat > 0)
    leave_beat_context ();
  g_cond_clear (&self->stopped);
  g_free (self);
}

static void
event_cb (gpointer data)
{
  GLockFileKeeper *self = data;

  g_lock_file_suspension_wake_locked (&self->suspension);
}

/* In the main context of the acquisition. */
static gboolean
tell_of_loss_cb (gpointer data)
{
  g_autoptr (GLockFile) lock_file = data;

  g_lock_file_announce_lost (lock_file);
  return G_SOURCE_REMOVE;
}

/* Makes the object unlocked, unless an operation is under way: that finds out for
 * itself, or it is not about the lock and over soon. */
static gboolean
lose (GLockFileKeeper *self)
{
  GLockFileHandle handle = G_LOCK_FILE_HANDLE_INIT;
  gboolean lost = FALSE;

  g_lock_file_state_lock ();
  if (!self->stopping && !self->lock_file->busy)
    {
      lost = TRUE;
      self->stopping = TRUE;
      handle = self->handle;
      self->lock_file->handle.fd = -1;
      self->lock_file->keeper = NULL;
      /* The object's reference to the keeper is ours now, and one to the object is
       * on its way. */
      g_object_ref (self->lock_file);
    }
  g_lock_file_state_unlock ();

  if (lost)
    {
      g_lock_file_disk_close (&handle);
      g_lock_file_suspension_finish (&self->suspension, self->context, tell_of_loss_cb,
                                     self->lock_file);
      keeper_unref (self);
    }
  return lost;
}

/* One look in a worker thread. Gives the time of the next, or FALSE if there is
 * nothing left to keep. */
static gboolean
keep (GLockFileKeeper *self,
      gint64          *until)
{
  const char *path = self->lock_file->names.path;
  gboolean is_there;

  *until = self->beat > 0 ? g_get_monotonic_time () + self->beat : G_LOCK_FILE_WOKEN;

  if (self->beat == 0 && !self->watched)
    self->watched = g_lock_file_watch_file (&self->watch, path);

  /* A file that cannot be seen is not lost. */
  if (g_lock_file_disk_check (&self->handle.id, path, &is_there) == 0 && !is_there)
    {
      if (lose (self))
        return FALSE;
      *until = g_get_monotonic_time () + BUSY_PAUSE;
    }
  else if (self->beat > 0)
    {
      g_lock_file_disk_touch (&self->handle);
    }
  else if (!self->watched)
    {
      /* No room for a watch: then now and then. */
      *until = g_get_monotonic_time () + LONGEST_BEAT;
    }
  return TRUE;
}

static void
go_on (gpointer data)
{
  GLockFileKeeper *self = data;
  gboolean keeps = TRUE, sleeps = FALSE;
  gint64 until;

  g_lock_file_state_lock ();
  self->running = !self->stopping;
  keeps = self->running;
  g_lock_file_state_unlock ();

  while (keeps && !sleeps)
    {
      keeps = keep (self, &until);

      g_lock_file_state_lock ();
      if (self->stopping)
        keeps = FALSE;
      else
        sleeps = g_lock_file_suspension_sleep_locked (&self->suspension, until);
      if (!keeps || sleeps)
        {
          self->running = FALSE;
          g_cond_broadcast (&self->stopped);
        }
      g_lock_file_state_unlock ();
    }

  if (!keeps)
    {
      if (self->watched)
        g_lock_file_watch_stop (&self->watch);
      keeper_unref (self);
    }
}

/*
 * g_lock_file_keeper_new:
 * @context: the main context of the acquisition
 */
GLockFileKeeper *
g_lock_file_keeper_new (GLockFile             *lock_file,
                        const GLockFileHandle *handle,
                        guint                  stale_lock_time,
                        GMainContext          *context)
{
  GLockFileKeeper *self = g_new0 (GLockFileKeeper, 1);
  gboolean beats = !handle->kernel_locked ||
                   g_lock_file_volume_classify (handle->volume_type) != G_LOCK_FILE_VOLUME_LOCAL;

  g_atomic_ref_count_init (&self->ref_count);
  self->lock_file = lock_file;
  self->handle = *handle;
  self->context = g_main_context_ref (context);
  g_cond_init (&self->stopped);
  g_lock_file_watch_init (&self->watch, event_cb, self);

  if (beats)
    {
      g_autoptr (GMainContext) time_keeper = enter_beat_context ();

      self->beat = stale_lock_time == 0
                     ? LONGEST_BEAT
                     : CLAMP ((gint64) stale_lock_time * G_TIME_SPAN_MILLISECOND / 3,
                              SHORTEST_BEAT, LONGEST_BEAT);
      g_lock_file_suspension_init (&self->suspension, time_keeper, G_PRIORITY_DEFAULT, go_on, self);
    }
  else
    {
      g_lock_file_suspension_init (&self->suspension, context, G_PRIORITY_DEFAULT, go_on, self);
    }
  return self;
}

void
g_lock_file_keeper_start_locked (GLockFileKeeper *self)
{
  gint64 until = self->beat > 0 ? g_get_monotonic_time () + self->beat : G_LOCK_FILE_LOOP_RUNS;

  g_atomic_ref_count_inc (&self->ref_count);
  g_lock_file_suspension_sleep_locked (&self->suspension, until);
}

/*
 * g_lock_file_keeper_stop:
 *
 * Returns when the keeper does not touch its lock any more, and drops the object's
 * reference to it.
 */
void
g_lock_file_keeper_stop (GLockFileKeeper *self)
{
  gboolean slept;

  g_lock_file_state_lock ();
  self->stopping = TRUE;
  slept = g_lock_file_suspension_end_locked (&self->suspension);
  while (self->running)
    g_lock_file_state_wait (&self->stopped, -1);
  g_lock_file_state_unlock ();

  if (slept)
    {
      /* Nobody goes on with it. */
      if (self->watched)
        g_lock_file_watch_stop (&self->watch);
      keeper_unref (self);
    }
  keeper_unref (self);
}
