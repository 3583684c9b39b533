/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* GLockFile processes among themselves. */

#include "system.inc"
#include "glockfile.inc"

init
{
  atomic
    {
      dead[DEAD_GLOCK] = 1;
      dead[DEAD_QT] = 1;
      if
      :: leave_file (DEAD_GLOCK, 0)
      :: true
      fi;
      for (y : 0 .. GLOCKS - 1) { run GLockFile (y, LAST (y)) }
    }
}
