/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Keeps a document locked for as long as it is open: document FILE
 *
 * The main loop stands for a window with the document; a line on standard input, or
 * its end, closes it.
 */

#include <glib-unix.h>
#include <locale.h>
#include <lockfile/glockfile.h>

typedef struct
{
  GLockFile *lock;
  char *autosave;
  GMainLoop *loop;
  int status;
} Document;

static void
unlocked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Document *self = user_data;
  g_autoptr (GError) error = NULL;

  if (!g_lock_file_unlock_finish (self->lock, result, &error))
    g_printerr ("%s\n", error->message);
  g_main_loop_quit (self->loop);
}

static gboolean
close_cb (int fd, GIOCondition condition, gpointer user_data)
{
  Document *self = user_data;

  g_lock_file_unlock_async (self->lock, G_PRIORITY_DEFAULT, NULL, unlocked_cb, self);
  return G_SOURCE_REMOVE;
}

static void
lost_cb (GLockFile *lock, const GError *error, gpointer user_data)
{
  Document *self = user_data;

  /* Others can change the document now: an editor no longer saves without asking. */
  g_printerr ("%s\n", error->message);
  self->status = 1;
}

static void
locked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Document *self = user_data;
  GLockFileInfo *previous = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_lock_file_try_lock_finish (self->lock, result, &error))
    {
      g_printerr ("%s\n", error->message); /* if it is in use, this says by whom */
      self->status = 1;
      g_main_loop_quit (self->loop);
      return;
    }

  previous = g_lock_file_get_previous_holder (self->lock);
  if (previous != NULL)
    {
      g_autofree char *who = g_lock_file_info_describe (previous);

      g_print ("%s\n", who);
    }
  /* We have the lock, so whoever wrote this is gone, known to us or not. */
  if (g_file_test (self->autosave, G_FILE_TEST_EXISTS))
    g_print ("There are unsaved changes in “%s”.\n", self->autosave);

  g_print ("The document is ours.\n");
  g_unix_fd_add (0, G_IO_IN | G_IO_HUP, close_cb, self);
}

int
main (int argc, char **argv)
{
  Document document = { 0 };
  g_autofree char *lock_name = NULL;

  setlocale (LC_ALL, "");
  if (argc != 2)
    {
      g_printerr ("Usage: %s FILE\n", argv[0]);
      return 64;
    }
  g_set_application_name ("Text Editor"); /* what others are told */

  lock_name = g_strconcat (argv[1], ".lock", NULL);
  document.lock = g_lock_file_new (lock_name);
  document.autosave = g_strconcat (argv[1], ".autosave", NULL);
  document.loop = g_main_loop_new (NULL, FALSE);

  /* It may be open for days: no age may decide that its editor is gone. */
  g_lock_file_set_stale_lock_time (document.lock, 0);
  g_signal_connect (document.lock, "lost", G_CALLBACK (lost_cb), &document);

  /* Not at once, for somebody may just be closing it. */
  g_lock_file_try_lock_async (document.lock, 300, G_PRIORITY_DEFAULT, NULL, locked_cb,
                              &document);
  g_main_loop_run (document.loop);

  g_object_unref (document.lock);
  g_free (document.autosave);
  g_main_loop_unref (document.loop);
  return document.status;
}
