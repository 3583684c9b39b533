/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

void     g_lock_file_debug_prepare (void);
gboolean g_lock_file_debugging     (void);
void     g_lock_file_debug_step    (const char *path,
                                    const char *format,
                                    ...) G_GNUC_PRINTF (2, 3);

void     g_lock_file_debug_once    (const char  *path,
                                    const char **told,
                                    const char  *step);

/* Tells one step in the life of the lock at @path, with the rule that it goes by.
 * Not with the library's mutex held: who listens is the application's code. */
#define g_lock_file_debug(path, ...) \
  G_STMT_START { \
    if (G_UNLIKELY (g_lock_file_debugging ())) \
      g_lock_file_debug_step ((path), __VA_ARGS__); \
  } G_STMT_END

G_END_DECLS
