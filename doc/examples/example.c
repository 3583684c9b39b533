/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <locale.h>
#include <lockfile/glockfile.h>

int
main (void)
{
  g_autoptr (GLockFile) lock = g_lock_file_new ("settings.ini.lock");
  g_autoptr (GKeyFile) settings = g_key_file_new ();
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  /* waits half a second at most */
  if (g_lock_file_try_lock (lock, 500, NULL, &error)
      && g_key_file_load_from_file (settings, "settings.ini",
                                    G_KEY_FILE_KEEP_COMMENTS, &error))
    {
      int opened = g_key_file_get_integer (settings, "window", "opened", NULL);

      g_key_file_set_integer (settings, "window", "opened", opened + 1);
      if (g_key_file_save_to_file (settings, "settings.ini", &error)
          && g_lock_file_unlock (lock, &error))
        return 0;
    }

  g_printerr ("%s\n", error->message); /* says who holds the lock, if somebody does */
  return 1;
}
