/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* How good GLockFile is, side by side with the other ways to have a lock. */

#include "benchmark.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/vfs.h>

static const struct
{
  const char *name;
  void      (*measure) (Benchmark *benchmark);
} measurements[] = {
  { "cycle", measure_cycle },
  { "hand-over", measure_hand_over },
  { "take-over", measure_take_over },
  { "turns", measure_turns },
  { "idle", measure_idle },
  { "objects", measure_objects },
  { "threads", measure_threads },
  { "async", measure_async },
  { "crowds", measure_crowds },
  { "queues", measure_queues },
};

static const char *
file_system_name (const char *directory)
{
  struct statfs buffer;

  if (statfs (directory, &buffer) < 0)
    return "?";
  switch ((guint32) buffer.f_type)
    {
    case 0xef53:
      return "ext4";
    case 0x1021994:
      return "tmpfs";
    case 0x9123683e:
      return "btrfs";
    case 0x58465342:
      return "xfs";
    case 0x794c7630:
      return "overlay";
    default:
      return "other";
    }
}

static void
add_place (Benchmark  *benchmark,
           const char *directory)
{
  g_autofree char *folder = g_build_filename (directory, "glockfile-benchmark-XXXXXX", NULL);
  Place *place = &benchmark->places[benchmark->n_places];

  if (g_mkdtemp (folder) == NULL)
    {
      g_printerr ("Nothing is measured in %s: %s\n", directory, g_strerror (errno));
      return;
    }
  place->directory = g_steal_pointer (&folder);
  place->name = file_system_name (place->directory);
  benchmark->n_places++;
}

static void
remove_place (Place *place)
{
  g_autoptr (GDir) entries = g_dir_open (place->directory, 0, NULL);
  const char *name;

  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL)
    {
      g_autofree char *path = g_build_filename (place->directory, name, NULL);

      g_unlink (path);
    }
  g_rmdir (place->directory);
  g_free (place->directory);
}

static gboolean
is_wanted (const char  *name,
           char       **wanted)
{
  return wanted == NULL || g_strv_contains ((const char *const *) wanted, name);
}

static gboolean
check_names (char   **wanted,
             GError **error)
{
  for (gsize i = 0; wanted != NULL && wanted[i] != NULL; i++)
    {
      gboolean known = FALSE;

      for (gsize j = 0; j < G_N_ELEMENTS (measurements); j++)
        known |= g_str_equal (wanted[i], measurements[j].name);
      if (!known)
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "There is no measurement “%s”", wanted[i]);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
write_json (Report     *report,
            const char *file_name,
            GError    **error)
{
  g_autofree char *json = report_to_json (report);

  if (g_str_equal (file_name, "-"))
    {
      fputs (json, stdout);
      return TRUE;
    }
  return g_file_set_contents (file_name, json, -1, error);
}

int
main (int    argc,
      char **argv)
{
  static gboolean brief, spin;
  static char *json_file, *directory, *memory_directory;
  static char **contenders, **wanted;
  static const GOptionEntry entries[] = {
    { "short", 0, 0, G_OPTION_ARG_NONE, &brief,
      "A few iterations, to see that everything works", NULL },
    { "spin", 0, 0, G_OPTION_ARG_NONE, &spin,
      "The work of “turns” burns processor time instead of sleeping", NULL },
    { "json", 0, 0, G_OPTION_ARG_FILENAME, &json_file,
      "Write the figures here, too (-: standard output, and the table to standard error)",
      "FILE" },
    { "directory", 0, 0, G_OPTION_ARG_FILENAME, &directory,
      "A directory on a disk (/var/tmp)", "DIRECTORY" },
    { "memory-directory", 0, 0, G_OPTION_ARG_FILENAME, &memory_directory,
      "A directory in memory (/dev/shm)", "DIRECTORY" },
    { "contender", 0, 0, G_OPTION_ARG_STRING_ARRAY, &contenders,
      "Only this one (may be given several times)", "NAME" },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &wanted, NULL, "[MEASUREMENT…]" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (Report) report = NULL;
  Benchmark benchmark = { 0 };

  g_option_context_set_summary (context,
                                "Measurements: cycle hand-over take-over turns idle objects "
                                "threads async crowds queues; all of them by default.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)
      || !check_names (wanted, &error)
      || (contenders != NULL && !contender_select ((const char *const *) contenders, &error)))
    {
      g_printerr ("%s\n", error->message);
      return EXIT_FAILURE;
    }

  report = report_new (g_strcmp0 (json_file, "-") == 0 ? stderr : stdout);
  benchmark.report = report;
  benchmark.brief = brief;
  benchmark.spin = spin;
  add_place (&benchmark, directory != NULL ? directory : "/var/tmp");
  add_place (&benchmark, memory_directory != NULL ? memory_directory : "/dev/shm");

  for (gsize i = 0; i < G_N_ELEMENTS (measurements); i++)
    {
      if (is_wanted (measurements[i].name, wanted))
        measurements[i].measure (&benchmark);
    }
  report_summary (report, brief ? "Targets, of which a short run tells nothing" : "Targets");

  for (guint i = 0; i < benchmark.n_places; i++)
    remove_place (&benchmark.places[i]);

  if (json_file != NULL && !write_json (report, json_file, &error))
    {
      g_printerr ("%s\n", error->message);
      return EXIT_FAILURE;
    }
  if (benchmark.n_places == 0 || benchmark.violated)
    return EXIT_FAILURE;
  return EXIT_SUCCESS;
}
