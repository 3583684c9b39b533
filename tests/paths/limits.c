/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the system may run out of, or not have at all: descriptors, inotify,
 * system calls, /proc, the machine's ID.
 */

#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More than a waiter can have use for. */
#define MANY_DESCRIPTORS 8

static const SceneOptions as_usual = { NULL };

/* --- Descriptors --------------------------------------------------------- */

/* Lets the process open @count descriptors more. */
static void
allow_descriptors (pid_t pid,
                   guint count)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", (int) pid);
  struct rlimit limit;
  int fd;

  /* A new one gets the lowest free number, and that must be below the limit. */
  for (fd = 0; ; fd++)
    {
      g_autofree char *entry = g_strdup_printf ("%s/%d", path, fd);

      if (!g_file_test (entry, G_FILE_TEST_IS_SYMLINK) && count-- == 0)
        break;
    }

  g_assert_no_errno (prlimit (pid, RLIMIT_NOFILE, NULL, &limit));
  limit.rlim_cur = fd;
  g_assert_no_errno (prlimit (pid, RLIMIT_NOFILE, &limit, NULL));
}

static void
allow_all_descriptors (pid_t pid)
{
  struct rlimit limit;

  g_assert_no_errno (prlimit (pid, RLIMIT_NOFILE, NULL, &limit));
  limit.rlim_cur = limit.rlim_max;
  g_assert_no_errno (prlimit (pid, RLIMIT_NOFILE, &limit, NULL));
}

static void
assert_too_many (TestHelper *helper,
                 const char *command)
{
  g_autofree char *answer = scene_ask (helper, command, SCENE_FAILED);

  g_assert_nonnull (strstr (answer, g_strerror (EMFILE)));
  g_assert_nonnull (strstr (answer, "test.lock"));
}

/* Not one is left: every operation says so, at once, and changes nothing. */
static void
test_no_descriptors (TestFolder    *folder,
                     gconstpointer  option)
{
  static const char * const commands[] = { "try 0", "try 100", "lock", "query", "remove-stale" };
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, option, NULL);
  const SceneOptions options = { option };
  g_autofree char *leftover = NULL;
  g_autofree char *descriptors = NULL;
  pid_t pid = test_helper_get_pid (helper);

  descriptors = test_helper_ask (helper, "fd");
  allow_descriptors (pid, 0);
  for (guint i = 0; i < 3; i++)
    assert_too_many (helper, commands[i]);
  scene_check (helper, "query", SCENE_NOT_FOUND);
  scene_check (helper, "remove-stale", SCENE_NOT_FOUND);
  test_folder_assert_empty (folder);

  scene_leave_behind (folder->lock_file, options);
  leftover = scene_describe (folder->path);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    assert_too_many (helper, commands[i]);
  scene_assert_unchanged (folder->path, leftover);

  allow_all_descriptors (pid);
  test_assert_answer (helper, "fd", descriptors);
  scene_check (helper, "try 0", SCENE_OK);

  /* Letting go needs none. */
  allow_descriptors (pid, 0);
  scene_check (helper, "verify", SCENE_OK);
  scene_check (helper, "unlock", SCENE_OK);
  allow_all_descriptors (pid);
  test_folder_assert_empty (folder);
  test_helper_finish (helper);
}

/* However few are left: a leftover is cleared away, or the reason told. */
static void
test_few_descriptors_leftover (TestFolder    *folder,
                               gconstpointer  option)
{
  const SceneOptions options = { option };
  gboolean was_enough = FALSE;

  for (guint count = 0; count <= MANY_DESCRIPTORS; count++)
    {
      g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, option, NULL);
      g_autofree char *before = NULL;
      g_autofree char *answer = NULL;

      scene_leave_behind (folder->lock_file, options);
      before = scene_describe (folder->path);
      allow_descriptors (test_helper_get_pid (helper), count);
      answer = test_helper_ask (helper, "try 1000");
      g_test_message ("With %u descriptors: %s", count, answer);
      if (strcmp (answer, "ok") == 0)
        {
          was_enough = TRUE;
          scene_check (helper, "unlock", SCENE_OK);
          test_folder_assert_empty (folder);
        }
      else
        {
          g_assert_false (was_enough);
          g_assert_nonnull (strstr (answer, g_strerror (EMFILE)));
          scene_assert_unchanged (folder->path, before);
          g_assert_no_errno (g_unlink (folder->lock_file));
        }
      allow_all_descriptors (test_helper_get_pid (helper));
      test_helper_finish (helper);
    }
  g_assert_true (was_enough);
}

static gboolean
has_too_few (const char *answer)
{
  return strstr (answer, g_strerror (EMFILE)) != NULL;
}

/* Whether the descriptors that are left suffice to take over a leftover. */
static gboolean
can_take_over (TestHelper *helper,
               const char *lock_file,
               const char *option)
{
  const SceneOptions options = { option };
  g_autofree char *answer = NULL;

  scene_leave_behind (lock_file, options);
  answer = test_helper_ask (helper, "try 1000");
  if (has_too_few (answer))
    {
      g_assert_no_errno (g_unlink (lock_file));
      return FALSE;
    }

  g_assert_cmpstr (answer, ==, "ok");
  scene_check (helper, "unlock", SCENE_OK);
  return TRUE;
}

static void
play_waiting (TestHelper *waiter,
              TestHelper *holder,
              gboolean    killed)
{
  scene_check (holder, "lock", SCENE_OK);
  test_helper_send (waiter, "lock");
  test_helper_await_sleep (waiter);
  if (test_helper_has_answer (waiter, 0))
    g_error ("Waiting has ended: %s", test_helper_read (waiter));
  if (killed)
    test_helper_kill (holder);
  else
    scene_check (holder, "unlock", SCENE_OK);
  scene_await_ok (waiter);
  scene_check (waiter, "unlock", SCENE_OK);
}

/* Whether they suffice to find that somebody else has the lock. */
static gboolean
can_try (TestHelper *helper,
         TestHelper *holder)
{
  g_autofree char *answer = NULL;

  scene_check (holder, "lock", SCENE_OK);
  answer = test_helper_ask (helper, "try 0");
  scene_check (holder, "unlock", SCENE_OK);
  g_test_message ("try 0 -> %s", answer);
  return !has_too_few (answer);
}

/* R11: one that can try can wait, if need be without inotify and pidfd. */
static void
test_few_descriptors_waiter (TestFolder    *folder,
                             gconstpointer  option)
{
  for (guint count = 0; count <= MANY_DESCRIPTORS; count++)
    {
      g_autoptr (TestHelper) holder = test_helper_start (folder->lock_file, option, NULL);
      g_autoptr (TestHelper) waiter = test_helper_start (folder->lock_file, option, NULL);
      gboolean able = FALSE;

      g_test_message ("With %u descriptors:", count);
      allow_descriptors (test_helper_get_pid (waiter), count);

      /* What stays open for good is opened, as far as there is room for it. */
      able = can_take_over (waiter, folder->lock_file, option);

      if (can_try (waiter, holder))
        play_waiting (waiter, holder, FALSE);
      else
        g_assert_cmpuint (count, <, MANY_DESCRIPTORS);

      able = able && can_take_over (waiter, folder->lock_file, option);
      if (able)
        play_waiting (waiter, holder, TRUE);
      else
        g_assert_cmpuint (count, <, MANY_DESCRIPTORS);

      test_folder_assert_empty (folder);
      allow_all_descriptors (test_helper_get_pid (waiter));
      test_helper_finish (waiter);
    }
}

/* --- inotify ------------------------------------------------------------- */

static gboolean
write_text (const char *path,
            const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean written = fd >= 0 && write (fd, text, strlen (text)) == (ssize_t) strlen (text);

  if (fd >= 0)
    close (fd);
  return written;
}

typedef struct
{
  TestFolder *folder;
  const char *limit;
} InotifyLimit;

/* The limits belong to a user namespace. Gives the file for this one. */
static char *
forbid_inotify (const InotifyLimit *inotify)
{
  g_autofree char *map = g_strdup_printf ("0 %d 1\n", (int) geteuid ());
  g_autofree char *limit = g_strconcat ("/proc/sys/user/", inotify->limit, NULL);

  if (unshare (CLONE_NEWUSER) != 0 || !write_text ("/proc/self/uid_map", map) ||
      !write_text (limit, "0\n"))
    scene_child_skip ("Needs user namespaces with limits of their own");
  return g_steal_pointer (&limit);
}

static void
play_without_inotify (gconstpointer data)
{
  const InotifyLimit *inotify = data;
  g_autofree char *limit G_GNUC_UNUSED = forbid_inotify (inotify);

  scene_play_pair (inotify->folder->lock_file, as_usual, as_usual);
}

/* How often it looks in a second. */
static gint64
count_looks (TestHelper *waiter)
{
  TestCosts before, after;

  test_costs_of_process (test_helper_get_pid (waiter), &before);
  g_usleep (G_TIME_SPAN_SECOND);
  test_costs_of_process (test_helper_get_pid (waiter), &after);
  return after.wake_ups - before.wake_ups;
}

/* One that must poll stops that when it need not any more. */
static void
play_with_inotify_later (gconstpointer data)
{
  const InotifyLimit *inotify = data;
  g_autofree char *limit = forbid_inotify (inotify);
  g_autoptr (TestHelper) holder = test_helper_start (inotify->folder->lock_file, NULL);
  g_autoptr (TestHelper) waiter = test_helper_start (inotify->folder->lock_file, NULL);
  gint64 deadline;

  scene_check (holder, "lock", SCENE_OK);
  test_helper_send (waiter, "lock");
  test_helper_await_sleep (waiter);
  g_assert_cmpint (count_looks (waiter), >=, 2);

  g_assert_true (write_text (limit, "100\n"));
  deadline = g_get_monotonic_time () + TEST_TIME_LIMIT;
  while (count_looks (waiter) > 1)
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);

  scene_check (holder, "unlock", SCENE_OK);
  test_assert_read (waiter, "ok");
  scene_check (waiter, "unlock", SCENE_OK);
  test_helper_finish (waiter);
  test_helper_finish (holder);
}

static void
test_no_inotify (TestFolder    *folder,
                 gconstpointer  limit)
{
  const InotifyLimit inotify = { folder, limit };

  scene_run_in_child (play_without_inotify, &inotify);
}

static void
test_inotify_later (TestFolder    *folder,
                    gconstpointer  limit)
{
  const InotifyLimit inotify = { folder, limit };

  scene_run_in_child (play_with_inotify_later, &inotify);
}

/* --- System calls -------------------------------------------------------- */

/* What an older kernel does not have, or a sandbox does not let through. */
typedef struct
{
  const char *name;
  int         number;
  int         error;
  guint32     flags;            /* only with these, in the fifth argument; 0: always */
} Refused;

static const Refused refused_calls[] = {
  { "pidfd", SYS_pidfd_open, ENOSYS },
  { "pidfd/by-sandbox", SYS_pidfd_open, EPERM },
  { "inotify", SYS_inotify_init1, ENOSYS },
  { "inotify/watch", SYS_inotify_add_watch, EPERM },
  { "link", SYS_linkat, ENOSYS },
  { "link/by-sandbox", SYS_linkat, EPERM },
  { "link/by-descriptor", SYS_linkat, ENOENT, AT_EMPTY_PATH },
  { "kernel-lock", SYS_flock, ENOSYS },
};

typedef struct
{
  TestFolder    *folder;
  const Refused *refused;
} WithoutCall;

/* From now on, here and in children. */
static void
refuse_call (const Refused *refused)
{
  /* The fifth argument's lower half. */
  const guint32 flags = offsetof (struct seccomp_data, args[4]) +
                        (G_BYTE_ORDER == G_BIG_ENDIAN ? sizeof (guint32) : 0);
  struct sock_filter filter[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, refused->number, 0, 4),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, flags),
    BPF_STMT (BPF_ALU | BPF_AND | BPF_K, refused->flags),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, refused->flags, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | refused->error),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = { G_N_ELEMENTS (filter), filter };

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
    scene_child_skip ("Needs a kernel that filters system calls");
}

static void
play_without_call (gconstpointer data)
{
  const WithoutCall *without = data;

  refuse_call (without->refused);
  scene_play_pair (without->folder->lock_file, as_usual, as_usual);
}

static void
test_refused_call (TestFolder    *folder,
                   gconstpointer  refused)
{
  const WithoutCall without = { folder, refused };

  scene_run_in_child (play_without_call, &without);
}

/* --- /proc and /etc ------------------------------------------------------ */

static void
cover (const char *path)
{
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    scene_mount ("tmpfs", path, "tmpfs", NULL);
}

typedef struct
{
  TestFolder *folder;
  const char *option;
  gboolean    old_kernel;       /* which takes the way through /proc to link */
} WithoutProc;

static void
play_without_proc (gconstpointer data)
{
  TestFolder *folder = ((const WithoutProc *) data)->folder;
  const char *option = ((const WithoutProc *) data)->option;
  const SceneOptions options = { option };
  const Refused by_descriptor = { NULL, SYS_linkat, ENOENT, AT_EMPTY_PATH };
  pid_t pid;

  g_assert_no_errno (unshare (CLONE_NEWNS));
  cover ("/proc");
  if (((const WithoutProc *) data)->old_kernel)
    refuse_call (&by_descriptor);
  g_assert_false (g_file_test ("/proc/self", G_FILE_TEST_EXISTS));

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (TestHelper) holder = test_helper_start (folder->lock_file, option, NULL);
      g_autoptr (TestHelper) contender = test_helper_start (folder->lock_file, option, NULL);

      pid = test_helper_get_pid (holder);
      scene_check (holder, "try 0", SCENE_OK);
      scene_check (contender, "try 0", SCENE_LOCKED);
      scene_check (contender, "try 100", SCENE_LOCKED);
      scene_check_holder (contender, "query", pid, "running");
      scene_check (contender, "remove-stale", SCENE_LOCKED);
      scene_check (holder, "verify", SCENE_OK);
      scene_check (holder, "unlock", SCENE_OK);
      test_folder_assert_empty (folder);

      scene_check (holder, "lock", SCENE_OK);
      test_helper_send (contender, "lock");
      g_assert_false (test_helper_has_answer (contender, 100 * G_TIME_SPAN_MILLISECOND));
      switch (i)
        {
        case 0:
          scene_check (holder, "unlock", SCENE_OK);
          break;
        case 1:
          test_helper_kill (holder);
          break;
        default:
          test_helper_finish (holder);
          break;
        }
      scene_await_ok (contender);
      scene_check (contender, "unlock", SCENE_OK);
      test_folder_assert_empty (folder);

      /* Without the boot's ID and the start of the process its number must do (J6). */
      pid = scene_leave_behind (folder->lock_file, options);
      scene_check_holder (contender, "query", pid, "gone");
      scene_check (contender, "try 0", SCENE_OK);
      scene_check_holder (contender, "previous", pid, "gone");
      scene_check (contender, "unlock", SCENE_OK);
      test_folder_assert_empty (folder);
      test_helper_finish (contender);
    }
}

static void
run_without_proc (const WithoutProc *without)
{
  if (TEST_SANITIZED)
    g_test_skip ("The sanitizer's run time needs /proc");
  else if (scene_can_mount () && (without->option == NULL || scene_is_privileged ()))
    {
      g_assert_no_errno (g_chmod (without->folder->path, 0777));
      scene_run_in_child (play_without_proc, without);
    }
}

static void
test_no_proc (TestFolder    *folder,
              gconstpointer  option)
{
  const WithoutProc without = { folder, option, FALSE };

  run_without_proc (&without);
}

static void
test_no_proc_old_kernel (TestFolder    *folder,
                         gconstpointer  data)
{
  const WithoutProc without = { folder, NULL, TRUE };

  run_without_proc (&without);
}

static void
play_without_machine_id (gconstpointer data)
{
  const TestFolder *folder = data;

  g_assert_no_errno (unshare (CLONE_NEWNS));
  cover ("/etc");
  cover ("/var/lib/dbus");
  g_assert_false (g_file_test ("/etc/machine-id", G_FILE_TEST_EXISTS));
  scene_play_pair (folder->lock_file, as_usual, as_usual);
}

static void
play_with_empty_machine_id (gconstpointer data)
{
  const TestFolder *folder = data;

  g_assert_no_errno (unshare (CLONE_NEWNS));
  cover ("/etc");
  cover ("/var/lib/dbus");
  test_file_write ("/etc/machine-id", "");
  scene_play_pair (folder->lock_file, as_usual, as_usual);
}

static void
test_no_machine_id (TestFolder    *folder,
                    gconstpointer  data)
{
  if (scene_can_mount ())
    scene_run_in_child (play_without_machine_id, folder);
}

static void
test_empty_machine_id (TestFolder    *folder,
                       gconstpointer  data)
{
  if (scene_can_mount ())
    scene_run_in_child (play_with_empty_machine_id, folder);
}

int
main (int    argc,
      char **argv)
{
#define ADD(path, data, function) \
  g_test_add (path, TestFolder, data, test_folder_set_up, function, test_folder_tear_down)

  scene_init ();
  g_test_init (&argc, &argv, NULL);

  ADD ("/limits/no-descriptors", NULL, test_no_descriptors);
  ADD ("/limits/no-descriptors/without-tmpfile", "--no-tmpfile", test_no_descriptors);
  ADD ("/limits/few-descriptors/leftover", NULL, test_few_descriptors_leftover);
  ADD ("/limits/few-descriptors/leftover/without-tmpfile", "--no-tmpfile",
       test_few_descriptors_leftover);
  ADD ("/limits/few-descriptors/waiter", NULL, test_few_descriptors_waiter);
  ADD ("/limits/few-descriptors/waiter/without-tmpfile", "--no-tmpfile",
       test_few_descriptors_waiter);
  ADD ("/limits/few-descriptors/waiter/shared", "--shared", test_few_descriptors_waiter);
  ADD ("/limits/inotify/no-instances", "max_inotify_instances", test_no_inotify);
  ADD ("/limits/inotify/no-watches", "max_inotify_watches", test_no_inotify);
  ADD ("/limits/inotify/no-instances/some-later", "max_inotify_instances", test_inotify_later);
  ADD ("/limits/inotify/no-watches/some-later", "max_inotify_watches", test_inotify_later);
  for (guint i = 0; i < G_N_ELEMENTS (refused_calls); i++)
    {
      g_autofree char *path = g_strconcat ("/limits/refused/", refused_calls[i].name, NULL);

      ADD (path, &refused_calls[i], test_refused_call);
    }
  ADD ("/limits/no-proc", NULL, test_no_proc);
  ADD ("/limits/no-proc/another-user", SCENE_NOBODY, test_no_proc);
  ADD ("/limits/no-proc/old-kernel", NULL, test_no_proc_old_kernel);
  ADD ("/limits/no-machine-id", NULL, test_no_machine_id);
  ADD ("/limits/empty-machine-id", NULL, test_empty_machine_id);

  return g_test_run ();
#undef ADD
}
