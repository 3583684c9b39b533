/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "command.h"
#include "tool.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Waiting goes on in the main loop, where signals are heard meanwhile. The first look and
 * letting go do not take long, and need no threads to be started. If there a file system
 * hangs, signals end the tool by their default action; the kernel then frees the lock.
 */

/* After so many milliseconds the user may ask what is going on. */
#define PATIENCE 1000

static const ToolSynopsis synopsis = {
  .parameters = N_("LOCK-FILE [--] COMMAND [ARGUMENT…]"),
  .summary = N_("Waits for a lock, runs a command, and lets go when the command has ended."),
  /* Translators: LOCK-FILE and SECONDS are what stands for them elsewhere in the help. */
  .description = N_("Options must stand before LOCK-FILE. SECONDS can be a fraction, such as 0.5.\n"
                    "\n"
                    "Exit status: the command’s, or 128+N if signal N ended it; 75 if the lock "
                    "could not\n"
                    "be had in time, 127 if there is no such command, 126 if it cannot be run, "
                    "64 for\n"
                    "wrong usage, 70 for any other error."),
  .options_come_first = TRUE,
};

typedef struct
{
  int timeout;                  /* milliseconds; negative: no limit */
  int conflict_exit_code;
  GStrv arguments;
  GLockFile *lock_file;
  char **command_line;          /* (unowned): a part of the arguments */
  ToolCommand command;
  gboolean waiting;
  gboolean lost;
} Run;

/* --- The command line ------------------------------------------------------- */

static guint
parse_exit_code (const char *text)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (text, 10, 0, 255, &number, NULL))
    {
      g_autofree char *shown = g_filename_display_name (text);
      g_autofree char *message = NULL;

      message = g_strdup_printf (_("“%s” is not an exit code, a number from 0 to 255"), shown);
      tool_usage_error (message);
    }
  return number;
}

/* Digits with a point, whatever the locale, and neither a sign nor anything else that
 * strtod() knows. */
static gboolean
is_plain_decimal (const char *text)
{
  const char *point = strchr (text, '.');
  gsize digits = strspn (text, "0123456789");

  if (point == NULL)
    return digits > 0 && text[digits] == '\0';
  return point == text + digits &&
         digits + strspn (point + 1, "0123456789") + 1 == strlen (text) && strlen (text) > 1;
}

/* Seconds as milliseconds, rounded up: a little is not nothing. */
static guint
parse_seconds (const char *text,
               guint       max)
{
  g_autofree char *shown = NULL;
  g_autofree char *message = NULL;
  double milliseconds;

  shown = g_filename_display_name (text);
  if (!is_plain_decimal (text))
    {
      message = g_strdup_printf (_("“%s” is not a number of seconds, such as 2 or 0.5"), shown);
      tool_usage_error (message);
    }

  milliseconds = ceil (g_ascii_strtod (text, NULL) * 1000);
  if (milliseconds > max)
    {
      message = g_strdup_printf (_("“%s” seconds are too many: the most is %u"), shown,
                                 max / 1000);
      tool_usage_error (message);
    }
  return milliseconds;
}

static void
parse (Run   *run,
       int    argc,
       char **argv)
{
  g_autofree char *timeout = NULL;
  g_autofree char *stale_lock_time = NULL;
  g_autofree char *conflict_exit_code = NULL;
  const GOptionEntry entries[] = {
    { "timeout", 0, 0, G_OPTION_ARG_FILENAME, &timeout,
      N_("Wait no longer than this; 0 to try only once"), N_("SECONDS") },
    { "stale-lock-time", 0, 0, G_OPTION_ARG_FILENAME, &stale_lock_time,
      N_("The age from which a lock file counts as left behind if nothing better tells; 0 for "
         "never (default: 30)"),
      N_("SECONDS") },
    { "conflict-exit-code", 0, 0, G_OPTION_ARG_FILENAME, &conflict_exit_code,
      N_("Exit with this if the lock could not be had in time (default: 75)"), N_("N") },
    { NULL },
  };

  run->arguments = tool_parse (&synopsis, entries, argc, argv);
  if (timeout != NULL)
    run->timeout = parse_seconds (timeout, G_MAXINT);
  if (conflict_exit_code != NULL)
    run->conflict_exit_code = parse_exit_code (conflict_exit_code);
  if (run->arguments == NULL)
    tool_usage_error (_("No lock file was given"));

  run->lock_file = g_lock_file_new (run->arguments[0]);
  if (stale_lock_time != NULL)
    g_lock_file_set_stale_lock_time (run->lock_file, parse_seconds (stale_lock_time, G_MAXUINT));

  run->command_line = run->arguments + 1;
  if (g_strcmp0 (run->command_line[0], "--") == 0)
    run->command_line++;
  else if (run->command_line[0] != NULL && run->command_line[0][0] == '-')
    tool_usage_error (_("Options must stand before the lock file"));
  if (run->command_line[0] == NULL)
    tool_usage_error (_("No command to run was given"));
}

/* --- Who is waited for ------------------------------------------------------ */

static gboolean ask_cb (gpointer data);

static void
tell_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  Run *run = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GLockFileInfo) info = NULL;
  g_autofree char *name = NULL;
  g_autofree char *description = NULL;
  g_autofree char *message = NULL;

  info = g_lock_file_query_info_finish (G_LOCK_FILE (source), result, &error);
  if (!run->waiting)
    return;
  if (g_error_matches (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_NOT_FOUND))
    {
      /* It was just free, and may be somebody else's now. */
      g_timeout_add (PATIENCE, ask_cb, run);
      return;
    }

  name = g_filename_display_name (g_lock_file_get_file_name (run->lock_file));
  description = info != NULL ? g_lock_file_info_describe (info) : g_strdup (error->message);
  /* Translators: the file's name, and a whole sentence, or two, on who holds the lock. */
  message = g_strdup_printf (_("Waiting for the lock “%s”. %s"), name, description);
  tool_complain (message);
}

/* By an object of its own, for the one that waits is busy. */
static gboolean
ask_cb (gpointer data)
{
  Run *run = data;
  g_autoptr (GLockFile) lock_file = NULL;

  if (!run->waiting)
    return G_SOURCE_REMOVE;

  lock_file = g_lock_file_new (g_lock_file_get_file_name (run->lock_file));
  g_lock_file_query_info_async (lock_file, G_PRIORITY_DEFAULT, NULL, tell_cb, run);
  return G_SOURCE_REMOVE;
}

/* --- The lock --------------------------------------------------------------- */

static void
keep_result_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      data)
{
  GAsyncResult **place = data;

  *place = g_object_ref (result);
}

/* TRUE when the lock is held, and signals are the command's. */
static gboolean
acquire (Run     *run,
         GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) first_error = NULL;

  if (g_lock_file_try_lock (run->lock_file, 0, NULL, &first_error))
    return tool_command_take_signals (&run->command, error);
  if (run->timeout == 0 ||
      !g_error_matches (first_error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED))
    {
      g_propagate_error (error, g_steal_pointer (&first_error));
      return FALSE;
    }

  if (!tool_command_take_signals (&run->command, error))
    return FALSE;
  g_lock_file_try_lock_async (run->lock_file, run->timeout, G_PRIORITY_DEFAULT,
                              run->command.cancellable, keep_result_cb, &result);
  run->waiting = TRUE;
  if (isatty (STDERR_FILENO))
    g_timeout_add (PATIENCE, ask_cb, run);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  run->waiting = FALSE;
  return g_lock_file_try_lock_finish (run->lock_file, result, error);
}

static void
lost_cb (GLockFile    *lock_file,
         const GError *error,
         Run          *run)
{
  tool_complain (error->message);
  tool_complain (_("The command goes on without the lock"));
  run->lost = TRUE;
}

/* FALSE: the command had the lock only for a part of its time, or it is not given back. */
static gboolean
let_go (Run *run)
{
  g_autoptr (GError) error = NULL;

  tool_command_leave_signals (&run->command);
  if (g_lock_file_unlock (run->lock_file, &error))
    return !run->lost;
  tool_complain (error->message);
  return FALSE;
}

/* Answers the exit status. */
static int
run_with_lock (Run *run)
{
  g_autoptr (GError) error = NULL;
  int status;

  if (!acquire (run, &error))
    {
      if (run->command.signal != 0)
        return TOOL_EXIT_SIGNALLED + run->command.signal;
      tool_complain (error->message);
      return g_error_matches (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED)
               ? run->conflict_exit_code : EX_SOFTWARE;
    }

  status = tool_command_run (&run->command, run->command_line);
  /* A command that went well is no success if it was not alone. */
  if (!let_go (run) && status == EXIT_SUCCESS)
    status = EX_SOFTWARE;
  return status;
}

int
tool_run (int    argc,
          char **argv)
{
  Run run = { .timeout = -1, .conflict_exit_code = EX_TEMPFAIL };
  g_autofree char *name = NULL;
  int status;

  parse (&run, argc, argv);
  /* Who waits for the lock then reads the command's name, not this tool's alone. */
  name = g_filename_display_basename (run.command_line[0]);
  g_set_application_name (name);
  g_signal_connect (run.lock_file, "lost", G_CALLBACK (lost_cb), &run);
  status = run_with_lock (&run);
  g_object_unref (run.lock_file);
  g_strfreev (run.arguments);
  g_clear_object (&run.command.cancellable);

  if (run.command.signal != 0)
    tool_command_die (&run.command);
  return status;
}
