# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What makes GLockFile feel at home in Python: attributes, “with”, and “await”.

PyGObject finds this file by its place, and loads it with the library.
"""

import contextlib
import importlib
import operator
import os
import sys
import time

from gi.module import get_introspection_module
from gi.overrides import override
from gi.repository import Gio, GLib

GLockFile = get_introspection_module('GLockFile')

__all__ = ['LockFile', 'LockFileInfo']

LONGEST_PAUSE = 0.01


def _insist(operate):
    """Another thread may just be asking who holds the lock: then it is our turn next."""
    pause = LONGEST_PAUSE / 100
    while True:
        try:
            return operate()
        except GLib.Error as error:
            if not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.PENDING):
                raise
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _asyncio():
    # It is not imported unless somebody uses it: that takes longer than all the rest.
    return importlib.import_module('gi.overrides._glockfile_asyncio')


def _in_a_coroutine():
    asyncio = sys.modules.get('asyncio')
    try:
        return bool(asyncio and asyncio.get_running_loop())
    except RuntimeError:
        return False


def _operate(lock, name, arguments, cancellable, callback, user_data):
    """Begins an operation. In a coroutine, and without a callback, it can be awaited."""
    if callback is None and _in_a_coroutine():
        return _asyncio().Operation(lock, name, arguments, cancellable)
    begin = getattr(GLockFile.LockFile, f'{name}_async')
    # PyGObject tells a callback that is None from one that is left out.
    return begin(lock, *arguments, cancellable, *([callback, *user_data] if callback else []))


def _enter(lock, timeout, cancellable):
    """Python acts on Ctrl-C when the call is over, which may have got the lock: but who does
    not come into the block does not come to its end."""
    was_locked = lock.is_locked()
    try:
        lock.try_lock(timeout, cancellable)
    except GLib.Error:
        raise
    except BaseException as error:
        if not was_locked:
            with contextlib.suppress(GLib.Error):
                lock.unlock()
        # The wait had failed when Ctrl-C came between the error and its exception, and
        # PyGObject tells only that.
        if isinstance(error, RuntimeError):
            raise KeyboardInterrupt from None
        raise
    return lock


class _Hold:
    """What hold() answers."""

    def __init__(self, lock, timeout, cancellable):
        self._lock = lock
        # PyGObject would cut off what stands behind the point.
        self._arguments = operator.index(timeout), cancellable
        self._hold = None

    def __enter__(self):
        return _enter(self._lock, *self._arguments)

    def __exit__(self, *how):
        return self._lock.__exit__(*how)

    async def __aenter__(self):
        self._hold = await _asyncio().Hold.begin(self._lock, *self._arguments)
        return self._lock

    async def __aexit__(self, kind, error, traceback):
        await self._hold.end(failed=kind is not None)


# PyGObject has properties under `props` only.

@override
class LockFile(GLockFile.LockFile):
    file_name = property(GLockFile.LockFile.get_file_name)
    stale_lock_time = property(GLockFile.LockFile.get_stale_lock_time,
                               GLockFile.LockFile.set_stale_lock_time)
    locked = property(GLockFile.LockFile.is_locked)
    previous_holder = property(GLockFile.LockFile.get_previous_holder)

    @staticmethod
    def new(file_name):
        return GLockFile.LockFile.new(os.fspath(file_name))

    def __enter__(self):
        """Takes the lock, and waits for it without limit; see hold()."""
        return _enter(self, -1, None)

    def __exit__(self, kind, error, traceback):
        if kind is not None:
            # What went wrong first is what is to be told.
            with contextlib.suppress(GLib.Error):
                _insist(self.unlock)
            return
        try:
            # Unlocking does not tell of a loss that ::lost or verify() told of.
            _insist(self.verify)
        finally:
            _insist(self.unlock)

    async def __aenter__(self):
        """Takes the lock without blocking, and waits for it without limit; see hold()."""
        hold = self.hold()
        await hold.__aenter__()
        self._hold = hold
        return self

    async def __aexit__(self, *how):
        hold, self._hold = self._hold, None
        await hold.__aexit__(*how)

    def hold(self, timeout=-1, cancellable=None):
        """Holds the lock for as long as a “with” or an “async with” block runs.

        Waits for it at most `timeout` milliseconds, a whole number, or without limit if that is
        negative; entering the block fails with what try_lock() fails with. Leaving
        it fails with LockFileError.LOST if the lock is no longer held, unless
        another exception is on its way. If another operation on this object is under
        way, leaving waits for it; so with “with”, an asynchronous one that was begun
        inside the block must be finished there.

        With “with”, Python acts on Ctrl-C after the wait for a lock, not during it.
        With “async with”, cancelling the task ends the wait, and never leaves the lock
        taken.
        """
        return _Hold(self, timeout, cancellable)

    def lock_async(self, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, callback=None,
                   *user_data):
        return _operate(self, 'lock', (io_priority,), cancellable, callback, user_data)

    def try_lock_async(self, timeout, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None,
                       callback=None, *user_data):
        return _operate(self, 'try_lock', (timeout, io_priority), cancellable, callback, user_data)

    def unlock_async(self, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, callback=None,
                     *user_data):
        return _operate(self, 'unlock', (io_priority,), cancellable, callback, user_data)

    def verify_async(self, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, callback=None,
                     *user_data):
        return _operate(self, 'verify', (io_priority,), cancellable, callback, user_data)

    def query_info_async(self, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, callback=None,
                         *user_data):
        return _operate(self, 'query_info', (io_priority,), cancellable, callback, user_data)

    def remove_stale_async(self, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None,
                           callback=None, *user_data):
        return _operate(self, 'remove_stale', (io_priority,), cancellable, callback, user_data)


@override
class LockFileInfo(GLockFile.LockFileInfo):
    pid = property(GLockFile.LockFileInfo.get_pid)
    hostname = property(GLockFile.LockFileInfo.get_hostname)
    app_name = property(GLockFile.LockFileInfo.get_app_name)
    display_name = property(GLockFile.LockFileInfo.get_display_name)
    user_name = property(GLockFile.LockFileInfo.get_user_name)
    machine_id = property(GLockFile.LockFileInfo.get_machine_id)
    boot_id = property(GLockFile.LockFileInfo.get_boot_id)
    token = property(GLockFile.LockFileInfo.get_token)
    locked_since = property(GLockFile.LockFileInfo.get_locked_since)
    holder_state = property(GLockFile.LockFileInfo.get_holder_state)
