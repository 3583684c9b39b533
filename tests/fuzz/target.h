/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What libFuzzer calls with each of its inputs, and replay.c with the seeds. What is
 * wrong ends the process.
 */
int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);

/* How many of the bytes are conditions. They stand behind the content of the lock file,
 * so that an input without them is a file as it stands in tests/vectors.
 */
extern const gsize target_conditions_size;

G_END_DECLS
