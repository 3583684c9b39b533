/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Every system call on a lock file fails once, at every place and with every
 * error: whatever the operation then answers, it must not crash, hang or keep a
 * descriptor open, a holder keeps its lock, and nothing is left behind that a
 * fresh lock does not clear away at once.
 */

#include "asyncutils.h"
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <lockfile/glockfile-disk-calls.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* A single case that lasts this long, in seconds, hangs. */
#define PATIENCE 60

/* So long a holder has the lock that is waited for, in microseconds. */
#define TIME_TO_WAIT (2 * G_TIME_SPAN_MILLISECOND)

#define NFS_SUPER_MAGIC 0x6969

static const int errors[] = {
  EINTR, EIO, ENOSPC, EDQUOT, EMFILE, EACCES, EROFS, ENOLCK, EOPNOTSUPP,
};

/* --- The table ----------------------------------------------------------- */

/* How the volume is, beside the fault. */
typedef struct
{
  const char   *name;
  SceneOptions  options;        /* that make a helper go this way */
  gboolean      no_tmpfile;
  gboolean      no_flock;
  gboolean      shared;
} Way;

static GLockFileSystemCalls real_calls;

/* More calls than any operation makes that nothing disturbs. */
#define MAX_CALLS 200

/* Shared with children. */
static struct
{
  const Way  *way;
  gboolean    armed;            /* calls count; atomic, as is their number, for a thread
                                 * may close what a release leaves open (R14) */
  guint       calls;
  guint       position;         /* of the call that fails; 0: none */
  int         error;
  const char *names[MAX_CALLS]; /* of the calls that were made with position 0 */
} *fault;

static gboolean
fails (const char *name)
{
  guint call;

  if (!g_atomic_int_get (&fault->armed))
    return FALSE;

  call = g_atomic_int_add (&fault->calls, 1) + 1;
  if (fault->position == 0)
    {
      g_assert_cmpuint (call, <=, MAX_CALLS);
      fault->names[call - 1] = name;
    }
  if (call != fault->position)
    return FALSE;

  errno = fault->error;
  return TRUE;
}

static int
faulty_open (const char *path,
             int         flags,
             mode_t      mode)
{
  if (fails ("open"))
    return -1;
  if (fault->way->no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE)
    {
      errno = EOPNOTSUPP;
      return -1;
    }

  return real_calls.open (path, flags, mode);
}

/* Whatever close() says, the descriptor is gone; and it does not say much. */
static int
faulty_close (int fd)
{
  int result = real_calls.close (fd);
  gboolean failed = fails ("close");

  return failed && (fault->error == EINTR || fault->error == EIO) ? -1 : result;
}

static ssize_t
faulty_pread (int    fd,
              void  *buffer,
              size_t size,
              off_t  offset)
{
  return fails ("pread") ? -1 : real_calls.pread (fd, buffer, size, offset);
}

static ssize_t
faulty_pwrite (int         fd,
               const void *buffer,
               size_t      size,
               off_t       offset)
{
  return fails ("pwrite") ? -1 : real_calls.pwrite (fd, buffer, size, offset);
}

static int
faulty_flock (int fd,
              int operation)
{
  /* Without kernel locks no file is busy, which is what EACCES says (SMB). */
  if (fails ("flock") && !(fault->way->no_flock && errno == EACCES))
    return -1;
  if (fault->way->no_flock)
    {
      errno = ENOLCK;
      return -1;
    }

  return real_calls.flock (fd, operation);
}

static int
faulty_link_fd (int         fd,
                const char *path)
{
  return fails ("link_fd") ? -1 : real_calls.link_fd (fd, path);
}

static int
faulty_unlink (int         directory,
               const char *path)
{
  return fails ("unlink") ? -1 : real_calls.unlink (directory, path);
}

static int
faulty_lstat (int          directory,
              const char  *path,
              struct stat *buffer)
{
  return fails ("lstat") ? -1 : real_calls.lstat (directory, path, buffer);
}

static int
faulty_fstat (int          fd,
              struct stat *buffer)
{
  return fails ("fstat") ? -1 : real_calls.fstat (fd, buffer);
}

static int
faulty_statfs (const char    *path,
               struct statfs *buffer)
{
  int result;

  if (fails ("statfs"))
    return -1;
  result = real_calls.statfs (path, buffer);
  if (fault->way->shared)
    buffer->f_type = NFS_SUPER_MAGIC;
  return result;
}

static int
faulty_fstatfs (int            fd,
                struct statfs *buffer)
{
  int result;

  if (fails ("fstatfs"))
    return -1;
  result = real_calls.fstatfs (fd, buffer);
  if (fault->way->shared)
    buffer->f_type = NFS_SUPER_MAGIC;
  return result;
}

static int
faulty_futimens (int                   fd,
                 const struct timespec times[2])
{
  return fails ("futimens") ? -1 : real_calls.futimens (fd, times);
}

static int
faulty_fdatasync (int fd)
{
  return fails ("fdatasync") ? -1 : real_calls.fdatasync (fd);
}

static void
install_faults (void)
{
  real_calls = g_lock_file_system_calls;
  g_lock_file_system_calls = (GLockFileSystemCalls) {
    .open = faulty_open,
    .close = faulty_close,
    .pread = faulty_pread,
    .pwrite = faulty_pwrite,
    .flock = faulty_flock,
    .link_fd = faulty_link_fd,
    .unlink = faulty_unlink,
    .lstat = faulty_lstat,
    .fstat = faulty_fstat,
    .statfs = faulty_statfs,
    .fstatfs = faulty_fstatfs,
    .futimens = faulty_futimens,
    .fdatasync = faulty_fdatasync,
  };
}

/* --- Operations ---------------------------------------------------------- */

typedef enum
{
  STANDS_NOTHING,
  STANDS_HOLDER,
  STANDS_HOLDER_WHO_LETS_GO,    /* while somebody waits */
  STANDS_LEFTOVER,
} Stands;

/* Answers whether it succeeded, and sets an error otherwise. */
typedef gboolean (*Operation) (GLockFile  *lock_file,
                               GError    **error);

typedef struct
{
  const char *name;
  Stands      stands;
  Operation   operate;
} Scenario;

static gboolean
try_sync (GLockFile  *lock_file,
          int         timeout,
          GError    **error)
{
  return (g_lock_file_try_lock (lock_file, timeout, NULL, error) &&
          g_lock_file_unlock (lock_file, error));
}

static gboolean
operate_lock (GLockFile  *lock_file,
              GError    **error)
{
  return try_sync (lock_file, 0, error);
}

static gboolean
operate_lock_and_verify (GLockFile  *lock_file,
                         GError    **error)
{
  return (g_lock_file_try_lock (lock_file, 0, NULL, error) &&
          g_lock_file_verify (lock_file, error) &&
          g_lock_file_unlock (lock_file, error));
}

static gboolean
operate_query (GLockFile  *lock_file,
               GError    **error)
{
  g_autoptr (GLockFileInfo) info = g_lock_file_query_info (lock_file, NULL, error);

  return info != NULL;
}

static gboolean
operate_remove (GLockFile  *lock_file,
                GError    **error)
{
  return g_lock_file_remove_stale (lock_file, NULL, error);
}

static gboolean
end_async (TestResult  *result,
           GError     **error)
{
  test_run_until (&result->done);
  if (!result->success)
    g_propagate_error (error, g_steal_pointer (&result->error));
  return result->success;
}

static gboolean
unlock_async (GLockFile  *lock_file,
              GError    **error)
{
  g_auto (TestResult) result = { 0 };

  g_lock_file_unlock_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &result);
  return end_async (&result, error);
}

static gboolean
try_async (GLockFile  *lock_file,
           int         timeout,
           GError    **error)
{
  g_auto (TestResult) result = { 0 };

  g_lock_file_try_lock_async (lock_file, timeout, G_PRIORITY_DEFAULT, NULL, test_result_cb,
                              &result);
  return end_async (&result, error) && unlock_async (lock_file, error);
}

static gboolean
operate_lock_async (GLockFile  *lock_file,
                    GError    **error)
{
  return try_async (lock_file, 0, error);
}

static gboolean
operate_query_async (GLockFile  *lock_file,
                     GError    **error)
{
  g_auto (TestResult) result = { 0 };

  g_lock_file_query_info_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &result);
  return end_async (&result, error);
}

static gboolean
operate_remove_async (GLockFile  *lock_file,
                      GError    **error)
{
  g_auto (TestResult) result = { 0 };

  g_lock_file_remove_stale_async (lock_file, G_PRIORITY_DEFAULT, NULL, test_result_cb, &result);
  return end_async (&result, error);
}

static gpointer
let_go_thread (gpointer holder)
{
  g_usleep (TIME_TO_WAIT);
  return test_helper_ask (holder, "unlock");
}

/* Somebody holds the lock for a moment, so that this waits; whether it does is no
 * matter of life and death.
 */
static gboolean
wait_for (TestHelper  *holder,
          gboolean   (*operate) (GLockFile  *lock_file,
                                 int         timeout,
                                 GError    **error),
          GLockFile   *lock_file,
          GError     **error)
{
  GThread *thread = g_thread_new ("holder", let_go_thread, holder);
  gboolean locked = operate (lock_file, PATIENCE * 1000, error);
  g_autofree char *answer = g_thread_join (thread);

  g_assert_cmpstr (answer, ==, "ok");
  return locked;
}

static TestHelper *current_holder;

static gboolean
operate_wait (GLockFile  *lock_file,
              GError    **error)
{
  return wait_for (current_holder, try_sync, lock_file, error);
}

static gboolean
operate_wait_async (GLockFile  *lock_file,
                    GError    **error)
{
  return wait_for (current_holder, try_async, lock_file, error);
}

static const Scenario scenarios[] = {
  { "lock", STANDS_NOTHING, operate_lock },
  { "lock-and-verify", STANDS_NOTHING, operate_lock_and_verify },
  { "contention", STANDS_HOLDER, operate_lock },
  { "take-over", STANDS_LEFTOVER, operate_lock },
  { "query-holder", STANDS_HOLDER, operate_query },
  { "query-leftover", STANDS_LEFTOVER, operate_query },
  { "remove-holder", STANDS_HOLDER, operate_remove },
  { "remove-leftover", STANDS_LEFTOVER, operate_remove },
  { "wait", STANDS_HOLDER_WHO_LETS_GO, operate_wait },
  { "lock-async", STANDS_NOTHING, operate_lock_async },
  { "contention-async", STANDS_HOLDER, operate_lock_async },
  { "take-over-async", STANDS_LEFTOVER, operate_lock_async },
  { "wait-async", STANDS_HOLDER_WHO_LETS_GO, operate_wait_async },
  { "query-async", STANDS_HOLDER, operate_query_async },
  { "remove-async", STANDS_LEFTOVER, operate_remove_async },
};

/* That without kernel locks comes first, see operate_in_child(). */
static const Way ways[] = {
  { "without-kernel-locks", { "--no-tmpfile", "--no-flock" },
    .no_tmpfile = TRUE, .no_flock = TRUE },
  { "as-usual" },
  { "without-tmpfile", { "--no-tmpfile" }, .no_tmpfile = TRUE },
  { "shared", { "--no-tmpfile", "--shared" }, .no_tmpfile = TRUE, .shared = TRUE },
};

typedef struct
{
  const Scenario *scenario;
  const Way      *way;
} Plan;

/* --- Cases --------------------------------------------------------------- */

typedef struct
{
  TestFolder      folder;
  const Scenario *scenario;
  char           *leftover;     /* what a killed process wrote */
  TestHelper     *holder;
  TestHelper     *fresh;        /* one that has seen nothing of it all */
} Faults;

static char current_case[200];
static gboolean found_fault;

static void
time_is_up_cb (int signal_number)
{
  static const char message[] = "Hangs: ";

  if (write (STDERR_FILENO, message, sizeof message - 1) > 0 &&
      write (STDERR_FILENO, current_case, strlen (current_case)) > 0)
    abort ();
}

/* All cases are tried before the test fails: together they show the pattern. */
static void G_GNUC_PRINTF (1, 2)
complain (const char *format,
          ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_test_message ("%s: %s", current_case, text);
  found_fault = TRUE;
}

/* Those on files of the lock's folder, candidates without a name included. What
 * the library keeps open for the whole process is not there.
 */
static int
count_descriptors (Faults *faults)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  int count = 0;

  g_assert_nonnull (directory);
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *link = g_build_filename ("/proc/self/fd", name, NULL);
      g_autofree char *path = g_file_read_link (link, NULL);

      if (path != NULL && g_str_has_prefix (path, faults->folder.path))
        count++;
    }
  return count;
}

static void
check_descriptors (Faults *faults)
{
  gint64 deadline = g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND;

  /* R14: while P.rmlock is there, one may live a moment longer than its lock. */
  while (count_descriptors (faults) > 0 && g_get_monotonic_time () < deadline)
    g_usleep (1000);
  if (count_descriptors (faults) > 0)
    complain ("%d descriptors are left open", count_descriptors (faults));
}

static void
check_usable (GLockFile *lock_file)
{
  g_autoptr (GError) error = NULL;

  if (!g_lock_file_try_lock (lock_file, 0, NULL, &error))
    complain ("the object cannot lock any more: %s", error->message);
  else if (!g_lock_file_unlock (lock_file, &error))
    complain ("the object cannot unlock any more: %s", error->message);
}

static void
operate (Faults *faults)
{
  const Scenario *scenario = faults->scenario;
  g_autoptr (GLockFile) lock_file = g_lock_file_new (faults->folder.lock_file);
  g_autoptr (GError) error = NULL;
  gboolean success;

  fault->calls = 0;
  g_atomic_int_set (&fault->armed, TRUE);
  success = scenario->operate (lock_file, &error);
  g_atomic_int_set (&fault->armed, FALSE);

  if (success == (error != NULL))
    complain ("success and error do not agree");
  if (error != NULL && (error->domain != G_LOCK_FILE_ERROR || *error->message == '\0'))
    complain ("no error of ours: %s", error->message);
  if (scenario->stands == STANDS_HOLDER && scenario->operate != operate_query &&
      scenario->operate != operate_query_async && success)
    complain ("the holder was robbed");

  /* After a verify() that could not find out, it is still locked. */
  if (g_lock_file_is_locked (lock_file) && scenario->operate != operate_lock_and_verify)
    complain ("still locked");
  g_lock_file_unlock (lock_file, NULL);
  check_descriptors (faults);

  /* Where only processes tell (R6), a file that could not be deleted is there as
   * long as its process is. */
  if (scenario->stands != STANDS_HOLDER && !fault->way->no_flock)
    check_usable (lock_file);
}

/* In a process that is gone afterwards. It is the copy of one that has never had
 * to do with the library, and has no thread: so much may be done only there.
 */
static void
operate_in_child (Faults *faults)
{
  TestCosts costs;
  int status;
  pid_t child;

  test_costs_of_process (getpid (), &costs);
  g_assert_cmpint (costs.threads, ==, 1);
  fflush (stdout);
  child = test_fork_patiently ();
  if (child == 0)
    {
      found_fault = FALSE;
      alarm (PATIENCE);
      operate (faults);
      fflush (stdout);
      _exit (found_fault);
    }

  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  if (status != 0)
    complain ("the child ended with status %d", status);
}

static void
check_answer (TestHelper *helper,
              const char *command,
              const char *name)
{
  g_autofree char *answer = test_helper_ask (helper, command);

  if (strcmp (answer, "ok") != 0)
    complain ("%s: %s: %s", name, command, answer);
}

static void
check_afterwards (Faults *faults)
{
  g_autofree char *removal_lock = g_strconcat (faults->folder.lock_file, ".rmlock", NULL);
  g_autoptr (GDir) directory = NULL;
  const char *name;

  if (faults->scenario->stands == STANDS_HOLDER)
    {
      check_answer (faults->holder, "verify", "the holder");
      check_answer (faults->holder, "unlock", "the holder");
    }
  check_answer (faults->fresh, "try 0", "another");
  check_answer (faults->fresh, "unlock", "another");

  /* A P.rmlock that could not be deleted is in nobody's way, and goes when the
   * next leftover does. */
  if (g_file_test (removal_lock, G_FILE_TEST_EXISTS))
    {
      test_file_write (faults->folder.lock_file, faults->leftover);
      check_answer (faults->fresh, "try 0", "one who takes over");
      check_answer (faults->fresh, "unlock", "one who takes over");
    }

  directory = g_dir_open (faults->folder.path, 0, NULL);
  while ((name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (faults->folder.path, name, NULL);

      complain ("%s is left behind", name);
      g_unlink (path);
    }
}

static void
run_case (Faults     *faults,
          guint       position,
          const char *call,
          int         error)
{
  fault->position = position;
  fault->error = error;
  g_snprintf (current_case, sizeof current_case, "%s, %s: call %u (%s) fails: %s",
              faults->scenario->name, fault->way->name, position, call, g_strerror (error));
  alarm (PATIENCE);

  if (faults->scenario->stands == STANDS_LEFTOVER)
    test_file_write (faults->folder.lock_file, faults->leftover);
  else if (faults->scenario->stands != STANDS_NOTHING)
    scene_check (faults->holder, "lock", SCENE_OK);

  if (fault->way->no_flock)
    operate_in_child (faults);
  else
    operate (faults);

  check_afterwards (faults);
  alarm (0);
}

static void
test_faults (Faults        *faults,
             gconstpointer  data)
{
  const Plan *plan = data;
  g_autoptr (GString) list = g_string_new (NULL);
  guint n_calls;

  found_fault = FALSE;
  faults->scenario = plan->scenario;
  fault->way = plan->way;
  faults->holder = scene_start (faults->folder.lock_file, plan->way->options);
  faults->fresh = scene_start (faults->folder.lock_file, plan->way->options);
  current_holder = faults->holder;
  scene_leave_behind (faults->folder.lock_file, plan->way->options);
  faults->leftover = test_file_read (faults->folder.lock_file);
  g_assert_no_errno (g_unlink (faults->folder.lock_file));

  run_case (faults, 0, "none", 0);
  g_assert_false (found_fault);
  n_calls = fault->calls;
  g_assert_cmpuint (n_calls, >, 0);
  for (guint i = 0; i < n_calls; i++)
    g_string_append_printf (list, " %s", fault->names[i]);
  g_test_message ("%s, %s:%s", plan->scenario->name, plan->way->name, list->str);

  for (guint i = 0; i < n_calls; i++)
    for (guint e = 0; e < G_N_ELEMENTS (errors); e++)
      run_case (faults, i + 1, fault->names[i], errors[e]);
  g_assert_false (found_fault);
}

static void
set_up (Faults        *faults,
        gconstpointer  data)
{
  test_folder_set_up (&faults->folder, NULL);
}

static void
tear_down (Faults        *faults,
           gconstpointer  data)
{
  g_clear_pointer (&faults->holder, test_helper_free);
  g_clear_pointer (&faults->fresh, test_helper_free);
  g_clear_pointer (&faults->leftover, g_free);
  test_folder_tear_down (&faults->folder, NULL);
}

int
main (int    argc,
      char **argv)
{
  static Plan plans[G_N_ELEMENTS (ways)][G_N_ELEMENTS (scenarios)];

  g_test_init (&argc, &argv, NULL);
  fault = mmap (NULL, sizeof *fault, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert_true (fault != MAP_FAILED);
  install_faults ();
  signal (SIGALRM, time_is_up_cb);

  for (guint w = 0; w < G_N_ELEMENTS (ways); w++)
    for (guint i = 0; i < G_N_ELEMENTS (scenarios); i++)
      {
        g_autofree char *path = g_strdup_printf ("/faults/%s/%s", ways[w].name, scenarios[i].name);

        plans[w][i] = (Plan) { &scenarios[i], &ways[w] };
        g_test_add (path, Faults, &plans[w][i], set_up, test_faults, tear_down);
      }

  return g_test_run ();
}
