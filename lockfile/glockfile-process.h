/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "glockfile-record.h"

G_BEGIN_DECLS

typedef enum
{
  G_LOCK_FILE_MATCH_UNKNOWN,
  G_LOCK_FILE_MATCH_SAME,
  G_LOCK_FILE_MATCH_DIFFERENT,
} GLockFileMatch;

/* What has become of the process that a file names. */
typedef enum
{
  G_LOCK_FILE_PROCESS_UNKNOWN,  /* it cannot be seen from here */
  G_LOCK_FILE_PROCESS_ALIVE,    /* a process of that number is there */
  G_LOCK_FILE_PROCESS_CERTAIN,  /* and it is that very process */
  G_LOCK_FILE_PROCESS_DEAD,
  G_LOCK_FILE_PROCESS_REUSED,   /* the number is another process' now */
} GLockFileProcess;

void             g_lock_file_process_prepare     (void);
void             g_lock_file_process_fill_record  (GLockFileRecord       *record);
void             g_lock_file_process_get_hostname (char                  *buffer,
                                                   gsize                  size);
GLockFileMatch   g_lock_file_process_match_boot  (const GLockFileRecord *record);
GLockFileMatch   g_lock_file_process_match_host  (const GLockFileRecord *record,
                                                  gboolean               on_shared_volume);
GLockFileProcess g_lock_file_process_look        (const GLockFileRecord *record,
                                                  GLockFileMatch         boot,
                                                  GLockFileMatch         host,
                                                  gint64                 file_age);
void             g_lock_file_process_new_token   (char                   token[37]);
gint64           g_lock_file_process_boot_clock  (void);
gint64           g_lock_file_process_file_clock  (void);

G_END_DECLS
