/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>
#include <lockfile/glockfile.h>
#include <sysexits.h>

G_BEGIN_DECLS

/* What the tool exits with, beside the codes of sysexits.h and those of the command. */
#define TOOL_EXIT_NOT_LOCKED 1
#define TOOL_EXIT_LEFTOVER 2
#define TOOL_EXIT_NOT_EXECUTABLE 126
#define TOOL_EXIT_NOT_FOUND 127
/* To this the number of the signal is added that ended the command. */
#define TOOL_EXIT_SIGNALLED 128

/* What `--help` says, to be translated, and how options are taken. */
typedef struct
{
  const char *parameters;
  const char *summary;
  const char *description;
  gboolean options_come_first;  /* what follows them is taken as it is */
} ToolSynopsis;

/* The sub-commands: each gets its own arguments, its name being the first, and answers
 * the exit status. */
int        tool_run           (int                  argc,
                               char               **argv);
int        tool_info          (int                  argc,
                               char               **argv);
int        tool_remove        (int                  argc,
                               char               **argv);

GStrv      tool_parse         (const ToolSynopsis  *synopsis,
                               const GOptionEntry  *entries,
                               int                  argc,
                               char               **argv);
GLockFile *tool_get_lock_file (const GStrv          arguments);
void       tool_usage_error   (const char          *message) G_GNUC_NORETURN;
char      *tool_tame          (const char          *text);
void       tool_complain      (const char          *message);
int        tool_fail          (const GError        *error);

G_END_DECLS
