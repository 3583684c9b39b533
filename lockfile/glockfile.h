/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#define __G_LOCK_FILE_INSIDE__

#include <gio/gio.h>
#include <lockfile/glockfile-version-macros.h>
#include <lockfile/glockfile-version.h>
#include <lockfile/glockfileenums.h>
#include <lockfile/glockfileinfo.h>

#undef __G_LOCK_FILE_INSIDE__

G_BEGIN_DECLS

#define G_TYPE_LOCK_FILE (g_lock_file_get_type ())

G_LOCK_FILE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GLockFile, g_lock_file, G, LOCK_FILE, GObject)

G_LOCK_FILE_AVAILABLE_IN_1_0
GLockFile     *g_lock_file_new                 (const char    *file_name);
G_LOCK_FILE_AVAILABLE_IN_1_0
GLockFile     *g_lock_file_new_for_file        (GFile         *file,
                                                GError       **error);
G_LOCK_FILE_AVAILABLE_IN_1_0
const char    *g_lock_file_get_file_name       (GLockFile     *self);
G_LOCK_FILE_AVAILABLE_IN_1_0
unsigned int   g_lock_file_get_stale_lock_time (GLockFile     *self);
G_LOCK_FILE_AVAILABLE_IN_1_0
void           g_lock_file_set_stale_lock_time (GLockFile     *self,
                                                unsigned int   stale_lock_time);
G_LOCK_FILE_AVAILABLE_IN_1_0
gboolean       g_lock_file_is_locked           (GLockFile     *self);

G_LOCK_FILE_AVAILABLE_IN_1_0
gboolean       g_lock_file_lock                (GLockFile     *self,
                                                GCancellable  *cancellable,
                                                GError       **error);
G_LOCK_FILE_AVAILABLE_IN_1_0
void           g_lock_file_lock_async          (GLockFile     *self,
                                                int            io_priority,
                                                GCancellable  *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer       user_data);
G_LOCK_FILE_AVAILABLE_IN_1_0
gboolean       g_lock_file_lock_finish         (GLockFile     *self,
                                                GAsyncResult  *result,
                                                GError       **error);
G_LOCK_FILE_AVAILABLE_IN_1_0
gboolean       g_lock_file_try_lock            (GLockFile     *self,
                                                int            timeout,
                                                GCancellable  *cancellable,
                                                GError       **error);
G_LOCK_FILE_AVAILABLE_IN_1_0
void           g_lock_file_try_lock_async      (GLockFile     *self,
                                                int            timeout,
                                                int            io_priority,
                                                GCancellable  *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer       user_data);
G_LOCK_FILE_AVAILABLE_IN_1_0
gboolean       g_lock_file_try_lock_finish     (GLockFile     *self,
                                                GAsyncResult  *result,
                                                GError       **error);
G_LOCK_FILE_AVAILABLE_IN_1_0
gboolean       g_lock_file_unlock              (GLockFile     *self,
                                                GError       **error);
G_LOCK_FILE_AVAILABLE_IN_1_0
void           g_lock_file_unlock_async        (GLockFile     *self,
                                                int            io_priority,
                                                GCancellable  *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer       user_data);
G_LOCK_FILE_AVAILABLE_IN_1_0
gboolean       g_lock_file_unlock_finish       (GLockFile     *self,
                                                GAsyncResult  *result,
                                                GError       **error);
G_LOCK_FILE_AVAILABLE_IN_1_0
gboolean       g_lock_file_verify              (GLockFile     *self,
                                                GError       **error);
G_LOCK_FILE_AVAILABLE_IN_1_0
void           g_lock_file_verify_async        (GLockFile     *self,
                                                int            io_priority,
                                                GCancellable  *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer       user_data);
G_LOCK_FILE_AVAILABLE_IN_1_0
gboolean       g_lock_file_verify_finish       (GLockFile     *self,
                                                GAsyncResult  *result,
                                                GError       **error);
G_LOCK_FILE_AVAILABLE_IN_1_0
GLockFileInfo *g_lock_file_get_previous_holder (GLockFile     *self);

G_LOCK_FILE_AVAILABLE_IN_1_0
GLockFileInfo *g_lock_file_query_info          (GLockFile     *self,
                                                GCancellable  *cancellable,
                                                GError       **error);
G_LOCK_FILE_AVAILABLE_IN_1_0
void           g_lock_file_query_info_async    (GLockFile     *self,
                                                int            io_priority,
                                                GCancellable  *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer       user_data);
G_LOCK_FILE_AVAILABLE_IN_1_0
GLockFileInfo *g_lock_file_query_info_finish   (GLockFile     *self,
                                                GAsyncResult  *result,
                                                GError       **error);
G_LOCK_FILE_AVAILABLE_IN_1_0
gboolean       g_lock_file_remove_stale        (GLockFile     *self,
                                                GCancellable  *cancellable,
                                                GError       **error);
G_LOCK_FILE_AVAILABLE_IN_1_0
void           g_lock_file_remove_stale_async  (GLockFile     *self,
                                                int            io_priority,
                                                GCancellable  *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer       user_data);
G_LOCK_FILE_AVAILABLE_IN_1_0
gboolean       g_lock_file_remove_stale_finish (GLockFile     *self,
                                                GAsyncResult  *result,
                                                GError       **error);

/**
 * GLockFileLocker: (skip)
 *
 * Holds a lock for as long as a block of C code runs.
 *
 * Since: 1.0
 */
typedef struct _GLockFileLocker GLockFileLocker;

G_LOCK_FILE_AVAILABLE_IN_1_0
GLockFileLocker *g_lock_file_locker_new        (GLockFile        *lock_file,
                                                GCancellable     *cancellable,
                                                GError          **error);
G_LOCK_FILE_AVAILABLE_IN_1_0
void             g_lock_file_locker_free       (GLockFileLocker  *locker);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GLockFileLocker, g_lock_file_locker_free)

G_END_DECLS
