/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "rogue.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct _Rogue
{
  pid_t pid;
};

/* In the rogue's process: where the test waits for a byte. */
static int ready_fd = -1;

static void
become_user (uid_t uid)
{
  g_assert_no_errno (setgroups (0, NULL));
  g_assert_no_errno (setresgid (uid, uid, uid));
  g_assert_no_errno (setresuid (uid, uid, uid));
}

Rogue *
rogue_start (uid_t       uid,
             RogueAct    act,
             const char *path)
{
  Rogue *self = g_new0 (Rogue, 1);
  int fds[2];
  char ready;

  fflush (stdout);
  g_assert_no_errno (pipe2 (fds, O_CLOEXEC));
  self->pid = fork ();
  if (self->pid == 0)
    {
      close (fds[0]);
      ready_fd = fds[1];
      if (uid != geteuid ())
        become_user (uid);
      /* Behind the change of user, which takes it back. */
      prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      act (path);
      rogue_is_ready ();
      for (;;)
        pause ();
    }

  g_assert_cmpint (self->pid, >, 0);
  close (fds[1]);
  g_assert_cmpint (read (fds[0], &ready, 1), ==, 1);
  close (fds[0]);
  return self;
}

void
rogue_is_ready (void)
{
  if (ready_fd < 0)
    return;
  g_assert_cmpint (write (ready_fd, "", 1), ==, 1);
  close (ready_fd);
  ready_fd = -1;
}

pid_t
rogue_get_pid (Rogue *self)
{
  return self->pid;
}

void
rogue_end (Rogue *self)
{
  kill (self->pid, SIGKILL);
  while (waitpid (self->pid, NULL, 0) < 0 && errno == EINTR)
    ;
  g_free (self);
}

void
rogue_open_folder (TestFolder *folder,
                   gboolean    sticky)
{
  g_assert_no_errno (g_chmod (folder->path, sticky ? 01777 : 0777));
}

char *
rogue_removal_path (const char *lock_file)
{
  return g_strconcat (lock_file, ".rmlock", NULL);
}
