/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "tool.h"

#include <glib/gi18n-lib.h>
#include <stdlib.h>

static const ToolSynopsis synopsis = {
  .parameters = N_("LOCK-FILE"),
  .summary = N_("Removes a lock file that was left behind. What a process of this machine holds,\n"
                "or what is not a lock file, is left alone."),
  .description = N_("Exit status: 0 if it was removed, 1 if there is none, 65 if it is not a lock\n"
                    "file, 75 if it is held, 64 for wrong usage, 70 for any other error."),
};

int
tool_remove (int    argc,
             char **argv)
{
  g_auto (GStrv) arguments = tool_parse (&synopsis, NULL, argc, argv);
  g_autoptr (GLockFile) lock_file = tool_get_lock_file (arguments);
  g_autoptr (GError) error = NULL;

  if (!g_lock_file_remove_stale (lock_file, NULL, &error))
    return tool_fail (error);
  return EXIT_SUCCESS;
}
