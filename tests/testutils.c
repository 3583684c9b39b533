/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "testutils.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A thread counts as waiting when it has slept for so long without a wake-up. */
#define QUIET_TIME (30 * G_TIME_SPAN_MILLISECOND)

/* Folders and files */

void
test_folder_set_up (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  folder->path = g_dir_make_tmp ("glockfile-test-XXXXXX", &error);
  g_assert_no_error (error);
  folder->lock_file = g_build_filename (folder->path, "test.lock", NULL);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *entry = g_build_filename (path, name, NULL);

      if (!g_file_test (entry, G_FILE_TEST_IS_SYMLINK) && g_file_test (entry, G_FILE_TEST_IS_DIR))
        remove_tree (entry);
      else
        g_assert_cmpint (g_unlink (entry), ==, 0);
    }
  g_assert_cmpint (g_rmdir (path), ==, 0);
}

void
test_folder_tear_down (TestFolder    *folder,
                       gconstpointer  data)
{
  g_assert_cmpint (g_chmod (folder->path, 0700), ==, 0);
  remove_tree (folder->path);
  g_clear_pointer (&folder->path, g_free);
  g_clear_pointer (&folder->lock_file, g_free);
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

void
test_folder_assert_files (TestFolder *folder,
                          ...)
{
  g_autoptr (GDir) directory = g_dir_open (folder->path, 0, NULL);
  g_autoptr (GPtrArray) seen = g_ptr_array_new ();
  g_autoptr (GPtrArray) expected = g_ptr_array_new ();
  g_autofree char *seen_text = NULL;
  g_autofree char *expected_text = NULL;
  const char *name;
  va_list names;

  g_assert_nonnull (directory);
  while ((name = g_dir_read_name (directory)) != NULL)
    g_ptr_array_add (seen, (char *) name);
  va_start (names, folder);
  while ((name = va_arg (names, const char *)) != NULL)
    g_ptr_array_add (expected, (char *) name);
  va_end (names);

  g_ptr_array_sort (seen, compare_names);
  g_ptr_array_sort (expected, compare_names);
  g_ptr_array_add (seen, NULL);
  g_ptr_array_add (expected, NULL);
  seen_text = g_strjoinv (", ", (char **) seen->pdata);
  expected_text = g_strjoinv (", ", (char **) expected->pdata);
  g_assert_cmpstr (seen_text, ==, expected_text);
}

void
test_file_write (const char *file_name,
                 const char *content)
{
  int fd = g_open (file_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, content, strlen (content)), ==, strlen (content));
  close (fd);
}

char *
test_file_read (const char *file_name)
{
  g_autoptr (GError) error = NULL;
  char *content = NULL;

  g_file_get_contents (file_name, &content, NULL, &error);
  g_assert_no_error (error);
  return content;
}

void
test_file_set_age (const char *file_name,
                   double      seconds)
{
  gint64 time = g_get_real_time () - (gint64) (seconds * G_USEC_PER_SEC);
  struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };

  times[1].tv_sec = time / G_USEC_PER_SEC;
  times[1].tv_nsec = time % G_USEC_PER_SEC * 1000;
  g_assert_cmpint (utimensat (AT_FDCWD, file_name, times, 0), ==, 0);
}

static char *
read_first_line (const char *file_name)
{
  char *content = NULL;

  if (!g_file_get_contents (file_name, &content, NULL, NULL))
    return NULL;

  return g_strstrip (content);
}

char *
test_qt_content (gint64      pid,
                 const char *app_name,
                 const char *hostname,
                 const char *machine_id,
                 const char *boot_id)
{
  g_autofree char *own_app_name = test_app_name ();
  g_autofree char *own_machine_id = read_first_line ("/etc/machine-id");
  g_autofree char *own_boot_id = read_first_line ("/proc/sys/kernel/random/boot_id");

  if (own_machine_id == NULL)
    own_machine_id = read_first_line ("/var/lib/dbus/machine-id");
  if (own_machine_id == NULL)
    own_machine_id = g_strdup ("");
  return g_strdup_printf ("%" G_GINT64_FORMAT "\n%s\n%s\n%s\n%s\n",
                          pid,
                          app_name != NULL ? app_name : own_app_name,
                          hostname != NULL ? hostname : g_get_host_name (),
                          machine_id != NULL ? machine_id : own_machine_id,
                          boot_id != NULL ? boot_id : own_boot_id);
}

char *
test_app_name (void)
{
  g_autofree char *path = g_file_read_link ("/proc/self/exe", NULL);

  g_assert_nonnull (path);
  return g_path_get_basename (path);
}

static void
await_exit (pid_t pid,
            int  *status)
{
  pid_t result;

  do
    result = waitpid (pid, status, 0);
  while (result < 0 && errno == EINTR);
  g_assert_cmpint (result, ==, pid);
}

pid_t
test_fork_patiently (void)
{
  gint64 deadline = g_get_monotonic_time () + TEST_TIME_LIMIT;
  pid_t pid;

  while ((pid = fork ()) < 0)
    {
      if (errno != EAGAIN || g_get_monotonic_time () > deadline)
        g_error ("Cannot fork: %s", g_strerror (errno));
      g_usleep (10 * G_TIME_SPAN_MILLISECOND);
    }
  return pid;
}

pid_t
test_dead_pid (void)
{
  pid_t pid = test_fork_patiently ();

  if (pid == 0)
    _exit (0);
  await_exit (pid, NULL);
  return pid;
}

/* What /proc says about a thread */

static char *
read_task_file (pid_t       pid,
                pid_t       thread_id,
                const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/%s", (int) pid, (int) thread_id, name);
  g_autofree char *content = NULL;

  if (!g_file_get_contents (path, &content, NULL, NULL))
    return NULL;
  return g_steal_pointer (&content);
}

static gint64
count_switches (const char *status)
{
  const char *voluntary = strstr (status, "\nvoluntary_ctxt_switches:");

  g_assert_nonnull (voluntary);
  return g_ascii_strtoll (strchr (voluntary, ':') + 1, NULL, 10);
}

void
test_costs_of_thread (pid_t      pid,
                      pid_t      thread_id,
                      TestCosts *costs)
{
  g_autofree char *schedstat = read_task_file (pid, thread_id, "schedstat");
  g_autofree char *status = read_task_file (pid, thread_id, "status");

  memset (costs, 0, sizeof *costs);
  if (schedstat == NULL || status == NULL)
    return;
  costs->cpu_time = g_ascii_strtoll (schedstat, NULL, 10);
  costs->wake_ups = count_switches (status);
  costs->threads = 1;
}

void
test_costs_of_process (pid_t      pid,
                       TestCosts *costs)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", (int) pid);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  g_assert_nonnull (directory);
  memset (costs, 0, sizeof *costs);
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      TestCosts thread;

      test_costs_of_thread (pid, atoi (name), &thread);
      costs->cpu_time += thread.cpu_time;
      costs->wake_ups += thread.wake_ups;
      costs->threads += thread.threads;
    }
}

int
test_count_descriptors (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  int count = 0;

  g_assert_nonnull (directory);
  while (g_dir_read_name (directory) != NULL)
    count++;

  /* The one that looks is not counted. */
  return count - 1;
}

/* A thread that sleeps, and has not been awake in between, has nothing left to
 * do: a wait for a mutex, or a look's short pauses, end sooner. */
static void
await_quiet_thread (pid_t pid,
                    pid_t thread_id)
{
  gint64 deadline = g_get_monotonic_time () + TEST_TIME_LIMIT;
  gint64 quiet_since = 0;
  gint64 switches_before = -1;

  while (TRUE)
    {
      g_autofree char *status = read_task_file (pid, thread_id, "status");
      gint64 now = g_get_monotonic_time ();
      gint64 switches;

      g_assert_nonnull (status);
      switches = count_switches (status);
      if (strstr (status, "\nState:\tS") == NULL || switches != switches_before)
        quiet_since = now;
      if (now - quiet_since >= QUIET_TIME)
        return;
      if (now > deadline)
        g_error ("Thread %d of process %d does not come to rest", (int) thread_id, (int) pid);
      switches_before = switches;
      g_usleep (QUIET_TIME / 10);
    }
}

/* The other process */

struct _TestHelper
{
  GPid     pid;
  gboolean running;
  int      input;
  int      output;
  GString *received;
};

TestHelper *
test_helper_start (const char *lock_file,
                   ...)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *greeting = NULL;
  g_autofree char *expected = NULL;
  TestHelper *helper = g_new0 (TestHelper, 1);
  const char *option;
  va_list options;

  g_ptr_array_add (arguments, (char *) g_getenv ("GLOCKFILE_TEST_HELPER"));
  g_assert_nonnull (arguments->pdata[0]);
  va_start (options, lock_file);
  while ((option = va_arg (options, const char *)) != NULL)
    g_ptr_array_add (arguments, (char *) option);
  va_end (options);
  g_ptr_array_add (arguments, (char *) "--");
  g_ptr_array_add (arguments, (char *) lock_file);
  g_ptr_array_add (arguments, NULL);

  helper->running = g_spawn_async_with_pipes (NULL, (char **) arguments->pdata, NULL,
                                              G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES,
                                              NULL, NULL, &helper->pid, &helper->input,
                                              &helper->output, NULL, &error);
  g_assert_no_error (error);
  helper->received = g_string_new (NULL);

  greeting = test_helper_read (helper);
  expected = g_strdup_printf ("ready %d", helper->pid);
  g_assert_cmpstr (greeting, ==, expected);
  return helper;
}

pid_t
test_helper_get_pid (TestHelper *helper)
{
  return helper->pid;
}

void
test_helper_send (TestHelper *helper,
                  const char *command)
{
  g_autofree char *line = g_strconcat (command, "\n", NULL);

  g_assert_cmpint (write (helper->input, line, strlen (line)), ==, strlen (line));
}

gboolean
test_helper_has_answer (TestHelper *helper,
                        gint64      timeout)
{
  gint64 deadline = g_get_monotonic_time () + timeout;

  while (strchr (helper->received->str, '\n') == NULL)
    {
      struct pollfd output = { .fd = helper->output, .events = POLLIN };
      gint64 left = deadline - g_get_monotonic_time ();
      char buffer[4096];
      ssize_t length;

      if (poll (&output, 1, left > 0 ? (left + 999) / 1000 : 0) < 1)
        {
          if (left <= 0)
            return FALSE;
          continue;
        }

      length = read (helper->output, buffer, sizeof buffer);
      if (length <= 0)
        g_error ("The helper %d has ended without an answer", helper->pid);
      g_string_append_len (helper->received, buffer, length);
    }

  return TRUE;
}

char *
test_helper_read (TestHelper *helper)
{
  size_t length;
  char *answer;

  if (!test_helper_has_answer (helper, TEST_TIME_LIMIT))
    g_error ("The helper %d does not answer", helper->pid);

  length = strchr (helper->received->str, '\n') - helper->received->str;
  answer = g_strndup (helper->received->str, length);
  g_string_erase (helper->received, 0, length + 1);
  return answer;
}

char *
test_helper_ask (TestHelper *helper,
                 const char *command)
{
  test_helper_send (helper, command);
  return test_helper_read (helper);
}

void
test_helper_await_sleep (TestHelper *helper)
{
  await_quiet_thread (helper->pid, helper->pid);
}

void
test_helper_kill (TestHelper *helper)
{
  g_assert_true (helper->running);
  kill (helper->pid, SIGKILL);
  await_exit (helper->pid, NULL);
  helper->running = FALSE;
}

void
test_helper_finish (TestHelper *helper)
{
  int status;

  g_assert_true (helper->running);
  close (g_steal_fd (&helper->input));
  await_exit (helper->pid, &status);
  helper->running = FALSE;
  g_assert_cmpint (status, ==, 0);
}

void
test_helper_free (TestHelper *helper)
{
  if (helper->running)
    test_helper_kill (helper);
  if (helper->input >= 0)
    close (helper->input);
  close (helper->output);
  g_string_free (helper->received, TRUE);
  g_free (helper);
}

void
test_crash_while_holding (const char *lock_file)
{
  g_autoptr (TestHelper) helper = test_helper_start (lock_file, NULL);

  test_assert_answer (helper, "lock", "ok");
  test_helper_kill (helper);
}

/* Threads */

static gpointer
waiter_thread (gpointer data)
{
  static int turns;
  TestWaiter *waiter = data;

  g_atomic_int_set (&waiter->thread_id, gettid ());
  waiter->success = g_lock_file_try_lock (waiter->lock_file, waiter->timeout, waiter->cancellable,
                                          &waiter->error);
  waiter->ended = g_get_monotonic_time ();
  if (!waiter->success)
    return NULL;

  /* Still under the lock, so that the turns are counted in the order of service. */
  waiter->turn = g_atomic_int_add (&turns, 1);
  if (waiter->unlock)
    {
      g_autoptr (GError) error = NULL;

      g_lock_file_unlock (waiter->lock_file, &error);
      g_assert_no_error (error);
    }
  return NULL;
}

TestWaiter *
test_waiter_start (GLockFile    *lock_file,
                   int           timeout,
                   GCancellable *cancellable,
                   gboolean      unlock)
{
  TestWaiter *waiter = g_new0 (TestWaiter, 1);

  waiter->lock_file = g_object_ref (lock_file);
  waiter->timeout = timeout;
  g_set_object (&waiter->cancellable, cancellable);
  waiter->unlock = unlock;
  waiter->thread = g_thread_new ("waiter", waiter_thread, waiter);
  return waiter;
}

void
test_waiter_await_sleep (TestWaiter *waiter)
{
  while (g_atomic_int_get (&waiter->thread_id) == 0)
    g_usleep (100);
  await_quiet_thread (getpid (), g_atomic_int_get (&waiter->thread_id));
}

void
test_waiter_join (TestWaiter *waiter)
{
  g_thread_join (g_steal_pointer (&waiter->thread));
}

void
test_waiter_free (TestWaiter *waiter)
{
  if (waiter->thread != NULL)
    test_waiter_join (waiter);
  g_clear_object (&waiter->lock_file);
  g_clear_object (&waiter->cancellable);
  g_clear_error (&waiter->error);
  g_free (waiter);
}
