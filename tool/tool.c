/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "tool.h"

#include <glib/gi18n-lib.h>
#include <lockfile/glockfile-text.h>
#include <stdlib.h>

/*
 * tool_tame:
 *
 * Makes a text safe for a terminal that has names in it which somebody else may have
 * chosen.
 */
char *
tool_tame (const char *text)
{
  GString *tame = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (tame, g_lock_file_is_steering (c) ? 0xfffd : c);
    }
  return g_string_free (tame, FALSE);
}

/*
 * tool_complain:
 * @message: a translated sentence, without its full stop
 */
void
tool_complain (const char *message)
{
  g_autofree char *tame = tool_tame (message);

  g_printerr ("glockfile: %s\n", tame);
}

/*
 * tool_usage_error:
 *
 * Ends the program: there is nothing that could be done.
 */
void
tool_usage_error (const char *message)
{
  g_autofree char *hint = NULL;

  /* Translators: the program's name, with that of its sub-command if there is one. */
  hint = g_strdup_printf (_("Try “%s --help”."), g_get_prgname ());
  tool_complain (message);
  g_printerr ("%s\n", hint);
  exit (EX_USAGE);
}

/*
 * tool_fail:
 *
 * Tells why something could not be done with a lock file, and answers the exit status
 * that says so.
 */
int
tool_fail (const GError *error)
{
  tool_complain (error->message);

  if (g_error_matches (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_NOT_FOUND))
    return TOOL_EXIT_NOT_LOCKED;
  if (g_error_matches (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_INVALID_DATA))
    return EX_DATAERR;
  if (g_error_matches (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED))
    return EX_TEMPFAIL;
  return EX_SOFTWARE;
}

static gboolean
show_version (const char  *option_name,
              const char  *value,
              gpointer     data,
              GError     **error)
{
  g_print ("glockfile %d.%d.%d\n", G_LOCK_FILE_MAJOR_VERSION, G_LOCK_FILE_MINOR_VERSION,
           G_LOCK_FILE_MICRO_VERSION);
  exit (EXIT_SUCCESS);
}

/*
 * tool_parse:
 * @entries: (nullable): options beside the ones that there always are
 *
 * Parses the options, and answers the other arguments, %NULL if there is none. A usage
 * error ends the program, as do `--help` and `--version`.
 */
GStrv
tool_parse (const ToolSynopsis *synopsis,
            const GOptionEntry *entries,
            int                 argc,
            char              **argv)
{
  GStrv arguments = NULL;
  const GOptionEntry common[] = {
    { "version", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, show_version,
      N_("Show the version and exit"), NULL },
    /* File names, for they need not be in the locale's encoding. */
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments, NULL, NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (synopsis->parameters);
  g_autoptr (GError) error = NULL;

  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, synopsis->summary);
  g_option_context_set_description (context, synopsis->description);
  g_option_context_set_strict_posix (context, synopsis->options_come_first);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, common, GETTEXT_PACKAGE);

  if (!g_option_context_parse (context, &argc, &argv, &error))
    tool_usage_error (error->message);
  return arguments;
}

/*
 * tool_get_lock_file:
 * @arguments: (nullable): what must be the name of a lock file and nothing else
 */
GLockFile *
tool_get_lock_file (const GStrv arguments)
{
  if (arguments == NULL)
    tool_usage_error (_("No lock file was given"));
  if (arguments[1] != NULL)
    tool_usage_error (_("More than one lock file was given"));
  return g_lock_file_new (arguments[0]);
}
