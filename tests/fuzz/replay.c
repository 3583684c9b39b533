/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "target.h"

#include <glib/gstdio.h>
#include <string.h>

/* A target without libFuzzer: replay FOLDER… gives it every file of the folders, with
 * the conditions that it has been found with, or, if it is one of tests/vectors, with
 * many that are drawn by lot. With --seeds=FOLDER it writes these, for libFuzzer to begin
 * with, and tries none.
 */

#define CONDITIONS_TRIED 500
#define CONDITIONS_WRITTEN 4

static const char *seeds_folder;
static GRand *lot;

static void
write_seed (const char   *path,
            guint         number,
            const guint8 *data,
            gsize         size)
{
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *seed = g_strdup_printf ("%s/%s-%u", seeds_folder, base, number);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (seed, (const char *) data, size, &error);
  g_assert_no_error (error);
}

/* In memory of just that size, so that a sanitizer sees a step too far. */
static void
test_input (gconstpointer data)
{
  const char *path = data;
  gboolean is_vector = g_str_has_suffix (path, ".content");
  gsize n_conditions = is_vector ? target_conditions_size : 0;
  guint n = n_conditions == 0 ? 1 : seeds_folder != NULL ? CONDITIONS_WRITTEN : CONDITIONS_TRIED;
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (path, &content, &size, &error);
  g_assert_no_error (error);

  for (guint i = 0; i < n; i++)
    {
      g_autofree guint8 *input = g_malloc (MAX (size + n_conditions, 1));

      memcpy (input, content, size);
      for (gsize k = 0; k < n_conditions; k++)
        input[size + k] = g_rand_int_range (lot, 0, 256);
      if (seeds_folder != NULL)
        write_seed (path, i, input, size + n_conditions);
      else
        LLVMFuzzerTestOneInput (input, size + n_conditions);
    }
}

static void
add_inputs (const char *folder,
            GPtrArray  *paths)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  const char *entry;

  g_assert_no_error (error);
  while ((entry = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *name = g_strconcat ("/" TARGET "/", entry, NULL);

      if (g_str_has_suffix (entry, ".expected"))
        continue;
      g_ptr_array_add (paths, g_build_filename (folder, entry, NULL));
      if (seeds_folder != NULL)
        test_input (paths->pdata[paths->len - 1]);
      else
        g_test_add_data_func (name, paths->pdata[paths->len - 1], test_input);
    }
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  int i = 1, status;

  if (argc > 1 && g_str_has_prefix (argv[1], "--seeds="))
    {
      seeds_folder = argv[i++] + strlen ("--seeds=");
      g_assert_cmpint (g_mkdir_with_parents (seeds_folder, 0777), ==, 0);
      lot = g_rand_new_with_seed (0);
    }
  else
    {
      g_test_init (&argc, &argv, NULL);
      lot = g_rand_new_with_seed (g_test_rand_int ());
    }

  for (; i < argc; i++)
    add_inputs (argv[i], paths);
  status = seeds_folder != NULL ? 0 : g_test_run ();
  g_rand_free (lot);
  return status;
}
