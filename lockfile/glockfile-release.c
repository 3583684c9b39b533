/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-release.h"

#include "glockfile-debug.h"
#include "glockfile-descriptors.h"

#include <errno.h>

/* Letting go (R14).
 *
 * The file is unlinked while its kernel lock is still ours: nobody can find it
 * free in between. Then, if somebody is just removing what it takes for a
 * leftover at this path (P.rmlock stands there), the descriptor stays open
 * until that is over: a Qt process that judged our file by its age may stand
 * between its open and its flock, and our kernel lock stops it there. If we
 * closed at once, it would get the lock on our unlinked file, and then unlink
 * the path, that is the next holder's file (7q in the model).
 *
 * The caller does not wait for that. It is rare, so it is worth a thread, which
 * ends when nothing is left to close.
 */

#define LINGER_PAUSE (1 * G_TIME_SPAN_MILLISECOND)
#define LINGER_LIMIT (50 * G_TIME_SPAN_MILLISECOND)

/* Something may stand at P.rmlock for ever, and each release costs a descriptor
 * meanwhile, of which a process has a thousand. No removal goes on for so many. */
#define MAX_LINGERING 32

typedef struct
{
  GLockFileHandle handle;
  char *removal_path;
  GLockFileId removal;
  gint64 until;
} Lingering;

/* Guarded by the library's mutex. */
static GList *lingering;
static guint n_lingering;       /* also those that the thread has in its hands */
static gboolean closer_running;
static guint closer_generation;

static void
lingering_free (gpointer data)
{
  Lingering *self = data;

  g_lock_file_disk_close (&self->handle);
  g_free (self->removal_path);
  g_free (self);
}

/* Whether the removal that was under way at the release is over. */
static gboolean
removal_is_over (const Lingering *self)
{
  g_autofree GLockFileSight *sight = g_new (GLockFileSight, 1);
  gboolean over;

  if (g_get_monotonic_time () >= self->until)
    return TRUE;
  if (g_lock_file_disk_look (self->removal_path, FALSE, sight) != 0)
    return FALSE;

  /* Under what is no file at all nobody removes anything. */
  over = sight->kind == G_LOCK_FILE_KIND_GONE || sight->kind == G_LOCK_FILE_KIND_OTHER ||
         !g_lock_file_id_equal (&sight->id, &self->removal);
  /* Its creator may not have locked it yet: ask the kernel only when it has
   * written. */
  if (!over && sight->kind == G_LOCK_FILE_KIND_REGULAR && sight->size > 0)
    {
      g_lock_file_disk_probe (sight, TRUE);
      over = sight->kernel == G_LOCK_FILE_KERNEL_FREE;
    }
  g_lock_file_disk_forget (sight);
  return over;
}

static gpointer
closer_thread (gpointer unused)
{
  GList *mine = NULL;

  for (;;)
    {
      g_lock_file_state_lock ();
      mine = g_list_concat (mine, g_steal_pointer (&lingering));
      if (mine == NULL)
        closer_running = FALSE;
      g_lock_file_state_unlock ();
      if (mine == NULL)
        return NULL;

      for (GList *l = mine, *next; l != NULL; l = next)
        {
          next = l->next;
          if (removal_is_over (l->data))
            {
              lingering_free (l->data);
              mine = g_list_delete_link (mine, l);
              g_lock_file_state_lock ();
              n_lingering--;
              g_lock_file_state_unlock ();
            }
        }
      if (mine != NULL)
        g_usleep (LINGER_PAUSE);
    }
}

/* FALSE: there are too many, and @handle is still the caller's. */
static gboolean
linger (GLockFileHandle   *handle,
        const char        *removal_path,
        const GLockFileId *removal)
{
  Lingering *self;
  gboolean start, may_linger;

  g_lock_file_state_lock ();
  if (closer_generation != g_lock_file_fork_generation ())
    {
      /* A child of fork(): the thread, and the descriptors in its care, were
       * the parent's. */
      closer_generation = g_lock_file_fork_generation ();
      closer_running = FALSE;
      lingering = NULL;
      n_lingering = 0;
    }
  may_linger = n_lingering < MAX_LINGERING;
  if (may_linger)
    n_lingering++;
  g_lock_file_state_unlock ();
  if (!may_linger)
    return FALSE;

  self = g_new0 (Lingering, 1);
  self->handle = *handle;
  self->removal_path = g_strdup (removal_path);
  self->removal = *removal;
  self->until = g_get_monotonic_time () + LINGER_LIMIT;
  handle->fd = -1;

  g_lock_file_state_lock ();
  lingering = g_list_prepend (lingering, self);
  start = !closer_running;
  closer_running = TRUE;
  g_lock_file_state_unlock ();

  if (start)
    {
      GThread *thread = g_thread_try_new ("glockfile-release", closer_thread, NULL, NULL);

      if (thread != NULL)
        g_thread_unref (thread);
      else
        closer_thread (NULL);
    }
  return TRUE;
}

/*
 * g_lock_file_release:
 * @lost: (out): whether the file at the path was no longer ours
 * @removal_stands: (out): whether @handle is left to g_lock_file_close_when_safe(),
 *   for there is a P.rmlock
 *
 * Unlinks the file if it is ours, and closes it.
 *
 * Returns: 0 or an errno
 */
int
g_lock_file_release (GLockFileHandle      *handle,
                     const GLockFileNames *names,
                     gboolean             *lost,
                     gboolean             *removal_stands)
{
  GLockFileId removal;
  gboolean is_there;
  int error = g_lock_file_disk_unlink (names, &handle->id, &is_there);

  *lost = error == 0 && !is_there;
  if (error != 0)
    g_lock_file_debug (names->path, "unlocked, but cannot be deleted: %s (R14)", g_strerror (error));
  else
    g_lock_file_debug (names->path, "%s (R14)",
                       is_there ? "unlocked: deleted" : "lost: somebody removed or replaced it");

  *removal_stands = error == 0 && is_there &&
                    g_lock_file_disk_identify (names->removal_path, &removal) == 0;
  if (!*removal_stands)
    g_lock_file_disk_close (handle);
  return error;
}

/*
 * g_lock_file_close_when_safe:
 *
 * Closes the file, whose name is gone: now, or when no removal is under way any more.
 */
void
g_lock_file_close_when_safe (GLockFileHandle      *handle,
                             const GLockFileNames *names)
{
  GLockFileId removal;

  if (g_lock_file_disk_identify (names->removal_path, &removal) == 0 &&
      linger (handle, names->removal_path, &removal))
    g_lock_file_debug (names->removal_path,
                       "somebody removes under this: keeping the kernel lock (R14)");
  else
    g_lock_file_disk_close (handle);
}
