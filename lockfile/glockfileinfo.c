/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfileinfo-private.h"

#include "glockfile-text.h"

#include <glib/gi18n-lib.h>

/**
 * GLockFileInfo:
 *
 * Who holds a lock, or held it, as far as the lock file tells.
 *
 * A #GLockFileInfo comes from [method@GLockFile.LockFile.query_info] or
 * [method@GLockFile.LockFile.get_previous_holder]. It is a snapshot and never
 * changes, so it can be used from any thread.
 *
 * All texts are what somebody wrote into a file; do not show them to a user as
 * they are. [method@GLockFile.LockFileInfo.describe] makes them safe to show.
 *
 * Since: 1.0
 */

/* Immutable: everything is set at construction. */
struct _GLockFileInfo
{
  GObject parent_instance;

  GLockFileRecord *record;      /* (nullable): nothing is known */
  GDateTime *locked_since;      /* (nullable) */
  GLockFileHolderState holder_state;
};

G_DEFINE_FINAL_TYPE (GLockFileInfo, g_lock_file_info, G_TYPE_OBJECT)

typedef enum
{
  PROP_PID = 1,
  PROP_HOSTNAME,
  PROP_APP_NAME,
  PROP_DISPLAY_NAME,
  PROP_USER_NAME,
  PROP_MACHINE_ID,
  PROP_BOOT_ID,
  PROP_TOKEN,
  PROP_LOCKED_SINCE,
  PROP_HOLDER_STATE,
} GLockFileInfoProperty;

static GParamSpec *properties[PROP_HOLDER_STATE + 1];

/* Characters of a name that are shown; the rest is cut off. */
#define MAX_SHOWN 64

/* --- Showing what came from a file ----------------------------------------- */

/* Characters that steer how text is laid out: a name with them could turn round
 * the sentence that it stands in. */
static gboolean
is_steering (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  return type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
         type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR ||
         type == G_UNICODE_UNASSIGNED || type == G_UNICODE_PRIVATE_USE;
}

/* Makes a text safe to show, also where markup is understood. */
static char *
make_showable (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *shown = g_string_new (NULL);
  guint n = 0;

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (is_steering (c))
        continue;
      if (++n > MAX_SHOWN)
        {
          g_string_append (shown, "…");
          break;
        }
      switch (c)
        {
        case '<':
          c = 0x2039; /* ‹ */
          break;
        case '>':
          c = 0x203a; /* › */
          break;
        case '&':
          c = 0xff06; /* ＆ */
          break;
        default:
          break;
        }
      g_string_append_unichar (shown, c);
    }

  return g_string_free (shown, FALSE);
}

/*
 * g_lock_file_show_name:
 *
 * The name of a file for a message. It may not be the program that named the file: what
 * would steer a terminal, or turn round the sentence, becomes U+FFFD, like bytes that are
 * not UTF-8. All else stays, so that a user can find the file.
 */
char *
g_lock_file_show_name (const char *file_name)
{
  g_autofree char *name = g_filename_display_name (file_name);
  GString *shown = g_string_new (NULL);

  for (const char *p = name; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (shown, g_lock_file_is_steering (c) ? 0xfffd : c);
    }
  return g_string_free (shown, FALSE);
}

static gboolean
is_today (GDateTime *local)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  int year, month, day, now_year, now_month, now_day;

  g_date_time_get_ymd (local, &year, &month, &day);
  g_date_time_get_ymd (now, &now_year, &now_month, &now_day);
  return year == now_year && month == now_month && day == now_day;
}

/* For the sentences with “since”, and for those with “at”, which tell of a leftover: in
 * some languages the same time takes another form in each. */
static char *
format_time (GDateTime *time,
             gboolean   is_leftover)
{
  g_autoptr (GDateTime) local = g_date_time_to_local (time);
  const char *format;
  char *text;

  /* A file may claim the last hour of the year 9999, which it is not everywhere. */
  if (local == NULL)
    local = g_date_time_ref (time);

  if (is_leftover && is_today (local))
    /* Translators: a time of today, as g_date_time_format() takes it. It is put into the
     * sentences on what a program “locked at” this time. */
    format = C_("locked at", "%H:%M");
  else if (is_leftover)
    /* Translators: a time of another day, as g_date_time_format() takes it. It is put into
     * the sentences on what a program “locked at” this time. */
    format = C_("locked at", "%H:%M on %-e %B %Y");
  else if (is_today (local))
    /* Translators: a time of today, as g_date_time_format() takes it. It is put into the
     * sentences on what a program has “locked since” this time. */
    format = C_("locked since", "%H:%M");
  else
    /* Translators: a time of another day, as g_date_time_format() takes it. It is put into
     * the sentences on what a program has “locked since” this time. */
    format = C_("locked since", "%H:%M on %-e %B %Y");

  text = g_date_time_format (local, format);
  return text != NULL ? text : g_date_time_format_iso8601 (local);
}

/* --- The class ------------------------------------------------------------- */

static void
g_lock_file_info_get_property (GObject    *object,
                               guint       property_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  GLockFileInfo *self = G_LOCK_FILE_INFO (object);

  switch ((GLockFileInfoProperty) property_id)
    {
    case PROP_PID:
      g_value_set_int64 (value, g_lock_file_info_get_pid (self));
      break;
    case PROP_HOSTNAME:
      g_value_set_string (value, g_lock_file_info_get_hostname (self));
      break;
    case PROP_APP_NAME:
      g_value_set_string (value, g_lock_file_info_get_app_name (self));
      break;
    case PROP_DISPLAY_NAME:
      g_value_set_string (value, g_lock_file_info_get_display_name (self));
      break;
    case PROP_USER_NAME:
      g_value_set_string (value, g_lock_file_info_get_user_name (self));
      break;
    case PROP_MACHINE_ID:
      g_value_set_string (value, g_lock_file_info_get_machine_id (self));
      break;
    case PROP_BOOT_ID:
      g_value_set_string (value, g_lock_file_info_get_boot_id (self));
      break;
    case PROP_TOKEN:
      g_value_set_string (value, g_lock_file_info_get_token (self));
      break;
    case PROP_LOCKED_SINCE:
      g_value_set_boxed (value, g_lock_file_info_get_locked_since (self));
      break;
    case PROP_HOLDER_STATE:
      g_value_set_enum (value, g_lock_file_info_get_holder_state (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
      break;
    }
}

static void
g_lock_file_info_finalize (GObject *object)
{
  GLockFileInfo *self = G_LOCK_FILE_INFO (object);

  g_clear_pointer (&self->record, g_lock_file_record_unref);
  g_clear_pointer (&self->locked_since, g_date_time_unref);

  G_OBJECT_CLASS (g_lock_file_info_parent_class)->finalize (object);
}

static void
g_lock_file_info_class_init (GLockFileInfoClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = g_lock_file_info_get_property;
  object_class->finalize = g_lock_file_info_finalize;

  /**
   * GLockFileInfo:pid: (getter get_pid)
   *
   * The holder's process ID; 0 if it is not known.
   *
   * Since: 1.0
   */
  properties[PROP_PID] =
    g_param_spec_int64 ("pid", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * GLockFileInfo:hostname: (getter get_hostname)
   *
   * The name of the host that the holder runs on; empty if it is not known.
   *
   * Since: 1.0
   */
  properties[PROP_HOSTNAME] =
    g_param_spec_string ("hostname", NULL, NULL, "", flags);

  /**
   * GLockFileInfo:app-name: (getter get_app_name)
   *
   * The base name of the holder's executable; empty if it is not known.
   *
   * Since: 1.0
   */
  properties[PROP_APP_NAME] =
    g_param_spec_string ("app-name", NULL, NULL, "", flags);

  /**
   * GLockFileInfo:display-name: (getter get_display_name)
   *
   * The holder's name for users, as set by [func@GLib.set_application_name];
   * %NULL if it is not known.
   *
   * Since: 1.0
   */
  properties[PROP_DISPLAY_NAME] =
    g_param_spec_string ("display-name", NULL, NULL, NULL, flags);

  /**
   * GLockFileInfo:user-name: (getter get_user_name)
   *
   * The login name of the holder's user; %NULL if it is not known.
   *
   * Since: 1.0
   */
  properties[PROP_USER_NAME] =
    g_param_spec_string ("user-name", NULL, NULL, NULL, flags);

  /**
   * GLockFileInfo:machine-id: (getter get_machine_id)
   *
   * The ID of the machine that the holder runs on; %NULL if it is not known.
   *
   * Since: 1.0
   */
  properties[PROP_MACHINE_ID] =
    g_param_spec_string ("machine-id", NULL, NULL, NULL, flags);

  /**
   * GLockFileInfo:boot-id: (getter get_boot_id)
   *
   * The ID of the holder's machine's boot; %NULL if it is not known.
   *
   * Since: 1.0
   */
  properties[PROP_BOOT_ID] =
    g_param_spec_string ("boot-id", NULL, NULL, NULL, flags);

  /**
   * GLockFileInfo:token: (getter get_token)
   *
   * A random UUID, new each time the lock is taken; %NULL if it is not known.
   *
   * Since: 1.0
   */
  properties[PROP_TOKEN] =
    g_param_spec_string ("token", NULL, NULL, NULL, flags);

  /**
   * GLockFileInfo:locked-since: (getter get_locked_since)
   *
   * When the lock was taken, in UTC and by the holder's clock; %NULL if it is not
   * known.
   *
   * Since: 1.0
   */
  properties[PROP_LOCKED_SINCE] =
    g_param_spec_boxed ("locked-since", NULL, NULL, G_TYPE_DATE_TIME, flags);

  /**
   * GLockFileInfo:holder-state: (getter get_holder_state)
   *
   * Whether the holder is still running.
   *
   * Since: 1.0
   */
  properties[PROP_HOLDER_STATE] =
    g_param_spec_enum ("holder-state", NULL, NULL, G_TYPE_LOCK_FILE_HOLDER_STATE,
                       G_LOCK_FILE_HOLDER_STATE_UNKNOWN, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
g_lock_file_info_init (GLockFileInfo *self)
{
}

/*
 * g_lock_file_info_new:
 * @record: (nullable): what the file says, if it could be read
 */
GLockFileInfo *
g_lock_file_info_new (GLockFileRecord      *record,
                      GLockFileHolderState  state)
{
  GLockFileInfo *self = g_object_new (G_TYPE_LOCK_FILE_INFO, NULL);

  self->holder_state = state;
  if (record != NULL)
    {
      self->record = g_lock_file_record_ref (record);
      if (record->since != 0)
        {
          g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (record->since /
                                                                         G_USEC_PER_SEC);

          if (seconds != NULL)
            self->locked_since = g_date_time_add (seconds, record->since % G_USEC_PER_SEC);
        }
    }
  return self;
}

/* What a reader of an unset text gets: the file had the line, but it was empty,
 * or it had no such line. */
static const char *
text_or_null (const char *text)
{
  return text != NULL && *text != '\0' ? text : NULL;
}

/**
 * g_lock_file_info_get_pid:
 * @self: what is known of a holder
 *
 * Gets the holder's process ID.
 *
 * It counts in the holder's own PID namespace and says nothing in another: a
 * program in a container or in Flatpak has a number there that may be another
 * process's here. Do not kill processes by it.
 *
 * Returns: the process ID, or 0 if it is not known
 *
 * Since: 1.0
 */
gint64
g_lock_file_info_get_pid (GLockFileInfo *self)
{
  g_return_val_if_fail (G_IS_LOCK_FILE_INFO (self), 0);

  return self->record != NULL ? self->record->pid : 0;
}

/**
 * g_lock_file_info_get_hostname:
 * @self: what is known of a holder
 *
 * Gets the name of the host that the holder runs on.
 *
 * Returns: (transfer none): the host's name, or an empty string if it is not known
 *
 * Since: 1.0
 */
const char *
g_lock_file_info_get_hostname (GLockFileInfo *self)
{
  g_return_val_if_fail (G_IS_LOCK_FILE_INFO (self), "");

  return self->record != NULL ? self->record->hostname : "";
}

/**
 * g_lock_file_info_get_app_name:
 * @self: what is known of a holder
 *
 * Gets the base name of the holder's executable, for example `gedit`. For a
 * program in an interpreted language that is the interpreter's.
 *
 * Returns: (transfer none): the name, or an empty string if it is not known
 *
 * Since: 1.0
 */
const char *
g_lock_file_info_get_app_name (GLockFileInfo *self)
{
  g_return_val_if_fail (G_IS_LOCK_FILE_INFO (self), "");

  return self->record != NULL ? self->record->app_name : "";
}

/**
 * g_lock_file_info_get_display_name:
 * @self: what is known of a holder
 *
 * Gets the holder's name for users, for example “Text Editor”, as it was set by
 * [func@GLib.set_application_name].
 *
 * Returns: (transfer none) (nullable): the name, or %NULL if it is not known,
 *   for example because a Qt program wrote the file
 *
 * Since: 1.0
 */
const char *
g_lock_file_info_get_display_name (GLockFileInfo *self)
{
  g_return_val_if_fail (G_IS_LOCK_FILE_INFO (self), NULL);

  return self->record != NULL ? text_or_null (self->record->display_name) : NULL;
}

/**
 * g_lock_file_info_get_user_name:
 * @self: what is known of a holder
 *
 * Gets the login name of the holder's user.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL if it is not known,
 *   for example because a Qt program wrote the file
 *
 * Since: 1.0
 */
const char *
g_lock_file_info_get_user_name (GLockFileInfo *self)
{
  g_return_val_if_fail (G_IS_LOCK_FILE_INFO (self), NULL);

  return self->record != NULL ? text_or_null (self->record->user_name) : NULL;
}

/**
 * g_lock_file_info_get_machine_id:
 * @self: what is known of a holder
 *
 * Gets the ID of the machine that the holder runs on, see `machine-id(5)`.
 *
 * Returns: (transfer none) (nullable): the ID, or %NULL if it is not known
 *
 * Since: 1.0
 */
const char *
g_lock_file_info_get_machine_id (GLockFileInfo *self)
{
  g_return_val_if_fail (G_IS_LOCK_FILE_INFO (self), NULL);

  return self->record != NULL ? text_or_null (self->record->machine_id) : NULL;
}

/**
 * g_lock_file_info_get_boot_id:
 * @self: what is known of a holder
 *
 * Gets the ID that the holder's machine got when it was started.
 *
 * Returns: (transfer none) (nullable): the ID, or %NULL if it is not known
 *
 * Since: 1.0
 */
const char *
g_lock_file_info_get_boot_id (GLockFileInfo *self)
{
  g_return_val_if_fail (G_IS_LOCK_FILE_INFO (self), NULL);

  return self->record != NULL ? text_or_null (self->record->boot_id) : NULL;
}

/**
 * g_lock_file_info_get_token:
 * @self: what is known of a holder
 *
 * Gets the random UUID that the holder made when it took the lock. Two
 * objects with the same token are about the same time of holding.
 *
 * Returns: (transfer none) (nullable): the UUID, or %NULL if it is not known,
 *   for example because a Qt program wrote the file
 *
 * Since: 1.0
 */
const char *
g_lock_file_info_get_token (GLockFileInfo *self)
{
  g_return_val_if_fail (G_IS_LOCK_FILE_INFO (self), NULL);

  return self->record != NULL ? text_or_null (self->record->token) : NULL;
}

/**
 * g_lock_file_info_get_locked_since:
 * @self: what is known of a holder
 *
 * Gets when the lock was taken, by the holder's clock. If the holder did not
 * write that down, as Qt programs do not, it is the time when the file was last
 * changed.
 *
 * Returns: (transfer none) (nullable): the time, in UTC, or %NULL if it is not known
 *
 * Since: 1.0
 */
GDateTime *
g_lock_file_info_get_locked_since (GLockFileInfo *self)
{
  g_return_val_if_fail (G_IS_LOCK_FILE_INFO (self), NULL);

  return self->locked_since;
}

/**
 * g_lock_file_info_get_holder_state:
 * @self: what is known of a holder
 *
 * Gets whether the holder was still running when the object was made.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
GLockFileHolderState
g_lock_file_info_get_holder_state (GLockFileInfo *self)
{
  g_return_val_if_fail (G_IS_LOCK_FILE_INFO (self), G_LOCK_FILE_HOLDER_STATE_UNKNOWN);

  return self->holder_state;
}

/* What is known of a holder, safe to show; NULL what is not. */
typedef struct
{
  const char *display_name;
  const char *app_name;
  const char *pid;
  const char *user_name;
  const char *hostname;
  const char *time;
} Shown;

/* Whole sentences, each as a translator needs it: languages order and inflect
 * the parts differently, so none is put together from pieces. */

static char *
describe_running (const Shown *s)
{
  if (s->display_name != NULL && s->user_name != NULL)
    /* Translators: 1 the application's name, 2 its program, 3 the process ID, 4 the user,
     * 5 the host, 6 the time. */
    return g_strdup_printf (_("“%1$s” (%2$s, process %3$s) run by %4$s on host “%5$s” has locked "
                              "this since %6$s."),
                            s->display_name, s->app_name, s->pid, s->user_name, s->hostname,
                            s->time);
  if (s->display_name != NULL)
    /* Translators: 1 the application's name, 2 its program, 3 the process ID, 4 the host,
     * 5 the time. */
    return g_strdup_printf (_("“%1$s” (%2$s, process %3$s) on host “%4$s” has locked this since "
                              "%5$s."),
                            s->display_name, s->app_name, s->pid, s->hostname, s->time);
  if (s->user_name != NULL)
    /* Translators: 1 the program, 2 the process ID, 3 the user, 4 the host, 5 the time. */
    return g_strdup_printf (_("“%1$s” (process %2$s) run by %3$s on host “%4$s” has locked this "
                              "since %5$s."),
                            s->app_name, s->pid, s->user_name, s->hostname, s->time);
  if (s->app_name != NULL && s->hostname != NULL)
    /* Translators: 1 the program, 2 the process ID, 3 the host, 4 the time. */
    return g_strdup_printf (_("“%1$s” (process %2$s) on host “%3$s” has locked this since %4$s."),
                            s->app_name, s->pid, s->hostname, s->time);
  /* Translators: 1 the process ID, 2 the time. */
  return g_strdup_printf (_("Process %1$s has locked this since %2$s."), s->pid, s->time);
}

static char *
describe_doubtful (const Shown *s)
{
  if (s->display_name != NULL && s->user_name != NULL)
    /* Translators: 1 the application's name, 2 its program, 3 the process ID, 4 the user,
     * 5 the host, 6 the time. */
    return g_strdup_printf (_("“%1$s” (%2$s, process %3$s) run by %4$s on host “%5$s” has locked "
                              "this since %6$s. It is not known whether it is still running."),
                            s->display_name, s->app_name, s->pid, s->user_name, s->hostname,
                            s->time);
  if (s->display_name != NULL)
    /* Translators: 1 the application's name, 2 its program, 3 the process ID, 4 the host,
     * 5 the time. */
    return g_strdup_printf (_("“%1$s” (%2$s, process %3$s) on host “%4$s” has locked this since "
                              "%5$s. It is not known whether it is still running."),
                            s->display_name, s->app_name, s->pid, s->hostname, s->time);
  if (s->user_name != NULL)
    /* Translators: 1 the program, 2 the process ID, 3 the user, 4 the host, 5 the time. */
    return g_strdup_printf (_("“%1$s” (process %2$s) run by %3$s on host “%4$s” has locked this "
                              "since %5$s. It is not known whether it is still running."),
                            s->app_name, s->pid, s->user_name, s->hostname, s->time);
  if (s->app_name != NULL && s->hostname != NULL)
    /* Translators: 1 the program, 2 the process ID, 3 the host, 4 the time. */
    return g_strdup_printf (_("“%1$s” (process %2$s) on host “%3$s” has locked this since %4$s. "
                              "It is not known whether it is still running."),
                            s->app_name, s->pid, s->hostname, s->time);
  /* Translators: 1 the process ID, 2 the time. */
  return g_strdup_printf (_("Process %1$s has locked this since %2$s. It is not known whether it "
                            "is still running."),
                          s->pid, s->time);
}

static char *
describe_leftover (const Shown *s)
{
  if (s->display_name != NULL && s->user_name != NULL)
    /* Translators: 1 the application's name, 2 its program, 3 the process ID, 4 the user,
     * 5 the host, 6 the time. */
    return g_strdup_printf (_("“%1$s” (%2$s, process %3$s) run by %4$s on host “%5$s” locked this "
                              "at %6$s and ended without unlocking it."),
                            s->display_name, s->app_name, s->pid, s->user_name, s->hostname,
                            s->time);
  if (s->display_name != NULL)
    /* Translators: 1 the application's name, 2 its program, 3 the process ID, 4 the host,
     * 5 the time. */
    return g_strdup_printf (_("“%1$s” (%2$s, process %3$s) on host “%4$s” locked this at %5$s and "
                              "ended without unlocking it."),
                            s->display_name, s->app_name, s->pid, s->hostname, s->time);
  if (s->user_name != NULL)
    /* Translators: 1 the program, 2 the process ID, 3 the user, 4 the host, 5 the time. */
    return g_strdup_printf (_("“%1$s” (process %2$s) run by %3$s on host “%4$s” locked this at "
                              "%5$s and ended without unlocking it."),
                            s->app_name, s->pid, s->user_name, s->hostname, s->time);
  if (s->app_name != NULL && s->hostname != NULL)
    /* Translators: 1 the program, 2 the process ID, 3 the host, 4 the time. */
    return g_strdup_printf (_("“%1$s” (process %2$s) on host “%3$s” locked this at %4$s and ended "
                              "without unlocking it."),
                            s->app_name, s->pid, s->hostname, s->time);
  /* Translators: 1 the process ID, 2 the time. */
  return g_strdup_printf (_("Process %1$s locked this at %2$s and ended without unlocking it."),
                          s->pid, s->time);
}

/* Takes a text over in the form in which it may be shown; NULL if nothing of it
 * is left. */
static char *
show (const char *text)
{
  g_autofree char *shown = text != NULL ? make_showable (text) : NULL;

  return text_or_null (shown) != NULL ? g_steal_pointer (&shown) : NULL;
}

/**
 * g_lock_file_info_describe:
 * @self: what is known of a holder
 *
 * Says in a sentence or two, translated, who holds the lock, for a dialog: for
 * example “Text Editor” (gedit, process 4711) run by alice on host “ws1” has
 * locked this since 10:42.
 *
 * Everything that came from the file is made safe to show: it is valid UTF-8
 * without control characters and marks that change the direction of writing,
 * means nothing as markup, and is cut at a sensible length.
 *
 * Returns: (transfer full): the description
 *
 * Since: 1.0
 */
char *
g_lock_file_info_describe (GLockFileInfo *self)
{
  g_autofree char *display_name = NULL, *app_name = NULL, *user_name = NULL;
  g_autofree char *hostname = NULL, *pid = NULL, *time = NULL;
  const GLockFileRecord *record;
  Shown shown;

  g_return_val_if_fail (G_IS_LOCK_FILE_INFO (self), NULL);

  record = self->record;
  if (record == NULL || record->pid == 0 || self->locked_since == NULL)
    return g_strdup (self->holder_state == G_LOCK_FILE_HOLDER_STATE_GONE
                       ? _("A program locked this and ended without unlocking it.")
                       : _("Another program has locked this."));

  pid = g_strdup_printf ("%" G_GINT64_FORMAT, record->pid);
  time = format_time (self->locked_since, self->holder_state == G_LOCK_FILE_HOLDER_STATE_GONE);
  app_name = show (record->app_name);
  hostname = show (record->hostname);
  shown = (Shown) { .pid = pid, .time = time, .app_name = app_name, .hostname = hostname };
  if (app_name != NULL && hostname != NULL)
    {
      shown.display_name = display_name = show (record->display_name);
      shown.user_name = user_name = show (record->user_name);
    }

  switch (self->holder_state)
    {
    case G_LOCK_FILE_HOLDER_STATE_RUNNING:
      return describe_running (&shown);
    case G_LOCK_FILE_HOLDER_STATE_GONE:
      return describe_leftover (&shown);
    case G_LOCK_FILE_HOLDER_STATE_UNKNOWN:
    default:
      return describe_doubtful (&shown);
    }
}
