/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(__G_LOCK_FILE_INSIDE__) && !defined(G_LOCK_FILE_COMPILATION)
#error "Only <lockfile/glockfile.h> can be included directly."
#endif

#include <glib-object.h>
#include <lockfile/glockfile-version-macros.h>
#include <lockfile/glockfileenums.h>

G_BEGIN_DECLS

#define G_TYPE_LOCK_FILE_INFO (g_lock_file_info_get_type ())

G_LOCK_FILE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (GLockFileInfo, g_lock_file_info, G, LOCK_FILE_INFO, GObject)

G_LOCK_FILE_AVAILABLE_IN_1_0
gint64               g_lock_file_info_get_pid          (GLockFileInfo *self);
G_LOCK_FILE_AVAILABLE_IN_1_0
const char          *g_lock_file_info_get_hostname     (GLockFileInfo *self);
G_LOCK_FILE_AVAILABLE_IN_1_0
const char          *g_lock_file_info_get_app_name     (GLockFileInfo *self);
G_LOCK_FILE_AVAILABLE_IN_1_0
const char          *g_lock_file_info_get_display_name (GLockFileInfo *self);
G_LOCK_FILE_AVAILABLE_IN_1_0
const char          *g_lock_file_info_get_user_name    (GLockFileInfo *self);
G_LOCK_FILE_AVAILABLE_IN_1_0
const char          *g_lock_file_info_get_machine_id   (GLockFileInfo *self);
G_LOCK_FILE_AVAILABLE_IN_1_0
const char          *g_lock_file_info_get_boot_id      (GLockFileInfo *self);
G_LOCK_FILE_AVAILABLE_IN_1_0
const char          *g_lock_file_info_get_token        (GLockFileInfo *self);
G_LOCK_FILE_AVAILABLE_IN_1_0
GDateTime           *g_lock_file_info_get_locked_since (GLockFileInfo *self);
G_LOCK_FILE_AVAILABLE_IN_1_0
GLockFileHolderState g_lock_file_info_get_holder_state (GLockFileInfo *self);
G_LOCK_FILE_AVAILABLE_IN_1_0
char                *g_lock_file_info_describe         (GLockFileInfo *self);

G_END_DECLS
