# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What a type checker is to make of programs; it is checked, and not run.

Where it is to complain, the line says “error”.
"""

from asyncio import Future
from typing import Any, assert_type

from gi.repository import Gio, GLib, GLockFile


def locks(lock: GLockFile.LockFile, cancellable: Gio.Cancellable) -> None:
    assert_type(GLockFile.LockFile.new('lock'), GLockFile.LockFile)
    GLockFile.LockFile(file_name='lock', stale_lock_time=0)
    GLockFile.LockFile.new(b'caf\xe9')
    GLockFile.LockFile.new(1)  # error
    GLockFile.LockFile('lock')  # error
    assert_type(lock.lock(), bool)
    assert_type(lock.try_lock(500, cancellable), bool)
    lock.try_lock()  # error
    lock.try_lock('soon')  # error
    lock.stale_lock_time = 0
    lock.props.stale_lock_time = 0
    lock.locked = True  # error
    lock.props.locked = True  # error
    lock.lokced  # error
    with lock as held:
        assert_type(held, GLockFile.LockFile)
    with lock.hold(timeout=500, cancellable=cancellable) as held:
        held.verify()
    lock.connect('lost', print)


def holders(lock: GLockFile.LockFile) -> str:
    info = lock.query_info()
    assert_type(info, GLockFile.LockFileInfo)
    assert_type(info.pid, int)
    assert_type(info.props.display_name, str | None)
    info.locked_since.to_local()  # error
    info.pid = 7  # error
    lock.previous_holder.describe()  # error
    if lock.previous_holder and lock.previous_holder.locked_since:
        assert_type(lock.previous_holder.locked_since, GLib.DateTime)
    if info.holder_state == GLockFile.LockFileHolderState.RUNNING:
        return describe(GLockFile.LockFileHolderState.RUNNING)
    return info.describe()


def describe(state: GLockFile.LockFileHolderState) -> str:
    return state.value_nick


def errors(lock: GLockFile.LockFile) -> None:
    try:
        lock.unlock()
    except GLib.Error as error:
        error.matches(GLockFile.LockFileError.quark(), GLockFile.LockFileError.LOST)
        error.matches(GLockFile.LockFileError.quark(), GLockFile.LockFileError.LOSS)  # error


async def coroutines(lock: GLockFile.LockFile) -> None:
    assert_type(lock.lock_async(), Future[bool])
    assert_type(await lock.try_lock_async(500, GLib.PRIORITY_DEFAULT), bool)
    assert_type(await lock.query_info_async(), GLockFile.LockFileInfo)
    async with lock as held:
        assert_type(held, GLockFile.LockFile)
    async with lock.hold(timeout=500):
        await lock.unlock()  # error
    async with lock.hold(timeout='soon'):  # error
        pass


def callbacks(lock: GLockFile.LockFile) -> None:
    def done(source: GLockFile.LockFile, result: Gio.AsyncResult, *data: Any) -> None:
        assert_type(source.remove_stale_finish(result), bool)

    lock.remove_stale_async(GLib.PRIORITY_DEFAULT, None, done)
    lock.remove_stale_async(GLib.PRIORITY_DEFAULT, None, done, 'data')
    lock.remove_stale_async(callback=done)
    lock.remove_stale_async(GLib.PRIORITY_DEFAULT, done)  # error
