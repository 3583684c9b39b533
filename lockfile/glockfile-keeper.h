/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "glockfile.h"

#include "glockfile-disk.h"

G_BEGIN_DECLS

typedef struct _GLockFileKeeper GLockFileKeeper;

GLockFileKeeper *g_lock_file_keeper_new          (GLockFile             *lock_file,
                                                  const GLockFileHandle *handle,
                                                  guint                  stale_lock_time,
                                                  GMainContext          *context);
void             g_lock_file_keeper_start_locked (GLockFileKeeper       *keeper);
void             g_lock_file_keeper_stop         (GLockFileKeeper       *keeper);

G_END_DECLS
