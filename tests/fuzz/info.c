/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "target.h"

#include "lockfile/glockfileinfo-private.h"

#include <string.h>

/* Any bytes as a lock file: what is said of its holder is safe to show. */

/* A sentence, a name of a program, a display name, a user, a host. */
#define SENSIBLE_LENGTH 1000

static void
assert_safe_to_show (const char *text)
{
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_cmpint (g_utf8_strlen (text, -1), <=, SENSIBLE_LENGTH);
  g_assert_null (strpbrk (text, "<>&"));

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_assert_false (g_unichar_iscntrl (c));
      /* Marks, embeddings, overrides and isolates of the bidirectional algorithm. */
      g_assert_false (c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
                      (c >= 0x2066 && c <= 0x2069));
      g_assert_false (c == 0x2028 || c == 0x2029);
    }
}

const gsize target_conditions_size = 0;

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  /* The ends of what a calendar holds are passed in one zone or another. */
  static const char * const zones[] = { "UTC", "<+14>-14", "<-12>12" };

  for (guint state = 0; state <= G_LOCK_FILE_HOLDER_STATE_GONE; state++)
    {
      g_autoptr (GLockFileRecord) record = g_lock_file_record_parse ((const char *) data, size);
      g_autoptr (GLockFileInfo) info = NULL;
      g_autofree char *description = NULL;

      g_assert_true (g_setenv ("TZ", zones[state], TRUE));
      /* As if the file had been changed then. */
      if (record->since == 0)
        record->since = 1;
      info = g_lock_file_info_new (record, state);
      description = g_lock_file_info_describe (info);
      assert_safe_to_show (description);
    }
  return 0;
}
