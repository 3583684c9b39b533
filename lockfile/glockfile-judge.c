/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-judge.h"

/* Evidence to verdict: the table J0 to J9 of the protocol. A pure function, so
 * that the whole table can be tested.
 */

/* Milliseconds. */
#define QT_RELEASE_GAP 10        /* Qt closes its file before it unlinks it, by name */
#define EMPTY_MIN_AGE 2000       /* J7, R8: a creator is still about to write */
#define EMPTY_LEFTOVER_AGE 30000 /* J8: whatever the stale lock time */
#define EMPTY_SEEN_J7 1000
#define EMPTY_SEEN_J8 2000
#define SETTLED_UPTIME 60000     /* J8: time for a remote holder's refresh */

static GLockFileJudgement
judgement (GLockFileVerdict  verdict,
           const char       *rule,
           gint64            again)
{
  return (GLockFileJudgement) { verdict, rule, again };
}

/* The earlier of two moments, of which -1 is never. */
static gint64
earlier (gint64 a,
         gint64 b)
{
  if (a < 0 || b < 0)
    return MAX (a, b);
  return MIN (a, b);
}

/* A file of Qt's, or like one: it says less of its writer than ours do. */
static gboolean
is_by_qt (const GLockFileEvidence *e)
{
  return e->writer == G_LOCK_FILE_WRITER_QT || e->writer == G_LOCK_FILE_WRITER_QT_OLD ||
         e->writer == G_LOCK_FILE_WRITER_PID_ONLY;
}

/* How long one must still look at a free file before it may be removed: a Qt
 * process that lets go has closed it, and is about to unlink whatever stands at
 * the path then. It may be one that we cannot see, in another PID namespace. 0
 * for ours, who unlink first.
 */
static gint64
release_gap_left (const GLockFileEvidence *e)
{
  return is_by_qt (e) ? MAX (QT_RELEASE_GAP - e->seen_free_for, 0) : 0;
}

/* Whether the holder is alive beyond doubt, and no age counts. A file of Qt's
 * does not say when its process started. But one that runs the executable that
 * the file names and was there before the file is its writer, as surely as we
 * can know; and it may just be letting go.
 */
static gboolean
is_alive (const GLockFileEvidence *e)
{
  return e->process == G_LOCK_FILE_PROCESS_CERTAIN ||
         (e->process == G_LOCK_FILE_PROCESS_ALIVE && is_by_qt (e));
}

/* J7 and J8 for a file without content. Its age alone never suffices: a
 * creator of Qt's may have been stopped right there, so a second look must find
 * it empty too.
 */
static GLockFileJudgement
judge_empty (const GLockFileEvidence *e)
{
  gint64 until_j7 = -1, until_j8;

  /* Without an age nothing can be said; in the future is as good as new. */
  if (e->age < 0 || e->kernel == G_LOCK_FILE_KERNEL_REFUSED)
    return judgement (G_LOCK_FILE_VERDICT_HELD, "J9", -1);

  if (e->stale_lock_time > 0 &&
      !(e->kernel == G_LOCK_FILE_KERNEL_UNSUPPORTED && e->host == G_LOCK_FILE_MATCH_SAME))
    {
      until_j7 = MAX ((gint64) MAX (e->stale_lock_time, EMPTY_MIN_AGE) + 1 - e->age,
                      EMPTY_SEEN_J7 - e->seen_empty_for);
      if (until_j7 <= 0)
        return judgement (G_LOCK_FILE_VERDICT_STALE, "J7", -1);
    }

  if (e->volume == G_LOCK_FILE_VOLUME_LOCAL)
    {
      if (e->from_before_boot)
        return judgement (G_LOCK_FILE_VERDICT_STALE, "J8", -1);
      until_j8 = MAX (EMPTY_LEFTOVER_AGE + 1 - e->age, EMPTY_SEEN_J8 - e->seen_empty_for);
      if (until_j8 <= 0)
        return judgement (G_LOCK_FILE_VERDICT_STALE, "J8", -1);
      until_j7 = earlier (until_j7, until_j8);
    }

  return judgement (G_LOCK_FILE_VERDICT_HELD, "J9", until_j7);
}

/* R8: the user agreed to the removal. */
static GLockFileJudgement
judge_forced (const GLockFileEvidence *e)
{
  gboolean may_be_held;
  gint64 again = -1;

  switch (e->kernel)
    {
    case G_LOCK_FILE_KERNEL_FREE:
      may_be_held = FALSE;
      break;
    case G_LOCK_FILE_KERNEL_UNSUPPORTED:
      /* Nobody but the process list can say here that it is held. */
      may_be_held = (e->process == G_LOCK_FILE_PROCESS_ALIVE ||
                     e->process == G_LOCK_FILE_PROCESS_CERTAIN);
      break;
    case G_LOCK_FILE_KERNEL_NOT_ASKED:
      may_be_held = (e->writer != G_LOCK_FILE_WRITER_EMPTY);
      break;
    default:
      may_be_held = TRUE;
      break;
    }

  if (e->writer == G_LOCK_FILE_WRITER_EMPTY)
    {
      /* A time in the future is none at which it was just created. */
      may_be_held = may_be_held ||
                    (e->age < EMPTY_MIN_AGE && e->age != G_LOCK_FILE_AGE_FUTURE);
    }
  else if (!may_be_held && release_gap_left (e) > 0)
    {
      may_be_held = TRUE;
      again = release_gap_left (e);
    }

  return judgement (may_be_held ? G_LOCK_FILE_VERDICT_HELD : G_LOCK_FILE_VERDICT_STALE, "R8", again);
}

GLockFileJudgement
g_lock_file_judge (const GLockFileEvidence *e)
{
  gint64 again = -1;

  if (e->kind == G_LOCK_FILE_KIND_GONE)
    return judgement (G_LOCK_FILE_VERDICT_LOOK_AGAIN, "J0", -1);

  if (e->kind == G_LOCK_FILE_KIND_OTHER)
    return judgement (G_LOCK_FILE_VERDICT_OBSTRUCTED, "J1", -1);
  if (e->kind == G_LOCK_FILE_KIND_UNREADABLE)
    return judgement (G_LOCK_FILE_VERDICT_HELD, "J9", -1);
  if (e->writer == G_LOCK_FILE_WRITER_FOREIGN)
    return judgement (G_LOCK_FILE_VERDICT_OBSTRUCTED, "J1", -1);

  if (e->kernel == G_LOCK_FILE_KERNEL_BUSY)
    return judgement (G_LOCK_FILE_VERDICT_HELD, "J2", -1);

  if (e->forced)
    return judge_forced (e);
  if (e->writer == G_LOCK_FILE_WRITER_EMPTY)
    return judge_empty (e);

  /* From here on a file is removed only with its kernel lock in hand, or where
   * there are no kernel locks. */
  if (e->kernel != G_LOCK_FILE_KERNEL_FREE && e->kernel != G_LOCK_FILE_KERNEL_UNSUPPORTED)
    return judgement (G_LOCK_FILE_VERDICT_HELD, "J9", -1);

  /* And only if it surely is one: it may be a document that begins with a number. */
  if (is_by_qt (e) && !e->surely_lock_file)
    return judgement (G_LOCK_FILE_VERDICT_HELD, "J9", -1);

  if (e->writer == G_LOCK_FILE_WRITER_OURS && e->boot == G_LOCK_FILE_MATCH_SAME &&
      e->same_device && e->kernel == G_LOCK_FILE_KERNEL_FREE)
    return judgement (G_LOCK_FILE_VERDICT_STALE, "J3", -1);

  if (e->host == G_LOCK_FILE_MATCH_SAME && e->boot == G_LOCK_FILE_MATCH_DIFFERENT)
    return judgement (G_LOCK_FILE_VERDICT_STALE, "J5", -1);

  if (e->process == G_LOCK_FILE_PROCESS_DEAD || e->process == G_LOCK_FILE_PROCESS_REUSED)
    {
      again = release_gap_left (e);
      if (again == 0)
        return judgement (G_LOCK_FILE_VERDICT_STALE, "J6", -1);
    }

  /* R6: without kernel locks an age decides nothing between processes of one
   * host, who can see each other. */
  if (e->stale_lock_time > 0 && e->age >= 0 && !is_alive (e) &&
      !(e->kernel == G_LOCK_FILE_KERNEL_UNSUPPORTED && e->host == G_LOCK_FILE_MATCH_SAME))
    {
      gint64 until = MAX ((gint64) e->stale_lock_time + 1 - e->age, release_gap_left (e));

      if (until <= 0)
        return judgement (G_LOCK_FILE_VERDICT_STALE, "J7", -1);
      again = earlier (again, until);
    }

  if (e->volume == G_LOCK_FILE_VOLUME_LOCAL && e->kernel == G_LOCK_FILE_KERNEL_FREE &&
      e->writer == G_LOCK_FILE_WRITER_OURS && e->boot != G_LOCK_FILE_MATCH_SAME &&
      e->from_before_boot)
    {
      if (e->uptime >= SETTLED_UPTIME)
        return judgement (G_LOCK_FILE_VERDICT_STALE, "J8", -1);
      again = earlier (again, SETTLED_UPTIME - e->uptime);
    }

  return judgement (G_LOCK_FILE_VERDICT_HELD, "J9", again);
}
