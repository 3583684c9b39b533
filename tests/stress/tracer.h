/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* A process that is followed from system call to system call. It stops before
 * and after each that it makes while it is watched, and stays where it is until it
 * is told to go on.
 */
typedef struct _Tracer Tracer;

typedef enum
{
  TRACER_STOPPED,               /* before or after a system call */
  TRACER_MARK,                  /* in tracer_mark() */
  TRACER_SLEEPS,                /* all of its threads wait for something */
  TRACER_ENDED,
} TracerEvent;

/* Whether processes can be followed here; else the test is skipped. */
gboolean    tracer_is_possible       (void);

/* Runs @play in a process of its own, and stops it at its first tracer_mark(). */
Tracer     *tracer_start             (void          (*play) (gpointer data),
                                      gpointer        data);
pid_t       tracer_get_pid           (Tracer         *tracer);
TracerEvent tracer_go_on             (Tracer         *tracer);
/* While one thread is stopped: waits until the others have stopped too, or sleep, and
 * calls @seen for each that is before or after a system call.
 */
void        tracer_stop_others       (Tracer         *tracer,
                                      void          (*seen) (gpointer data),
                                      gpointer        data);
/* Where it stopped: “before” or “after”, the system call (a creating openat() is “create”)
 * and the base name of the file that it is about, and if it failed, why.
 */
const char *tracer_get_place         (Tracer         *tracer);
/* How it ended, as waitpid() says it. */
int         tracer_get_status        (Tracer         *tracer);
/* Ends it with SIGKILL wherever it is, if it is still there, and waits until it is gone.
 */
void        tracer_kill              (Tracer         *tracer);
void        tracer_free              (Tracer         *tracer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Tracer, tracer_free)

/* For the process that is followed, in its first thread. */
void        tracer_mark              (void);
void        tracer_watch             (gboolean        watch);

G_END_DECLS
