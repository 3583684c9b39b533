/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>

#include "glockfile-attempt.h"
#include "glockfile-crowd.h"
#include "glockfile-loop.h"
#include "glockfile-watch.h"

G_BEGIN_DECLS

typedef struct _GLockFileQueue GLockFileQueue;

typedef enum
{
  G_LOCK_FILE_STEP_RESULT_GOT,
  G_LOCK_FILE_STEP_RESULT_GAVE_UP,
  G_LOCK_FILE_STEP_RESULT_ERROR,
  G_LOCK_FILE_STEP_RESULT_CANCELLED,
  G_LOCK_FILE_STEP_RESULT_SLEEP,
} GLockFileStepResult;

/* Somebody who wants a lock, or a leftover removed, and is ready to wait. */
typedef struct
{
  GLockFileAttempt attempt;
  GLockFileOutcome (*look) (GLockFileAttempt *attempt);
  gint64 deadline;              /* monotonic; -1: none */
  gboolean begun;

  /* When to look again. */
  GLockFileWatch watch;
  gboolean watching;            /* it was put on what is known */
  gboolean watch_over;          /* ... but that has come to its end */
  gboolean file_watched;
  gint64 watch_again;           /* if the file is not watched: when to try that again */
  gboolean process_watched;
  GLockFileId known;            /* the file at the path, as a look saw it */
  gint64 known_changed;
  guint known_holder;           /* a hash of who it says it is */
  GLockFileCrowd crowd;         /* its place among the waiters of all processes */
  gboolean in_crowd;
  gboolean is_behind;
  guint courtesies;             /* pauses left in which others may go first */
  gboolean has_waited;
  gboolean frugal;              /* there are no descriptors left for watching */
  gint64 no_space_until;
  const char *told_step;        /* (nullable): see g_lock_file_debug_once() */
  gboolean event;               /* something happened; guarded by the library's mutex */
  guint hints;                  /* quick looks left after an event */
  guint retries;                /* looks in a row that found no reason to wait */
  gint64 pause;                 /* of polling */
  gint64 grace_until;           /* R5a; 0: the time is not up yet */
  gint64 grace_pause;

  /* Its place among those of this process that wait for the same path; guarded
   * by the library's mutex. */
  GLockFileQueue *queue;        /* (nullable) */
  GList link;
  gboolean cancelled;

  /* Where it sleeps. */
  GLockFileSleeper sleeper;         /* on the calling thread, or */
  GLockFileSuspension *suspension;  /* (nullable): in a main context */
} GLockFileWaiter;

void                g_lock_file_waiter_init    (GLockFileWaiter *waiter,
                                                const GLockFileNames *names,
                                                guint            stale_lock_time,
                                                int              timeout);
void                g_lock_file_waiter_clear   (GLockFileWaiter *waiter);

gboolean            g_lock_file_waiter_queue_up (GLockFileWaiter *waiter,
                                                 gint64          *until);
GLockFileStepResult g_lock_file_waiter_advance (GLockFileWaiter *waiter,
                                                gint64          *until);
void                g_lock_file_waiter_cancel  (GLockFileWaiter *waiter);

G_END_DECLS
