/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "recordutils.h"

#include <string.h>

/* What a lock file holds: reading, writing, and that both agree. */

static void
clear_texts (GLockFileRecord *record)
{
  for (gsize i = 0; i < RECORD_N_TEXTS; i++)
    g_clear_pointer (&RECORD_TEXT (record, i), g_free);
}

/* From memory of just that size, so that a sanitizer sees a step too far. */
static GLockFileRecord *
parse (const char *content,
       gsize       size)
{
  g_autofree char *copy = g_memdup2 (content, size);

  return g_lock_file_record_parse (copy, size);
}

static GLockFileRecord *
parse_text (const char *content)
{
  return parse (content, strlen (content));
}

static void
assert_writer (const char      *content,
               gsize            size,
               GLockFileWriter  writer)
{
  g_autoptr (GLockFileRecord) record = parse (content, size);

  g_assert_cmpstr (record_writers[record->writer], ==, record_writers[writer]);
}

/* --- Vectors --------------------------------------------------------------- */

static char *
vectors_folder (void)
{
  return g_test_build_filename (G_TEST_DIST, "vectors", NULL);
}

static guint
get_writer (GKeyFile *key_file)
{
  g_autofree char *name = g_key_file_get_string (key_file, "Record", "writer", NULL);

  for (guint i = 0; i < RECORD_N_WRITERS; i++)
    {
      if (g_strcmp0 (name, record_writers[i]) == 0)
        return i;
    }
  g_error ("There is no writer “%s”", name);
}

static gint64
get_since (GKeyFile *key_file)
{
  g_autofree char *text = g_key_file_get_string (key_file, "Record", "since", NULL);
  g_autoptr (GDateTime) since = NULL;

  if (text == NULL)
    return 0;
  since = g_date_time_new_from_iso8601 (text, NULL);
  g_assert_nonnull (since);
  return g_date_time_to_unix (since) * G_USEC_PER_SEC + g_date_time_get_microsecond (since);
}

static void
get_device (GKeyFile        *key_file,
            GLockFileRecord *record)
{
  g_autofree char *text = g_key_file_get_string (key_file, "Record", "device", NULL);

  if (text == NULL)
    return;
  record->has_device = TRUE;
  record->device_major = g_ascii_strtoull (text, NULL, 10);
  record->device_minor = g_ascii_strtoull (strchr (text, ':') + 1, NULL, 10);
}

/* What is misspelt here would go untested. */
static void
assert_keys_known (GKeyFile *key_file)
{
  static const char * const others[] = { "writer", "pid", "since", "pid-namespace", "started",
                                         "device", NULL };
  g_auto (GStrv) keys = g_key_file_get_keys (key_file, "Record", NULL, NULL);

  for (char **key = keys; *key != NULL; key++)
    {
      gboolean known = g_strv_contains (others, *key);

      for (gsize i = 0; i < RECORD_N_TEXTS; i++)
        known = known || g_str_equal (*key, record_texts[i].key);
      if (!known)
        g_error ("There is no key “%s”", *key);
    }
}

static void
load_expected (const char      *path,
               GLockFileRecord *expected)
{
  g_autoptr (GKeyFile) key_file = g_key_file_new ();
  g_autoptr (GError) error = NULL;

  g_key_file_load_from_file (key_file, path, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  assert_keys_known (key_file);

  expected->writer = get_writer (key_file);
  expected->pid = g_key_file_get_int64 (key_file, "Record", "pid", NULL);
  for (gsize i = 0; i < RECORD_N_TEXTS; i++)
    {
      RECORD_TEXT (expected, i) = g_key_file_get_string (key_file, "Record",
                                                         record_texts[i].key, NULL);
      if (RECORD_TEXT (expected, i) == NULL)
        RECORD_TEXT (expected, i) = g_strdup (record_texts[i].missing);
    }
  expected->since = get_since (key_file);
  expected->pid_namespace = g_key_file_get_uint64 (key_file, "Record", "pid-namespace", NULL);
  expected->started = g_key_file_get_uint64 (key_file, "Record", "started", NULL);
  get_device (key_file, expected);
}

static void
test_vector (gconstpointer data)
{
  g_autofree char *folder = vectors_folder ();
  g_autofree char *content_path = g_strdup_printf ("%s/%s.content", folder, (const char *) data);
  g_autofree char *expected_path = g_strdup_printf ("%s/%s.expected", folder, (const char *) data);
  g_autofree char *content = NULL;
  g_autoptr (GLockFileRecord) record = NULL;
  g_autoptr (GError) error = NULL;
  GLockFileRecord expected = { 0 };
  gsize size;

  g_file_get_contents (content_path, &content, &size, &error);
  g_assert_no_error (error);
  load_expected (expected_path, &expected);

  record = parse (content, size);
  record_assert_equal (record, &expected);
  clear_texts (&expected);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(char * const *) a, *(char * const *) b);
}

/* The names of all vectors, sorted. */
static GPtrArray *
list_vectors (void)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *folder = vectors_folder ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *entry;

  g_assert_no_error (error);
  while ((entry = g_dir_read_name (dir)) != NULL)
    {
      if (g_str_has_suffix (entry, ".content"))
        g_ptr_array_add (names, g_strndup (entry, strlen (entry) - strlen (".content")));
    }
  g_ptr_array_sort (names, compare_names);
  g_assert_cmpuint (names->len, >, 0);
  return names;
}

/* --- Reading --------------------------------------------------------------- */

#define FIVE_LINES "4711\ngedit\nws1\nc0ffee00c0ffee00c0ffee00c0ffee00\n" \
                   "01234567-89ab-4cde-8f01-23456789abcd\n"
#define OURS FIVE_LINES "GLockFile 1 flock\n"

/* 4096 bytes are a lock file, one more is none. */
static void
test_too_long (void)
{
  g_autofree char *content = g_strnfill (5000, 'x');
  g_autofree char *nul = g_malloc0 (G_LOCK_FILE_RECORD_MAX);

  memcpy (content, OURS "name=", strlen (OURS "name="));
  assert_writer (content, 4095, G_LOCK_FILE_WRITER_OURS);
  assert_writer (content, 4096, G_LOCK_FILE_WRITER_OURS);
  assert_writer (content, 4097, G_LOCK_FILE_WRITER_FOREIGN);
  assert_writer (content, 5000, G_LOCK_FILE_WRITER_FOREIGN);

  memcpy (content, "4711\ngedit\nws1\n\n\n", strlen ("4711\ngedit\nws1\n\n\n"));
  assert_writer (content, 4096, G_LOCK_FILE_WRITER_QT);
  assert_writer (content, 4097, G_LOCK_FILE_WRITER_FOREIGN);

  assert_writer (nul, G_LOCK_FILE_RECORD_MAX, G_LOCK_FILE_WRITER_EMPTY);
}

/* A file that is cut off anywhere is never taken for more than is there. */
static void
test_cut_off (void)
{
  static const char content[] = OURS "user=alice\nstarted=123456\n";
  gsize line_6_end = strlen (OURS);

  for (gsize size = 0; size < strlen (content); size++)
    {
      g_autoptr (GLockFileRecord) record = parse (content, size);
      guint n_lines = 0;

      for (gsize i = 0; i < size; i++)
        n_lines += (content[i] == '\n' || i + 1 == size);

      if (size == 0)
        g_assert_cmpstr (record_writers[record->writer], ==, "empty");
      else if (size >= line_6_end)
        g_assert_cmpstr (record_writers[record->writer], ==, "ours");
      else if (n_lines <= 2)
        g_assert_cmpstr (record_writers[record->writer], ==, "pid-only");
      else if (n_lines <= 4)
        g_assert_cmpstr (record_writers[record->writer], ==, "qt-old");
      else
        g_assert_cmpstr (record_writers[record->writer], ==, "qt");

      /* A process that started at another moment is called reused (J6), so half of
       * the number must not pass for it. */
      g_assert_cmpuint (record->started, ==, 0);
    }
}

/* Each byte that is no text, anywhere after the number. */
static void
test_control_characters (void)
{
  for (guint c = 0; c < 256; c++)
    {
      char content[] = "4711\nge_it\nws1\n";
      gboolean control = c < 0x20 || c == 0x7f;

      if (c == '\n')
        continue;
      *strchr (content, '_') = c;
      assert_writer (content, sizeof content - 1,
                     control && c != '\t' ? G_LOCK_FILE_WRITER_FOREIGN
                                          : G_LOCK_FILE_WRITER_QT_OLD);
    }
}

/* A key that stands twice has one of its two values, not a mixture. */
static void
test_keys_twice (void)
{
  g_autoptr (GLockFileRecord) record =
    parse_text (OURS "user=alice\nuser=mallory\nname=A\nname=B\ntoken=t\ntoken=u\n"
                "since=2026-01-05T10:42:00Z\nsince=yesterday\n"
                "pidns=1\npidns=x\nstarted=2\nstarted=-2\ndev=8:1\ndev=9\ndev=10:x\n");
  g_autoptr (GLockFileRecord) devices = parse_text (OURS "dev=8:1\ndev=9:2\n");

  g_assert_cmpstr (record->user_name, ==, "alice");
  g_assert_cmpstr (record->display_name, ==, "A");
  g_assert_cmpstr (record->token, ==, "t");
  g_assert_cmpint (record->since, !=, 0);
  g_assert_cmpuint (record->pid_namespace, ==, 1);
  g_assert_cmpuint (record->started, ==, 2);
  g_assert_true (record->has_device);
  g_assert_cmpuint (record->device_major, ==, 8);
  g_assert_cmpuint (record->device_minor, ==, 1);

  g_assert_true (devices->has_device);
  g_assert_cmpuint (devices->device_major - devices->device_minor, ==, 7);
}

static void
test_ids (void)
{
  static const char * const ids[] = {
    "c0ffee00c0ffee00c0ffee00c0ffee00",
    "C0FFEE00C0FFEE00C0FFEE00C0FFEE00",
    "01234567-89ab-4cde-8f01-23456789abcd",
    "01234567-89AB-4CDE-8F01-23456789ABCD",
  };
  /* What a text document may have in its fourth or fifth line is not among them:
   * it would let an age remove the document (J7). */
  static const char * const no_ids[] = {
    "", "uninitialized", "uninitialized\n", "c0ffee", "c0ffee00c0ffee0",
    "c0ffee00c0ffee00c0ffee00c0ffee0g", "c0ffee00c0ffee00c0ffee00c0ffee00 ",
    "c0ffee00c0ffee00 c0ffee00c0ffee00", "c0ffee00c0ffee00c0ffee00c0ffee00\n",
    "Dear Sir or Madam, I write to you", "----------------------------",
    "--------------------------------", "------------------------------------",
    "0049-30-1234567-890", "2026-01-05-2026-01-31",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      g_test_message ("“%s”", ids[i]);
      g_assert_true (g_lock_file_record_is_id (ids[i]));
    }
  for (gsize i = 0; i < G_N_ELEMENTS (no_ids); i++)
    {
      g_test_message ("“%s”", no_ids[i]);
      g_assert_false (g_lock_file_record_is_id (no_ids[i]));
    }
}

static void
test_references (void)
{
  GLockFileRecord *record = parse_text (OURS "user=alice\n");
  GLockFileRecord *second = g_lock_file_record_ref (record);

  g_assert_true (second == record);
  g_lock_file_record_unref (record);
  g_assert_cmpstr (second->user_name, ==, "alice");
  g_lock_file_record_unref (second);
}

/* --- Writing --------------------------------------------------------------- */

/* Into memory of just that size. */
static char *
format (const GLockFileRecord *record,
        gsize                 *size)
{
  g_autofree char *buffer = g_malloc (G_LOCK_FILE_RECORD_MAX);
  char *exact;

  *size = g_lock_file_record_format (record, buffer, G_LOCK_FILE_RECORD_MAX);
  g_assert_cmpuint (*size, <=, G_LOCK_FILE_RECORD_MAX);

  exact = g_malloc (*size);
  g_assert_cmpuint (g_lock_file_record_format (record, exact, *size), ==, *size);
  g_assert_cmpmem (exact, *size, buffer, *size);
  return exact;
}

static void
test_written_form (void)
{
  static const char expected[] = FIVE_LINES "GLockFile 1 flock\n"
                                 "user=alice\nname=Text \\\\ \\n \\x1b \\x7f Editor\n"
                                 "since=2026-01-05T10:42:00.000120Z\n"
                                 "token=f47ac10b-58cc-4372-a567-0e02b2c3d479\n"
                                 "pidns=4026531836\nstarted=123456\ndev=8:1\n";
  GLockFileRecord record = {
    .writer = G_LOCK_FILE_WRITER_OURS,
    .pid = 4711,
    .app_name = (char *) "gedit",
    .hostname = (char *) "ws1",
    .machine_id = (char *) "c0ffee00c0ffee00c0ffee00c0ffee00",
    .boot_id = (char *) "01234567-89ab-4cde-8f01-23456789abcd",
    .user_name = (char *) "alice",
    .display_name = (char *) "Text \\ \n \x1b \x7f Editor",
    .token = (char *) "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    .since = G_GINT64_CONSTANT (1767609720000120),
    .pid_namespace = 4026531836u,
    .started = 123456,
    .has_device = TRUE,
    .device_major = 8,
    .device_minor = 1,
  };
  g_autofree char *full = NULL, *bare = NULL;
  gsize size;

  full = format (&record, &size);
  g_assert_cmpmem (full, size, expected, strlen (expected));

  /* What is not known is not written, but for Qt's lines. */
  record = (GLockFileRecord) {
    .writer = G_LOCK_FILE_WRITER_OURS_UNLOCKED,
    .pid = 1,
    .app_name = (char *) "", .hostname = (char *) "",
    .machine_id = (char *) "", .boot_id = (char *) "",
  };
  bare = format (&record, &size);
  g_assert_cmpmem (bare, size, "1\n\n\n\n\nGLockFile 1 none\n",
                   strlen ("1\n\n\n\n\nGLockFile 1 none\n"));
}

/* A buffer that is too small is not overrun, and one learns what it takes. */
static void
test_small_buffers (void)
{
  g_autoptr (GLockFileRecord) record = parse_text (OURS "user=a\\nb\nsince=2026-01-05T10:42:00Z\n"
                                                   "pidns=12\nstarted=34\ndev=5:6\n");
  gsize size;
  g_autofree char *whole = format (record, &size);

  g_assert_nonnull (whole);

  for (gsize i = 0; i < size; i++)
    {
      g_autofree char *buffer = g_malloc (MAX (i, 1));

      g_assert_cmpuint (g_lock_file_record_format (record, buffer, i), ==, size);
    }
}

/* The longest names and numbers, each of whose characters must be escaped. */
static void
test_longest (void)
{
  g_autofree char *name = g_strnfill (255, 'n');
  g_autofree char *controls = g_strnfill (5000, '\x1b');
  g_autofree char *umlauts = g_strnfill (5000, '\xc3');
  GLockFileRecord record = {
    .writer = G_LOCK_FILE_WRITER_OURS_UNLOCKED,
    .pid = G_MAXINT64,
    .app_name = name, .hostname = name, .machine_id = name, .boot_id = name,
    .user_name = controls, .display_name = controls,
    .token = (char *) "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    .since = G_GINT64_CONSTANT (253402300799999999),
    .pid_namespace = G_MAXUINT64, .started = G_MAXUINT64,
    .has_device = TRUE, .device_major = G_MAXUINT, .device_minor = G_MAXUINT,
  };
  g_autofree char *content = NULL, *shorter = NULL;
  g_autoptr (GLockFileRecord) read = NULL, read_shorter = NULL;
  gsize size;

  content = format (&record, &size);
  read = parse (content, size);
  g_assert_cmpstr (record_writers[read->writer], ==, "ours-unlocked");
  g_assert_cmpuint (strlen (read->display_name), ==, 255);
  g_assert_true (g_str_has_prefix (controls, read->display_name));
  g_assert_cmpint (read->since, ==, record.since);
  g_assert_cmpuint (read->started, ==, record.started);
  g_assert_cmpuint (read->device_minor, ==, record.device_minor);

  /* No character is cut in two: "ü", 2500 times. */
  for (gsize i = 1; i < 5000; i += 2)
    umlauts[i] = '\xbc';
  record.user_name = NULL;
  record.display_name = umlauts;
  shorter = format (&record, &size);
  read_shorter = parse (shorter, size);
  g_assert_cmpuint (strlen (read_shorter->display_name), ==, 254);
  g_assert_true (g_str_has_prefix (umlauts, read_shorter->display_name));
}

static void
test_clean (void)
{
  static const struct
  {
    const char *name, *cleaned;
  } names[] = {
    { "", "" },
    { "gedit", "gedit" },
    { "my program.bin", "my program.bin" },
    { "Übersetzer", "Übersetzer" },
    { "a\nGLockFile 1 flock", "a?GLockFile 1 flock" },
    { "\x1b[31m\t\r\x7f", "?[31m???" },
    { "Gr\xfc\xdf" "e", "Gr??e" },
    { "cut \xe2\x80", "cut ??" },
    { "\xed\xa0\x80", "???" },
    { "\xff\n\xfe", "???" },
  };
  g_autofree char *long_name = g_strnfill (300, 'x');
  g_autofree char *umlauts = g_strnfill (300, '\xc3');

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *name = g_strdup (names[i].name);

      g_lock_file_record_clean (name);
      g_assert_cmpstr (name, ==, names[i].cleaned);
    }

  g_lock_file_record_clean (long_name);
  g_assert_cmpuint (strlen (long_name), ==, 255);

  for (gsize i = 1; i < 300; i += 2)
    umlauts[i] = '\xbc';
  g_lock_file_record_clean (umlauts);
  g_assert_cmpuint (strlen (umlauts), ==, 254);
  g_assert_true (g_utf8_validate (umlauts, -1, NULL));
}

/* --- The time, which is not written with the C library ---------------------- */

static void
assert_since (gint64 since)
{
  GLockFileRecord record = {
    .writer = G_LOCK_FILE_WRITER_OURS,
    .pid = 1,
    .app_name = (char *) "", .hostname = (char *) "",
    .machine_id = (char *) "", .boot_id = (char *) "",
    .since = since,
  };
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (since / G_USEC_PER_SEC);
  g_autofree char *time = g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S");
  g_autofree char *expected = g_strdup_printf ("since=%s.%06dZ\n", time,
                                               (int) (since % G_USEC_PER_SEC));
  char buffer[256];
  gsize size = g_lock_file_record_format (&record, buffer, sizeof buffer - 1);

  buffer[size] = '\0';
  g_assert_cmpstr (strstr (buffer, "since="), ==, expected);
}

static void
test_since (void)
{
  static const char * const days[] = {
    "1970-01-01", "1970-02-28", "1970-03-01", "1970-12-31", "1972-02-29", "1999-12-31",
    "2000-01-01", "2000-02-28", "2000-02-29", "2000-03-01", "2038-01-19", "2099-12-31",
    "2100-02-28", "2100-03-01", "2400-02-29", "2400-03-01", "9999-12-31",
  };
  const gint64 day = G_TIME_SPAN_DAY;

  for (gsize i = 0; i < G_N_ELEMENTS (days); i++)
    {
      g_autofree char *text = g_strconcat (days[i], "T00:00:00Z", NULL);
      g_autoptr (GDateTime) begin = g_date_time_new_from_iso8601 (text, NULL);
      gint64 since = g_date_time_to_unix (begin) * G_USEC_PER_SEC;

      assert_since (MAX (since, 1));
      assert_since (since + 1);
      assert_since (since + day / 2);
      assert_since (since + day - 1);
    }

  /* Each day of a whole cycle of the calendar, at some time. */
  for (gint64 i = 0; i < 146097; i++)
    assert_since (i * day + g_test_rand_int_range (1, G_USEC_PER_SEC) * (day / G_USEC_PER_SEC));

  for (guint i = 0; i < 20000; i++)
    assert_since ((gint64) g_test_rand_double_range (1, 253402300799e6));
}

/* A time from before 1970 is a broken clock's. */
static void
test_since_unknown (void)
{
  static const gint64 times[] = { 0, -1, G_MININT64 };

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autoptr (GLockFileRecord) record = parse_text (OURS);
      g_autofree char *content = NULL;
      gsize size;

      record->since = times[i];
      content = format (record, &size);
      g_assert_null (g_strstr_len (content, size, "since="));
    }
}

/* --- Reading what was written ----------------------------------------------- */

static guint64
random_number (void)
{
  guint64 number = ((guint64) (guint32) g_test_rand_int () << 32) | (guint32) g_test_rand_int ();

  return number >> g_test_rand_int_range (0, 64);
}

/* Valid text of all kinds, as much as is written in any case: 255 bytes. */
static char *
random_text (void)
{
  GString *text = g_string_new (NULL);
  guint size = g_test_rand_int_range (0, g_test_rand_bit () ? 8 : 250);

  while (text->len < size)
    {
      gunichar c;

      switch (g_test_rand_int_range (0, 4))
        {
        case 0:
          c = "\\\n\t\x1b\x7fxn=0 "[g_test_rand_int_range (0, 10)];
          break;
        case 1:
          c = g_test_rand_int_range (1, 0xd800);
          break;
        case 2:
          c = g_test_rand_int_range (0xe000, 0x110000);
          break;
        default:
          c = g_test_rand_int_range (' ', 0x7f);
          break;
        }
      g_string_append_unichar (text, c);
    }
  return g_string_free (text, FALSE);
}

static char *
random_name (void)
{
  char *name = random_text ();

  g_lock_file_record_clean (name);
  return name;
}

static void
random_record (GLockFileRecord *record)
{
  record->writer = g_test_rand_bit () ? G_LOCK_FILE_WRITER_OURS : G_LOCK_FILE_WRITER_OURS_UNLOCKED;
  record->pid = (random_number () >> 2) + 1;
  for (gsize i = 0; i < RECORD_N_TEXTS; i++)
    {
      if (record_texts[i].missing != NULL)
        RECORD_TEXT (record, i) = random_name ();
      else if (g_test_rand_int_range (0, 4) > 0)
        RECORD_TEXT (record, i) = random_text ();
    }
  if (g_test_rand_int_range (0, 4) > 0)
    record->since = (gint64) g_test_rand_double_range (1, 253402300799e6);
  record->pid_namespace = random_number ();
  record->started = random_number ();
  if (g_test_rand_int_range (0, 4) > 0)
    {
      record->has_device = TRUE;
      record->device_major = random_number ();
      record->device_minor = random_number ();
    }
}

static void
test_round_trip (void)
{
  for (guint i = 0; i < 5000; i++)
    {
      GLockFileRecord record = { 0 };
      g_autoptr (GLockFileRecord) read = NULL;
      g_autofree char *content = NULL;
      gsize size;

      random_record (&record);
      content = format (&record, &size);
      for (gsize k = 0; k < size; k++)
        g_assert_true (content[k] == '\n' || !g_ascii_iscntrl (content[k]));
      read = parse (content, size);
      record_assert_equal (read, &record);
      clear_texts (&record);
    }
}

static void
assert_renews (const char *content,
               gsize       size,
               gint64      since,
               const char *token,
               const char *expected,
               gsize       expected_size)
{
  g_autofree char *copy = g_memdup2 (content, size);

  g_assert_true (g_lock_file_record_renew (copy, size, since, token));
  g_assert_cmpmem (copy, size, expected, expected_size);
}

/* What is renewed is what would have been written anew. */
static void
test_renew (void)
{
  for (guint i = 0; i < 2000; i++)
    {
      GLockFileRecord record = { 0 };
      g_autofree char *before = NULL, *after = NULL;
      gsize before_size, after_size;

      random_record (&record);
      record.since = (gint64) g_test_rand_double_range (1, 253402300799e6);
      g_free (record.token);
      record.token = g_uuid_string_random ();
      before = format (&record, &before_size);

      record.since = (gint64) g_test_rand_double_range (1, 253402300799e6);
      g_free (record.token);
      record.token = g_uuid_string_random ();
      after = format (&record, &after_size);

      assert_renews (before, before_size, record.since, record.token, after, after_size);
      clear_texts (&record);
    }
}

/* Names that look like the keys that are renewed. */
static void
test_renew_odd_names (void)
{
  static const char form[] = "4711\n%s\n%s\n\n\nGLockFile 1 flock\nuser=%s\nname=%s\n"
                             "since=2026-0%d-05T10:42:00.000000Z\n"
                             "token=%d47ac10b-58cc-4372-a567-0e02b2c3d479\n";
  static const char * const names[] = {
    "since=", "since=2026-01-05T10:42:00.000000Z", "token=",
    "token=147ac10b-58cc-4372-a567-0e02b2c3d479",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *name = names[i];
      g_autofree char *before = g_strdup_printf (form, name, name, name, name, 1, 1);
      g_autofree char *after = g_strdup_printf (form, name, name, name, name, 2, 2);

      g_test_message ("%s", name);
      assert_renews (before, strlen (before), G_GINT64_CONSTANT (1770288120000000),
                     "247ac10b-58cc-4372-a567-0e02b2c3d479", after, strlen (after));
    }
}

static void
test_renew_missing (void)
{
  static const char * const contents[] = {
    OURS, OURS "since=2026-01-05T10:42:00.000000Z\n",
    OURS "token=f47ac10b-58cc-4372-a567-0e02b2c3d479\n",
    OURS "since=2026-01-05\n", FIVE_LINES,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (contents); i++)
    {
      g_autofree char *copy = g_memdup2 (contents[i], strlen (contents[i]));

      g_assert_false (g_lock_file_record_renew (copy, strlen (contents[i]), 1000000,
                                                "247ac10b-58cc-4372-a567-0e02b2c3d479"));
    }
}

/* --- Reading anything ------------------------------------------------------- */

/* Changes a content a little, with a liking for what means something. */
static void
mutate (GString *content)
{
  static const char * const words[] = {
    "\n", "\n\n", "\\x00", "\\", "\\x", "=", "GLockFile ", " flock\n", " none\n", "user=", "name=",
    "since=", "token=", "pidns=", "started=", "dev=", ":", "-", "0", "18446744073709551615",
    "\xff", "\xe2\x80", "\x1b", "\r",
  };
  gsize at = g_test_rand_int_range (0, content->len + 1);
  gsize rest = content->len - at;

  switch (g_test_rand_int_range (0, 7))
    {
    case 0:
      g_string_truncate (content, at);
      break;
    case 1:
      g_string_erase (content, at, g_test_rand_int_range (0, rest + 1));
      break;
    case 2:
      g_string_insert_c (content, at, (char) g_test_rand_int_range (0, 256));
      break;
    case 3:
      if (rest > 0)
        content->str[at] ^= 1 << g_test_rand_int_range (0, 8);
      break;
    case 4:
      {
        g_autofree char *copy = g_strndup (content->str + at, MIN (rest, 64));

        g_string_insert (content, g_test_rand_int_range (0, content->len + 1), copy);
      }
      break;
    default:
      g_string_insert (content, at, words[g_test_rand_int_range (0, G_N_ELEMENTS (words))]);
      break;
    }
}

/* What is read from any file of ours can be written, and is then read the same,
 * but for what writing cuts off. */
static void
assert_writes_what_it_reads (const GLockFileRecord *record)
{
  char first[G_LOCK_FILE_RECORD_MAX], second[G_LOCK_FILE_RECORD_MAX];
  gsize first_size, second_size;
  g_autoptr (GLockFileRecord) read = NULL;

  first_size = g_lock_file_record_format (record, first, sizeof first);
  if (first_size > sizeof first)
    return;
  read = parse (first, first_size);
  g_assert_cmpstr (record_writers[read->writer], ==, record_writers[record->writer]);
  second_size = g_lock_file_record_format (read, second, sizeof second);
  g_assert_cmpmem (second, second_size, first, first_size);
}

static void
test_mutations (void)
{
  g_autoptr (GPtrArray) names = list_vectors ();
  g_autoptr (GPtrArray) seeds = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *folder = vectors_folder ();
  g_autofree gsize *sizes = g_new (gsize, names->len);
  guint seen[RECORD_N_WRITERS] = { 0 };

  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%s.content", folder,
                                               (const char *) names->pdata[i]);
      char *content;

      g_assert_true (g_file_get_contents (path, &content, &sizes[i], NULL));
      g_ptr_array_add (seeds, content);
    }

  for (guint i = 0; i < 50000; i++)
    {
      guint seed = g_test_rand_int_range (0, names->len);
      g_autoptr (GString) content = g_string_new_len (seeds->pdata[seed], sizes[seed]);
      g_autoptr (GLockFileRecord) record = NULL;

      for (guint n = g_test_rand_int_range (1, 6); n > 0; n--)
        mutate (content);
      record = parse (content->str, content->len);
      record_assert_sound (record, content->len);
      if (record->writer >= G_LOCK_FILE_WRITER_OURS_UNLOCKED)
        assert_writes_what_it_reads (record);
      seen[record->writer]++;
    }

  /* All ways through the parser were gone, or the mutations are of no use. */
  for (guint i = 0; i < RECORD_N_WRITERS; i++)
    {
      g_test_message ("%s: %u", record_writers[i], seen[i]);
      g_assert_cmpuint (seen[i], >, 100);
    }
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GPtrArray) names = NULL;

  g_test_init (&argc, &argv, NULL);

  names = list_vectors ();
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_strdup_printf ("/record/vectors/%s",
                                               (const char *) names->pdata[i]);

      g_test_add_data_func (path, names->pdata[i], test_vector);
    }

  g_test_add_func ("/record/too-long", test_too_long);
  g_test_add_func ("/record/cut-off", test_cut_off);
  g_test_add_func ("/record/control-characters", test_control_characters);
  g_test_add_func ("/record/keys-twice", test_keys_twice);
  g_test_add_func ("/record/ids", test_ids);
  g_test_add_func ("/record/references", test_references);
  g_test_add_func ("/record/written-form", test_written_form);
  g_test_add_func ("/record/small-buffers", test_small_buffers);
  g_test_add_func ("/record/longest", test_longest);
  g_test_add_func ("/record/clean", test_clean);
  g_test_add_func ("/record/since", test_since);
  g_test_add_func ("/record/since/unknown", test_since_unknown);
  g_test_add_func ("/record/round-trip", test_round_trip);
  g_test_add_func ("/record/renew", test_renew);
  g_test_add_func ("/record/renew/odd-names", test_renew_odd_names);
  g_test_add_func ("/record/renew/missing", test_renew_missing);
  g_test_add_func ("/record/mutations", test_mutations);

  return g_test_run ();
}
