/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "glockfile-disk.h"

G_BEGIN_DECLS

int   g_lock_file_release         (GLockFileHandle      *handle,
                                   const GLockFileNames *names,
                                   gboolean             *lost,
                                   gboolean             *removal_stands);
void  g_lock_file_close_when_safe (GLockFileHandle      *handle,
                                   const GLockFileNames *names);

G_END_DECLS
