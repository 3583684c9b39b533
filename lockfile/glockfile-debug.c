/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-debug.h"

#include "glockfile-descriptors.h"

/* What a lock does, for who starts a program with G_MESSAGES_DEBUG=GLockFile.
 *
 * The environment is asked once: a lock on a fast disk takes a few microseconds, of
 * which searching the environment at each step would be a part that one can measure.
 */

static gboolean is_wanted;

void
g_lock_file_debug_prepare (void)
{
  is_wanted = !g_log_writer_default_would_drop (G_LOG_LEVEL_DEBUG, G_LOG_DOMAIN);
}

/*
 * g_lock_file_debugging:
 *
 * Never in a child of fork(): logging takes locks, which a thread of the parent may
 * have held when the child was made.
 */
gboolean
g_lock_file_debugging (void)
{
  return (is_wanted || g_log_get_debug_enabled ()) && g_lock_file_fork_generation () == 0;
}

void
g_lock_file_debug_step (const char *path,
                        const char *format,
                        ...)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autofree char *step = NULL;
  va_list arguments;

  va_start (arguments, format);
  step = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_debug ("%s: %s", name, step);
}

/*
 * g_lock_file_debug_once:
 * @told: (inout): what was told last
 *
 * Tells a step that goes on from look to look, when it begins.
 */
void
g_lock_file_debug_once (const char  *path,
                        const char **told,
                        const char  *step)
{
  if (*told == step)
    return;
  *told = step;
  g_lock_file_debug (path, "%s", step);
}
