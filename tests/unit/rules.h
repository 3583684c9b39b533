/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "lockfile/glockfile-judge.h"

G_BEGIN_DECLS

/* How many values each kind of evidence has. */
#define RULES_N_KINDS (G_LOCK_FILE_KIND_REGULAR + 1)
#define RULES_N_WRITERS (G_LOCK_FILE_WRITER_OURS + 1)
#define RULES_N_KERNELS (G_LOCK_FILE_KERNEL_UNSUPPORTED + 1)
#define RULES_N_VOLUMES (G_LOCK_FILE_VOLUME_LOCAL + 1)
#define RULES_N_MATCHES (G_LOCK_FILE_MATCH_DIFFERENT + 1)
#define RULES_N_PROCESSES (G_LOCK_FILE_PROCESS_REUSED + 1)

/* What the second statement of the rules says. */
GLockFileJudgement rules_judge               (const GLockFileEvidence  *evidence);
/* The same file, that much later, with nothing else changed. */
GLockFileEvidence  rules_later               (const GLockFileEvidence  *evidence,
                                              gint64                    delay);

char              *rules_evidence_to_string  (const GLockFileEvidence  *evidence);
char              *rules_judgement_to_string (const GLockFileJudgement *judgement);

G_END_DECLS
