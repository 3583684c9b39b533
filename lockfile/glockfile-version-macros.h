/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#if !defined(__G_LOCK_FILE_INSIDE__) && !defined(G_LOCK_FILE_COMPILATION)
#error "Only <lockfile/glockfile.h> can be included directly."
#endif

#include <glib.h>
#include <lockfile/glockfile-version.h>

#ifndef _G_LOCK_FILE_EXTERN
#define _G_LOCK_FILE_EXTERN extern
#endif

/* Every public function stands behind the macro of the version that brought it,
 * as in GLib: the macro exports the symbol, and is the place where a program
 * that restricts itself to an older version would be warned.
 */
#define G_LOCK_FILE_AVAILABLE_IN_1_0 _G_LOCK_FILE_EXTERN
