/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What an object that does nothing costs. */

#include "benchmark.h"

#include <lockfile/glockfile.h>
#include <malloc.h>

#include "worker.h"

typedef struct
{
  const char *directory;
  gboolean    brief;
} ObjectOrder;

typedef struct
{
  double instance;
  double fresh;
  double used;
} ObjectSizes;

static gsize
memory_in_use (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

static gboolean
use_once (GLockFile *lock_file)
{
  g_autoptr (GError) error = NULL;

  if (!g_lock_file_lock (lock_file, NULL, &error) || !g_lock_file_unlock (lock_file, &error))
    g_error ("%s", error->message);
  return TRUE;
}

/* Answers the bytes for each of @n_objects. */
static double
measure_size (const char *directory,
              guint       n_objects,
              gboolean    used)
{
  g_autofree GLockFile **objects = g_new0 (GLockFile *, n_objects);
  gsize before = memory_in_use ();
  gsize after;

  for (guint i = 0; i < n_objects; i++)
    {
      char path[256];

      g_snprintf (path, sizeof path, "%s/.~lock.Annual report %06u.odt#", directory, i);
      objects[i] = g_lock_file_new (path);
      if (used)
        use_once (objects[i]);
    }
  after = memory_in_use ();

  for (guint i = 0; i < n_objects; i++)
    g_object_unref (objects[i]);
  return (double) (after - before) / n_objects;
}

static void
measure_sizes (gpointer result,
               gpointer data)
{
  ObjectSizes *sizes = result;
  ObjectOrder *order = data;
  GTypeQuery query;

  g_type_query (G_TYPE_LOCK_FILE, &query);
  sizes->instance = query.instance_size;

  /* What the first of all allocates for the whole process does not count. */
  measure_size (order->directory, 10, TRUE);
  sizes->fresh = measure_size ("/home/somebody/Documents", order->brief ? 1000 : 100000, FALSE);
  sizes->used = measure_size (order->directory, order->brief ? 100 : 20000, TRUE);
}

void
measure_objects (Benchmark *benchmark)
{
  static const char *const columns[] = { "instance", "new", "used once", NULL };
  const Place *place;
  ObjectOrder order;
  ObjectSizes sizes;

  if (benchmark->n_places == 0 || !contender_is_selected (&contender_glockfile))
    return;

  place = &benchmark->places[benchmark->n_places - 1];
  order = (ObjectOrder) { .directory = place->directory, .brief = benchmark->brief };
  run_apart (measure_sizes, &order, &sizes, sizeof sizes);

  report_section (benchmark->report, "objects", "Bytes of an object that does nothing", columns);
  report_row (benchmark->report, place->name, "GLockFile",
              (double[]) { sizes.instance, sizes.fresh, sizes.used });
  report_at_most (benchmark->report, place->name, "idle object, bytes", sizes.fresh, 512);
  report_at_most (benchmark->report, place->name, "idle object that was used once, bytes",
                  sizes.used, 512);
}
