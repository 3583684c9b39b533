/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _GLockFileLoop GLockFileLoop;

/* Something that goes on in a worker thread, and between whiles sleeps without
 * one, in a main context. */
typedef struct
{
  GMainContext *context;
  int priority;
  void (*go_on) (gpointer data);  /* in a worker thread */
  gpointer data;

  /* Guarded by the library's mutex. */
  gboolean in_the_way;            /* of other processes: its sleep needs no main context */
  GLockFileLoop *loop;            /* (nullable): where it sleeps */
  GSequenceIter *timer;           /* (nullable) */
  GList link;                     /* among those that only wait for the loop to run */
  gboolean linked;
  gint64 until;
  gboolean woken;
} GLockFileSuspension;

/* Times to sleep until, besides monotonic ones. */
#define G_LOCK_FILE_LOOP_RUNS 0   /* until the main context is run */
#define G_LOCK_FILE_WOKEN (-1)    /* until it is woken */

void     g_lock_file_suspension_init         (GLockFileSuspension *suspension,
                                              GMainContext        *context,
                                              int                  priority,
                                              void               (*go_on) (gpointer data),
                                              gpointer             data);
void     g_lock_file_suspension_clear        (GLockFileSuspension *suspension);
void     g_lock_file_suspension_start        (GLockFileSuspension *suspension);
gboolean g_lock_file_suspension_sleep_locked (GLockFileSuspension *suspension,
                                              gint64               until);
void     g_lock_file_suspension_wake_locked  (GLockFileSuspension *suspension);
gboolean g_lock_file_suspension_end_locked   (GLockFileSuspension *suspension);
void     g_lock_file_suspension_finish       (GLockFileSuspension *suspension,
                                              GMainContext        *context,
                                              GSourceFunc          finish,
                                              gpointer             data);

G_END_DECLS
