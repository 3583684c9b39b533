/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* R15: what is under way in the parent, and what it holds, is no matter of a child
 * made by fork(), also if the child runs the main context that it inherits.
 */

#include "asyncutils.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 200
#define CHAINS 3
#define A_LITTLE (100 * G_TIME_SPAN_MILLISECOND)

/* --- Children ---------------------------------------------------------------------- */

static gboolean is_child;

/* The leak sanitizer asks this. What GLib keeps for the threads of the parent, which are
 * not in a child, is lost there.
 */
int __lsan_is_turned_off (void);

int
__lsan_is_turned_off (void)
{
  return is_child;
}

static pid_t
fork_child (void)
{
  pid_t pid;

  fflush (NULL);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  is_child = (pid == 0);
  if (is_child)
    alarm (TEST_TIME_LIMIT / G_TIME_SPAN_SECOND);
  return pid;
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

/* Nothing of what the library has open in the parent. */
static void
assert_no_descriptors (void)
{
  for (int fd = 0; fd < 1024; fd++)
    {
      g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
      g_autofree char *target = g_file_read_link (link, NULL);

      if (target != NULL && (strstr (target, ".lock") != NULL ||
                             strstr (target, "eventpoll") != NULL ||
                             strstr (target, "pidfd") != NULL ||
                             strstr (target, "inotify") != NULL))
        g_error ("The child has inherited %s", target);
    }
}

static gboolean
tick_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* A source that the child can do nothing about would be ready all the time. */
static void
run_inherited_context (void)
{
  GSource *timer = g_timeout_source_new (A_LITTLE / G_TIME_SPAN_MILLISECOND / 4);
  gint64 end = g_get_monotonic_time () + A_LITTLE;
  int iterations = 0;

  g_source_set_callback (timer, tick_cb, NULL, NULL);
  g_source_attach (timer, NULL);
  while (g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, TRUE);
      iterations++;
    }
  g_source_destroy (timer);
  g_source_unref (timer);
  g_assert_cmpint (iterations, <, 20);
}

/* --- What the parent is about -------------------------------------------------------- */

typedef struct
{
  TestFolder   *folder;
  TestHelper   *helper;         /* the other process; holds what is waited for */
  GLockFile    *lock_file;
  GLockFile    *second;
  GCancellable *cancellable;
  TestResult    result;
  TestResult    second_result;
  TestListener  listener;
} Scene;

static void
begin_lock (Scene *scene)
{
  g_lock_file_lock_async (scene->lock_file, G_PRIORITY_DEFAULT, scene->cancellable, test_result_cb,
                          &scene->result);
  g_lock_file_lock_async (scene->second, G_PRIORITY_DEFAULT, NULL, test_result_cb,
                          &scene->second_result);
}

static void
wait_for_other_process (Scene *scene)
{
  test_assert_answer (scene->helper, "lock", "ok");
  begin_lock (scene);
  test_run_until_quiet ();
}

static void
look (Scene *scene)
{
  test_assert_answer (scene->helper, "lock", "ok");
  begin_lock (scene);
}

static void
assert_served (Scene *scene)
{
  test_assert_answer (scene->helper, "unlock", "ok");
  test_assert_success (&scene->result);
  test_assert_unlock_async (scene->lock_file);
  test_assert_success (&scene->second_result);
  test_assert_unlock_async (scene->second);
}

static void
hold (Scene *scene)
{
  test_assert_lock_async (scene->lock_file);
  test_run_until_quiet ();
}

static void
assert_held (Scene *scene)
{
  test_assert_answer_error (scene->helper, "try 0", G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
  test_assert_verify (scene->lock_file);
  test_run_until_quiet ();
  g_assert_cmpint (scene->listener.n_lost, ==, 0);
  g_assert_no_errno (g_unlink (scene->folder->lock_file));
  test_run_until_at_least (&scene->listener.n_lost, 1);
}

/* It has the lock, but nobody has been told yet. */
static void
get_untold (Scene *scene)
{
  g_lock_file_lock_async (scene->lock_file, G_PRIORITY_DEFAULT, scene->cancellable, test_result_cb,
                          &scene->result);
  test_await_file (scene->folder->lock_file, TRUE);
  test_await_quiet ();
}

static void
assert_told (Scene *scene)
{
  test_assert_success (&scene->result);
  assert_held (scene);
}

static void
lose_untold (Scene *scene)
{
  hold (scene);
  g_assert_no_errno (g_unlink (scene->folder->lock_file));
  while (!g_main_context_iteration (NULL, TRUE))
    ;
  test_await_quiet ();
  g_assert_cmpint (scene->listener.n_lost, ==, 0);
}

static void
assert_lost (Scene *scene)
{
  test_run_until_at_least (&scene->listener.n_lost, 1);
}

static void
let_go (Scene *scene)
{
  test_assert_lock_async (scene->lock_file);
  g_lock_file_unlock_async (scene->lock_file, G_PRIORITY_DEFAULT, scene->cancellable,
                            test_result_cb, &scene->result);
}

static void
assert_let_go (Scene *scene)
{
  test_assert_success (&scene->result);
  test_assert_answer (scene->helper, "try 0", "ok");
  test_assert_answer (scene->helper, "unlock", "ok");
}

typedef struct
{
  const char *name;
  void      (*begin) (Scene *scene);
  void      (*end) (Scene *scene);
} Situation;

static const Situation situations[] = {
  { "waiting", wait_for_other_process, assert_served },
  { "looking", look, assert_served },
  { "holding", hold, assert_held },
  { "got-untold", get_untold, assert_told },
  { "lost-untold", lose_untold, assert_lost },
  { "letting-go", let_go, assert_let_go },
};

/* --- What the child does ---------------------------------------------------------------- */

static void
exit_normally (Scene *scene)
{
  exit (0);
}

static void
execute (Scene *scene)
{
  execl ("/bin/true", "true", NULL);
  g_assert_not_reached ();
}

static void
run (Scene *scene)
{
  run_inherited_context ();
}

static void
drop (Scene *scene)
{
  g_object_unref (scene->lock_file);
  g_object_unref (scene->second);
  g_object_unref (scene->cancellable);
  run_inherited_context ();
}

/* What is closed in a child may be the application's by then. */
static void
cancel (Scene *scene)
{
  int fds[32];

  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    fds[i] = dup (STDERR_FILENO);
  g_cancellable_cancel (scene->cancellable);
  run_inherited_context ();
  for (gsize i = 0; i < G_N_ELEMENTS (fds); i++)
    g_assert_no_errno (close (fds[i]));
}

/* The object is not busy here, nor locked. */
static void
operate (Scene *scene)
{
  g_autoptr (GLockFileInfo) info = NULL;
  g_autoptr (GError) error = NULL;

  test_assert_unlock (scene->lock_file);
  info = g_lock_file_query_info (scene->lock_file, NULL, &error);
  g_assert_true (info != NULL || error->domain == G_LOCK_FILE_ERROR);
  g_clear_error (&error);
  if (g_lock_file_try_lock (scene->lock_file, 0, NULL, &error))
    test_assert_unlock (scene->lock_file);
  else
    g_assert_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED);
}

/* As the beginning of a program of its own. */
static void
lock_something_else (Scene *scene)
{
  g_autofree char *path = g_build_filename (scene->folder->path, "child.lock", NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (path);
  g_autoptr (GMainContext) context = g_main_context_new ();
  TestListener listener = { NULL };

#ifdef __SANITIZE_THREAD__
  /* It does not allow a child of a process with threads to have some itself. */
  return;
#endif
  g_main_context_push_thread_default (context);
  test_listen (&listener, lock_file);
  for (int i = 0; i < 3; i++)
    {
      test_assert_lock_async (lock_file);
      test_run_until_quiet ();
      g_assert_no_errno (g_unlink (path));
      test_run_until_at_least (&listener.n_lost, i + 1);
      test_assert_lock_async (lock_file);
      test_assert_unlock_async (lock_file);
    }
  g_main_context_pop_thread_default (context);
}

typedef struct
{
  const char *name;
  void      (*act) (Scene *scene);
} Action;

static const Action actions[] = {
  { "exit-normally", exit_normally },
  { "execute", execute },
  { "run", run },
  { "drop", drop },
  { "cancel", cancel },
  { "operate", operate },
  { "lock-something-else", lock_something_else },
};

static void
act (const Action *action,
     Scene        *scene)
{
  gboolean done_before = scene->result.done || scene->second_result.done;

  assert_no_descriptors ();
  g_assert_false (g_lock_file_is_locked (scene->lock_file));
  action->act (scene);
  if (action->act != drop)
    g_assert_false (g_lock_file_is_locked (scene->lock_file));
  /* What the parent has asked for is not told here. */
  g_assert_cmpint (scene->result.done || scene->second_result.done, ==, done_before);
  g_assert_cmpint (scene->listener.n_lost, ==, 0);
  _exit (0);
}

static void
test_situation (TestFolder    *folder,
                gconstpointer  data)
{
  const Situation *situation = data;

  for (gsize i = 0; i < G_N_ELEMENTS (actions); i++)
    {
      g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
      g_autoptr (GLockFile) lock_file = g_lock_file_new (folder->lock_file);
      g_autoptr (GLockFile) second = g_lock_file_new (folder->lock_file);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Scene scene = { folder, helper, lock_file, second, cancellable };
      pid_t child;

      test_listen (&scene.listener, lock_file);
      situation->begin (&scene);
      g_test_message ("%s", actions[i].name);
      child = fork_child ();
      if (child == 0)
        act (&actions[i], &scene);
      await_child (child);
      situation->end (&scene);
      test_result_clear (&scene.result);
      test_result_clear (&scene.second_result);
      g_clear_object (&lock_file);
      test_folder_assert_empty (folder);
    }
}

/* --- Many forks, while much is under way --------------------------------------------------- */

typedef struct
{
  GLockFile *lock_file;
  int        turns;
  gboolean   stop;
  gboolean   stopped;
} Chain;

static void
chain_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      data)
{
  GLockFile *lock_file = G_LOCK_FILE (object);
  g_autoptr (GError) error = NULL;
  Chain *chain = data;

  if (g_async_result_is_tagged (result, g_lock_file_lock_async))
    {
      g_lock_file_lock_finish (lock_file, result, &error);
      g_lock_file_unlock_async (lock_file, G_PRIORITY_DEFAULT, NULL, chain_cb, chain);
    }
  else
    {
      g_lock_file_unlock_finish (lock_file, result, &error);
      chain->turns++;
      if (chain->stop)
        chain->stopped = TRUE;
      else
        g_lock_file_lock_async (lock_file, G_PRIORITY_DEFAULT, NULL, chain_cb, chain);
    }
  g_assert_no_error (error);
}

static void
test_many (TestFolder    *folder,
           gconstpointer  data)
{
  g_autofree char *own_path = g_build_filename (folder->path, "own.lock", NULL);
  g_autoptr (GLockFile) own = g_lock_file_new (own_path);
  Chain chains[CHAINS] = { { NULL } };

  test_assert_lock_async (own);
  for (int i = 0; i < CHAINS; i++)
    {
      chains[i].lock_file = g_lock_file_new (folder->lock_file);
      g_lock_file_lock_async (chains[i].lock_file, G_PRIORITY_DEFAULT, NULL, chain_cb, &chains[i]);
    }

  for (int i = 0; i < CHILDREN; i++)
    {
      int turns;
      pid_t child;

      for (int j = 0; j < i % 7; j++)
        g_main_context_iteration (NULL, TRUE);
      turns = chains[i % CHAINS].turns;
      child = fork_child ();
      if (child == 0)
        {
          /* Not more than a few times: what is ready comes first. */
          for (int j = 0; j < 20; j++)
            g_main_context_iteration (NULL, FALSE);
          g_assert_cmpint (chains[i % CHAINS].turns, ==, turns);
          g_assert_false (g_lock_file_is_locked (own));
          for (int j = 0; j < CHAINS; j++)
            g_assert_false (g_lock_file_is_locked (chains[j].lock_file));
          _exit (0);
        }
      await_child (child);
    }
  for (int i = 0; i < CHAINS; i++)
    {
      chains[i].stop = TRUE;
      test_run_until (&chains[i].stopped);
      g_object_unref (chains[i].lock_file);
    }
  test_assert_verify (own);
  test_assert_unlock (own);
  test_folder_assert_empty (folder);
}

int
main (int    argc,
      char **argv)
{
  /* In a child of a process with threads malloc() works, but GLib's own allocator
   * may be locked for ever. */
  g_setenv ("G_SLICE", "always-malloc", TRUE);
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (situations); i++)
    {
      g_autofree char *path = g_strconcat ("/async-fork/", situations[i].name, NULL);

      g_test_add (path, TestFolder, &situations[i], test_folder_set_up, test_situation,
                  test_folder_tear_down);
    }
  g_test_add ("/async-fork/many", TestFolder, NULL, test_folder_set_up, test_many,
              test_folder_tear_down);

  return g_test_run ();
}
