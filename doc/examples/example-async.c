/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What example.c does, without blocking a main loop. */

#include <locale.h>
#include <lockfile/glockfile.h>

typedef struct
{
  GMainLoop *loop;
  int status;
} Program;

static void
end (Program *self, const GError *error)
{
  if (error != NULL)
    {
      g_printerr ("%s\n", error->message); /* says who holds the lock, if somebody does */
      self->status = 1;
    }
  g_main_loop_quit (self->loop);
}

static gboolean
count (GError **error)
{
  g_autoptr (GKeyFile) settings = g_key_file_new ();
  int opened;

  if (!g_key_file_load_from_file (settings, "settings.ini", G_KEY_FILE_KEEP_COMMENTS, error))
    return FALSE;
  opened = g_key_file_get_integer (settings, "window", "opened", NULL);
  g_key_file_set_integer (settings, "window", "opened", opened + 1);
  return g_key_file_save_to_file (settings, "settings.ini", error);
}

static void
unlocked_cb (GObject *lock, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_lock_file_unlock_finish (G_LOCK_FILE (lock), result, &error);
  end (user_data, error);
}

static void
locked_cb (GObject *lock, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (g_lock_file_try_lock_finish (G_LOCK_FILE (lock), result, &error)
      && count (&error))
    g_lock_file_unlock_async (G_LOCK_FILE (lock), G_PRIORITY_DEFAULT, NULL,
                              unlocked_cb, user_data);
  else
    end (user_data, error);
}

int
main (void)
{
  g_autoptr (GLockFile) lock = g_lock_file_new ("settings.ini.lock");
  Program program = { 0 };

  setlocale (LC_ALL, "");
  program.loop = g_main_loop_new (NULL, FALSE);
  g_lock_file_try_lock_async (lock, 500, G_PRIORITY_DEFAULT, NULL,
                              locked_cb, &program);
  g_main_loop_run (program.loop);
  g_main_loop_unref (program.loop);
  return program.status;
}
