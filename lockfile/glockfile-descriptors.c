/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "glockfile-descriptors.h"

#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
/* GLib's mutex is a futex of its own, which ThreadSanitizer cannot see. */
#define MUTEX_TAKEN() __tsan_acquire (&state_mutex)
#define MUTEX_GIVEN() __tsan_release (&state_mutex)
#else
#define MUTEX_TAKEN()
#define MUTEX_GIVEN()
#endif

/* What fork() must know: which descriptors are the library's, and that nothing
 * of the library is in motion while the process is copied.
 *
 * A kernel lock belongs to the open file, and a child of fork() shares it: a
 * child that kept a holder's descriptor would keep the lock of a parent that
 * crashed, and one that kept a prober's would keep a leftover busy (R15, 9e in
 * the model). So the child closes every descriptor of the library before
 * anything else runs in it.
 *
 * For that the list must be complete, and hold nothing that is closed already:
 * closing a number that somebody else got meanwhile would break the
 * application. Threads that open or close take the gate as readers, side by
 * side, for a file system may hang in either; a fork takes it as the writer. It
 * does not wait for ever for a hung file system: then the child cannot know
 * that one descriptor and leaves it alone, which may keep one lock busy until
 * the child runs another program or ends.
 */

#define FORK_PATIENCE (200 * G_TIME_SPAN_MILLISECOND)

/* Guards what the rooms share: the states of the objects, queues, watches. */
static GMutex state_mutex;

/* One that prefers writers: a fork would starve behind a few busy threads. */
static pthread_rwlock_t gate = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static gboolean gate_taken;

/* One bit for each descriptor number; guarded by state_mutex. */
static guint8 *registered;
static gsize registered_size;

/* Only ever changed in a child that has no second thread yet. */
static guint fork_generation;

void
g_lock_file_state_lock (void)
{
  g_mutex_lock (&state_mutex);
  MUTEX_TAKEN ();
}

void
g_lock_file_state_unlock (void)
{
  MUTEX_GIVEN ();
  g_mutex_unlock (&state_mutex);
}

/* Waits for @cond with the mutex of the library, until a monotonic time or,
 * with -1, without limit. */
void
g_lock_file_state_wait (GCond  *cond,
                        gint64  until)
{
  MUTEX_GIVEN ();
  if (until < 0)
    g_cond_wait (cond, &state_mutex);
  else
    g_cond_wait_until (cond, &state_mutex, until);
  MUTEX_TAKEN ();
}

static void
before_fork (void)
{
  struct timespec until;
  gint64 time = g_get_monotonic_time () + FORK_PATIENCE;
  gboolean taken;

  until.tv_sec = time / G_USEC_PER_SEC;
  until.tv_nsec = time % G_USEC_PER_SEC * 1000;
  taken = pthread_rwlock_clockwrlock (&gate, CLOCK_MONOTONIC, &until) == 0;
  g_lock_file_state_lock ();
  /* Not before: two threads may fork at the same time. */
  gate_taken = taken;
}

static void
after_fork_in_parent (void)
{
  gboolean taken = gate_taken;

  g_lock_file_state_unlock ();
  if (taken)
    pthread_rwlock_unlock (&gate);
}

/* Only what may be called in the child of a process with threads. */
static void
after_fork_in_child (void)
{
  static const pthread_rwlock_t open_gate = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

  for (gsize i = 0; i < registered_size; i++)
    {
      for (guint bit = 0; registered[i] != 0; bit++)
        {
          if (registered[i] & (1u << bit))
            {
              close (i * 8 + bit);
              registered[i] &= ~(1u << bit);
            }
        }
    }
  fork_generation++;

  /* Readers that hung in a system call are not in this process. */
  memcpy (&gate, &open_gate, sizeof gate);
  g_lock_file_state_unlock ();
}

guint
g_lock_file_fork_generation (void)
{
  return fork_generation;
}

void
g_lock_file_descriptors_prepare (void)
{
  static gsize prepared;

  if (g_once_init_enter (&prepared))
    {
      pthread_atfork (before_fork, after_fork_in_parent, after_fork_in_child);
      g_once_init_leave (&prepared, 1);
    }
}

void
g_lock_file_descriptors_enter (void)
{
  g_lock_file_descriptors_prepare ();
  pthread_rwlock_rdlock (&gate);
}

void
g_lock_file_descriptors_leave (void)
{
  pthread_rwlock_unlock (&gate);
}

/* With the mutex held a descriptor can be opened or closed without the gate,
 * for a fork takes the mutex too; only what cannot hang may be done so.
 */
void
g_lock_file_descriptors_add_locked (int fd)
{
  gsize i = (gsize) fd / 8;

  if (i >= registered_size)
    {
      gsize size = MAX (i + 1, 2 * registered_size);

      registered = g_realloc (registered, size);
      memset (registered + registered_size, 0, size - registered_size);
      registered_size = size;
    }
  registered[i] |= 1u << fd % 8;
}

void
g_lock_file_descriptors_remove_locked (int fd)
{
  registered[fd / 8] &= ~(1u << fd % 8);
}

void
g_lock_file_descriptors_add (int fd)
{
  g_lock_file_state_lock ();
  g_lock_file_descriptors_add_locked (fd);
  g_lock_file_state_unlock ();
}

void
g_lock_file_descriptors_remove (int fd)
{
  g_lock_file_state_lock ();
  g_lock_file_descriptors_remove_locked (fd);
  g_lock_file_state_unlock ();
}
