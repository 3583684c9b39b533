/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "glockfile.h"

#include "glockfile-disk.h"
#include "glockfile-keeper.h"

G_BEGIN_DECLS

/* States: unlocked, locked (there is a handle), and in both of them busy, while an
 * operation is under way in some thread. Only the operation that made it busy changes
 * the state, and the keeper, when the lock is lost and nobody is busy; everybody
 * reads it under the library's mutex. No system call is made and no signal emitted
 * with the mutex held.
 *
 * A state is that of the process in which it was set: in a child of fork() the
 * descriptor is closed already, the thread that was busy is not there, and the
 * object is unlocked (R15).
 */
struct _GLockFile
{
  GObject parent_instance;

  /* Set at construction. */
  char *file_name;              /* as given */
  GLockFileNames names;

  /* Guarded by the library's mutex. */
  guint stale_lock_time;
  guint generation;             /* the fork generation that what follows is from */
  gboolean busy;
  guint serial;                 /* counts acquisitions */
  gboolean lost;                /* since the last acquisition */
  gboolean crowded;             /* other processes were waiting for it too */
  GLockFileHandle handle;       /* the lock; none when unlocked */
  GLockFileKeeper *keeper;      /* (nullable): what goes on while it is held */
  GLockFileInfo *previous_holder; /* (nullable) */
};

/* What has changed and is to be told, without the mutex held. */
typedef enum
{
  G_LOCK_FILE_CHANGE_LOCKED = 1 << 0,
  G_LOCK_FILE_CHANGE_PREVIOUS_HOLDER = 1 << 1,
} GLockFileChanges;

void     g_lock_file_notice_fork_locked (GLockFile        *self);
void     g_lock_file_announce           (GLockFile        *self,
                                         GLockFileChanges  changes);
void     g_lock_file_announce_lost      (GLockFile        *self);
char    *g_lock_file_show               (GLockFile        *self);
void     g_lock_file_set_lost_error     (GLockFile        *self,
                                         GError          **error);

G_END_DECLS
