/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-waiter.h"

#include "glockfile-debug.h"
#include "glockfile-descriptors.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* When to try again: watch, timer, deadline, cancellation (R9 to R13).
 *
 * g_lock_file_waiter_advance() makes looks until there is a result or a reason to
 * sleep, and says until when; it never sleeps itself. The operation that drives a waiter
 * does that: on the calling thread, or going on in worker threads and sleeping in a main
 * context.
 *
 * Waiters of one process on one path stand in a queue. Only the first of them
 * makes looks, so a thousand cost one look a wake-up; it passes its turn on when
 * it leaves, for whatever reason.
 *
 * States of a waiter: waiting for its turn → looking ⇄ sleeping → done. Its
 * fields belong to the thread that drives it, but for those that the header
 * says are guarded by the library's mutex.
 */

/* All in microseconds. */
#define SAFETY_LOOK (5 * G_TIME_SPAN_SECOND)
#define FIRST_PAUSE (5 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_PAUSE (250 * G_TIME_SPAN_MILLISECOND)
#define FIRST_HINT_PAUSE 50
#define N_HINTS 4
#define BEHIND_PAUSE (1 * G_TIME_SPAN_MILLISECOND)
#define FAR_BEHIND_PAUSE (15 * G_TIME_SPAN_MILLISECOND)
#define FARTHEST_BEHIND_PAUSE (60 * G_TIME_SPAN_MILLISECOND)
#define COURTESY_PAUSE 100
#define N_COURTESIES 10
#define RETRY_PAUSE (1 * G_TIME_SPAN_MILLISECOND)
#define GRACE (50 * G_TIME_SPAN_MILLISECOND)
#define FIRST_GRACE_PAUSE 100
#define LONGEST_GRACE_PAUSE (1 * G_TIME_SPAN_MILLISECOND)

/* So many processes watch a path; the others only look now and then, the next few
 * more often. */
#define N_FRONT 2
#define N_NEAR 8
#define N_FAR 20

#define MANY_QUEUES 8

/* So often one looks again at once; see go_on_retrying(). */
#define MANY_RETRIES 100

/* Those who wait for the same path by the same rules. */
struct _GLockFileQueue
{
  char *path;
  guint stale_lock_time;
  GQueue waiters;
};

/* A set of GLockFileQueue. */
static GHashTable *queues;
static guint queues_generation;

/* --- The queue ------------------------------------------------------------- */

static void
wake_locked (GLockFileWaiter *self)
{
  if (self->suspension != NULL)
    g_lock_file_suspension_wake_locked (self->suspension);
  else
    g_lock_file_sleeper_wake_locked (&self->sleeper);
}

static guint
hash_queue (gconstpointer queue)
{
  return g_str_hash (((const GLockFileQueue *) queue)->path);
}

static gboolean
queues_equal (gconstpointer a,
              gconstpointer b)
{
  const GLockFileQueue *one = a, *other = b;

  return one->stale_lock_time == other->stale_lock_time && strcmp (one->path, other->path) == 0;
}

/* Takes a place in the queue for the path; if @only_behind, only if somebody
 * stands there already.
 */
static void
enter_queue (GLockFileWaiter *self,
             gboolean         only_behind)
{
  GLockFileQueue wanted = { .path = self->attempt.names->path,
                            .stale_lock_time = self->attempt.stale_lock_time };

  g_lock_file_state_lock ();
  if (queues == NULL || queues_generation != g_lock_file_fork_generation ())
    {
      /* In a child of fork() those in the old queues are threads that it does
       * not have. */
      queues_generation = g_lock_file_fork_generation ();
      queues = g_hash_table_new (hash_queue, queues_equal);
    }

  if (g_hash_table_size (queues) > 0)
    self->queue = g_hash_table_lookup (queues, &wanted);
  if (self->queue == NULL && !only_behind)
    {
      self->queue = g_memdup2 (&wanted, sizeof wanted);
      self->queue->path = g_strdup (wanted.path);
      g_hash_table_add (queues, self->queue);
    }
  if (self->queue != NULL)
    g_queue_push_tail_link (&self->queue->waiters, &self->link);
  /* Where so many wait, one more path is likely to be taken too. */
  if (g_hash_table_size (queues) > MANY_QUEUES)
    self->attempt.expect_taken = TRUE;
  g_lock_file_state_unlock ();
}

/* One whose time is over keeps nobody waiting, also if it cannot leave the queue yet: a
 * main context may have to be run for that. */
static gboolean
is_over (const GLockFileWaiter *self,
         gint64                 now)
{
  return self->deadline >= 0 && now >= self->deadline;
}

/* The first from @link on that waits still. */
static GLockFileWaiter *
first_waiting (GList *link,
               gint64 now)
{
  for (GList *l = link; l != NULL; l = l->next)
    {
      if (!is_over (l->data, now))
        return l->data;
    }
  return NULL;
}

/* Passes the turn on, if it had it. */
static void
leave_queue (GLockFileWaiter *self)
{
  GLockFileQueue *queue = g_steal_pointer (&self->queue);
  gint64 now = g_get_monotonic_time ();
  GLockFileWaiter *first, *next;

  if (queue == NULL)
    return;

  g_lock_file_state_lock ();
  /* If its own time is over, there may be none, or one behind it, who had the turn then. */
  first = first_waiting (queue->waiters.head, now);
  next = first == self ? first_waiting (self->link.next, now) : first;
  g_queue_unlink (&queue->waiters, &self->link);
  if (queue->waiters.head == NULL)
    {
      g_hash_table_remove (queues, queue);
      g_free (queue->path);
      g_free (queue);
    }
  else if (next != NULL && (first == self || is_over (self, now)))
    {
      wake_locked (next);
    }
  g_lock_file_state_unlock ();
}

/* --- When to look again ---------------------------------------------------- */

/* Called with the mutex held, by whichever thread reads the events. */
static void
event_cb (gpointer data)
{
  GLockFileWaiter *self = data;

  self->event = TRUE;
  /* One whose time is over, in a main context that is not run, is not woken into taking
   * the lock now: when the context is run again it will look once more. */
  if (self->suspension != NULL && self->deadline >= 0 &&
      g_get_monotonic_time () >= self->deadline)
    return;
  wake_locked (self);
}

/*
 * g_lock_file_waiter_init:
 * @timeout: milliseconds; negative: no limit
 */
void
g_lock_file_waiter_init (GLockFileWaiter      *self,
                         const GLockFileNames *names,
                         guint                 stale_lock_time,
                         int                   timeout)
{
  memset (self, 0, sizeof *self);
  g_lock_file_attempt_init (&self->attempt, names, stale_lock_time);
  g_lock_file_watch_init (&self->watch, event_cb, self);
  g_lock_file_sleeper_init (&self->sleeper, &self->watch);
  self->look = g_lock_file_attempt_lock;
  self->deadline = timeout < 0 ? -1 : g_get_monotonic_time () + timeout * G_TIME_SPAN_MILLISECOND;
  self->link.data = self;
  self->pause = FIRST_PAUSE;
  self->grace_pause = FIRST_GRACE_PAUSE;
}

static void
stop_watching (GLockFileWaiter *self)
{
  if (self->watching)
    g_lock_file_watch_stop (&self->watch);
  self->watching = FALSE;
}

void
g_lock_file_waiter_clear (GLockFileWaiter *self)
{
  stop_watching (self);
  g_lock_file_crowd_leave (&self->crowd);
  g_lock_file_sleeper_clear (&self->sleeper);
  g_lock_file_attempt_clear (&self->attempt);
}

/* R5a: the time is up, and somebody has the kernel lock or is just removing the
 * file. FALSE if that is a holder, as far as can be known.
 */
static gboolean
has_grace (GLockFileWaiter *self,
           gint64           now,
           gint64          *until)
{
  const GLockFileAttempt *attempt = &self->attempt;
  gboolean look_again = FALSE;

  if (self->grace_until == 0)
    self->grace_until = now + GRACE;

  switch (attempt->held)
    {
    case G_LOCK_FILE_HELD_BY_KERNEL:
      switch (g_lock_file_attempt_see_process (&self->attempt))
        {
        case G_LOCK_FILE_PROCESS_ALIVE:
        case G_LOCK_FILE_PROCESS_CERTAIN:
          break;
        case G_LOCK_FILE_PROCESS_DEAD:
        case G_LOCK_FILE_PROCESS_REUSED:
          /* Whoever has its lock only removes the file. */
          look_again = TRUE;
          *until = now + self->grace_pause;
          self->grace_pause = MIN (2 * self->grace_pause, LONGEST_GRACE_PAUSE);
          break;
        case G_LOCK_FILE_PROCESS_UNKNOWN:
        default:
          look_again = (self->grace_pause == FIRST_GRACE_PAUSE);
          self->grace_pause = LONGEST_GRACE_PAUSE;
          *until = now + LONGEST_GRACE_PAUSE;
          break;
        }
      break;
    case G_LOCK_FILE_HELD_REMOVAL:
      look_again = TRUE;
      *until = now + LONGEST_GRACE_PAUSE;
      break;
    case G_LOCK_FILE_HELD_BY_JUDGEMENT:
    default:
      /* The second look at a file of Qt's (J6). */
      look_again = attempt->seen_free_since != 0 && attempt->judgement.again > 0 &&
                   attempt->judgement.again * G_TIME_SPAN_MILLISECOND < GRACE;
      *until = now + attempt->judgement.again * G_TIME_SPAN_MILLISECOND;
      break;
    }

  return look_again && *until <= self->grace_until;
}

/* Keeps apart those who were woken together. It need not be random, only differ
 * between processes; and GLib's generator has a lock that a fork may leave taken.
 */
static gint64
jitter (gint64 pause)
{
  guint x = ((guint) g_get_monotonic_time () ^ ((guint) getpid () << 8)) * 2654435761u;

  return pause * (80 + (x >> 16) % 41) / 100;
}

/* Numbers of inodes are used again at once, and a file system's clock ticks
 * slowly: only all together tell that a file is the same. */
static guint
hash_holder (const GLockFileWaiter *self)
{
  const GLockFileRecord *holder = self->attempt.holder;

  if (holder == NULL)
    return 0;
  return (guint) holder->pid ^ (holder->token != NULL ? g_str_hash (holder->token) : 0);
}

/* Whether the last look saw the file that the waiter remembers. */
static gboolean
knows_holder (const GLockFileWaiter *self)
{
  return g_lock_file_id_equal (&self->known, &self->attempt.holder_id) &&
         self->known_changed == self->attempt.remembered_changed &&
         self->known_holder == hash_holder (self);
}

static void
remember_holder (GLockFileWaiter *self)
{
  self->known = self->attempt.holder_id;
  self->known_changed = self->attempt.remembered_changed;
  self->known_holder = hash_holder (self);
}

/* R9: puts the watch on the file at the path and the process that it names. */
static void
watch_holder (GLockFileWaiter *self)
{
  GLockFileProcess process;
  int pid = 0;

  self->hints = 0;
  self->watching = TRUE;
  self->watch_over = FALSE;
  remember_holder (self);
  self->file_watched = g_lock_file_watch_file (&self->watch, self->attempt.names->path);
  self->watch_again = g_get_monotonic_time () + SAFETY_LOOK;

  self->process_watched = FALSE;
  process = g_lock_file_attempt_see_process (&self->attempt);
  if (process == G_LOCK_FILE_PROCESS_ALIVE || process == G_LOCK_FILE_PROCESS_CERTAIN)
    {
      if (self->attempt.holder->pid == getpid ())
        self->process_watched = TRUE; /* Its end would be ours. */
      else
        pid = self->attempt.holder->pid;
    }
  if (g_lock_file_watch_process (&self->watch, pid))
    self->process_watched = TRUE;
  g_lock_file_debug (self->attempt.names->path, "waiting, with a watch on %s (R9, R10)",
                     self->file_watched && self->process_watched ? "the file and its process"
                     : self->file_watched                        ? "the file alone"
                     : self->process_watched                     ? "its process alone"
                                                                 : "nothing");
}

/* What a user has of inotify may be used up, by other programs too, and be there later. */
static gboolean
watches_holder (GLockFileWaiter *self,
                gint64           now)
{
  return self->watching && !self->watch_over && knows_holder (self) &&
         (self->file_watched || now < self->watch_again);
}

static void
join_crowd (GLockFileWaiter *self)
{
  if (!self->in_crowd)
    g_lock_file_crowd_enter (&self->crowd, self->attempt.names->directory, self->attempt.names->path);
  self->in_crowd = TRUE;
}

static void
leave_crowd (GLockFileWaiter *self)
{
  if (self->in_crowd)
    g_lock_file_crowd_leave (&self->crowd);
  self->in_crowd = FALSE;
}

/* Whether to leave the lock to those who have waited longer, for it is free or
 * was so a moment ago.
 */
static gboolean
let_others_first (GLockFileWaiter *self,
                  gint64          *until)
{
  GLockFileId id;

  if (self->courtesies == 0)
    return FALSE;

  g_lock_file_debug_once (self->attempt.names->path, &self->told_step,
                          "letting those go first who have waited longer");
  self->courtesies--;
  join_crowd (self);
  if (g_lock_file_crowd_count (&self->crowd, 1) == 0)
    {
      /* Nobody is there any more. */
      leave_crowd (self);
      self->courtesies = 0;
      return FALSE;
    }
  if (g_lock_file_disk_identify (self->attempt.names->path, &id) == 0)
    {
      self->courtesies = 0;
      return FALSE;
    }
  *until = g_get_monotonic_time () + COURTESY_PAUSE;
  return self->deadline < 0 || *until < self->deadline;
}

/* A crowd of processes waits, and this one is not in its front: it looks now and
 * then, so that it moves up, and gets the lock also if those in the front have
 * been stopped. That is for a lock that changes hands all the time. Finding the
 * same holder again, one does better to watch.
 */
static gboolean
stay_behind (GLockFileWaiter *self,
             gint64           now,
             gint64          *until)
{
  guint n;

  if (self->is_behind && knows_holder (self))
    {
      self->is_behind = FALSE;
      return FALSE;
    }

  join_crowd (self);
  n = g_lock_file_crowd_count (&self->crowd, N_FAR);
  self->is_behind = (n >= N_FRONT);
  if (!self->is_behind)
    return FALSE;

  g_lock_file_debug_once (self->attempt.names->path, &self->told_step,
                          "a crowd waits: looking now and then until it is nearly our turn");
  stop_watching (self);
  remember_holder (self);
  *until = now + jitter (n < N_NEAR  ? (n - N_FRONT + 1) * BEHIND_PAUSE
                         : n < N_FAR ? FAR_BEHIND_PAUSE
                                     : FARTHEST_BEHIND_PAUSE);
  return TRUE;
}

/* The path is taken, and there is time. FALSE: look again at once. */
static gboolean
plan_sleep (GLockFileWaiter *self,
            gint64           now,
            gint64          *until)
{
  const GLockFileAttempt *attempt = &self->attempt;
  /* What another host does, no event tells. */
  gboolean may_watch = attempt->volume_known && attempt->volume == G_LOCK_FILE_VOLUME_LOCAL &&
                       !self->frugal;

  self->has_waited = TRUE;
  *until = now + SAFETY_LOOK;

  if (attempt->held == G_LOCK_FILE_HELD_REMOVAL)
    {
      *until = now + LONGEST_GRACE_PAUSE;
    }
  else if (may_watch && !watches_holder (self, now))
    {
      /* R9: only what was seen once more behind the watch is slept on. */
      if (!stay_behind (self, now, until))
        {
          watch_holder (self);
          return FALSE;
        }
    }
  else
    {
      if (self->hints > 0 && attempt->held == G_LOCK_FILE_HELD_BY_KERNEL)
        {
          /* R10: a crash is told a moment before the kernel lock is free. */
          *until = now + (FIRST_HINT_PAUSE << (N_HINTS - self->hints));
          self->hints--;
        }
      else if (!may_watch || !self->file_watched || !self->process_watched ||
               attempt->held != G_LOCK_FILE_HELD_BY_KERNEL)
        {
          /* R11: polling is the guarantee. */
          g_lock_file_debug_once (self->attempt.names->path, &self->told_step,
                                  "looking again at growing pauses, for no event would tell (R11)");
          *until = now + jitter (self->pause);
          self->pause = MIN (self->pause * 3 / 2, LONGEST_PAUSE);
        }
    }

  if (attempt->judgement.again >= 0)
    *until = MIN (*until, now + attempt->judgement.again * G_TIME_SPAN_MILLISECOND);
  if (self->deadline >= 0)
    *until = MIN (*until, self->deadline);
  return TRUE;
}

/* An error that may come from waiting, now or earlier, and not from the lock: TRUE with
 * what to do about it done.
 */
static gboolean
outlive_error (GLockFileWaiter *self,
               gint64          *until)
{
  gint64 now = g_get_monotonic_time ();

  switch (self->attempt.failed_errno)
    {
    case EMFILE:
    case ENFILE:
      /* What the watch has may be what is missing: so without it (R11). */
      if (self->frugal)
        return FALSE;
      g_lock_file_debug_once (self->attempt.names->path, &self->told_step,
                              "no descriptors left: going on without a watch (R11)");
      self->frugal = TRUE;
      stop_watching (self);
      g_lock_file_watch_give_back ();
      leave_crowd (self);
      *until = now;
      return TRUE;

    case ENOSPC:
    case EDQUOT:
      if (!self->has_waited)
        return FALSE;
      /* On a full disk the holder's own block is free only a moment after its
       * name is. */
      if (self->no_space_until == 0)
        self->no_space_until = now + GRACE;
      *until = now + LONGEST_GRACE_PAUSE;
      return now < self->no_space_until;

    default:
      return FALSE;
    }
}

static gboolean
notice_event (GLockFileWaiter *self)
{
  gboolean cancelled, event, over;

  g_lock_file_state_lock ();
  event = self->event;
  self->event = FALSE;
  over = g_lock_file_watch_is_over_locked (&self->watch);
  cancelled = self->cancelled;
  g_lock_file_state_unlock ();

  if (event)
    {
      g_lock_file_debug (self->attempt.names->path, "woken: the file or its process changed (R10)");
      self->hints = N_HINTS;
      /* R9: never sleep on a busy file whose process is gone, nor on a file that
       * nobody watches any more: ask for both anew. If the lock is to be had now, the
       * kernel gives the watch back with the file, which is quicker. */
      if (over)
        self->watch_over = TRUE;
    }
  return !cancelled;
}

/* The path was taken, and the next moment it was not, or what stood there was removed.
 * Somebody who puts one leftover after the other there can make that go on for ever, as
 * can a file system that does not say the same twice. Neither the deadline nor the
 * processor waits for that. FALSE: not now, but at @until, or -1 for never.
 */
static gboolean
go_on_retrying (GLockFileWaiter *self,
                gint64          *until)
{
  gint64 now;

  if (++self->retries < MANY_RETRIES)
    return TRUE;

  now = g_get_monotonic_time ();
  *until = now + RETRY_PAUSE;
  if (self->deadline >= 0 && *until > self->deadline)
    *until = now < self->deadline ? self->deadline : -1;
  return FALSE;
}

/* Looks as often as it makes sense now. */
static GLockFileStepResult
step (GLockFileWaiter *self,
      gint64          *until)
{
  for (;;)
    {
      gint64 now;

      if (!notice_event (self))
        {
          g_lock_file_debug_once (self->attempt.names->path, &self->told_step,
                                  "giving up: cancelled (R12)");
          return G_LOCK_FILE_STEP_RESULT_CANCELLED;
        }
      if (let_others_first (self, until))
        return G_LOCK_FILE_STEP_RESULT_SLEEP;

      switch (self->look (&self->attempt))
        {
        case G_LOCK_FILE_OUTCOME_GOT:
          return G_LOCK_FILE_STEP_RESULT_GOT;
        case G_LOCK_FILE_OUTCOME_ERROR:
          return outlive_error (self, until) ? G_LOCK_FILE_STEP_RESULT_SLEEP
                                             : G_LOCK_FILE_STEP_RESULT_ERROR;
        case G_LOCK_FILE_OUTCOME_HELD:
          self->no_space_until = 0;
          self->retries = 0;
          now = g_get_monotonic_time ();
          if (self->deadline >= 0 && now >= self->deadline)
            {
              if (!has_grace (self, now, until))
                {
                  g_lock_file_debug_once (self->attempt.names->path, &self->told_step,
                                          "giving up: the time is over (R12)");
                  return G_LOCK_FILE_STEP_RESULT_GAVE_UP;
                }
              return G_LOCK_FILE_STEP_RESULT_SLEEP;
            }
          if (plan_sleep (self, now, until))
            {
              g_lock_file_attempt_rest (&self->attempt, !self->is_behind && !self->frugal);
              return G_LOCK_FILE_STEP_RESULT_SLEEP;
            }
          break;
        case G_LOCK_FILE_OUTCOME_RETRY:
        default:
          if (!go_on_retrying (self, until))
            {
              g_lock_file_attempt_rest (&self->attempt, TRUE);
              return *until >= 0 ? G_LOCK_FILE_STEP_RESULT_SLEEP : G_LOCK_FILE_STEP_RESULT_GAVE_UP;
            }
          break;
        }
    }
}

/* Whether it is its turn: it is the first in its queue, or will not wait any longer.
 * The time may run out before it is the first: then one look of its own decides, for
 * what the first one knows is not enough to say that somebody holds the lock now.
 *
 * One whose time is over does not keep others waiting, who may be driven by a main
 * context that is not run. And who has hold of the file at the path, as one who removes
 * a leftover or creates it there, does not queue: the others wait for it to let go.
 */
static gboolean
is_its_turn (GLockFileWaiter *self,
             gint64          *until)
{
  gint64 now = g_get_monotonic_time ();
  gboolean its_turn = TRUE;

  *until = self->deadline;
  if (self->attempt.suspect != NULL || self->attempt.created || is_over (self, now))
    return TRUE;

  g_lock_file_state_lock ();
  if (self->queue != NULL && !self->cancelled)
    {
      for (GList *l = self->queue->waiters.head; its_turn && l != &self->link; l = l->next)
        {
          const GLockFileWaiter *other = l->data;

          its_turn = is_over (other, now);
          if (!its_turn && other->deadline >= 0 &&
              (*until < 0 || other->deadline < *until))
            *until = other->deadline;
        }
    }
  g_lock_file_state_unlock ();
  if (!its_turn)
    g_lock_file_debug_once (self->attempt.names->path, &self->told_step,
                            "waiting behind others of this process (R13)");
  return its_turn;
}

static void
begin (GLockFileWaiter *self,
       gboolean         only_behind)
{
  self->begun = TRUE;

  /* One that does not wait needs no place among those who do. */
  if (self->deadline >= 0 && g_get_monotonic_time () >= self->deadline)
    return;
  if (g_lock_file_crowd_was_here (self->attempt.names->path))
    self->courtesies = N_COURTESIES;
  enter_queue (self, only_behind);
}

/*
 * g_lock_file_waiter_queue_up:
 * @until: (out): if it is not its turn, when to go on
 *
 * Takes a place in the queue before anything else, so that those who begin one after the
 * other in one thread are served in this order. Touches no file.
 *
 * Returns: whether it is its turn at once
 */
gboolean
g_lock_file_waiter_queue_up (GLockFileWaiter *self,
                             gint64          *until)
{
  begin (self, FALSE);
  return is_its_turn (self, until);
}

/*
 * g_lock_file_waiter_advance:
 * @until: (out): with %G_LOCK_FILE_STEP_RESULT_SLEEP, the monotonic time at which
 *   to go on, if the waiter is not woken earlier; -1 for no such time
 *
 * Goes on until there is a result or a reason to sleep. With a result the waiter
 * has no place in a queue any more; what it got is in its attempt.
 */
GLockFileStepResult
g_lock_file_waiter_advance (GLockFileWaiter *self,
                            gint64          *until)
{
  if (!self->begun)
    begin (self, TRUE);

  for (;;)
    {
      GLockFileStepResult result;

      if (!is_its_turn (self, until))
        return G_LOCK_FILE_STEP_RESULT_SLEEP;

      result = step (self, until);
      if (result != G_LOCK_FILE_STEP_RESULT_SLEEP)
        {
          leave_queue (self);
          return result;
        }

      /* It has to wait, so it takes a place; others may have come first
       * meanwhile. */
      if (self->queue == NULL && self->grace_until == 0)
        {
          gint64 turn;

          enter_queue (self, FALSE);
          if (!is_its_turn (self, &turn))
            {
              stop_watching (self);
              g_lock_file_attempt_rest (&self->attempt, FALSE);
              continue;
            }
        }
      return result;
    }
}

/*
 * g_lock_file_waiter_cancel:
 *
 * Makes it give up soon; from any thread. Success counts that comes first.
 */
void
g_lock_file_waiter_cancel (GLockFileWaiter *self)
{
  g_lock_file_state_lock ();
  self->cancelled = TRUE;
  wake_locked (self);
  g_lock_file_state_unlock ();
}
