/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  G_LOCK_FILE_VOLUME_SHARED,    /* also: unknown */
  G_LOCK_FILE_VOLUME_LOCAL,
} GLockFileVolume;

/* @type is what statfs() calls f_type. */
GLockFileVolume g_lock_file_volume_classify           (guint32     type);
gboolean        g_lock_file_volume_is_document_portal (guint32     type,
                                                       const char *directory);

G_END_DECLS
