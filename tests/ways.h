/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Ways of the protocol that the file system at hand does not ask for. */
typedef struct
{
  gboolean no_tmpfile;          /* R3 */
  gboolean no_flock;            /* R6 */
  gboolean shared;              /* the volume is called one */
  gboolean slow;                /* what is rare happens often: each step may take a while */
} TestWay;

/* Has the library go this way in the calling process, from now on. */
void        test_way_take            (const TestWay *way);

G_END_DECLS
