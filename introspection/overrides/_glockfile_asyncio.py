# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""“await” and “async with” for lock files. GLockFile.py loads it when a coroutine asks.

asyncio's own loop runs no main context, which asynchronous operations need in order to
end. They are begun in a thread with a main context then, one for all of them. Loops that
do run the main context of their thread get along without it, so that a program with
windows has its signals where it expects them.
"""

import asyncio
import atexit
import contextlib
import os
import threading

from gi.module import get_introspection_module
from gi.repository import Gio, GLib

LockFile = get_introspection_module('GLockFile').LockFile

PAUSE = 0.01

# The packages whose loops run GLib's: PyGObject, from 3.50 on, and gbulb.
GLIB_LOOPS = {'gi', 'gbulb'}


class _Background(threading.Thread):
    """Runs a main context of its own until the program ends."""

    def __init__(self):
        super().__init__(name='GLockFile', daemon=True)
        self._context = GLib.MainContext.new()
        self._ended = False
        self.start()
        atexit.register(self._end)

    def run(self):
        self._context.push_thread_default()
        while not self._ended:
            self._context.iteration(True)
        self._context.pop_thread_default()

    def invoke(self, function):
        source = GLib.idle_source_new()
        source.set_priority(GLib.PRIORITY_DEFAULT)
        source.set_callback(lambda _: function())
        source.attach(self._context)

    def _end(self):
        self._ended = True
        self._context.wakeup()
        self.join(1)  # somebody's handler may never return


_background = None
_background_mutex = threading.Lock()


def _forget_background():
    """In the child of a fork there is no such thread."""
    global _background, _background_mutex
    _background = None
    _background_mutex = threading.Lock()


os.register_at_fork(after_in_child=_forget_background)


def _invoke_in_background(function):
    global _background
    with _background_mutex:
        if not _background:
            _background = _Background()
    _background.invoke(function)


def _runs_main_context(loop):
    """Whether what begins in this thread's main context is heard of by the loop.

    That somebody runs this context does not suffice: it may be a main loop that
    waits for a coroutine run by asyncio.run() in one of its callbacks.
    """
    packages = {kind.__module__.partition('.')[0] for kind in type(loop).__mro__}
    return (not packages.isdisjoint(GLIB_LOOPS)
            and GLib.MainContext.ref_thread_default().is_owner())


class Operation(asyncio.Future):
    """What an operation on a lock comes to.

    It has ended when the future is done, also if it was cancelled: only then the lock
    can be used again. Whoever is told of a cancellation does not have the lock.
    """

    def __init__(self, lock, name, arguments=(GLib.PRIORITY_DEFAULT,), cancellable=None):
        loop = asyncio.get_running_loop()
        super().__init__(loop=loop)
        self._lock = lock
        self._name = name
        self._arguments = arguments
        self._cancellable = cancellable or Gio.Cancellable()
        self._cancelled_with = None
        if _runs_main_context(loop):
            self._begin()
        else:
            _invoke_in_background(self._begin)

    def cancel(self, msg=None):
        if self.done():
            return False
        self._cancelled_with = msg,
        # Who lets go is not to be kept from it by a cancellation that comes first.
        if self._name != 'unlock':
            self._cancellable.cancel()
        return True

    def __await__(self):
        try:
            return (yield from super().__await__())
        except asyncio.CancelledError:
            # The task was cancelled after the lock was taken, and before it learned of it.
            if self._has_lock():
                yield from self._give_back().__await__()
            raise
        finally:
            # An exception remembers this call, and is remembered by the future.
            self = None

    def _has_lock(self):
        return (self._acquires() and self.done() and not self.cancelled()
                and not self.exception())

    async def _give_back(self):
        with contextlib.suppress(GLib.Error):
            await _unlock(self._lock)

    def _begin(self):
        """In the thread whose main context is run."""
        # PyGObject forgets a callback only when it makes the next one; with it, the lock
        # would be kept.
        waiting = [self]
        try:
            getattr(LockFile, f'{self._name}_async')(
                self._lock, *self._arguments, self._cancellable,
                lambda _, result: waiting.pop()._finish(result))
        except Exception as error:  # an argument of a wrong type
            self._tell(None, error)

    def _finish(self, result):
        try:
            self._tell(getattr(LockFile, f'{self._name}_finish')(self._lock, result), None)
        except GLib.Error as error:
            self._tell(None, error)

    def _tell(self, result, error):
        with contextlib.suppress(RuntimeError):  # it may be closed right now
            if not self.get_loop().is_closed():
                self.get_loop().call_soon_threadsafe(self._settle, result, error)
                return
        # Nobody is there any more who would unlock.
        if self._acquires() and not error:
            LockFile.unlock_async(self._lock, GLib.PRIORITY_DEFAULT, None, None)

    def _acquires(self):
        return self._name in ('lock', 'try_lock')

    def _settle(self, result, error):
        """In the thread of the loop."""
        if self._cancelled_with:
            if self._acquires() and not error:
                self.get_loop().create_task(self._give_back()).add_done_callback(
                    lambda _: super(Operation, self).cancel(*self._cancelled_with))
            else:
                super().cancel(*self._cancelled_with)
        elif error:
            self.set_exception(error)
        else:
            self.set_result(result)


async def _unlock(lock):
    """Unlocks, whatever comes meanwhile.

    Another operation on the lock may just be under way: then it is our turn next. A
    cancellation has to wait until it is over, or the lock would stay taken.
    """
    cancelled = None
    try:
        while True:
            unlocking = Operation(lock, 'unlock')
            while not unlocking.done():
                try:
                    await asyncio.wait([unlocking])
                except asyncio.CancelledError as error:
                    cancelled = error
            if not _is_pending(unlocking.exception()):
                break
            try:
                await asyncio.sleep(PAUSE)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled:
            raise cancelled
        unlocking.result()
    finally:
        # Exceptions remember this call.
        cancelled = unlocking = None


def _is_pending(error):
    return error and error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.PENDING)


class Hold:
    """Holds a lock for as long as an “async with” block runs."""

    @classmethod
    async def begin(cls, lock, timeout, cancellable):
        await Operation(lock, 'try_lock', (timeout, GLib.PRIORITY_DEFAULT), cancellable)
        return cls(lock)

    def __init__(self, lock):
        self._lock = lock
        self._losses = []
        self._handler = lock.connect('lost', lambda _, error: self._losses.append(error))

    async def end(self, failed):
        """Unlocks; tells of a loss, unless the block FAILED, which is to be told then."""
        was_locked = self._lock.is_locked()
        try:
            await _unlock(self._lock)
            # Unlocking does not tell of a loss that was told before.
            if self._losses:
                raise self._losses.pop()
            if not was_locked:
                # It looks at no file then, and says that the lock is not held.
                self._lock.verify()
        except GLib.Error:
            if not failed:
                raise
        finally:
            self._lock.disconnect(self._handler)
