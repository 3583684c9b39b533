/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-watch.h"

#include "glockfile-descriptors.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* How a waiter learns that something happened (R10): one inotify instance for
 * the whole process, of which a user has 128 in all, and one pidfd for each
 * holder, all in one epoll set. They are made when a thread waits for the first
 * time and stay: closing an inotify instance takes the kernel 10 to 20 ms.
 *
 * No thread of the library's own reads them. Among the threads that sleep, one
 * leads: it polls the set, and wakes whom the events concern. When it has what
 * it waited for, another takes the lead. So a process with one waiting thread,
 * the usual case, is woken straight from the kernel.
 *
 * Everything here is guarded by the library's mutex.
 */

/* Release shows as IN_ATTRIB, for the number of links changes; a crash as
 * IN_CLOSE_WRITE, a moment before the kernel lock is free. Contenders open the
 * file read-only, so they wake nobody. */
#define FILE_EVENTS (IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_CLOSE_WRITE | IN_DONT_FOLLOW)

/* A file that goes with its directory has no event of its own. */
#define DIRECTORY_EVENTS (IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

#define INOTIFY_PAUSE G_TIME_SPAN_SECOND

struct _GLockFileWatchedProcess
{
  int pid;
  int fd;                       /* -1: it has ended */
  GQueue watches;               /* of GLockFileWatch */
};

static struct
{
  gboolean ready;
  guint generation;
  int epoll_fd;
  int inotify_fd;               /* -1: there is none yet */
  gint64 inotify_again;         /* when to try again to get one */
  int bell_fd;                  /* makes the leader look up */
  guint n_adding;               /* threads that are about to watch a file */
  GHashTable *files;            /* inotify's number → GSList of GLockFileWatch */
  GArray *unused_files;         /* numbers to be given back when nobody adds one */
  GHashTable *processes;        /* process ID → GLockFileWatchedProcess */
  GLockFileWatchedProcess *spare; /* nobody's, kept for the next who waits for it */
  guint n_pollers;              /* main loops that poll the epoll set */
  GQueue sleepers;
  GLockFileSleeper *leader;
  gboolean leader_polls;
} hub;

/* The epoll set's name for what is not a process. */
#define INOTIFY_EVENT 0

static void
close_locked (int fd)
{
  g_lock_file_descriptors_remove_locked (fd);
  close (fd);
}

/* Enters a new descriptor in the list for fork() and in the epoll set. */
static gboolean
poll_for_locked (int     fd,
                 guint64 name)
{
  struct epoll_event event = { .events = EPOLLIN, .data.u64 = name };

  if (fd < 0)
    return FALSE;
  g_lock_file_descriptors_add_locked (fd);
  if (epoll_ctl (hub.epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
    return TRUE;
  close_locked (fd);
  return FALSE;
}

/* In a child of fork() the descriptors are closed already, and whatever the
 * tables speak of was the parent's. */
static void
notice_fork_locked (void)
{
  if (hub.generation != g_lock_file_fork_generation ())
    {
      memset (&hub, 0, sizeof hub);
      hub.generation = g_lock_file_fork_generation ();
    }
}

/* FALSE: no descriptors left, or no instance; then waiting is polling (R11). */
static gboolean
prepare_locked (void)
{
  notice_fork_locked ();
  if (hub.ready)
    return TRUE;

  hub.epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  if (hub.epoll_fd < 0)
    return FALSE;
  g_lock_file_descriptors_add_locked (hub.epoll_fd);

  /* Not in the set: main loops poll that too, and must not hear it. */
  hub.bell_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (hub.bell_fd < 0)
    {
      close_locked (hub.epoll_fd);
      return FALSE;
    }
  g_lock_file_descriptors_add_locked (hub.bell_fd);

  hub.inotify_fd = -1;
  hub.files = g_hash_table_new (NULL, NULL);
  hub.unused_files = g_array_new (FALSE, FALSE, sizeof (int));
  hub.processes = g_hash_table_new (NULL, NULL);
  hub.ready = TRUE;
  return TRUE;
}

/* A user has few instances, so this may fail, and succeed later. A process can be
 * watched without. */
static gboolean
prepare_inotify_locked (void)
{
  gint64 now = g_get_monotonic_time ();

  if (hub.inotify_fd < 0 && now >= hub.inotify_again)
    {
      hub.inotify_fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
      if (!poll_for_locked (hub.inotify_fd, INOTIFY_EVENT))
        hub.inotify_fd = -1;
      hub.inotify_again = now + INOTIFY_PAUSE;
    }
  return hub.inotify_fd >= 0;
}

void
g_lock_file_watch_init (GLockFileWatch  *self,
                        void           (*woken_locked) (gpointer data),
                        gpointer         data)
{
  self->file = -1;
  self->process = NULL;
  self->process_link = (GList) { .data = self };
  self->woken_locked = woken_locked;
  self->data = data;
}

/* --- Files ----------------------------------------------------------------- */

/* Gives back numbers that are not in use. While some thread is adding a watch its
 * number may be one of them, for a file has but one: then later. If the file is
 * gone the kernel has given it back already.
 */
static void
remove_unused_files_locked (void)
{
  if (hub.n_adding > 0)
    return;
  for (guint i = 0; i < hub.unused_files->len; i++)
    {
      int file = g_array_index (hub.unused_files, int, i);

      if (!g_hash_table_contains (hub.files, GINT_TO_POINTER (file)))
        inotify_rm_watch (hub.inotify_fd, file);
    }
  g_array_set_size (hub.unused_files, 0);
}

static void
start_file_locked (GLockFileWatch *self,
                   int             file)
{
  gpointer key = GINT_TO_POINTER (file);

  self->file = file;
  g_hash_table_insert (hub.files, key, g_slist_prepend (g_hash_table_lookup (hub.files, key), self));
}

static void
stop_file_locked (GLockFileWatch *self)
{
  gpointer key = GINT_TO_POINTER (self->file);
  GSList *watches;

  if (self->file < 0)
    return;

  watches = g_slist_remove (g_hash_table_lookup (hub.files, key), self);
  if (watches != NULL)
    {
      g_hash_table_insert (hub.files, key, watches);
    }
  else
    {
      g_hash_table_remove (hub.files, key);
      g_array_append_val (hub.unused_files, self->file);
      remove_unused_files_locked ();
    }
  self->file = -1;
}

static gboolean
watch (GLockFileWatch *self,
       const char     *path,
       guint32         events)
{
  int inotify_fd = -1, file = -1;

  g_lock_file_state_lock ();
  if (prepare_locked () && prepare_inotify_locked ())
    {
      inotify_fd = hub.inotify_fd;
      hub.n_adding++;
    }
  g_lock_file_state_unlock ();
  if (inotify_fd < 0)
    return FALSE;

  /* Not with the mutex held: the way to the path may lead over a network. */
  file = inotify_add_watch (inotify_fd, path, events);

  g_lock_file_state_lock ();
  if (file < 0 || file != self->file)
    stop_file_locked (self);
  if (file >= 0 && file != self->file)
    start_file_locked (self, file);
  hub.n_adding--;
  remove_unused_files_locked ();
  g_lock_file_state_unlock ();

  return file >= 0;
}

/*
 * g_lock_file_watch_file:
 *
 * Watches the file that stands at @path now; only for local volumes, where the
 * kernel sees every change. What has happened before this call is not told, so
 * look again after it (R9).
 *
 * Returns: %FALSE if there is no room, or no permission
 */
gboolean
g_lock_file_watch_file (GLockFileWatch *self,
                        const char     *path)
{
  return watch (self, path, FILE_EVENTS);
}

/*
 * g_lock_file_watch_directory:
 *
 * Likewise, for a directory that is moved or removed.
 */
gboolean
g_lock_file_watch_directory (GLockFileWatch *self,
                             const char     *path)
{
  return watch (self, path, DIRECTORY_EVENTS);
}

static void
wake_all (gpointer key,
          gpointer watches,
          gpointer unused)
{
  for (GSList *l = watches; l != NULL; l = l->next)
    {
      GLockFileWatch *watch = l->data;

      watch->woken_locked (watch->data);
    }
}

/* The file is gone, and with it the kernel's watch. */
static void
forget_file_locked (int file)
{
  GSList *watches = g_hash_table_lookup (hub.files, GINT_TO_POINTER (file));

  for (GSList *l = watches; l != NULL; l = l->next)
    ((GLockFileWatch *) l->data)->file = -1;
  g_slist_free (watches);
  g_hash_table_remove (hub.files, GINT_TO_POINTER (file));
}

static void
read_inotify_locked (void)
{
  union
  {
    struct inotify_event event;
    char bytes[4096];
  } buffer;
  gssize size;

  /* What does not fit is told by the next look at the set. */
  size = read (hub.inotify_fd, &buffer, sizeof buffer);
  if (size > 0)
    {
      for (char *p = buffer.bytes; p < buffer.bytes + size;)
        {
          const struct inotify_event *event = (const struct inotify_event *) (gpointer) p;

          if (event->mask & IN_Q_OVERFLOW)
            g_hash_table_foreach (hub.files, wake_all, NULL);
          else
            wake_all (NULL, g_hash_table_lookup (hub.files, GINT_TO_POINTER (event->wd)), NULL);
          if (event->mask & IN_IGNORED)
            forget_file_locked (event->wd);
          p += sizeof *event + event->len;
        }
    }
}

/* --- Processes ------------------------------------------------------------- */

static void
close_process_locked (GLockFileWatchedProcess *process)
{
  if (process->fd >= 0)
    {
      g_hash_table_remove (hub.processes, GINT_TO_POINTER (process->pid));
      /* Explicitly: a copy of the descriptor in another process would keep it
       * in the set. */
      epoll_ctl (hub.epoll_fd, EPOLL_CTL_DEL, process->fd, NULL);
      close_locked (process->fd);
    }
  process->fd = -1;
}

static void
drop_spare_locked (void)
{
  if (hub.spare != NULL)
    close_process_locked (hub.spare);
  g_clear_pointer (&hub.spare, g_free);
}

static void
stop_process_locked (GLockFileWatch *self)
{
  GLockFileWatchedProcess *process = g_steal_pointer (&self->process);

  if (process == NULL)
    return;
  g_queue_unlink (&process->watches, &self->process_link);
  if (process->watches.head == NULL)
    {
      /* Two processes that take turns watch each other again and again. */
      drop_spare_locked ();
      hub.spare = process;
    }
}

/*
 * g_lock_file_watch_process:
 * @pid: a process ID, or 0 for none
 *
 * Watches for the end of a process. Its kernel locks are free by then.
 *
 * Returns: %FALSE if that cannot be watched
 */
gboolean
g_lock_file_watch_process (GLockFileWatch *self,
                           int             pid)
{
  GLockFileWatchedProcess *process = NULL;

  g_lock_file_state_lock ();
  stop_process_locked (self);
  if (pid > 0 && prepare_locked ())
    {
      process = g_hash_table_lookup (hub.processes, GINT_TO_POINTER (pid));
      if (process != NULL && process == hub.spare)
        hub.spare = NULL;
      if (process == NULL)
        {
          int fd = syscall (SYS_pidfd_open, pid, 0);

          process = g_new0 (GLockFileWatchedProcess, 1);
          process->pid = pid;
          process->fd = fd;
          if (poll_for_locked (fd, (guint64) (gsize) process))
            g_hash_table_insert (hub.processes, GINT_TO_POINTER (pid), process);
          else
            g_clear_pointer (&process, g_free);
        }
      if (process != NULL)
        g_queue_push_tail_link (&process->watches, &self->process_link);
      self->process = process;
    }
  g_lock_file_state_unlock ();

  return process != NULL;
}

/*
 * g_lock_file_watch_is_over_locked:
 *
 * Whether what it watched has come to its end: the file, or the process.
 */
gboolean
g_lock_file_watch_is_over_locked (const GLockFileWatch *self)
{
  return self->file < 0 || (self->process != NULL && self->process->fd < 0);
}

/*
 * g_lock_file_watch_give_back:
 *
 * Closes all descriptors of this room if nobody needs them: somebody else does.
 */
void
g_lock_file_watch_give_back (void)
{
  g_lock_file_state_lock ();
  notice_fork_locked ();
  if (hub.ready)
    {
      drop_spare_locked ();
      if (hub.leader == NULL && hub.sleepers.head == NULL && hub.n_adding == 0 && hub.n_pollers == 0 &&
          g_hash_table_size (hub.files) == 0 &&
          g_hash_table_size (hub.processes) == 0)
        {
          if (hub.inotify_fd >= 0)
            close_locked (hub.inotify_fd);
          close_locked (hub.bell_fd);
          close_locked (hub.epoll_fd);
          g_clear_pointer (&hub.files, g_hash_table_unref);
          g_clear_pointer (&hub.unused_files, g_array_unref);
          g_clear_pointer (&hub.processes, g_hash_table_unref);
          hub.ready = FALSE;
        }
    }
  g_lock_file_state_unlock ();
}

void
g_lock_file_watch_stop (GLockFileWatch *self)
{
  g_lock_file_state_lock ();
  stop_file_locked (self);
  stop_process_locked (self);
  g_lock_file_state_unlock ();
}

/*
 * g_lock_file_watch_poll_locked:
 *
 * For a main loop that will poll: gives the descriptor to be polled, until
 * g_lock_file_watch_unpoll_locked() is called; -1 if there is none.
 */
int
g_lock_file_watch_poll_locked (void)
{
  if (!prepare_locked ())
    return -1;
  hub.n_pollers++;
  return hub.epoll_fd;
}

void
g_lock_file_watch_unpoll_locked (void)
{
  hub.n_pollers--;
}

/*
 * g_lock_file_watch_dispatch_locked:
 *
 * Reads what has happened, and wakes whom it concerns.
 */
void
g_lock_file_watch_dispatch_locked (void)
{
  struct epoll_event events[16];
  int n = hub.ready ? epoll_wait (hub.epoll_fd, events, G_N_ELEMENTS (events), 0) : 0;

  for (int i = 0; i < n; i++)
    {
      guint64 name = events[i].data.u64;

      if (name == INOTIFY_EVENT)
        {
          read_inotify_locked ();
        }
      else
        {
          GLockFileWatchedProcess *process = (GLockFileWatchedProcess *) (gsize) name;

          /* Gone for good; whoever finds the same number later watches
           * another process. */
          close_process_locked (process);
          for (GList *l = process->watches.head; l != NULL; l = l->next)
            {
              GLockFileWatch *waiting = l->data;

              waiting->woken_locked (waiting->data);
            }
        }
    }
}

/* --- Sleeping -------------------------------------------------------------- */

void
g_lock_file_sleeper_init (GLockFileSleeper *self,
                          GLockFileWatch   *watch)
{
  g_cond_init (&self->cond);
  self->link = (GList) { .data = self };
  self->watch = watch;
  self->woken = FALSE;
  self->may_lead = FALSE;
}

void
g_lock_file_sleeper_clear (GLockFileSleeper *self)
{
  g_cond_clear (&self->cond);
}

/* Waits until something is to be read, the bell rings, or the time has come. */
static void
poll_set (gint64 until)
{
  struct pollfd fds[] = {
    { .fd = hub.epoll_fd, .events = POLLIN },
    { .fd = hub.bell_fd, .events = POLLIN },
  };
  gint64 left = MAX (until - g_get_monotonic_time (), 0);
  struct timespec timeout = { left / G_USEC_PER_SEC, left % G_USEC_PER_SEC * 1000 };
  guint64 count;

  /* What goes wrong here, a signal for example, ends the sleep early. */
  if (ppoll (fds, G_N_ELEMENTS (fds), until < 0 ? NULL : &timeout, NULL) > 0 &&
      (fds[1].revents & POLLIN) && read (hub.bell_fd, &count, sizeof count) < 0)
    g_assert (errno == EAGAIN || errno == EINTR);
}

/* One whom the next event is likely to concern, if there is one. */
static void
appoint_leader_locked (void)
{
  GLockFileSleeper *leader = NULL;

  for (GList *l = hub.sleepers.head; l != NULL; l = l->next)
    {
      GLockFileSleeper *sleeper = l->data;

      if (!sleeper->may_lead)
        continue;
      leader = sleeper;
      if (sleeper->watch->file >= 0 || sleeper->watch->process != NULL)
        break;
    }
  if (leader != NULL)
    g_cond_signal (&leader->cond);
}

/*
 * g_lock_file_sleeper_sleep:
 * @until: a monotonic time in microseconds; -1: without limit
 *
 * Sleeps until it is woken, which may have happened already.
 */
void
g_lock_file_sleeper_sleep (GLockFileSleeper *self,
                           gint64            until)
{
  g_lock_file_state_lock ();
  notice_fork_locked ();
  /* Also without a watch of its own: others may sleep in a main context that is not
   * run just now. */
  self->may_lead = hub.ready;
  g_queue_push_tail_link (&hub.sleepers, &self->link);

  while (!self->woken && (until < 0 || g_get_monotonic_time () < until))
    {
      if (self->may_lead && hub.ready && hub.leader == NULL)
        {
          hub.leader = self;
          hub.leader_polls = TRUE;
          g_lock_file_state_unlock ();
          poll_set (until);
          g_lock_file_state_lock ();
          hub.leader_polls = FALSE;
          g_lock_file_watch_dispatch_locked ();
          hub.leader = NULL;
        }
      else
        {
          g_lock_file_state_wait (&self->cond, until);
        }
    }

  g_queue_unlink (&hub.sleepers, &self->link);
  self->woken = FALSE;
  if (hub.leader == NULL)
    appoint_leader_locked ();
  g_lock_file_state_unlock ();
}

void
g_lock_file_sleeper_wake_locked (GLockFileSleeper *self)
{
  const guint64 one = 1;

  self->woken = TRUE;
  if (hub.leader != self)
    g_cond_signal (&self->cond);
  else if (hub.leader_polls && write (hub.bell_fd, &one, sizeof one) < 0)
    g_assert (errno == EAGAIN);
}
