# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the library's override adds in Python: attributes, “with”, and hold()."""

import contextlib
import os
import pathlib
import signal
import threading
import time

from gi.repository import Gio, GLib, GLockFile

from scene import (LONG, Code, Helper, State, complete, fails, leftover, lock_path, notifications,
                   refuses, run_until)
from tap import run, test


@test
def properties_are_attributes():
    with lock_path() as path, Helper(path, '--name=Door opener') as helper:
        helper.lock()
        lock = GLockFile.LockFile.new(path)
        assert [lock.file_name, lock.stale_lock_time, lock.locked, lock.previous_holder] == \
            [path, 30_000, False, None]
        seen = notifications(lock, 'stale-lock-time')
        lock.stale_lock_time = 7
        assert lock.get_stale_lock_time() == lock.stale_lock_time == 7
        assert seen == [7], seen

        info = lock.query_info(None)
        for name in ('pid', 'hostname', 'app_name', 'display_name', 'user_name', 'machine_id',
                     'boot_id', 'token', 'holder_state'):
            assert getattr(info, name) == getattr(info.props, name), name
        assert info.locked_since.equal(info.props.locked_since)
        assert (info.pid, info.display_name, info.holder_state) == \
            (helper.pid, 'Door opener', State.RUNNING)
        for instance, name in ((lock, 'file_name'), (lock, 'locked'), (lock, 'previous_holder'),
                               (info, 'pid'), (info, 'holder_state')):
            refuses(AttributeError, setattr, instance, name, getattr(instance, name))


@test
def every_property_is_an_attribute():
    for kind in (GLockFile.LockFile, GLockFile.LockFileInfo):
        for prop in kind.list_properties():
            assert isinstance(getattr(kind, prop.name.replace('-', '_')), property), prop.name


@test
def all_objects_are_of_the_overriding_classes():
    with lock_path() as path:
        pid = leftover(path)
        for lock in (GLockFile.LockFile.new(path), GLockFile.LockFile(file_name=path),
                     GLockFile.LockFile.new_for_file(Gio.File.new_for_path(path))):
            assert type(lock) is GLockFile.LockFile
        assert complete(lock, 'query_info').pid == pid
        lock.lock(None)
        assert lock.previous_holder.pid == pid
        lock.unlock()


@test
def with_locks():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        for _ in range(2):
            with lock as held:
                assert held is lock and lock.locked and os.path.isfile(path)
            assert not lock.locked and not os.path.exists(path)
        with lock, fails(Code.LOCKED):
            with lock:
                raise AssertionError('locked twice')
        assert not lock.locked


@test
def with_waits():
    with lock_path() as path, Helper(path) as helper:
        helper.lock()
        helper.send('unlock')
        with GLockFile.LockFile.new(path):
            assert helper.answer() == 'ok'
            assert helper.ask('try 0').startswith('error ')


@test
def hold_has_a_time_limit():
    with lock_path() as path, Helper(path) as helper:
        lock = GLockFile.LockFile.new(path)
        with lock.hold(timeout=500) as held:
            assert held is lock and lock.locked
        with lock.hold():
            assert lock.locked
        assert not lock.locked

        helper.lock()
        start = time.monotonic()
        with fails(Code.LOCKED):
            with lock.hold(timeout=100):
                raise AssertionError('not locked')
        assert time.monotonic() - start >= 0.099
        holding = lock.hold(LONG)
        assert not lock.locked
        helper.send('unlock')
        with holding:
            assert lock.locked


@test
def hold_can_be_cancelled():
    with lock_path() as path, Helper(path) as helper:
        helper.lock()
        lock = GLockFile.LockFile.new(path)
        cancellable = Gio.Cancellable()
        thread = threading.Thread(target=cancellable.cancel)
        with fails(Gio.IOErrorEnum.CANCELLED, Gio.io_error_quark()):
            thread.start()
            with lock.hold(cancellable=cancellable):
                raise AssertionError('not locked')
        thread.join()
        assert not lock.locked


@test
def exceptions_unlock():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        for holding in (lock, lock.hold()):
            try:
                with holding:
                    raise KeyError('mine')
            except KeyError as error:
                assert error.args == ('mine',)
            assert not lock.locked and not os.path.exists(path)


@test
def loss_is_told_in_the_end():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        for holding in (lock, lock.hold()):
            with fails(Code.LOST):
                with holding:
                    os.unlink(path)
            assert not lock.locked

        # Also if it was told before.
        with fails(Code.LOST):
            with lock:
                os.unlink(path)
                run_until(lambda: not lock.locked)
        with fails(Code.LOST):
            with lock:
                os.unlink(path)
                with fails(Code.LOST):
                    lock.verify()

        # Not if something else went wrong first.
        for holding in (lock, lock.hold()):
            try:
                with holding:
                    os.unlink(path)
                    raise KeyError('mine')
            except KeyError as error:
                assert error.args == ('mine',)
            assert not lock.locked


@test
def others_file_is_left_alone():
    with lock_path() as path, Helper(path) as helper:
        lock = GLockFile.LockFile.new(path)
        with fails(Code.LOST):
            with lock:
                os.unlink(path)
                helper.lock()
        assert helper.ask('verify') == 'ok'


@test
def leaving_waits_for_other_operations():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        begun = threading.Event()
        holders = []

        def ask():
            context = GLib.MainContext.new()
            context.push_thread_default()
            lock.query_info_async(GLib.PRIORITY_DEFAULT, None, lambda _, result: holders.append(
                lock.query_info_finish(result).pid))
            begun.set()
            # It is under way until this loop is run: time to be found at it.
            time.sleep(0.05)
            while not holders:
                context.iteration(True)
            context.pop_thread_default()

        thread = threading.Thread(target=ask)
        with lock:
            thread.start()
            begun.wait()
        assert holders == [os.getpid()], holders
        assert not lock.locked and not os.path.exists(path)
        thread.join()


@test
def ctrl_c_during_the_wait_leaves_no_lock():
    with lock_path() as path:
        other, lock = GLockFile.LockFile.new(path), GLockFile.LockFile.new(path)
        # The wait ends without the lock, or with it.
        for timeout, released_after in (400, None), (LONG, 0.4), (-1, 0.4):
            other.lock(None)
            timers = [threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))]
            if released_after:
                timers.append(threading.Timer(released_after, other.unlock))
            for timer in timers:
                timer.start()
            try:
                # What PyGObject prints of its own accord is not to be seen.
                with contextlib.redirect_stderr(None), lock.hold(timeout=timeout):
                    raise AssertionError('it was not interrupted')
            except KeyboardInterrupt:
                pass
            for timer in timers:
                timer.join()
            assert not lock.locked
            other.unlock()
            assert not os.path.exists(path)


@test
def what_is_no_number_of_milliseconds_is_refused():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(pathlib.Path(path))
        assert lock.file_name == path
        refuses(TypeError, lock.hold, timeout=0.5)
        refuses(TypeError, lock.hold, timeout='500')
        assert not lock.locked


@test
def a_loss_that_was_told_is_told_again():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        with fails(Code.LOST) as caught:
            lock.verify()
        assert 'not held' in caught[0].message
        for _ in range(2):
            lock.lock(None)
            assert lock.verify()
            os.unlink(path)
            for _ in range(3):
                with fails(Code.LOST) as caught:
                    lock.verify()
                assert 'lost' in caught[0].message and path in caught[0].message
            assert lock.unlock()


run()
