/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(__G_LOCK_FILE_INSIDE__) && !defined(G_LOCK_FILE_COMPILATION)
#error "Only <lockfile/glockfile.h> can be included directly."
#endif

#include <glib-object.h>
#include <lockfile/glockfile-version-macros.h>

G_BEGIN_DECLS

/**
 * GLockFileError:
 * @G_LOCK_FILE_ERROR_FAILED: something else went wrong; the message has the
 *   system's reason.
 * @G_LOCK_FILE_ERROR_LOCKED: somebody holds the lock, and did not let go in
 *   time; the message names the holder. Also if this very object holds it, or if what is
 *   to be removed is held.
 * @G_LOCK_FILE_ERROR_PERMISSION_DENIED: the directory or the file may not be
 *   written, or the file system is read-only.
 * @G_LOCK_FILE_ERROR_NO_SPACE: the disk is full, or a quota is used up.
 * @G_LOCK_FILE_ERROR_NOT_FOUND: there is no such directory or no such file.
 * @G_LOCK_FILE_ERROR_INVALID_DATA: what stands at the path is not a lock file,
 *   and was left alone.
 * @G_LOCK_FILE_ERROR_NOT_SUPPORTED: a lock here would exclude nobody.
 * @G_LOCK_FILE_ERROR_LOST: the lock file is no longer ours: somebody removed
 *   or replaced it. Also if the object that is asked is not locked.
 *
 * What can go wrong with a [class@GLockFile.LockFile].
 *
 * Operations can also fail with %G_IO_ERROR_CANCELLED and
 * %G_IO_ERROR_PENDING, which belong to %G_IO_ERROR, and
 * [ctor@GLockFile.LockFile.new_for_file] with %G_IO_ERROR_NOT_SUPPORTED.
 *
 * All messages can be shown to users. Only those of %G_LOCK_FILE_ERROR_LOCKED that name a
 * holder are whole sentences with a full stop; the others have none.
 *
 * Since: 1.0
 */
typedef enum
{
  G_LOCK_FILE_ERROR_FAILED,
  G_LOCK_FILE_ERROR_LOCKED,
  G_LOCK_FILE_ERROR_PERMISSION_DENIED,
  G_LOCK_FILE_ERROR_NO_SPACE,
  G_LOCK_FILE_ERROR_NOT_FOUND,
  G_LOCK_FILE_ERROR_INVALID_DATA,
  G_LOCK_FILE_ERROR_NOT_SUPPORTED,
  G_LOCK_FILE_ERROR_LOST,
} GLockFileError;

/**
 * G_LOCK_FILE_ERROR:
 *
 * The error domain of [class@GLockFile.LockFile]; its codes are
 * [error@GLockFile.LockFileError].
 *
 * Since: 1.0
 */
#define G_LOCK_FILE_ERROR (g_lock_file_error_quark ())

/**
 * g_lock_file_error_quark:
 *
 * Gets the error domain, which C knows as %G_LOCK_FILE_ERROR.
 *
 * Returns: the quark
 *
 * Since: 1.0
 */
G_LOCK_FILE_AVAILABLE_IN_1_0
GQuark g_lock_file_error_quark (void);

#define G_TYPE_LOCK_FILE_ERROR (g_lock_file_error_get_type ())

G_LOCK_FILE_AVAILABLE_IN_1_0
GType g_lock_file_error_get_type (void);

/**
 * GLockFileHolderState:
 * @G_LOCK_FILE_HOLDER_STATE_UNKNOWN: nobody can tell from here, for example
 *   because the holder runs on another machine.
 * @G_LOCK_FILE_HOLDER_STATE_RUNNING: the holder is running.
 * @G_LOCK_FILE_HOLDER_STATE_GONE: the holder is gone; the file is a leftover.
 *
 * Whether the process that a lock file names is still there.
 *
 * Since: 1.0
 */
typedef enum
{
  G_LOCK_FILE_HOLDER_STATE_UNKNOWN,
  G_LOCK_FILE_HOLDER_STATE_RUNNING,
  G_LOCK_FILE_HOLDER_STATE_GONE,
} GLockFileHolderState;

#define G_TYPE_LOCK_FILE_HOLDER_STATE (g_lock_file_holder_state_get_type ())

G_LOCK_FILE_AVAILABLE_IN_1_0
GType g_lock_file_holder_state_get_type (void);

G_END_DECLS
