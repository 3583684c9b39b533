/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "glockfile-disk.h"

G_BEGIN_DECLS

int   g_lock_file_release (GLockFileHandle      *handle,
                           const GLockFileNames *names,
                           gboolean             *lost);
void  g_lock_file_abandon (GLockFileHandle      *handle,
                           const GLockFileNames *names);

G_END_DECLS
