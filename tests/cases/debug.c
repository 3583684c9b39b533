/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What is told when debugging: each step once, with its rule, and nothing
 * where somebody who listens could be harmed by it.
 */

#include "testutils.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static GMutex mutex;
static GString *told;           /* guarded by the mutex; one step a line */
static GLockFile *bystander;

/* Whoever listens may use the library, which would not return here if the library's
 * mutex were held.
 */
static GLogWriterOutput
write_log (GLogLevelFlags    level,
           const GLogField  *fields,
           gsize             n_fields,
           gpointer          unused)
{
  const char *domain = NULL, *message = NULL;

  for (gsize i = 0; i < n_fields; i++)
    {
      if (strcmp (fields[i].key, "GLIB_DOMAIN") == 0)
        domain = fields[i].value;
      if (strcmp (fields[i].key, "MESSAGE") == 0)
        message = fields[i].value;
    }
  if (level != G_LOG_LEVEL_DEBUG)
    return g_log_writer_default (level, fields, n_fields, NULL);
  if (g_strcmp0 (domain, "GLockFile") != 0)
    return G_LOG_WRITER_HANDLED;

  g_assert_false (g_lock_file_is_locked (bystander));
  g_mutex_lock (&mutex);
  g_string_append_printf (told, "%s\n", message);
  g_mutex_unlock (&mutex);
  return G_LOG_WRITER_HANDLED;
}

/* How many steps of this kind were told since this was last asked. */
static guint
count_told (const char *step)
{
  g_auto (GStrv) parts = NULL;
  guint n;

  g_mutex_lock (&mutex);
  parts = g_strsplit (told->str, step, -1);
  n = g_strv_length (parts) - 1;
  g_mutex_unlock (&mutex);
  return n;
}

static void
forget (void)
{
  g_mutex_lock (&mutex);
  g_string_truncate (told, 0);
  g_mutex_unlock (&mutex);
}

#define assert_told(step, n) g_assert_cmpuint (count_told (step), ==, n)

static void
test_free (TestFolder    *folder,
           gconstpointer  unused)
{
  g_autoptr (GLockFile) lock = g_lock_file_new (folder->lock_file);
  g_autofree char *locked = g_strdup_printf ("%s: locked: ", folder->lock_file);
  g_autofree char *unlocked = g_strdup_printf ("%s: unlocked: deleted (R14)\n", folder->lock_file);

  test_assert_lock (lock, 0);
  assert_told (locked, 1);
  test_assert_unlock (lock);
  assert_told (unlocked, 1);
  assert_told ("\n", 2);
}

static void
test_held (TestFolder    *folder,
           gconstpointer  unused)
{
  g_autoptr (GLockFile) lock = g_lock_file_new (folder->lock_file);
  g_autoptr (TestHelper) helper = test_helper_start (folder->lock_file, NULL);
  g_autofree char *writer = g_strdup_printf ("; written by GLockFile, process %d; ",
                                             (int) test_helper_get_pid (helper));

  test_assert_answer (helper, "lock", "ok");
  test_assert_locked_out (lock, 50);
  assert_told ("held by J2: ", 1);
  assert_told (writer, 1);
  assert_told ("waiting, with a watch on the file and its process (R9, R10)", 1);
  assert_told ("giving up: the time is over (R12)", 1);
  assert_told ("unlocked", 0);
}

/* Where no event tells, it is looked at again and again, which is told once. */
static void
test_polled (TestFolder    *folder,
             gconstpointer  unused)
{
  g_autoptr (GLockFile) lock = g_lock_file_new (folder->lock_file);
  g_autofree char *content = test_qt_content (4711, "gedit", "elsewhere",
                                              "c0ffee00c0ffee00c0ffee00c0ffee00",
                                              "01234567-89ab-4cde-8f01-23456789abcd");

  test_file_write (folder->lock_file, content);
  test_assert_locked_out (lock, 200);
  assert_told ("held by J9: ", 1);
  assert_told ("; written by Qt, process 4711; ", 1);
  assert_told ("(R11)", 1);

  forget ();
  g_assert_true (g_lock_file_remove_stale (lock, NULL, NULL));
  assert_told ("stale by R8: ", 1);
  assert_told ("removed what process 4711 left behind (R8)", 1);
}

static void
test_left_behind (TestFolder    *folder,
                  gconstpointer  unused)
{
  g_autoptr (GLockFile) lock = g_lock_file_new (folder->lock_file);

  test_crash_while_holding (folder->lock_file);
  test_assert_lock (lock, 0);
  assert_told ("stale by J3: ", 1);
  assert_told ("left behind (R5)", 1);
  assert_told (".rmlock: locked: ", 1);
  test_assert_unlock (lock);
}

static void
lost_cb (GLockFile    *lock,
         const GError *error,
         gpointer      is_lost)
{
  *(gboolean *) is_lost = TRUE;
}

static void
test_lost (TestFolder    *folder,
           gconstpointer  unused)
{
  g_autoptr (GLockFile) lock = g_lock_file_new (folder->lock_file);
  gboolean is_lost = FALSE;

  g_signal_connect (lock, "lost", G_CALLBACK (lost_cb), &is_lost);
  test_assert_lock (lock, 0);
  g_assert_cmpint (unlink (folder->lock_file), ==, 0);
  while (!is_lost)
    g_main_context_iteration (NULL, TRUE);
  assert_told ("lost: somebody removed or replaced it (R16)", 1);
}

/* A thread of the parent may have been logging when the child was made, with locks
 * that nobody gives back there.
 */
static void
test_in_a_child (TestFolder    *folder,
                 gconstpointer  unused)
{
  g_autoptr (GLockFile) lock = g_lock_file_new (folder->lock_file);
  pid_t pid;
  int status;

  test_assert_lock (lock, 0);
  forget ();
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      alarm (TEST_TIME_LIMIT / G_TIME_SPAN_SECOND);
      if (g_lock_file_try_lock (lock, 20, NULL, NULL) || told->len > 0)
        _exit (1);
      _exit (0);
    }
  while (waitpid (pid, &status, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  g_assert_cmpint (status, ==, 0);
  test_assert_unlock (lock);
  assert_told ("unlocked: deleted", 1);
}

static void
set_up (TestFolder    *folder,
        gconstpointer  data)
{
  test_folder_set_up (folder, data);
  forget ();
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* Of this program, and not of its helpers. */
  g_log_set_debug_enabled (TRUE);
  g_log_set_writer_func (write_log, NULL, NULL);
  told = g_string_new (NULL);
  bystander = g_lock_file_new ("bystander.lock");

#define add(name, function) \
  g_test_add ("/cases/debug/" name, TestFolder, NULL, set_up, function, test_folder_tear_down)

  add ("free", test_free);
  add ("held", test_held);
  add ("polled", test_polled);
  add ("left-behind", test_left_behind);
  add ("lost", test_lost);
  add ("in-a-child", test_in_a_child);

  return g_test_run ();
}
