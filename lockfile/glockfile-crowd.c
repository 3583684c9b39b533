/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-crowd.h"

#include "glockfile-descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Who has waited longest, among all processes that wait for the same path.
 *
 * If sixty processes watch one file, its release wakes sixty, and all but one in
 * vain. So only those who have waited longest watch; the others look now and
 * then. It changes nothing about who may have the lock: whoever publishes first
 * has it, and a place here is neither asked for nor believed by anyone else.
 *
 * The kernel keeps the list. A waiter puts a shared record lock on one byte of
 * the directory: a place far behind any data, chosen by the file's name and by
 * the time at which the waiter came. Such a lock excludes nobody, as nobody can
 * lock a directory for writing; it costs no write, leaves nothing behind, and is
 * gone with the process. Whether somebody came earlier is then one question to
 * the kernel: is there a lock between the name's first byte and mine?
 *
 * Only for local volumes: elsewhere record locks may go over the network. A
 * waiter that can take no place watches as if it were the first.
 */

/* The byte of a waiter: 22 bits from the file's name, 40 for the time in
 * microseconds. That comes round in twelve days, and then a waiter or two may
 * stand wrong for a moment. */
#define TICKET_BITS 40
#define NAME_BITS 22

/* The kernel keeps the locks of a file in a list: a process that waits for many paths
 * in a directory does without. */
#define MAX_USERS 32

/* Anybody who can read a directory can put as many locks on it as he likes, and the
 * kernel goes through all of them in each call. Where that takes long, several times in a
 * row, this process takes no place for a while. It is the thread's own time that counts,
 * for on a busy system everything takes long; but asking for that costs as much as the
 * call itself, so it begins with one that took long by the clock. */
#define SLOW_CALL 100000        /* nanoseconds; those of ten thousand waiters */
#define MANY_SLOW_CALLS 4
#define ABSTINENCE (10 * G_TIME_SPAN_SECOND)

/* The open directory, shared by the waiters of this process: a process' own
 * locks are no obstacle to it, but its waiters for one path stand in a queue of
 * their own, of which only the first comes here. */
struct _GLockFileCrowdPlace
{
  char *directory;
  int fd;
  guint n_users;
};

/* Who lets go of a lock and wants it again at once has it long before anyone
 * whom the release wakes. So after waiting for a lock in a crowd one remembers
 * that, and lets those go first who have waited longer. Only the last few paths,
 * only for a moment, and only by a hash: to be wrong costs a millisecond. */
#define MEMORY (2 * G_TIME_SPAN_MILLISECOND)
#define N_REMEMBERED 16

static struct
{
  guint hash;
  gint64 released;
} remembered[N_REMEMBERED];

/* Guarded by the library's mutex: directory → place. */
static GHashTable *places;
static guint places_generation;
static guint n_slow_calls;      /* in a row */
static gint64 abstain_until;

static gint64
first_byte (const char *path)
{
  const char *name = strrchr (path, '/');
  guint hash = g_str_hash (name != NULL ? name : path);

  return (gint64) (hash & ((1u << NAME_BITS) - 1)) << TICKET_BITS;
}

static gint64
read_clock (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);
  return (gint64) now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Not with the mutex held, for it may take long. */
static int
call_kernel (int           fd,
             int           command,
             struct flock *lock)
{
  clockid_t clock;
  gint64 begin;
  gboolean slow;
  int result;

  g_lock_file_state_lock ();
  clock = n_slow_calls > 0 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
  g_lock_file_state_unlock ();

  begin = read_clock (clock);
  result = fcntl (fd, command, lock);
  slow = read_clock (clock) - begin > SLOW_CALL;

  g_lock_file_state_lock ();
  n_slow_calls = slow ? n_slow_calls + 1 : 0;
  if (n_slow_calls >= MANY_SLOW_CALLS)
    abstain_until = g_get_monotonic_time () + ABSTINENCE;
  g_lock_file_state_unlock ();
  return result;
}

static gboolean
is_abstinent (void)
{
  gboolean abstinent;

  g_lock_file_state_lock ();
  abstinent = g_get_monotonic_time () < abstain_until;
  g_lock_file_state_unlock ();
  return abstinent;
}

static gboolean
set_lock (const GLockFileCrowd *self,
          short                 type)
{
  struct flock lock = {
    .l_type = type,
    .l_whence = SEEK_SET,
    .l_start = self->base + self->ticket,
    .l_len = 1,
  };

  return call_kernel (self->place->fd, F_OFD_SETLK, &lock) == 0;
}

static GLockFileCrowdPlace *
find_place (const char *directory,
            gboolean   *full)
{
  GLockFileCrowdPlace *place;

  g_lock_file_state_lock ();
  if (places == NULL || places_generation != g_lock_file_fork_generation ())
    {
      places_generation = g_lock_file_fork_generation ();
      places = g_hash_table_new (g_str_hash, g_str_equal);
    }
  place = g_hash_table_lookup (places, directory);
  *full = (place != NULL && place->n_users >= MAX_USERS);
  if (*full)
    place = NULL;
  if (place != NULL)
    place->n_users++;
  g_lock_file_state_unlock ();
  return place;
}

static GLockFileCrowdPlace *
open_place (const char *directory)
{
  GLockFileCrowdPlace *place;
  int fd;

  g_lock_file_descriptors_enter ();
  fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0)
    g_lock_file_descriptors_add (fd);
  g_lock_file_descriptors_leave ();
  if (fd < 0)
    return NULL;

  place = g_new0 (GLockFileCrowdPlace, 1);
  place->directory = g_strdup (directory);
  place->fd = fd;
  place->n_users = 1;
  g_lock_file_state_lock ();
  if (!g_hash_table_contains (places, directory))
    g_hash_table_insert (places, place->directory, place);
  g_lock_file_state_unlock ();
  return place;
}

static void
free_place (GLockFileCrowdPlace *place)
{
  g_lock_file_descriptors_enter ();
  g_lock_file_descriptors_remove (place->fd);
  close (place->fd);
  g_lock_file_descriptors_leave ();
  g_free (place->directory);
  g_free (place);
}

/*
 * g_lock_file_crowd_enter:
 *
 * Takes a place behind all that are there. Without room for it nothing happens.
 */
void
g_lock_file_crowd_enter (GLockFileCrowd *self,
                         const char     *directory,
                         const char     *path)
{
  gboolean full = FALSE;
  GLockFileCrowdPlace *place = NULL;

  if (is_abstinent ())
    return;

  place = find_place (directory, &full);
  if (place == NULL && !full)
    {
      /* Not with the mutex held: the way to the directory may lead over a
       * network. Two threads may come here at once; then there are two places,
       * of which one is not found again. */
      place = open_place (directory);
    }

  self->place = place;
  if (place == NULL)
    return;

  self->base = first_byte (path);
  self->ticket = g_get_monotonic_time () & (((gint64) 1 << TICKET_BITS) - 1);
  if (!set_lock (self, F_RDLCK))
    g_lock_file_crowd_leave (self);
}

void
g_lock_file_crowd_leave (GLockFileCrowd *self)
{
  GLockFileCrowdPlace *place = self->place;
  gboolean is_last;

  if (place == NULL)
    return;

  set_lock (self, F_UNLCK);
  self->place = NULL;
  g_lock_file_state_lock ();
  is_last = (--place->n_users == 0);
  if (is_last && g_hash_table_lookup (places, place->directory) == place)
    g_hash_table_remove (places, place->directory);
  g_lock_file_state_unlock ();
  if (is_last)
    free_place (place);
}

/* Counts the others with a byte from @first on and before @end, up to @limit. The
 * kernel names any one of them, which parts the rest in two. */
static guint
count_between (int    fd,
               gint64 first,
               gint64 end,
               guint  limit)
{
  struct flock lock = {
    .l_type = F_WRLCK,
    .l_whence = SEEK_SET,
    .l_start = first,
    .l_len = end - first,
  };
  gint64 found;
  guint n;

  if (limit == 0 || first >= end || is_abstinent ())
    return 0;
  if (call_kernel (fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
    return 0;

  found = CLAMP (lock.l_start, first, end - 1);
  n = 1 + count_between (fd, first, found, limit - 1);
  if (n < limit)
    n += count_between (fd, found + 1, end, limit - n);
  return n;
}

/*
 * g_lock_file_crowd_count:
 *
 * How many, up to @limit, came earlier and wait still.
 */
guint
g_lock_file_crowd_count (GLockFileCrowd *self,
                         guint           limit)
{
  if (self->place == NULL)
    return 0;
  return count_between (self->place->fd, self->base, self->base + self->ticket, limit);
}

/*
 * g_lock_file_crowd_remember:
 *
 * Notes at a release that others were waiting for this lock.
 */
void
g_lock_file_crowd_remember (const char *path)
{
  guint hash = g_str_hash (path);

  g_lock_file_state_lock ();
  remembered[hash % N_REMEMBERED].hash = hash;
  remembered[hash % N_REMEMBERED].released = g_get_monotonic_time ();
  g_lock_file_state_unlock ();
}

/*
 * g_lock_file_crowd_was_here:
 *
 * Whether others were waiting for this lock when it was released here, a moment
 * ago.
 */
gboolean
g_lock_file_crowd_was_here (const char *path)
{
  guint hash = g_str_hash (path);
  gboolean here;

  g_lock_file_state_lock ();
  here = remembered[hash % N_REMEMBERED].hash == hash &&
         remembered[hash % N_REMEMBERED].released + MEMORY > g_get_monotonic_time ();
  g_lock_file_state_unlock ();
  return here;
}
