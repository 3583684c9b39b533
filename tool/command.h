/* SPDX-FileCopyrightText: 2026 The GLockFile authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include <gio/gio.h>
#include <signal.h>

G_BEGIN_DECLS

/* A command, and the signals that are meant for it. All is zero at first. */
typedef struct
{
  GCancellable *cancellable;    /* cancelled by a signal that comes before it runs */
  sigset_t former_mask;
  sigset_t signals;
  int signal_fd;
  pid_t pid;                    /* 0: it does not run */
  gboolean ended;
  int wait_status;              /* when it has ended */
  int signal;                   /* that came in its stead, for the tool itself; 0: none */
} ToolCommand;

gboolean tool_command_take_signals  (ToolCommand  *self,
                                     GError      **error);
int      tool_command_run           (ToolCommand  *self,
                                     char        **argv);
void     tool_command_leave_signals (ToolCommand  *self);
void     tool_command_die           (ToolCommand  *self);

G_END_DECLS
