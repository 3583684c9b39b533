/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfileenums.h"

/* Registered by hand, and not left to the bindings: without a GType of its own
 * the error domain gets lost on the way into a language.
 */
G_DEFINE_ENUM_TYPE (GLockFileError, g_lock_file_error,
                    G_DEFINE_ENUM_VALUE (G_LOCK_FILE_ERROR_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (G_LOCK_FILE_ERROR_LOCKED, "locked"),
                    G_DEFINE_ENUM_VALUE (G_LOCK_FILE_ERROR_PERMISSION_DENIED, "permission-denied"),
                    G_DEFINE_ENUM_VALUE (G_LOCK_FILE_ERROR_NO_SPACE, "no-space"),
                    G_DEFINE_ENUM_VALUE (G_LOCK_FILE_ERROR_NOT_FOUND, "not-found"),
                    G_DEFINE_ENUM_VALUE (G_LOCK_FILE_ERROR_INVALID_DATA, "invalid-data"),
                    G_DEFINE_ENUM_VALUE (G_LOCK_FILE_ERROR_NOT_SUPPORTED, "not-supported"),
                    G_DEFINE_ENUM_VALUE (G_LOCK_FILE_ERROR_LOST, "lost"))

G_DEFINE_ENUM_TYPE (GLockFileHolderState, g_lock_file_holder_state,
                    G_DEFINE_ENUM_VALUE (G_LOCK_FILE_HOLDER_STATE_UNKNOWN, "unknown"),
                    G_DEFINE_ENUM_VALUE (G_LOCK_FILE_HOLDER_STATE_RUNNING, "running"),
                    G_DEFINE_ENUM_VALUE (G_LOCK_FILE_HOLDER_STATE_GONE, "gone"))

G_DEFINE_QUARK (g-lock-file-error-quark, g_lock_file_error)
