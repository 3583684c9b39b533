// SPDX-FileCopyrightText: 2026 The GLockFile authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A QLockFile that is driven by lines, as tests/helper.c is for a GLockFile.
// Built against Qt 5 and against Qt 6; peer.py is the same for PyQt.

#include <QtCore/QByteArray>
#include <QtCore/QLockFile>
#include <QtCore/QString>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include <unistd.h>

static const char *
error_name (QLockFile::LockError error)
{
  switch (error)
    {
    case QLockFile::NoError:
      return "NoError";
    case QLockFile::LockFailedError:
      return "LockFailedError";
    case QLockFile::PermissionError:
      return "PermissionError";
    case QLockFile::UnknownError:
      break;
    }
  return "UnknownError";
}

static std::string
succeeded_or_error (bool success, const QLockFile &lock)
{
  return success ? "ok" : std::string ("error ") + error_name (lock.error ());
}

static std::string
lock_info (const QLockFile &lock)
{
  qint64 pid;
  QString host;
  QString app;

  if (!lock.getLockInfo (&pid, &host, &app))
    return "error no information";

  return "ok pid=" + std::to_string (pid) + " host=" + host.toStdString ()
         + " app=" + app.toStdString ();
}

static std::string
answer (QLockFile &lock, const std::string &command)
{
  if (command == "lock")
    return succeeded_or_error (lock.lock (), lock);
  if (command.compare (0, 4, "try ") == 0)
    return succeeded_or_error (lock.tryLock (std::atoi (command.c_str () + 4)), lock);
  if (command == "unlock")
    {
      lock.unlock ();
      return "ok";
    }
  if (command == "is-locked")
    return lock.isLocked () ? "yes" : "no";
  if (command == "info")
    return lock_info (lock);
  if (command == "remove-stale")
    return lock.removeStaleLockFile () ? "ok" : "error not removed";
  if (command == "error")
    return error_name (lock.error ());
  if (command == "exit")
    _exit (0);
  return "error unknown command";
}

int
main (int argc, char **argv)
{
  static const char stale_option[] = "--stale-lock-time=";
  const char *file_name = nullptr;
  int stale_lock_time = 30000;

  for (int i = 1; i < argc; i++)
    {
      if (std::strncmp (argv[i], stale_option, std::strlen (stale_option)) == 0)
        stale_lock_time = std::atoi (argv[i] + std::strlen (stale_option));
      else
        file_name = argv[i];
    }
  if (file_name == nullptr)
    {
      std::fprintf (stderr, "Usage: %s [--stale-lock-time=MS] LOCK-FILE\n", argv[0]);
      return 64;
    }

  QLockFile lock (QString::fromLocal8Bit (file_name));
  lock.setStaleLockTime (stale_lock_time);

  std::printf ("ready %ld\n", static_cast<long> (getpid ()));
  std::fflush (stdout);

  char line[256];
  while (std::fgets (line, sizeof line, stdin) != nullptr)
    {
      line[std::strcspn (line, "\n")] = '\0';
      std::printf ("%s\n", answer (lock, line).c_str ());
      std::fflush (stdout);
    }
  return 0;
}
