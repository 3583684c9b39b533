/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Appends what comes in to a journal, line by line: journal FILE
 *
 * It holds the lock for long and has no main loop, so it asks before each step whether
 * the lock is still its own.
 */

#include <locale.h>
#include <lockfile/glockfile.h>
#include <stdio.h>

static gboolean
append_lines (const char *file_name, GError **error)
{
  g_autofree char *lock_name = g_strconcat (file_name, ".lock", NULL);
  g_autoptr (GLockFile) lock = g_lock_file_new (lock_name);
  g_autoptr (GLockFileLocker) locker = NULL;
  char line[4096];

  g_lock_file_set_stale_lock_time (lock, 0);
  locker = g_lock_file_locker_new (lock, NULL, error); /* waits without limit */
  if (locker == NULL)
    return FALSE;

  g_print ("The journal is ours.\n");
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      FILE *journal;

      if (!g_lock_file_verify (lock, error))
        return FALSE;
      journal = fopen (file_name, "a");
      if (journal == NULL || fputs (line, journal) == EOF || fclose (journal) != 0)
        {
          g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "Could not write “%s”", file_name);
          return FALSE;
        }
    }
  return g_lock_file_unlock (lock, error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  if (argc != 2)
    {
      g_printerr ("Usage: %s FILE\n", argv[0]);
      return 64;
    }
  if (append_lines (argv[1], &error))
    return 0;
  g_printerr ("%s\n", error->message);
  return 1;
}
