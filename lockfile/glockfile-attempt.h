/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "glockfile-disk.h"
#include "glockfile-judge.h"
#include "glockfileinfo-private.h"

G_BEGIN_DECLS

typedef enum
{
  G_LOCK_FILE_OUTCOME_GOT,
  G_LOCK_FILE_OUTCOME_HELD,
  G_LOCK_FILE_OUTCOME_RETRY,
  G_LOCK_FILE_OUTCOME_ERROR,
} GLockFileOutcome;

/* Why a look ended with "held". */
typedef enum
{
  G_LOCK_FILE_HELD_BY_KERNEL,   /* J2: somebody has the kernel lock */
  G_LOCK_FILE_HELD_BY_JUDGEMENT,
  G_LOCK_FILE_HELD_REMOVAL,     /* it is stale, but another removes it or is in the way */
} GLockFileHeld;

/* What was tried when an error came, for the message. */
typedef enum
{
  G_LOCK_FILE_STEP_CREATE,
  G_LOCK_FILE_STEP_READ,
  G_LOCK_FILE_STEP_REMOVE,
  G_LOCK_FILE_STEP_PORTAL,
  G_LOCK_FILE_STEP_EMPTY,
  G_LOCK_FILE_STEP_OBSTRUCTED,
} GLockFileStep;

typedef struct _GLockFileAttempt GLockFileAttempt;

/* Tries, one after another and never sleeping, to get one lock. */
struct _GLockFileAttempt
{
  const GLockFileNames *names;  /* the caller's */
  guint stale_lock_time;        /* milliseconds; 0: never stale by age */
  guint depth;                  /* 0: P; 1: P.rmlock; … */
  gboolean forced;              /* R8 */

  /* What it has open. */
  GLockFileHandle candidate;
  gint64 prepared;              /* when it was written; monotonic */
  gboolean kept;                /* it is one of the few that are kept during a sleep */
  gboolean created;             /* the candidate has the path's name already (R3) */
  GLockFileSight *suspect;      /* (nullable): the stale file that is being removed (R5) */
  GLockFileAttempt *remover;    /* (nullable): for P.rmlock */
  GLockFileNames remover_names;

  /* What it knows of the volume. */
  gboolean volume_known;
  gboolean no_candidates;       /* only R3 works here */
  GLockFileVolume volume;
  gboolean clock_known;
  gint64 clock_at_boot;         /* the file system's clock when this system was started; µs */

  /* What it remembers from look to look. */
  gboolean expect_taken;        /* so looking first is cheaper than publishing */
  GLockFileId remembered;       /* the file that this is about, and when it was changed */
  gint64 remembered_changed;
  gint64 seen_free_since;       /* monotonic; 0: not seen so */
  gint64 seen_empty_since;

  /* What the last look found. */
  GLockFileJudgement judgement;
  GLockFileHeld held;
  GLockFileId holder_id;
  GLockFileRecord *holder;      /* (nullable) */
  GLockFileMatch boot;
  GLockFileMatch host;
  GLockFileProcess process;     /* with the kernel's lock busy only when asked for */
  gint64 age;                   /* milliseconds; negative: see the judge */
  GLockFileVerdict told_verdict; /* what was logged last about the remembered file, by */
  const char *told_rule;        /* (nullable): this rule */
  const char *told_step;        /* (nullable): see g_lock_file_debug_once() */

  /* What it comes to. */
  GLockFileRecord *previous;    /* (nullable): whose leftover was cleared away (R20) */
  GLockFileStep failed_step;
  const char *failed_path;      /* the path, or that of P.rmlock */
  mode_t failed_mode;
  int failed_errno;
};

void             g_lock_file_attempt_init        (GLockFileAttempt *attempt,
                                                  const GLockFileNames *names,
                                                  guint             stale_lock_time);
void             g_lock_file_attempt_clear       (GLockFileAttempt *attempt);

GLockFileOutcome g_lock_file_attempt_lock        (GLockFileAttempt *attempt);
GLockFileOutcome g_lock_file_attempt_remove      (GLockFileAttempt *attempt);
GLockFileOutcome g_lock_file_attempt_query       (GLockFileAttempt *attempt);
void             g_lock_file_attempt_rest        (GLockFileAttempt *attempt,
                                                  gboolean          keep);

GLockFileProcess g_lock_file_attempt_see_process (GLockFileAttempt *attempt);
GLockFileHandle  g_lock_file_attempt_steal       (GLockFileAttempt *attempt);
int              g_lock_file_attempt_let_go      (GLockFileHandle  *handle,
                                                  const GLockFileNames *names,
                                                  gboolean         *lost);
GLockFileInfo   *g_lock_file_attempt_get_holder  (GLockFileAttempt *attempt);
GLockFileError   g_lock_file_attempt_error_code  (int               error);
void             g_lock_file_attempt_set_error   (GLockFileAttempt *attempt,
                                                  GLockFileOutcome  outcome,
                                                  GError          **error);

G_END_DECLS
