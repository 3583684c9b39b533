/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _GLockFileCrowdPlace GLockFileCrowdPlace;

/* A waiter's place among those of all processes that wait for the same path. */
typedef struct
{
  GLockFileCrowdPlace *place;   /* (nullable): it takes part */
  gint64 base;
  gint64 ticket;
} GLockFileCrowd;

void     g_lock_file_crowd_enter     (GLockFileCrowd *crowd,
                                      const char     *directory,
                                      const char     *path);
void     g_lock_file_crowd_leave     (GLockFileCrowd *crowd);
guint    g_lock_file_crowd_count     (GLockFileCrowd *crowd,
                                      guint           limit);

void     g_lock_file_crowd_remember  (const char     *path);
gboolean g_lock_file_crowd_was_here  (const char     *path);

G_END_DECLS
