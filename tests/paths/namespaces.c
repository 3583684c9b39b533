/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Processes that share a folder but not their process numbers, as in
 * containers and sandboxes: a living holder is never robbed, a killed one is
 * replaced at once, whatever its number names elsewhere.
 */

#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- Islands ------------------------------------------------------------- */

/* A process that starts helpers and speaks for them. It may have a PID
 * namespace of its own; the helpers are in it then, and so is all that looks at
 * them, for only there do their numbers mean something.
 *
 * It is asked one line and answers one: NUMBER COMMAND [ARGUMENTS], where the
 * number says which helper.
 */
typedef struct
{
  pid_t  pid;
  FILE  *questions;
  FILE  *answers;
} Island;

/* Who plays a part: one helper of one island. */
typedef struct
{
  Island *island;
  int     number;
} Actor;

#define HELPERS 2

static TestHelper *
serve_start (const char *arguments)
{
  g_auto (GStrv) words = g_strsplit (arguments, "\t", -1);

  /* What is not there is NULL, and ends the list. */
  g_assert_cmpuint (g_strv_length (words), <=, 4);
  return test_helper_start (words[0], words[1],
                            words[1] != NULL ? words[2] : NULL,
                            words[1] != NULL && words[2] != NULL ? words[3] : NULL, NULL);
}

/* Whether /proc shows this PID namespace, or one around it. */
static gboolean
has_own_proc (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self", NULL);

  return self != NULL && atoi (self) == getpid ();
}

static void
serve_await_sleep (TestHelper *helper)
{
  if (has_own_proc ())
    test_helper_await_sleep (helper);
  g_assert_false (test_helper_has_answer (helper, has_own_proc () ? 0 : 200 * 1000));
}

/* The number that the next process gets. */
static const char *
serve_next_number (const char *number)
{
  FILE *file = fopen ("/proc/sys/kernel/ns_last_pid", "we");

  if (file == NULL)
    return "missing";
  fprintf (file, "%d", atoi (number) - 1);
  return fclose (file) == 0 ? "done" : "missing";
}

static char *
serve (TestHelper **helper,
       const char  *command,
       const char  *arguments)
{
  if (strcmp (command, "start") == 0)
    {
      *helper = serve_start (arguments);
      return g_strdup_printf ("%d", (int) test_helper_get_pid (*helper));
    }
  if (strcmp (command, "ask") == 0)
    return test_helper_ask (*helper, arguments);
  if (strcmp (command, "read") == 0)
    return test_helper_read (*helper);

  if (strcmp (command, "next-number") == 0)
    return g_strdup (serve_next_number (arguments));

  if (strcmp (command, "send") == 0)
    test_helper_send (*helper, arguments);
  else if (strcmp (command, "await-sleep") == 0)
    serve_await_sleep (*helper);
  else if (strcmp (command, "kill") == 0)
    test_helper_kill (*helper);
  else if (strcmp (command, "free") == 0)
    g_clear_pointer (helper, test_helper_free);
  else
    g_error ("An island does not know “%s”", command);
  return g_strdup ("done");
}

static void
live (int socket_fd)
{
  TestHelper *helpers[HELPERS] = { NULL };
  g_autofree char *line = NULL;
  size_t size = 0;
  FILE *questions = fdopen (socket_fd, "re");
  FILE *answers = fdopen (fcntl (socket_fd, F_DUPFD_CLOEXEC, 0), "we");

  while (getline (&line, &size, questions) > 0)
    {
      g_auto (GStrv) words = g_strsplit (g_strchomp (line), " ", 3);
      g_autofree char *answer = serve (&helpers[atoi (words[0])], words[1], words[2]);

      fprintf (answers, "%s\n", answer);
      fflush (answers);
    }
}

static void
found_island (int         socket_fd,
              int         namespaces,
              gboolean    own_proc,
              const char *hostname)
{
  pid_t first;
  int status;

  g_assert_no_errno (unshare (namespaces));
  if (hostname != NULL)
    g_assert_no_errno (sethostname (hostname, strlen (hostname)));
  if (!(namespaces & CLONE_NEWPID))
    {
      live (socket_fd);
      _exit (0);
    }

  /* Only a child is in the new PID namespace; all others end with it. */
  first = fork ();
  if (first == 0)
    {
      if (own_proc)
        scene_mount ("proc", "/proc", "proc", NULL);
      live (socket_fd);
      _exit (0);
    }
  g_assert_cmpint (first, >, 0);
  close (socket_fd);
  g_assert_cmpint (waitpid (first, &status, 0), ==, first);
  _exit (status != 0);
}

static Island *
island_new (int         namespaces,
            gboolean    own_proc,
            const char *hostname)
{
  Island *island = g_new0 (Island, 1);
  int sockets[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets));
  fflush (stdout);
  island->pid = fork ();
  if (island->pid == 0)
    {
      close (sockets[0]);
      found_island (sockets[1], namespaces, own_proc, hostname);
    }

  g_assert_cmpint (island->pid, >, 0);
  close (sockets[1]);
  island->answers = fdopen (sockets[0], "re");
  island->questions = fdopen (fcntl (sockets[0], F_DUPFD_CLOEXEC, 0), "we");
  return island;
}

static void
island_free (Island *island)
{
  int status;

  fclose (island->questions);
  fclose (island->answers);
  g_assert_cmpint (waitpid (island->pid, &status, 0), ==, island->pid);
  g_assert_cmpint (status, ==, 0);
  g_free (island);
}

static char *
actor_call (Actor      *actor,
            const char *command,
            const char *arguments)
{
  g_autofree char *line = NULL;
  size_t size = 0;

  fprintf (actor->island->questions, "%d %s %s\n", actor->number, command, arguments);
  fflush (actor->island->questions);
  if (getline (&line, &size, actor->island->answers) <= 0)
    g_error ("The island has gone down at “%s %s”", command, arguments);
  g_test_message ("%s %s -> %s", command, arguments, g_strchomp (line));
  return g_steal_pointer (&line);
}

static void
actor_do (Actor      *actor,
          const char *command,
          const char *arguments)
{
  g_autofree char *answer = actor_call (actor, command, arguments);

  g_assert_cmpstr (answer, ==, "done");
}

/* Answers the helper's number in its own PID namespace. */
static pid_t
actor_start (Actor      *actor,
             const char *lock_file,
             const char *options)
{
  g_autofree char *arguments = g_strconcat (lock_file, *options != '\0' ? "\t" : "", options, NULL);
  g_autofree char *pid = actor_call (actor, "start", arguments);

  return atoi (pid);
}

static void
assert_prefix (const char *answer,
               const char *prefix)
{
  if (!g_str_has_prefix (answer, prefix))
    g_assert_cmpstr (answer, ==, prefix);
}

static void
actor_check (Actor      *actor,
             const char *command,
             const char *expected)
{
  g_autofree char *answer = actor_call (actor, "ask", command);

  assert_prefix (answer, expected);
}

static void
actor_check_locked (Actor      *actor,
                    const char *command)
{
  g_autofree char *prefix = g_strdup_printf ("error %s %d ", g_quark_to_string (G_LOCK_FILE_ERROR),
                                             G_LOCK_FILE_ERROR_LOCKED);

  actor_check (actor, command, prefix);
}

static void
actor_check_holder (Actor      *actor,
                    const char *command,
                    pid_t       pid,
                    const char *state)
{
  g_autofree char *prefix = g_strdup_printf ("ok pid=%d state=%s ", (int) pid, state);

  actor_check (actor, command, prefix);
}

static void
actor_await_ok (Actor *actor)
{
  g_autofree char *answer = actor_call (actor, "read", "");

  g_assert_cmpstr (answer, ==, "ok");
}

/* --- Stages -------------------------------------------------------------- */

typedef struct
{
  int         namespaces;
  gboolean    own_proc;
  const char *hostname;
} Land;

/* Where the two are. */
typedef struct
{
  const char *name;
  Land        holder;
  Land        contender;
  gboolean    together;         /* in the holder's land */
} Stage;

#define CONTAINER (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS)

static const Stage stages[] = {
  { "holder-inside", { CONTAINER, TRUE, NULL }, { 0, FALSE, NULL } },
  { "contender-inside", { 0, FALSE, NULL }, { CONTAINER, TRUE, NULL } },
  { "siblings", { CONTAINER, TRUE, NULL }, { CONTAINER, TRUE, NULL } },
  { "other-names", { CONTAINER, TRUE, "island-one" }, { CONTAINER, TRUE, "island-two" } },
  { "other-name-outside", { CONTAINER, TRUE, "island-one" }, { 0, FALSE, NULL } },
  { "together", { CONTAINER, TRUE, NULL }, { 0, FALSE, NULL }, TRUE },
  /* Here /proc tells of other processes than kill() does. */
  { "together-without-own-proc", { CONTAINER, FALSE, NULL }, { 0, FALSE, NULL }, TRUE },
  { "siblings-without-own-proc", { CONTAINER, FALSE, NULL }, { CONTAINER, FALSE, NULL } },
};

typedef struct
{
  TestFolder  folder;
  Actor       holder;
  Actor       contender;
} Play;

static void
play_set_up (Play          *play,
             gconstpointer  data)
{
  const Stage *stage = data;

  test_folder_set_up (&play->folder, NULL);
  if (!scene_is_privileged () || !scene_can_mount ())
    return;

  play->holder.island = island_new (stage->holder.namespaces, stage->holder.own_proc,
                                    stage->holder.hostname);
  play->contender.island = play->holder.island;
  play->contender.number = stage->together ? 1 : 0;
  if (!stage->together)
    play->contender.island = island_new (stage->contender.namespaces, stage->contender.own_proc,
                                         stage->contender.hostname);
}

static void
play_tear_down (Play          *play,
                gconstpointer  data)
{
  if (play->contender.island != play->holder.island)
    island_free (play->contender.island);
  if (play->holder.island != NULL)
    island_free (play->holder.island);
  test_folder_tear_down (&play->folder, NULL);
}

/* --- Plays --------------------------------------------------------------- */

/* A holder that has done nothing for a day, to one who calls a millisecond old. */
static void
test_living_holder (Play          *play,
                    gconstpointer  data)
{
  pid_t pid;

  if (play->holder.island == NULL)
    return;
  pid = actor_start (&play->holder, play->folder.lock_file, "");
  actor_start (&play->contender, play->folder.lock_file, "--stale-lock-time=1");

  for (guint i = 0; i < 3; i++)
    {
      actor_check (&play->holder, "lock", "ok");
      test_file_set_age (play->folder.lock_file, 24 * 3600);
      actor_check_locked (&play->contender, "try 0");
      actor_check_locked (&play->contender, "try 100");
      actor_check_holder (&play->contender, "query", pid, "running");
      actor_check_locked (&play->contender, "remove-stale");
      actor_check (&play->holder, "verify", "ok");
      actor_check (&play->holder, "unlock", "ok");
      actor_check (&play->contender, "try 0", "ok");
      actor_check (&play->contender, "unlock", "ok");
    }
  test_folder_assert_empty (&play->folder);
}

/* R6: where there are no kernel locks, no age decides between processes of one
 * machine, also if they cannot see each other.
 */
static void
test_living_holder_without_kernel_locks (Play          *play,
                                         gconstpointer  data)
{
  if (play->holder.island == NULL)
    return;
  actor_start (&play->holder, play->folder.lock_file, "--no-flock");
  actor_start (&play->contender, play->folder.lock_file, "--no-flock\t--stale-lock-time=1");

  actor_check (&play->holder, "lock", "ok");
  test_file_set_age (play->folder.lock_file, 24 * 3600);
  actor_check_locked (&play->contender, "try 0");
  actor_check_locked (&play->contender, "try 100");
  actor_check (&play->holder, "verify", "ok");
  actor_check (&play->holder, "unlock", "ok");
  actor_check (&play->contender, "try 0", "ok");
  actor_check (&play->contender, "unlock", "ok");
  test_folder_assert_empty (&play->folder);
}

static void
test_killed_holder (Play          *play,
                    gconstpointer  data)
{
  if (play->holder.island == NULL)
    return;
  actor_start (&play->contender, play->folder.lock_file, "--stale-lock-time=0");

  for (guint i = 0; i < 3; i++)
    {
      pid_t pid = actor_start (&play->holder, play->folder.lock_file, "");

      actor_check (&play->holder, "lock", "ok");
      actor_do (&play->holder, "kill", "");
      actor_check_holder (&play->contender, "query", pid, "gone");
      actor_check (&play->contender, "try 0", "ok");
      actor_check_holder (&play->contender, "previous", pid, "gone");
      actor_check (&play->contender, "unlock", "ok");
      actor_do (&play->holder, "free", "");
    }
  test_folder_assert_empty (&play->folder);
}

/* The same numbers here and there: of a process that lives, and of none. */
static void
test_numbers (Play          *play,
              gconstpointer  data)
{
  const pid_t numbers[] = { getpid (), test_dead_pid () };

  if (play->holder.island == NULL)
    return;
  actor_start (&play->contender, play->folder.lock_file, "--stale-lock-time=1");

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *number = g_strdup_printf ("%d", (int) numbers[i]);
      g_autofree char *answer = actor_call (&play->holder, "next-number", number);
      pid_t pid;

      if (strcmp (answer, "done") != 0)
        {
          g_test_skip ("The kernel does not let choose process numbers");
          return;
        }
      pid = actor_start (&play->holder, play->folder.lock_file, "");
      g_assert_cmpint (pid, ==, numbers[i]);

      actor_check (&play->holder, "lock", "ok");
      test_file_set_age (play->folder.lock_file, 24 * 3600);
      actor_check_locked (&play->contender, "try 0");
      actor_check_holder (&play->contender, "query", pid, "running");
      actor_check (&play->holder, "verify", "ok");
      actor_do (&play->holder, "kill", "");
      actor_check_holder (&play->contender, "query", pid, "gone");
      actor_check (&play->contender, "try 0", "ok");
      actor_check_holder (&play->contender, "previous", pid, "gone");
      actor_check (&play->contender, "unlock", "ok");
      actor_do (&play->holder, "free", "");
    }
  test_folder_assert_empty (&play->folder);
}

/* R11: polling serves one who cannot watch the holder's process. */
static void
test_waiting (Play          *play,
              gconstpointer  data)
{
  if (play->holder.island == NULL)
    return;
  actor_start (&play->contender, play->folder.lock_file, "");

  for (guint i = 0; i < 4; i++)
    {
      const gboolean killed = i % 2 == 1;
      pid_t pid = actor_start (&play->holder, play->folder.lock_file, "");

      actor_check (&play->holder, "lock", "ok");
      actor_do (&play->contender, "send", "lock");
      actor_do (&play->contender, "await-sleep", "");
      if (killed)
        actor_do (&play->holder, "kill", "");
      else
        actor_check (&play->holder, "unlock", "ok");
      actor_await_ok (&play->contender);
      if (killed)
        actor_check_holder (&play->contender, "previous", pid, "gone");
      else
        actor_check (&play->contender, "previous", "none");
      actor_check (&play->contender, "unlock", "ok");
      actor_do (&play->holder, "free", "");
    }
  test_folder_assert_empty (&play->folder);
}

/* Two containers number their processes alike. */
static void
test_same_number (Play          *play,
                  gconstpointer  data)
{
  pid_t pid;

  if (play->holder.island == NULL)
    return;
  pid = actor_start (&play->holder, play->folder.lock_file, "");
  g_assert_cmpint (actor_start (&play->contender, play->folder.lock_file, "--stale-lock-time=1"),
                   ==, pid);

  actor_check (&play->holder, "lock", "ok");
  actor_check_locked (&play->contender, "try 0");
  actor_check_locked (&play->contender, "remove-stale");
  actor_do (&play->holder, "kill", "");
  actor_check (&play->contender, "try 0", "ok");
  actor_check_holder (&play->contender, "previous", pid, "gone");
  actor_check (&play->contender, "unlock", "ok");
  test_folder_assert_empty (&play->folder);
}

static void
add_play (const char    *name,
          const Stage   *stage,
          void         (*function) (Play          *play,
                                    gconstpointer  data))
{
  g_autofree char *path = g_strdup_printf ("/namespaces/%s/%s", stage->name, name);

  g_test_add (path, Play, stage, play_set_up, function, play_tear_down);
}

int
main (int    argc,
      char **argv)
{
  scene_init ();
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (stages); i++)
    {
      add_play ("living-holder", &stages[i], test_living_holder);
      add_play ("living-holder-without-kernel-locks", &stages[i],
                test_living_holder_without_kernel_locks);
      add_play ("killed-holder", &stages[i], test_killed_holder);
      add_play ("waiting", &stages[i], test_waiting);
    }
  add_play ("numbers", &stages[0], test_numbers);
  add_play ("same-number", &stages[2], test_same_number);

  return g_test_run ();
}
