# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Folders, the other process, and assertions for tests of GLockFile in Python."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile

import gi

gi.require_version('GLockFile', '1.0')
from gi.repository import GLib, GLockFile

HELPER = os.environ['GLOCKFILE_TEST_HELPER']
LONG = 60_000

Code = GLockFile.LockFileError
State = GLockFile.LockFileHolderState


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix='glockfile-python-')
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextlib.contextmanager
def lock_path():
    with folder() as path:
        yield os.path.join(path, 'lock')


class Helper:
    """The other process."""

    def __init__(self, path, *options):
        self.process = subprocess.Popen([HELPER, *options, path], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, encoding='utf-8')
        self.pid = self.process.pid
        assert self.answer() == f'ready {self.pid}'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def send(self, command):
        print(command, file=self.process.stdin, flush=True)

    def answer(self):
        return self.process.stdout.readline().rstrip('\n')

    def ask(self, command):
        self.send(command)
        return self.answer()

    def lock(self):
        assert self.ask('lock') == 'ok'
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def run_until(condition):
    """Runs the main loop."""
    while not condition():
        GLib.MainContext.default().iteration(True)


def complete(lock, operation, *arguments, cancellable=None):
    """Runs the main loop until an asynchronous operation is over; answers its result."""
    results = []
    getattr(lock, f'{operation}_async')(*arguments, GLib.PRIORITY_DEFAULT, cancellable,
                                        lambda _, result: results.append(result))
    run_until(lambda: results)
    return getattr(lock, f'{operation}_finish')(results[0])


def leftover(path):
    """A lock file whose holder was killed; answers its process ID."""
    with Helper(path) as helper:
        helper.lock()
        helper.kill()
    assert os.path.exists(path)
    return helper.pid


@contextlib.contextmanager
def fails(code, domain=Code.quark()):
    caught = []
    try:
        yield caught
    except GLib.Error as error:
        assert error.matches(domain, code), f'{error!r} is not {code!r}'
        assert error.message
        caught.append(error)
    else:
        raise AssertionError(f'did not fail with {code!r}')


def refuses(kind, function, *arguments, **named):
    try:
        result = function(*arguments, **named)
    except kind:
        return
    raise AssertionError(f'{function} took {arguments} {named} and answered {result!r}')


def notifications(instance, name):
    """A list that grows with the property's value at each notification."""
    seen = []
    instance.connect('notify::' + name, lambda *_: seen.append(instance.get_property(name)))
    return seen
