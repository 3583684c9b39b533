/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "report.h"

#include <math.h>

#define NAME_WIDTH 18
#define VALUE_WIDTH 11

struct _Report
{
  FILE              *table;
  GString           *figures;   /* the members of a JSON array */
  GString           *targets;   /* the same */
  GString           *summary;
  const char        *section;
  const char *const *columns;
};

Report *
report_new (FILE *table)
{
  Report *report = g_new0 (Report, 1);

  report->table = table;
  report->figures = g_string_new (NULL);
  report->targets = g_string_new (NULL);
  report->summary = g_string_new (NULL);
  return report;
}

void
report_free (Report *report)
{
  g_string_free (report->figures, TRUE);
  g_string_free (report->targets, TRUE);
  g_string_free (report->summary, TRUE);
  g_free (report);
}

static void
append_json_number (GString *json,
                    double   value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (json, isnan (value)
                           ? "null"
                           : g_ascii_formatd (buffer, sizeof buffer, "%.6g", value));
}

static int
digits_for (double value)
{
  double size = fabs (value);

  return size == 0 || size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 4;
}

/* printf() counts bytes, but µ has two. */
static void
print_padded (FILE       *stream,
              const char *text,
              int         width)
{
  fprintf (stream, "%s%*s", text, (int) MAX (width - g_utf8_strlen (text, -1), 1), "");
}

void
report_section (Report            *report,
                const char        *name,
                const char        *title,
                const char *const *columns)
{
  report->section = name;
  report->columns = columns;

  fprintf (report->table, "\n%s\n\n  ", title);
  print_padded (report->table, "", 8);
  print_padded (report->table, "", NAME_WIDTH);
  for (gsize i = 0; columns[i] != NULL; i++)
    fprintf (report->table, "%*s%s",
             (int) MAX (VALUE_WIDTH - g_utf8_strlen (columns[i], -1), 1), "", columns[i]);
  fputc ('\n', report->table);
}

void
report_row (Report       *report,
            const char   *place,
            const char   *contender,
            const double *values)
{
  g_string_append_printf (report->figures,
                          "%s\n    {\"measurement\": \"%s\", \"place\": \"%s\", "
                          "\"contender\": \"%s\"",
                          report->figures->len > 0 ? "," : "",
                          report->section, place, contender);
  fputs ("  ", report->table);
  print_padded (report->table, place, 8);
  print_padded (report->table, contender, NAME_WIDTH);

  for (gsize i = 0; report->columns[i] != NULL; i++)
    {
      int width = MAX (VALUE_WIDTH, g_utf8_strlen (report->columns[i], -1) + 1);

      g_string_append_printf (report->figures, ", \"%s\": ", report->columns[i]);
      append_json_number (report->figures, values[i]);
      if (isnan (values[i]))
        fprintf (report->table, "%*s", width, "");
      else
        fprintf (report->table, "%*.*f", width, digits_for (values[i]), values[i]);
    }

  g_string_append_c (report->figures, '}');
  fputc ('\n', report->table);
  fflush (report->table);
}

static void
add_target (Report     *report,
            const char *place,
            const char *what,
            double      value,
            const char *comparison,
            double      limit,
            gboolean    met)
{
  g_autofree char *line = NULL;

  if (isnan (value))
    return;

  line = g_strdup_printf ("  %-7s %s: %s: %.*f, target %s %g\n",
                          met ? "met" : "MISSED", place, what, digits_for (value), value,
                          comparison, limit);
  g_string_append (report->summary, line);

  g_string_append_printf (report->targets,
                          "%s\n    {\"measurement\": \"%s\", \"place\": \"%s\", "
                          "\"what\": \"%s\", \"value\": ",
                          report->targets->len > 0 ? "," : "",
                          report->section, place, what);
  append_json_number (report->targets, value);
  g_string_append_printf (report->targets, ", \"target\": \"%s\", \"limit\": ", comparison);
  append_json_number (report->targets, limit);
  g_string_append_printf (report->targets, ", \"met\": %s}", met ? "true" : "false");
}

void
report_at_most (Report     *report,
                const char *place,
                const char *what,
                double      value,
                double      limit)
{
  add_target (report, place, what, value, "at most", limit, value <= limit);
}

void
report_at_least (Report     *report,
                 const char *place,
                 const char *what,
                 double      value,
                 double      limit)
{
  add_target (report, place, what, value, "at least", limit, value >= limit);
}

void
report_summary (Report     *report,
                const char *title)
{
  fprintf (report->table, "\n%s\n\n%s", title, report->summary->str);
  fflush (report->table);
}

char *
report_to_json (Report *report)
{
  return g_strdup_printf ("{\n  \"figures\": [%s\n  ],\n  \"targets\": [%s\n  ]\n}\n",
                          report->figures->str, report->targets->str);
}

Sample *
sample_new (void)
{
  Sample *sample = g_new0 (Sample, 1);

  sample->values = g_array_new (FALSE, FALSE, sizeof (double));
  return sample;
}

void
sample_free (Sample *sample)
{
  g_array_unref (sample->values);
  g_free (sample);
}

void
sample_add (Sample *sample,
            double  value)
{
  g_array_append_val (sample->values, value);
}

static int
compare_values (gconstpointer a,
                gconstpointer b)
{
  double first = *(const double *) a;
  double second = *(const double *) b;

  return (first > second) - (first < second);
}

double
sample_quantile (Sample *sample,
                 double  share)
{
  double position, whole, fraction;
  guint index;

  if (sample->values->len == 0)
    return REPORT_NOTHING;

  g_array_sort (sample->values, compare_values);
  position = share * (sample->values->len - 1);
  fraction = modf (position, &whole);
  index = whole;
  if (index + 1 >= sample->values->len)
    return g_array_index (sample->values, double, sample->values->len - 1);
  return g_array_index (sample->values, double, index) * (1 - fraction)
         + g_array_index (sample->values, double, index + 1) * fraction;
}
