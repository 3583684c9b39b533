/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The mutex of the whole library. Never held across a system call on a lock
 * file, nor across a callback into the application.
 */
void  g_lock_file_state_lock                (void);
void  g_lock_file_state_unlock              (void);
void  g_lock_file_state_wait                (GCond  *cond,
                                             gint64  until);

/* Before anything else: notices forks from then on. */
void  g_lock_file_descriptors_prepare       (void);

/* How many forks lie between this process and the first that used the library. */
guint g_lock_file_fork_generation           (void);

/* Around every call that opens or closes a descriptor. */
void  g_lock_file_descriptors_enter         (void);
void  g_lock_file_descriptors_leave         (void);
void  g_lock_file_descriptors_add           (int     fd);
void  g_lock_file_descriptors_remove        (int     fd);
void  g_lock_file_descriptors_add_locked    (int     fd);
void  g_lock_file_descriptors_remove_locked (int     fd);

G_END_DECLS
