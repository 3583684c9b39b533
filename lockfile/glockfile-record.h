/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Longer is not a lock file. */
#define G_LOCK_FILE_RECORD_MAX 4096

/* Who wrote a file, as far as its content tells. */
typedef enum
{
  G_LOCK_FILE_WRITER_FOREIGN,       /* not a lock file */
  G_LOCK_FILE_WRITER_EMPTY,         /* no byte, or only NUL bytes */
  G_LOCK_FILE_WRITER_PID_ONLY,      /* one or two lines */
  G_LOCK_FILE_WRITER_QT_OLD,        /* Qt before 5.10: three or four lines */
  G_LOCK_FILE_WRITER_QT,            /* Qt 5.10 and later: five lines */
  G_LOCK_FILE_WRITER_OURS_UNLOCKED, /* line 6, written without a kernel lock */
  G_LOCK_FILE_WRITER_OURS,          /* line 6, written under the kernel lock */
} GLockFileWriter;

/* What a lock file says. Reference-counted; not changed once it is shared. */
typedef struct
{
  GLockFileWriter writer;
  gint64 pid;                  /* 0: unknown */
  char *app_name;              /* the strings of Qt's lines are never NULL */
  char *hostname;
  char *machine_id;
  char *boot_id;
  char *user_name;             /* NULL: unknown, as with all that follows */
  char *display_name;
  char *token;
  gint64 since;                /* microseconds since 1970, UTC; 0: unknown */
  guint64 pid_namespace;       /* 0: unknown */
  guint64 started;             /* clock ticks since boot; 0: unknown */
  gboolean has_device;
  guint device_major;
  guint device_minor;
} GLockFileRecord;

GLockFileRecord *g_lock_file_record_parse  (const char            *content,
                                            gsize                  size);
gsize            g_lock_file_record_format (const GLockFileRecord *record,
                                            char                  *buffer,
                                            gsize                  size);
gboolean         g_lock_file_record_renew  (char                  *content,
                                            gsize                  size,
                                            gint64                 since,
                                            const char            *token);
GLockFileRecord *g_lock_file_record_ref    (GLockFileRecord       *record);
void             g_lock_file_record_unref  (GLockFileRecord       *record);
gboolean         g_lock_file_record_is_id  (const char            *text);
void             g_lock_file_record_clean  (char                  *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GLockFileRecord, g_lock_file_record_unref)

G_END_DECLS
