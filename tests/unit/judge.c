/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "rules.h"

/* The verdict on a lock file, rule by rule, and over the whole table of evidence
 * against the second statement of the rules.
 */

/* Does not stop at the first, but at some: what they have in common tells more. */
static void
fail_judgement (const GLockFileEvidence  *evidence,
                const GLockFileJudgement *seen,
                const char               *expected)
{
  static guint n_failures;
  g_autofree char *evidence_text = rules_evidence_to_string (evidence);
  g_autofree char *seen_text = rules_judgement_to_string (seen);

  g_test_message ("%s: expected %s, got %s", evidence_text, expected, seen_text);
  g_test_fail ();
  if (++n_failures == 20)
    g_error ("Too many wrong judgements");
}

static void
assert_as_reference (const GLockFileEvidence *e)
{
  GLockFileJudgement expected = rules_judge (e);
  GLockFileJudgement seen = g_lock_file_judge (e);

  if (seen.verdict != expected.verdict || seen.again != expected.again ||
      !g_str_equal (seen.rule, expected.rule))
    {
      g_autofree char *text = rules_judgement_to_string (&expected);

      fail_judgement (e, &seen, text);
    }
}

/* --- What must hold whatever the rules are --------------------------------- */

/* Removes what speaks for stale, or adds what speaks for a living holder, one
 * piece at a time. Returns FALSE after the last one. */
static gboolean
more_alive (GLockFileEvidence *e,
            guint              step)
{
  switch (step)
    {
    case 0:
      e->kernel = G_LOCK_FILE_KERNEL_BUSY;
      return TRUE;
    case 1:
      e->kernel = G_LOCK_FILE_KERNEL_REFUSED;
      return TRUE;
    case 2:
      if (e->process == G_LOCK_FILE_PROCESS_DEAD || e->process == G_LOCK_FILE_PROCESS_REUSED)
        e->process = G_LOCK_FILE_PROCESS_UNKNOWN;
      return TRUE;
    case 3:
      if (e->process != G_LOCK_FILE_PROCESS_CERTAIN)
        e->process = G_LOCK_FILE_PROCESS_ALIVE;
      return TRUE;
    case 4:
      e->process = G_LOCK_FILE_PROCESS_CERTAIN;
      return TRUE;
    case 5:
      e->age = MAX (e->age - 1, -1);
      return TRUE;
    case 6:
      e->age = -1;
      return TRUE;
    case 7:
      e->stale_lock_time = e->stale_lock_time > 0 ? G_MAXUINT : 0;
      return TRUE;
    case 8:
      e->stale_lock_time = 0;
      return TRUE;
    case 9:
      e->from_before_boot = FALSE;
      return TRUE;
    case 10:
      e->surely_lock_file = FALSE;
      return TRUE;
    case 11:
      e->same_device = FALSE;
      return TRUE;
    case 12:
      e->seen_free_for = 0;
      return TRUE;
    case 13:
      e->seen_empty_for = 0;
      return TRUE;
    case 14:
      e->volume = G_LOCK_FILE_VOLUME_SHARED;
      return TRUE;
    case 15:
      e->kind = G_LOCK_FILE_KIND_UNREADABLE;
      return TRUE;
    default:
      return FALSE;
    }
}

static void
assert_more_life_never_kills (const GLockFileEvidence *evidence)
{
  GLockFileEvidence e = *evidence;

  if (g_lock_file_judge (evidence).verdict == G_LOCK_FILE_VERDICT_STALE)
    return;

  for (guint step = 0; more_alive (&e, step); step++)
    {
      GLockFileJudgement seen = g_lock_file_judge (&e);

      if (seen.verdict == G_LOCK_FILE_VERDICT_STALE)
        fail_judgement (&e, &seen, "not stale, for it was not with less evidence of life");
      e = *evidence;
    }
}

/* A waiter sleeps so long (R11): it must not be too long, nor in vain. */
static void
assert_again_is_right (const GLockFileEvidence *evidence)
{
  static const gint64 long_time = 1000 * (gint64) G_MAXUINT;
  GLockFileJudgement now = g_lock_file_judge (evidence);
  GLockFileEvidence e;
  GLockFileJudgement then;

  if (now.verdict != G_LOCK_FILE_VERDICT_HELD)
    {
      if (now.again != -1)
        fail_judgement (evidence, &now, "no time to wait for");
      return;
    }

  if (now.again < 0 && evidence->forced && evidence->writer == G_LOCK_FILE_WRITER_EMPTY)
    return;
  if (now.again < 0)
    {
      e = rules_later (evidence, long_time);
      then = g_lock_file_judge (&e);
      if (then.verdict == G_LOCK_FILE_VERDICT_STALE)
        fail_judgement (evidence, &now, "a time after which it is stale");
      return;
    }

  e = rules_later (evidence, now.again);
  then = g_lock_file_judge (&e);
  if (now.again == 0 || then.verdict != G_LOCK_FILE_VERDICT_STALE)
    fail_judgement (evidence, &now, "a longer time");
  e = rules_later (evidence, now.again - 1);
  then = g_lock_file_judge (&e);
  if (then.verdict == G_LOCK_FILE_VERDICT_STALE)
    fail_judgement (evidence, &now, "a shorter time");
}

/* --- The whole table ------------------------------------------------------- */

static guint
take (guint64 *number,
      guint    n_values)
{
  guint digit = *number % n_values;

  *number /= n_values;
  return digit;
}

#define TAKE(values) values[take (&number, G_N_ELEMENTS (values))]

/* A file from before this boot has an age: the same clock tells both. */
static gboolean
is_possible (const GLockFileEvidence *e)
{
  return e->age >= 0 || !e->from_before_boot;
}

#define N_COMBINATIONS \
  (RULES_N_KINDS * RULES_N_WRITERS * RULES_N_KERNELS * RULES_N_VOLUMES * \
   RULES_N_MATCHES * RULES_N_MATCHES * RULES_N_PROCESSES * 16)

/* Everything that is not a time: combination @number, or FALSE after the last. */
static gboolean
combine (guint64            number,
         GLockFileEvidence *e)
{
  e->forced = take (&number, 2);
  e->from_before_boot = take (&number, 2);
  e->surely_lock_file = take (&number, 2);
  e->same_device = take (&number, 2);
  e->process = take (&number, RULES_N_PROCESSES);
  e->host = take (&number, RULES_N_MATCHES);
  e->boot = take (&number, RULES_N_MATCHES);
  e->volume = take (&number, RULES_N_VOLUMES);
  e->kernel = take (&number, RULES_N_KERNELS);
  e->writer = take (&number, RULES_N_WRITERS);
  e->kind = take (&number, RULES_N_KINDS);
  return number == 0;
}

/* Values on both sides of every limit that the rules name, and in every order. */
static gboolean
combine_times (guint64            number,
               GLockFileEvidence *e)
{
  static const guint stale_lock_times[] = { 0, 1000, 30000, 120000 };
  static const gint64 ages[] = { G_LOCK_FILE_AGE_FUTURE, G_LOCK_FILE_AGE_UNKNOWN, 0, 1000, 1001,
                                 1999, 2000, 30000, 30001, 120001 };
  static const gint64 uptimes[] = { 59999, 60000 };
  static const gint64 free_times[] = { 9, 10 };
  static const gint64 empty_times[] = { 999, 1000, 1999, 2000 };

  e->seen_empty_for = TAKE (empty_times);
  e->seen_free_for = TAKE (free_times);
  e->uptime = TAKE (uptimes);
  e->age = TAKE (ages);
  e->stale_lock_time = TAKE (stale_lock_times);
  return number == 0;
}

static void
test_table (void)
{
  GLockFileEvidence e;
  guint64 n_judged = 0;

  for (guint64 i = 0; combine (i, &e); i++)
    {
      for (guint64 k = 0; combine_times (k, &e); k++)
        {
          if (!is_possible (&e))
            continue;
          assert_as_reference (&e);
          n_judged++;
        }
    }
  g_test_message ("%" G_GUINT64_FORMAT " judgements", n_judged);
}

/* Times that no table has: just beside a limit, or far from all. */
static gint64
random_time (void)
{
  static const gint64 limits[] = { 0, 10, 1000, 2000, 30000, 60000, G_MAXUINT };

  gint64 limit = limits[g_test_rand_int_range (0, G_N_ELEMENTS (limits))];
  gint64 beside = limit + g_test_rand_int_range (-2, 3);

  if (g_test_rand_bit ())
    return MAX (beside, 0);
  return (gint64) g_test_rand_double_range (0, 1000.0 * G_MAXUINT) >>
         g_test_rand_int_range (0, 40);
}

static void
random_evidence (GLockFileEvidence *e)
{
  guint64 number = (guint64) g_test_rand_int_range (0, N_COMBINATIONS);

  g_assert_true (combine (number, e));
  e->kind = g_test_rand_int_range (0, 50) > 0 ? G_LOCK_FILE_KIND_REGULAR : e->kind;
  e->stale_lock_time = g_test_rand_int_range (0, 10) > 0 ? (guint) random_time () : G_MAXUINT;
  e->age = e->from_before_boot || g_test_rand_int_range (0, 10) > 0
             ? random_time ()
             : g_test_rand_int_range (G_LOCK_FILE_AGE_FUTURE, 0);
  e->uptime = random_time ();
  e->seen_free_for = random_time ();
  e->seen_empty_for = random_time ();
}

static void
test_random_times (void)
{
  for (guint i = 0; i < 500000; i++)
    {
      GLockFileEvidence e;

      random_evidence (&e);
      assert_as_reference (&e);
    }
}

static void
test_more_life (void)
{
  for (guint i = 0; i < 500000; i++)
    {
      GLockFileEvidence e;

      random_evidence (&e);
      assert_more_life_never_kills (&e);
    }
}

static void
test_again (void)
{
  for (guint i = 0; i < 500000; i++)
    {
      GLockFileEvidence e;

      random_evidence (&e);
      assert_again_is_right (&e);
    }
}

/* --- Rule by rule ---------------------------------------------------------- */

/* Nothing speaks for or against a holder: another host's file of ours, that is
 * read, and which no kernel lock covers. */
#define NOTHING_KNOWN \
  .kind = G_LOCK_FILE_KIND_REGULAR, .writer = G_LOCK_FILE_WRITER_OURS, \
  .kernel = G_LOCK_FILE_KERNEL_FREE, .volume = G_LOCK_FILE_VOLUME_SHARED, \
  .boot = G_LOCK_FILE_MATCH_UNKNOWN, .host = G_LOCK_FILE_MATCH_DIFFERENT, \
  .process = G_LOCK_FILE_PROCESS_UNKNOWN, .surely_lock_file = TRUE, \
  .age = 100, .uptime = 1000000

#define STALE G_LOCK_FILE_VERDICT_STALE
#define HELD G_LOCK_FILE_VERDICT_HELD
#define OBSTRUCTED G_LOCK_FILE_VERDICT_OBSTRUCTED

/* Each rule with what it decides, and the same without one piece of evidence,
 * which it does not decide. */
static const struct
{
  const char *name;
  GLockFileEvidence evidence;
  GLockFileJudgement expected;
} examples[] = {
  { "J0/gone", { .kind = G_LOCK_FILE_KIND_GONE },
    { G_LOCK_FILE_VERDICT_LOOK_AGAIN, "J0", -1 } },

  { "J1/directory", { NOTHING_KNOWN, .kind = G_LOCK_FILE_KIND_OTHER },
    { OBSTRUCTED, "J1", -1 } },
  { "J1/foreign", { NOTHING_KNOWN, .writer = G_LOCK_FILE_WRITER_FOREIGN },
    { OBSTRUCTED, "J1", -1 } },
  { "J1/foreign-and-busy",
    { NOTHING_KNOWN, .writer = G_LOCK_FILE_WRITER_FOREIGN, .kernel = G_LOCK_FILE_KERNEL_BUSY },
    { OBSTRUCTED, "J1", -1 } },
  { "J1/foreign-and-forced",
    { NOTHING_KNOWN, .writer = G_LOCK_FILE_WRITER_FOREIGN, .forced = TRUE },
    { OBSTRUCTED, "J1", -1 } },

  { "J2/busy-whatever-else",
    { NOTHING_KNOWN, .kernel = G_LOCK_FILE_KERNEL_BUSY, .host = G_LOCK_FILE_MATCH_SAME,
      .boot = G_LOCK_FILE_MATCH_DIFFERENT, .process = G_LOCK_FILE_PROCESS_DEAD,
      .same_device = TRUE, .from_before_boot = TRUE, .stale_lock_time = 10, .age = 100000 },
    { HELD, "J2", -1 } },
  { "J2/busy-and-forced",
    { NOTHING_KNOWN, .kernel = G_LOCK_FILE_KERNEL_BUSY, .forced = TRUE },
    { HELD, "J2", -1 } },
  { "J2/empty-and-busy",
    { NOTHING_KNOWN, .writer = G_LOCK_FILE_WRITER_EMPTY, .kernel = G_LOCK_FILE_KERNEL_BUSY,
      .volume = G_LOCK_FILE_VOLUME_LOCAL, .age = 100000, .seen_empty_for = 5000 },
    { HELD, "J2", -1 } },

  { "J3/free",
    { NOTHING_KNOWN, .boot = G_LOCK_FILE_MATCH_SAME, .same_device = TRUE },
    { STALE, "J3", -1 } },
  { "J3/no-process-matters",
    { NOTHING_KNOWN, .boot = G_LOCK_FILE_MATCH_SAME, .same_device = TRUE,
      .process = G_LOCK_FILE_PROCESS_CERTAIN },
    { STALE, "J3", -1 } },
  { "J3/not-another-boot",
    { NOTHING_KNOWN, .boot = G_LOCK_FILE_MATCH_DIFFERENT, .same_device = TRUE },
    { HELD, "J9", -1 } },
  { "J3/not-an-unknown-boot",
    { NOTHING_KNOWN, .boot = G_LOCK_FILE_MATCH_UNKNOWN, .same_device = TRUE },
    { HELD, "J9", -1 } },
  { "J3/not-another-device",
    { NOTHING_KNOWN, .boot = G_LOCK_FILE_MATCH_SAME, .same_device = FALSE },
    { HELD, "J9", -1 } },
  { "J3/not-ours-unlocked",
    { NOTHING_KNOWN, .boot = G_LOCK_FILE_MATCH_SAME, .same_device = TRUE,
      .writer = G_LOCK_FILE_WRITER_OURS_UNLOCKED },
    { HELD, "J9", -1 } },
  { "J3/not-qt",
    { NOTHING_KNOWN, .boot = G_LOCK_FILE_MATCH_SAME, .same_device = TRUE,
      .writer = G_LOCK_FILE_WRITER_QT, .seen_free_for = 1000 },
    { HELD, "J9", -1 } },
  { "J3/not-without-kernel-locks",
    { NOTHING_KNOWN, .boot = G_LOCK_FILE_MATCH_SAME, .same_device = TRUE,
      .kernel = G_LOCK_FILE_KERNEL_UNSUPPORTED },
    { HELD, "J9", -1 } },
  { "J3/not-when-refused",
    { NOTHING_KNOWN, .boot = G_LOCK_FILE_MATCH_SAME, .same_device = TRUE,
      .kernel = G_LOCK_FILE_KERNEL_REFUSED },
    { HELD, "J9", -1 } },

  { "J5/restarted",
    { NOTHING_KNOWN, .host = G_LOCK_FILE_MATCH_SAME, .boot = G_LOCK_FILE_MATCH_DIFFERENT },
    { STALE, "J5", -1 } },
  { "J5/restarted-qt",
    { NOTHING_KNOWN, .host = G_LOCK_FILE_MATCH_SAME, .boot = G_LOCK_FILE_MATCH_DIFFERENT,
      .writer = G_LOCK_FILE_WRITER_QT },
    { STALE, "J5", -1 } },
  { "J5/without-kernel-locks",
    { NOTHING_KNOWN, .host = G_LOCK_FILE_MATCH_SAME, .boot = G_LOCK_FILE_MATCH_DIFFERENT,
      .kernel = G_LOCK_FILE_KERNEL_UNSUPPORTED, .writer = G_LOCK_FILE_WRITER_OURS_UNLOCKED },
    { STALE, "J5", -1 } },
  { "J5/not-another-host",
    { NOTHING_KNOWN, .host = G_LOCK_FILE_MATCH_DIFFERENT, .boot = G_LOCK_FILE_MATCH_DIFFERENT },
    { HELD, "J9", -1 } },
  { "J5/not-an-unknown-boot",
    { NOTHING_KNOWN, .host = G_LOCK_FILE_MATCH_SAME, .boot = G_LOCK_FILE_MATCH_UNKNOWN },
    { HELD, "J9", -1 } },

  { "J6/dead",
    { NOTHING_KNOWN, .host = G_LOCK_FILE_MATCH_SAME, .process = G_LOCK_FILE_PROCESS_DEAD },
    { STALE, "J6", -1 } },
  { "J6/reused",
    { NOTHING_KNOWN, .host = G_LOCK_FILE_MATCH_SAME, .process = G_LOCK_FILE_PROCESS_REUSED },
    { STALE, "J6", -1 } },
  { "J6/without-kernel-locks",
    { NOTHING_KNOWN, .host = G_LOCK_FILE_MATCH_SAME, .process = G_LOCK_FILE_PROCESS_DEAD,
      .kernel = G_LOCK_FILE_KERNEL_UNSUPPORTED },
    { STALE, "J6", -1 } },
  { "J6/qt",
    { NOTHING_KNOWN, .host = G_LOCK_FILE_MATCH_SAME, .process = G_LOCK_FILE_PROCESS_DEAD,
      .writer = G_LOCK_FILE_WRITER_QT, .seen_free_for = 10 },
    { STALE, "J6", -1 } },
  { "J6/not-qt-in-its-release-gap",
    { NOTHING_KNOWN, .host = G_LOCK_FILE_MATCH_SAME, .process = G_LOCK_FILE_PROCESS_DEAD,
      .writer = G_LOCK_FILE_WRITER_QT, .seen_free_for = 0 },
    { HELD, "J9", 10 } },
  { "J6/not-old-qt-in-its-release-gap",
    { NOTHING_KNOWN, .host = G_LOCK_FILE_MATCH_SAME, .process = G_LOCK_FILE_PROCESS_REUSED,
      .writer = G_LOCK_FILE_WRITER_QT_OLD, .seen_free_for = 7 },
    { HELD, "J9", 3 } },
  { "J6/not-a-number-in-its-release-gap",
    { NOTHING_KNOWN, .host = G_LOCK_FILE_MATCH_SAME, .process = G_LOCK_FILE_PROCESS_DEAD,
      .writer = G_LOCK_FILE_WRITER_PID_ONLY, .seen_free_for = 9 },
    { HELD, "J9", 1 } },
  { "J6/not-alive",
    { NOTHING_KNOWN, .host = G_LOCK_FILE_MATCH_SAME, .process = G_LOCK_FILE_PROCESS_ALIVE },
    { HELD, "J9", -1 } },

  { "J7/aged", { NOTHING_KNOWN, .stale_lock_time = 100, .age = 101 },
    { STALE, "J7", -1 } },
  { "J7/aged-though-alive",
    { NOTHING_KNOWN, .stale_lock_time = 100, .age = 101, .process = G_LOCK_FILE_PROCESS_ALIVE },
    { STALE, "J7", -1 } },
  { "J7/not-yet", { NOTHING_KNOWN, .stale_lock_time = 100, .age = 100 },
    { HELD, "J9", 1 } },
  { "J7/not-with-0", { NOTHING_KNOWN, .stale_lock_time = 0, .age = 1000000 },
    { HELD, "J9", -1 } },
  { "J7/not-in-the-future",
    { NOTHING_KNOWN, .stale_lock_time = 100, .age = G_LOCK_FILE_AGE_FUTURE },
    { HELD, "J9", -1 } },
  { "J7/not-when-certain",
    { NOTHING_KNOWN, .stale_lock_time = 100, .age = 101, .process = G_LOCK_FILE_PROCESS_CERTAIN },
    { HELD, "J9", -1 } },
  { "J7/not-what-may-be-a-document",
    { NOTHING_KNOWN, .stale_lock_time = 100, .age = 101, .surely_lock_file = FALSE,
      .writer = G_LOCK_FILE_WRITER_PID_ONLY, .seen_free_for = 1000 },
    { HELD, "J9", -1 } },
  { "J7/not-when-refused",
    { NOTHING_KNOWN, .stale_lock_time = 100, .age = 101, .kernel = G_LOCK_FILE_KERNEL_REFUSED },
    { HELD, "J9", -1 } },
  { "J7/qt",
    { NOTHING_KNOWN, .stale_lock_time = 100, .age = 101, .writer = G_LOCK_FILE_WRITER_QT,
      .seen_free_for = 10 },
    { STALE, "J7", -1 } },
  { "J7/not-qt-in-its-release-gap",
    { NOTHING_KNOWN, .stale_lock_time = 100, .age = 101, .writer = G_LOCK_FILE_WRITER_QT,
      .seen_free_for = 4 },
    { HELD, "J9", 6 } },
  { "J7/not-living-qt",
    { NOTHING_KNOWN, .stale_lock_time = 100, .age = 101, .writer = G_LOCK_FILE_WRITER_QT,
      .seen_free_for = 1000, .process = G_LOCK_FILE_PROCESS_ALIVE },
    { HELD, "J9", -1 } },
  { "J7/without-kernel-locks",
    { NOTHING_KNOWN, .stale_lock_time = 100, .age = 101,
      .kernel = G_LOCK_FILE_KERNEL_UNSUPPORTED },
    { STALE, "J7", -1 } },
  { "J7/not-without-kernel-locks-on-this-host",
    { NOTHING_KNOWN, .stale_lock_time = 100, .age = 101, .host = G_LOCK_FILE_MATCH_SAME,
      .kernel = G_LOCK_FILE_KERNEL_UNSUPPORTED },
    { HELD, "J9", -1 } },
  { "J7/empty",
    { NOTHING_KNOWN, .writer = G_LOCK_FILE_WRITER_EMPTY, .stale_lock_time = 100, .age = 2001,
      .kernel = G_LOCK_FILE_KERNEL_NOT_ASKED, .seen_empty_for = 1000 },
    { STALE, "J7", -1 } },
  { "J7/not-young-empty",
    { NOTHING_KNOWN, .writer = G_LOCK_FILE_WRITER_EMPTY, .stale_lock_time = 100, .age = 1500,
      .kernel = G_LOCK_FILE_KERNEL_NOT_ASKED, .seen_empty_for = 1000 },
    { HELD, "J9", 501 } },
  { "J7/not-empty-seen-once",
    { NOTHING_KNOWN, .writer = G_LOCK_FILE_WRITER_EMPTY, .stale_lock_time = 100, .age = 100000,
      .kernel = G_LOCK_FILE_KERNEL_NOT_ASKED, .seen_empty_for = 0 },
    { HELD, "J9", 1000 } },

  { "J8/from-before-boot",
    { NOTHING_KNOWN, .volume = G_LOCK_FILE_VOLUME_LOCAL, .from_before_boot = TRUE },
    { STALE, "J8", -1 } },
  { "J8/not-yet-a-minute-up",
    { NOTHING_KNOWN, .volume = G_LOCK_FILE_VOLUME_LOCAL, .from_before_boot = TRUE,
      .uptime = 50000 },
    { HELD, "J9", 10000 } },
  { "J8/not-of-this-boot",
    { NOTHING_KNOWN, .volume = G_LOCK_FILE_VOLUME_LOCAL, .from_before_boot = TRUE,
      .boot = G_LOCK_FILE_MATCH_SAME },
    { HELD, "J9", -1 } },
  { "J8/not-touched-since",
    { NOTHING_KNOWN, .volume = G_LOCK_FILE_VOLUME_LOCAL },
    { HELD, "J9", -1 } },
  { "J8/not-on-shared-volumes",
    { NOTHING_KNOWN, .volume = G_LOCK_FILE_VOLUME_SHARED, .from_before_boot = TRUE },
    { HELD, "J9", -1 } },
  { "J8/not-without-kernel-locks",
    { NOTHING_KNOWN, .volume = G_LOCK_FILE_VOLUME_LOCAL, .from_before_boot = TRUE,
      .kernel = G_LOCK_FILE_KERNEL_UNSUPPORTED },
    { HELD, "J9", -1 } },
  { "J8/not-qt",
    { NOTHING_KNOWN, .volume = G_LOCK_FILE_VOLUME_LOCAL, .from_before_boot = TRUE,
      .writer = G_LOCK_FILE_WRITER_QT, .seen_free_for = 1000 },
    { HELD, "J9", -1 } },
  { "J8/empty-from-before-boot",
    { NOTHING_KNOWN, .writer = G_LOCK_FILE_WRITER_EMPTY, .volume = G_LOCK_FILE_VOLUME_LOCAL,
      .kernel = G_LOCK_FILE_KERNEL_NOT_ASKED, .from_before_boot = TRUE, .uptime = 1000 },
    { STALE, "J8", -1 } },
  { "J8/old-empty",
    { NOTHING_KNOWN, .writer = G_LOCK_FILE_WRITER_EMPTY, .volume = G_LOCK_FILE_VOLUME_LOCAL,
      .kernel = G_LOCK_FILE_KERNEL_NOT_ASKED, .age = 30001, .seen_empty_for = 2000 },
    { STALE, "J8", -1 } },
  { "J8/not-empty-and-young",
    { NOTHING_KNOWN, .writer = G_LOCK_FILE_WRITER_EMPTY, .volume = G_LOCK_FILE_VOLUME_LOCAL,
      .kernel = G_LOCK_FILE_KERNEL_NOT_ASKED, .age = 20001, .seen_empty_for = 2000 },
    { HELD, "J9", 10000 } },
  { "J8/not-empty-seen-once",
    { NOTHING_KNOWN, .writer = G_LOCK_FILE_WRITER_EMPTY, .volume = G_LOCK_FILE_VOLUME_LOCAL,
      .kernel = G_LOCK_FILE_KERNEL_NOT_ASKED, .age = 40000, .seen_empty_for = 500 },
    { HELD, "J9", 1500 } },
  { "J8/not-empty-on-shared-volumes",
    { NOTHING_KNOWN, .writer = G_LOCK_FILE_WRITER_EMPTY, .volume = G_LOCK_FILE_VOLUME_SHARED,
      .kernel = G_LOCK_FILE_KERNEL_NOT_ASKED, .age = 40000, .seen_empty_for = 5000 },
    { HELD, "J9", -1 } },

  { "J9/nothing-known", { NOTHING_KNOWN }, { HELD, "J9", -1 } },
  { "J9/unreadable", { NOTHING_KNOWN, .kind = G_LOCK_FILE_KIND_UNREADABLE }, { HELD, "J9", -1 } },
  { "J9/unreadable-aged-dead-and-forced",
    { NOTHING_KNOWN, .kind = G_LOCK_FILE_KIND_UNREADABLE, .process = G_LOCK_FILE_PROCESS_DEAD,
      .stale_lock_time = 1, .age = 100000, .forced = TRUE },
    { HELD, "J9", -1 } },

  { "R8/forced", { NOTHING_KNOWN, .forced = TRUE },
    { STALE, "R8", -1 } },
  { "R8/forced-though-certain",
    { NOTHING_KNOWN, .forced = TRUE, .process = G_LOCK_FILE_PROCESS_CERTAIN },
    { STALE, "R8", -1 } },
  { "R8/forced-without-kernel-locks",
    { NOTHING_KNOWN, .forced = TRUE, .kernel = G_LOCK_FILE_KERNEL_UNSUPPORTED },
    { STALE, "R8", -1 } },
  { "R8/not-when-refused",
    { NOTHING_KNOWN, .forced = TRUE, .kernel = G_LOCK_FILE_KERNEL_REFUSED },
    { HELD, "R8", -1 } },
  { "R8/qt",
    { NOTHING_KNOWN, .forced = TRUE, .writer = G_LOCK_FILE_WRITER_QT, .seen_free_for = 10 },
    { STALE, "R8", -1 } },
  { "R8/not-qt-in-its-release-gap",
    { NOTHING_KNOWN, .forced = TRUE, .writer = G_LOCK_FILE_WRITER_QT, .seen_free_for = 0 },
    { HELD, "R8", 10 } },
  { "R8/empty",
    { NOTHING_KNOWN, .forced = TRUE, .writer = G_LOCK_FILE_WRITER_EMPTY, .age = 2000,
      .kernel = G_LOCK_FILE_KERNEL_NOT_ASKED },
    { STALE, "R8", -1 } },
  { "R8/empty-from-the-future",
    { NOTHING_KNOWN, .forced = TRUE, .writer = G_LOCK_FILE_WRITER_EMPTY,
      .age = G_LOCK_FILE_AGE_FUTURE, .kernel = G_LOCK_FILE_KERNEL_NOT_ASKED },
    { STALE, "R8", -1 } },
  { "R8/not-young-empty",
    { NOTHING_KNOWN, .forced = TRUE, .writer = G_LOCK_FILE_WRITER_EMPTY, .age = 1999,
      .kernel = G_LOCK_FILE_KERNEL_NOT_ASKED },
    { HELD, "R8", -1 } },
  { "R8/not-living-without-kernel-locks",
    { NOTHING_KNOWN, .forced = TRUE, .kernel = G_LOCK_FILE_KERNEL_UNSUPPORTED,
      .process = G_LOCK_FILE_PROCESS_ALIVE },
    { HELD, "R8", -1 } },
};

static void
test_example (gconstpointer data)
{
  const GLockFileEvidence *evidence = &examples[GPOINTER_TO_SIZE (data)].evidence;
  const GLockFileJudgement *expected = &examples[GPOINTER_TO_SIZE (data)].expected;
  GLockFileJudgement seen = g_lock_file_judge (evidence);
  g_autofree char *text = rules_evidence_to_string (evidence);
  g_autofree char *seen_text = rules_judgement_to_string (&seen);
  g_autofree char *expected_text = rules_judgement_to_string (expected);

  g_test_message ("%s", text);
  g_assert_cmpstr (seen_text, ==, expected_text);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (examples); i++)
    {
      g_autofree char *path = g_strconcat ("/judge/", examples[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_example);
    }
  g_test_add_func ("/judge/table", test_table);
  g_test_add_func ("/judge/random-times", test_random_times);
  g_test_add_func ("/judge/more-life", test_more_life);
  g_test_add_func ("/judge/again", test_again);

  return g_test_run ();
}
