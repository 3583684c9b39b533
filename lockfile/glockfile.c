/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile.h"

#include "glockfile-descriptors.h"
#include "glockfile-release.h"
#include "glockfile-waiter.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <unistd.h>

/**
 * GLockFile:
 *
 * A lock between processes, in the form of a file.
 *
 * Two programs that use the same file name exclude each other: while one holds
 * the lock, the other cannot get it. The lock file is not the file that is to
 * be protected, but one beside it; by custom its name is that of the document
 * with `.lock` behind it. It exists as long as somebody holds the lock.
 *
 * There are two ways to use it.
 *
 * For a short operation, such as reading, changing and saving a settings file,
 * wait for the lock, do the work, and let go:
 *
 * ```c
 * g_autoptr (GLockFile) lock = g_lock_file_new ("settings.ini.lock");
 * g_autoptr (GLockFileLocker) locker = g_lock_file_locker_new (lock, NULL, &error);
 *
 * if (locker == NULL)
 *   return FALSE;
 * ```
 *
 * For a long time, such as while a document is open in an editor, set
 * [property@GLockFile.LockFile:stale-lock-time] to 0, try for a moment with
 * [method@GLockFile.LockFile.try_lock], and if that fails with
 * %G_LOCK_FILE_ERROR_LOCKED tell the user who has the document open, see
 * [method@GLockFile.LockFile.query_info].
 *
 * ## Crashes
 *
 * A process that ends without unlocking leaves its lock file behind. The kernel
 * knows that nobody holds it any more, so the next one who wants the lock gets
 * it at once, and learns from [property@GLockFile.LockFile:previous-holder] that its
 * predecessor crashed. A process ID is believed only where the kernel cannot be
 * asked: file systems without locks, other hosts, and files by Qt programs.
 *
 * ## Who else takes part
 *
 * The file has the format of Qt's `QLockFile`, so Qt and GLib programs exclude
 * each other. Objects of this class exclude each other too within one process and
 * between its threads.
 *
 * Whoever has the right to delete the file can do so, and nothing keeps a program
 * from changing a document without asking for the lock: it is advice among
 * programs that know about it.
 *
 * ## Threads and processes
 *
 * An object can be used from several threads; two operations at the same time
 * fail with %G_IO_ERROR_PENDING. The lock belongs to the process that took it:
 * in a child made by `fork()` the object is unlocked, and the parent's lock is
 * not touched. Property notifications are emitted in the thread that called.
 *
 * Since: 1.0
 */

/* States: unlocked, locked (there is a handle), and in both of them busy, while an
 * operation is under way in some thread. Only the thread that made it busy
 * changes the state; everybody reads it under the library's mutex. No system
 * call is made and no signal emitted with the mutex held.
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
  char *path;                   /* absolute; may be the same pointer */

  /* Guarded by the library's mutex. */
  guint stale_lock_time;
  guint generation;             /* the fork generation that what follows is from */
  gboolean busy;
  GLockFileHandle handle;       /* the lock; none when unlocked */
  gboolean crowded;             /* other processes were waiting for it too */
  GLockFileInfo *previous_holder; /* (nullable) */
};

struct _GLockFileLocker
{
  GLockFile *lock_file;
};

G_DEFINE_FINAL_TYPE (GLockFile, g_lock_file, G_TYPE_OBJECT)

typedef enum
{
  PROP_FILE_NAME = 1,
  PROP_STALE_LOCK_TIME,
  PROP_LOCKED,
  PROP_PREVIOUS_HOLDER,
} GLockFileProperty;

static GParamSpec *properties[PROP_PREVIOUS_HOLDER + 1];

#define DEFAULT_STALE_LOCK_TIME 30000

/* --- States ---------------------------------------------------------------- */

static void
notice_fork_locked (GLockFile *self)
{
  if (self->generation == g_lock_file_fork_generation ())
    return;
  self->generation = g_lock_file_fork_generation ();
  self->busy = FALSE;
  self->handle.fd = -1;
}

/* Makes the object busy, if it is not. */
static gboolean
begin (GLockFile  *self,
       gboolean   *locked,
       GError    **error)
{
  gboolean was_busy;

  g_lock_file_state_lock ();
  notice_fork_locked (self);
  was_busy = self->busy;
  self->busy = TRUE;
  *locked = (self->handle.fd >= 0);
  g_lock_file_state_unlock ();

  if (was_busy)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                         _("Another operation on this lock is still under way"));
  return !was_busy;
}

/* Ends what begin() began; the lock is what it was. */
static void
end (GLockFile *self)
{
  g_lock_file_state_lock ();
  self->busy = FALSE;
  g_lock_file_state_unlock ();
}

/* Ends an acquisition that succeeded. */
static void
end_locked (GLockFile       *self,
            GLockFileHandle  handle,
            gboolean         crowded,
            GLockFileInfo   *previous_holder)
{
  g_autoptr (GLockFileInfo) former = NULL;
  gboolean changed;

  g_lock_file_state_lock ();
  self->busy = FALSE;
  self->handle = handle;
  self->crowded = crowded;
  changed = (self->previous_holder != previous_holder);
  former = g_steal_pointer (&self->previous_holder);
  self->previous_holder = previous_holder;
  g_lock_file_state_unlock ();

  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PREVIOUS_HOLDER]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOCKED]);
}

/* Ends an operation after which the lock is gone. */
static void
end_unlocked (GLockFile *self)
{
  g_lock_file_state_lock ();
  self->busy = FALSE;
  self->handle.fd = -1;
  g_lock_file_state_unlock ();

  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOCKED]);
}

/* --- Errors ---------------------------------------------------------------- */

static void
set_lost_error (GLockFile  *self,
                GError    **error)
{
  g_autofree char *name = g_filename_display_name (self->file_name);

  g_set_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST,
               _("The lock is lost: somebody removed or replaced the lock file “%s”"), name);
}

/* --- The class ------------------------------------------------------------- */

static void
g_lock_file_get_property (GObject    *object,
                          guint       property_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  GLockFile *self = G_LOCK_FILE (object);

  switch ((GLockFileProperty) property_id)
    {
    case PROP_FILE_NAME:
      g_value_set_string (value, g_lock_file_get_file_name (self));
      break;
    case PROP_STALE_LOCK_TIME:
      g_value_set_uint (value, g_lock_file_get_stale_lock_time (self));
      break;
    case PROP_LOCKED:
      g_value_set_boolean (value, g_lock_file_is_locked (self));
      break;
    case PROP_PREVIOUS_HOLDER:
      g_value_set_object (value, g_lock_file_get_previous_holder (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
      break;
    }
}

static void
g_lock_file_set_property (GObject      *object,
                          guint         property_id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  GLockFile *self = G_LOCK_FILE (object);

  switch ((GLockFileProperty) property_id)
    {
    case PROP_FILE_NAME:
      self->file_name = g_value_dup_string (value);
      break;
    case PROP_STALE_LOCK_TIME:
      g_lock_file_set_stale_lock_time (self, g_value_get_uint (value));
      break;
    case PROP_LOCKED:
    case PROP_PREVIOUS_HOLDER:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
      break;
    }
}

/* The path is resolved once: a later chdir() must not make another lock of it. */
static void
g_lock_file_constructed (GObject *object)
{
  GLockFile *self = G_LOCK_FILE (object);

  if (self->file_name == NULL)
    self->file_name = g_strdup ("");

  if (g_path_is_absolute (self->file_name))
    {
      self->path = self->file_name;
    }
  else
    {
      g_autofree char *current = getcwd (NULL, 0);

      /* Without a current directory no relative name means anything; an empty
       * path says so when it is used. */
      self->path = current == NULL || *self->file_name == '\0'
                     ? g_strdup ("")
                     : g_strconcat (current, "/", self->file_name, NULL);
    }

  G_OBJECT_CLASS (g_lock_file_parent_class)->constructed (object);
}

static void
g_lock_file_dispose (GObject *object)
{
  GLockFile *self = G_LOCK_FILE (object);
  GLockFileHandle handle;

  g_lock_file_state_lock ();
  notice_fork_locked (self);
  handle = self->handle;
  self->handle.fd = -1;
  g_lock_file_state_unlock ();

  if (handle.fd >= 0)
    g_lock_file_abandon (&handle, self->path);

  G_OBJECT_CLASS (g_lock_file_parent_class)->dispose (object);
}

static void
g_lock_file_finalize (GObject *object)
{
  GLockFile *self = G_LOCK_FILE (object);

  if (self->path != self->file_name)
    g_free (self->path);
  g_free (self->file_name);
  g_clear_object (&self->previous_holder);

  G_OBJECT_CLASS (g_lock_file_parent_class)->finalize (object);
}

static void
g_lock_file_class_init (GLockFileClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");

  object_class->get_property = g_lock_file_get_property;
  object_class->set_property = g_lock_file_set_property;
  object_class->constructed = g_lock_file_constructed;
  object_class->dispose = g_lock_file_dispose;
  object_class->finalize = g_lock_file_finalize;

  /**
   * GLockFile:file-name: (type filename) (getter get_file_name)
   *
   * The name of the lock file, as it was given.
   *
   * A relative name is resolved against the directory that is current when the
   * object is made.
   *
   * Since: 1.0
   */
  properties[PROP_FILE_NAME] =
    g_param_spec_string ("file-name", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS |
                           G_PARAM_EXPLICIT_NOTIFY);

  /**
   * GLockFile:stale-lock-time: (getter get_stale_lock_time) (setter set_stale_lock_time)
   *
   * The age in milliseconds from which a lock file counts as left behind if
   * nothing better tells whether its holder lives; 0 for never.
   *
   * On a local file system the kernel knows, so this matters for files by
   * programs on other hosts, by Qt programs, and on file systems without locks.
   * There an age is only a guess: a holder that is stopped for longer loses its
   * lock. Set it to 0 if the lock is held for long, and all who share the path
   * to the same value.
   *
   * A new value counts from the next operation on.
   *
   * Since: 1.0
   */
  properties[PROP_STALE_LOCK_TIME] =
    g_param_spec_uint ("stale-lock-time", NULL, NULL, 0, G_MAXUINT, DEFAULT_STALE_LOCK_TIME,
                       G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * GLockFile:locked: (getter is_locked)
   *
   * Whether this object holds the lock.
   *
   * Since: 1.0
   */
  properties[PROP_LOCKED] =
    g_param_spec_boolean ("locked", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  /**
   * GLockFile:previous-holder: (getter get_previous_holder)
   *
   * Whose leftover the last acquisition had to clear away.
   *
   * Since: 1.0
   */
  properties[PROP_PREVIOUS_HOLDER] =
    g_param_spec_object ("previous-holder", NULL, NULL, G_TYPE_LOCK_FILE_INFO,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
g_lock_file_init (GLockFile *self)
{
  self->stale_lock_time = DEFAULT_STALE_LOCK_TIME;
  self->generation = g_lock_file_fork_generation ();
  self->handle.fd = -1;
}

/**
 * g_lock_file_new:
 * @file_name: (type filename): the name of the lock file
 *
 * Makes an object for a lock file. Nothing is locked, and no file touched, yet.
 *
 * A relative name is resolved against the directory that is current now; it
 * does not matter if that changes later.
 *
 * The directory must be writable for everybody who wants the lock. Never give
 * the name of the document itself.
 *
 * Returns: (transfer full): a new object
 *
 * Since: 1.0
 */
GLockFile *
g_lock_file_new (const char *file_name)
{
  g_return_val_if_fail (file_name != NULL, NULL);

  return g_object_new (G_TYPE_LOCK_FILE, "file-name", file_name, NULL);
}

/**
 * g_lock_file_new_for_file:
 * @file: a file with a local path
 * @error: return location for a #GError, or %NULL
 *
 * Makes an object for a lock file that is given as a [iface@Gio.File].
 *
 * Fails with %G_IO_ERROR_NOT_SUPPORTED if @file has no local path.
 *
 * Returns: (transfer full): a new object, or %NULL with @error set
 *
 * Since: 1.0
 */
GLockFile *
g_lock_file_new_for_file (GFile   *file,
                          GError **error)
{
  const char *path;

  g_return_val_if_fail (G_IS_FILE (file), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  path = g_file_peek_path (file);
  if (path == NULL)
    {
      g_autofree char *name = g_file_get_parse_name (file);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _("“%s” has no local path, so there can be no lock file"), name);
      return NULL;
    }
  return g_lock_file_new (path);
}

/**
 * g_lock_file_get_file_name:
 * @self: a lock file
 *
 * Gets the name of the lock file, as it was given.
 *
 * Returns: (type filename) (transfer none): the name
 *
 * Since: 1.0
 */
const char *
g_lock_file_get_file_name (GLockFile *self)
{
  g_return_val_if_fail (G_IS_LOCK_FILE (self), NULL);

  return self->file_name;
}

/**
 * g_lock_file_get_stale_lock_time: (get-property stale-lock-time)
 * @self: a lock file
 *
 * Gets the age in milliseconds from which a lock file counts as left behind if
 * nothing better tells, see [property@GLockFile.LockFile:stale-lock-time].
 *
 * Returns: the time in milliseconds; 0 for never
 *
 * Since: 1.0
 */
unsigned int
g_lock_file_get_stale_lock_time (GLockFile *self)
{
  guint stale_lock_time;

  g_return_val_if_fail (G_IS_LOCK_FILE (self), 0);

  g_lock_file_state_lock ();
  stale_lock_time = self->stale_lock_time;
  g_lock_file_state_unlock ();
  return stale_lock_time;
}

/**
 * g_lock_file_set_stale_lock_time: (set-property stale-lock-time)
 * @self: a lock file
 * @stale_lock_time: the time in milliseconds; 0 for never
 *
 * Sets the age from which a lock file counts as left behind if nothing better
 * tells, see [property@GLockFile.LockFile:stale-lock-time].
 *
 * Since: 1.0
 */
void
g_lock_file_set_stale_lock_time (GLockFile    *self,
                                 unsigned int  stale_lock_time)
{
  gboolean changed;

  g_return_if_fail (G_IS_LOCK_FILE (self));

  g_lock_file_state_lock ();
  changed = (self->stale_lock_time != stale_lock_time);
  self->stale_lock_time = stale_lock_time;
  g_lock_file_state_unlock ();

  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STALE_LOCK_TIME]);
}

/**
 * g_lock_file_is_locked: (get-property locked)
 * @self: a lock file
 *
 * Tells whether this object holds the lock. Whether somebody else does,
 * [method@GLockFile.LockFile.query_info] tells.
 *
 * This makes no look at the file, see [method@GLockFile.LockFile.verify].
 *
 * Returns: %TRUE if this object holds the lock
 *
 * Since: 1.0
 */
gboolean
g_lock_file_is_locked (GLockFile *self)
{
  gboolean locked;

  g_return_val_if_fail (G_IS_LOCK_FILE (self), FALSE);

  g_lock_file_state_lock ();
  notice_fork_locked (self);
  locked = (self->handle.fd >= 0);
  g_lock_file_state_unlock ();
  return locked;
}

/* --- Locking --------------------------------------------------------------- */

/* Makes what a waiter came to an error, unless it succeeded. */
static gboolean
check_result (GLockFileWaiter      *waiter,
              GLockFileStepResult   result,
              GError              **error)
{
  switch (result)
    {
    case G_LOCK_FILE_STEP_RESULT_GOT:
      return TRUE;
    case G_LOCK_FILE_STEP_RESULT_CANCELLED:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, _("Operation was cancelled"));
      return FALSE;
    case G_LOCK_FILE_STEP_RESULT_GAVE_UP:
      g_lock_file_attempt_set_error (&waiter->attempt, G_LOCK_FILE_OUTCOME_HELD, error);
      return FALSE;
    case G_LOCK_FILE_STEP_RESULT_ERROR:
    case G_LOCK_FILE_STEP_RESULT_SLEEP:
    default:
      g_lock_file_attempt_set_error (&waiter->attempt, G_LOCK_FILE_OUTCOME_ERROR, error);
      return FALSE;
    }
}

static gboolean
acquire (GLockFile     *self,
         int            timeout,
         GCancellable  *cancellable,
         GError       **error)
{
  GLockFileInfo *previous_holder = NULL;
  GLockFileWaiter waiter;
  gboolean locked, got;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!begin (self, &locked, error))
    return FALSE;
  if (locked)
    {
      g_autofree char *name = g_filename_display_name (self->file_name);

      end (self);
      g_set_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOCKED,
                   _("“%s” is locked already, by this very object"), name);
      return FALSE;
    }

  g_lock_file_waiter_init (&waiter, self->path, g_lock_file_get_stale_lock_time (self), timeout);
  got = check_result (&waiter, g_lock_file_waiter_run (&waiter, cancellable), error);
  if (got)
    {
      if (waiter.attempt.previous != NULL)
        previous_holder = g_lock_file_info_new (waiter.attempt.previous,
                                                G_LOCK_FILE_HOLDER_STATE_GONE);
      end_locked (self, g_lock_file_attempt_steal (&waiter.attempt), waiter.in_crowd,
                  previous_holder);
    }
  else
    {
      end (self);
    }

  g_lock_file_waiter_clear (&waiter);
  return got;
}

/**
 * g_lock_file_lock:
 * @self: a lock file
 * @cancellable: (nullable): a cancellable, or %NULL
 * @error: return location for a #GError, or %NULL
 *
 * Takes the lock, and waits for it without limit if somebody else has it.
 *
 * This blocks the calling thread, without using the processor: it is woken when
 * the lock is released, or its holder ends.
 *
 * Fails with
 *
 * - %G_LOCK_FILE_ERROR_LOCKED if this object holds the lock already,
 * - %G_LOCK_FILE_ERROR_PERMISSION_DENIED if the directory may not be written, or
 *   a leftover may not be removed,
 * - %G_LOCK_FILE_ERROR_NO_SPACE if the disk is full or a quota used up,
 * - %G_LOCK_FILE_ERROR_NOT_FOUND if there is no such directory, or the name is
 *   empty,
 * - %G_LOCK_FILE_ERROR_INVALID_DATA if what stands at the path is not a lock
 *   file; it is left alone,
 * - %G_LOCK_FILE_ERROR_NOT_SUPPORTED if a lock here would exclude nobody, as on
 *   Flatpak's document portal,
 * - %G_LOCK_FILE_ERROR_FAILED for any other reason,
 * - %G_IO_ERROR_CANCELLED if @cancellable was cancelled; then the lock is not
 *   taken,
 * - %G_IO_ERROR_PENDING if another operation on @self is under way.
 *
 * Returns: %TRUE if the lock is held now
 *
 * Since: 1.0
 */
gboolean
g_lock_file_lock (GLockFile     *self,
                  GCancellable  *cancellable,
                  GError       **error)
{
  return g_lock_file_try_lock (self, -1, cancellable, error);
}

/**
 * g_lock_file_try_lock:
 * @self: a lock file
 * @timeout: how long to wait, in milliseconds; 0 to try once, negative to wait
 *   without limit
 * @cancellable: (nullable): a cancellable, or %NULL
 * @error: return location for a #GError, or %NULL
 *
 * Takes the lock, and waits for it for some time if somebody else has it.
 *
 * This blocks the calling thread for up to @timeout, and a few milliseconds
 * more where it takes a second look to be sure.
 *
 * Fails with %G_LOCK_FILE_ERROR_LOCKED if nobody let go in time; the message
 * says who has it, in a sentence that can be shown to the user. The other errors
 * are those of [method@GLockFile.LockFile.lock].
 *
 * Returns: %TRUE if the lock is held now
 *
 * Since: 1.0
 */
gboolean
g_lock_file_try_lock (GLockFile     *self,
                      int            timeout,
                      GCancellable  *cancellable,
                      GError       **error)
{
  g_return_val_if_fail (G_IS_LOCK_FILE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return acquire (self, timeout, cancellable, error);
}

/**
 * g_lock_file_unlock:
 * @self: a lock file
 * @error: return location for a #GError, or %NULL
 *
 * Releases the lock and deletes the lock file. Without a lock it does nothing.
 *
 * Whatever it returns, the object is unlocked afterwards, unless the error is
 * %G_IO_ERROR_PENDING. It fails with
 *
 * - %G_LOCK_FILE_ERROR_LOST if the lock file is no longer ours: somebody removed
 *   or replaced it, so what the lock protects may have been changed by others.
 *   Nothing is deleted,
 * - %G_LOCK_FILE_ERROR_PERMISSION_DENIED or %G_LOCK_FILE_ERROR_FAILED if the
 *   file cannot be deleted; others find it left behind,
 * - %G_IO_ERROR_PENDING if another operation on @self is under way.
 *
 * Returns: %TRUE if the lock was released, or was not held
 *
 * Since: 1.0
 */
gboolean
g_lock_file_unlock (GLockFile  *self,
                    GError    **error)
{
  GLockFileHandle handle;
  gboolean locked, lost;
  int failure;

  g_return_val_if_fail (G_IS_LOCK_FILE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!begin (self, &locked, error))
    return FALSE;
  if (!locked)
    {
      end (self);
      return TRUE;
    }

  handle = self->handle;
  failure = g_lock_file_release (&handle, self->path, &lost);
  if (self->crowded)
    g_lock_file_crowd_remember (self->path);
  end_unlocked (self);

  if (lost)
    {
      set_lost_error (self, error);
      return FALSE;
    }
  if (failure != 0)
    {
      g_autofree char *name = g_filename_display_name (self->file_name);

      g_set_error (error, G_LOCK_FILE_ERROR, g_lock_file_attempt_error_code (failure),
                   _("Could not delete the lock file “%s”: %s"), name, g_strerror (failure));
      return FALSE;
    }
  return TRUE;
}

/**
 * g_lock_file_verify:
 * @self: a lock file
 * @error: return location for a #GError, or %NULL
 *
 * Looks whether the lock file is still ours.
 *
 * A lock can be lost: a user can delete the file, and where locks are judged by
 * their age a process that was stopped for too long loses it. A program that
 * has no main loop can ask before it writes what the lock protects.
 *
 * Fails with
 *
 * - %G_LOCK_FILE_ERROR_LOST if the lock file was removed or replaced; from then
 *   on the object is unlocked. Also if the object was not locked,
 * - %G_LOCK_FILE_ERROR_PERMISSION_DENIED or %G_LOCK_FILE_ERROR_FAILED if it
 *   cannot be seen; the lock is kept then,
 * - %G_IO_ERROR_PENDING if another operation on @self is under way.
 *
 * Returns: %TRUE if the lock is held
 *
 * Since: 1.0
 */
gboolean
g_lock_file_verify (GLockFile  *self,
                    GError    **error)
{
  GLockFileHandle handle;
  gboolean locked, is_there;
  int failure;

  g_return_val_if_fail (G_IS_LOCK_FILE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!begin (self, &locked, error))
    return FALSE;
  if (!locked)
    {
      g_autofree char *name = g_filename_display_name (self->file_name);

      end (self);
      g_set_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST, _("The lock “%s” is not held"),
                   name);
      return FALSE;
    }

  handle = self->handle;
  failure = g_lock_file_disk_check (&handle.id, self->path, &is_there);
  if (failure != 0)
    {
      g_autofree char *name = g_filename_display_name (self->file_name);

      end (self);
      g_set_error (error, G_LOCK_FILE_ERROR, g_lock_file_attempt_error_code (failure),
                   _("Could not look at the lock file “%s”: %s"), name, g_strerror (failure));
      return FALSE;
    }
  if (is_there)
    {
      end (self);
      return TRUE;
    }

  g_lock_file_disk_close (&handle);
  end_unlocked (self);
  set_lost_error (self, error);
  return FALSE;
}

/**
 * g_lock_file_get_previous_holder: (get-property previous-holder)
 * @self: a lock file
 *
 * Gets whose leftover the last acquisition had to clear away.
 *
 * If this is set after locking, the previous holder ended without unlocking: an
 * editor can offer to restore what was not saved. It is %NULL after an
 * acquisition that found nothing in its way. An acquisition that fails does not
 * change it.
 *
 * Returns: (transfer none) (nullable): the previous holder; it is good until the
 *   next acquisition
 *
 * Since: 1.0
 */
GLockFileInfo *
g_lock_file_get_previous_holder (GLockFile *self)
{
  GLockFileInfo *previous_holder;

  g_return_val_if_fail (G_IS_LOCK_FILE (self), NULL);

  g_lock_file_state_lock ();
  previous_holder = self->previous_holder;
  g_lock_file_state_unlock ();
  return previous_holder;
}

/* --- Who holds it, and leftovers ------------------------------------------- */

/**
 * g_lock_file_query_info:
 * @self: a lock file
 * @cancellable: (nullable): a cancellable, or %NULL
 * @error: return location for a #GError, or %NULL
 *
 * Reads who holds the lock now, without disturbing the holder.
 *
 * What it tells may be over a moment later. To get the lock, try to lock it;
 * there is no sense in asking first.
 *
 * This reads a file, and may block as long as the file system needs, and some
 * milliseconds where it takes a second look to be sure.
 *
 * Fails with
 *
 * - %G_LOCK_FILE_ERROR_NOT_FOUND if there is no lock file: nobody holds it,
 * - %G_LOCK_FILE_ERROR_INVALID_DATA if there is something else, or it has no
 *   content yet,
 * - %G_LOCK_FILE_ERROR_PERMISSION_DENIED if the file may not be read,
 * - %G_LOCK_FILE_ERROR_FAILED for any other reason,
 * - %G_IO_ERROR_CANCELLED if @cancellable was cancelled,
 * - %G_IO_ERROR_PENDING if another operation on @self is under way.
 *
 * Returns: (transfer full): who holds it, or whose leftover it is
 *
 * Since: 1.0
 */
GLockFileInfo *
g_lock_file_query_info (GLockFile     *self,
                        GCancellable  *cancellable,
                        GError       **error)
{
  GLockFileStepResult result;
  GLockFileInfo *info = NULL;
  GLockFileWaiter waiter;
  gboolean locked;

  g_return_val_if_fail (G_IS_LOCK_FILE (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (!begin (self, &locked, error))
    return NULL;

  /* Only asking, an age would be no reason to call it left behind. */
  g_lock_file_waiter_init (&waiter, self->path, 0, 0);
  waiter.look = g_lock_file_attempt_query;
  result = g_lock_file_waiter_run (&waiter, cancellable);
  /* What kept it from being sure goes on: then this is the best answer. */
  if (result == G_LOCK_FILE_STEP_RESULT_GAVE_UP ||
      check_result (&waiter, result, error))
    info = g_lock_file_attempt_get_holder (&waiter.attempt);
  g_lock_file_waiter_clear (&waiter);

  end (self);
  return info;
}

/**
 * g_lock_file_remove_stale:
 * @self: a lock file
 * @cancellable: (nullable): a cancellable, or %NULL
 * @error: return location for a #GError, or %NULL
 *
 * Removes a lock file that was left behind, after the user agreed.
 *
 * It is needed only where nothing but the user can know that nobody holds the
 * lock any more: leftovers of other hosts, for example. Others are removed when
 * the lock is taken.
 *
 * What the kernel knows to be held is never removed, nor what is not a lock
 * file. Fails with
 *
 * - %G_LOCK_FILE_ERROR_LOCKED if a running process holds it, or it is empty and
 *   was only just created,
 * - %G_LOCK_FILE_ERROR_INVALID_DATA if it is not a lock file,
 * - %G_LOCK_FILE_ERROR_NOT_FOUND if there is none,
 * - %G_LOCK_FILE_ERROR_PERMISSION_DENIED if it may not be read or removed,
 * - %G_LOCK_FILE_ERROR_FAILED if this object holds the lock, or for any other
 *   reason,
 * - %G_IO_ERROR_CANCELLED if @cancellable was cancelled,
 * - %G_IO_ERROR_PENDING if another operation on @self is under way.
 *
 * Returns: %TRUE if the file was removed
 *
 * Since: 1.0
 */
gboolean
g_lock_file_remove_stale (GLockFile     *self,
                          GCancellable  *cancellable,
                          GError       **error)
{
  GLockFileWaiter waiter;
  gboolean locked, removed;

  g_return_val_if_fail (G_IS_LOCK_FILE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!begin (self, &locked, error))
    return FALSE;
  if (locked)
    {
      g_autofree char *name = g_filename_display_name (self->file_name);

      end (self);
      g_set_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_FAILED,
                   _("“%s” is locked by this very object, so it is not left behind"), name);
      return FALSE;
    }

  g_lock_file_waiter_init (&waiter, self->path, 0, 0);
  waiter.look = g_lock_file_attempt_remove;
  removed = check_result (&waiter, g_lock_file_waiter_run (&waiter, cancellable), error);
  g_lock_file_waiter_clear (&waiter);

  end (self);
  return removed;
}

/* --- For a block of C code ------------------------------------------------- */

/**
 * g_lock_file_locker_new: (skip)
 * @lock_file: a lock file
 * @cancellable: (nullable): a cancellable, or %NULL
 * @error: return location for a #GError, or %NULL
 *
 * Takes the lock, as [method@GLockFile.LockFile.lock] does and with the same
 * errors, and holds it until g_lock_file_locker_free() is called. With
 * `g_autoptr (GLockFileLocker)` that is when the variable goes out of scope.
 *
 * Returns: (transfer full): a locker, or %NULL with @error set
 *
 * Since: 1.0
 */
GLockFileLocker *
g_lock_file_locker_new (GLockFile     *lock_file,
                        GCancellable  *cancellable,
                        GError       **error)
{
  GLockFileLocker *locker;

  if (!g_lock_file_lock (lock_file, cancellable, error))
    return NULL;

  locker = g_new (GLockFileLocker, 1);
  locker->lock_file = g_object_ref (lock_file);
  return locker;
}

/**
 * g_lock_file_locker_free: (skip)
 * @locker: (transfer full): a locker
 *
 * Releases the lock, as [method@GLockFile.LockFile.unlock] does, and frees
 * @locker. If it matters whether the lock was lost, call unlock before.
 *
 * Since: 1.0
 */
void
g_lock_file_locker_free (GLockFileLocker *locker)
{
  g_return_if_fail (locker != NULL);

  g_lock_file_unlock (locker->lock_file, NULL);
  g_object_unref (locker->lock_file);
  g_free (locker);
}
