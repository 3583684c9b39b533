/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "glockfile-private.h"
#include "glockfile-waiter.h"

G_BEGIN_DECLS

typedef enum
{
  G_LOCK_FILE_OPERATION_ACQUIRE,
  G_LOCK_FILE_OPERATION_RELEASE,
  G_LOCK_FILE_OPERATION_VERIFY,
  G_LOCK_FILE_OPERATION_QUERY,
  G_LOCK_FILE_OPERATION_REMOVE,
} GLockFileOperationKind;

gboolean       g_lock_file_operate        (GLockFile               *self,
                                           GLockFileOperationKind   kind,
                                           int                      timeout,
                                           GCancellable            *cancellable,
                                           GLockFileInfo          **info,
                                           GError                 **error);
void           g_lock_file_operate_async  (GLockFile               *self,
                                           GLockFileOperationKind   kind,
                                           int                      timeout,
                                           int                      io_priority,
                                           GCancellable            *cancellable,
                                           GAsyncReadyCallback      callback,
                                           gpointer                 user_data,
                                           gpointer                 source_tag,
                                           const char              *name);

gboolean       g_lock_file_begin          (GLockFile               *self,
                                           gboolean                *locked,
                                           GError                 **error);
gboolean       g_lock_file_take_handle    (GLockFile               *self,
                                           GLockFileHandle         *handle,
                                           gboolean                *crowded);
void           g_lock_file_let_go         (GLockFile               *self,
                                           guint                    serial);
void           g_lock_file_end            (GLockFile               *self,
                                           GLockFileChanges         changes);

G_END_DECLS
