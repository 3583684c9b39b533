/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* Waits for a lock, holds it until a line comes in, and lets go. Tells on
 * standard output when each of these happened; the monotonic clock is the same
 * for all processes, so that demo.py can compare what two workers say.
 */

#include <lockfile/glockfile.h>
#include <locale.h>
#include <stdio.h>

static int
fail (const GError *error)
{
  g_printerr ("%s\n", error->message);
  return 1;
}

int
main (int argc, char **argv)
{
  g_autoptr (GLockFile) lock = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *crashed = NULL;
  GLockFileInfo *previous = NULL;
  gint64 now = 0;

  if (argc != 3)
    {
      g_printerr ("Usage: %s LOCK-FILE NAME\n", argv[0]);
      return 64;
    }
  setlocale (LC_ALL, "");
  setvbuf (stdout, NULL, _IOLBF, 0);
  g_set_application_name (argv[2]);
  lock = g_lock_file_new (argv[1]);

  g_print ("waiting\n");
  if (!g_lock_file_lock (lock, NULL, &error))
    return fail (error);
  now = g_get_monotonic_time ();

  previous = g_lock_file_get_previous_holder (lock);
  if (previous != NULL)
    crashed = g_lock_file_info_describe (previous);
  g_print ("locked %" G_GINT64_FORMAT " %s\n", now, crashed != NULL ? crashed : "");

  getchar ();
  now = g_get_monotonic_time ();
  if (!g_lock_file_unlock (lock, &error))
    return fail (error);
  g_print ("unlocked %" G_GINT64_FORMAT "\n", now);

  return 0;
}
