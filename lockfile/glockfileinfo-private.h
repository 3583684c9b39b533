/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "glockfile-record.h"
#include "glockfileinfo.h"

G_BEGIN_DECLS

GLockFileInfo *g_lock_file_info_new  (GLockFileRecord      *record,
                                      GLockFileHolderState  state);
char          *g_lock_file_show_name (const char           *file_name);

G_END_DECLS
