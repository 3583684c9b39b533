/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-keeper.h"

#include "glockfile-debug.h"
#include "glockfile-descriptors.h"
#include "glockfile-loop.h"
#include "glockfile-private.h"
#include "glockfile-watch.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

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
 * All that touches a file goes on in worker threads; but a loss changes the object only
 * in the main context of the acquisition, right before it is told: so nobody sees
 * an object that has lost its lock and does not know it yet. Whoever finds out before, by
 * unlocking for example, is told, and it is not told again.
 *
 * A keeper is stopped before its lock is released, and its object outlives it, so it needs
 * no reference to the object. It has several owners: the object, and whoever is to go on
 * with it (a sleep, a worker, a main context).
 */

/* Microseconds. */
#define SHORTEST_BEAT (1 * G_TIME_SPAN_SECOND)
#define LONGEST_BEAT (10 * G_TIME_SPAN_SECOND)
#define BUSY_PAUSE (20 * G_TIME_SPAN_MILLISECOND)

struct _GLockFileKeeper
{
  gatomicrefcount ref_count;
  guint generation;             /* the fork generation in which the lock was taken */
  GLockFileHandle handle;       /* a copy; open until the keeper has stopped */
  GMainContext *context;        /* where a loss is told */
  gint64 beat;                  /* 0: there is no heartbeat */
  GLockFileSuspension suspension;

  /* Of the worker. */
  GLockFileWatch watch;
  GLockFileWatch directory_watch;
  gboolean watched;

  /* Guarded by the library's mutex. */
  GLockFile *lock_file;         /* not owned; NULL: the keeper has been stopped */
  gboolean running;             /* a worker is at it */
  gboolean telling;             /* a source for that is in the main context */
  gboolean lost;                /* and told, so the handle is the keeper's to close */
  GCond stopped;
};

/* Memory for the next keeper: who locks and unlocks in a loop needs no other. */
static GLockFileKeeper *spare;

/* --- Ends -------------------------------------------------------------------- */

static void
keeper_unref (GLockFileKeeper *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_lock_file_suspension_clear (&self->suspension);
  g_main_context_unref (self->context);
  g_cond_clear (&self->stopped);
  g_free (g_atomic_pointer_exchange (&spare, self));
}

static void
stop_watching (GLockFileKeeper *self)
{
  if (!self->watched)
    return;
  g_lock_file_watch_stop (&self->watch);
  g_lock_file_watch_stop (&self->directory_watch);
  self->watched = FALSE;
}

/* --- Telling of a loss ------------------------------------------------------- */

/* In the main context of the acquisition. */
static gboolean
tell_cb (gpointer data)
{
  GLockFileKeeper *self = data;
  g_autoptr (GLockFile) lock_file = NULL;
  gboolean again = FALSE;

  /* A child of fork() that runs its parent's main context has lost nothing. */
  if (self->generation != g_lock_file_fork_generation ())
    return G_SOURCE_REMOVE;

  g_lock_file_state_lock ();
  if (self->lock_file != NULL && self->lock_file->keeper != self)
    {
      /* Somebody has taken the lock from the object, and is about to stop this keeper. */
    }
  else if (self->lock_file != NULL && (self->lock_file->busy || self->running))
    {
      /* An operation is under way, which finds out for itself or is over soon; or a
       * worker looks once more, and needs the object for that. */
      again = TRUE;
    }
  else if (self->lock_file != NULL)
    {
      lock_file = g_object_ref (self->lock_file);
      lock_file->handle.fd = -1;
      lock_file->keeper = NULL;
      self->lock_file = NULL;
      self->lost = TRUE;
      /* A worker closes the file: a file system may hang in that, too. */
      g_lock_file_suspension_wake_locked (&self->suspension);
    }
  g_lock_file_state_unlock ();

  if (again)
    g_source_set_ready_time (g_main_current_source (), g_get_monotonic_time () + BUSY_PAUSE);
  if (lock_file != NULL)
    {
      keeper_unref (self); /* The object's reference. */
      g_lock_file_announce_lost (lock_file);
    }
  return again;
}

static gboolean
tell_dispatch (GSource     *source,
               GSourceFunc  callback,
               gpointer     data)
{
  g_source_set_ready_time (source, -1);
  return callback (data);
}

static GSourceFuncs tell_funcs = { .dispatch = tell_dispatch };

static void
tell (GLockFileKeeper *self)
{
  g_autoptr (GSource) source = NULL;
  gboolean telling;

  g_lock_file_state_lock ();
  telling = self->telling;
  self->telling = TRUE;
  g_lock_file_state_unlock ();
  if (telling)
    return;

  g_atomic_ref_count_inc (&self->ref_count);
  source = g_source_new (&tell_funcs, sizeof (GSource));
  g_source_set_static_name (source, "GLockFile lost");
  g_source_set_callback (source, tell_cb, self, (GDestroyNotify) keeper_unref);
  g_source_set_ready_time (source, 0);
  g_source_attach (source, self->context);
}

/* --- Looking ----------------------------------------------------------------- */

static void
event_cb (gpointer data)
{
  GLockFileKeeper *self = data;

  g_lock_file_suspension_wake_locked (&self->suspension);
}

static void
watch (GLockFileKeeper      *self,
       const GLockFileNames *names)
{
  if (self->watched)
    return;
  self->watched = TRUE;
  if (!g_lock_file_watch_file (&self->watch, names->path) ||
      !g_lock_file_watch_directory (&self->directory_watch, names->directory))
    stop_watching (self);
  g_lock_file_debug (names->path, self->watched
                       ? "watched, to learn if somebody removes or replaces it (R16)"
                       : "no room to watch it: looked at now and then (R16)");
}

/* One look in a worker thread; the object cannot go meanwhile. Gives the time of the
 * next. */
static gint64
look (GLockFileKeeper      *self,
      const GLockFileNames *names)
{
  gboolean is_there;

  if (self->beat == 0)
    watch (self, names);

  /* A file that cannot be seen is not lost. */
  if (g_lock_file_disk_check (&self->handle.id, names->path, &is_there) == 0 &&
      !is_there)
    {
      g_lock_file_debug (names->path, "lost: somebody removed or replaced it (R16)");
      tell (self);
      return G_LOCK_FILE_WOKEN;
    }

  if (self->beat > 0)
    {
      g_lock_file_disk_touch (&self->handle);
      g_lock_file_debug (names->path, "renewed (R17)");
      return g_get_monotonic_time () + self->beat;
    }
  /* Without room for a watch: now and then. */
  return self->watched ? G_LOCK_FILE_WOKEN : g_get_monotonic_time () + LONGEST_BEAT;
}

static void
go_on (gpointer data)
{
  GLockFileKeeper *self = data;
  gboolean active, sleeps = FALSE;
  const GLockFileNames *names;
  gint64 until;

  g_lock_file_state_lock ();
  while ((active = (self->lock_file != NULL)) && !sleeps)
    {
      names = &self->lock_file->names;
      self->running = TRUE;
      g_lock_file_state_unlock ();
      until = look (self, names);
      g_lock_file_state_lock ();
      self->running = FALSE;
      g_cond_broadcast (&self->stopped);
      if (self->lock_file != NULL)
        sleeps = g_lock_file_suspension_sleep_locked (&self->suspension, until);
    }
  g_lock_file_state_unlock ();

  if (!active)
    {
      stop_watching (self);
      if (self->lost)
        g_lock_file_disk_close (&self->handle);
      keeper_unref (self);
    }
}

/* GLib ends the process when it cannot make a main context. */
static gboolean
may_make_context (void)
{
  int fd = eventfd (0, EFD_CLOEXEC);

  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

/* The main context of this thread; NULL if there is none yet, and no descriptor left to
 * make one. */
static GMainContext *
get_context (void)
{
  static gboolean has_default;
  GMainContext *context = g_main_context_get_thread_default ();

  if (context == NULL && (g_atomic_int_get (&has_default) || may_make_context ()))
    {
      context = g_main_context_default ();
      g_atomic_int_set (&has_default, TRUE);
    }
  return context;
}

/*
 * g_lock_file_keeper_new:
 * @context: (nullable): the main context of the acquisition; %NULL for this thread's
 *
 * Returns: (nullable): a keeper; %NULL if there are no descriptors left for one
 */
GLockFileKeeper *
g_lock_file_keeper_new (GLockFile             *lock_file,
                        const GLockFileHandle *handle,
                        guint                  stale_lock_time,
                        GMainContext          *context)
{
  gboolean beats = !handle->kernel_locked ||
                   g_lock_file_volume_classify (handle->volume_type) != G_LOCK_FILE_VOLUME_LOCAL;
  GLockFileKeeper *self;

  if (context == NULL)
    context = get_context ();
  if (context == NULL)
    return NULL;
  self = g_atomic_pointer_exchange (&spare, NULL);
  if (self == NULL)
    self = g_new (GLockFileKeeper, 1);
  memset (self, 0, sizeof *self);
  g_atomic_ref_count_init (&self->ref_count);
  self->generation = g_lock_file_fork_generation ();
  self->lock_file = lock_file;
  self->handle = *handle;
  self->context = g_main_context_ref (context);
  g_cond_init (&self->stopped);
  g_lock_file_watch_init (&self->watch, event_cb, self);
  g_lock_file_watch_init (&self->directory_watch, event_cb, self);

  /* A heartbeat goes on also without a main loop, and before everything else that wants a
   * worker: a lock that is held is lost if it comes late. */
  g_lock_file_suspension_init (&self->suspension, beats ? NULL : context,
                               beats ? G_MININT : G_PRIORITY_DEFAULT, go_on, self);
  if (beats)
    {
      self->beat = stale_lock_time == 0
                     ? LONGEST_BEAT
                     : CLAMP ((gint64) stale_lock_time * G_TIME_SPAN_MILLISECOND / 3, SHORTEST_BEAT,
                              LONGEST_BEAT);
      g_lock_file_debug (lock_file->names.path, "will be renewed every %" G_GINT64_FORMAT " ms, for "
                         "its kernel lock may not reach everywhere (R17)", self->beat / 1000);
    }
  return self;
}

/*
 * g_lock_file_keeper_start_locked:
 *
 * Begins, without a thread and without a look.
 */
void
g_lock_file_keeper_start_locked (GLockFileKeeper *self)
{
  gint64 until = self->beat > 0 ? g_get_monotonic_time () + self->beat : G_LOCK_FILE_LOOP_RUNS;

  g_atomic_ref_count_inc (&self->ref_count);
  g_lock_file_suspension_sleep_locked (&self->suspension, until);
}

/*
 * g_lock_file_keeper_stop:
 * @self: (nullable): a keeper
 *
 * Returns when the keeper does not touch its lock any more, and drops the object's
 * reference to it.
 */
void
g_lock_file_keeper_stop (GLockFileKeeper *self)
{
  gboolean slept;

  if (self == NULL)
    return;

  g_lock_file_state_lock ();
  self->lock_file = NULL;
  slept = g_lock_file_suspension_end_locked (&self->suspension);
  while (self->running)
    g_lock_file_state_wait (&self->stopped, -1);
  g_lock_file_state_unlock ();

  if (slept)
    {
      /* Nobody else goes on with it. */
      stop_watching (self);
      keeper_unref (self);
    }
  keeper_unref (self);
}
