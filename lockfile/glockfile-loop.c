/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-loop.h"

#include "glockfile-descriptors.h"
#include "glockfile-watch.h"

/* Waiting in a main loop (R13).
 *
 * What touches a file system goes on in worker threads, for a file system may
 * hang; what waits has none. Each main context in which something sleeps has one
 * source, whatever the number of sleepers: it polls the set of descriptors that
 * all of the process share, and keeps the times at which its sleepers want to be
 * woken. To wake one is to hand it to a worker.
 *
 * A main context that is not run wakes nobody in time, but events that concern its
 * sleepers are read by any other context, and any thread, that looks.
 *
 * What must go on without any main context sleeps in one more loop, whose times a thread
 * keeps. That thread uses nothing of GLib's but the library's mutex and a condition: a
 * child of fork() could find the locks of main contexts taken for ever.
 */

/* More threads would not help a file system that works. There are more when file
 * systems hang. They end when they have nothing to do. */
#define MAX_WORKERS 32
#define MAX_WORKERS_IN_CHILD 4
#define TIMEKEEPER_PATIENCE G_TIME_SPAN_SECOND
#define STALL (50 * G_TIME_SPAN_MILLISECOND)

struct _GLockFileLoop
{
  GSource *source;              /* NULL with a thread, as the next */
  GMainContext *context;
  gboolean polls;               /* the shared set; guarded, as all that follows */
  GSequence *timers;            /* of GLockFileSuspension, by time */
  GQueue due;                   /* those that only wait for the context to be run */
  guint n_sleepers;
};

typedef struct
{
  GSource parent_instance;
  GLockFileLoop *loop;          /* NULL: it has ended */
  gint generation;              /* atomic */
} LoopSource;

/* Guarded by the library's mutex: GMainContext → GLockFileLoop. */
static GHashTable *loops;
static guint loops_generation;

/* The loop with a thread. */
static GLockFileLoop *timekeeper;
static guint timekeeper_generation;
static gboolean timekeeper_runs;
static GCond timekeeper_cond;

static GThreadPool *workers;
static guint workers_generation;
static gint64 last_progress;    /* when one came back, or all had enough */
static GLockFileSuspension watchdog;
static gboolean watchdog_sleeps;

/* --- Workers --------------------------------------------------------------- */

static void
work (gpointer data,
      gpointer unused)
{
  GLockFileSuspension *self = data;

  /* Who pushed it held the mutex: with it, what was written before is seen here. */
  g_lock_file_state_lock ();
  g_lock_file_state_unlock ();

  self->go_on (self->data);

  g_lock_file_state_lock ();
  last_progress = g_get_monotonic_time ();
  g_lock_file_state_unlock ();
}

static int
compare_priorities (gconstpointer a,
                    gconstpointer b,
                    gpointer      unused)
{
  int priority_a = ((const GLockFileSuspension *) a)->priority;
  int priority_b = ((const GLockFileSuspension *) b)->priority;

  /* Their difference may be more than an int holds. */
  return (priority_a > priority_b) - (priority_a < priority_b);
}

/* If all workers are at it and none has come back for a while, file systems hang. Those
 * who wait for a worker may be for others, so there are twice as many then, and so on; not
 * one for each at once, for it may be the processor that is wanted by too many. Until that
 * is known the watchdog sleeps.
 */
static void
relieve_workers_locked (void)
{
  gint64 now = g_get_monotonic_time ();
  int n_waiting = (int) g_thread_pool_unprocessed (workers);
  int n_threads = (int) g_thread_pool_get_num_threads (workers);

  /* In a child of fork() there are only so many. If there may be more workers, they are
   * just coming. */
  if (n_waiting == 0 || workers->exclusive || n_threads < g_thread_pool_get_max_threads (workers))
    {
      last_progress = now;
      return;
    }
  if (now - last_progress > STALL)
    {
      g_thread_pool_set_max_threads (workers, n_threads + MIN (n_waiting, n_threads), NULL);
      /* It takes a moment until these have begun. */
      last_progress = now;
    }
  if (!watchdog_sleeps)
    {
      watchdog_sleeps = TRUE;
      g_lock_file_suspension_init (&watchdog, NULL, G_PRIORITY_DEFAULT, NULL, NULL);
      g_lock_file_suspension_sleep_locked (&watchdog, last_progress + STALL + 1);
    }
}

static void
push_locked (GLockFileSuspension *self)
{
  if (workers == NULL || workers_generation != g_lock_file_fork_generation ())
    {
      /* A child of fork() does not have its parent's threads, nor the one that
       * starts threads for all pools that share them. */
      workers_generation = g_lock_file_fork_generation ();
      watchdog_sleeps = FALSE;
      if (workers_generation == 0)
        workers = g_thread_pool_new (work, NULL, MAX_WORKERS, FALSE, NULL);
      else
        workers = g_thread_pool_new (work, NULL, MAX_WORKERS_IN_CHILD, TRUE, NULL);
      g_thread_pool_set_sort_function (workers, compare_priorities, NULL);
    }
  /* It needs no worker, and there may be none for it. */
  if (self == &watchdog)
    watchdog_sleeps = FALSE;
  else
    g_thread_pool_push (workers, self, NULL);
  relieve_workers_locked ();
}

/* --- Loops ----------------------------------------------------------------- */

static int
compare_times (gconstpointer a,
               gconstpointer b,
               gpointer      unused)
{
  const GLockFileSuspension *one = a, *other = b;

  if (one->until != other->until)
    return one->until < other->until ? -1 : 1;
  return one < other ? -1 : one > other;
}

/* Sets the time at which the source is to be dispatched without an event; to an
 * earlier one only, if @only_earlier, for a change wakes the context. Without a
 * sleeper that is at once, so that the loop can end.
 */
static void
set_ready_time_locked (GLockFileLoop *loop,
                       gboolean       only_earlier)
{
  GSequenceIter *first = g_sequence_get_begin_iter (loop->timers);
  gint64 known, ready = -1;

  if (loop->source == NULL)
    {
      g_cond_signal (&timekeeper_cond);
      return;
    }
  known = g_source_get_ready_time (loop->source);

  if (loop->n_sleepers == 0 || loop->due.head != NULL)
    ready = 0;
  else if (!g_sequence_iter_is_end (first))
    ready = ((GLockFileSuspension *) g_sequence_get (first))->until;

  if (only_earlier ? ready >= 0 && (known < 0 || ready < known) : ready != known)
    g_source_set_ready_time (loop->source, ready);
}

static void
end_loop_locked (GLockFileLoop *loop)
{
  g_hash_table_remove (loops, loop->context);
  if (loop->polls)
    g_lock_file_watch_unpoll_locked ();
  ((LoopSource *) loop->source)->loop = NULL;
  g_source_destroy (loop->source);
  g_source_unref (loop->source);
  g_sequence_free (loop->timers);
  g_main_context_unref (loop->context);
  g_free (loop);
}

/* In a child of fork() that runs its parent's main context: what the source polls is
 * closed, and whom it would wake is not there. */
static gboolean
loop_prepare (GSource *source,
              int     *timeout)
{
  *timeout = -1;
  if (g_atomic_int_get (&((LoopSource *) source)->generation) !=
      (gint) g_lock_file_fork_generation ())
    g_source_destroy (source);
  return FALSE;
}

static GLockFileSuspension *
next_due (GLockFileLoop *loop,
          gint64         now)
{
  GLockFileSuspension *first;

  if (loop->due.head != NULL)
    return loop->due.head->data;
  if (g_sequence_is_empty (loop->timers))
    return NULL;
  first = g_sequence_get (g_sequence_get_begin_iter (loop->timers));
  return first->until <= now ? first : NULL;
}

static gboolean
loop_dispatch (GSource     *source,
               GSourceFunc  callback,
               gpointer     data)
{
  GLockFileLoop *loop;
  gint64 now = g_get_monotonic_time ();

  g_lock_file_state_lock ();
  g_lock_file_watch_dispatch_locked ();

  /* Waking the last sleeper may end the loop. */
  while ((loop = ((LoopSource *) source)->loop) != NULL)
    {
      GLockFileSuspension *sleeper = next_due (loop, now);

      if (sleeper == NULL)
        break;
      g_lock_file_suspension_wake_locked (sleeper);
    }

  if (loop != NULL && loop->n_sleepers == 0)
    end_loop_locked (loop);
  else if (loop != NULL)
    set_ready_time_locked (loop, FALSE);
  g_lock_file_state_unlock ();

  return G_SOURCE_CONTINUE;
}

/* The thread of the loop without a main context. */
static gpointer
timekeeper_thread (gpointer data)
{
  GLockFileLoop *loop = data;
  gint64 now, until, idle_since = 0;

  g_lock_file_state_lock ();
  for (;;)
    {
      GLockFileSuspension *sleeper;

      now = g_get_monotonic_time ();
      while ((sleeper = next_due (loop, now)) != NULL)
        g_lock_file_suspension_wake_locked (sleeper);

      if (!g_sequence_is_empty (loop->timers))
        {
          sleeper = g_sequence_get (g_sequence_get_begin_iter (loop->timers));
          until = sleeper->until;
          idle_since = 0;
        }
      else
        {
          if (idle_since == 0)
            idle_since = now;
          until = idle_since + TIMEKEEPER_PATIENCE;
          if (now >= until)
            break;
        }
      g_lock_file_state_wait (&timekeeper_cond, until);
    }
  timekeeper_runs = FALSE;
  g_lock_file_state_unlock ();
  return NULL;
}

static GLockFileLoop *
enter_timekeeper_locked (void)
{
  GThread *thread;

  if (timekeeper == NULL || timekeeper_generation != g_lock_file_fork_generation ())
    {
      timekeeper_generation = g_lock_file_fork_generation ();
      timekeeper = g_new0 (GLockFileLoop, 1);
      timekeeper->timers = g_sequence_new (NULL);
      timekeeper_runs = FALSE;
    }
  if (!timekeeper_runs)
    {
      /* Without it these sleep as if the process were stopped. */
      thread = g_thread_try_new ("glockfile-beat", timekeeper_thread, timekeeper, NULL);
      timekeeper_runs = (thread != NULL);
      if (thread != NULL)
        g_thread_unref (thread);
    }
  timekeeper->n_sleepers++;
  return timekeeper;
}

static GSourceFuncs loop_funcs = { .prepare = loop_prepare, .dispatch = loop_dispatch };

static GLockFileLoop *
enter_loop_locked (GMainContext *context)
{
  GLockFileLoop *loop;
  int fd;

  if (loops == NULL || loops_generation != g_lock_file_fork_generation ())
    {
      /* What sleeps in the loops of the parent, goes on there. */
      loops_generation = g_lock_file_fork_generation ();
      loops = g_hash_table_new (NULL, NULL);
    }

  loop = g_hash_table_lookup (loops, context);
  if (loop == NULL)
    {
      loop = g_new0 (GLockFileLoop, 1);
      loop->context = g_main_context_ref (context);
      loop->timers = g_sequence_new (NULL);
      loop->source = g_source_new (&loop_funcs, sizeof (LoopSource));
      ((LoopSource *) loop->source)->loop = loop;
      g_atomic_int_set (&((LoopSource *) loop->source)->generation, (gint) loops_generation);
      g_source_set_static_name (loop->source, "GLockFile");
      g_source_attach (loop->source, context);
      g_hash_table_insert (loops, context, loop);
    }
  if (!loop->polls)
    {
      fd = g_lock_file_watch_poll_locked ();
      if (fd >= 0)
        {
          g_source_add_unix_fd (loop->source, fd, G_IO_IN);
          loop->polls = TRUE;
        }
    }
  loop->n_sleepers++;
  return loop;
}

/* --- Suspensions ----------------------------------------------------------- */

/*
 * g_lock_file_suspension_init:
 * @context: (nullable): where it sleeps; %NULL for where no main context need be run
 * @priority: that of its end in a main context
 */
void
g_lock_file_suspension_init (GLockFileSuspension *self,
                             GMainContext        *context,
                             int                  priority,
                             void               (*go_on) (gpointer data),
                             gpointer             data)
{
  *self = (GLockFileSuspension) {
    .context = context != NULL ? g_main_context_ref (context) : NULL,
    .priority = priority,
    .go_on = go_on,
    .data = data,
  };
  self->link.data = self;
}

void
g_lock_file_suspension_clear (GLockFileSuspension *self)
{
  g_clear_pointer (&self->context, g_main_context_unref);
}

/*
 * g_lock_file_suspension_start:
 *
 * Goes on in a worker thread, for the first time.
 */
void
g_lock_file_suspension_start (GLockFileSuspension *self)
{
  g_lock_file_state_lock ();
  push_locked (self);
  g_lock_file_state_unlock ();
}

/*
 * g_lock_file_suspension_sleep_locked:
 * @until: a monotonic time, or one of those above
 *
 * Sleeps; what it is for must then return from its worker thread and touch nothing
 * any more, for it may be going on in another already.
 *
 * Returns: %FALSE if it was woken meanwhile and is to go on here
 */
gboolean
g_lock_file_suspension_sleep_locked (GLockFileSuspension *self,
                                     gint64               until)
{
  if (self->woken)
    {
      self->woken = FALSE;
      return FALSE;
    }

  self->loop = self->context != NULL && !self->in_the_way ? enter_loop_locked (self->context)
                                                          : enter_timekeeper_locked ();
  self->until = until;
  if (until == G_LOCK_FILE_LOOP_RUNS)
    {
      g_queue_push_tail_link (&self->loop->due, &self->link);
      self->linked = TRUE;
    }
  else if (until > 0)
    {
      self->timer = g_sequence_insert_sorted (self->loop->timers, self, compare_times, NULL);
    }
  set_ready_time_locked (self->loop, TRUE);
  return TRUE;
}

/*
 * g_lock_file_suspension_end_locked:
 *
 * Ends its sleep without going on.
 *
 * Returns: %FALSE if it does not sleep
 */
gboolean
g_lock_file_suspension_end_locked (GLockFileSuspension *self)
{
  GLockFileLoop *loop = g_steal_pointer (&self->loop);

  if (loop == NULL)
    return FALSE;

  g_clear_pointer (&self->timer, g_sequence_remove);
  if (self->linked)
    g_queue_unlink (&loop->due, &self->link);
  self->linked = FALSE;
  /* Without sleepers the default one ends when it is run: it may be wanted again soon,
   * and it is there as long as the process. */
  if (--loop->n_sleepers == 0 && loop->source != NULL &&
      loop->context != g_main_context_default ())
    end_loop_locked (loop);
  else
    set_ready_time_locked (loop, TRUE);
  return TRUE;
}

void
g_lock_file_suspension_wake_locked (GLockFileSuspension *self)
{
  if (g_lock_file_suspension_end_locked (self))
    push_locked (self);
  else
    self->woken = TRUE;
}

/*
 * g_lock_file_suspension_finish:
 *
 * Calls @finish in @context, soon and with its priority.
 */
void
g_lock_file_suspension_finish (GLockFileSuspension *self,
                               GMainContext        *context,
                               GSourceFunc          finish,
                               gpointer             data)
{
  GSource *source = g_idle_source_new ();

  g_source_set_priority (source, self->priority);
  g_source_set_static_name (source, "GLockFile result");
  g_source_set_callback (source, finish, data, NULL);
  g_source_attach (source, context);
  g_source_unref (source);
}
