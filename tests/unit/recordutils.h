/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "lockfile/glockfile-record.h"

G_BEGIN_DECLS

#define RECORD_N_WRITERS (G_LOCK_FILE_WRITER_OURS + 1)
extern const char * const record_writers[RECORD_N_WRITERS];

/* A record's strings: what a vector's keys are called, and what stands for a
 * missing one. */
#define RECORD_N_TEXTS 7
extern const struct
{
  const char *key;
  glong offset;
  const char *missing;
} record_texts[RECORD_N_TEXTS];

#define RECORD_TEXT(record, i) G_STRUCT_MEMBER (char *, record, record_texts[i].offset)

void record_assert_equal (const GLockFileRecord *seen,
                          const GLockFileRecord *expected);
/* What holds for the record of any content, which has @size bytes. */
void record_assert_sound (const GLockFileRecord *record,
                          gsize                  size);

G_END_DECLS
