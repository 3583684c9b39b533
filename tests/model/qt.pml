/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* GLockFile and QLockFile processes on one path. */

#include "system.inc"
#include "glockfile.inc"
#include "qlockfile.inc"

init
{
  atomic
    {
      dead[DEAD_GLOCK] = 1;
      dead[DEAD_QT] = 1;
      if
      :: leave_file (DEAD_GLOCK, 0)
      :: leave_file (DEAD_QT, 0)
      :: true
      fi;
      for (y : 0 .. GLOCKS - 1) { run GLockFile (y, LAST (y)) }
      for (y : GLOCKS .. PROCESSES - 1)
        {
          if
          :: run QLockFile (y, 0)
          :: run QLockFile (y, 1)
          fi
        }
    }
}
