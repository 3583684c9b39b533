/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "glockfile-disk-calls.h"
#include "glockfile-judge.h"
#include "glockfile-record.h"

G_BEGIN_DECLS

/* The names that belong to one lock. */
typedef struct
{
  char *path;                   /* absolute */
  char *directory;
  char *removal_path;           /* P.rmlock, under which a stale file is removed (R5) */
} GLockFileNames;

/* Which file it is, whatever its name. Unambiguous while somebody has it open. */
typedef struct
{
  dev_t device;
  ino_t inode;
} GLockFileId;

/* A lock file of ours: first a candidate without a name, then the one at the
 * path, and kernel-locked all the time unless that is unsupported.
 */
typedef struct
{
  int fd;                       /* -1: there is none */
  GLockFileId id;
  guint32 volume_type;          /* what statfs() calls f_type */
  gboolean kernel_locked;
  gint64 clock_at_boot;         /* the file system's clock when this system was started, as
                                 * this file's creation told; microseconds */
} GLockFileHandle;

#define G_LOCK_FILE_HANDLE_INIT { .fd = -1 }

/* What a look at the path found. */
typedef struct
{
  int fd;                       /* -1: nothing that could be opened */
  GLockFileKind kind;
  mode_t mode;                  /* what it is, when the kind is other */
  GLockFileId id;
  gint64 changed;               /* microseconds, its modification time */
  GLockFileKernel kernel;
  gsize size;
  char content[G_LOCK_FILE_RECORD_MAX + 1];
} GLockFileSight;

void     g_lock_file_names_init          (GLockFileNames       *names,
                                          const char           *path);
void     g_lock_file_names_clear         (GLockFileNames       *names);

/* These give 0 or an errno. */
int      g_lock_file_disk_open_candidate (const char           *directory,
                                          GLockFileHandle      *handle);
int      g_lock_file_disk_create         (const char           *path,
                                          GLockFileHandle      *handle);
int      g_lock_file_disk_lock           (GLockFileHandle      *handle);
int      g_lock_file_disk_write          (GLockFileHandle      *handle,
                                          const char           *content,
                                          gsize                 size,
                                          gboolean              flush);
int      g_lock_file_disk_publish        (GLockFileHandle      *handle,
                                          const char           *path);
int      g_lock_file_disk_touch          (GLockFileHandle      *handle);
void     g_lock_file_disk_close          (GLockFileHandle      *handle);

int      g_lock_file_disk_check          (const GLockFileId    *id,
                                          const char           *path,
                                          gboolean             *is_there);
int      g_lock_file_disk_identify       (const char           *path,
                                          GLockFileId          *id);
int      g_lock_file_disk_unlink         (const GLockFileNames *names,
                                          const GLockFileId    *id,
                                          gboolean             *was_there);
int      g_lock_file_disk_unlink_leftover (const GLockFileNames *names,
                                           const GLockFileId    *id,
                                           gboolean             *was_there);

int      g_lock_file_disk_look           (const char           *path,
                                          gboolean              for_writing,
                                          GLockFileSight       *sight);
void     g_lock_file_disk_probe          (GLockFileSight       *sight,
                                          gboolean              shared);
int      g_lock_file_disk_reread         (GLockFileSight       *sight,
                                          const char           *path,
                                          gboolean             *unchanged);
void     g_lock_file_disk_forget         (GLockFileSight       *sight);

int      g_lock_file_disk_volume_type    (const char           *directory,
                                          guint32              *type);

static inline gboolean
g_lock_file_id_equal (const GLockFileId *a,
                      const GLockFileId *b)
{
  return a->inode == b->inode && a->device == b->device;
}

G_END_DECLS
