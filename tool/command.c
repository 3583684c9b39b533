/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "config.h"

#include "command.h"

#include "tool.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <pthread.h>
#include <spawn.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* The command stays in the process group of the tool, and so of the terminal's job, as
 * with env(1) or flock(1): the terminal sends Ctrl-C, Ctrl-Z, Ctrl-\ and its hanging up to
 * both of them. To stop and to go on the tool needs to do nothing for that reason, and
 * what the terminal sends must not be passed on, or the command would get it twice.
 * What another process sends is passed on.
 *
 * The signals are blocked, and read in the main loop. So no handler is set, whose loss
 * at exec() would have to be thought of, and a signal that comes before the command runs
 * waits until it does.
 */

static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

extern char **environ;

/* --- Signals ---------------------------------------------------------------- */

static void
unblock (int signal_number)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, signal_number);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
}

/* There is no command that could get it. The first of its kind is obeyed in good order;
 * the next one ends the tool at once, in case a file system hangs. */
static void
give_up (ToolCommand *self,
         int          signal_number)
{
  if (self->signal == 0 && !self->ended)
    self->signal = signal_number;
  unblock (signal_number);
  g_cancellable_cancel (self->cancellable);
}

static void
reap (ToolCommand *self)
{
  if (self->pid == 0 || waitpid (self->pid, &self->wait_status, WNOHANG) != self->pid)
    return;
  self->pid = 0;
  self->ended = TRUE;
}

/* Whether the command has got this signal by itself. */
static gboolean
has_got (ToolCommand                   *self,
         const struct signalfd_siginfo *info)
{
  /* What the command sends to its group, or to its parent, it knows of. */
  if (info->ssi_code != SI_KERNEL)
    return info->ssi_pid == (guint32) self->pid;

  /* The terminal's keys tell the whole group. Its hanging up tells the leader of the
   * session alone, and the group only when that one has ended. */
  return info->ssi_signo != SIGHUP || getsid (0) != getpid ();
}

static void
read_signals (ToolCommand *self,
              gboolean     all)
{
  struct signalfd_siginfo info;

  while (read (self->signal_fd, &info, sizeof info) == sizeof info)
    {
      if (info.ssi_signo == SIGCHLD)
        reap (self);
      else if (self->pid == 0)
        give_up (self, info.ssi_signo);
      else if (all || !has_got (self, &info))
        kill (self->pid, info.ssi_signo);
    }
}

static gboolean
read_signals_cb (int          fd,
                 GIOCondition condition,
                 gpointer     data)
{
  read_signals (data, FALSE);
  return G_SOURCE_CONTINUE;
}

/*
 * tool_command_take_signals:
 *
 * From now on signals are for the command, or as long as it does not run cancel what it
 * has to wait for.
 */
gboolean
tool_command_take_signals (ToolCommand  *self,
                           GError      **error)
{
  sigset_t blocked;

  self->cancellable = g_cancellable_new ();

  /* Who started the tool may have it ignored, and then nobody would be reported. */
  signal (SIGCHLD, SIG_DFL);
  pthread_sigmask (SIG_BLOCK, NULL, &self->former_mask);
  sigemptyset (&self->signals);
  sigaddset (&self->signals, SIGCHLD);
  for (guint i = 0; i < G_N_ELEMENTS (passed_on); i++)
    {
      struct sigaction action;

      /* What is ignored stays so, as nohup(1) and background jobs of scripts want it,
       * although blocked it would be readable. */
      if (sigaction (passed_on[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN &&
          !sigismember (&self->former_mask, passed_on[i]))
        sigaddset (&self->signals, passed_on[i]);
    }

  /* A warning that nobody reads any more must not end the tool while the command runs. */
  blocked = self->signals;
  sigaddset (&blocked, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &blocked, NULL);

  self->signal_fd = signalfd (-1, &self->signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (self->signal_fd < 0)
    {
      int failure = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure),
                   /* Translators: the system's reason. */
                   _("Could not prepare for signals: %s"), g_strerror (failure));
      return FALSE;
    }
  g_unix_fd_add (self->signal_fd, G_IO_IN, read_signals_cb, self);
  return TRUE;
}

/* --- The command ------------------------------------------------------------ */

static int
spawn (ToolCommand *self,
       char       **argv)
{
  posix_spawnattr_t attributes;
  int failure;

  posix_spawnattr_init (&attributes);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigmask (&attributes, &self->former_mask);
  failure = posix_spawnp (&self->pid, argv[0], NULL, &attributes, argv, environ);
  posix_spawnattr_destroy (&attributes);
  if (failure != 0)
    self->pid = 0;
  return failure;
}

/* A script whose first line names no interpreter is the shell's, as with execvp(). */
static int
spawn_script (ToolCommand *self,
              char       **argv)
{
  g_autoptr (GPtrArray) shell_argv = g_ptr_array_new ();
  g_autofree char *path = NULL;

  path = strchr (argv[0], '/') != NULL ? g_strdup (argv[0]) : g_find_program_in_path (argv[0]);
  if (path == NULL)
    return ENOEXEC;

  g_ptr_array_add (shell_argv, (char *) "/bin/sh");
  g_ptr_array_add (shell_argv, path);
  for (char **argument = argv + 1; *argument != NULL; argument++)
    g_ptr_array_add (shell_argv, *argument);
  g_ptr_array_add (shell_argv, NULL);
  return spawn (self, (char **) shell_argv->pdata);
}

/* Answers 0, or the exit status for a command that could not be started. */
static int
start (ToolCommand *self,
       char       **argv)
{
  g_autofree char *name = NULL;
  g_autofree char *message = NULL;
  int failure = spawn (self, argv);

  if (failure == ENOEXEC)
    failure = spawn_script (self, argv);
  if (failure == 0)
    return 0;

  name = g_filename_display_name (argv[0]);
  /* Translators: the command, and the system's reason. */
  message = g_strdup_printf (_("Could not run “%s”: %s"), name, g_strerror (failure));
  tool_complain (message);
  switch (failure)
    {
    case ENOENT:
      return TOOL_EXIT_NOT_FOUND;
    case EAGAIN: /* There can be no more processes: nothing is wrong with the command. */
    case ENOMEM:
      return EX_SOFTWARE;
    default:
      return TOOL_EXIT_NOT_EXECUTABLE;
    }
}

/*
 * tool_command_run:
 *
 * Runs the command, unless a signal came before, and answers the exit status.
 *
 * No descriptor of the library gets into the command: they are all closed on exec().
 */
int
tool_command_run (ToolCommand *self,
                  char       **argv)
{
  int failure;

  read_signals (self, FALSE);
  if (self->signal != 0)
    return TOOL_EXIT_SIGNALLED + self->signal;

  failure = start (self, argv);
  if (failure != 0)
    return failure;

  /* A Ctrl-C of this very moment may have been too early for the command. If it was not,
   * the command had no time yet to do something about it, and may get it again. */
  read_signals (self, TRUE);
  while (!self->ended)
    g_main_context_iteration (NULL, TRUE);

  if (WIFSIGNALED (self->wait_status))
    return TOOL_EXIT_SIGNALLED + WTERMSIG (self->wait_status);
  return WEXITSTATUS (self->wait_status);
}

/*
 * tool_command_leave_signals:
 *
 * The command has ended, and with it what was sent to it. From now on signals do what
 * they do by default.
 */
void
tool_command_leave_signals (ToolCommand *self)
{
  read_signals (self, FALSE);
  pthread_sigmask (SIG_UNBLOCK, &self->signals, NULL);
}

/*
 * tool_command_die:
 *
 * Ends the tool by the signal that came instead of the command, so that a shell knows.
 */
void
tool_command_die (ToolCommand *self)
{
  unblock (self->signal);
  raise (self->signal);
}
