/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/* QLockFile behind the functions of a Contender.  Built once for each Qt. */

#include <QtCore/QLockFile>
#include <QtCore/QString>

#if defined(__GNUC__)
#define EXPORT extern "C" __attribute__ ((visibility ("default")))
#endif

EXPORT void *
qlockfile_open (const char *path)
{
  QLockFile *lock = new QLockFile (QString::fromLocal8Bit (path));

  /* The age would let one contender rob another that only waits for a
   * processor; nobody who measures wants that. */
  lock->setStaleLockTime (0);
  return lock;
}

EXPORT int
qlockfile_lock (void *lock,
                int   timeout)
{
  return static_cast<QLockFile *> (lock)->tryLock (timeout);
}

EXPORT void
qlockfile_unlock (void *lock)
{
  static_cast<QLockFile *> (lock)->unlock ();
}

EXPORT void
qlockfile_close (void *lock)
{
  delete static_cast<QLockFile *> (lock);
}
