# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What makes GLockFile feel at home in Python: attributes, and “with”.

PyGObject finds this file by its place, and loads it with the library.
"""

import contextlib
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


# PyGObject has properties under `props` only.

@override
class LockFile(GLockFile.LockFile):
    file_name = property(GLockFile.LockFile.get_file_name)
    stale_lock_time = property(GLockFile.LockFile.get_stale_lock_time,
                               GLockFile.LockFile.set_stale_lock_time)
    locked = property(GLockFile.LockFile.is_locked)
    previous_holder = property(GLockFile.LockFile.get_previous_holder)

    def __enter__(self):
        """Takes the lock, and waits for it without limit; see hold()."""
        self.lock(None)
        return self

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

    @contextlib.contextmanager
    def hold(self, timeout=-1, cancellable=None):
        """Holds the lock for as long as a “with” block runs.

        Waits for it at most `timeout` milliseconds, or without limit if that is
        negative; entering the block fails with what try_lock() fails with. Leaving
        it fails with LockFileError.LOST if the lock is no longer held, unless
        another exception is on its way. If another thread's operation on this object
        is under way, leaving waits for it; so an asynchronous one that was begun inside
        the block must be finished there.

        Python acts on Ctrl-C after the wait for a lock, not during it.
        """
        self.try_lock(timeout, cancellable)
        with contextlib.ExitStack() as stack:
            stack.push(self)
            yield self


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
