/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Many processes and threads that want one lock, some of them killed, some
 * stopped; and many that find one leftover.  What must never happen (two inside
 * at a time) is looked for in three ways that know nothing of each other: a
 * word in shared memory, a file that may only be created, and a counter that is
 * read and written without any protection but the lock.
 */

#include "testutils.h"
#include "ways.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <lockfile/glockfile.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_SLOTS 10

/* Nobody may be without the lock for so long.  A safety look every five seconds
 * (R11) would hide that a wake-up was lost (R9), so it is less than that; but the
 * empty file that a process leaves which is killed in R3 has to grow old (J7, J8),
 * and so has its P.rmlock, and another's P.rmlock.rmlock.  On demand the promise
 * itself is asked for, and that there were enough kills to mean something. */
#define LONGEST_GAP_US (4 * G_USEC_PER_SEC)
#define LONGEST_GAP_ON_DEMAND_US (2 * G_USEC_PER_SEC)
#define TIME_FOR_A_KILL_US (15 * 1000)
#define TIME_FOR_A_KILL_ON_DEMAND_US (20 * 1000)
#define LONGEST_GAP_NO_TMPFILE_US (90 * G_USEC_PER_SEC)
#define HANG_LIMIT_US (120 * G_USEC_PER_SEC)

/* Linux shows these in field 9 of /proc/PID/stat. */
#define PROCESS_FLAG_EXITING 0x4

#define SECONDS 3

static int seconds = SECONDS;

typedef struct
{
  /* Written by whoever has the lock; read by the others without it. */
  int     owner;            /* thread ID of who is inside; 0: nobody */
  int     owner_slot;
  int     expected_count;   /* what the counter file must hold */
  gint64  last_entry;
  gint64  longest_gap;
  int     entries;
  int     crashes_inside;
  int     previous_holders; /* acquisitions that say that they cleared a leftover */

  /* Written by anybody. */
  int     ready;
  int     go;
  int     winners;
  int     finished;
  int     stop;
  int     violations;
  char    first_violation[512];
} Arena;

typedef struct
{
  Arena *arena;
  char  *directory;         /* holds the lock file alone, so that litter shows */
  char  *lock_path;
  char  *marker_path;
  char  *counter_path;
} Stage;

/* How one process plays. */
typedef struct
{
  const Stage *stage;
  int          slot;
  int          n_threads;
  int          turns;            /* of each thread; 0: until it is told to stop */
  TestWay      way;
  gboolean     short_stale_time; /* so that an empty file of a crashed R3 goes (J7) */
} Part;

/* ---- The stage ---- */

static gint64
now_us (void)
{
  return g_get_monotonic_time ();
}

static void G_GNUC_PRINTF (2, 3)
violation (const Stage *stage,
           const char  *format,
           ...)
{
  va_list arguments;

  va_start (arguments, format);
  if (g_atomic_int_add (&stage->arena->violations, 1) == 0)
    g_vsnprintf (stage->arena->first_violation, sizeof stage->arena->first_violation,
                 format, arguments);
  va_end (arguments);
}

static void
stage_init (Stage      *stage,
            const char *parent)
{
  g_autofree char *base = g_build_filename (parent, "glockfile-stress-XXXXXX", NULL);

  g_assert_nonnull (g_mkdtemp (base));
  stage->directory = g_build_filename (base, "locks", NULL);
  g_assert_cmpint (g_mkdir (stage->directory, 0700), ==, 0);
  stage->lock_path = g_build_filename (stage->directory, "file.lock", NULL);
  stage->marker_path = g_build_filename (base, "marker", NULL);
  stage->counter_path = g_build_filename (base, "counter", NULL);
  g_assert_true (g_file_set_contents (stage->counter_path, "0000000000", -1, NULL));

  stage->arena = mmap (NULL, sizeof (Arena), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                       -1, 0);
  g_assert_true (stage->arena != MAP_FAILED);
}

static void
stage_clear (Stage *stage)
{
  g_autofree char *base = g_path_get_dirname (stage->directory);
  g_autoptr (GDir) entries = g_dir_open (stage->directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (entries)) != NULL)
    {
      g_autofree char *path = g_build_filename (stage->directory, name, NULL);

      g_unlink (path);
    }
  g_rmdir (stage->directory);
  g_unlink (stage->marker_path);
  g_unlink (stage->counter_path);
  g_rmdir (base);

  munmap (stage->arena, sizeof (Arena));
  g_free (stage->directory);
  g_free (stage->lock_path);
  g_free (stage->marker_path);
  g_free (stage->counter_path);
}

/* ---- Inside ---- */

/* The kernel drops a dying process' locks before it is a zombie; but not before
 * it runs no instruction of its own any more. */
static gboolean
is_dying (pid_t tid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/stat", tid, tid);
  g_autofree char *stat = NULL;
  const char *fields;
  unsigned int flags;
  char state;

  if (!g_file_get_contents (path, &stat, NULL, NULL) || stat[0] == '\0')
    return TRUE;
  fields = strrchr (stat, ')');
  return sscanf (fields, ") %c %*d %*d %*d %*d %*d %u", &state, &flags) == 2
         && (state == 'Z' || state == 'X' || (flags & PROCESS_FLAG_EXITING) != 0);
}

static int
read_counter (int fd)
{
  char digits[16] = { 0 };

  return pread (fd, digits, 10, 0) == 10 ? atoi (digits) : -1;
}

static void
write_counter (int fd,
               int count)
{
  char digits[16];

  g_snprintf (digits, sizeof digits, "%010d", count);
  if (pwrite (fd, digits, 10, 0) != 10)
    abort ();
}

static void
be_inside (const Part *part,
           GRand      *random)
{
  const Stage *stage = part->stage;
  Arena *arena = stage->arena;
  pid_t self = gettid ();
  int previous = __atomic_exchange_n (&arena->owner, self, __ATOMIC_SEQ_CST);
  gint64 now = now_us ();
  int counter_fd, marker_fd, count;
  int expected = self;

  if (previous != 0)
    {
      if (!is_dying (previous))
        violation (stage, "%d came in while %d was inside", self, previous);
      arena->crashes_inside++;
    }
  arena->owner_slot = part->slot;

  marker_fd = open (stage->marker_path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (marker_fd < 0 && previous == 0)
    violation (stage, "%d found a marker, and nobody had died inside", self);
  if (marker_fd >= 0)
    close (marker_fd);

  counter_fd = open (stage->counter_path, O_RDWR | O_CLOEXEC);
  count = read_counter (counter_fd);
  if (count != arena->expected_count
      && !(previous != 0 && count == arena->expected_count + 1))
    violation (stage, "%d read %d where %d was due", self, count, arena->expected_count);
  arena->expected_count = count;

  if (arena->last_entry != 0)
    arena->longest_gap = MAX (arena->longest_gap, now - arena->last_entry);
  arena->last_entry = now;
  arena->entries++;

  /* Room for another to come in. */
  switch (g_rand_int_range (random, 0, 4))
    {
    case 0:
      g_usleep (g_rand_int_range (random, 1, 200));
      break;
    case 1:
      g_thread_yield ();
      break;
    default:
      break;
    }

  write_counter (counter_fd, count + 1);
  arena->expected_count = count + 1;
  close (counter_fd);
  g_unlink (stage->marker_path);

  if (!__atomic_compare_exchange_n (&arena->owner, &expected, 0, FALSE, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
    violation (stage, "%d was inside, and %d came in", self, expected);
}

/* ---- The players ---- */

static gboolean
acquire (GLockFile *lock_file,
         GRand     *random,
         GError   **error)
{
  switch (g_rand_int_range (random, 0, 4))
    {
    case 0:
      return g_lock_file_try_lock (lock_file, 0, NULL, error);
    case 1:
      return g_lock_file_try_lock (lock_file, g_rand_int_range (random, 1, 20), NULL, error);
    default:
      return g_lock_file_lock (lock_file, NULL, error);
    }
}

static gpointer
play (gpointer data)
{
  const Part *part = data;
  const Stage *stage = part->stage;
  g_autoptr (GRand) random = g_rand_new_with_seed (gettid () ^ now_us ());
  g_autoptr (GLockFile) lock_file = g_lock_file_new (stage->lock_path);
  int turns = 0;

  if (part->short_stale_time)
    g_lock_file_set_stale_lock_time (lock_file, 2000);

  while (part->turns > 0 ? turns < part->turns : !g_atomic_int_get (&stage->arena->stop))
    {
      g_autoptr (GError) error = NULL;

      if (!acquire (lock_file, random, &error))
        {
          if (!g_error_matches (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED))
            violation (stage, "lock: %s %d: %s", g_quark_to_string (error->domain), error->code,
                       error->message);
          continue;
        }
      turns++;
      be_inside (part, random);
      if (!g_lock_file_unlock (lock_file, &error))
        violation (stage, "unlock: %s %d: %s", g_quark_to_string (error->domain), error->code,
                   error->message);
    }
  return NULL;
}

static void
play_in_threads (const Part *part)
{
  g_autofree GThread **threads = g_new0 (GThread *, part->n_threads);

  for (int i = 1; i < part->n_threads; i++)
    {
      /* The system may have no room for one more. */
      while ((threads[i] = g_thread_try_new ("player", play, (gpointer) part, NULL)) == NULL)
        g_usleep (1000);
    }
  play ((gpointer) part);
  for (int i = 1; i < part->n_threads; i++)
    g_thread_join (threads[i]);
}

/* Runs @function in a process of its own. */
static pid_t
start_process (void      (*function) (const Part *part),
               const Part *part)
{
  pid_t pid;

  fflush (NULL);
  pid = test_fork_patiently ();
  if (pid > 0)
    return pid;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  test_way_take (&part->way);
  function (part);
  _exit (EXIT_SUCCESS);
}

/* Everything that helps to understand why nobody comes any further. */
static void
describe_hang (const Stage *stage,
               const pid_t *pids,
               guint        n_pids)
{
  g_autoptr (GDir) entries = g_dir_open (stage->directory, 0, NULL);
  const char *name;

  g_test_message ("inside: %d; entries: %d", stage->arena->owner, stage->arena->entries);
  while ((name = g_dir_read_name (entries)) != NULL)
    {
      g_autofree char *path = g_build_filename (stage->directory, name, NULL);
      g_autofree char *content = NULL;

      g_file_get_contents (path, &content, NULL, NULL);
      g_test_message ("%s: %s", name, content);
    }
  for (guint i = 0; i < n_pids; i++)
    {
      g_autofree char *path = g_strdup_printf ("/proc/%d/wchan", pids[i]);
      g_autofree char *where = NULL;

      g_file_get_contents (path, &where, NULL, NULL);
      g_test_message ("process %d is in %s", pids[i], where);
    }
}

static void
give_up (const Stage *stage,
         pid_t       *pids,
         guint        n_pids)
{
  describe_hang (stage, pids, n_pids);
  for (guint i = 0; i < n_pids; i++)
    {
      if (pids[i] == 0)
        continue;
      kill (pids[i], SIGKILL);
      waitpid (pids[i], NULL, 0);
      pids[i] = 0;
    }
  g_test_message ("first violation: %s", stage->arena->first_violation);
  g_error ("Nobody got the lock for too long");
}

static void
await_end (const Stage *stage,
           pid_t       *pids,
           guint        n_pids)
{
  for (guint i = 0; i < n_pids; i++)
    {
      int status = 0;
      gint64 idle_since = now_us ();
      int entries = stage->arena->entries;

      while (waitpid (pids[i], &status, WNOHANG) == 0)
        {
          if (stage->arena->entries != entries)
            {
              entries = stage->arena->entries;
              idle_since = now_us ();
            }
          if (now_us () - idle_since > HANG_LIMIT_US)
            give_up (stage, pids, n_pids);
          g_usleep (1000);
        }
      pids[i] = 0;
      g_assert_true (WIFEXITED (status));
      g_assert_cmpint (WEXITSTATUS (status), ==, EXIT_SUCCESS);
    }
}

/* ---- What is left ---- */

static void
lock_and_unlock (const Part *part)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (part->stage->lock_path);
  g_autoptr (GError) error = NULL;

  if (part->short_stale_time)
    g_lock_file_set_stale_lock_time (lock_file, 2000);
  if (!g_lock_file_try_lock (lock_file, HANG_LIMIT_US / 1000, NULL, &error)
      || !g_lock_file_unlock (lock_file, &error))
    violation (part->stage, "A fresh process after all: %s", error->message);
}

static void
lock_and_die (const Part *part)
{
  GLockFile *lock_file = g_lock_file_new (part->stage->lock_path);
  g_autoptr (GError) error = NULL;

  if (!g_lock_file_lock (lock_file, NULL, &error))
    violation (part->stage, "No leftover could be made: %s", error->message);
}

static void
run_process (void      (*function) (const Part *part),
             const Part *part)
{
  pid_t pid = start_process (function, part);

  await_end (part->stage, &pid, 1);
}

/* A process that was killed may leave the lock file, and one that was killed
 * while it removed a leftover its P.rmlock: that is gone when the next leftover
 * is removed (R5).  Nothing else may be left. */
static guint
count_litter (const Stage *stage,
              gboolean     short_stale_time)
{
  const Part part = { .stage = stage, .short_stale_time = short_stale_time };
  g_autoptr (GDir) entries = NULL;
  const char *name;
  guint litter = 0;

  run_process (lock_and_unlock, &part);
  run_process (lock_and_die, &part);
  run_process (lock_and_unlock, &part);

  entries = g_dir_open (stage->directory, 0, NULL);
  while ((name = g_dir_read_name (entries)) != NULL)
    {
      g_test_message ("litter: %s", name);
      litter++;
    }
  return litter;
}

/* ---- Many turns ---- */

typedef struct
{
  const char *parent;
  gboolean    with_threads;
  gboolean    with_no_tmpfile;
  int         turns;
} Scenario;

static const Scenario scenarios[] = {
  /* All alike */
  { "/var/tmp", FALSE, FALSE, 500 },
  { "/dev/shm", FALSE, FALSE, 500 },
  /* R2 and R3, one thread and several */
  { "/var/tmp", TRUE, TRUE, 100 },
  { "/dev/shm", TRUE, TRUE, 100 },
  /* The same with violence, for some time */
  { "/var/tmp", TRUE, FALSE, 0 },
  { "/dev/shm", TRUE, FALSE, 0 },
  { "/var/tmp", TRUE, TRUE, 0 },
  { "/dev/shm", TRUE, TRUE, 0 },
};

#define N_PLAYERS 8

static void
cast_part (Part           *part,
           const Stage    *stage,
           const Scenario *scenario,
           int             slot)
{
  *part = (Part) {
    .stage = stage,
    .slot = slot,
    .n_threads = scenario->with_threads && slot >= N_PLAYERS - 2 ? 4 : 1,
    .turns = scenario->turns,
    .way.no_tmpfile = scenario->with_no_tmpfile && slot % 2 == 1,
    .way.slow = scenario->with_threads && slot % 4 == 3,
    .short_stale_time = scenario->with_no_tmpfile,
  };
}

typedef struct
{
  int kills;
  int stops;
} Violence;

static void
kill_player (const Part *part,
             pid_t      *pid)
{
  int status;

  kill (*pid, SIGKILL);
  waitpid (*pid, &status, 0);
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  *pid = start_process (play_in_threads, part);
}

static void
stop_player (pid_t  pid,
             GRand *random)
{
  kill (pid, SIGSTOP);
  g_usleep (g_rand_int_range (random, 100, 20000));
  kill (pid, SIGCONT);
}

static void
be_violent (const Stage *stage,
            const Part  *parts,
            pid_t       *pids,
            Violence    *violence)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (g_test_rand_int ());
  gint64 begin = now_us ();
  gint64 end = begin + seconds * G_USEC_PER_SEC;
  gint64 last_entry = begin;

  while (now_us () < end)
    {
      int victim = g_rand_boolean (random) ? stage->arena->owner_slot
                                           : g_rand_int_range (random, 0, N_PLAYERS);
      /* On a busy machine what it waits for takes longer. */
      gboolean is_late = violence->kills * TIME_FOR_A_KILL_US < now_us () - begin;

      if (is_late || g_rand_boolean (random))
        {
          kill_player (&parts[victim], &pids[victim]);
          violence->kills++;
        }
      else
        {
          stop_player (pids[victim], random);
          violence->stops++;
        }
      g_usleep (g_rand_int_range (random, 100, is_late ? 1000 : 10000));

      last_entry = MAX (last_entry, stage->arena->last_entry);
      if (now_us () - last_entry > HANG_LIMIT_US)
        give_up (stage, pids, N_PLAYERS);
    }
  g_atomic_int_set (&stage->arena->stop, TRUE);
}

static void
test_turns (gconstpointer data)
{
  const Scenario *scenario = data;
  gboolean violent = scenario->turns == 0;
  Violence violence = { 0 };
  Part parts[N_PLAYERS];
  pid_t pids[N_PLAYERS];
  Stage stage;
  int due = 0;
  guint litter;

  if (g_access (scenario->parent, W_OK) < 0)
    {
      g_test_skip_printf ("%s is not there", scenario->parent);
      return;
    }

  stage_init (&stage, scenario->parent);
  for (int i = 0; i < N_PLAYERS; i++)
    {
      cast_part (&parts[i], &stage, scenario, i);
      due += parts[i].n_threads * parts[i].turns;
      pids[i] = start_process (play_in_threads, &parts[i]);
    }
  if (violent)
    be_violent (&stage, parts, pids, &violence);
  await_end (&stage, pids, N_PLAYERS);

  litter = count_litter (&stage, scenario->with_no_tmpfile);
  g_test_message ("%d acquisitions, %d kills (%d inside), %d stops, %d violations, "
                  "nobody got the lock for at most %.1f ms, %u files of litter",
                  stage.arena->entries, violence.kills, stage.arena->crashes_inside,
                  violence.stops, stage.arena->violations, stage.arena->longest_gap / 1e3, litter);

  g_assert_cmpstr (stage.arena->first_violation, ==, "");
  g_assert_cmpint (stage.arena->violations, ==, 0);
  g_assert_cmpuint (litter, ==, 0);
  if (violent)
    g_assert_cmpint (stage.arena->entries, >, 0);
  else
    g_assert_cmpint (stage.arena->entries, ==, due);

  if (violent && scenario->with_no_tmpfile)
    g_assert_cmpint (stage.arena->longest_gap, <, LONGEST_GAP_NO_TMPFILE_US);
  else
    g_assert_cmpint (stage.arena->longest_gap, <,
                     seconds > SECONDS ? LONGEST_GAP_ON_DEMAND_US : LONGEST_GAP_US);
  if (violent && seconds > SECONDS)
    g_assert_cmpint (violence.kills, >=, seconds * G_USEC_PER_SEC / TIME_FOR_A_KILL_ON_DEMAND_US);
  stage_clear (&stage);
}

/* ---- One leftover, many contenders ---- */

#define STALE_ROUNDS 40

static void
await_start (const Part *part)
{
  g_atomic_int_inc (&part->stage->arena->ready);
  while (!g_atomic_int_get (&part->stage->arena->go))
    g_thread_yield ();
}

static void
note_previous_holder (const Part *part,
                      GLockFile  *lock_file)
{
  if (g_lock_file_get_previous_holder (lock_file) != NULL)
    part->stage->arena->previous_holders++;
}

/* All of them get it, one after another. */
static void
race_and_pass_on (const Part *part)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (part->stage->lock_path);
  g_autoptr (GRand) random = g_rand_new_with_seed (gettid ());
  g_autoptr (GError) error = NULL;

  await_start (part);
  if (!g_lock_file_lock (lock_file, NULL, &error))
    {
      violation (part->stage, "lock: %s", error->message);
      return;
    }
  be_inside (part, random);
  note_previous_holder (part, lock_file);
  if (!g_lock_file_unlock (lock_file, &error))
    violation (part->stage, "unlock: %s", error->message);
}

/* One gets it, and keeps it until the others have seen that they do not: a try
 * fails only if somebody holds the lock (R5a), so not all of them may. */
static void
race_and_keep (const Part *part)
{
  Arena *arena = part->stage->arena;
  g_autoptr (GLockFile) lock_file = g_lock_file_new (part->stage->lock_path);
  g_autoptr (GError) error = NULL;
  gboolean locked;

  await_start (part);
  locked = g_lock_file_try_lock (lock_file, 0, NULL, &error);
  if (locked)
    g_atomic_int_inc (&arena->winners);
  else if (!g_error_matches (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED))
    violation (part->stage, "try_lock: %s", error->message);

  g_atomic_int_inc (&arena->finished);
  while (g_atomic_int_get (&arena->finished) < part->turns)
    g_usleep (100);

  g_clear_error (&error);
  if (locked && !g_lock_file_unlock (lock_file, &error))
    violation (part->stage, "unlock: %s", error->message);
}

static void
race_once (const Stage *stage,
           int          n_contenders,
           gboolean     keep,
           gboolean     slowly)
{
  const Part part = { .stage = stage, .turns = n_contenders, .way.slow = slowly };
  Arena *arena = stage->arena;
  pid_t pids[MAX_SLOTS];

  run_process (lock_and_die, &part);
  g_assert_true (g_file_test (stage->lock_path, G_FILE_TEST_EXISTS));

  arena->ready = arena->go = arena->winners = arena->finished = 0;
  arena->entries = arena->previous_holders = 0;
  for (int i = 0; i < n_contenders; i++)
    pids[i] = start_process (keep ? race_and_keep : race_and_pass_on, &part);
  while (g_atomic_int_get (&arena->ready) < n_contenders)
    g_usleep (100);
  g_atomic_int_set (&arena->go, TRUE);
  await_end (stage, pids, n_contenders);

  g_assert_cmpstr (arena->first_violation, ==, "");
  /* A slow remover is waited for, but not by all of the others for long enough (R5a). */
  if (keep && !slowly)
    g_assert_cmpint (arena->winners, ==, 1);
  else if (keep)
    g_assert_cmpint (arena->winners, <=, 1);
  else
    {
      g_assert_cmpint (arena->entries, ==, n_contenders);
      g_assert_cmpint (arena->previous_holders, ==, 1);
    }
  if (keep && arena->winners == 0)
    run_process (lock_and_unlock, &part);
  g_assert_false (g_file_test (stage->lock_path, G_FILE_TEST_EXISTS));
}

static void
test_stale (gconstpointer data)
{
  const char *parent = data;
  Stage stage;

  if (g_access (parent, W_OK) < 0)
    {
      g_test_skip_printf ("%s is not there", parent);
      return;
    }

  stage_init (&stage, parent);
  for (int n_contenders = 2; n_contenders <= MAX_SLOTS; n_contenders++)
    {
      for (int round = 0; round < STALE_ROUNDS; round++)
        race_once (&stage, n_contenders, round % 2 == 0, round % 4 >= 2);
    }
  g_assert_cmpuint (count_litter (&stage, FALSE), ==, 0);
  g_assert_cmpstr (stage.arena->first_violation, ==, "");
  stage_clear (&stage);
}

/* A word about every look would be half of what this test does. */
static void
ignore_cb (const char     *domain,
           GLogLevelFlags  level,
           const char     *message,
           gpointer        data)
{
}

int
main (int    argc,
      char **argv)
{
  static const GOptionEntry entries[] = {
    { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "How long each violent test runs (3)", "N" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_ignore_unknown_options (context, TRUE);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_parse (context, &argc, &argv, NULL);
  g_test_init (&argc, &argv, NULL);
  g_log_set_handler (G_LOG_DOMAIN, G_LOG_LEVEL_DEBUG, ignore_cb, NULL);

  g_test_add_data_func ("/stress/turns/disk", &scenarios[0], test_turns);
  g_test_add_data_func ("/stress/turns/memory", &scenarios[1], test_turns);
  g_test_add_data_func ("/stress/mixed/disk", &scenarios[2], test_turns);
  g_test_add_data_func ("/stress/mixed/memory", &scenarios[3], test_turns);
  g_test_add_data_func ("/stress/violence/disk", &scenarios[4], test_turns);
  g_test_add_data_func ("/stress/violence/memory", &scenarios[5], test_turns);
  g_test_add_data_func ("/stress/violence-mixed/disk", &scenarios[6], test_turns);
  g_test_add_data_func ("/stress/violence-mixed/memory", &scenarios[7], test_turns);
  g_test_add_data_func ("/stress/stale/disk", "/var/tmp", test_stale);
  g_test_add_data_func ("/stress/stale/memory", "/dev/shm", test_stale);

  return g_test_run ();
}
