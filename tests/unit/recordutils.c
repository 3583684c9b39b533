/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "recordutils.h"

const char * const record_writers[RECORD_N_WRITERS] = {
  "foreign", "empty", "pid-only", "qt-old", "qt", "ours-unlocked", "ours",
};

__typeof__ (record_texts) record_texts = {
  { "app-name", G_STRUCT_OFFSET (GLockFileRecord, app_name), "" },
  { "hostname", G_STRUCT_OFFSET (GLockFileRecord, hostname), "" },
  { "machine-id", G_STRUCT_OFFSET (GLockFileRecord, machine_id), "" },
  { "boot-id", G_STRUCT_OFFSET (GLockFileRecord, boot_id), "" },
  { "user-name", G_STRUCT_OFFSET (GLockFileRecord, user_name), NULL },
  { "display-name", G_STRUCT_OFFSET (GLockFileRecord, display_name), NULL },
  { "token", G_STRUCT_OFFSET (GLockFileRecord, token), NULL },
};

void
record_assert_equal (const GLockFileRecord *seen,
                     const GLockFileRecord *expected)
{
  g_assert_cmpstr (record_writers[seen->writer], ==, record_writers[expected->writer]);
  g_assert_cmpint (seen->pid, ==, expected->pid);
  for (gsize i = 0; i < RECORD_N_TEXTS; i++)
    {
      if (g_strcmp0 (RECORD_TEXT (seen, i), RECORD_TEXT (expected, i)) != 0)
        g_test_message ("%s differs", record_texts[i].key);
      g_assert_cmpstr (RECORD_TEXT (seen, i), ==, RECORD_TEXT (expected, i));
    }
  g_assert_cmpint (seen->since, ==, expected->since);
  g_assert_cmpuint (seen->pid_namespace, ==, expected->pid_namespace);
  g_assert_cmpuint (seen->started, ==, expected->started);
  g_assert_cmpint (seen->has_device, ==, expected->has_device);
  g_assert_cmpuint (seen->device_major, ==, expected->device_major);
  g_assert_cmpuint (seen->device_minor, ==, expected->device_minor);
}

void
record_assert_sound (const GLockFileRecord *record,
                     gsize                  size)
{
  gboolean says_something = record->writer != G_LOCK_FILE_WRITER_FOREIGN &&
                            record->writer != G_LOCK_FILE_WRITER_EMPTY;
  gboolean ours = record->writer == G_LOCK_FILE_WRITER_OURS ||
                  record->writer == G_LOCK_FILE_WRITER_OURS_UNLOCKED;

  g_assert_cmpuint (record->writer, <, RECORD_N_WRITERS);
  g_assert_true (says_something == (record->pid > 0));
  g_assert_cmpint (record->pid, >=, 0);
  for (gsize i = 0; i < RECORD_N_TEXTS; i++)
    {
      const char *text = RECORD_TEXT (record, i);

      if (record_texts[i].missing != NULL)
        g_assert_nonnull (text);
      else if (!ours)
        g_assert_null (text);
      g_assert_true (text == NULL || g_utf8_validate (text, -1, NULL));
      g_assert_true (says_something || text == NULL || *text == '\0');
    }
  if (!ours)
    {
      g_assert_cmpint (record->since, ==, 0);
      g_assert_cmpuint (record->pid_namespace, ==, 0);
      g_assert_cmpuint (record->started, ==, 0);
      g_assert_false (record->has_device);
    }
  if (size > G_LOCK_FILE_RECORD_MAX)
    g_assert_false (ours);
}
