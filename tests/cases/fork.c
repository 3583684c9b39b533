/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* R15: a lock belongs to the process that took it. In its children the object is
 * unlocked, and whatever they do, and however long they live, the parent's lock
 * is untouched.
 */

#include "testutils.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4
#define CHILDREN 100
#define SLEEPING_CHILDREN 20
#define MAX_DESCRIPTORS 256

/* Children of this program. What happens in one is said by its status. */

static pid_t
fork_child_by (pid_t (*fork_function) (void))
{
  pid_t pid;

  fflush (NULL);
  pid = fork_function ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    alarm (TEST_TIME_LIMIT / G_TIME_SPAN_SECOND);
  return pid;
}

static pid_t
fork_child (void)
{
  return fork_child_by (fork);
}

static void
await_child (pid_t pid)
{
  int status;

  while (waitpid (pid, &status, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  if (WIFSIGNALED (status) && WTERMSIG (status) == SIGALRM)
    g_error ("The child %d hangs", (int) pid);
  g_assert_cmpint (status, ==, 0);
}

static void
end_child (pid_t pid)
{
  kill (pid, SIGKILL);
  while (waitpid (pid, NULL, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
}

/* One byte from here to there. */
typedef struct
{
  int ends[2];
} Signal;

static void
signal_init (Signal *signal)
{
  g_assert_cmpint (pipe2 (signal->ends, O_CLOEXEC), ==, 0);
}

static void
signal_clear (Signal *signal)
{
  close (signal->ends[0]);
  close (signal->ends[1]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Signal, signal_clear)

static void
signal_give (Signal *signal)
{
  g_assert_cmpint (write (signal->ends[1], "", 1), ==, 1);
}

static void
signal_await (Signal *signal)
{
  char byte;

  g_assert_cmpint (read (signal->ends[0], &byte, 1), ==, 1);
}

static void
assert_still_held (TestFolder *folder,
                   GLockFile  *lock_file)
{
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);

  test_assert_verify (lock_file);
  test_assert_answer_error (helper, "try 0", G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  test_assert_unlock (lock_file);
  test_assert_answer (helper, "try 0", "ok");
  test_assert_answer (helper, "unlock", "ok");
  test_folder_assert_empty (folder);
}

/* That a process has nothing open below a path. Without malloc(): in a child of a
 * process with threads that of a sanitizer may be locked for ever. */
static void
assert_no_descriptor_in (pid_t       pid,
                         const char *path)
{
  for (int fd = 0; fd < MAX_DESCRIPTORS; fd++)
    {
      char link[64];
      char target[256];
      ssize_t length;

      g_snprintf (link, sizeof link, "/proc/%d/fd/%d", (int) pid, fd);
      length = readlink (link, target, sizeof target - 1);
      target[MAX (length, 0)] = '\0';
      if (g_str_has_prefix (target, path))
        g_error ("The child has inherited %s", target);
    }
}

/* What a child may do with the object */

static void
test_child_exits (TestFolder    *folder,
                  gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  pid_t child;

  test_assert_lock (lock_file, 0);
  child = fork_child ();
  if (child == 0)
    {
      g_assert_false (g_lock_file_is_locked (lock_file));
      assert_no_descriptor_in (getpid (), folder->path);
      if (data != NULL)
        exit (0);
      _exit (0);
    }
  await_child (child);
  assert_still_held (folder, lock_file);
}

static void
test_child_crashes (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  pid_t child;

  test_assert_lock (lock_file, 0);
  child = fork_child ();
  if (child == 0)
    while (TRUE)
      pause ();
  end_child (child);
  assert_still_held (folder, lock_file);
}

static void
test_child_unrefs (TestFolder    *folder,
                   gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  pid_t child;

  test_assert_lock (lock_file, 0);
  child = fork_child ();
  if (child == 0)
    {
      g_clear_object (&lock_file);
      test_folder_assert_files (folder, "test.lock", NULL);
      _exit (0);
    }
  await_child (child);
  assert_still_held (folder, lock_file);
}

static void
test_child_unlocks (TestFolder    *folder,
                    gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  pid_t child;

  test_assert_lock (lock_file, 0);
  child = fork_child ();
  if (child == 0)
    {
      g_autoptr (GError) error = NULL;

      test_assert_unlock (lock_file);
      test_folder_assert_files (folder, "test.lock", NULL);
      g_assert_false (g_lock_file_verify (lock_file, &error));
      g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST);
      g_clear_error (&error);
      g_assert_false (g_lock_file_remove_stale (lock_file, NULL, &error));
      g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
      test_folder_assert_files (folder, "test.lock", NULL);
      _exit (0);
    }
  await_child (child);
  assert_still_held (folder, lock_file);
}

/* A property's value in the child is that of the child. */
static void
test_child_reads (TestFolder    *folder,
                  gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  pid_t parent = getpid ();
  pid_t child;

  test_assert_lock (lock_file, 0);
  child = fork_child ();
  if (child == 0)
    {
      g_autoptr (GLockFileInfo) info = g_lock_file_query_info (lock_file, NULL, NULL);
      gboolean locked = TRUE;

      g_object_get (lock_file, "locked", &locked, NULL);
      g_assert_false (locked);
      g_assert_nonnull (info);
      g_assert_cmpint (g_lock_file_info_get_pid (info), ==, parent);
      g_assert_cmpint (g_lock_file_info_get_holder_state (info), ==,
                       G_LOCK_FILE_HOLDER_STATE_RUNNING);
      _exit (0);
    }
  await_child (child);
  assert_still_held (folder, lock_file);
}

static void
test_child_execs (TestFolder    *folder,
                  gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_auto (Signal) executed = { 0 };
  char byte;
  pid_t child;

  signal_init (&executed);
  test_assert_lock (lock_file, 0);
  child = fork_child ();
  if (child == 0)
    {
      execlp ("sleep", "sleep", "60", NULL);
      _exit (1);
    }
  /* Both ends for writing are closed once the other program runs. */
  close (g_steal_fd (&executed.ends[1]));
  g_assert_cmpint (read (executed.ends[0], &byte, 1), ==, 0);

  assert_no_descriptor_in (child, folder->path);
  assert_still_held (folder, lock_file);
  end_child (child);
}

/* With the same object, and as what it is: another process. */
static void
test_child_locks_anew (TestFolder    *folder,
                       gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_auto (Signal) waiting = { 0 };
  g_auto (Signal) locked = { 0 };
  g_auto (Signal) unlock = { 0 };
  g_autoptr (GLockFileInfo) info = NULL;
  pid_t child;

  signal_init (&waiting);
  signal_init (&locked);
  signal_init (&unlock);
  test_assert_lock (lock_file, 0);
  child = fork_child ();
  if (child == 0)
    {
      pid_t grandchild;

      test_assert_locked_out (lock_file, 0);
      test_assert_locked_out (lock_file, 50);
      signal_give (&waiting);
      test_assert_lock (lock_file, -1);
      g_assert_null (g_lock_file_get_previous_holder (lock_file));
      test_assert_verify (lock_file);
      signal_give (&locked);

      grandchild = fork_child ();
      if (grandchild == 0)
        {
          g_assert_false (g_lock_file_is_locked (lock_file));
          test_assert_locked_out (lock_file, 0);
          g_clear_object (&lock_file);
          _exit (0);
        }
      await_child (grandchild);
      test_assert_verify (lock_file);

      signal_await (&unlock);
      test_assert_unlock (lock_file);
      _exit (0);
    }

  signal_await (&waiting);
  test_assert_verify (lock_file);
  test_assert_unlock (lock_file);
  signal_await (&locked);
  test_assert_locked_out (lock_file, 0);
  info = g_lock_file_query_info (lock_file, NULL, NULL);
  g_assert_nonnull (info);
  g_assert_cmpint (g_lock_file_info_get_pid (info), ==, child);
  signal_give (&unlock);
  test_assert_lock (lock_file, -1);
  await_child (child);
  assert_still_held (folder, lock_file);
}

/* The child's own lock is a leftover like any other when the child crashes. */
static void
test_child_crashes_with_own_lock (TestFolder    *folder,
                                  gconstpointer  data)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
  g_auto (Signal) locked = { 0 };
  pid_t child;

  signal_init (&locked);
  test_assert_lock (lock_file, 0);
  test_assert_unlock (lock_file);
  child = fork_child ();
  if (child == 0)
    {
      test_assert_lock (lock_file, 0);
      signal_give (&locked);
      while (TRUE)
        pause ();
    }
  signal_await (&locked);
  test_assert_locked_out (lock_file, 0);
  end_child (child);
  test_assert_lock (lock_file, 0);
  g_assert_cmpint (g_lock_file_info_get_pid (g_lock_file_get_previous_holder (lock_file)), ==,
                   child);
}

/* The lock ends with the parent, although its child lives on. */
static void
test_child_outlives_killed_parent (TestFolder    *folder,
                                   gconstpointer  data)
{
  const char *way = data;
  g_autoptr (TestHelper) parent = test_helper_start (folder->lock_file, way, NULL);
  g_autoptr (TestHelper) waiter = test_helper_start (folder->lock_file, NULL);
  g_autoptr (TestHelper) third = test_helper_start (folder->lock_file, NULL);
  g_autofree char *answer = NULL;
  pid_t child;

  /* Who loses its parent becomes a child of this process. */
  g_assert_cmpint (prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), ==, 0);
  test_assert_answer (parent, "lock", "ok");
  answer = test_helper_ask (parent, "fork");
  g_assert_true (g_str_has_prefix (answer, "child "));
  child = atoi (answer + 6);
  g_assert_cmpint (child, >, 0);
  test_assert_answer (parent, "verify", "ok");
  test_assert_answer_error (third, "try 0", G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);

  test_helper_kill (parent);
  test_assert_answer (third, "try 0", "ok");
  g_assert_cmpint (waitpid (child, NULL, WNOHANG), ==, 0);
  test_assert_answer (third, "unlock", "ok");
  end_child (child);
  test_folder_assert_empty (folder);

  /* The same with somebody who waits already. */
  test_assert_answer (third, "lock", "ok");
  g_clear_pointer (&answer, g_free);
  answer = test_helper_ask (third, "fork");
  child = atoi (answer + 6);
  test_helper_send (waiter, "lock");
  test_helper_await_sleep (waiter);
  test_helper_kill (third);
  test_assert_read (waiter, "ok");
  g_assert_cmpint (waitpid (child, NULL, WNOHANG), ==, 0);
  test_assert_answer (waiter, "unlock", "ok");
  end_child (child);
  test_folder_assert_empty (folder);
}

/* With threads */

/* The very objects with which other threads wait: those threads do not exist in
 * the child, so their operations are not under way there. */
static void
test_while_others_wait (TestFolder    *folder,
                        gconstpointer  data)
{
  g_autoptr (GLockFile) holder = g_lock_file_new (folder->lock_file);
  TestWaiter *waiters[THREADS];
  g_auto (Signal) waiting = { 0 };
  pid_t child;

  signal_init (&waiting);
  test_assert_lock (holder, 0);
  for (int i = 0; i < THREADS; i++)
    {
      g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);

      waiters[i] = test_waiter_start (lock_file, -1, NULL, TRUE);
      test_waiter_await_sleep (waiters[i]);
    }

  child = fork_child ();
  if (child == 0)
    {
      assert_no_descriptor_in (getpid (), folder->path);
      for (int i = 0; i < THREADS; i++)
        {
          test_assert_unlock (waiters[i]->lock_file);
          test_assert_locked_out (waiters[i]->lock_file, 0);
          test_assert_locked_out (waiters[i]->lock_file, 20);
        }
      signal_give (&waiting);
      /* In competition with the parent's threads. */
      for (int i = 0; i < THREADS; i++)
        {
          test_assert_lock (waiters[i]->lock_file, -1);
          test_assert_unlock (waiters[i]->lock_file);
        }
      _exit (0);
    }

  signal_await (&waiting);
  test_assert_verify (holder);
  test_assert_unlock (holder);
  for (int i = 0; i < THREADS; i++)
    {
      test_waiter_join (waiters[i]);
      g_assert_no_error (waiters[i]->error);
      test_waiter_free (waiters[i]);
    }
  await_child (child);
  test_folder_assert_empty (folder);
}

typedef struct
{
  char *file_name;
  int   stop;                   /* atomic */
  int   looks;                  /* atomic */
} Looking;

static gpointer
look_thread (gpointer data)
{
  Looking *looking = data;
  g_autoptr (GLockFile) lock_file = g_lock_file_new (looking->file_name);

  g_lock_file_set_stale_lock_time (lock_file, 0);
  while (!g_atomic_int_get (&looking->stop))
    {
      test_assert_locked_out (lock_file, 0);
      g_atomic_int_inc (&looking->looks);
    }

  return NULL;
}

static void
look (GThread **threads,
      Looking  *looking)
{
  g_autofree char *content = test_qt_content (4711, "application", "another-host",
                                              "0123456789abcdef0123456789abcdef",
                                              "01234567-89ab-cdef-0123-456789abcdef");

  test_file_write (looking->file_name, content);
  for (int i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("looking", look_thread, looking);
}

static void
await_looks (Looking *looking)
{
  int looks = g_atomic_int_get (&looking->looks);

  while (g_atomic_int_get (&looking->looks) < looks + 3)
    g_thread_yield ();
}

/* With children that live on, whoever looks finds the file as it is. */
static void
stop_looking (GThread **threads,
              Looking  *looking,
              pid_t    *children)
{
  g_autoptr (GLockFile) lock_file = g_lock_file_new (looking->file_name);

  g_atomic_int_set (&looking->stop, TRUE);
  for (int i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  g_test_message ("%d looks", looking->looks);

  test_file_set_age (looking->file_name, 3600);
  test_assert_lock (lock_file, 0);
  test_assert_unlock (lock_file);
  for (int i = 0; i < SLEEPING_CHILDREN; i++)
    {
      g_assert_cmpint (waitpid (children[i], NULL, WNOHANG), ==, 0);
      end_child (children[i]);
    }
}

/* Each look opens a candidate and the file, and takes the file's kernel lock, as
 * it stands on the other machine's word only. A child that kept one of these
 * would keep the file locked for good. The children do without whatever takes a
 * lock of GLib's: another thread may have had it at the fork. */
static void
test_while_others_look (TestFolder    *folder,
                        gconstpointer  data)
{
  g_autofree char *own_name = g_build_filename (folder->path, "own.lock", NULL);
  g_autoptr (GLockFile) own = g_lock_file_new (own_name);
  Looking looking = { folder->lock_file };
  GThread *threads[THREADS];
  pid_t children[CHILDREN];

  test_assert_lock (own, 0);
  look (threads, &looking);
  for (int i = 0; i < CHILDREN; i++)
    {
      await_looks (&looking);
      children[i] = fork_child ();
      if (children[i] == 0)
        {
          assert_no_descriptor_in (getpid (), folder->path);
          g_assert_false (g_lock_file_is_locked (own));
          test_assert_unlock (own);
          while (i < SLEEPING_CHILDREN)
            pause ();
          _exit (0);
        }
      if (i >= SLEEPING_CHILDREN)
        await_child (children[i]);
    }
  stop_looking (threads, &looking, children);

  test_assert_verify (own);
  test_assert_unlock (own);
  test_folder_assert_empty (folder);
}

/* Of a child that is not made by fork(), as when another program is spawned, the
 * library does not know. It has what was open, but not locked any more (R14). */
static void
test_unnoticed_while_others_look (TestFolder    *folder,
                                  gconstpointer  data)
{
  Looking looking = { folder->lock_file };
  GThread *threads[THREADS];
  pid_t children[SLEEPING_CHILDREN];

  look (threads, &looking);
  for (int i = 0; i < SLEEPING_CHILDREN; i++)
    {
      await_looks (&looking);
      children[i] = fork_child_by (_Fork);
      while (children[i] == 0)
        pause ();
    }
  stop_looking (threads, &looking, children);
  test_folder_assert_empty (folder);
}

#define ADD(name, data, function) \
  g_test_add ("/fork/" name, TestFolder, data, test_folder_set_up, function, \
              test_folder_tear_down)

int
main (int    argc,
      char **argv)
{
  /* In a child of a process with threads malloc() works, but GLib's own allocator
   * may be locked for ever. */
  g_setenv ("G_SLICE", "always-malloc", TRUE);
  g_test_init (&argc, &argv, NULL);

  ADD ("child-exits/at-once", NULL, test_child_exits);
  ADD ("child-exits/normally", GINT_TO_POINTER (TRUE), test_child_exits);
  ADD ("child-crashes", NULL, test_child_crashes);
  ADD ("child-unrefs", NULL, test_child_unrefs);
  ADD ("child-unlocks", NULL, test_child_unlocks);
  ADD ("child-reads", NULL, test_child_reads);
  ADD ("child-execs", NULL, test_child_execs);
  ADD ("child-locks-anew", NULL, test_child_locks_anew);
  ADD ("child-crashes-with-own-lock", NULL, test_child_crashes_with_own_lock);
  ADD ("child-outlives-killed-parent", NULL, test_child_outlives_killed_parent);
  ADD ("child-outlives-killed-parent/created", "--no-tmpfile", test_child_outlives_killed_parent);
  ADD ("while-others-wait", NULL, test_while_others_wait);
  ADD ("while-others-look", NULL, test_while_others_look);
  ADD ("while-others-look/unnoticed", NULL, test_unnoticed_while_others_look);

  return g_test_run ();
}
