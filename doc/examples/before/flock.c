/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What flock(2) by hand looks like: what the page for those who come from it begins with. */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/file.h>
#include <unistd.h>

int
main (void)
{
  g_autoptr (GKeyFile) settings = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  int fd = open ("settings.ini.flock", O_RDWR | O_CREAT | O_CLOEXEC, 0666);

  while (fd >= 0 && flock (fd, LOCK_EX) != 0)
    {
      if (errno != EINTR)
        {
          close (fd);
          fd = -1;
        }
    }
  if (fd < 0)
    {
      g_printerr ("Cannot lock: %s\n", g_strerror (errno));
      return 1;
    }

  if (g_key_file_load_from_file (settings, "settings.ini", G_KEY_FILE_KEEP_COMMENTS, &error))
    {
      int opened = g_key_file_get_integer (settings, "window", "opened", NULL);

      g_key_file_set_integer (settings, "window", "opened", opened + 1);
      if (g_key_file_save_to_file (settings, "settings.ini", &error))
        {
          close (fd);
          return 0;
        }
    }

  g_printerr ("%s\n", error->message);
  return 1;
}
