/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One way to have a lock, so that every measurement can be made side by side
 * with all of them.
 *
 * The functions come from a module where the way needs a library of its own:
 * a process of another contender shall not pay for loading Qt.  A contender
 * with a program is one that no C function can speak for.
 */
typedef struct
{
  const char *name;
  const char *module;
  const char *interpreter;
  const char *program;
  gboolean    polls;      /* sleeps between looks, however long: few rounds will do */
  gboolean    excludes;   /* FALSE: is measured alone, as the floor of the cycle */

  gpointer  (*open)   (const char *path);
  gboolean  (*lock)   (gpointer lock,
                       int      timeout);
  void      (*unlock) (gpointer lock);
  void      (*close)  (gpointer lock);
} Contender;

extern Contender contender_glockfile;
extern Contender contender_flock;
extern Contender contender_system_calls;

/* As many bytes as the lock file of a GLockFile has. */
extern gsize contender_content_size;

/* NULL-terminated: those of the three above and of the ones that are found on
 * this machine which the user asked for. */
Contender *const *contender_get_all (void);
gboolean          contender_select  (const char *const *names,
                                     GError           **error);
gboolean          contender_is_selected (const Contender *contender);

void              contender_load    (Contender *contender);

G_END_DECLS
