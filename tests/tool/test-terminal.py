# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The command-line tool on a terminal, alone and as a job of a shell."""

import os
import pty
import re
import select
import shlex
import shutil
import signal
import time
from pathlib import Path

from peers import TIME_LIMIT, process_state
from tap import Skip, run, test
from toolutils import LISTENER, TOOL, begin, place

CTRL_C, CTRL_Z, CTRL_BACKSLASH, END = b'\x03', b'\x1a', b'\x1c', b'\x04'


class Terminal:
    """A terminal with a program on it, which it ends with."""

    def __init__(self, *command, **environment):
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            try:
                begin()
                os.execvpe(command[0], command, {**os.environ, **environment})
            finally:
                os._exit(99)
        self.shown = b''
        self.ended = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.file is not None:
            self.hang_up()
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def type(self, keys):
        os.write(self.file, keys if isinstance(keys, bytes) else f'{keys}\n'.encode())

    def hang_up(self):
        os.close(self.file)
        self.file = None

    def read(self, limit=TIME_LIMIT):
        """Whether there was more to read."""
        if not select.select([self.file], [], [], limit)[0]:
            return False
        try:
            data = os.read(self.file, 4096)
        except OSError: # the other side is closed
            return False
        self.shown += data
        return bool(data)

    def expect(self, pattern):
        """Waits for a text, and answers what was shown before and with it."""
        deadline = time.monotonic() + TIME_LIMIT
        while not (found := re.search(pattern.encode(), self.shown)):
            assert self.read(max(0, deadline - time.monotonic())), \
                f'{pattern!r} was not shown, but {self.shown!r}'
        text = self.shown[:found.end()]
        self.shown = self.shown[found.end():]
        return text.decode(errors='replace')

    def wait(self):
        """Reads the rest, and answers the exit status as waitpid() has it."""
        while self.file is not None and self.read():
            pass
        deadline = time.monotonic() + TIME_LIMIT
        while (ended := os.waitpid(self.pid, os.WNOHANG))[0] == 0:
            assert time.monotonic() < deadline, f'it does not end: {self.shown!r}'
            time.sleep(0.001)
        self.ended = True
        status = ended[1]
        return os.waitstatus_to_exitcode(status)


class Shell(Terminal):
    """One with job control, in a folder."""

    PROMPT = 'ready>'

    def __init__(self, folder):
        if not shutil.which('bash'):
            raise Skip('there is no bash')
        super().__init__('bash', '--norc', '--noprofile', '--noediting', '-i', HISTFILE='',
                         PS1=self.PROMPT, TERM='dumb')
        self.expect(self.PROMPT)
        self.run(f'cd {shlex.quote(folder)}; stty -echo')

    def run(self, line):
        """Types a line and awaits that it is done; answers what was shown."""
        self.type(line)
        return self.expect(self.PROMPT)

    def go_on(self):
        """Puts the stopped job into the foreground, and waits until it is there."""
        self.type('fg')
        deadline = time.monotonic() + TIME_LIMIT
        while os.tcgetpgrp(self.file) == self.pid:
            assert time.monotonic() < deadline, f'nothing is in the foreground: {self.shown!r}'
            time.sleep(0.001)

    def must_answer(self, line, expected):
        shown = self.run(line)
        assert expected in shown, f'{line}: {shown!r}'


def tool(*arguments):
    return shlex.join([TOOL, *arguments])


# --- The tool alone ------------------------------------------------------------


@test
def ctrl_c_comes_to_the_command_once():
    with place() as meeting, Terminal(TOOL, 'run', meeting.file_name, *LISTENER) as terminal:
        terminal.expect('listening')
        for keys, name in (CTRL_C, 'SIGINT'), (CTRL_BACKSLASH, 'SIGQUIT'), (CTRL_C, 'SIGINT'):
            terminal.type(keys)
            terminal.expect(name)
            # The tool comes to this after that, and would have passed it on.
            os.kill(terminal.pid, signal.SIGUSR1)
            between = terminal.expect('SIGUSR1')
            assert name not in between, between
        os.kill(terminal.pid, signal.SIGUSR2)
        assert terminal.wait() == 5
        meeting.must_be_tidy()


@test
def ctrl_c_ends_a_command_that_does_not_care():
    for keys, status in (CTRL_C, 128 + signal.SIGINT), (CTRL_BACKSLASH, 128 + signal.SIGQUIT):
        with place() as meeting, \
                Terminal(TOOL, 'run', meeting.file_name, 'sh', '-c',
                         'ulimit -c 0; echo runs; exec sleep 60') as terminal:
            terminal.expect('runs')
            terminal.type(keys)
            assert terminal.wait() == status
            meeting.must_be_tidy()


@test
def the_command_decides_what_ctrl_c_means():
    # Short sleeps: one that the shell has forked, and that is not a program of its own yet when
    # the signal comes, does not end by it, and the shell waits for it before it heeds its trap.
    with place() as meeting, \
            Terminal(TOOL, 'run', meeting.file_name, 'sh', '-c',
                     'trap "exit 3" INT; echo runs; while :; do sleep 0.1; done') as terminal:
        terminal.expect('runs')
        terminal.type(CTRL_C)
        assert terminal.wait() == 3
        meeting.must_be_tidy()


@test
def hanging_up_is_told_to_the_command_once():
    """The tool leads the session here, as with `ssh -t`: the kernel tells it alone."""
    with place() as meeting:
        log = Path(meeting.folder, 'log')
        log.touch()
        with Terminal(TOOL, 'run', meeting.file_name, 'sh', '-c', f'exec "$@" >{log}', 'sh',
                      *LISTENER) as terminal:
            for prepare, told in ((lambda: None, 'listening'),
                                  (terminal.hang_up, 'SIGHUP'),
                                  (lambda: os.kill(terminal.pid, signal.SIGUSR1), 'SIGUSR1')):
                prepare()
                deadline = time.monotonic() + TIME_LIMIT
                while told not in log.read_text():
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.001)
            os.kill(terminal.pid, signal.SIGUSR2)
            assert terminal.wait() == 5
        assert log.read_text().split() == ['listening', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']
        assert meeting.files() == ['log']


@test
def who_is_waited_for_is_told_on_a_terminal():
    with place() as meeting:
        holder = meeting.ours()
        holder.must('lock')
        begin = time.monotonic()
        with Terminal(TOOL, 'run', meeting.file_name, 'echo', 'has', 'run') as terminal:
            told = terminal.expect(r'Waiting[^\n]*\n')
            assert time.monotonic() - begin >= 1
            assert meeting.file_name in told, told
            assert f'process {holder.pid}' in told and holder.app_name in told, told
            holder.must('unlock')
            terminal.expect('has run')
            assert terminal.wait() == 0
            assert b'Waiting' not in terminal.shown, terminal.shown


@test
def ctrl_c_ends_the_waiting():
    with place() as meeting:
        holder = meeting.ours()
        holder.must('lock')
        with Terminal(TOOL, 'run', meeting.file_name, 'echo', 'ran') as terminal:
            terminal.expect('Waiting')
            terminal.type(CTRL_C)
            assert terminal.wait() == -signal.SIGINT
            assert b'ran' not in terminal.shown, terminal.shown
        holder.must('unlock')
        meeting.must_be_tidy()


# --- A job of a shell ----------------------------------------------------------


@test
def ctrl_z_stops_the_job_and_fg_goes_on():
    with place() as meeting, Shell(meeting.folder) as shell:
        other = meeting.ours()
        shell.type(tool('run', 'lock', *LISTENER))
        shell.expect('listening')
        pid = int(other.fields('query')['pid'])
        for _ in range(3):
            shell.type(CTRL_Z)
            shell.expect('Stopped')
            shell.expect(shell.PROMPT)
            assert process_state(pid) == 'T'
            other.must_be_refused('try 0')
            shell.go_on()
            shell.type(CTRL_C)
            shell.expect('SIGINT')
        os.kill(pid, signal.SIGUSR2)
        shell.expect(shell.PROMPT)
        shell.must_answer('echo =$?=', '=5=')
        other.must('try 0')


@test
def a_stopped_job_that_waits_goes_on_waiting():
    with place() as meeting, Shell(meeting.folder) as shell:
        holder = meeting.ours()
        holder.must('lock')
        shell.type(tool('run', 'lock', 'echo', 'has', 'run'))
        shell.expect('Waiting')
        shell.type(CTRL_Z)
        shell.expect('Stopped')
        shell.expect(shell.PROMPT)
        shell.type('bg')
        shell.expect(shell.PROMPT)
        holder.must('unlock')
        shell.expect('has run')
        shell.must_answer('wait $!; echo =$?=', '=0=')


@test
def a_pipeline_is_one_job():
    with place() as meeting, Shell(meeting.folder) as shell:
        line = f'cat | {tool("run", "lock", "cat")} | cat'
        shell.type(line)
        shell.type('through the pipe')
        shell.expect('through the pipe')
        shell.type(CTRL_Z)
        shell.expect('Stopped')
        shell.expect(shell.PROMPT)
        shell.go_on()
        shell.type('and again')
        shell.expect('and again')
        shell.type(CTRL_C)
        shell.expect(shell.PROMPT)
        shell.must_answer('echo =$?=', '=130=')
        shell.type(line)
        shell.type('to the end')
        shell.expect('to the end')
        shell.type(END)
        shell.expect(shell.PROMPT)
        shell.must_answer('echo =${PIPESTATUS[*]}=', '=0 0 0=')
        meeting.must_be_tidy()


@test
def a_shell_can_be_run():
    """It has process groups of its own, and gives the terminal back."""
    with place() as meeting, Shell(meeting.folder) as shell:
        shell.type(tool('run', 'lock', 'bash', '--norc', '--noprofile', '--noediting', '-i'))
        shell.expect(shell.PROMPT)
        shell.type('sh -c "echo runs; exec sleep 60"')
        shell.expect('runs')
        shell.type(CTRL_Z)
        shell.expect('Stopped')
        shell.expect(shell.PROMPT)
        shell.must_answer('ls', 'lock')
        shell.must_answer('kill %1; fg >/dev/null; echo =$?=', '=143=')
        shell.run('exit 6')
        shell.must_answer('echo =$?=', '=6=')
        meeting.must_be_tidy()


run()
