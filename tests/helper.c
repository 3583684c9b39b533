/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* The program that plays the other process:
 *
 *   test-helper [OPTIONS] LOCK-FILE
 *
 * At start it prints `ready PID`. Then it reads one command a line from
 * standard input and writes one answer a line to standard output:
 *
 *   lock | try MS | unlock | verify | remove-stale
 *                 `ok` or `error DOMAIN-QUARK CODE MESSAGE`
 *   is-locked     `yes` or `no`
 *   query         `ok pid=N state=running|gone|unknown app=NAME host=HOST
 *                 user=USER name=DISPLAYNAME` or `error ...`
 *   previous      `none` or the same as for `query`
 *   fd            the number of open descriptors
 *   fork          `child PID`: a child that does nothing until it is killed
 *   exit          no answer: _exit (0) at once, without unlocking
 *
 * At the end of input it drops the object and returns normally.
 */

#include "ways.h"

#include <errno.h>
#include <grp.h>
#include <lockfile/glockfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* A helper that waits for a lock does not see that its test is gone. */
#define HELPER_LIFE_TIME (30 * 60)

static void
become_user (int uid)
{
  if (setgroups (0, NULL) != 0 || setresgid (uid, uid, uid) != 0 || setresuid (uid, uid, uid) != 0)
    g_error ("Cannot become user %d: %s", uid, g_strerror (errno));

  /* Having changed its user, the process would count as privileged, and its
   * folder in /proc belong to root. */
  prctl (PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void
answer_error (const GError *error)
{
  g_autofree char *message = NULL;

  g_assert_nonnull (error);
  message = g_strdelimit (g_strdup (error->message), "\r\n", ' ');
  printf ("error %s %d %s\n", g_quark_to_string (error->domain), error->code, message);
}

static void
answer_info (GLockFileInfo *info)
{
  static const char * const states[] = { "unknown", "running", "gone" };
  const char *user_name = g_lock_file_info_get_user_name (info);
  const char *display_name = g_lock_file_info_get_display_name (info);

  printf ("ok pid=%" G_GINT64_FORMAT " state=%s app=%s host=%s user=%s name=%s\n",
          g_lock_file_info_get_pid (info),
          states[g_lock_file_info_get_holder_state (info)],
          g_lock_file_info_get_app_name (info),
          g_lock_file_info_get_hostname (info),
          user_name != NULL ? user_name : "",
          display_name != NULL ? display_name : "");
}

static void
answer_query (GLockFile *lock_file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GLockFileInfo) info = g_lock_file_query_info (lock_file, NULL, &error);

  if (info != NULL)
    answer_info (info);
  else
    answer_error (error);
}

static void
answer_previous (GLockFile *lock_file)
{
  GLockFileInfo *info = g_lock_file_get_previous_holder (lock_file);

  if (info != NULL)
    answer_info (info);
  else
    puts ("none");
}

static void
answer_descriptors (void)
{
  g_autoptr (GDir) directory = g_dir_open ("/proc/self/fd", 0, NULL);
  int count = 0;

  while (g_dir_read_name (directory) != NULL)
    count++;

  /* The one that looks is not counted. */
  printf ("%d\n", count - 1);
}

static void
answer_fork (void)
{
  pid_t child = fork ();

  if (child == 0)
    {
      alarm (HELPER_LIFE_TIME);
      close (STDIN_FILENO);
      close (STDOUT_FILENO);
      while (TRUE)
        pause ();
    }

  printf ("child %d\n", (int) child);
}

/* The commands that succeed or fail. FALSE: the command is none of them. */
static gboolean
act (GLockFile  *lock_file,
     const char *command)
{
  g_autoptr (GError) error = NULL;
  gboolean success;

  if (strcmp (command, "lock") == 0)
    success = g_lock_file_lock (lock_file, NULL, &error);
  else if (g_str_has_prefix (command, "try "))
    success = g_lock_file_try_lock (lock_file, atoi (command + 4), NULL, &error);
  else if (strcmp (command, "unlock") == 0)
    success = g_lock_file_unlock (lock_file, &error);
  else if (strcmp (command, "verify") == 0)
    success = g_lock_file_verify (lock_file, &error);
  else if (strcmp (command, "remove-stale") == 0)
    success = g_lock_file_remove_stale (lock_file, NULL, &error);
  else
    return FALSE;

  if (success)
    {
      g_assert_no_error (error);
      puts ("ok");
    }
  else
    {
      answer_error (error);
    }
  return TRUE;
}

static void
answer (GLockFile  *lock_file,
        const char *command)
{
  if (strcmp (command, "is-locked") == 0)
    puts (g_lock_file_is_locked (lock_file) ? "yes" : "no");
  else if (strcmp (command, "query") == 0)
    answer_query (lock_file);
  else if (strcmp (command, "previous") == 0)
    answer_previous (lock_file);
  else if (strcmp (command, "fd") == 0)
    answer_descriptors ();
  else if (strcmp (command, "fork") == 0)
    answer_fork ();
  else if (strcmp (command, "exit") == 0)
    _exit (0);
  else
    g_error ("Unknown command “%s”", command);
}

int
main (int    argc,
      char **argv)
{
  int stale_lock_time = -1;
  int uid = -1;
  TestWay way = { 0 };
  g_autofree char *name = NULL;
  g_auto (GStrv) file_names = NULL;
  const GOptionEntry entries[] = {
    { "stale-lock-time", 0, 0, G_OPTION_ARG_INT, &stale_lock_time, "The object's property", "MS" },
    { "name", 0, 0, G_OPTION_ARG_STRING, &name, "Display name of the application", "NAME" },
    { "uid", 0, 0, G_OPTION_ARG_INT, &uid, "Run as this user (and group)", "UID" },
    { "no-tmpfile", 0, 0, G_OPTION_ARG_NONE, &way.no_tmpfile, "Refuse O_TMPFILE (R3)", NULL },
    { "no-flock", 0, 0, G_OPTION_ARG_NONE, &way.no_flock, "Refuse kernel locks (R6)", NULL },
    { "shared", 0, 0, G_OPTION_ARG_NONE, &way.shared, "Call every volume shared", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &file_names, NULL, "LOCK-FILE" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GLockFile) lock_file = NULL;
  g_autofree char *line = NULL;
  size_t size = 0;

  alarm (HELPER_LIFE_TIME);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_error ("%s", error->message);
  if (file_names == NULL || g_strv_length (file_names) != 1)
    g_error ("One lock file must be named");

  test_way_take (&way);
  if (name != NULL)
    g_set_application_name (name);
  if (uid >= 0)
    become_user (uid);

  lock_file = g_lock_file_new (file_names[0]);
  if (stale_lock_time >= 0)
    g_lock_file_set_stale_lock_time (lock_file, stale_lock_time);

  printf ("ready %d\n", (int) getpid ());
  fflush (stdout);
  while (getline (&line, &size, stdin) > 0)
    {
      g_strchomp (line);
      if (!act (lock_file, line))
        answer (lock_file, line);
      fflush (stdout);
    }

  return 0;
}
