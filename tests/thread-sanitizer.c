/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* What the thread sanitizer must know of GLib.
 *
 * GLib's mutexes are futexes, and GLib is not built with the sanitizer: it sees
 * neither that one thread waits for another there, nor what is handed over with
 * a reference. It would call everything that a mutex guards a race. So this is
 * loaded before GLib, with mutexes and conditions that are those of pthreads,
 * which the sanitizer knows, and with a word to it where threads meet otherwise.
 */

#define GLIB_DISABLE_DEPRECATION_WARNINGS

#include <dlfcn.h>
#include <glib-object.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* The sanitizer's own; not there in a program that is built without it. */
extern void __tsan_acquire (void *address) __attribute__ ((weak));
extern void __tsan_release (void *address) __attribute__ ((weak));

/* Whatever happened before another's meeting at this address is over, and what
 * happened here is to be seen by whoever comes next. */
static void
meet (gconstpointer address)
{
  if (__tsan_acquire == NULL)
    return;
  __tsan_acquire ((void *) address);
  __tsan_release ((void *) address);
}

#define REAL(function) \
  ({ \
    static __typeof__ (&function) real_; \
    __typeof__ (&function) found_ = __atomic_load_n (&real_, __ATOMIC_ACQUIRE); \
    if (found_ == NULL) \
      { \
        found_ = (__typeof__ (&function)) dlsym (RTLD_NEXT, #function); \
        __atomic_store_n (&real_, found_, __ATOMIC_RELEASE); \
      } \
    found_; \
  })

/* Both are a pointer of GLib's, zero at first and perhaps never initialised. */

static pthread_mutex_t *
get_mutex (GMutex *mutex)
{
  pthread_mutex_t *found = __atomic_load_n ((pthread_mutex_t **) &mutex->p, __ATOMIC_ACQUIRE);
  pthread_mutex_t *made;

  if (found != NULL)
    return found;

  made = malloc (sizeof *made);
  pthread_mutex_init (made, NULL);
  if (__atomic_compare_exchange_n ((pthread_mutex_t **) &mutex->p, &found, made, FALSE,
                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    return made;
  pthread_mutex_destroy (made);
  free (made);
  return found;
}

static pthread_cond_t *
get_cond (GCond *cond)
{
  pthread_cond_t *found = __atomic_load_n ((pthread_cond_t **) &cond->p, __ATOMIC_ACQUIRE);
  pthread_cond_t *made;
  pthread_condattr_t attributes;

  if (found != NULL)
    return found;

  made = malloc (sizeof *made);
  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_cond_init (made, &attributes);
  pthread_condattr_destroy (&attributes);
  if (__atomic_compare_exchange_n ((pthread_cond_t **) &cond->p, &found, made, FALSE,
                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    return made;
  pthread_cond_destroy (made);
  free (made);
  return found;
}

void
g_mutex_init (GMutex *mutex)
{
  mutex->p = NULL;
}

void
g_mutex_clear (GMutex *mutex)
{
  if (mutex->p == NULL)
    return;
  pthread_mutex_destroy (mutex->p);
  free (mutex->p);
  mutex->p = NULL;
}

void
g_mutex_lock (GMutex *mutex)
{
  pthread_mutex_lock (get_mutex (mutex));
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  return pthread_mutex_trylock (get_mutex (mutex)) == 0;
}

void
g_mutex_unlock (GMutex *mutex)
{
  pthread_mutex_unlock (get_mutex (mutex));
}

void
g_cond_init (GCond *cond)
{
  cond->p = NULL;
}

void
g_cond_clear (GCond *cond)
{
  if (cond->p == NULL)
    return;
  pthread_cond_destroy (cond->p);
  free (cond->p);
  cond->p = NULL;
}

void
g_cond_signal (GCond *cond)
{
  pthread_cond_signal (get_cond (cond));
}

void
g_cond_broadcast (GCond *cond)
{
  pthread_cond_broadcast (get_cond (cond));
}

void
g_cond_wait (GCond  *cond,
             GMutex *mutex)
{
  pthread_cond_wait (get_cond (cond), get_mutex (mutex));
}

gboolean
g_cond_wait_until (GCond  *cond,
                   GMutex *mutex,
                   gint64  end_time)
{
  struct timespec until = {
    .tv_sec = end_time / G_USEC_PER_SEC,
    .tv_nsec = end_time % G_USEC_PER_SEC * 1000,
  };

  return pthread_cond_timedwait (get_cond (cond), get_mutex (mutex), &until) == 0;
}

/* GLib's macro of this name looks at the place first, with an atomic operation. */
#undef g_once_init_leave

void
g_once_init_leave (volatile void *location,
                   gsize          result)
{
  meet ((gconstpointer) location);
  REAL (g_once_init_leave) (location, result);
}

/* The last to go sees what the others did. */

#undef g_object_ref

gpointer
g_object_ref (gpointer object)
{
  meet (object);
  return REAL (g_object_ref) (object);
}

void
g_object_unref (gpointer object)
{
  meet (object);
  REAL (g_object_unref) (object);
}

#undef g_atomic_rc_box_acquire

gpointer
g_atomic_rc_box_acquire (gpointer box)
{
  meet (box);
  return REAL (g_atomic_rc_box_acquire) (box);
}

void
g_atomic_rc_box_release_full (gpointer       box,
                              GDestroyNotify clear)
{
  meet (box);
  REAL (g_atomic_rc_box_release_full) (box, clear);
}

#undef g_atomic_ref_count_inc

void
g_atomic_ref_count_inc (gatomicrefcount *count)
{
  meet ((gconstpointer) count);
  REAL (g_atomic_ref_count_inc) (count);
}

#undef g_atomic_ref_count_dec

gboolean
g_atomic_ref_count_dec (gatomicrefcount *count)
{
  meet ((gconstpointer) count);
  return REAL (g_atomic_ref_count_dec) (count);
}
