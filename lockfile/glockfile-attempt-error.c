/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-attempt.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <sys/stat.h>

/* Why an attempt failed, in words: what was tried, on which file, and the cause. */

/*
 * g_lock_file_attempt_error_code:
 *
 * The code of ours for an errno.
 */
GLockFileError
g_lock_file_attempt_error_code (int error)
{
  switch (error)
    {
    case EACCES:
    case EPERM:
    case EROFS:
      return G_LOCK_FILE_ERROR_PERMISSION_DENIED;
    case ENOSPC:
    case EDQUOT:
      return G_LOCK_FILE_ERROR_NO_SPACE;
    case ENOENT:
    case ENOTDIR:
      return G_LOCK_FILE_ERROR_NOT_FOUND;
    default:
      return G_LOCK_FILE_ERROR_FAILED;
    }
}

static void
set_obstructed_error (const char  *name,
                      mode_t       mode,
                      GError     **error)
{
  const GLockFileError code = G_LOCK_FILE_ERROR_INVALID_DATA;

  switch (mode & S_IFMT)
    {
    case S_IFDIR:
      g_set_error (error, G_LOCK_FILE_ERROR, code, _("“%s” is a directory, not a lock file"), name);
      break;
    case S_IFLNK:
      g_set_error (error, G_LOCK_FILE_ERROR, code, _("“%s” is a symbolic link, not a lock file"),
                   name);
      break;
    case S_IFIFO:
      g_set_error (error, G_LOCK_FILE_ERROR, code, _("“%s” is a named pipe, not a lock file"),
                   name);
      break;
    case S_IFSOCK:
      g_set_error (error, G_LOCK_FILE_ERROR, code, _("“%s” is a socket, not a lock file"), name);
      break;
    case S_IFCHR:
    case S_IFBLK:
      g_set_error (error, G_LOCK_FILE_ERROR, code, _("“%s” is a device, not a lock file"), name);
      break;
    default:
      g_set_error (error, G_LOCK_FILE_ERROR, code, _("“%s” is not a lock file"), name);
      break;
    }
}

static void
set_locked_error (GLockFileAttempt  *self,
                  GError           **error)
{
  g_autofree char *name = g_lock_file_show_name (self->names->path);
  g_autoptr (GLockFileInfo) info = g_lock_file_attempt_get_holder (self);
  g_autofree char *description = g_lock_file_info_describe (info);

  /* Translators: the file's name, and a whole sentence, or two, on who holds the lock, such as
   * “Text Editor” (gedit, process 4711) on host “ws1” has locked this since 10:42. */
  g_set_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED, _("“%s” is locked. %s"), name,
               description);
}

/*
 * g_lock_file_attempt_set_error:
 * @outcome: held or error
 *
 * Says why the last look did not get the lock.
 */
void
g_lock_file_attempt_set_error (GLockFileAttempt  *self,
                               GLockFileOutcome   outcome,
                               GError           **error)
{
  const GLockFileError code = g_lock_file_attempt_error_code (self->failed_errno);
  const char *reason = g_strerror (self->failed_errno);
  g_autofree char *name = NULL;

  if (outcome == G_LOCK_FILE_OUTCOME_HELD)
    {
      set_locked_error (self, error);
      return;
    }

  name = g_lock_file_show_name (self->failed_path);
  switch (self->failed_step)
    {
    case G_LOCK_FILE_STEP_OBSTRUCTED:
      set_obstructed_error (name, self->failed_mode, error);
      break;
    case G_LOCK_FILE_STEP_EMPTY:
      g_set_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_INVALID_DATA,
                   _("The lock file “%s” is empty"), name);
      break;
    case G_LOCK_FILE_STEP_PORTAL:
      g_set_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_NOT_SUPPORTED,
                   _("A lock file “%s” would exclude nobody: the document portal gives each "
                     "program a folder of its own"),
                   name);
      break;
    case G_LOCK_FILE_STEP_READ:
      /* Translators: the file's name, and the system's reason. */
      g_set_error (error, G_LOCK_FILE_ERROR, code, _("Could not read the lock file “%s”: %s"),
                   name, reason);
      break;
    case G_LOCK_FILE_STEP_REMOVE: /* R7 */
      g_set_error (error, G_LOCK_FILE_ERROR, code,
                   /* Translators: the file's name, and the system's reason. */
                   _("Could not remove the leftover lock file “%s”: %s"), name, reason);
      break;
    case G_LOCK_FILE_STEP_CREATE:
    default:
      /* Translators: the file's name, and the system's reason. */
      g_set_error (error, G_LOCK_FILE_ERROR, code, _("Could not create the lock file “%s”: %s"),
                   name, reason);
      break;
    }
}
