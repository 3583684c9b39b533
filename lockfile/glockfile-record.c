/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-record.h"

#include <string.h>

/* Bytes to record and back. Nothing here touches a file.
 *
 * The first five lines are QLockFile's; from line 6 on come ours, which Qt
 * does not read. The words on line 6 keep their meaning in every later version,
 * so a file of a version yet to come is judged like one of ours.
 */

#define SIGNATURE "GLockFile "
#define KERNEL_LOCKED " flock"
#define NOT_KERNEL_LOCKED " none"

/* The longest value that is written, in bytes before escaping. With an
 * executable's and a host's name of at most 255 bytes everything together stays
 * below G_LOCK_FILE_RECORD_MAX.
 */
#define MAX_VALUE 255

/* --- Reading ------------------------------------------------------------- */

/* A valid UTF-8 copy: what reaches an application, or a binding, must be. */
static char *
copy_line (const char *line,
           gsize       size)
{
  return g_utf8_make_valid (line, size);
}

static char *
unescape (const char *value,
          gsize       size)
{
  g_autoptr (GString) text = g_string_sized_new (size);
  const char *end = value + size;

  for (const char *p = value; p < end; p++)
    {
      gsize left = *p == '\\' ? end - p : 0;

      if (left >= 2 && p[1] == 'n')
        {
          g_string_append_c (text, '\n');
          p += 1;
        }
      else if (left >= 2 && p[1] == '\\')
        {
          g_string_append_c (text, '\\');
          p += 1;
        }
      else if (left >= 4 && p[1] == 'x' &&
               g_ascii_isxdigit (p[2]) && g_ascii_isxdigit (p[3]) &&
               (p[2] != '0' || p[3] != '0'))
        {
          g_string_append_c (text, g_ascii_xdigit_value (p[2]) * 16 + g_ascii_xdigit_value (p[3]));
          p += 3;
        }
      else
        {
          g_string_append_c (text, *p);
        }
    }

  return g_utf8_make_valid (text->str, text->len);
}

/* Digits and nothing else; no sign, no blank. */
static gboolean
parse_number (const char *text,
              gsize       size,
              guint64     max,
              guint64    *number)
{
  guint64 value = 0;

  if (size == 0 || size > 20)
    return FALSE;

  for (gsize i = 0; i < size; i++)
    {
      guint digit;

      if (!g_ascii_isdigit (text[i]))
        return FALSE;
      digit = text[i] - '0';
      if (value > (max - digit) / 10)
        return FALSE;
      value = value * 10 + digit;
    }

  *number = value;
  return TRUE;
}

static gboolean
parse_signature (const char *line,
                 gsize       size,
                 gboolean   *kernel_locked)
{
  const char *word;
  guint64 version;

  if (size < strlen (SIGNATURE) || memcmp (line, SIGNATURE, strlen (SIGNATURE)) != 0)
    return FALSE;
  line += strlen (SIGNATURE);
  size -= strlen (SIGNATURE);

  word = memchr (line, ' ', size);
  if (word == NULL || !parse_number (line, word - line, G_MAXUINT, &version) || version == 0)
    return FALSE;
  size -= word - line;

  *kernel_locked = (size == strlen (KERNEL_LOCKED) && memcmp (word, KERNEL_LOCKED, size) == 0);
  return *kernel_locked ||
         (size == strlen (NOT_KERNEL_LOCKED) && memcmp (word, NOT_KERNEL_LOCKED, size) == 0);
}

static void
parse_field (GLockFileRecord *record,
             const char      *line,
             gsize            size)
{
  const char *equals = memchr (line, '=', size);
  g_autofree char *value = NULL;
  gsize key_size, value_size;

  if (equals == NULL)
    return;
  key_size = equals - line;
  value_size = size - key_size - 1;
  value = unescape (equals + 1, value_size);

#define IS(key) (key_size == strlen (key) && memcmp (line, key, key_size) == 0)
  if (IS ("user") && record->user_name == NULL)
    record->user_name = g_steal_pointer (&value);
  else if (IS ("name") && record->display_name == NULL)
    record->display_name = g_steal_pointer (&value);
  else if (IS ("token") && record->token == NULL)
    record->token = g_steal_pointer (&value);
  else if (IS ("since") && record->since == 0)
    {
      g_autoptr (GDateTime) since = g_date_time_new_from_iso8601 (value, NULL);

      if (since != NULL)
        record->since = g_date_time_to_unix (since) * G_USEC_PER_SEC +
                        g_date_time_get_microsecond (since);
    }
  else if (IS ("pidns") && record->pid_namespace == 0)
    parse_number (equals + 1, value_size, G_MAXUINT64, &record->pid_namespace);
  else if (IS ("started") && record->started == 0)
    parse_number (equals + 1, value_size, G_MAXUINT64, &record->started);
  else if (IS ("dev") && !record->has_device)
    {
      const char *colon = memchr (equals + 1, ':', value_size);
      guint64 device_major, device_minor;

      if (colon != NULL &&
          parse_number (equals + 1, colon - equals - 1, G_MAXUINT, &device_major) &&
          parse_number (colon + 1, line + size - colon - 1, G_MAXUINT, &device_minor))
        {
          record->has_device = TRUE;
          record->device_major = device_major;
          record->device_minor = device_minor;
        }
    }
#undef IS
}

static GLockFileWriter
parse_lines (GLockFileRecord *record,
             const char      *content,
             gsize            size)
{
  const char *end = content + size;
  guint n_lines = 0;
  gboolean ours = FALSE, kernel_locked = FALSE;

  for (gsize i = 0; i < size; i++)
    {
      if (content[i] != '\0')
        break;
      if (i + 1 == size)
        return G_LOCK_FILE_WRITER_EMPTY;
    }
  if (size == 0)
    return G_LOCK_FILE_WRITER_EMPTY;
  if (size > G_LOCK_FILE_RECORD_MAX)
    return G_LOCK_FILE_WRITER_FOREIGN;

  /* Only text: a document that begins with a number is still a document. */
  for (gsize i = 0; i < size; i++)
    {
      if (g_ascii_iscntrl (content[i]) && content[i] != '\n' && content[i] != '\t')
        return G_LOCK_FILE_WRITER_FOREIGN;
    }

  for (const char *line = content; line < end;)
    {
      const char *stop = memchr (line, '\n', end - line);
      gboolean complete = (stop != NULL);
      gsize length = (complete ? stop : end) - line;
      guint64 number;

      switch (++n_lines)
        {
        case 1:
          if (!parse_number (line, length, G_MAXINT64, &number) || number == 0)
            return G_LOCK_FILE_WRITER_FOREIGN;
          record->pid = number;
          break;
        case 2:
          record->app_name = copy_line (line, length);
          break;
        case 3:
          record->hostname = copy_line (line, length);
          break;
        case 4:
          record->machine_id = copy_line (line, length);
          break;
        case 5:
          record->boot_id = copy_line (line, length);
          break;
        case 6:
          ours = complete && parse_signature (line, length, &kernel_locked);
          break;
        default:
          /* Half a value is none. */
          if (ours && complete)
            parse_field (record, line, length);
          break;
        }

      line += length + (complete ? 1 : 0);
    }

  if (ours)
    return kernel_locked ? G_LOCK_FILE_WRITER_OURS : G_LOCK_FILE_WRITER_OURS_UNLOCKED;
  if (n_lines >= 5)
    return G_LOCK_FILE_WRITER_QT;
  if (n_lines >= 3)
    return G_LOCK_FILE_WRITER_QT_OLD;
  return G_LOCK_FILE_WRITER_PID_ONLY;
}

/*
 * g_lock_file_record_parse:
 *
 * Reads what a lock file says. Always gives a record; one whose writer is
 * foreign or empty says nothing else.
 */
GLockFileRecord *
g_lock_file_record_parse (const char *content,
                          gsize       size)
{
  GLockFileRecord *record = g_atomic_rc_box_new0 (GLockFileRecord);

  record->writer = parse_lines (record, content, size);
  if (record->writer == G_LOCK_FILE_WRITER_FOREIGN)
    record->pid = 0;
  if (record->app_name == NULL)
    record->app_name = g_strdup ("");
  if (record->hostname == NULL)
    record->hostname = g_strdup ("");
  if (record->machine_id == NULL)
    record->machine_id = g_strdup ("");
  if (record->boot_id == NULL)
    record->boot_id = g_strdup ("");

  return record;
}

/*
 * g_lock_file_record_is_id:
 *
 * Whether @text has the form of a machine's or a boot's ID on any system that
 * Qt runs on: 32 hexadecimal digits, with or without the dashes of a UUID. A text
 * document may well begin with a number and have five lines; what its fourth and
 * fifth say must then not pass for the ID of another machine.
 */
gboolean
g_lock_file_record_is_id (const char *text)
{
  gsize size = strspn (text, "0123456789abcdefABCDEF");

  return (size == 32 && text[size] == '\0') || g_uuid_string_is_valid (text);
}

GLockFileRecord *
g_lock_file_record_ref (GLockFileRecord *record)
{
  return g_atomic_rc_box_acquire (record);
}

static void
clear (gpointer data)
{
  GLockFileRecord *record = data;

  g_free (record->app_name);
  g_free (record->hostname);
  g_free (record->machine_id);
  g_free (record->boot_id);
  g_free (record->user_name);
  g_free (record->display_name);
  g_free (record->token);
}

void
g_lock_file_record_unref (GLockFileRecord *record)
{
  g_atomic_rc_box_release_full (record, clear);
}

/* --- Writing ------------------------------------------------------------- */

/* A lock costs some ten microseconds in all, so this is written straight into
 * the caller's buffer. `size` counts on when the buffer is full.
 */
typedef struct
{
  char *buffer;
  gsize capacity;
  gsize size;
} Output;

static inline void
put (Output     *output,
     const char *text,
     gsize       size)
{
  if (output->size + size <= output->capacity)
    memcpy (output->buffer + output->size, text, size);
  output->size += size;
}

static inline void
put_text (Output     *output,
          const char *text)
{
  put (output, text, strlen (text));
}

static void
put_number (Output  *output,
            guint64  number,
            guint    min_digits)
{
  char digits[20];
  guint i = sizeof digits;

  do
    {
      digits[--i] = '0' + number % 10;
      number /= 10;
    }
  while (number > 0 || sizeof digits - i < min_digits);

  put (output, digits + i, sizeof digits - i);
}

static void
put_line (Output     *output,
          const char *text)
{
  put_text (output, text);
  put (output, "\n", 1);
}

/* The size of the control character that stands at @p: 0 if there is none, 2 for
 * U+0080 to U+009F, of which one is a line end and one begins terminal commands.
 */
static gsize
control_size (const char *p)
{
  if (g_ascii_iscntrl (*p))
    return 1;
  return (guchar) p[0] == 0xc2 && (guchar) p[1] >= 0x80 && (guchar) p[1] < 0xa0 ? 2 : 0;
}

static void
put_escaped (Output     *output,
             const char *bytes,
             gsize       size)
{
  static const char hex[] = "0123456789abcdef";

  for (gsize i = 0; i < size; i++)
    {
      put_text (output, "\\x");
      put (output, &hex[(guchar) bytes[i] >> 4], 1);
      put (output, &hex[bytes[i] & 15], 1);
    }
}

static void
put_field (Output     *output,
           const char *key,
           const char *value)
{
  gsize size;
  const char *end, *unwritten;

  if (value == NULL)
    return;

  size = strlen (value);
  end = value + size;
  if (size > MAX_VALUE)
    end = g_utf8_find_prev_char (value, value + MAX_VALUE + 1);
  if (end == NULL)
    end = value + MAX_VALUE; /* It is not UTF-8. */

  put_text (output, key);
  unwritten = value;
  for (const char *p = value; p < end; p++)
    {
      gsize control = control_size (p);

      if (control == 0 && *p != '\\')
        continue;

      put (output, unwritten, p - unwritten);
      if (*p == '\\')
        put_text (output, "\\\\");
      else if (*p == '\n')
        put_text (output, "\\n");
      else
        put_escaped (output, p, control);
      p += MAX (control, 1) - 1;
      unwritten = p + 1;
    }
  put (output, unwritten, end - unwritten);
  put (output, "\n", 1);
}

/* The date of a day since 1970 in the Gregorian calendar, whose years are
 * counted from March here, so that the leap day comes last. Not gmtime_r(): the
 * C library's lock around it may be taken for ever in a child of fork().
 */
static void
put_date (Output  *output,
          guint64  days)
{
  guint64 era, day, year, month;

  days += 719468; /* since the first of March of the year 0 */
  era = days / 146097;
  day = days % 146097;
  year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  day -= 365 * year + year / 4 - year / 100;
  month = (5 * day + 2) / 153;
  day -= (153 * month + 2) / 5;

  put_number (output, era * 400 + year + (month >= 10 ? 1 : 0), 4);
  put (output, "-", 1);
  put_number (output, month < 10 ? month + 3 : month - 9, 2);
  put (output, "-", 1);
  put_number (output, day + 1, 2);
}

static void
put_since (Output *output,
           gint64  since)
{
  guint64 seconds = since / G_USEC_PER_SEC;

  if (since <= 0)
    return;

  put_text (output, "since=");
  put_date (output, seconds / 86400);
  put (output, "T", 1);
  put_number (output, seconds / 3600 % 24, 2);
  put (output, ":", 1);
  put_number (output, seconds / 60 % 60, 2);
  put (output, ":", 1);
  put_number (output, seconds % 60, 2);
  put (output, ".", 1);
  put_number (output, since % G_USEC_PER_SEC, 6);
  put_text (output, "Z\n");
}

/*
 * g_lock_file_record_format:
 *
 * Writes @record, which must be one of ours, into @buffer, and returns the
 * number of bytes: more than @size if they did not fit, which cannot happen
 * with %G_LOCK_FILE_RECORD_MAX and the names that a system allows.
 */
gsize
g_lock_file_record_format (const GLockFileRecord *record,
                           char                  *buffer,
                           gsize                  size)
{
  Output output = { buffer, size, 0 };

  put_number (&output, record->pid, 1);
  put (&output, "\n", 1);
  put_line (&output, record->app_name);
  put_line (&output, record->hostname);
  put_line (&output, record->machine_id);
  put_line (&output, record->boot_id);
  put_text (&output, SIGNATURE "1");
  put_line (&output, record->writer == G_LOCK_FILE_WRITER_OURS ? KERNEL_LOCKED : NOT_KERNEL_LOCKED);

  put_field (&output, "user=", record->user_name);
  put_field (&output, "name=", record->display_name);
  put_since (&output, record->since);
  put_field (&output, "token=", record->token);
  if (record->pid_namespace != 0)
    {
      put_text (&output, "pidns=");
      put_number (&output, record->pid_namespace, 1);
      put_text (&output, "\n");
    }
  if (record->started != 0)
    {
      put_text (&output, "started=");
      put_number (&output, record->started, 1);
      put_text (&output, "\n");
    }
  if (record->has_device)
    {
      put_text (&output, "dev=");
      put_number (&output, record->device_major, 1);
      put_text (&output, ":");
      put_number (&output, record->device_minor, 1);
      put_text (&output, "\n");
    }

  return output.size;
}

/*
 * g_lock_file_record_renew:
 *
 * Makes a content that was written by g_lock_file_record_format() that of another
 * acquisition, of which only the time and the token are new; both have a fixed width.
 * %FALSE if it has not got these fields.
 */
gboolean
g_lock_file_record_renew (char       *content,
                          gsize       size,
                          gint64      since,
                          const char *token)
{
  const gsize token_size = strlen (token);
  char *end = content + size;
  guint n_lines = 0, n_renewed = 0;

  for (char *line = content; line < end && since > 0; n_lines++)
    {
      char *stop = memchr (line, '\n', end - line);
      gsize length = (stop != NULL ? stop : end) - line;

      /* Qt's lines may say anything. */
      if (n_lines > 5 && length > 6 && memcmp (line, "since=", 6) == 0)
        {
          char field[64];
          Output output = { field, sizeof field, 0 };

          put_since (&output, since);
          if (output.size != length + 1)
            return FALSE;
          memcpy (line, field, length);
          n_renewed++;
        }
      else if (n_lines > 5 && length == 6 + token_size && memcmp (line, "token=", 6) == 0)
        {
          memcpy (line + 6, token, token_size);
          n_renewed++;
        }
      line += length + 1;
    }
  return n_renewed == 2;
}

/*
 * g_lock_file_record_clean:
 *
 * Makes a name fit for a line of Qt's part, in place: control characters and
 * bytes that are not UTF-8 become `?`, and 255 bytes are enough.
 */
void
g_lock_file_record_clean (char *text)
{
  const char *invalid;

  while (!g_utf8_validate (text, -1, &invalid))
    text[invalid - text] = '?';
  for (char *p = text; *p != '\0'; p++)
    {
      gsize control = control_size (p);

      memset (p, '?', control);
    }
  if (strlen (text) > MAX_VALUE)
    *g_utf8_find_prev_char (text, text + MAX_VALUE + 1) = '\0';
}
