/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "../paths/scene.h"

G_BEGIN_DECLS

/* Two users who own nothing and have no rights of their own. */
#define VICTIM_UID 61001
#define VICTIM "--uid=61001"
#define ROGUE_UID 61002

/* Somebody who means harm, in a process of his own. */
typedef struct _Rogue Rogue;

/* What he does to @path. He says rogue_is_ready() when it is done, or has begun; when
 * the function returns, the process sleeps until it is ended.
 */
typedef void (*RogueAct) (const char *path);

/* Returns when he is ready. */
Rogue      *rogue_start              (uid_t               uid,
                                      RogueAct            act,
                                      const char         *path);
void        rogue_is_ready           (void);
pid_t       rogue_get_pid            (Rogue              *rogue);
/* Ends the process, as kill does. */
void        rogue_end                (Rogue              *rogue);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rogue, rogue_end)

/* Makes the test's folder one that all may write to; as /tmp is, if sticky. */
void        rogue_open_folder        (TestFolder         *folder,
                                      gboolean            sticky);

/* P.rmlock */
char       *rogue_removal_path       (const char         *lock_file);

G_END_DECLS
