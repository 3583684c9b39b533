/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "glockfile-process.h"
#include "glockfile-record.h"
#include "glockfile-volume.h"

G_BEGIN_DECLS

/* What stands at the path. */
typedef enum
{
  G_LOCK_FILE_KIND_GONE,
  G_LOCK_FILE_KIND_OTHER,       /* not a regular file, or too big */
  G_LOCK_FILE_KIND_UNREADABLE,  /* a regular file that we may not read */
  G_LOCK_FILE_KIND_REGULAR,
} GLockFileKind;

/* What the kernel said when asked for its lock on the file. */
typedef enum
{
  G_LOCK_FILE_KERNEL_NOT_ASKED,
  G_LOCK_FILE_KERNEL_REFUSED,   /* it would not tell */
  G_LOCK_FILE_KERNEL_BUSY,
  G_LOCK_FILE_KERNEL_FREE,      /* and now it is ours */
  G_LOCK_FILE_KERNEL_UNSUPPORTED,
} GLockFileKernel;

/* No age counts with these. */
#define G_LOCK_FILE_AGE_UNKNOWN (-1)
#define G_LOCK_FILE_AGE_FUTURE (-2)

typedef struct
{
  GLockFileKind kind;
  GLockFileWriter writer;
  GLockFileKernel kernel;
  GLockFileVolume volume;
  GLockFileMatch boot;
  GLockFileMatch host;
  GLockFileProcess process;
  gboolean same_device;         /* the one that the file names */
  gboolean surely_lock_file;    /* no text document looks like this */
  gboolean from_before_boot;    /* not touched since */
  gboolean forced;              /* the user asked for its removal (R8) */
  guint stale_lock_time;        /* milliseconds, as all that follows */
  gint64 age;                   /* by the file system's clock, or one of the above */
  gint64 uptime;
  gint64 seen_free_for;         /* since a look found no kernel lock on the same, unchanged file */
  gint64 seen_empty_for;        /* since a look found it empty */
} GLockFileEvidence;

typedef enum
{
  G_LOCK_FILE_VERDICT_LOOK_AGAIN,
  G_LOCK_FILE_VERDICT_OBSTRUCTED,
  G_LOCK_FILE_VERDICT_HELD,
  G_LOCK_FILE_VERDICT_STALE,
} GLockFileVerdict;

typedef struct
{
  GLockFileVerdict verdict;
  const char *rule;             /* its name in the protocol, for debugging and tests */
  gint64 again;                 /* milliseconds until time alone can turn it into stale; -1: never */
} GLockFileJudgement;

GLockFileJudgement g_lock_file_judge (const GLockFileEvidence *evidence);

G_END_DECLS
