/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "lockfile/glockfile-descriptors.h"
#include "lockfile/glockfile-process.h"
#include "testutils.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* This process and others, as the lock file of one names it. */

static const char * const matches[] = { "unknown", "same", "different" };
static const char * const processes[] = { "unknown", "alive", "certain", "dead", "reused" };

#define SAME G_LOCK_FILE_MATCH_SAME
#define DIFFERENT G_LOCK_FILE_MATCH_DIFFERENT
#define UNKNOWN G_LOCK_FILE_MATCH_UNKNOWN

#define assert_match(seen, expected) \
  g_assert_cmpstr (matches[seen], ==, expected)

/* Seen from the same boot and host. */
#define assert_process(record, file_age, expected) \
  g_assert_cmpstr (processes[g_lock_file_process_look (record, SAME, SAME, file_age)], ==, expected)

/* What a file says that this process wrote. */
static void
fill_record (GLockFileRecord *record)
{
  static char hostname[256];

  memset (record, 0, sizeof *record);
  record->writer = G_LOCK_FILE_WRITER_OURS;
  record->hostname = hostname;
  g_lock_file_process_get_hostname (hostname, sizeof hostname);
  g_lock_file_process_fill_record (record);
}

/* The same as Qt would say it: when the process started, and where its number
 * counts, stand nowhere. */
static void
fill_qt_record (GLockFileRecord *record)
{
  fill_record (record);
  record->writer = G_LOCK_FILE_WRITER_QT;
  record->started = 0;
  record->pid_namespace = 0;
}

/* --- Other processes -------------------------------------------------------- */

/* A child that lives until it is told to end, or this program has ended. */
typedef struct
{
  pid_t pid;
  guint64 started;              /* as the child sees it */
  int end;
} Child;

typedef void (* ChildFunc) (void);

static void
run_child (ChildFunc function,
           int       answers,
           int       end)
{
  GLockFileRecord record;
  char byte;

  if (function != NULL)
    function ();
  fill_record (&record);
  if (record.pid != getpid () ||
      write (answers, &record.started, sizeof record.started) != sizeof record.started)
    _exit (1);
  pthread_setcancelstate (PTHREAD_CANCEL_ENABLE, NULL);
  while (read (end, &byte, 1) < 0 && errno == EINTR)
    ;
  _exit (0);
}

static void
start_child (Child     *child,
             ChildFunc  function)
{
  int answers[2], end[2];

  g_assert_cmpint (pipe2 (answers, O_CLOEXEC), ==, 0);
  g_assert_cmpint (pipe2 (end, O_CLOEXEC), ==, 0);
  child->pid = fork ();
  if (child->pid == 0)
    {
      close (end[1]);
      run_child (function, answers[1], end[0]);
    }
  g_assert_cmpint (child->pid, >, 0);
  close (answers[1]);
  close (end[0]);
  child->end = end[1];
  g_assert_cmpint (read (answers[0], &child->started, sizeof child->started), ==,
                   sizeof child->started);
  close (answers[0]);
}

/* Waits until it has ended. It is a zombie then. */
static void
await_end (Child *child)
{
  siginfo_t info;

  g_assert_cmpint (waitid (P_PID, child->pid, &info, WEXITED | WNOWAIT), ==, 0);
}

static void
reap_child (Child *child)
{
  g_assert_cmpint (waitpid (child->pid, NULL, 0), ==, child->pid);
}

static void
end_child (Child *child)
{
  close (child->end);
  reap_child (child);
}

static void
fill_record_of (GLockFileRecord *record,
                const Child     *child)
{
  fill_record (record);
  record->pid = child->pid;
  record->started = child->started;
}

/* --- This process ----------------------------------------------------------- */

static void
test_fill_record (void)
{
  g_autofree char *app_name = test_app_name ();
  g_autofree char *boot_id = NULL;
  char hostname[256];
  GLockFileRecord record;
  struct passwd *user = getpwuid (geteuid ());
  struct stat buffer;

  fill_record (&record);
  g_assert_cmpint (record.pid, ==, getpid ());
  g_assert_cmpstr (record.app_name, ==, app_name);
  g_assert_cmpint (gethostname (hostname, sizeof hostname), ==, 0);
  g_assert_cmpstr (record.hostname, ==, hostname);
  g_assert_cmpstr (record.user_name, ==, user != NULL ? user->pw_name : NULL);

  g_assert_true (g_file_get_contents ("/proc/sys/kernel/random/boot_id", &boot_id, NULL, NULL));
  g_assert_cmpstr (record.boot_id, ==, g_strchomp (boot_id));
  g_assert_true (g_lock_file_record_is_id (record.boot_id));

  g_assert_cmpint (stat ("/proc/self/ns/pid", &buffer), ==, 0);
  g_assert_cmpuint (record.pid_namespace, ==, buffer.st_ino);
  g_assert_cmpuint (record.started, >, 0);
}

static void
test_machine_id (void)
{
  static const char * const files[] = { "/etc/machine-id", "/var/lib/dbus/machine-id" };
  g_autofree char *machine_id = NULL;
  GLockFileRecord record;

  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      if (machine_id == NULL && g_file_get_contents (files[i], &machine_id, NULL, NULL))
        {
          machine_id[strcspn (machine_id, "\n")] = '\0';
          if (*machine_id == '\0')
            g_clear_pointer (&machine_id, g_free);
        }
    }
  fill_record (&record);
  g_assert_cmpstr (record.machine_id, ==, machine_id != NULL ? machine_id : "");
}

static void
test_own (void)
{
  GLockFileRecord record;

  fill_record (&record);
  assert_process (&record, 0, "certain");
  assert_process (&record, -1, "certain");
  /* Its own file may be older than it by other clocks. */
  assert_process (&record, G_MAXINT64 / 1000, "certain");

  /* Certain by its start, whatever its executable is called. */
  record.app_name = (char *) "gedit";
  assert_process (&record, 0, "certain");

  record.started++;
  assert_process (&record, 0, "reused");
  record.started -= 2;
  assert_process (&record, 0, "reused");
}

static void
test_own_as_qt (void)
{
  GLockFileRecord record;

  fill_qt_record (&record);
  assert_process (&record, 0, "alive");
  assert_process (&record, -1, "alive");

  /* As scripts write it. */
  record.app_name = (char *) "";
  assert_process (&record, 0, "alive");

  record.app_name = (char *) "gedit";
  assert_process (&record, 0, "reused");
}

/* A number counts only where it was given. */
static void
test_not_to_be_seen (void)
{
  static const struct
  {
    GLockFileMatch boot, host;
    const char *expected;
  } cases[] = {
    { SAME, SAME, "certain" },
    { SAME, UNKNOWN, "certain" },
    { SAME, DIFFERENT, "certain" },  /* a container with another machine ID */
    { UNKNOWN, SAME, "certain" },
    { UNKNOWN, UNKNOWN, "unknown" },
    { UNKNOWN, DIFFERENT, "unknown" },
    { DIFFERENT, SAME, "unknown" },
    { DIFFERENT, UNKNOWN, "unknown" },
    { DIFFERENT, DIFFERENT, "unknown" },
  };
  GLockFileRecord record;

  fill_record (&record);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GLockFileProcess seen = g_lock_file_process_look (&record, cases[i].boot, cases[i].host, 0);

      g_test_message ("boot %s, host %s", matches[cases[i].boot], matches[cases[i].host]);
      g_assert_cmpstr (processes[seen], ==, cases[i].expected);
    }

  /* Also not that it is dead. */
  record.pid = test_dead_pid ();
  assert_process (&record, 0, "dead");
  record.pid_namespace++;
  assert_process (&record, 0, "unknown");
  fill_record (&record);
  record.pid_namespace++;
  assert_process (&record, 0, "unknown");
}

/* None of them may reach kill(), where they mean many processes, or wrap. */
static void
test_odd_numbers (void)
{
  GLockFileRecord record;

  fill_record (&record);
  record.pid = 0;
  assert_process (&record, 0, "unknown");
  record.pid = -1;
  assert_process (&record, 0, "unknown");
  record.pid = G_MININT64;
  assert_process (&record, 0, "unknown");
  record.pid = G_MAXINT64;
  assert_process (&record, 0, "dead");
  record.pid = (gint64) getpid () + ((gint64) 1 << 32);
  assert_process (&record, 0, "dead");
}

static void
test_boot_clock (void)
{
  struct timespec before, after;
  gint64 clock;

  clock_gettime (CLOCK_BOOTTIME, &before);
  clock = g_lock_file_process_boot_clock ();
  clock_gettime (CLOCK_BOOTTIME, &after);
  g_assert_cmpint (clock, >=, before.tv_sec * G_USEC_PER_SEC + before.tv_nsec / 1000);
  g_assert_cmpint (clock, <=, after.tv_sec * G_USEC_PER_SEC + after.tv_nsec / 1000);
}

/* --- Children --------------------------------------------------------------- */

static void
test_child (void)
{
  GLockFileRecord own, record;
  Child child;

  fill_record (&own);
  start_child (&child, NULL);
  fill_record_of (&record, &child);
  assert_process (&record, 0, "certain");

  /* R15: what a process knows of itself is not its child's. */
  g_assert_cmpuint (child.started, >=, own.started);

  record.started = 0;
  assert_process (&record, 0, "alive");
  g_assert_cmpint (kill (child.pid, SIGSTOP), ==, 0);
  g_assert_cmpint (waitpid (child.pid, NULL, WUNTRACED), ==, child.pid);
  assert_process (&record, 0, "alive");
  g_assert_cmpint (kill (child.pid, SIGCONT), ==, 0);
  end_child (&child);
}

/* It has closed all its files; its parent has only not asked yet how it ended. */
static void
test_zombie (void)
{
  GLockFileRecord record;
  Child child;

  start_child (&child, NULL);
  fill_record_of (&record, &child);
  close (child.end);
  await_end (&child);
  assert_process (&record, 0, "dead");
  record.started = 0;
  assert_process (&record, 0, "dead");
  reap_child (&child);
  assert_process (&record, 0, "dead");
}

static void
test_killed (void)
{
  GLockFileRecord record;
  Child child;

  start_child (&child, NULL);
  fill_record_of (&record, &child);
  g_assert_cmpint (kill (child.pid, SIGKILL), ==, 0);
  await_end (&child);
  assert_process (&record, 0, "dead");
  end_child (&child);
  assert_process (&record, 0, "dead");
}

static void *
outlive_first_thread (void *data)
{
  pthread_cancel (*(pthread_t *) data);
  pause ();
  return NULL;
}

/* Once it has answered, the first thread is at an end. */
static void
start_thread (void)
{
  static pthread_t first_thread;
  pthread_t thread;

  first_thread = pthread_self ();
  pthread_setcancelstate (PTHREAD_CANCEL_DISABLE, NULL);
  if (pthread_create (&thread, NULL, outlive_first_thread, &first_thread) != 0)
    _exit (1);
}

static char
first_thread_state (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *content = NULL;

  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  return strrchr (content, ')')[2];
}

/* A program may end its first thread and go on with others: it looks like a
 * zombie, and holds its files. */
static void
test_first_thread_ended (void)
{
  GLockFileRecord record;
  gint64 until = g_get_monotonic_time () + TEST_TIME_LIMIT;
  Child child;

  start_child (&child, start_thread);
  fill_record_of (&record, &child);
  while (first_thread_state (child.pid) != 'Z' && g_get_monotonic_time () < until)
    g_usleep (1000);
  g_assert_cmpint (first_thread_state (child.pid), ==, 'Z');
  assert_process (&record, 0, "certain");
  g_assert_cmpint (kill (child.pid, SIGKILL), ==, 0);
  await_end (&child);
  assert_process (&record, 0, "dead");
  end_child (&child);
}

static void
take_odd_name (void)
{
  if (prctl (PR_SET_NAME, ") Z 1 (\n) 2") != 0)
    _exit (1);
}

/* The name of a command stands before its state in /proc, as it is. */
static void
test_odd_command_name (void)
{
  GLockFileRecord record;
  Child child;

  start_child (&child, take_odd_name);
  fill_record_of (&record, &child);
  assert_process (&record, 0, "certain");
  end_child (&child);
}

/* Where every program has the same small number and name, as in a sandbox: one
 * that started after the file was changed did not write it. */
static void
test_started_after_file (void)
{
  const gint64 hour = 3600 * 1000;
  GLockFileRecord record;
  Child child;

  start_child (&child, NULL);
  fill_qt_record (&record);
  record.pid = child.pid;
  assert_process (&record, hour, "reused");
  assert_process (&record, G_MAXINT64 / 1000, "reused");
  /* Two seconds are left for clocks that do not quite agree. */
  assert_process (&record, 1900, "alive");
  assert_process (&record, 0, "alive");
  /* Nothing is known of the file's age. */
  assert_process (&record, -1, "alive");

  fill_record_of (&record, &child);
  assert_process (&record, hour, "certain");
  end_child (&child);
}

/* --- Executables ------------------------------------------------------------- */

/* Also a test that fails leaves nothing running. */
static void
end_with_parent_cb (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

/* Starts a program of that name. */
static pid_t
spawn_named (TestFolder *folder,
             const char *name)
{
  g_autofree char *sleep_path = g_find_program_in_path ("sleep");
  g_autofree char *path = g_build_filename (folder->path, name, NULL);
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  char *argv[] = { path, (char *) "3600", NULL };
  gsize size;
  GPid pid;

  g_assert_true (g_file_get_contents (sleep_path, &content, &size, NULL));
  g_file_set_contents_full (path, content, size, G_FILE_SET_CONTENTS_NONE, 0700, &error);
  g_assert_no_error (error);
  g_spawn_async (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, end_with_parent_cb, NULL,
                 &pid, &error);
  g_assert_no_error (error);
  return pid;
}

static void
end_spawned (pid_t pid)
{
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}

static void
assert_executable (TestFolder *folder,
                   const char *name,
                   const char *name_in_file)
{
  g_autofree char *path = g_build_filename (folder->path, name, NULL);
  pid_t pid = spawn_named (folder, name);
  GLockFileRecord record;

  fill_qt_record (&record);
  record.pid = pid;
  record.app_name = (char *) name_in_file;
  assert_process (&record, 0, "alive");
  record.app_name = (char *) "gedit";
  assert_process (&record, 0, "reused");
  record.app_name = (char *) "";
  assert_process (&record, 0, "alive");

  /* Replaced by an update while it runs. */
  g_assert_cmpint (unlink (path), ==, 0);
  record.app_name = (char *) name_in_file;
  assert_process (&record, 0, "alive");
  record.app_name = (char *) "gedit";
  assert_process (&record, 0, "reused");

  end_spawned (pid);
}

static void
test_executable (TestFolder    *folder,
                 gconstpointer  data)
{
  assert_executable (folder, "program", "program");
  assert_executable (folder, "program (deleted) still there", "program (deleted) still there");
  assert_executable (folder, "Übersetzer", "Übersetzer");
  assert_executable (folder, "Gr\xfc\xdf" "e\n", "Gr??e?");
  /* As Qt may write it. */
  assert_executable (folder, "Gr\xfc\xdf" "e", "Gr\xef\xbf\xbd\xef\xbf\xbd" "e");
}

/* Another user's process can be counted, but its executable not be seen. */
static void
test_other_user (void)
{
  GLockFileRecord record;
  pid_t pid;
  int status;

  fill_qt_record (&record);
  record.pid = 1;
  record.app_name = (char *) "no-such-program";

  pid = fork ();
  if (pid == 0)
    {
      if (geteuid () == 0 && setuid (65534) != 0)
        _exit (100);
      if (kill (1, 0) == 0 || errno != EPERM)
        _exit (101);
      _exit (g_lock_file_process_look (&record, SAME, SAME, 0));
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, G_LOCK_FILE_PROCESS_ALIVE);
}

/* --- Boot and host ----------------------------------------------------------- */

static const char * const no_ids[] = { "", "uninitialized", "c0ffee", "0",
                                       "no ID at all, but just as long" };

/* An ID of the same form, but another one. */
static char *
other_id (const char *id)
{
  char *other = g_strdup (id);

  other[0] = other[0] == '0' ? '1' : '0';
  return other;
}

static void
test_match_boot (void)
{
  GLockFileRecord record;
  g_autofree char *other = NULL, *upper = NULL;

  fill_record (&record);
  assert_match (g_lock_file_process_match_boot (&record), "same");
  other = other_id (record.boot_id);
  upper = g_ascii_strup (record.boot_id, -1);

  record.boot_id = upper;
  assert_match (g_lock_file_process_match_boot (&record), "same");
  record.boot_id = other;
  assert_match (g_lock_file_process_match_boot (&record), "different");

  for (gsize i = 0; i < G_N_ELEMENTS (no_ids); i++)
    {
      record.boot_id = (char *) no_ids[i];
      assert_match (g_lock_file_process_match_boot (&record), "unknown");
    }

  /* The same boot is the same kernel, whatever the host is called. */
  fill_record (&record);
  record.hostname = record.machine_id = (char *) "";
  assert_match (g_lock_file_process_match_boot (&record), "same");
}

static void
test_match_host (void)
{
  GLockFileRecord record;
  g_autofree char *other = NULL;

  fill_record (&record);
  if (!g_lock_file_record_is_id (record.machine_id))
    {
      g_test_skip ("This system has no machine ID");
      return;
    }
  assert_match (g_lock_file_process_match_host (&record, FALSE), "same");
  assert_match (g_lock_file_process_match_host (&record, TRUE), "same");

  /* Renamed since; or on a shared volume a clone of this machine. */
  record.hostname = (char *) "another-host";
  assert_match (g_lock_file_process_match_host (&record, FALSE), "same");
  assert_match (g_lock_file_process_match_host (&record, TRUE), "different");

  /* Two machines that are both called "localhost". */
  fill_record (&record);
  record.machine_id = other = other_id (record.machine_id);
  assert_match (g_lock_file_process_match_host (&record, FALSE), "different");
  assert_match (g_lock_file_process_match_host (&record, TRUE), "different");
}

/* Where an ID says nothing, the name decides. */
static void
test_match_host_without_id (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (no_ids); i++)
    {
      for (guint shared = 0; shared < 2; shared++)
        {
          GLockFileRecord record;

          fill_record (&record);
          record.machine_id = (char *) no_ids[i];
          assert_match (g_lock_file_process_match_host (&record, shared), "same");
          record.hostname = (char *) "another-host";
          assert_match (g_lock_file_process_match_host (&record, shared), "different");
          record.hostname = (char *) "";
          assert_match (g_lock_file_process_match_host (&record, shared), "same");
        }
    }
}

/* --- Tokens ------------------------------------------------------------------ */

#define N_TOKENS 100000

typedef char Token[37];

static void
assert_uuid (const char *token)
{
  static const char form[] = "xxxxxxxx-xxxx-4xxx-Nxxx-xxxxxxxxxxxx";

  g_assert_cmpuint (strlen (token), ==, strlen (form));
  for (gsize i = 0; form[i] != '\0'; i++)
    {
      const char *allowed = form[i] == 'x' ? "0123456789abcdef" : form[i] == 'N' ? "89ab" : NULL;

      if (allowed != NULL ? strchr (allowed, token[i]) == NULL : token[i] != form[i])
        g_error ("“%s” is no version 4 UUID", token);
    }
}

static void
assert_new (GHashTable *known,
            const char *token)
{
  assert_uuid (token);
  if (!g_hash_table_add (known, g_strdup (token)))
    g_error ("“%s” came twice", token);
}

static void
make_tokens (Token *tokens,
             guint  n)
{
  for (guint i = 0; i < n; i++)
    g_lock_file_process_new_token (tokens[i]);
}

static gpointer
make_tokens_thread (gpointer data)
{
  make_tokens (data, N_TOKENS / 4);
  return NULL;
}

static void
test_token (void)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree Token *tokens = g_new (Token, N_TOKENS);
  GThread *threads[4];

  make_tokens (tokens, N_TOKENS);
  for (guint i = 0; i < N_TOKENS; i++)
    assert_new (known, tokens[i]);

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("tokens", make_tokens_thread,
                               tokens + i * (N_TOKENS / G_N_ELEMENTS (threads)));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < N_TOKENS; i++)
    assert_new (known, tokens[i]);
}

static void
read_all (int    fd,
          void  *buffer,
          gsize  size)
{
  for (gsize n = 0; n < size;)
    {
      gssize result = read (fd, (char *) buffer + n, size - n);

      g_assert_cmpint (result, >, 0);
      n += result;
    }
}

static void
make_tokens_in_child (Token *tokens,
                      guint  n)
{
  gsize size = n * sizeof *tokens;
  pid_t pid;
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  pid = fork ();
  if (pid == 0)
    {
      make_tokens (tokens, n);
      _exit (write (fds[1], tokens, size) == (gssize) size ? 0 : 1);
    }
  close (fds[1]);
  read_all (fds[0], tokens, size);
  close (fds[0]);
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
}

/* A child begins with its parent's memory, and must not go on with its numbers, nor
 * with those that a sibling goes on with. */
static void
test_token_in_children (void)
{
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const guint n = 100;
  Token tokens[400];

  for (guint i = 0; i < 20; i++)
    {
      make_tokens (tokens, 1 + i);
      for (guint k = 0; k < 1 + i; k++)
        assert_new (known, tokens[k]);

      make_tokens_in_child (tokens, n);
      make_tokens_in_child (tokens + n, n);
      make_tokens (tokens + 2 * n, n);
      make_tokens_in_child (tokens + 3 * n, n);
      for (guint k = 0; k < 4 * n; k++)
        assert_new (known, tokens[k]);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* What a program calls itself does not count, only its executable. */
  program_invocation_short_name = (char *) "no-executable";

  /* As before each lock file: from now on the library notices forks. */
  g_lock_file_descriptors_enter ();
  g_lock_file_descriptors_leave ();

  g_test_add_func ("/process/fill-record", test_fill_record);
  g_test_add_func ("/process/machine-id", test_machine_id);
  g_test_add_func ("/process/own", test_own);
  g_test_add_func ("/process/own/as-qt", test_own_as_qt);
  g_test_add_func ("/process/not-to-be-seen", test_not_to_be_seen);
  g_test_add_func ("/process/odd-numbers", test_odd_numbers);
  g_test_add_func ("/process/boot-clock", test_boot_clock);
  g_test_add_func ("/process/child", test_child);
  g_test_add_func ("/process/zombie", test_zombie);
  g_test_add_func ("/process/killed", test_killed);
  g_test_add_func ("/process/first-thread-ended", test_first_thread_ended);
  g_test_add_func ("/process/odd-command-name", test_odd_command_name);
  g_test_add_func ("/process/started-after-file", test_started_after_file);
  g_test_add ("/process/executable", TestFolder, NULL, test_folder_set_up, test_executable,
              test_folder_tear_down);
  g_test_add_func ("/process/other-user", test_other_user);
  g_test_add_func ("/process/match-boot", test_match_boot);
  g_test_add_func ("/process/match-host", test_match_host);
  g_test_add_func ("/process/match-host/without-id", test_match_host_without_id);
  g_test_add_func ("/process/token", test_token);
  g_test_add_func ("/process/token/in-children", test_token_in_children);

  return g_test_run ();
}
