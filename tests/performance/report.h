/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>
#include <stdio.h>

G_BEGIN_DECLS

/* Everything that was measured, as a table for people at once, and as JSON at
 * the end. */
typedef struct _Report Report;

/* A value that was not measured; shown as a blank. */
#define REPORT_NOTHING (__builtin_nan (""))

Report  *report_new     (FILE              *table);
void     report_free    (Report            *report);
/* @columns: NULL-terminated; each says its unit. */
void     report_section (Report            *report,
                         const char        *name,
                         const char        *title,
                         const char *const *columns);
void     report_row     (Report            *report,
                         const char        *place,
                         const char        *contender,
                         const double      *values);
/* What quality.md asks for; @what says the unit. */
void     report_at_most  (Report           *report,
                          const char       *place,
                          const char       *what,
                          double            value,
                          double            limit);
void     report_at_least (Report           *report,
                          const char       *place,
                          const char       *what,
                          double            value,
                          double            limit);
/* Shows all targets together. */
void     report_summary  (Report           *report,
                          const char       *title);
char    *report_to_json  (Report           *report);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Report, report_free)

/* Many values of one kind. */
typedef struct
{
  GArray *values;
} Sample;

Sample  *sample_new      (void);
void     sample_free     (Sample           *sample);
void     sample_add      (Sample           *sample,
                          double            value);
/* @share: 0.5 for the median, 0.99 for the 99th percentile.  Nothing for an
 * empty sample. */
double   sample_quantile (Sample           *sample,
                          double            share);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sample, sample_free)

G_END_DECLS
