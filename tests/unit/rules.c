/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "rules.h"

/* Section 3 of the protocol as sentences, one function a rule and nothing shared
 * between them that the protocol does not say once for several. Written from the
 * protocol, so that it can disagree with the code. An empty file names neither a
 * boot nor a process; whatever the evidence has there, J5 and J6 are not for it.
 */

static const char * const kinds[RULES_N_KINDS] = { "gone", "other", "unreadable", "regular" };
static const char * const writers[RULES_N_WRITERS] = {
  "foreign", "empty", "pid-only", "qt-old", "qt", "ours-unlocked", "ours",
};
static const char * const kernels[RULES_N_KERNELS] = {
  "not-asked", "refused", "busy", "free", "unsupported",
};
static const char * const volumes[RULES_N_VOLUMES] = { "shared", "local" };
static const char * const matches[RULES_N_MATCHES] = { "unknown", "same", "different" };
static const char * const processes[RULES_N_PROCESSES] = {
  "unknown", "alive", "certain", "dead", "reused",
};
static const char * const verdicts[] = { "look-again", "obstructed", "held", "stale" };

char *
rules_evidence_to_string (const GLockFileEvidence *e)
{
  return g_strdup_printf ("%s, writer %s, kernel %s, volume %s, boot %s, host %s, process %s"
                          "%s%s%s%s, stale-lock-time %u, age %" G_GINT64_FORMAT
                          ", uptime %" G_GINT64_FORMAT ", seen free for %" G_GINT64_FORMAT
                          ", seen empty for %" G_GINT64_FORMAT,
                          kinds[e->kind], writers[e->writer], kernels[e->kernel],
                          volumes[e->volume], matches[e->boot], matches[e->host],
                          processes[e->process],
                          e->same_device ? ", same device" : "",
                          e->surely_lock_file ? ", surely a lock file" : "",
                          e->from_before_boot ? ", from before this boot" : "",
                          e->forced ? ", forced" : "",
                          e->stale_lock_time, e->age, e->uptime,
                          e->seen_free_for, e->seen_empty_for);
}

char *
rules_judgement_to_string (const GLockFileJudgement *judgement)
{
  return g_strdup_printf ("%s by %s, again in %" G_GINT64_FORMAT, verdicts[judgement->verdict],
                          judgement->rule, judgement->again);
}

/* --- The rules, one by one ------------------------------------------------- */

static gboolean
is_empty (const GLockFileEvidence *e)
{
  return e->writer == G_LOCK_FILE_WRITER_EMPTY;
}

static gboolean
is_by_qt (const GLockFileEvidence *e)
{
  return e->writer == G_LOCK_FILE_WRITER_QT ||
         e->writer == G_LOCK_FILE_WRITER_QT_OLD ||
         e->writer == G_LOCK_FILE_WRITER_PID_ONLY;
}

/* What J5 to J8 and R8 need of the kernel. An empty file's lock is taken only when
 * its age already allows removal, so it is judged before that, too. */
static gboolean
kernel_allows (const GLockFileEvidence *e)
{
  return e->kernel == G_LOCK_FILE_KERNEL_FREE ||
         e->kernel == G_LOCK_FILE_KERNEL_UNSUPPORTED ||
         (is_empty (e) && e->kernel == G_LOCK_FILE_KERNEL_NOT_ASKED);
}

/* Qt closes first and unlinks by name a moment later. */
static gboolean
release_gap_has_passed (const GLockFileEvidence *e)
{
  return !is_by_qt (e) || e->seen_free_for >= 10;
}

static gboolean
j3 (const GLockFileEvidence *e)
{
  return e->writer == G_LOCK_FILE_WRITER_OURS &&
         e->boot == G_LOCK_FILE_MATCH_SAME &&
         e->same_device &&
         e->kernel == G_LOCK_FILE_KERNEL_FREE;
}

/* What may be somebody's document is not removed, whatever became of the process that
 * it seems to name. */
static gboolean
may_be_document (const GLockFileEvidence *e)
{
  return is_by_qt (e) && !e->surely_lock_file;
}

static gboolean
j5 (const GLockFileEvidence *e)
{
  return !is_empty (e) && !may_be_document (e) &&
         e->host == G_LOCK_FILE_MATCH_SAME &&
         e->boot == G_LOCK_FILE_MATCH_DIFFERENT;
}

static gboolean
j6 (const GLockFileEvidence *e)
{
  return !is_empty (e) && !may_be_document (e) &&
         (e->process == G_LOCK_FILE_PROCESS_DEAD || e->process == G_LOCK_FILE_PROCESS_REUSED) &&
         release_gap_has_passed (e);
}

static gboolean
j7 (const GLockFileEvidence *e)
{
  /* R6: a removal without kernel locks is safe only while no age decides. */
  if (e->kernel == G_LOCK_FILE_KERNEL_UNSUPPORTED && e->host == G_LOCK_FILE_MATCH_SAME)
    return FALSE;
  if (is_empty (e))
    return e->stale_lock_time > 0 && e->age > MAX (e->stale_lock_time, 2000) &&
           e->seen_empty_for >= 1000;
  if (e->process == G_LOCK_FILE_PROCESS_CERTAIN)
    return FALSE;
  if (is_by_qt (e) && e->process == G_LOCK_FILE_PROCESS_ALIVE)
    return FALSE;
  return e->stale_lock_time > 0 && e->age > e->stale_lock_time &&
         !may_be_document (e) && release_gap_has_passed (e);
}

static gboolean
j8 (const GLockFileEvidence *e)
{
  if (e->volume != G_LOCK_FILE_VOLUME_LOCAL)
    return FALSE;
  if (is_empty (e))
    return e->from_before_boot || (e->age > 30000 && e->seen_empty_for >= 2000);
  /* One that names this boot was not written before it: its time is wrong. */
  return e->writer == G_LOCK_FILE_WRITER_OURS && e->kernel == G_LOCK_FILE_KERNEL_FREE &&
         e->boot != G_LOCK_FILE_MATCH_SAME &&
         e->from_before_boot && e->uptime >= 60000;
}

static gboolean
r8 (const GLockFileEvidence *e)
{
  /* "LOCKED if a running process holds it", where the kernel cannot say so. */
  if (e->kernel == G_LOCK_FILE_KERNEL_UNSUPPORTED &&
      (e->process == G_LOCK_FILE_PROCESS_ALIVE || e->process == G_LOCK_FILE_PROCESS_CERTAIN))
    return FALSE;
  /* What has a time in the future was not just created, by the same clock. */
  return (!is_empty (e) || e->age >= 2000 || e->age == G_LOCK_FILE_AGE_FUTURE) &&
         release_gap_has_passed (e);
}

static GLockFileJudgement
decide (const GLockFileEvidence *e)
{
  const GLockFileVerdict held = G_LOCK_FILE_VERDICT_HELD, stale = G_LOCK_FILE_VERDICT_STALE;

  if (e->kind == G_LOCK_FILE_KIND_GONE)
    return (GLockFileJudgement) { G_LOCK_FILE_VERDICT_LOOK_AGAIN, "J0", -1 };
  if (e->kind == G_LOCK_FILE_KIND_OTHER ||
      (e->kind == G_LOCK_FILE_KIND_REGULAR && e->writer == G_LOCK_FILE_WRITER_FOREIGN))
    return (GLockFileJudgement) { G_LOCK_FILE_VERDICT_OBSTRUCTED, "J1", -1 };
  if (e->kind == G_LOCK_FILE_KIND_UNREADABLE)
    return (GLockFileJudgement) { held, "J9", -1 };
  if (e->kernel == G_LOCK_FILE_KERNEL_BUSY)
    return (GLockFileJudgement) { held, "J2", -1 };

  if (e->forced)
    return (GLockFileJudgement) { kernel_allows (e) && r8 (e) ? stale : held, "R8", -1 };

  if (j3 (e))
    return (GLockFileJudgement) { stale, "J3", -1 };
  if (kernel_allows (e) && j5 (e))
    return (GLockFileJudgement) { stale, "J5", -1 };
  if (kernel_allows (e) && j6 (e))
    return (GLockFileJudgement) { stale, "J6", -1 };
  if (kernel_allows (e) && j7 (e))
    return (GLockFileJudgement) { stale, "J7", -1 };
  if (kernel_allows (e) && j8 (e))
    return (GLockFileJudgement) { stale, "J8", -1 };
  return (GLockFileJudgement) { held, "J9", -1 };
}

GLockFileEvidence
rules_later (const GLockFileEvidence *evidence,
       gint64                   delay)
{
  GLockFileEvidence e = *evidence;

  if (e.age >= 0)
    e.age += delay;
  e.uptime += delay;
  e.seen_free_for += delay;
  e.seen_empty_for += delay;
  return e;
}

/* The shortest delay after which it is stale, or -1. All rules have only lower
 * limits of time, so it is one at which one of them is met. */
static gint64
shortest_delay (const GLockFileEvidence *e)
{
  const gint64 delays[] = {
    10 - e->seen_free_for,
    2000 - e->age,
    2001 - e->age,
    30001 - e->age,
    (gint64) e->stale_lock_time + 1 - e->age,
    1000 - e->seen_empty_for,
    2000 - e->seen_empty_for,
    60000 - e->uptime,
  };
  gint64 again = -1;

  /* A forced removal does not wait until the file is old enough. */
  if (e->forced && is_empty (e))
    return -1;

  for (gsize i = 0; i < G_N_ELEMENTS (delays); i++)
    {
      if (delays[i] > 0 && (again < 0 || delays[i] < again))
        {
          GLockFileEvidence then = rules_later (e, delays[i]);

          if (decide (&then).verdict == G_LOCK_FILE_VERDICT_STALE)
            again = delays[i];
        }
    }
  return again;
}

GLockFileJudgement
rules_judge (const GLockFileEvidence *e)
{
  GLockFileJudgement judgement = decide (e);

  if (judgement.verdict == G_LOCK_FILE_VERDICT_HELD)
    judgement.again = shortest_delay (e);
  return judgement;
}
