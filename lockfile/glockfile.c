/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile.h"

#include "glockfile-attempt.h"
#include "glockfile-debug.h"
#include "glockfile-descriptors.h"
#include "glockfile-operation.h"
#include "glockfile-private.h"

#include <glib/gi18n-lib.h>
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
 * There are two ways to use it; the page [Two ways to lock](two-ways.html) tells more.
 *
 * For a short operation, such as reading, changing and saving a settings file,
 * wait for the lock, do the work, and let go:
 *
 * ```c
 * g_autoptr (GLockFile) lock = g_lock_file_new ("settings.ini.lock");
 * g_autoptr (GLockFileLocker) locker = NULL;
 *
 * locker = g_lock_file_locker_new (lock, NULL, &error);
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
 * A program with a main loop does both without blocking it, by the functions whose
 * names end in `_async`.
 *
 * ## Losing a lock
 *
 * A user can delete the lock file, or another program replace it. Who holds a lock for
 * long connects to [signal@GLockFile.LockFile::lost], or calls
 * [method@GLockFile.LockFile.verify] before it writes what the lock protects.
 *
 * On file systems that are not local, or have no locks of their own, the age of the
 * file may be all that others see of its holder. There the library renews the file as
 * long as the lock is held, with or without a main loop; but a process that is stopped
 * for longer than the others' [property@GLockFile.LockFile:stale-lock-time] can lose
 * its lock.
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
 * fail with %G_IO_ERROR_PENDING. Property notifications are emitted in the thread
 * that called, or in the main context that an asynchronous operation was begun in.
 *
 * The lock belongs to the process that took it: in a child made by `fork()` the
 * object is unlocked, and the parent's lock is not touched. The child can lock with
 * the same object; but as with any library, the child of a process that has threads
 * does better to run another program first.
 *
 * Since: 1.0
 */

struct _GLockFileLocker
{
  GLockFile *lock_file;
  guint serial;                 /* of its acquisition */
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

enum
{
  SIGNAL_LOST,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

#define DEFAULT_STALE_LOCK_TIME 30000

/* --- What changes ----------------------------------------------------------- */

void
g_lock_file_notice_fork_locked (GLockFile *self)
{
  if (self->generation == g_lock_file_fork_generation ())
    return;
  self->generation = g_lock_file_fork_generation ();
  self->busy = FALSE;
  self->handle.fd = -1;
  self->keeper = NULL; /* What it uses was the parent's. */
}

void
g_lock_file_announce (GLockFile        *self,
                      GLockFileChanges  changes)
{
  if (changes & G_LOCK_FILE_CHANGE_PREVIOUS_HOLDER)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PREVIOUS_HOLDER]);
  if (changes & G_LOCK_FILE_CHANGE_LOCKED)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOCKED]);
}

void
g_lock_file_announce_lost (GLockFile *self)
{
  g_autoptr (GError) error = NULL;

  g_lock_file_set_lost_error (self, &error);
  g_lock_file_announce (self, G_LOCK_FILE_CHANGE_LOCKED);
  g_signal_emit (self, signals[SIGNAL_LOST], 0, error);
}

/* Its path, so that messages mean the same wherever they are read. */
char *
g_lock_file_show (GLockFile *self)
{
  return g_lock_file_show_name (*self->names.path != '\0' ? self->names.path : self->file_name);
}

/* Also remembers it, for who asks later. */
void
g_lock_file_set_lost_error (GLockFile  *self,
                            GError    **error)
{
  g_autofree char *name = g_lock_file_show (self);

  /* Unless it has been taken again before this was told. */
  g_lock_file_state_lock ();
  self->lost = (self->handle.fd < 0);
  g_lock_file_state_unlock ();
  g_set_error (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_LOST,
               _("The lock is lost: somebody removed or replaced the lock file “%s”"), name);
}

/* --- The class ------------------------------------------------------------- */

/* When the library is loaded, for g_lock_file_new_for_file() can fail before there is a
 * class. Messages are UTF-8 whatever the locale is, as all text of GLib's is. */
__attribute__ ((constructor)) static void
bind_translations (void)
{
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
}

/* Another thread may end an acquisition meanwhile. */
static GLockFileInfo *
ref_previous_holder (GLockFile *self)
{
  GLockFileInfo *previous_holder;

  g_lock_file_state_lock ();
  previous_holder = self->previous_holder != NULL ? g_object_ref (self->previous_holder) : NULL;
  g_lock_file_state_unlock ();
  return previous_holder;
}

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
      g_value_take_object (value, ref_previous_holder (self));
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
      g_lock_file_names_init (&self->names, self->file_name);
    }
  else
    {
      g_autofree char *current = getcwd (NULL, 0);
      g_autofree char *path = NULL;

      /* Without a current directory no relative name means anything; an empty
       * path says so when it is used. */
      if (current != NULL && *self->file_name != '\0')
        path = g_strconcat (current, "/", self->file_name, NULL);
      g_lock_file_names_init (&self->names, path != NULL ? path : "");
    }

  G_OBJECT_CLASS (g_lock_file_parent_class)->constructed (object);
}

static void
g_lock_file_dispose (GObject *object)
{
  GLockFile *self = G_LOCK_FILE (object);
  GLockFileHandle handle;
  gboolean crowded, lost;

  if (g_lock_file_take_handle (self, &handle, &crowded))
    g_lock_file_attempt_let_go (&handle, &self->names, &lost);

  G_OBJECT_CLASS (g_lock_file_parent_class)->dispose (object);
}

static void
g_lock_file_finalize (GObject *object)
{
  GLockFile *self = G_LOCK_FILE (object);

  g_lock_file_names_clear (&self->names);
  g_free (self->file_name);
  g_clear_object (&self->previous_holder);

  G_OBJECT_CLASS (g_lock_file_parent_class)->finalize (object);
}

static void
g_lock_file_class_init (GLockFileClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  g_lock_file_descriptors_prepare ();
  g_lock_file_debug_prepare ();

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
   * There a running holder renews its file every third of this time, but at most
   * once a second and at least every ten. Still an age is only a guess: a holder that
   * is stopped for longer loses its lock. Set it to 0 if the lock is held for long,
   * and all who share the path to the same value.
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
   * Whose leftover the last acquisition had to clear away; %NULL if there was none.
   *
   * Since: 1.0
   */
  properties[PROP_PREVIOUS_HOLDER] =
    g_param_spec_object ("previous-holder", NULL, NULL, G_TYPE_LOCK_FILE_INFO,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);

  /**
   * GLockFile::lost:
   * @self: the lock file
   * @error: what happened to the file
   *
   * Emitted when the lock file was removed or replaced while the lock was held.
   *
   * The object is unlocked already. What the lock protects may be changed by others
   * now: an editor should warn its user, and not save without asking.
   *
   * It is emitted once for each loss, in the thread-default main context of the
   * acquisition, if that is being run: on a local volume at once, elsewhere by the next
   * renewal of the file, that is within ten seconds. A program without a main loop
   * uses [method@GLockFile.LockFile.verify].
   *
   * If a folder further up is moved or replaced on a local volume, so that the path leads
   * elsewhere, nothing tells; only [method@GLockFile.LockFile.verify_async] and its like, and
   * unlocking, see that.
   *
   * Since: 1.0
   */
  signals[SIGNAL_LOST] =
    g_signal_new ("lost", G_TYPE_LOCK_FILE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
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
      g_autofree char *parse_name = g_file_get_parse_name (file);
      g_autofree char *name = g_lock_file_show_name (parse_name);

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
  g_lock_file_notice_fork_locked (self);
  locked = (self->handle.fd >= 0);
  g_lock_file_state_unlock ();
  return locked;
}

/* --- Locking --------------------------------------------------------------- */

/**
 * g_lock_file_lock:
 * @self: a lock file
 * @cancellable: (nullable): a cancellable, or %NULL
 * @error: return location for a #GError, or %NULL
 *
 * Takes the lock, and waits for it without limit if somebody else has it.
 *
 * This blocks the calling thread, without using the processor: it is woken when
 * the lock is released, or its holder ends. On network file systems it looks again, at
 * pauses of up to a quarter of a second.
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
 * g_lock_file_lock_async:
 * @self: a lock file
 * @io_priority: the priority of the result, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable, or %NULL
 * @callback: (nullable) (scope async) (closure user_data): called with the result
 * @user_data: data for @callback
 *
 * Takes the lock, and waits for it without limit if somebody else has it, as
 * [method@GLockFile.LockFile.lock] does, without blocking.
 *
 * Neither the calling thread nor the main context is ever blocked by a file system:
 * every call on a file is made in a worker thread. While it waits it has no thread at
 * all. @callback is called in the thread-default main context of the caller, and
 * notifications are emitted there, right before.
 *
 * A cancelled operation never leaves the lock taken; if cancelling and locking come
 * together, it succeeds. If the file system does not answer within a second after
 * @cancellable was cancelled, the operation fails with %G_IO_ERROR_CANCELLED all the
 * same, and what it may still get is given back as soon as the file system answers.
 *
 * Since: 1.0
 */
void
g_lock_file_lock_async (GLockFile           *self,
                        int                  io_priority,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  g_return_if_fail (G_IS_LOCK_FILE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_lock_file_operate_async (self, G_LOCK_FILE_OPERATION_ACQUIRE, -1, io_priority, cancellable,
                             callback, user_data, g_lock_file_lock_async, "[GLockFile] lock");
}

/**
 * g_lock_file_lock_finish:
 * @self: a lock file
 * @result: the result that the callback got
 * @error: return location for a #GError, or %NULL
 *
 * Ends what [method@GLockFile.LockFile.lock_async] began; the errors are those of
 * [method@GLockFile.LockFile.lock].
 *
 * Returns: %TRUE if the lock is held now
 *
 * Since: 1.0
 */
gboolean
g_lock_file_lock_finish (GLockFile     *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (G_IS_LOCK_FILE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, g_lock_file_lock_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
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

  return g_lock_file_operate (self, G_LOCK_FILE_OPERATION_ACQUIRE, timeout, cancellable, NULL, error);
}

/**
 * g_lock_file_try_lock_async:
 * @self: a lock file
 * @timeout: how long to wait, in milliseconds; 0 to try once, negative to wait
 *   without limit
 * @io_priority: the priority of the result, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable, or %NULL
 * @callback: (nullable) (scope async) (closure user_data): called with the result
 * @user_data: data for @callback
 *
 * Takes the lock, and waits for it for some time if somebody else has it, as
 * [method@GLockFile.LockFile.try_lock] does, without blocking.
 *
 * Neither the calling thread nor the main context is ever blocked by a file system:
 * every call on a file is made in a worker thread. While it waits it has no thread at
 * all. @callback is called in the thread-default main context of the caller, and
 * notifications are emitted there, right before.
 *
 * A cancelled operation never leaves the lock taken; if cancelling and locking come
 * together, it succeeds. If the file system does not answer within a second after
 * @cancellable was cancelled, the operation fails with %G_IO_ERROR_CANCELLED all the
 * same, and what it may still get is given back as soon as the file system answers.
 *
 * Since: 1.0
 */
void
g_lock_file_try_lock_async (GLockFile           *self,
                            int                  timeout,
                            int                  io_priority,
                            GCancellable        *cancellable,
                            GAsyncReadyCallback  callback,
                            gpointer             user_data)
{
  g_return_if_fail (G_IS_LOCK_FILE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_lock_file_operate_async (self, G_LOCK_FILE_OPERATION_ACQUIRE, timeout, io_priority, cancellable,
                             callback, user_data, g_lock_file_try_lock_async, "[GLockFile] try lock");
}

/**
 * g_lock_file_try_lock_finish:
 * @self: a lock file
 * @result: the result that the callback got
 * @error: return location for a #GError, or %NULL
 *
 * Ends what [method@GLockFile.LockFile.try_lock_async] began; the errors are those of
 * [method@GLockFile.LockFile.try_lock].
 *
 * Returns: %TRUE if the lock is held now
 *
 * Since: 1.0
 */
gboolean
g_lock_file_try_lock_finish (GLockFile     *self,
                             GAsyncResult  *result,
                             GError       **error)
{
  g_return_val_if_fail (G_IS_LOCK_FILE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, g_lock_file_try_lock_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
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
  g_return_val_if_fail (G_IS_LOCK_FILE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_lock_file_operate (self, G_LOCK_FILE_OPERATION_RELEASE, 0, NULL, NULL, error);
}

/**
 * g_lock_file_unlock_async:
 * @self: a lock file
 * @io_priority: the priority of the result, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable, or %NULL
 * @callback: (nullable) (scope async) (closure user_data): called with the result
 * @user_data: data for @callback
 *
 * Releases the lock and deletes the lock file, as [method@GLockFile.LockFile.unlock]
 * does, without blocking.
 *
 * Neither the calling thread nor the main context is ever blocked by a file system:
 * every call on a file is made in a worker thread. While it waits it has no thread at
 * all. @callback is called in the thread-default main context of the caller, and
 * notifications are emitted there, right before.
 *
 * It cannot be cancelled once it has begun; a @cancellable that is cancelled before
 * makes it fail with %G_IO_ERROR_CANCELLED, and the lock is kept.
 *
 * Since: 1.0
 */
void
g_lock_file_unlock_async (GLockFile           *self,
                          int                  io_priority,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_return_if_fail (G_IS_LOCK_FILE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_lock_file_operate_async (self, G_LOCK_FILE_OPERATION_RELEASE, 0, io_priority, cancellable,
                             callback, user_data, g_lock_file_unlock_async, "[GLockFile] unlock");
}

/**
 * g_lock_file_unlock_finish:
 * @self: a lock file
 * @result: the result that the callback got
 * @error: return location for a #GError, or %NULL
 *
 * Ends what [method@GLockFile.LockFile.unlock_async] began; the errors are those of
 * [method@GLockFile.LockFile.unlock].
 *
 * Returns: %TRUE if the lock was released, or was not held
 *
 * Since: 1.0
 */
gboolean
g_lock_file_unlock_finish (GLockFile     *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (G_IS_LOCK_FILE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, g_lock_file_unlock_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * g_lock_file_verify:
 * @self: a lock file
 * @error: return location for a #GError, or %NULL
 *
 * Looks whether the lock file is still ours.
 *
 * A lock can be lost: a user can delete the file, and where locks are judged by
 * their age a process that was stopped for too long loses it. So ask before writing
 * what the lock protects; a program with a main loop asks with
 * [method@GLockFile.LockFile.verify_async].
 *
 * This looks at a file, and may block as long as the file system needs.
 *
 * Fails with
 *
 * - %G_LOCK_FILE_ERROR_LOST if the lock file was removed or replaced; from then
 *   on the object is unlocked, and [signal@GLockFile.LockFile::lost] is not
 *   emitted. Also if the object is not locked, for the loss was told already or for
 *   any other reason; the message says which,
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
  g_return_val_if_fail (G_IS_LOCK_FILE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_lock_file_operate (self, G_LOCK_FILE_OPERATION_VERIFY, 0, NULL, NULL, error);
}

/**
 * g_lock_file_verify_async:
 * @self: a lock file
 * @io_priority: the priority of the result, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable, or %NULL
 * @callback: (nullable) (scope async) (closure user_data): called with the result
 * @user_data: data for @callback
 *
 * Looks whether the lock file is still ours, as [method@GLockFile.LockFile.verify]
 * does, without blocking.
 *
 * Neither the calling thread nor the main context is ever blocked by a file system:
 * every call on a file is made in a worker thread. @callback is called in the
 * thread-default main context of the caller, and notifications are emitted there, right
 * before.
 *
 * If the file system does not answer within a second after @cancellable was cancelled, the
 * operation fails with %G_IO_ERROR_CANCELLED all the same; the lock is kept.
 *
 * Since: 1.0
 */
void
g_lock_file_verify_async (GLockFile           *self,
                          int                  io_priority,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_return_if_fail (G_IS_LOCK_FILE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_lock_file_operate_async (self, G_LOCK_FILE_OPERATION_VERIFY, 0, io_priority, cancellable,
                             callback, user_data, g_lock_file_verify_async, "[GLockFile] verify");
}

/**
 * g_lock_file_verify_finish:
 * @self: a lock file
 * @result: the result that the callback got
 * @error: return location for a #GError, or %NULL
 *
 * Ends what [method@GLockFile.LockFile.verify_async] began; the errors are those of
 * [method@GLockFile.LockFile.verify], and %G_IO_ERROR_CANCELLED.
 *
 * Returns: %TRUE if the lock is held
 *
 * Since: 1.0
 */
gboolean
g_lock_file_verify_finish (GLockFile     *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  g_return_val_if_fail (G_IS_LOCK_FILE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, g_lock_file_verify_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
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
  GLockFileInfo *info = NULL;

  g_return_val_if_fail (G_IS_LOCK_FILE (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  g_lock_file_operate (self, G_LOCK_FILE_OPERATION_QUERY, 0, cancellable, &info, error);
  return info;
}

/**
 * g_lock_file_query_info_async:
 * @self: a lock file
 * @io_priority: the priority of the result, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable, or %NULL
 * @callback: (nullable) (scope async) (closure user_data): called with the result
 * @user_data: data for @callback
 *
 * Reads who holds the lock now, as [method@GLockFile.LockFile.query_info] does,
 * without blocking.
 *
 * Neither the calling thread nor the main context is ever blocked by a file system:
 * every call on a file is made in a worker thread. While it waits it has no thread at
 * all. @callback is called in the thread-default main context of the caller, and
 * notifications are emitted there, right before.
 *
 * Since: 1.0
 */
void
g_lock_file_query_info_async (GLockFile           *self,
                              int                  io_priority,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_return_if_fail (G_IS_LOCK_FILE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_lock_file_operate_async (self, G_LOCK_FILE_OPERATION_QUERY, 0, io_priority, cancellable,
                             callback, user_data, g_lock_file_query_info_async, "[GLockFile] query info");
}

/**
 * g_lock_file_query_info_finish:
 * @self: a lock file
 * @result: the result that the callback got
 * @error: return location for a #GError, or %NULL
 *
 * Ends what [method@GLockFile.LockFile.query_info_async] began; the errors are those of
 * [method@GLockFile.LockFile.query_info].
 *
 * Returns: (transfer full): who holds it, or whose leftover it is
 *
 * Since: 1.0
 */
GLockFileInfo *
g_lock_file_query_info_finish (GLockFile     *self,
                               GAsyncResult  *result,
                               GError       **error)
{
  g_return_val_if_fail (G_IS_LOCK_FILE (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, g_lock_file_query_info_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
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
 * file. But a holder on another host may run although nobody here can see it, and would
 * lose its lock: so ask the user first. Fails with
 *
 * - %G_LOCK_FILE_ERROR_LOCKED if a running process holds it, or it is empty and
 *   was only just created,
 * - %G_LOCK_FILE_ERROR_INVALID_DATA if it is not a lock file, or what stands at its name
 *   with `.rmlock` behind it, where a removal has a lock of its own, is none,
 * - %G_LOCK_FILE_ERROR_NOT_FOUND if there is none, or no such directory,
 * - %G_LOCK_FILE_ERROR_PERMISSION_DENIED if it may not be read or removed,
 * - %G_LOCK_FILE_ERROR_NO_SPACE if there is no room for the lock file of the removal,
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
  g_return_val_if_fail (G_IS_LOCK_FILE (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_lock_file_operate (self, G_LOCK_FILE_OPERATION_REMOVE, 0, cancellable, NULL, error);
}

/**
 * g_lock_file_remove_stale_async:
 * @self: a lock file
 * @io_priority: the priority of the result, such as %G_PRIORITY_DEFAULT
 * @cancellable: (nullable): a cancellable, or %NULL
 * @callback: (nullable) (scope async) (closure user_data): called with the result
 * @user_data: data for @callback
 *
 * Removes a lock file that was left behind, after the user agreed, as
 * [method@GLockFile.LockFile.remove_stale] does, without blocking.
 *
 * Neither the calling thread nor the main context is ever blocked by a file system:
 * every call on a file is made in a worker thread. While it waits it has no thread at
 * all. @callback is called in the thread-default main context of the caller, and
 * notifications are emitted there, right before.
 *
 * Since: 1.0
 */
void
g_lock_file_remove_stale_async (GLockFile           *self,
                                int                  io_priority,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  g_return_if_fail (G_IS_LOCK_FILE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_lock_file_operate_async (self, G_LOCK_FILE_OPERATION_REMOVE, 0, io_priority, cancellable,
                             callback, user_data, g_lock_file_remove_stale_async, "[GLockFile] remove stale");
}

/**
 * g_lock_file_remove_stale_finish:
 * @self: a lock file
 * @result: the result that the callback got
 * @error: return location for a #GError, or %NULL
 *
 * Ends what [method@GLockFile.LockFile.remove_stale_async] began; the errors are those of
 * [method@GLockFile.LockFile.remove_stale].
 *
 * Returns: %TRUE if the file was removed
 *
 * Since: 1.0
 */
gboolean
g_lock_file_remove_stale_finish (GLockFile     *self,
                                 GAsyncResult  *result,
                                 GError       **error)
{
  g_return_val_if_fail (G_IS_LOCK_FILE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, g_lock_file_remove_stale_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
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
 * To wait for a limited time use [method@GLockFile.LockFile.try_lock] instead; dropping the
 * last reference to the object unlocks too.
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
  g_lock_file_state_lock ();
  locker->serial = lock_file->serial;
  g_lock_file_state_unlock ();
  return locker;
}

/**
 * g_lock_file_locker_free: (skip)
 * @locker: (transfer full): a locker
 *
 * Releases the lock, as [method@GLockFile.LockFile.unlock] does, and frees
 * @locker. It cannot tell whether the lock was lost meanwhile: where that matters, call
 * [method@GLockFile.LockFile.unlock] before. A lock that somebody has taken with the same
 * object since then is left alone.
 *
 * Since: 1.0
 */
void
g_lock_file_locker_free (GLockFileLocker *locker)
{
  g_return_if_fail (locker != NULL);

  g_lock_file_let_go (locker->lock_file, locker->serial);
  g_object_unref (locker->lock_file);
  g_free (locker);
}
