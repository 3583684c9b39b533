/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <glib/gstdio.h>
#include <libintl.h>
#include <locale.h>
#include <lockfile/glockfile.h>
#include <stdio.h>

/* Says what the library says about the files of a folder, in the language of the
 * environment: say CATALOGUES FOLDER
 *
 * Each line is a name and a message. */

static void
say (const char *name,
     const char *message)
{
  g_assert_nonnull (message);
  g_assert_true (g_utf8_validate (message, -1, NULL));
  /* Not g_print(), which would write in the locale's encoding. */
  printf ("%s\t%s\n", name, message);
}

static void
say_error (const char *name,
           gboolean    done,
           GError    **error)
{
  g_assert_false (done);
  say (name, (*error)->message);
  g_clear_error (error);
}

static void
describe (const char *folder,
          const char *name,
          const char *file_name)
{
  g_autofree char *path = g_build_filename (folder, file_name, NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (path);
  g_autoptr (GError) error = NULL;
  g_autoptr (GLockFileInfo) info = g_lock_file_query_info (lock_file, NULL, &error);
  g_autofree char *description = NULL;

  g_assert_no_error (error);
  description = g_lock_file_info_describe (info);
  say (name, description);
}

/* The name of the message is that of the file. */
static void
try_in_vain (const char *folder,
             const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (path);
  g_autoptr (GError) error = NULL;

  /* However old the files are by now. */
  g_lock_file_set_stale_lock_time (lock_file, 0);
  say_error (name, g_lock_file_try_lock (lock_file, 0, NULL, &error), &error);
}

static gpointer
try_in_thread (gpointer data)
{
  g_autofree char *path = g_build_filename (data, "directory", NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (path);
  g_autoptr (GError) error = NULL;

  say_error ("thread", g_lock_file_try_lock (lock_file, 0, NULL, &error), &error);
  return NULL;
}

static void
done_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      data)
{
  GMainLoop *loop = data;
  g_autoptr (GError) error = NULL;

  say_error ("asynchronous",
             g_lock_file_try_lock_finish (G_LOCK_FILE (source), result, &error), &error);
  g_main_loop_quit (loop);
}

static void
try_asynchronously (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "directory", NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (path);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  g_lock_file_try_lock_async (lock_file, 0, G_PRIORITY_DEFAULT, NULL, done_cb, loop);
  g_main_loop_run (loop);
}

static void
misuse_own (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "own", NULL);
  g_autoptr (GLockFile) lock_file = g_lock_file_new (path);
  g_autoptr (GError) error = NULL;

  g_lock_file_lock (lock_file, NULL, &error);
  g_assert_no_error (error);
  describe (folder, "running", "own");
  say_error ("again", g_lock_file_try_lock (lock_file, 0, NULL, &error), &error);
  say_error ("remove-own", g_lock_file_remove_stale (lock_file, NULL, &error), &error);

  g_assert_cmpint (g_unlink (path), ==, 0);
  say_error ("lost", g_lock_file_verify (lock_file, &error), &error);
  say_error ("not-held", g_lock_file_verify (lock_file, &error), &error);
}

int
main (int    argc,
      char **argv)
{
  static const char * const obstacles[] = {
    "directory", "link", "pipe", "socket", "document", "missing/lock", "doubtful",
  };
  g_autoptr (GFile) far_away = g_file_new_for_uri ("http://example.org/lock");
  g_autoptr (GLockFile) lock_file = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (argc, ==, 3);
  g_assert_nonnull (setlocale (LC_ALL, ""));
  /* What the library bound is where it will be installed. Its encoding stays. */
  bindtextdomain ("glockfile", argv[1]);
  g_set_application_name ("Teller");

  lock_file = g_lock_file_new_for_file (far_away, &error);
  say_error ("no-path", lock_file != NULL, &error);
  for (guint i = 0; i < G_N_ELEMENTS (obstacles); i++)
    try_in_vain (argv[2], obstacles[i]);
  describe (argv[2], "describe-doubtful", "doubtful");
  describe (argv[2], "describe-leftover", "leftover");
  describe (argv[2], "describe-little", "little");
  misuse_own (argv[2]);
  g_thread_join (g_thread_new ("try", try_in_thread, argv[2]));
  try_asynchronously (argv[2]);
  return 0;
}
