/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _GLockFileWatchedProcess GLockFileWatchedProcess;

/* Watches one lock file and the process that holds it. */
typedef struct
{
  int file;                          /* inotify's number for it; -1: not watched */
  GLockFileWatchedProcess *process;  /* (nullable) */
  GList process_link;
  void (*woken_locked) (gpointer data);
  gpointer data;
} GLockFileWatch; /* guarded by the library's mutex */

/* A thread that waits for something to happen to it. */
typedef struct
{
  GCond cond;
  GList link;
  GLockFileWatch *watch;
  gboolean woken;
  gboolean may_lead;                 /* it has a watch, so it may read for everybody */
} GLockFileSleeper;

void     g_lock_file_watch_init          (GLockFileWatch   *watch,
                                          void            (*woken_locked) (gpointer data),
                                          gpointer          data);
gboolean g_lock_file_watch_file          (GLockFileWatch   *watch,
                                          const char       *path);
gboolean g_lock_file_watch_directory     (GLockFileWatch   *watch,
                                          const char       *path);
gboolean g_lock_file_watch_process       (GLockFileWatch   *watch,
                                          int               pid);
void     g_lock_file_watch_stop          (GLockFileWatch   *watch);

gboolean g_lock_file_watch_is_over_locked (const GLockFileWatch *watch);
void     g_lock_file_watch_give_back     (void);

int      g_lock_file_watch_poll_locked   (void);
void     g_lock_file_watch_unpoll_locked (void);
void     g_lock_file_watch_dispatch_locked (void);

void     g_lock_file_sleeper_init        (GLockFileSleeper *sleeper,
                                          GLockFileWatch   *watch);
void     g_lock_file_sleeper_clear       (GLockFileSleeper *sleeper);
void     g_lock_file_sleeper_sleep       (GLockFileSleeper *sleeper,
                                          gint64            until);
void     g_lock_file_sleeper_wake_locked (GLockFileSleeper *sleeper);

G_END_DECLS
