/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-attempt.h"

#include "glockfile-debug.h"
#include "glockfile-descriptors.h"
#include "glockfile-release.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>

/* One try at a lock, without waiting: publish a candidate (R1 to R3); if the
 * path is taken, gather the evidence and have it judged; if it is stale, remove
 * it (R5, R6). When to try again is the waiter's business.
 *
 * An attempt belongs to one thread at a time. Between two looks it keeps
 * nothing open, but for a candidate (until g_lock_file_attempt_rest()) and,
 * while it removes a stale file, that file with its kernel lock.
 */

/* R5: each removal goes under a lock file of its own, whose leftover needs
 * another. It takes a crash within the same microseconds to need one more; but where
 * there are no candidates (R3) such crashes are many. */
#define MAX_DEPTH 6

/* P.rmlock is held for microseconds. Milliseconds. */
#define REMOVAL_STALE_TIME 600000

#define BUSY_REMOVAL_PAUSE 1

/* Who plays with P.rmlock keeps nobody here for longer. */
#define MAX_REMOVER_TRIES 100

/* R2 */
#define MAX_KEPT 8
#define FRESH G_TIME_SPAN_SECOND

void
g_lock_file_attempt_init (GLockFileAttempt     *self,
                          const GLockFileNames *names,
                          guint                 stale_lock_time)
{
  *self = (GLockFileAttempt) {
    .names = names,
    .stale_lock_time = stale_lock_time,
    .candidate = G_LOCK_FILE_HANDLE_INIT,
    .age = G_LOCK_FILE_AGE_UNKNOWN,
  };
}

/* A candidate costs a descriptor, so only a few are kept while their owners
 * sleep; others are made anew. */
static guint n_kept;
static guint n_kept_generation;

static gboolean
may_keep (GLockFileAttempt *self)
{
  g_lock_file_state_lock ();
  if (n_kept_generation != g_lock_file_fork_generation ())
    {
      /* A child of fork(): those were closed. */
      n_kept_generation = g_lock_file_fork_generation ();
      n_kept = 0;
    }
  if (!self->kept && n_kept < MAX_KEPT)
    {
      self->kept = TRUE;
      n_kept++;
    }
  g_lock_file_state_unlock ();
  return self->kept;
}

/* It is in use again, or closed. */
static void
end_keeping (GLockFileAttempt *self)
{
  if (!self->kept)
    return;
  g_lock_file_state_lock ();
  n_kept--;
  g_lock_file_state_unlock ();
  self->kept = FALSE;
}

static void
free_suspect (GLockFileAttempt *self)
{
  if (self->suspect != NULL)
    g_lock_file_disk_forget (self->suspect);
  g_clear_pointer (&self->suspect, g_free);
}

static void
free_remover (GLockFileAttempt *self)
{
  if (self->remover == NULL)
    return;
  g_lock_file_attempt_clear (self->remover);
  g_clear_pointer (&self->remover, g_free);
  g_lock_file_names_clear (&self->remover_names);
}

static void abandon (GLockFileAttempt *self);

/*
 * g_lock_file_attempt_clear:
 *
 * Gives everything back that was not got for good.
 */
void
g_lock_file_attempt_clear (GLockFileAttempt *self)
{
  /* A file that was created, but could not be locked because somebody else took
   * it for a leftover, is theirs to remove; unless they have given it back. */
  if (self->created && g_lock_file_disk_lock (&self->candidate) == 0)
    abandon (self);
  g_lock_file_disk_close (&self->candidate);
  end_keeping (self);
  free_suspect (self);
  free_remover (self);
  g_clear_pointer (&self->holder, g_lock_file_record_unref);
  g_clear_pointer (&self->previous, g_lock_file_record_unref);
}

/*
 * g_lock_file_attempt_rest:
 * @keep: whether it is likely to be needed as soon as the sleep ends
 *
 * Before a sleep: puts the candidate away.
 */
void
g_lock_file_attempt_rest (GLockFileAttempt *self,
                          gboolean          keep)
{
  if (self->created || self->candidate.fd < 0 || (keep && may_keep (self)))
    return;
  g_lock_file_disk_close (&self->candidate);
  end_keeping (self);
}

static GLockFileOutcome
fail (GLockFileAttempt *self,
      GLockFileStep     step,
      int               error)
{
  static const char *const steps[] = {
    [G_LOCK_FILE_STEP_CREATE] = "creating",
    [G_LOCK_FILE_STEP_READ] = "reading",
    [G_LOCK_FILE_STEP_REMOVE] = "removing",
    [G_LOCK_FILE_STEP_PORTAL] = "creating on the document portal (R19)",
    [G_LOCK_FILE_STEP_EMPTY] = "reading what is empty",
    [G_LOCK_FILE_STEP_OBSTRUCTED] = "locking beside something else (J1)",
  };

  g_lock_file_debug (self->names->path, "%s fails: %s", steps[step], g_strerror (error));
  self->failed_step = step;
  self->failed_path = self->names->path;
  self->failed_errno = error;
  return G_LOCK_FILE_OUTCOME_ERROR;
}

static GLockFileOutcome
hold_on (GLockFileAttempt *self,
         GLockFileHeld     held,
         gint64            again)
{
  self->held = held;
  self->judgement.verdict = G_LOCK_FILE_VERDICT_HELD;
  self->judgement.again = again;
  return G_LOCK_FILE_OUTCOME_HELD;
}

static void
set_holder (GLockFileAttempt *self,
            GLockFileRecord  *record)
{
  g_clear_pointer (&self->holder, g_lock_file_record_unref);
  if (record != NULL)
    self->holder = g_lock_file_record_ref (record);
}

/* --- Publishing (R1 to R3) ------------------------------------------------- */

static void
learn_volume (GLockFileAttempt *self,
              guint32           type)
{
  self->volume = g_lock_file_volume_classify (type);
  self->volume_known = TRUE;
}

static void
learn_volume_by_name (GLockFileAttempt *self)
{
  guint32 type;

  if (!self->volume_known && g_lock_file_disk_volume_type (self->names->directory, &type) == 0)
    learn_volume (self, type);
}

static void
learn_clock (GLockFileAttempt      *self,
             const GLockFileHandle *handle)
{
  self->clock_at_boot = handle->clock_at_boot;
  self->clock_known = TRUE;
}

/* The content of the last lock file of this process: but for the time and the token
 * the next is most often the same. Guarded by the library's mutex. */
static struct
{
  guint generation;
  gboolean kernel_locked;
  dev_t device;
  char hostname[256];
  char *display_name;
  gsize size;                   /* 0: there is none */
  char content[G_LOCK_FILE_RECORD_MAX];
} last_written;

static gsize
renew_record (const GLockFileHandle *handle,
              const char            *hostname,
              const char            *display_name,
              gint64                 since,
              const char            *token,
              char                  *content)
{
  gsize size = 0;

  g_lock_file_state_lock ();
  if (last_written.size > 0 && last_written.generation == g_lock_file_fork_generation () &&
      last_written.kernel_locked == handle->kernel_locked &&
      last_written.device == handle->id.device && strcmp (last_written.hostname, hostname) == 0 &&
      g_strcmp0 (last_written.display_name, display_name) == 0 &&
      g_lock_file_record_renew (last_written.content, last_written.size, since, token))
    {
      size = last_written.size;
      memcpy (content, last_written.content, size);
    }
  g_lock_file_state_unlock ();
  return size;
}

static void
remember_record (const GLockFileHandle *handle,
                 const char            *hostname,
                 const char            *display_name,
                 const char            *content,
                 gsize                  size)
{
  g_lock_file_state_lock ();
  last_written.generation = g_lock_file_fork_generation ();
  last_written.kernel_locked = handle->kernel_locked;
  last_written.device = handle->id.device;
  g_strlcpy (last_written.hostname, hostname, sizeof last_written.hostname);
  g_free (last_written.display_name);
  last_written.display_name = g_strdup (display_name);
  memcpy (last_written.content, content, size);
  last_written.size = size;
  g_lock_file_state_unlock ();
}

static int
write_record (GLockFileAttempt *self)
{
  const GLockFileHandle *handle = &self->candidate;
  const char *name = g_get_application_name ();
  const gint64 since = g_get_real_time ();
  char content[G_LOCK_FILE_RECORD_MAX], hostname[256], token[37];
  gsize size;

  g_lock_file_process_get_hostname (hostname, sizeof hostname);
  g_lock_file_process_new_token (token);

  size = renew_record (handle, hostname, name, since, token, content);
  if (size == 0)
    {
      g_autofree char *valid_name = name != NULL ? g_utf8_make_valid (name, -1) : NULL;
      GLockFileRecord record = {
        .writer = handle->kernel_locked ? G_LOCK_FILE_WRITER_OURS
                                        : G_LOCK_FILE_WRITER_OURS_UNLOCKED,
        .hostname = hostname,
        .display_name = valid_name,
        .since = since,
        .token = token,
        .has_device = TRUE,
        .device_major = major (handle->id.device),
        .device_minor = minor (handle->id.device),
      };

      g_lock_file_process_fill_record (&record);
      size = g_lock_file_record_format (&record, content, sizeof content);
      g_return_val_if_fail (size <= sizeof content, EMSGSIZE);
      remember_record (handle, hostname, name, content, size);
    }

  /* R4: only on a shared volume are there others who would not see it. */
  return g_lock_file_disk_write (&self->candidate, content, size,
                                 self->volume == G_LOCK_FILE_VOLUME_SHARED);
}

/* R1. EOPNOTSUPP: it takes R3 here. */
static int
prepare_candidate (GLockFileAttempt *self)
{
  int error;

  if (self->candidate.fd >= 0)
    {
      end_keeping (self);
      if (g_get_monotonic_time () - self->prepared < FRESH)
        return 0;
      /* Linking does not touch a file's time: it would be born old. */
      g_lock_file_disk_close (&self->candidate);
    }

  error = g_lock_file_disk_open_candidate (self->names->directory, &self->candidate);
  if (error != 0)
    return error;
  learn_volume (self, self->candidate.volume_type);
  learn_clock (self, &self->candidate);

  error = g_lock_file_disk_lock (&self->candidate);
  if (error == 0)
    error = write_record (self);
  if (error != 0)
    g_lock_file_disk_close (&self->candidate);
  self->prepared = g_get_monotonic_time ();
  return error;
}

/* R3, behind the creation. The kernel lock comes before the content, so that
 * what line 6 says was true before anyone could read it.
 */
static GLockFileOutcome
finish_creation (GLockFileAttempt *self)
{
  int error = g_lock_file_disk_lock (&self->candidate);
  gboolean is_there;

  if (g_lock_file_disk_check (&self->candidate.id, self->names->path, &is_there) != 0)
    is_there = TRUE; /* Let the writing show it. */

  if (error == EWOULDBLOCK && is_there)
    return hold_on (self, G_LOCK_FILE_HELD_REMOVAL, BUSY_REMOVAL_PAUSE);
  if (!is_there)
    {
      /* It stood there empty for so long that somebody took it away. */
      g_lock_file_disk_close (&self->candidate);
      self->created = FALSE;
      return G_LOCK_FILE_OUTCOME_RETRY;
    }

  if (error == 0)
    error = write_record (self);
  self->created = FALSE;
  if (error != 0)
    {
      abandon (self);
      return fail (self, G_LOCK_FILE_STEP_CREATE, error);
    }
  g_lock_file_debug (self->names->path, "locked: created by its name, %s (R3)",
                     self->candidate.kernel_locked ? "then kernel-locked, then written"
                                                   : "for this volume has no kernel locks");
  return G_LOCK_FILE_OUTCOME_GOT;
}

static GLockFileOutcome
create (GLockFileAttempt *self)
{
  guint32 type;
  int error = g_lock_file_disk_volume_type (self->names->directory, &type);

  if (error == 0)
    {
      if (g_lock_file_volume_is_document_portal (type, self->names->directory))
        return fail (self, G_LOCK_FILE_STEP_PORTAL, ENOTSUP);
      learn_volume (self, type);
      /* The file stands empty until it is written: that be soon. */
      g_lock_file_process_prepare ();
      error = g_lock_file_disk_create (self->names->path, &self->candidate);
    }
  if (error == EEXIST)
    return G_LOCK_FILE_OUTCOME_HELD;
  if (error != 0)
    return fail (self, G_LOCK_FILE_STEP_CREATE, error);

  self->created = TRUE;
  learn_clock (self, &self->candidate);
  return finish_creation (self);
}

/* Got, or held: the path is taken, and remains to be judged. */
static GLockFileOutcome
publish (GLockFileAttempt *self)
{
  int error = self->no_candidates ? EOPNOTSUPP : prepare_candidate (self);

  if (error == 0)
    {
      if (g_lock_file_volume_is_document_portal (self->candidate.volume_type, self->names->directory))
        return fail (self, G_LOCK_FILE_STEP_PORTAL, ENOTSUP);
      error = g_lock_file_disk_publish (&self->candidate, self->names->path);
    }

  switch (error)
    {
    case 0:
      g_lock_file_debug (self->names->path, "locked: published with content and kernel lock (R2)");
      return G_LOCK_FILE_OUTCOME_GOT;
    case EEXIST:
      return G_LOCK_FILE_OUTCOME_HELD;
    case EOPNOTSUPP:
      g_lock_file_disk_close (&self->candidate);
      self->no_candidates = TRUE;
      return create (self);
    case ENOSPC:
    case EDQUOT:
      /* No room for a candidate. If the path is taken that does not matter yet:
       * this way tells the difference. */
      g_lock_file_disk_close (&self->candidate);
      return create (self);
    default:
      return fail (self, G_LOCK_FILE_STEP_CREATE, error);
    }
}

/* --- Judging (section 3 of the protocol) ----------------------------------- */

static void
make_remover (GLockFileAttempt *self)
{
  if (self->remover != NULL)
    return;

  g_lock_file_names_init (&self->remover_names, self->names->removal_path);
  self->remover = g_new (GLockFileAttempt, 1);
  g_lock_file_attempt_init (self->remover, &self->remover_names, REMOVAL_STALE_TIME);
  self->remover->depth = self->depth + 1;
  self->remover->no_candidates = self->no_candidates;
}

static GLockFileOutcome
remover_lock (GLockFileAttempt *self)
{
  GLockFileOutcome outcome;
  guint tries = 0;

  make_remover (self);
  do
    outcome = g_lock_file_attempt_lock (self->remover);
  while (outcome == G_LOCK_FILE_OUTCOME_RETRY && ++tries < MAX_REMOVER_TRIES);
  return outcome;
}

static void
remover_unlock (GLockFileAttempt *self)
{
  if (self->remover->candidate.fd >= 0)
    abandon (self->remover);
}

/* The age of a file is that by the file system's own clock. A local one has that of this
 * kernel. Of another only a file tells that has just been made: a candidate or, where
 * there are none, P.rmlock; and whoever is killed while asking leaves that empty.
 */
static void
ask_clock (GLockFileAttempt *self)
{
  GLockFileHandle handle = G_LOCK_FILE_HANDLE_INIT;

  if (self->volume_known && self->volume == G_LOCK_FILE_VOLUME_LOCAL)
    {
      self->clock_at_boot = g_lock_file_process_file_clock () - g_lock_file_process_boot_clock ();
      self->clock_known = TRUE;
    }
  else if (!self->no_candidates &&
      g_lock_file_disk_open_candidate (self->names->directory, &handle) == 0)
    {
      learn_volume (self, handle.volume_type);
      learn_clock (self, &handle);
      g_lock_file_disk_close (&handle);
    }
  else if (self->depth + 1 < MAX_DEPTH)
    {
      if (remover_lock (self) == G_LOCK_FILE_OUTCOME_GOT)
        {
          learn_clock (self, &self->remover->candidate);
          remover_unlock (self);
        }
      else
        {
          /* Nobody comes back to what it may have begun. */
          free_remover (self);
        }
    }
}

static gint64
file_age (const GLockFileAttempt *self,
          gint64                  changed)
{
  gint64 age;

  if (!self->clock_known)
    return G_LOCK_FILE_AGE_UNKNOWN;
  age = (self->clock_at_boot + g_lock_file_process_boot_clock () - changed) / 1000;
  /* File systems stamp with a clock that ticks every few milliseconds. */
  if (age < 0 && age > -1000)
    return 0;
  return age < 0 ? G_LOCK_FILE_AGE_FUTURE : age;
}

/* Since when the same file, unchanged, has been seen in some condition. */
static gint64
seen_for (gint64   *since,
          gboolean  seen)
{
  gint64 now = g_get_monotonic_time ();

  if (!seen)
    *since = 0;
  else if (*since == 0)
    *since = now;
  return seen ? (now - *since) / 1000 : 0;
}

/* What the rules say, for people. */
static const char *
explain_rule (const char *rule)
{
  static const struct
  {
    const char *rule;
    const char *meaning;
  } rules[] = {
    { "J0", "it is gone" },
    { "J1", "it is not a lock file" },
    { "J2", "somebody has its kernel lock" },
    { "J3", "our kernel says that nobody has its lock" },
    { "J5", "this host was restarted since it was written" },
    { "J6", "its process is gone" },
    { "J7", "it is older than the stale lock time, and nothing better is known" },
    { "J8", "it was left behind before the restart, or without content" },
    { "J9", "nothing says that its holder is gone" },
    { "R8", "its removal was asked for" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      if (strcmp (rules[i].rule, rule) == 0)
        return rules[i].meaning;
    }
  return "";
}

static char *
explain_evidence (const GLockFileEvidence *evidence,
                  const GLockFileRecord   *record)
{
  static const char *const writers[] = {
    "something else", "nobody yet", "process", "Qt, process", "Qt, process",
    "GLockFile without kernel locks, process", "GLockFile, process"
  };
  static const char *const kernels[] = { "not asked for", "not told", "busy", "free", "unsupported" };
  static const char *const matches[] = { "unknown", "same", "different" };
  static const char *const processes[] = {
    "", "; process there", "; process the very same", "; process gone", "; process another one now"
  };
  GString *text = g_string_new (NULL);

  if (record == NULL)
    return g_string_free (text, FALSE);

  g_string_append_printf (text, "; written by %s", writers[evidence->writer]);
  if (record->pid != 0)
    g_string_append_printf (text, " %" G_GINT64_FORMAT, record->pid);
  g_string_append_printf (text, "; kernel lock %s; volume %s; boot %s; host %s%s",
                          kernels[evidence->kernel],
                          evidence->volume == G_LOCK_FILE_VOLUME_LOCAL ? "local" : "shared",
                          matches[evidence->boot], matches[evidence->host],
                          processes[evidence->process]);
  if (evidence->age >= 0)
    g_string_append_printf (text, "; age %" G_GINT64_FORMAT " ms", evidence->age);
  else
    g_string_append (text, evidence->age == G_LOCK_FILE_AGE_FUTURE ? "; age in the future"
                                                                   : "; age unknown");
  return g_string_free (text, FALSE);
}

/* Once for a file, a verdict and a rule, however often that is looked at. */
static void
debug_judgement (GLockFileAttempt        *self,
                 const GLockFileEvidence *evidence,
                 const GLockFileRecord   *record)
{
  static const char *const verdicts[] = { "gone", "obstructed", "held", "stale" };
  g_autofree char *explanation = NULL;

  if (!g_lock_file_debugging () || (self->told_verdict == self->judgement.verdict &&
                                    g_strcmp0 (self->told_rule, self->judgement.rule) == 0))
    return;
  self->told_verdict = self->judgement.verdict;
  self->told_rule = self->judgement.rule;
  explanation = explain_evidence (evidence, record);
  g_lock_file_debug_step (self->names->path, "%s by %s: %s%s", verdicts[self->judgement.verdict],
                          self->judgement.rule, explain_rule (self->judgement.rule), explanation);
}

static void
debug_removal (const GLockFileAttempt *self)
{
  g_lock_file_debug (self->names->path, "removed what process %" G_GINT64_FORMAT " left behind (%s)",
                     self->holder->pid, self->forced ? "R8" : "R5");
}

/* What no text document looks like that happens to begin with a number: it is ours, it
 * has an ID where Qt writes one, or it names this host. Of what is only a process ID,
 * and perhaps the name of a program, less can be asked.
 */
static gboolean
is_surely_lock_file (const GLockFileRecord *record,
                     GLockFileMatch         host)
{
  switch (record->writer)
    {
    case G_LOCK_FILE_WRITER_PID_ONLY:
      return strpbrk (record->app_name, " \t") == NULL;
    case G_LOCK_FILE_WRITER_QT:
    case G_LOCK_FILE_WRITER_QT_OLD:
      return g_lock_file_record_is_id (record->machine_id) ||
             g_lock_file_record_is_id (record->boot_id) ||
             (host == G_LOCK_FILE_MATCH_SAME && *record->hostname != '\0');
    case G_LOCK_FILE_WRITER_FOREIGN:
    case G_LOCK_FILE_WRITER_EMPTY:
    case G_LOCK_FILE_WRITER_OURS:
    case G_LOCK_FILE_WRITER_OURS_UNLOCKED:
    default:
      return record->writer != G_LOCK_FILE_WRITER_FOREIGN;
    }
}

/* Gathers the evidence on a file that was looked at, and judges it. */
static void
judge (GLockFileAttempt      *self,
       GLockFileSight        *sight,
       const GLockFileRecord *record)
{
  GLockFileEvidence evidence = {
    .kind = sight->kind,
    .kernel = sight->kernel,
    .volume = self->volume,
    .forced = self->forced,
    .stale_lock_time = self->stale_lock_time,
  };

  if (!g_lock_file_id_equal (&self->remembered, &sight->id) ||
      self->remembered_changed != sight->changed)
    {
      self->remembered = sight->id;
      self->remembered_changed = sight->changed;
      self->seen_free_since = 0;
      self->seen_empty_since = 0;
      self->told_rule = NULL;
    }
  self->age = file_age (self, sight->changed);
  evidence.age = self->age;
  evidence.uptime = g_lock_file_process_boot_clock () / 1000;
  evidence.from_before_boot = self->clock_known && sight->changed < self->clock_at_boot;

  if (record != NULL)
    {
      evidence.writer = record->writer;
      evidence.boot = self->boot = g_lock_file_process_match_boot (record);
      evidence.host = self->host =
        g_lock_file_process_match_host (record, self->volume == G_LOCK_FILE_VOLUME_SHARED);
      evidence.same_device = record->has_device &&
                             record->device_major == major (sight->id.device) &&
                             record->device_minor == minor (sight->id.device);
      evidence.surely_lock_file = is_surely_lock_file (record, self->host);

      /* Where the kernel lock alone says it (J2, J3) nobody asks for the process. */
      self->process = G_LOCK_FILE_PROCESS_UNKNOWN;
      if (sight->kernel == G_LOCK_FILE_KERNEL_UNSUPPORTED ||
          (sight->kernel == G_LOCK_FILE_KERNEL_FREE &&
           (record->writer != G_LOCK_FILE_WRITER_OURS || !evidence.same_device ||
            self->boot != G_LOCK_FILE_MATCH_SAME)))
        self->process = g_lock_file_process_look (record, self->boot, self->host, self->age);
      evidence.process = self->process;
      evidence.seen_free_for = seen_for (&self->seen_free_since,
                                         sight->kernel == G_LOCK_FILE_KERNEL_FREE ||
                                           sight->kernel == G_LOCK_FILE_KERNEL_UNSUPPORTED);
      evidence.seen_empty_for = seen_for (&self->seen_empty_since,
                                          record->writer == G_LOCK_FILE_WRITER_EMPTY);
    }

  self->judgement = g_lock_file_judge (&evidence);
  debug_judgement (self, &evidence, record);
}

/* Reads the record of a file that was looked at, and completes it. */
static GLockFileRecord *
read_sight (const GLockFileSight *sight)
{
  GLockFileRecord *record;

  if (sight->kind != G_LOCK_FILE_KIND_REGULAR)
    return NULL;
  record = g_lock_file_record_parse (sight->content, sight->size);
  /* Qt writes a file once, when it locks. */
  if (record->since == 0 && record->pid != 0)
    record->since = sight->changed;
  return record;
}

static gboolean
age_would_help (const GLockFileAttempt *self,
                const GLockFileSight   *sight)
{
  return !self->clock_known && sight->kind == G_LOCK_FILE_KIND_REGULAR &&
         sight->kernel != G_LOCK_FILE_KERNEL_BUSY &&
         self->judgement.verdict == G_LOCK_FILE_VERDICT_HELD;
}

/* Looks at the path and has it judged. With "stale" the kernel lock on what was
 * seen is ours, or there are no kernel locks. GOT stands for a verdict here.
 */
static GLockFileOutcome
look (GLockFileAttempt *self,
      GLockFileSight   *sight,
      gboolean          only_ask)
{
  g_autoptr (GLockFileRecord) record = NULL;
  int error = g_lock_file_disk_look (self->names->path,
                                     !only_ask && self->volume_known &&
                                       self->volume == G_LOCK_FILE_VOLUME_SHARED,
                                     sight);

  if (error != 0)
    return fail (self, G_LOCK_FILE_STEP_READ, error);

  record = read_sight (sight);
  if (record != NULL && record->writer != G_LOCK_FILE_WRITER_FOREIGN &&
      record->writer != G_LOCK_FILE_WRITER_EMPTY)
    g_lock_file_disk_probe (sight, only_ask);
  judge (self, sight, record);

  if (!only_ask && age_would_help (self, sight))
    {
      ask_clock (self);
      if (self->clock_known)
        judge (self, sight, record);
    }

  /* The kernel is asked about an empty file only when its age allows removal
   * already: a Qt process locks its file a moment after creating it, and does
   * not mind being refused. */
  if (!only_ask && self->judgement.verdict == G_LOCK_FILE_VERDICT_STALE &&
      sight->kernel == G_LOCK_FILE_KERNEL_NOT_ASKED)
    {
      g_lock_file_disk_probe (sight, FALSE);
      judge (self, sight, record);
    }

  self->holder_id = sight->id;
  set_holder (self, record);
  self->held = sight->kernel == G_LOCK_FILE_KERNEL_BUSY ? G_LOCK_FILE_HELD_BY_KERNEL
                                                        : G_LOCK_FILE_HELD_BY_JUDGEMENT;
  return G_LOCK_FILE_OUTCOME_GOT;
}

/* --- Removing (R5, R6) ----------------------------------------------------- */

/* Under P.rmlock: whether what was judged is still there, and still stale. The
 * second judgement is what counts where there are no kernel locks, and where
 * the holder on another host may have refreshed the file's time.
 */
static int
check_suspect (GLockFileAttempt *self,
               gboolean         *still_stale)
{
  g_autoptr (GLockFileRecord) record = NULL;
  int error = g_lock_file_disk_reread (self->suspect, self->names->path, still_stale);

  if (error != 0 || !*still_stale)
    return error;
  record = read_sight (self->suspect);
  judge (self, self->suspect, record);
  *still_stale = record != NULL && self->judgement.verdict == G_LOCK_FILE_VERDICT_STALE;
  if (*still_stale)
    set_holder (self, record);
  return 0;
}

/* RETRY: the path may be free now. HELD: P.rmlock is not to be had yet. */
static GLockFileOutcome
remove_suspect (GLockFileAttempt *self)
{
  gboolean under_lock = (self->depth + 1 < MAX_DEPTH), still_stale = FALSE;
  int error;

  /* A third party died in the way, in whose way another one died, and so on. Only Qt
   * processes that remove this very file make a further lock necessary, where there are
   * kernel locks; and without an end that comes free all of it would be held for ever. */
  if (!under_lock && self->suspect->kernel != G_LOCK_FILE_KERNEL_FREE)
    {
      free_suspect (self);
      return hold_on (self, G_LOCK_FILE_HELD_BY_JUDGEMENT, -1);
    }

  switch (under_lock ? remover_lock (self) : G_LOCK_FILE_OUTCOME_GOT)
    {
    case G_LOCK_FILE_OUTCOME_GOT:
      break;
    case G_LOCK_FILE_OUTCOME_HELD:
    case G_LOCK_FILE_OUTCOME_RETRY:
      g_lock_file_debug_once (self->names->path, &self->told_step,
                              "somebody else is about to remove it: looking again (R5)");
      return hold_on (self, G_LOCK_FILE_HELD_REMOVAL, BUSY_REMOVAL_PAUSE);
    case G_LOCK_FILE_OUTCOME_ERROR:
    default:
      if (self->remover->failed_errno == ENAMETOOLONG &&
          self->suspect->kernel == G_LOCK_FILE_KERNEL_FREE)
        {
          /* Nor can Qt make such a name, so no Qt process removes this file. And we
           * have its kernel lock; without one, two of us could remove one after the
           * other, and the second would take away what the first put there (R6). */
          under_lock = FALSE;
          break;
        }
      free_suspect (self);
      fail (self, self->remover->failed_step, self->remover->failed_errno);
      if (self->failed_step == G_LOCK_FILE_STEP_CREATE)
        {
          /* Who may not make a file here may not remove one. */
          self->failed_step = G_LOCK_FILE_STEP_REMOVE;
        }
      else
        {
          self->failed_path = self->remover->failed_path;
          self->failed_mode = self->remover->failed_mode;
        }
      return G_LOCK_FILE_OUTCOME_ERROR;
    }

  /* The clock that was known may be from hours ago. */
  if (under_lock)
    learn_clock (self, &self->remover->candidate);
  else
    ask_clock (self);
  error = check_suspect (self, &still_stale);
  if (error == 0 && still_stale)
    {
      gboolean was_there;

      error = g_lock_file_disk_unlink_leftover (self->names, &self->suspect->id, &was_there);
      if (error == 0 && was_there)
        {
          self->suspect->kernel = G_LOCK_FILE_KERNEL_NOT_ASKED; /* No need to unlock it. */
          debug_removal (self);
          g_clear_pointer (&self->previous, g_lock_file_record_unref);
          self->previous = g_lock_file_record_ref (self->holder);
        }
    }

  free_suspect (self);
  if (under_lock)
    remover_unlock (self);

  if (error != 0)
    return fail (self, G_LOCK_FILE_STEP_REMOVE, error);
  return G_LOCK_FILE_OUTCOME_RETRY;
}

/* Judges what stands at the path, and begins its removal if it is stale. */
static GLockFileOutcome
contest (GLockFileAttempt *self)
{
  g_autofree GLockFileSight *sight = g_new (GLockFileSight, 1);
  GLockFileOutcome outcome;

  learn_volume_by_name (self);
  outcome = look (self, sight, FALSE);
  if (outcome != G_LOCK_FILE_OUTCOME_GOT)
    return outcome;

  switch (self->judgement.verdict)
    {
    case G_LOCK_FILE_VERDICT_STALE:
      self->suspect = g_steal_pointer (&sight);
      return remove_suspect (self);
    case G_LOCK_FILE_VERDICT_OBSTRUCTED:
      self->failed_mode = sight->mode;
      outcome = fail (self, G_LOCK_FILE_STEP_OBSTRUCTED, EEXIST);
      break;
    case G_LOCK_FILE_VERDICT_LOOK_AGAIN:
      outcome = G_LOCK_FILE_OUTCOME_RETRY;
      break;
    case G_LOCK_FILE_VERDICT_HELD:
    default:
      outcome = G_LOCK_FILE_OUTCOME_HELD;
      break;
    }

  g_lock_file_disk_forget (sight);
  return outcome;
}

/* --- Letting go (R14) ------------------------------------------------------ */

/* Removes P.rmlock if it is a leftover, as that of a process that was killed behind its
 * removal of P. Nobody needs it out of the way, but nobody else might ever come to
 * remove it, and as long as it is there each release has to look what it means.
 */
static void
clear_removal (GLockFileAttempt *self)
{
  if (self->depth + 1 >= MAX_DEPTH)
    return;

  free_remover (self);
  make_remover (self);
  contest (self->remover);
  /* Nobody comes back to what this may have begun. */
  free_remover (self);
}

/* Lets go of the candidate, whose name is the path. */
static void
abandon (GLockFileAttempt *self)
{
  gboolean lost, removal_stands;

  g_lock_file_release (&self->candidate, self->names, &lost, &removal_stands);
  if (removal_stands)
    {
      clear_removal (self);
      g_lock_file_close_when_safe (&self->candidate, self->names);
    }
}

/*
 * g_lock_file_attempt_let_go:
 * @handle: what g_lock_file_attempt_steal() gave
 * @lost: (out): whether the file at the path was no longer ours
 *
 * Gives a lock back. Whatever comes, @handle is closed and the kernel lock is free
 * soon; a file that could not be deleted is then found stale at once.
 *
 * Returns: 0 or an errno
 */
int
g_lock_file_attempt_let_go (GLockFileHandle      *handle,
                            const GLockFileNames *names,
                            gboolean             *lost)
{
  gboolean removal_stands;
  int error = g_lock_file_release (handle, names, lost, &removal_stands);

  if (removal_stands)
    {
      GLockFileAttempt self;

      g_lock_file_attempt_init (&self, names, 0);
      clear_removal (&self);
      g_lock_file_attempt_clear (&self);
      g_lock_file_close_when_safe (handle, names);
    }
  return error;
}

/* --- What an attempt is for ------------------------------------------------ */

/*
 * g_lock_file_attempt_lock:
 *
 * Tries once to get the lock. RETRY: something changed this moment, and trying
 * again at once is right.
 */
GLockFileOutcome
g_lock_file_attempt_lock (GLockFileAttempt *self)
{
  GLockFileOutcome outcome;

  if (self->created)
    return finish_creation (self);
  if (self->suspect != NULL)
    return remove_suspect (self);

  if (!self->expect_taken || self->candidate.fd >= 0)
    {
      outcome = publish (self);
      if (outcome != G_LOCK_FILE_OUTCOME_HELD || self->created)
        return outcome;
    }

  outcome = contest (self);
  self->expect_taken = (outcome == G_LOCK_FILE_OUTCOME_HELD);
  return outcome;
}

/*
 * g_lock_file_attempt_remove:
 *
 * R8: tries once to remove a leftover, whatever the rules on host, boot,
 * process and age say. GOT: it is removed.
 */
GLockFileOutcome
g_lock_file_attempt_remove (GLockFileAttempt *self)
{
  GLockFileOutcome outcome;

  self->forced = TRUE;
  outcome = self->suspect != NULL ? remove_suspect (self) : contest (self);
  if (self->previous != NULL)
    return G_LOCK_FILE_OUTCOME_GOT;
  if (outcome == G_LOCK_FILE_OUTCOME_RETRY &&
      self->judgement.verdict == G_LOCK_FILE_VERDICT_LOOK_AGAIN)
    return fail (self, G_LOCK_FILE_STEP_READ, ENOENT);
  if (outcome == G_LOCK_FILE_OUTCOME_HELD && self->holder == NULL)
    return fail (self, G_LOCK_FILE_STEP_READ, EACCES);
  return outcome;
}

/*
 * g_lock_file_attempt_query:
 *
 * Only looks who holds the lock. HELD: ask again in a moment, for what is seen
 * now may be somebody's removal. GOT: the holder is known.
 */
GLockFileOutcome
g_lock_file_attempt_query (GLockFileAttempt *self)
{
  g_autofree GLockFileSight *sight = g_new (GLockFileSight, 1);
  GLockFileOutcome outcome;
  mode_t mode;

  learn_volume_by_name (self);
  outcome = look (self, sight, TRUE);
  mode = sight->mode;
  if (outcome != G_LOCK_FILE_OUTCOME_GOT)
    return outcome;
  g_lock_file_disk_forget (sight);

  if (sight->kind == G_LOCK_FILE_KIND_GONE)
    return fail (self, G_LOCK_FILE_STEP_READ, ENOENT);
  if (sight->kind == G_LOCK_FILE_KIND_UNREADABLE)
    return fail (self, G_LOCK_FILE_STEP_READ, EACCES);
  if (self->judgement.verdict == G_LOCK_FILE_VERDICT_OBSTRUCTED)
    {
      self->failed_mode = mode;
      return fail (self, G_LOCK_FILE_STEP_OBSTRUCTED, EEXIST);
    }
  if (self->holder->writer == G_LOCK_FILE_WRITER_EMPTY)
    return fail (self, G_LOCK_FILE_STEP_EMPTY, EEXIST);

  if (self->held == G_LOCK_FILE_HELD_BY_KERNEL &&
      g_lock_file_attempt_see_process (self) == G_LOCK_FILE_PROCESS_DEAD)
    return hold_on (self, G_LOCK_FILE_HELD_BY_KERNEL, BUSY_REMOVAL_PAUSE);
  if (self->process == G_LOCK_FILE_PROCESS_DEAD && self->judgement.again >= 0 &&
      self->judgement.verdict == G_LOCK_FILE_VERDICT_HELD)
    return G_LOCK_FILE_OUTCOME_HELD;

  return G_LOCK_FILE_OUTCOME_GOT;
}

/*
 * g_lock_file_attempt_see_process:
 *
 * What has become of the process that the last look found recorded.
 */
GLockFileProcess
g_lock_file_attempt_see_process (GLockFileAttempt *self)
{
  if (self->holder == NULL)
    return G_LOCK_FILE_PROCESS_UNKNOWN;
  self->process = g_lock_file_process_look (self->holder, self->boot, self->host, self->age);
  return self->process;
}

/*
 * g_lock_file_attempt_steal:
 *
 * The lock that was got; the caller lets go of it.
 */
GLockFileHandle
g_lock_file_attempt_steal (GLockFileAttempt *self)
{
  GLockFileHandle handle = self->candidate;

  self->candidate.fd = -1;
  return handle;
}

/*
 * g_lock_file_attempt_get_holder:
 *
 * Who holds the lock, as far as the last look tells.
 */
GLockFileInfo *
g_lock_file_attempt_get_holder (GLockFileAttempt *self)
{
  GLockFileHolderState state = G_LOCK_FILE_HOLDER_STATE_UNKNOWN;

  if (self->held == G_LOCK_FILE_HELD_BY_KERNEL ||
      self->process == G_LOCK_FILE_PROCESS_ALIVE ||
      self->process == G_LOCK_FILE_PROCESS_CERTAIN)
    state = G_LOCK_FILE_HOLDER_STATE_RUNNING;
  if (self->judgement.verdict == G_LOCK_FILE_VERDICT_STALE)
    state = G_LOCK_FILE_HOLDER_STATE_GONE;

  return g_lock_file_info_new (self->holder, state);
}
