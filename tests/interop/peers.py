# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The processes that meet on one lock file, and the place where they do."""

import ctypes
import fcntl
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

# Ends a test that hangs; no measure of anything.
TIME_LIMIT = 30

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)

# What QLockFile complains about when somebody broke its lock: its flock() was
# refused, which it ignores, or its file was gone when it let go.
_BROKEN_QT = ('setNativeLocks failed', 'Could not remove our own lock file')


def die_with_parent():
    """A stopped process sees no end of input."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def process_state(pid):
    """The letter in /proc, or None if there is no such process."""
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as stat:
            return stat.read().rpartition(')')[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


class Peer:
    """A process with one lock, which obeys one command a line."""

    # What `error` says when somebody holds the lock.
    LOCKED = NotImplemented

    def __init__(self, command, file_name, *, stale_lock_time=None, environment=None):
        if stale_lock_time is not None:
            command = [*command, f'--stale-lock-time={stale_lock_time}']
        self._complaints = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [*command, file_name], bufsize=0, preexec_fn=die_with_parent,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints,
            env={**os.environ, **(environment or {})})
        self._received = b''
        self.alive = True
        self.pid = int(self.answer().removeprefix('ready '))
        self.app_name = os.path.basename(os.readlink(f'/proc/{self.pid}/exe'))

    def __str__(self):
        return f'{type(self).__name__} {self.pid} ({self.app_name})'

    def send(self, command):
        self._process.stdin.write(command.encode() + b'\n')

    def answer(self, limit=TIME_LIMIT):
        """The next line; None if the process ended."""
        deadline = time.monotonic() + limit
        while b'\n' not in self._received:
            if not self._readable(max(0, deadline - time.monotonic())):
                raise AssertionError(f'no answer within {limit} s from {self}')
            data = os.read(self._process.stdout.fileno(), 4096)
            if not data:
                return None
            self._received += data
        line, _, self._received = self._received.partition(b'\n')
        return line.decode()

    def ask(self, command):
        self.send(command)
        return self.answer()

    def must(self, command):
        assert (answer := self.ask(command)) == 'ok', f'{self}: {command}: {answer}'

    def must_answer(self, expected='ok'):
        assert (answer := self.answer()) == expected, f'{self}: {answer}, not {expected}'

    def must_be_refused(self, command):
        """Fails for the reason that somebody else holds the lock."""
        answer = self.ask(command)
        assert self.LOCKED.match(answer), f'{self}: {command}: {answer}'

    def must_wait(self):
        """The last command waits for the lock, and has not got it."""
        deadline = time.monotonic() + TIME_LIMIT
        while self._unread_commands() or process_state(self.pid) != 'S':
            assert time.monotonic() < deadline, f'{self} does not come to rest'
            time.sleep(0.001)
        assert not self._readable(0), f'{self} does not wait: {self.answer()}'

    def fields(self, command):
        answer = self.ask(command)
        assert answer.startswith('ok '), f'{self}: {command}: {answer}'
        return dict(re.findall(r'(\w+)=(\S*)', answer))

    def stop(self):
        os.kill(self.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def kill(self, reap=True):
        os.kill(self.pid, signal.SIGKILL)
        self.alive = False
        if reap:
            self._process.wait()

    def finish(self):
        """Ends the process if it is still there; answers what it complained about."""
        if self.alive:
            self.kill()
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        with self._complaints as complaints:
            complaints.seek(0)
            return complaints.read().decode(errors='replace')

    def _readable(self, timeout):
        return bool(select.select([self._process.stdout], [], [], timeout)[0])

    def _unread_commands(self):
        count = fcntl.ioctl(self._process.stdin, termios.FIONREAD, struct.pack('i', 0))
        return struct.unpack('i', count)[0]


class GLockFilePeer(Peer):
    """tests/helper.c"""

    LOCKED = re.compile(r'error g-lock-file-error-quark 1 ')

    def __init__(self, file_name, *, program=None, **options):
        program = program or os.environ['GLOCKFILE_TEST_HELPER']
        super().__init__([program], file_name, **options)


class QtPeer(Peer):
    """qt-peer.cpp or pyqt-peer.py"""

    LOCKED = re.compile(r'error LockFailedError$')

    def __init__(self, program, file_name, *, park_at=None, park_file=None, delay=None,
                 **options):
        environment = {}
        if park_at or delay:
            environment['LD_PRELOAD'] = os.environ['GLOCKFILE_PARK_MODULE']
            environment['GLOCKFILE_PARK_FILE'] = park_file or file_name
        if park_at:
            environment['GLOCKFILE_PARK_AT'] = park_at
        if delay:
            environment['GLOCKFILE_PARK_DELAY'] = str(delay)
        command = [sys.executable, program] if program.endswith('.py') else [program]
        super().__init__(command, file_name, environment=environment, **options)

    def park(self, command):
        """Has the command stop where `park_at` says."""
        self.send(command)
        self.must_answer('parked')
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def finish(self):
        complaints = super().finish()
        assert not any(broken in complaints for broken in _BROKEN_QT), \
            f'the lock of {self} was broken: {complaints}'
        return complaints


class Meeting:
    """A folder with one lock file, and who uses it. To be used with `with`:
    ends with all processes gone, no complaint of theirs, and nothing left in the
    folder but what a killed process could not tidy up."""

    def __init__(self, qt_program, folder=None):
        self.folder = tempfile.mkdtemp(prefix='glockfile-interop-', dir=folder)
        self.file_name = os.path.join(self.folder, 'lock')
        self._qt_program = qt_program
        self._peers = []

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            complaints = [self._finish(peer) for peer in self._peers]
            if kind is None:
                complaints = [complaint for complaint in complaints if complaint]
                assert not complaints, '\n'.join(complaints)
        finally:
            shutil.rmtree(self.folder)

    @staticmethod
    def _finish(peer):
        try:
            peer.finish()
        except AssertionError as complaint:
            return str(complaint)
        return None

    def _add(self, peer):
        self._peers.append(peer)
        return peer

    def ours(self, **options):
        return self._add(GLockFilePeer(self.file_name, **options))

    def qt(self, **options):
        return self._add(QtPeer(self._qt_program, self.file_name, **options))

    def age(self, seconds=3600):
        then = time.time() - seconds
        os.utime(self.file_name, (then, then))

    def files(self):
        return sorted(os.listdir(self.folder))

    def must_be_tidy(self):
        assert not self.files(), f'left behind: {self.files()}'
