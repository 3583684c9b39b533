/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "tool.h"

#include <glib/gi18n-lib.h>
#include <locale.h>
#include <string.h>

static const ToolSynopsis synopsis = {
  .parameters = N_("COMMAND [ARGUMENT…]"),
  .summary = N_("Locks between processes, in the form of files."),
  /* Translators: “run”, “info” and “remove” stay as they are. COMMAND is what stands for them
   * in the usage too. */
  .description = N_("Commands:\n"
                    "  run     Run a program while holding a lock\n"
                    "  info    Tell who holds a lock\n"
                    "  remove  Remove a lock file that was left behind\n"
                    "\n"
                    "“glockfile COMMAND --help” tells more about each."),
  .options_come_first = TRUE,
};

static const struct
{
  const char *name;
  const char *full_name; /* as which the help introduces it */
  int (*function) (int    argc,
                   char **argv);
} commands[] = {
  { "run", "glockfile run", tool_run },
  { "info", "glockfile info", tool_info },
  { "remove", "glockfile remove", tool_remove },
};

int
main (int    argc,
      char **argv)
{
  g_auto (GStrv) arguments = NULL;
  g_autofree char *name = NULL;
  g_autofree char *message = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  g_set_prgname ("glockfile");
  /* Where debugging does not mix with what a program reads. */
  g_log_writer_default_set_use_stderr (TRUE);

  arguments = tool_parse (&synopsis, NULL, argc, argv);
  if (arguments == NULL)
    tool_usage_error (_("No command was given"));

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (arguments[0], commands[i].name) == 0)
      {
        g_set_prgname (commands[i].full_name);
        return commands[i].function (g_strv_length (arguments), arguments);
      }

  name = g_filename_display_name (arguments[0]);
  message = g_strdup_printf (_("There is no command “%s”"), name);
  tool_usage_error (message);
}
