# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""R19: beside a document that came through the real document portal there is no lock.

The portal is not mounted where this process would look for it: that is the harder case, and
other tests of R19 know the places.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time

from scene import Code, complete, fails
from tap import Skip, run, test

from gi.repository import Gio, GLib, GLockFile

TIME_LIMIT = 20


class Portal:
    """The portal, with a runtime folder of its own."""

    NAME = 'org.freedesktop.portal.Documents'
    PATH = '/org/freedesktop/portal/documents'

    def __init__(self, folder):
        self.folder = folder
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)
        self.process = subprocess.Popen([os.environ['DOCUMENT_PORTAL'], '--replace'],
                                        env={**os.environ, 'XDG_RUNTIME_DIR': folder,
                                             'LD_PRELOAD': ''},
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def call(self, method, arguments=None, files=None):
        answer, _ = self.bus.call_with_unix_fd_list_sync(
            self.NAME, self.PATH, self.NAME, method, arguments, None, Gio.DBusCallFlags.NONE,
            TIME_LIMIT * 1000, files)
        return answer.unpack()

    def await_mount(self):
        deadline = time.monotonic() + TIME_LIMIT
        while not os.path.ismount(mount := os.path.join(self.folder, 'doc')):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Skip('the document portal does not start, or may not mount its folder')
            time.sleep(0.01)
        return mount

    def open_document(self, path):
        """The folder in which another program sees the document."""
        files = Gio.UnixFDList.new()
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        handle = files.append(descriptor)
        os.close(descriptor)
        identity, = self.call('Add', GLib.Variant('(hbb)', (handle, True, False)), files)
        return os.path.join(self.await_mount(), identity)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        mount = os.path.join(self.folder, 'doc')
        if os.path.ismount(mount):
            subprocess.run(['umount', '--lazy', mount], check=True)


@contextlib.contextmanager
def document():
    """A document, seen through the portal."""
    folder = tempfile.mkdtemp(prefix='glockfile-portal-')
    path = os.path.join(folder, 'letter.txt')
    with open(path, 'w', encoding='utf-8') as stream:
        stream.write('Dear Alice')
    portal = Portal(folder)
    try:
        portal.await_mount()
        seen = portal.open_document(path)
        assert os.listdir(seen) == ['letter.txt']
        yield os.path.join(seen, 'letter.txt')
        # Whatever was tried, nothing is left, and the document is what it was.
        assert os.listdir(seen) == ['letter.txt'], os.listdir(seen)
        assert sorted(os.listdir(folder)) == ['doc', 'letter.txt'], os.listdir(folder)
        with open(path, encoding='utf-8') as stream:
            assert stream.read() == 'Dear Alice'
    finally:
        portal.end()
        shutil.rmtree(folder)


@test
def a_lock_beside_a_document_excludes_nobody():
    with document() as path:
        lock = GLockFile.LockFile.new(f'{path}.lock')
        for timeout in 0, 100, -1:
            with fails(Code.NOT_SUPPORTED) as caught:
                lock.try_lock(timeout, None)
            assert f'{path}.lock' in caught[0].message, caught[0].message
        with fails(Code.NOT_SUPPORTED):
            lock.lock(None)
        assert not lock.is_locked()
        assert lock.unlock()


@test
def nor_does_one_that_is_reached_by_a_detour():
    with document() as path, tempfile.TemporaryDirectory() as elsewhere:
        link = os.path.join(elsewhere, 'documents')
        os.symlink(os.path.dirname(path), link)
        lock = GLockFile.LockFile.new(os.path.join(link, 'letter.txt.lock'))
        with fails(Code.NOT_SUPPORTED):
            lock.try_lock(0, None)


@test
def nor_does_an_asynchronous_one():
    with document() as path:
        lock = GLockFile.LockFile.new(f'{path}.lock')
        with fails(Code.NOT_SUPPORTED):
            complete(lock, 'try_lock', 100)
        with fails(Code.NOT_SUPPORTED):
            complete(lock, 'lock')
        assert not lock.is_locked()


@test
def there_is_none_to_ask_for_or_to_remove():
    with document() as path:
        lock = GLockFile.LockFile.new(f'{path}.lock')
        with fails(Code.NOT_FOUND):
            lock.query_info(None)
        with fails(Code.NOT_FOUND):
            lock.remove_stale(None)


@test
def the_document_itself_is_left_alone():
    with document() as path:
        lock = GLockFile.LockFile.new(path)
        with fails(Code.NOT_SUPPORTED):
            lock.try_lock(0, None)
        with fails(Code.INVALID_DATA):
            lock.remove_stale(None)


run()
