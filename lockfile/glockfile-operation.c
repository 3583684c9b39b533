/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-operation.h"

#include "glockfile-debug.h"
#include "glockfile-descriptors.h"

#include <glib/gi18n-lib.h>
#include <string.h>

/* One operation on one object: locking, unlocking, looking whether it still is locked,
 * asking, removing a leftover. Each
 * exists in two forms that differ only in where it sleeps and tells the result: on the
 * calling thread, or going on in worker threads, sleeping in a main context without
 * any, and telling the result there (R13).
 *
 * An operation keeps its object busy from begin to end. What it comes to is in the
 * object's state before it ends; the application is told at its end, in the thread that
 * asked for it.
 */

typedef struct
{
  GLockFile *lock_file;         /* the caller's, or the task's */
  GLockFileOperationKind kind;
  guint stale_lock_time;
  gboolean has_waiter;
  GMainContext *context;        /* (nullable): where a loss is told; NULL: this thread's */

  /* What it comes to. */
  GLockFileChanges changes;
  gboolean acquired;
  GLockFileInfo *previous_holder; /* (nullable): of the acquisition */
  GLockFileInfo *info;          /* (nullable) */
  GError *error;                /* (nullable) */

  guint generation;             /* the fork generation that it is from */

  /* If it is asynchronous. */
  GTask *task;                  /* NULL: it has been given up */
  gboolean claimed;             /* guarded: what it comes to is settled */
  gboolean given_up;            /* guarded: who asked has been told already */
  GLockFileSuspension suspension;
  GCancellable *cancellable;    /* (nullable) */
  gulong cancelled_handler;
  GSource *patience;            /* with a cancellation */

  GLockFileWaiter waiter;       /* if it may have to wait; last, for it is large */
} Operation;

/* --- The object's state ----------------------------------------------------- */

/*
 * g_lock_file_begin:
 *
 * Makes the object busy, if it is not.
 */
gboolean
g_lock_file_begin (GLockFile  *self,
                   gboolean   *locked,
                   GError    **error)
{
  gboolean was_busy;

  g_lock_file_state_lock ();
  g_lock_file_notice_fork_locked (self);
  was_busy = self->busy;
  self->busy = TRUE;
  *locked = (self->handle.fd >= 0);
  g_lock_file_state_unlock ();

  if (was_busy)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                         _("Another operation on this lock is still under way"));
  return !was_busy;
}

/*
 * g_lock_file_end:
 *
 * Ends what g_lock_file_begin() began, and tells what has changed.
 */
void
g_lock_file_end (GLockFile        *self,
                 GLockFileChanges  changes)
{
  g_lock_file_state_lock ();
  self->busy = FALSE;
  g_lock_file_state_unlock ();

  g_lock_file_announce (self, changes);
}

/*
 * g_lock_file_take_handle:
 *
 * Makes the object unlocked, stops its keeper, and hands over the lock, which is to be
 * released or closed. %FALSE if it is not locked.
 */
gboolean
g_lock_file_take_handle (GLockFile       *self,
                         GLockFileHandle *handle,
                         gboolean        *crowded)
{
  GLockFileKeeper *keeper;

  g_lock_file_state_lock ();
  g_lock_file_notice_fork_locked (self);
  keeper = g_steal_pointer (&self->keeper);
  *handle = self->handle;
  *crowded = self->crowded;
  self->handle.fd = -1;
  g_lock_file_state_unlock ();

  g_lock_file_keeper_stop (keeper);
  return handle->fd >= 0;
}

/* The lock has been got. */
static void
become_locked (Operation *op)
{
  GLockFile *self = op->lock_file;
  GLockFileAttempt *attempt = &op->waiter.attempt;
  GLockFileHandle handle = g_lock_file_attempt_steal (attempt);
  GLockFileKeeper *keeper;

  op->acquired = TRUE;
  if (attempt->previous != NULL)
    op->previous_holder = g_lock_file_info_new (attempt->previous, G_LOCK_FILE_HOLDER_STATE_GONE);
  keeper = g_lock_file_keeper_new (self, &handle, op->stale_lock_time, op->context);

  g_lock_file_state_lock ();
  self->handle = handle;
  self->lost = FALSE;
  self->serial++;
  self->crowded = op->waiter.in_crowd;
  self->keeper = keeper;
  if (keeper != NULL)
    g_lock_file_keeper_start_locked (keeper);
  op->changes |= G_LOCK_FILE_CHANGE_LOCKED;
  g_lock_file_state_unlock ();
}

/* Ends it, in the thread that asked for it: the application has the previous holder
 * without a reference of its own, and must know when that goes. */
static void
operation_end (Operation *op)
{
  GLockFile *self = op->lock_file;
  g_autoptr (GLockFileInfo) former = NULL;

  g_lock_file_state_lock ();
  if (op->acquired && self->previous_holder != op->previous_holder)
    {
      former = self->previous_holder;
      self->previous_holder = g_steal_pointer (&op->previous_holder);
      op->changes |= G_LOCK_FILE_CHANGE_PREVIOUS_HOLDER;
    }
  g_lock_file_state_unlock ();
  g_lock_file_end (self, op->changes);
}

static void
release (Operation *op)
{
  GLockFile *self = op->lock_file;
  GLockFileHandle handle;
  gboolean lost, crowded;
  int error, code;

  if (!g_lock_file_take_handle (self, &handle, &crowded))
    return; /* A locker was quicker. */

  op->changes |= G_LOCK_FILE_CHANGE_LOCKED;
  error = g_lock_file_attempt_let_go (&handle, &self->names, &lost);
  if (crowded)
    g_lock_file_crowd_remember (self->names.path);

  if (lost)
    {
      g_lock_file_set_lost_error (self, &op->error);
    }
  else if (error != 0)
    {
      g_autofree char *name = g_lock_file_show (self);

      /* Without room for a deletion, as some quotas have it, nobody can make some. */
      code = g_lock_file_attempt_error_code (error);
      if (code != G_LOCK_FILE_ERROR_PERMISSION_DENIED)
        code = G_LOCK_FILE_ERROR_FAILED;
      g_set_error (&op->error, G_LOCK_FILE_ERROR, code,
                   /* Translators: the file's name, and the system's reason. */
                   _("Could not delete the lock file “%s”: %s"), name, g_strerror (error));
    }
}

/*
 * g_lock_file_let_go:
 * @serial: the acquisition whose lock it is
 *
 * Releases the lock for somebody who cannot be told that another operation is under way.
 * It need not wait for one, which might only end in a main context of this thread: with
 * that lock held it is one that only asks, or releases it too. If it has been released, and
 * somebody has locked the object anew, that is another acquisition.
 */
void
g_lock_file_let_go (GLockFile *self,
                    guint      serial)
{
  Operation op;
  gboolean is_that;

  g_lock_file_state_lock ();
  is_that = (self->serial == serial);
  g_lock_file_state_unlock ();
  if (!is_that)
    return;

  memset (&op, 0, G_STRUCT_OFFSET (Operation, waiter));
  op.lock_file = self;
  release (&op);
  g_lock_file_announce (self, op.changes);
  g_clear_error (&op.error);
}

/* --- An operation ----------------------------------------------------------- */

/* In a child of fork() an operation of the parent's is not under way. */
static gboolean
is_ours (Operation *op)
{
  return op->generation == g_lock_file_fork_generation ();
}

/* Who learns late that the lock is gone is told why. */
static void
set_not_held_error (Operation *op)
{
  GLockFile *self = op->lock_file;
  g_autofree char *name = g_lock_file_show (self);
  gboolean lost;

  g_lock_file_state_lock ();
  lost = self->lost;
  g_lock_file_state_unlock ();
  if (lost)
    g_lock_file_set_lost_error (self, &op->error);
  else
    g_set_error (&op->error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST,
                 _("The lock “%s” is not held"), name);
}

/* Begins it; no file is touched yet. FALSE: it is over already, with an error or, if
 * there is none, nothing to do. */
static gboolean
operation_begin (Operation               *op,
                 GLockFile               *self,
                 GLockFileOperationKind   kind,
                 int                      timeout,
                 GCancellable            *cancellable)
{
  g_autofree char *name = NULL;
  gboolean locked;

  op->lock_file = self;
  op->kind = kind;
  op->generation = g_lock_file_fork_generation ();

  if (g_cancellable_set_error_if_cancelled (cancellable, &op->error))
    return FALSE;
  if (!g_lock_file_begin (self, &locked, &op->error))
    return FALSE;

  op->stale_lock_time = g_lock_file_get_stale_lock_time (self);
  op->has_waiter = TRUE;
  switch (kind)
    {
    case G_LOCK_FILE_OPERATION_ACQUIRE:
      if (locked)
        {
          name = g_lock_file_show (self);
          g_set_error (&op->error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED,
                       _("“%s” is already locked by this very object"), name);
          break;
        }
      g_lock_file_waiter_init (&op->waiter, &self->names, op->stale_lock_time, timeout);
      return TRUE;

    case G_LOCK_FILE_OPERATION_RELEASE:
      op->has_waiter = FALSE;
      if (!locked)
        break;
      return TRUE;

    case G_LOCK_FILE_OPERATION_VERIFY:
      op->has_waiter = FALSE;
      if (!locked)
        {
          set_not_held_error (op);
          break;
        }
      return TRUE;

    case G_LOCK_FILE_OPERATION_QUERY:
      /* Only asking, an age would be no reason to call it left behind. */
      g_lock_file_waiter_init (&op->waiter, &self->names, 0, 0);
      op->waiter.look = g_lock_file_attempt_query;
      return TRUE;

    case G_LOCK_FILE_OPERATION_REMOVE:
    default:
      if (locked)
        {
          name = g_lock_file_show (self);
          g_set_error (&op->error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_FAILED,
                       _("“%s” is locked by this very object, so it was not left behind"), name);
          break;
        }
      g_lock_file_waiter_init (&op->waiter, &self->names, 0, 0);
      op->waiter.look = g_lock_file_attempt_remove;
      return TRUE;
    }

  op->has_waiter = FALSE;
  g_lock_file_end (self, 0);
  return FALSE;
}

/* Whether the result is still wanted: that is settled here, whatever comes first. */
static gboolean
claim (Operation *op)
{
  gboolean given_up;

  g_lock_file_state_lock ();
  op->claimed = TRUE;
  given_up = op->given_up;
  g_lock_file_state_unlock ();
  return !given_up;
}

/* Gives back what nobody waits for any more. */
static void
discard (Operation           *op,
         GLockFileStepResult  result)
{
  GLockFileHandle handle;
  gboolean lost;

  if (op->kind == G_LOCK_FILE_OPERATION_ACQUIRE && result == G_LOCK_FILE_STEP_RESULT_GOT)
    {
      handle = g_lock_file_attempt_steal (&op->waiter.attempt);
      g_lock_file_attempt_let_go (&handle, &op->lock_file->names, &lost);
    }
}

/* Whether the file at the path is still ours. What was given up in the meantime changes
 * nothing: somebody else may have begun something with the object. */
static void
verify (Operation *op)
{
  GLockFile *self = op->lock_file;
  GLockFileHandle handle;
  gboolean is_there, crowded;
  int error;

  g_lock_file_state_lock ();
  handle = self->handle;
  g_lock_file_state_unlock ();
  error = g_lock_file_disk_check (&handle.id, self->names.path, &is_there);
  if (op->context != NULL && !claim (op))
    return;

  if (error != 0)
    {
      g_autofree char *name = g_lock_file_show (self);

      g_set_error (&op->error, G_LOCK_FILE_ERROR, g_lock_file_attempt_error_code (error),
                   /* Translators: the file's name, and the system's reason. */
                   _("Could not look at the lock file “%s”: %s"), name, g_strerror (error));
    }
  else if (!is_there)
    {
      g_lock_file_debug (self->names.path, "lost: somebody removed or replaced it, as verify() found");
      if (g_lock_file_take_handle (self, &handle, &crowded))
        {
          g_lock_file_disk_close (&handle);
          op->changes |= G_LOCK_FILE_CHANGE_LOCKED;
        }
      g_lock_file_set_lost_error (self, &op->error);
    }
}

/* Turns what the waiter came to into a result. */
static void
settle (Operation           *op,
        GLockFileStepResult  result)
{
  GLockFileAttempt *attempt = &op->waiter.attempt;

  /* What kept a query from being sure goes on: then this is the best answer. */
  if (op->kind == G_LOCK_FILE_OPERATION_QUERY && result == G_LOCK_FILE_STEP_RESULT_GAVE_UP)
    result = G_LOCK_FILE_STEP_RESULT_GOT;

  switch (result)
    {
    case G_LOCK_FILE_STEP_RESULT_GOT:
      if (op->kind == G_LOCK_FILE_OPERATION_ACQUIRE)
        become_locked (op);
      else if (op->kind == G_LOCK_FILE_OPERATION_QUERY)
        op->info = g_lock_file_attempt_get_holder (attempt);
      break;
    case G_LOCK_FILE_STEP_RESULT_CANCELLED:
      g_set_error_literal (&op->error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                           _("Operation was cancelled"));
      break;
    case G_LOCK_FILE_STEP_RESULT_GAVE_UP:
      g_lock_file_attempt_set_error (attempt, G_LOCK_FILE_OUTCOME_HELD, &op->error);
      break;
    case G_LOCK_FILE_STEP_RESULT_ERROR:
    case G_LOCK_FILE_STEP_RESULT_SLEEP:
    default:
      g_lock_file_attempt_set_error (attempt, G_LOCK_FILE_OUTCOME_ERROR, &op->error);
      break;
    }
}

/* Goes on. FALSE: it is to sleep until @until. */
static gboolean
operation_go_on (Operation *op,
                 gint64    *until)
{
  GLockFileStepResult result;

  switch (op->kind)
    {
    case G_LOCK_FILE_OPERATION_RELEASE:
      release (op);
      return TRUE;
    case G_LOCK_FILE_OPERATION_VERIFY:
      verify (op);
      return TRUE;
    default:
      break;
    }

  result = g_lock_file_waiter_advance (&op->waiter, until);
  if (result == G_LOCK_FILE_STEP_RESULT_SLEEP)
    return FALSE;
  if (op->context == NULL || claim (op))
    settle (op, result);
  else
    discard (op, result);
  return TRUE;
}

static void
operation_clear (Operation *op)
{
  if (op->has_waiter)
    g_lock_file_waiter_clear (&op->waiter);
  g_lock_file_suspension_clear (&op->suspension);
  g_clear_pointer (&op->context, g_main_context_unref);
  g_clear_pointer (&op->patience, g_source_unref);
  g_clear_object (&op->cancellable);
  g_clear_object (&op->previous_holder);
  g_clear_object (&op->info);
  g_clear_error (&op->error);
}

static void
cancelled_cb (GCancellable *cancellable,
              gpointer      data)
{
  Operation *op = data;

  if (is_ours (op))
    g_lock_file_waiter_cancel (&op->waiter);
}

/* --- On the calling thread -------------------------------------------------- */

/*
 * g_lock_file_operate:
 * @info: (out) (optional): what a query found
 *
 * Success counts, even if @cancellable is cancelled at the same moment.
 */
gboolean
g_lock_file_operate (GLockFile               *self,
                     GLockFileOperationKind   kind,
                     int                      timeout,
                     GCancellable            *cancellable,
                     GLockFileInfo          **info,
                     GError                 **error)
{
  Operation op;
  gboolean succeeded;
  gulong handler = 0;
  gint64 until;

  /* The waiter, which is the most of it, is cleared if there is one. */
  memset (&op, 0, G_STRUCT_OFFSET (Operation, waiter));
  if (operation_begin (&op, self, kind, timeout, cancellable))
    {
      if (cancellable != NULL && op.has_waiter)
        handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), &op, NULL);
      while (!operation_go_on (&op, &until))
        g_lock_file_sleeper_sleep (&op.waiter.sleeper, until);
      if (handler != 0)
        g_cancellable_disconnect (cancellable, handler);
      /* Before anybody is told, who may take long, or fork. */
      if (op.has_waiter)
        g_lock_file_waiter_clear (&op.waiter);
      op.has_waiter = FALSE;
      operation_end (&op);
    }

  succeeded = (op.error == NULL);
  if (!succeeded)
    g_propagate_error (error, g_steal_pointer (&op.error));
  if (info != NULL)
    *info = g_steal_pointer (&op.info);
  operation_clear (&op);
  return succeeded;
}

/* --- In a main context ------------------------------------------------------ */

/* How long a cancelled operation may take to end well: it may be in a call to a file
 * system that hangs. */
#define PATIENCE (1 * G_TIME_SPAN_SECOND / G_TIME_SPAN_MILLISECOND)

static void
operation_free (Operation *op)
{
  if (op->patience != NULL)
    g_source_destroy (op->patience);
  operation_clear (op);
  g_free (op);
}

static void
return_result (GTask     *task,
               Operation *op)
{
  if (op->error != NULL)
    g_task_return_error (task, g_steal_pointer (&op->error));
  else if (op->kind == G_LOCK_FILE_OPERATION_QUERY)
    g_task_return_pointer (task, g_steal_pointer (&op->info), g_object_unref);
  else
    g_task_return_boolean (task, TRUE);
}

/* In the main context that asked for it. */
static gboolean
finish_cb (gpointer data)
{
  Operation *op = data;
  g_autoptr (GTask) task = NULL;
  g_autoptr (GLockFile) self = NULL;

  /* With the mutex, so that what a worker wrote is seen here. */
  g_lock_file_state_lock ();
  g_lock_file_state_unlock ();
  if (!is_ours (op))
    return G_SOURCE_REMOVE;

  if (op->given_up)
    {
      self = op->lock_file;
    }
  else
    {
      task = g_steal_pointer (&op->task);
      operation_end (op);
      return_result (task, op);
    }
  operation_free (op);
  return G_SOURCE_REMOVE;
}

/* Likewise, if the file system does not answer: who cancelled is told, and the object can
 * be used again. The worker gives back what it gets in the end. */
static gboolean
give_up_cb (gpointer data)
{
  Operation *op = data;
  g_autoptr (GTask) task = NULL;
  gboolean claimed;

  if (!is_ours (op))
    return G_SOURCE_REMOVE;

  g_lock_file_state_lock ();
  claimed = op->claimed;
  op->given_up = !claimed;
  g_lock_file_state_unlock ();
  if (claimed)
    return G_SOURCE_REMOVE;

  task = g_steal_pointer (&op->task);
  /* For the names of its files. It goes in this context too, see finish_cb(). */
  g_object_ref (op->lock_file);
  g_lock_file_end (op->lock_file, 0);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s",
                           _("Operation was cancelled"));
  return G_SOURCE_REMOVE;
}

/* In the thread that cancels. */
static void
cancelled_async_cb (GCancellable *cancellable,
                    gpointer      data)
{
  Operation *op = data;

  if (!is_ours (op) || op->patience != NULL)
    return;
  op->patience = g_timeout_source_new (PATIENCE);
  g_source_set_priority (op->patience, op->suspension.priority);
  g_source_set_static_name (op->patience, "GLockFile cancellation");
  g_source_set_callback (op->patience, give_up_cb, op, NULL);
  g_source_attach (op->patience, op->context);
  if (op->has_waiter)
    g_lock_file_waiter_cancel (&op->waiter);
}

/* In a worker thread. */
static void
go_on (gpointer data)
{
  Operation *op = data;
  gboolean sleeps;
  gint64 until;

  while (!operation_go_on (op, &until))
    {
      g_lock_file_state_lock ();
      /* With the kernel lock of a leftover, or with an empty file at the path, one must not
       * wait for an application that may not run its main context. */
      op->suspension.in_the_way = op->waiter.attempt.suspect != NULL || op->waiter.attempt.created;
      sleeps = g_lock_file_suspension_sleep_locked (&op->suspension, until);
      g_lock_file_state_unlock ();
      if (sleeps)
        return;
    }

  /* Everything that may touch a file ends here. */
  if (op->cancelled_handler != 0)
    g_cancellable_disconnect (op->cancellable, op->cancelled_handler);
  if (op->has_waiter)
    g_lock_file_waiter_clear (&op->waiter);
  op->has_waiter = FALSE;
  /* With the mutex, so that what was written here is seen there. */
  g_lock_file_state_lock ();
  g_lock_file_suspension_finish (&op->suspension, op->context, finish_cb, op);
  g_lock_file_state_unlock ();
}

/*
 * g_lock_file_operate_async:
 *
 * Success counts, even if @cancellable is cancelled at the same moment: so the task
 * must not look at it.
 */
void
g_lock_file_operate_async (GLockFile              *self,
                           GLockFileOperationKind  kind,
                           int                     timeout,
                           int                     io_priority,
                           GCancellable           *cancellable,
                           GAsyncReadyCallback     callback,
                           gpointer                user_data,
                           gpointer                source_tag,
                           const char             *name)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Operation *op = g_new0 (Operation, 1);
  gboolean sleeps = FALSE;
  gint64 until;

  g_task_set_source_tag (task, source_tag);
  g_task_set_name (task, name);
  g_task_set_priority (task, io_priority);
  g_task_set_check_cancellable (task, FALSE);

  if (!operation_begin (op, self, kind, timeout, cancellable))
    {
      return_result (task, op);
      operation_free (op);
      return;
    }

  op->context = g_main_context_ref (g_task_get_context (task));
  op->task = g_steal_pointer (&task);
  g_lock_file_suspension_init (&op->suspension, op->context, io_priority, go_on, op);
  op->waiter.suspension = &op->suspension;
  /* A lock that is being given back is not kept. */
  if (cancellable != NULL && kind != G_LOCK_FILE_OPERATION_RELEASE)
    {
      op->cancellable = g_object_ref (cancellable);
      op->cancelled_handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_async_cb),
                                                     op, NULL);
    }

  /* Whose turn it is not yet needs no worker for that. */
  if (kind == G_LOCK_FILE_OPERATION_ACQUIRE &&
      !g_lock_file_waiter_queue_up (&op->waiter, &until))
    {
      g_lock_file_state_lock ();
      sleeps = g_lock_file_suspension_sleep_locked (&op->suspension, until);
      g_lock_file_state_unlock ();
    }
  if (!sleeps)
    g_lock_file_suspension_start (&op->suspension);
}
