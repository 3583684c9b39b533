/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "tool.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <json-glib/json-glib.h>
#include <lockfile/glockfile-text.h>
#include <stdio.h>
#include <stdlib.h>

static const ToolSynopsis synopsis = {
  /* Translators: what stands for the name of a file, here and in other help. */
  .parameters = N_("LOCK-FILE"),
  .summary = N_("Tells who holds a lock, without disturbing the holder."),
  .description = N_("Exit status: 0 if it is held, 1 if it is not locked, 2 if the file is a "
                    "leftover of\n"
                    "a process that is gone, 65 if it is not a lock file, 64 for wrong usage, "
                    "70 for any\n"
                    "other error."),
};

static void
add_text (JsonObject    *object,
          GLockFileInfo *info,
          const char    *property)
{
  g_autofree char *text = NULL;

  g_object_get (info, property, &text, NULL);
  if (text != NULL && *text != '\0')
    json_object_set_string_member (object, property, text);
}

static void
add_time (JsonObject *object,
          const char *property,
          GDateTime  *time)
{
  g_autofree char *text = NULL;

  if (time == NULL)
    return;
  text = g_date_time_format_iso8601 (time);
  json_object_set_string_member (object, property, text);
}

static void
add_state (JsonObject           *object,
           const char           *property,
           GLockFileHolderState  state)
{
  GEnumClass *states = g_type_class_ref (G_TYPE_LOCK_FILE_HOLDER_STATE);

  json_object_set_string_member (object, property, g_enum_get_value (states, state)->value_nick);
  g_type_class_unref (states);
}

/*
 * @info: (nullable): NULL if it is not locked
 */
/* Whoever reads JSON reads the same; a terminal that it is printed on obeys no name. */
static char *
escape_json (const char *json)
{
  GString *escaped = g_string_new (NULL);

  for (const char *p = json; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      /* Ends of lines are not in the texts, but between them. */
      if (c != '\n' && g_lock_file_is_steering (c))
        g_string_append_printf (escaped, "\\u%04x", c);
      else
        g_string_append_unichar (escaped, c);
    }
  return g_string_free (escaped, FALSE);
}

static char *
to_json (GLockFile     *lock_file,
         GLockFileInfo *info)
{
  g_autofree char *json = NULL;
  static const char * const texts[] = {
    "hostname", "app-name", "display-name", "user-name", "machine-id", "boot-id", "token",
  };
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *name = g_utf8_make_valid (g_lock_file_get_file_name (lock_file), -1);

  json_object_set_string_member (object, "file-name", name);
  if (info != NULL)
    {
      if (g_lock_file_info_get_pid (info) != 0)
        json_object_set_int_member (object, "pid", g_lock_file_info_get_pid (info));
      for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
        add_text (object, info, texts[i]);
      add_time (object, "locked-since", g_lock_file_info_get_locked_since (info));
      add_state (object, "holder-state", g_lock_file_info_get_holder_state (info));
    }

  json_node_set_object (node, object);
  json = json_to_string (node, TRUE);
  return escape_json (json);
}

static char *
to_text (GLockFile     *lock_file,
         GLockFileInfo *info)
{
  g_autofree char *name = NULL;
  g_autofree char *answer = NULL;

  if (info != NULL)
    return g_lock_file_info_describe (info);

  name = g_filename_display_name (g_lock_file_get_file_name (lock_file));
  answer = g_strdup_printf (_("“%s” is not locked."), name);
  return tool_tame (answer);
}

static int
get_exit_status (GLockFileInfo *info)
{
  if (info == NULL)
    return TOOL_EXIT_NOT_LOCKED;
  if (g_lock_file_info_get_holder_state (info) == G_LOCK_FILE_HOLDER_STATE_GONE)
    return TOOL_EXIT_LEFTOVER;
  return EXIT_SUCCESS;
}

int
tool_info (int    argc,
           char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_("Print a JSON object"), NULL },
    { NULL },
  };
  g_auto (GStrv) arguments = tool_parse (&synopsis, entries, argc, argv);
  g_autoptr (GLockFile) lock_file = tool_get_lock_file (arguments);
  g_autoptr (GError) error = NULL;
  g_autoptr (GLockFileInfo) info = g_lock_file_query_info (lock_file, NULL, &error);
  g_autofree char *answer = NULL;

  if (info == NULL && !g_error_matches (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_NOT_FOUND))
    return tool_fail (error);

  answer = json ? to_json (lock_file, info) : to_text (lock_file, info);
  /* JSON is UTF-8 in every locale. */
  if (json)
    puts (answer);
  else
    g_print ("%s\n", answer);
  if (fflush (stdout) != 0 || ferror (stdout))
    {
      g_autofree char *message = NULL;

      /* Translators: the system's reason. */
      message = g_strdup_printf (_("Could not print the answer: %s"), g_strerror (errno));

      tool_complain (message);
      return EX_SOFTWARE;
    }
  return get_exit_status (info);
}
