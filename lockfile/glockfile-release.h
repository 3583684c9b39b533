/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "glockfile-disk.h"

G_BEGIN_DECLS

char *g_lock_file_removal_path (const char      *path);

int   g_lock_file_release      (GLockFileHandle *handle,
                                const char      *path,
                                gboolean        *lost);
void  g_lock_file_abandon      (GLockFileHandle *handle,
                                const char      *path);

G_END_DECLS
