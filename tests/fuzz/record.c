/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "target.h"

#include "recordutils.h"

#include <string.h>

/* Any bytes as a lock file: what is read from them is sound, and what of it is written
 * is read the same, also after its time and token were made new.
 */

/* As much of a value as is written. */
#define MAX_VALUE 255

static char *
cut (const char *text)
{
  const char *end;

  if (text == NULL || strlen (text) <= MAX_VALUE)
    return g_strdup (text);
  g_utf8_validate_len (text, MAX_VALUE, &end);
  return g_strndup (text, end - text);
}

/* Only the values of ours are cut, not Qt's lines; and a time from before 1970 is not
 * written. */
static void
assert_reads_what_was_written (const GLockFileRecord *written,
                               const char            *content,
                               gsize                  size)
{
  g_autoptr (GLockFileRecord) read = g_lock_file_record_parse (content, size);
  g_autofree char *user_name = cut (written->user_name);
  g_autofree char *display_name = cut (written->display_name);
  g_autofree char *token = cut (written->token);
  GLockFileRecord expected = *written;

  expected.user_name = user_name;
  expected.display_name = display_name;
  expected.token = token;
  expected.since = MAX (written->since, 0);
  record_assert_equal (read, &expected);
}

/* What is renewed is what would have been written anew. */
static void
assert_renews (const GLockFileRecord *record)
{
  static const char token[] = "247ac10b-58cc-4372-a567-0e02b2c3d479";
  GLockFileRecord other = *record;
  char before[2 * G_LOCK_FILE_RECORD_MAX], after[2 * G_LOCK_FILE_RECORD_MAX];
  gsize size;

  other.since = 1;
  other.token = (char *) "00000000-0000-4000-8000-000000000000";
  size = g_lock_file_record_format (&other, before, sizeof before);
  if (size > sizeof before)
    return;

  other.since = G_GINT64_CONSTANT (1770288120000000);
  other.token = (char *) token;
  g_assert_cmpuint (g_lock_file_record_format (&other, after, sizeof after), ==, size);
  g_assert_true (g_lock_file_record_renew (before, size, other.since, token));
  g_assert_cmpmem (before, size, after, size);
}

static void
assert_writes (const GLockFileRecord *record)
{
  gsize size = g_lock_file_record_format (record, NULL, 0);
  g_autofree char *content = g_malloc (size);

  g_assert_cmpuint (g_lock_file_record_format (record, content, size), ==, size);
  for (gsize i = 0; i < size; i++)
    g_assert_true (content[i] != '\0');
  /* It may have grown: each byte that is not UTF-8 has become three. */
  if (size <= G_LOCK_FILE_RECORD_MAX)
    assert_reads_what_was_written (record, content, size);
  assert_renews (record);
}

/* Nothing of a file that is not the library's own is renewed; but if it were. */
static void
renew_anything (const guint8 *data,
                gsize         size)
{
  g_autofree char *content = g_malloc (MAX (size, 1));

  memcpy (content, data, size);
  g_lock_file_record_renew (content, size, G_GINT64_CONSTANT (1770288120000000),
                            "247ac10b-58cc-4372-a567-0e02b2c3d479");
}

static void
assert_cleans (const guint8 *data,
               gsize         size)
{
  g_autofree char *name = g_strndup ((const char *) data, size);
  g_autofree char *again = NULL;

  g_lock_file_record_is_id (name);
  g_lock_file_record_clean (name);
  g_assert_true (g_utf8_validate (name, -1, NULL));
  g_assert_cmpuint (strlen (name), <=, MAX_VALUE);
  for (const char *p = name; *p != '\0'; p = g_utf8_next_char (p))
    g_assert_false (g_unichar_iscntrl (g_utf8_get_char (p)));

  again = g_strdup (name);
  g_lock_file_record_clean (again);
  g_assert_cmpstr (again, ==, name);
}

const gsize target_conditions_size = 0;

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GLockFileRecord) record = g_lock_file_record_parse ((const char *) data, size);

  record_assert_sound (record, size);
  if (record->writer >= G_LOCK_FILE_WRITER_OURS_UNLOCKED)
    assert_writes (record);
  renew_anything (data, size);
  assert_cleans (data, size);
  return 0;
}
