/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* R13: a file system that hangs must not freeze the thread that runs the main
 * context, nor keep back what goes on elsewhere. It is one that sleeps in every
 * call, see sleepyfs.c.
 */

#include "asyncutils.h"
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of each call; and how long the main loop may pause at most. */
#define DELAY 100
#define MAX_GAP (10 * G_TIME_SPAN_MILLISECOND)

#define HUNG 40
#define ROUNDS 20
#define BEAT (1 * G_TIME_SPAN_SECOND)

/* Nothing that is healthy takes so long, however busy the machine is. */
#define NO_HANG (5 * G_TIME_SPAN_SECOND)

/* --- The file system ----------------------------------------------------------- */

typedef struct
{
  TestFolder  parent;
  char       *below;            /* what is seen there */
  char       *mounted;
  char       *slow_lock_file;   /* on it; the parent's is on a healthy volume */
  GPid        pid;
  int         input;
  FILE       *output;
} Place;

static void
expect_answer (Place      *place,
               const char *expected)
{
  char line[16] = "";

  if (fgets (line, sizeof line, place->output) == NULL)
    g_error ("The file system has ended");
  g_assert_cmpstr (g_strchomp (line), ==, expected);
}

static void
set_delay (Place *place,
           int    milliseconds)
{
  g_autofree char *line = g_strdup_printf ("%d\n", milliseconds);

  g_assert_cmpint (write (place->input, line, strlen (line)), ==, strlen (line));
  /* This thread, which runs the main context, has not made a single call there. */
  expect_answer (place, "0");
}

/* A process that dumps its core waits for all its threads, and those that hang in this
 * file system for as long as it is there. */
static pid_t file_system;

static void
end_file_system (int signal_number)
{
  if (file_system > 0)
    kill (file_system, SIGKILL);
}

static void
set_up (Place         *place,
        gconstpointer  data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *thread = g_strdup_printf ("%d", (int) gettid ());
  const char *arguments[] = { SLEEPYFS, NULL, NULL, thread, NULL };
  int output;

  test_folder_set_up (&place->parent, NULL);
  place->below = g_build_filename (place->parent.path, "below", NULL);
  place->mounted = g_build_filename (place->parent.path, "mounted", NULL);
  place->slow_lock_file = g_build_filename (place->mounted, "test.lock", NULL);
  g_assert_no_errno (g_mkdir (place->below, 0755));
  g_assert_no_errno (g_mkdir (place->mounted, 0755));

  if (*SLEEPYFS == '\0' || !g_file_test ("/dev/fuse", G_FILE_TEST_EXISTS))
    {
      g_test_skip (*SLEEPYFS == '\0' ? "libfuse3 was not there at build time"
                                     : "There is no /dev/fuse");
      return;
    }
  arguments[1] = place->below;
  arguments[2] = place->mounted;
  g_spawn_async_with_pipes (NULL, (char **) arguments, NULL,
                            G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES, NULL, NULL,
                            &place->pid, &place->input, &output, NULL, &error);
  g_assert_no_error (error);
  file_system = place->pid;
  place->output = fdopen (output, "r");
  expect_answer (place, "ready");
}

static void
tear_down (Place         *place,
           gconstpointer  data)
{
  int status;

  if (place->pid != 0)
    {
      set_delay (place, 0);
      close (place->input);
      fclose (place->output);
      g_assert_cmpint (waitpid (place->pid, &status, 0), ==, place->pid);
      file_system = 0;
      g_assert_cmpint (status, ==, 0);
    }
  g_free (place->below);
  g_free (place->mounted);
  g_free (place->slow_lock_file);
  test_folder_tear_down (&place->parent, NULL);
}

static gboolean
is_there (Place *place)
{
  return place->pid != 0;
}

/* What is on it, without asking it. */
static gboolean
exists_below (Place      *place,
              const char *name)
{
  g_autofree char *path = g_build_filename (place->below, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
assert_empty_below (Place *place)
{
  TestFolder below = { .path = place->below };

  test_folder_assert_empty (&below);
}

/* --- The pauses of the main loop --------------------------------------------------- */

typedef struct
{
  GSource *timer;
  GArray  *gaps;
  gint64   previous;
} Pulse;

/* The time of this thread, but for that in which it could have gone on, and others had
 * the processor: that says nothing of what it does. */
static gint64
get_own_time (void)
{
  static int fd = -1;
  char buffer[64];
  char *waited;
  ssize_t length;

  if (fd < 0)
    fd = g_open ("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC, 0);
  length = pread (fd, buffer, sizeof buffer - 1, 0);
  g_assert_cmpint (length, >, 0);
  buffer[length] = '\0';
  waited = strchr (buffer, ' ');
  return g_get_monotonic_time () - g_ascii_strtoll (waited, NULL, 10) / 1000;
}

static gboolean
pulse_cb (gpointer data)
{
  Pulse *pulse = data;
  gint64 now = get_own_time ();
  gint64 gap = now - pulse->previous;

  g_array_append_val (pulse->gaps, gap);
  pulse->previous = now;
  return G_SOURCE_CONTINUE;
}

static int
compare_times (gconstpointer a,
               gconstpointer b)
{
  gint64 difference = *(const gint64 *) a - *(const gint64 *) b;

  return difference < 0 ? -1 : difference > 0;
}

static void
pulse_start (Pulse *pulse)
{
  pulse->gaps = g_array_new (FALSE, FALSE, sizeof (gint64));
  pulse->timer = g_timeout_source_new (1);
  g_source_set_callback (pulse->timer, pulse_cb, pulse, NULL);
  g_source_attach (pulse->timer, NULL);
  pulse->previous = get_own_time ();
}

/* Gives the gap that only one in a hundred exceeds. */
static gint64
pulse_stop (Pulse      *pulse,
            const char *what,
            gint64     *longest)
{
  gint64 rare;

  pulse_cb (pulse);
  g_source_destroy (pulse->timer);
  g_source_unref (pulse->timer);
  g_array_sort (pulse->gaps, compare_times);
  rare = g_array_index (pulse->gaps, gint64, pulse->gaps->len * 99 / 100);
  *longest = g_array_index (pulse->gaps, gint64, pulse->gaps->len - 1);
  g_test_message ("%s: of %u gaps one in a hundred is longer than %.3f ms, the longest %.3f ms",
                  what, pulse->gaps->len, rare / 1e3, *longest / 1e3);
  g_array_unref (pulse->gaps);
  return rare;
}

/* The same main loop when nothing is locked: what this machine allows at the time. */
static gint64
pulse_alone (void)
{
  Pulse pulse;
  gint64 longest;

  pulse_start (&pulse);
  test_run_for (G_TIME_SPAN_SECOND);
  return pulse_stop (&pulse, "Without locking", &longest);
}

/* Waiting on this thread for a call of another, for a mutex say, would show as a gap of at
 * least the call's duration; that would be the longest. Some gaps are the machine's, but
 * not more than without locking. */
static void
pulse_assert_steady (Pulse  *pulse,
                     gint64  alone)
{
  gint64 longest;
  gint64 rare = pulse_stop (pulse, "With locking", &longest);

  g_assert_cmpint (longest, <, DELAY * G_TIME_SPAN_MILLISECOND * 3 / 4);
  if (!TEST_SANITIZED)
    g_assert_cmpint (rare, <, MAX (MAX_GAP, 3 * alone));
}

/* --- Tests --------------------------------------------------------------------------- */

/* Every operation, while each call takes its time. */
static void
test_slow (Place         *place,
           gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = NULL;
  g_autoptr (GLockFile) other = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (TestResult) asked = { 0 };
  g_auto (TestResult) refused = { 0 };
  g_auto (TestResult) cancelled = { 0 };
  g_auto (TestResult) removed = { 0 };
  gint64 alone, begin;
  Pulse pulse;

  if (!is_there (place))
    return;
  lock_file = g_lock_file_new (place->slow_lock_file);
  other = g_lock_file_new (place->slow_lock_file);
  alone = pulse_alone ();
  set_delay (place, DELAY);

  pulse_start (&pulse);
  begin = g_get_monotonic_time ();
  test_assert_lock_async (lock_file);
  /* So the file system does sleep. */
  g_assert_cmpint (g_get_monotonic_time () - begin, >, DELAY * G_TIME_SPAN_MILLISECOND);

  g_lock_file_query_info_async (other, G_PRIORITY_DEFAULT, NULL, test_result_cb, &asked);
  test_assert_success (&asked);
  g_assert_cmpint (g_lock_file_info_get_pid (asked.info), ==, getpid ());

  g_lock_file_try_lock_async (other, 0, G_PRIORITY_DEFAULT, NULL, test_result_cb, &refused);
  test_assert_failure (&refused, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  g_lock_file_lock_async (other, G_PRIORITY_DEFAULT, cancellable, test_result_cb, &cancelled);
  test_run_for (DELAY * G_TIME_SPAN_MILLISECOND * 3 / 2);
  g_cancellable_cancel (cancellable);
  test_assert_failure (&cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  test_assert_unlock_async (lock_file);
  pulse_assert_steady (&pulse, alone);
  assert_empty_below (place);

  set_delay (place, 0);
  test_crash_while_holding (place->slow_lock_file);
  set_delay (place, DELAY);
  pulse_start (&pulse);
  g_lock_file_remove_stale_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &removed);
  test_assert_success (&removed);
  pulse_assert_steady (&pulse, alone);
  assert_empty_below (place);
}

/* Heartbeats, and the loss that one of them notices. */
static void
test_slow_loss (Place         *place,
                gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = NULL;
  g_autofree char *below = NULL;
  TestListener listener = { NULL };
  gint64 alone, begin;
  Pulse pulse;

  if (!is_there (place))
    return;
  lock_file = g_lock_file_new (place->slow_lock_file);
  below = g_build_filename (place->below, "test.lock", NULL);
  test_listen (&listener, lock_file);
  g_lock_file_set_stale_lock_time (lock_file, 3 * BEAT / G_TIME_SPAN_MILLISECOND);
  test_assert_lock_async (lock_file);
  set_delay (place, DELAY);
  alone = pulse_alone ();

  pulse_start (&pulse);
  test_run_for (BEAT);
  g_assert_cmpint (listener.n_lost, ==, 0);
  begin = g_get_monotonic_time ();
  g_assert_no_errno (g_unlink (below));
  test_run_until_at_least (&listener.n_lost, 1);
  g_assert_cmpint (listener.time - begin, <, 3 * BEAT);
  pulse_assert_steady (&pulse, alone);
  test_assert_unlock_async (lock_file);
}

/* Cancelled while a call runs: either it is success, or nothing is left. */
static void
test_slow_cancellation (Place         *place,
                        gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = NULL;
  gint64 alone;
  Pulse pulse;
  int successes = 0;

  if (!is_there (place))
    return;
  lock_file = g_lock_file_new (place->slow_lock_file);
  alone = pulse_alone ();
  set_delay (place, DELAY / 10);
  pulse_start (&pulse);
  for (int i = 0; i < ROUNDS; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_auto (TestResult) result = { 0 };

      g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, cancellable, test_result_cb, &result);
      test_run_for (i * 10 * G_TIME_SPAN_MILLISECOND);
      g_cancellable_cancel (cancellable);
      test_run_until (&result.done);
      g_assert_cmpint (result.was_locked, ==, result.success);
      g_assert_cmpint (exists_below (place, "test.lock"), ==, result.success);
      if (result.success)
        {
          successes++;
          test_assert_unlock_async (lock_file);
        }
      else
        {
          g_assert_error (result.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
        }
      assert_empty_below (place);
    }
  g_test_message ("%d of %d got the lock", successes, ROUNDS);
  pulse_assert_steady (&pulse, alone);
}

/* Asks the other process without a pause of the main loop. */
static void
ask (TestHelper *helper,
     const char *command)
{
  test_helper_send (helper, command);
  while (!test_helper_has_answer (helper, 0))
    test_run_for (G_TIME_SPAN_MILLISECOND);
  test_assert_read (helper, "ok");
}

/* Many that hang at the same time, for good. */
typedef struct
{
  GLockFile *lock_files[HUNG];
  TestResult results[HUNG];
} Hung;

static void
hung_begin (Hung  *hung,
            Place *place)
{
  memset (hung, 0, sizeof *hung);
  for (int i = 0; i < HUNG; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%d.lock", place->mounted, i);

      hung->lock_files[i] = g_lock_file_new (path);
      g_lock_file_lock_async (hung->lock_files[i], G_PRIORITY_DEFAULT, NULL, test_result_cb,
                              &hung->results[i]);
    }
}

/* They are as good as before when the file system answers at last. */
static void
hung_end (Hung  *hung,
          Place *place)
{
  for (int i = 0; i < HUNG; i++)
    g_assert_false (hung->results[i].done);
  set_delay (place, 0);
  for (int i = 0; i < HUNG; i++)
    {
      test_assert_success (&hung->results[i]);
      test_assert_unlock_async (hung->lock_files[i]);
      test_result_clear (&hung->results[i]);
      g_object_unref (hung->lock_files[i]);
    }
}

/* On a healthy volume everything goes on. */
static void
test_others_meanwhile (Place         *place,
                       gconstpointer  at_once)
{
  g_autoptr (TestHelper) helper = NULL;
  g_autoptr (GLockFile) lock_file = NULL;
  g_autoptr (GLockFile) other = NULL;
  g_auto (TestResult) waiting = { 0 };
  TestListener listener = { NULL };
  Hung hung;
  gint64 alone, begin;
  Pulse pulse;

  if (!is_there (place))
    return;
  helper = test_helper_start (place->parent.lock_file, NULL);
  lock_file = g_lock_file_new (place->parent.lock_file);
  other = g_lock_file_new (place->parent.lock_file);
  test_listen (&listener, lock_file);
  alone = pulse_alone ();

  set_delay (place, -1);
  pulse_start (&pulse);
  hung_begin (&hung, place);
  if (at_once == NULL)
    test_run_until_quiet ();

  begin = g_get_monotonic_time ();
  for (int i = 0; i < ROUNDS; i++)
    {
      test_assert_lock_async (lock_file);
      g_lock_file_lock_async (other, G_PRIORITY_DEFAULT, NULL, test_result_cb, &waiting);
      test_assert_unlock_async (lock_file);
      test_assert_success (&waiting);
      test_assert_unlock_async (other);
      waiting.done = FALSE;
    }
  g_test_message ("%d turns took %.1f ms", 2 * ROUNDS, (g_get_monotonic_time () - begin) / 1e3);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, NO_HANG);

  /* Another process lets go of one, and removes one. */
  begin = g_get_monotonic_time ();
  ask (helper, "lock");
  g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &waiting);
  test_run_for (DELAY * G_TIME_SPAN_MILLISECOND);
  g_assert_false (waiting.done);
  ask (helper, "unlock");
  test_assert_success (&waiting);
  test_run_for (DELAY * G_TIME_SPAN_MILLISECOND);
  g_assert_no_errno (g_unlink (place->parent.lock_file));
  test_run_until_at_least (&listener.n_lost, 1);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, NO_HANG);

  pulse_assert_steady (&pulse, alone);
  g_test_message ("%d threads", test_count_threads ());
  hung_end (&hung, place);
  assert_empty_below (place);
}

/* Everything that an object can be asked for, while the calls for it hang. */
static void
test_all_hang (Place         *place,
               gconstpointer  data)
{
  g_autoptr (GLockFile) held = NULL;
  g_autoptr (GLockFile) other = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (TestResult) unlocked = { 0 };
  g_auto (TestResult) asked = { 0 };
  g_autoptr (GError) error = NULL;
  gint64 alone;
  Hung hung;
  Pulse pulse;

  if (!is_there (place))
    return;
  held = g_lock_file_new (place->slow_lock_file);
  other = g_lock_file_new (place->slow_lock_file);
  g_lock_file_set_stale_lock_time (held, 3 * BEAT / G_TIME_SPAN_MILLISECOND);
  test_assert_lock_async (held);
  alone = pulse_alone ();

  set_delay (place, -1);
  pulse_start (&pulse);
  hung_begin (&hung, place);
  g_lock_file_query_info_async (other, G_PRIORITY_DEFAULT, cancellable, test_result_cb, &asked);
  /* Long enough for a heartbeat that hangs, too. */
  test_run_for (BEAT * 3 / 2);
  g_cancellable_cancel (cancellable);
  test_assert_failure (&asked, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (g_lock_file_is_locked (held));
  g_assert_false (g_lock_file_lock (hung.lock_files[0], NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_lock_file_unlock_async (held, G_PRIORITY_DEFAULT, NULL, test_result_cb, &unlocked);
  test_run_for (DELAY * G_TIME_SPAN_MILLISECOND);
  g_assert_false (unlocked.done);
  pulse_assert_steady (&pulse, alone);

  hung_end (&hung, place);
  test_assert_success (&unlocked);
  assert_empty_below (place);
}

/* Who cancels is told soon. The object is as good as new, and nothing is left of the
 * operation when the file system answers. */
static void
test_give_up (Place         *place,
              gconstpointer  data)
{
  const gboolean last_reference = GPOINTER_TO_INT (data);
  g_autoptr (GLockFile) lock_file = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GWeakRef gone;
  g_auto (TestResult) cancelled = { 0 };
  g_auto (TestResult) again = { 0 };
  gint64 begin, took;

  if (!is_there (place))
    return;
  lock_file = g_lock_file_new (place->slow_lock_file);
  g_weak_ref_init (&gone, lock_file);
  set_delay (place, -1);
  g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, cancellable, test_result_cb, &cancelled);
  test_run_until_quiet ();
  begin = g_get_monotonic_time ();
  g_cancellable_cancel (cancellable);
  test_assert_failure (&cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  took = g_get_monotonic_time () - begin;
  g_test_message ("It was told after %.1f ms", took / 1e3);
  g_assert_cmpint (took, <, NO_HANG);
  g_assert_false (g_lock_file_is_locked (lock_file));

  if (last_reference)
    {
      g_clear_object (&lock_file);
      set_delay (place, 0);
    }
  else
    {
      /* Meant for the next operation, it must not concern the one that was given up. */
      g_cancellable_reset (cancellable);
      g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, cancellable, test_result_cb, &again);
      test_run_for (DELAY * G_TIME_SPAN_MILLISECOND);
      g_assert_false (again.done);
      set_delay (place, 0);
      test_assert_success (&again);
      g_assert_true (exists_below (place, "test.lock"));
      test_assert_unlock_async (lock_file);
      g_clear_object (&lock_file);
    }

  for (;;)
    {
      g_autoptr (GLockFile) remaining = g_weak_ref_get (&gone);

      if (remaining == NULL)
        break;
      g_clear_object (&remaining);
      test_run_for (G_TIME_SPAN_MILLISECOND);
    }
  assert_empty_below (place);
  g_weak_ref_clear (&gone);
}

/* A fork does not wait for it, and the child has nothing to do with it. */
static void
test_fork (Place         *place,
           gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = NULL;
  Hung hung;
  gint64 begin;
  int status;
  pid_t child;

  if (!is_there (place))
    return;
  lock_file = g_lock_file_new (place->parent.lock_file);
  set_delay (place, -1);
  hung_begin (&hung, place);
  test_run_until_quiet ();

  begin = g_get_monotonic_time ();
  child = fork ();
  if (child == 0)
    {
      alarm (TEST_TIME_LIMIT / G_TIME_SPAN_SECOND);
      for (int i = 0; i < HUNG; i++)
        g_assert_false (g_lock_file_is_locked (hung.lock_files[i]));
      test_assert_lock (lock_file, 0);
      test_assert_unlock (lock_file);
      _exit (0);
    }
  g_test_message ("The fork took %.1f ms", (g_get_monotonic_time () - begin) / 1e3);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, NO_HANG);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  test_assert_lock_async (lock_file);
  test_assert_unlock_async (lock_file);
  hung_end (&hung, place);
}

/* Asking before a document is saved whether the lock is still there: the window goes on, and
 * who cancels is told soon. */
static void
test_verify (Place         *place,
             gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (TestResult) cancelled = { 0 };
  g_auto (TestResult) again = { 0 };
  g_auto (TestResult) lost = { 0 };
  g_autofree char *below = g_build_filename (place->below, "test.lock", NULL);
  TestListener listener = { NULL };
  gint64 alone, begin;
  Pulse pulse;

  if (!is_there (place))
    return;
  lock_file = g_lock_file_new (place->slow_lock_file);
  test_assert_lock_async (lock_file);
  alone = pulse_alone ();

  set_delay (place, -1);
  pulse_start (&pulse);
  g_lock_file_verify_async (lock_file, G_PRIORITY_DEFAULT, cancellable, test_result_cb, &cancelled);
  test_run_for (DELAY * G_TIME_SPAN_MILLISECOND);
  g_assert_false (cancelled.done);
  begin = g_get_monotonic_time ();
  g_cancellable_cancel (cancellable);
  test_assert_failure (&cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, NO_HANG);
  g_assert_true (cancelled.was_locked);

  /* Who asks again is answered as soon as the file system is there again. */
  g_lock_file_verify_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &again);
  test_run_for (DELAY * G_TIME_SPAN_MILLISECOND);
  g_assert_false (again.done);
  pulse_assert_steady (&pulse, alone);
  set_delay (place, 0);
  test_assert_success (&again);
  g_assert_true (again.was_locked);

  test_listen (&listener, lock_file);
  g_assert_no_errno (g_unlink (below));
  g_lock_file_verify_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &lost);
  test_assert_failure (&lost, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST);
  g_assert_false (lost.was_locked);
  g_assert_cmpint (listener.n_lost, ==, 0);
  test_assert_unlock_async (lock_file);
  assert_empty_below (place);
}

#define ADD(name, data, function) \
  g_test_add ("/hang/" name, Place, data, set_up, function, tear_down)

int
main (int    argc,
      char **argv)
{
  g_setenv ("G_SLICE", "always-malloc", TRUE);
  signal (SIGABRT, end_file_system);
  scene_init ();
  g_test_init (&argc, &argv, NULL);
  /* Who else wants the processor is of no interest here. This concerns only the main
   * thread, and may be forbidden. */
  setpriority (PRIO_PROCESS, gettid (), -15);

  ADD ("slow", NULL, test_slow);
  ADD ("slow/loss", NULL, test_slow_loss);
  ADD ("slow/cancellation", NULL, test_slow_cancellation);
  ADD ("others-meanwhile", NULL, test_others_meanwhile);
  ADD ("others-meanwhile/at-once", GINT_TO_POINTER (TRUE), test_others_meanwhile);
  ADD ("all-hang", NULL, test_all_hang);
  ADD ("give-up", NULL, test_give_up);
  ADD ("give-up/last-reference", GINT_TO_POINTER (TRUE), test_give_up);
  ADD ("verify", NULL, test_verify);
  ADD ("fork", NULL, test_fork);

  return g_test_run ();
}
