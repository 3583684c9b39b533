# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The scenario that every language goes through, in Python.

scenario.js and scenario.vala have the same tests under the same names; what is
in one of them alone is about that language.
"""

import os
import pathlib
import pwd
import socket
import threading
import time

from gi.repository import Gio, GLib, GLockFile, GObject

from scene import (LONG, Code, Helper, State, complete, fails, folder, leftover, lock_path,
                   notifications, refuses, run_until)
from tap import run, test

GLib.set_application_name('Türöffner')


@test
def new():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        assert lock.get_file_name() == lock.props.file_name == path
        assert lock.get_stale_lock_time() == lock.props.stale_lock_time == 30_000
        assert lock.is_locked() is lock.props.locked is False
        assert lock.get_previous_holder() is lock.props.previous_holder is None
        assert os.listdir(os.path.dirname(path)) == []


@test
def new_by_properties():
    with lock_path() as path:
        lock = GLockFile.LockFile(file_name=path, stale_lock_time=7)
        assert lock.props.file_name == path
        assert lock.get_stale_lock_time() == 7


@test
def new_for_file():
    with lock_path() as path:
        lock = GLockFile.LockFile.new_for_file(Gio.File.new_for_path(path))
        assert lock.get_file_name() == path
    with fails(Gio.IOErrorEnum.NOT_SUPPORTED, Gio.io_error_quark()):
        GLockFile.LockFile.new_for_file(Gio.File.new_for_uri('http://localhost/lock'))


@test
def stale_lock_time():
    lock = GLockFile.LockFile.new('lock')
    seen = notifications(lock, 'stale-lock-time')
    lock.set_stale_lock_time(0)
    lock.set_stale_lock_time(0)
    lock.props.stale_lock_time = GLib.MAXUINT32
    assert seen == [0, GLib.MAXUINT32], seen


@test
def lock_and_unlock():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        seen = notifications(lock, 'locked')
        assert lock.lock(None) is True
        assert lock.is_locked() is lock.props.locked is True
        assert os.path.isfile(path)
        assert lock.verify() is True
        assert lock.unlock() is True
        assert lock.is_locked() is lock.props.locked is False
        assert not os.path.exists(path)
        assert lock.unlock() is True
        assert seen == [True, False], seen


@test
def locked_by_oneself():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        other = GLockFile.LockFile.new(path)
        assert lock.try_lock(0, None) is True
        with fails(Code.LOCKED):
            lock.lock(None)
        with fails(Code.LOCKED):
            other.try_lock(0, None)
        with fails(Code.FAILED):
            lock.remove_stale(None)
        assert lock.unlock() is True
        assert other.try_lock(0, None) is True


@test
def last_reference_unlocks():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        lock.lock(None)
        del lock
        assert not os.path.exists(path)


@test
def locked_by_another_process():
    with lock_path() as path, Helper(path) as helper:
        helper.lock()
        lock = GLockFile.LockFile.new(path)
        with fails(Code.LOCKED) as caught:
            lock.try_lock(0, None)
        assert str(helper.pid) in caught[0].message, caught[0].message
        start = time.monotonic()
        with fails(Code.LOCKED):
            lock.try_lock(100, None)
        assert time.monotonic() - start >= 0.099
        with fails(Code.LOCKED):
            lock.remove_stale(None)
        assert lock.is_locked() is False

        # Whichever of the two comes first, the lock is ours in the end.
        helper.send('unlock')
        assert lock.try_lock(LONG, None) is True
        assert helper.answer() == 'ok'
        assert helper.ask('try 0').startswith(f'error g-lock-file-error-quark {int(Code.LOCKED)} ')
        assert lock.unlock() is True


@test
def query_info():
    with lock_path() as path, Helper(path, '--name=Door opener') as helper:
        helper.lock()
        info = GLockFile.LockFile.new(path).query_info(None)
        assert isinstance(info, GLockFile.LockFileInfo)
        fields = info.props
        assert fields.pid == info.get_pid() == helper.pid
        assert fields.app_name == info.get_app_name() == 'test-helper'
        assert fields.hostname == info.get_hostname() == socket.gethostname()
        assert fields.display_name == info.get_display_name() == 'Door opener'
        assert fields.user_name == info.get_user_name() == pwd.getpwuid(os.getuid()).pw_name
        assert fields.boot_id == info.get_boot_id() == \
            pathlib.Path('/proc/sys/kernel/random/boot_id').read_text().strip()
        assert fields.machine_id == info.get_machine_id()
        assert fields.machine_id is None or len(fields.machine_id) == 32
        assert GLib.uuid_string_is_valid(fields.token) and fields.token == info.get_token()
        assert fields.holder_state == info.get_holder_state() == State.RUNNING
        assert isinstance(fields.locked_since, GLib.DateTime)
        assert fields.locked_since.equal(info.get_locked_since())
        assert abs(fields.locked_since.to_unix() - time.time()) < 600
        for name in ('pid', 'hostname', 'token', 'locked_since', 'holder_state'):
            refuses(TypeError, setattr, fields, name, getattr(fields, name))

        # It tells what was when it was asked for.
        helper.kill()
        assert fields.holder_state == State.RUNNING
        assert GLockFile.LockFile.new(path).query_info(None).props.holder_state == State.GONE


@test
def query_info_of_oneself():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        lock.lock(None)
        first = lock.query_info(None)
        assert first.props.display_name == 'Türöffner'
        assert first.props.pid == os.getpid()
        assert first.props.holder_state == State.RUNNING
        lock.unlock()
        lock.lock(None)
        assert lock.query_info(None).props.token != first.props.token


@test
def query_info_of_five_lines():
    with lock_path() as path:
        pathlib.Path(path).write_text('4711\nqtapp\nelsewhere.example\n\n\n')
        fields = GLockFile.LockFile.new(path).query_info(None).props
        assert [fields.pid, fields.app_name, fields.hostname] == \
            [4711, 'qtapp', 'elsewhere.example']
        assert fields.holder_state == State.UNKNOWN
        for name in ('display_name', 'user_name', 'machine_id', 'boot_id', 'token'):
            assert getattr(fields, name) is None, name


@test
def describe():
    with lock_path() as path, Helper(path, '--name=Door opener') as helper:
        helper.lock()
        info = GLockFile.LockFile.new(path).query_info(None)
        text = info.describe()
        assert isinstance(text, str)
        for part in ('Door opener', 'test-helper', str(helper.pid)):
            assert part in text, text


@test
def not_found():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        with fails(Code.NOT_FOUND):
            lock.query_info(None)
        with fails(Code.NOT_FOUND):
            lock.remove_stale(None)
        for name in (os.path.join(path, 'below'), ''):
            with fails(Code.NOT_FOUND):
                GLockFile.LockFile.new(name).try_lock(0, None)


@test
def invalid_data():
    with lock_path() as path:
        document = pathlib.Path(path)
        document.write_text('Dear diary,\nnothing happened today.\n')
        lock = GLockFile.LockFile.new(path)
        for function, *arguments in ((lock.lock, None), (lock.try_lock, 0, None),
                                     (lock.query_info, None), (lock.remove_stale, None)):
            with fails(Code.INVALID_DATA):
                function(*arguments)
        assert document.read_text().startswith('Dear diary')


@test
def lost():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        seen = notifications(lock, 'locked')
        lock.lock(None)
        os.unlink(path)
        with fails(Code.LOST):
            lock.verify()
        assert lock.is_locked() is False
        assert seen == [True, False], seen
        assert lock.unlock() is True

        lock.lock(None)
        os.unlink(path)
        other = GLockFile.LockFile.new(path)
        other.lock(None)
        with fails(Code.LOST):
            lock.unlock()
        assert lock.is_locked() is False
        assert other.verify() is True


@test
def cancelled():
    with lock_path() as path, Helper(path) as helper:
        lock = GLockFile.LockFile.new(path)
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        for function, *arguments in ((lock.lock,), (lock.try_lock, 0), (lock.query_info,),
                                     (lock.remove_stale,)):
            with fails(Gio.IOErrorEnum.CANCELLED, Gio.io_error_quark()):
                function(*arguments, cancellable)
        assert os.listdir(os.path.dirname(path)) == []

        # Python lets other threads run while the library waits.
        helper.lock()
        cancellable = Gio.Cancellable()
        thread = threading.Thread(target=cancellable.cancel)
        with fails(Gio.IOErrorEnum.CANCELLED, Gio.io_error_quark()):
            thread.start()
            lock.lock(cancellable)
        thread.join()
        assert lock.is_locked() is False


@test
def previous_holder():
    with lock_path() as path:
        pid = leftover(path)
        lock = GLockFile.LockFile.new(path)
        seen = notifications(lock, 'previous-holder')
        assert lock.try_lock(LONG, None) is True
        previous = lock.get_previous_holder()
        assert previous.props.pid == pid
        assert previous.props.app_name == 'test-helper'
        assert previous.props.holder_state == State.GONE
        assert previous == lock.props.previous_holder
        assert str(pid) in previous.describe()

        lock.unlock()
        lock.lock(None)
        assert lock.get_previous_holder() is None
        assert seen == [previous, None], seen
        assert previous.props.pid == pid


@test
def remove_stale():
    with lock_path() as path:
        leftover(path)
        lock = GLockFile.LockFile.new(path)
        assert lock.remove_stale(None) is True
        assert not os.path.exists(path)
        assert lock.is_locked() is False


@test
def lock_and_unlock_async():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        seen = notifications(lock, 'locked')
        calls = []
        lock.lock_async(GLib.PRIORITY_DEFAULT, None,
                        lambda *arguments: calls.append((list(seen), arguments)), 'data')
        assert not calls
        run_until(lambda: calls)
        seen_before, (source, result, data) = calls[0]
        assert seen_before == [True]
        assert source == lock and isinstance(result, Gio.AsyncResult) and data == 'data'
        assert lock.lock_finish(result) is True
        assert lock.is_locked() and os.path.isfile(path)
        assert complete(lock, 'verify') is True
        assert complete(lock, 'unlock') is True
        assert not lock.is_locked() and not os.path.exists(path)
        assert complete(lock, 'unlock') is True
        assert seen == [True, False], seen


@test
def locked_by_another_process_async():
    with lock_path() as path, Helper(path) as helper:
        helper.lock()
        lock = GLockFile.LockFile.new(path)
        with fails(Code.LOCKED) as caught:
            complete(lock, 'try_lock', 0)
        assert str(helper.pid) in caught[0].message, caught[0].message
        start = time.monotonic()
        with fails(Code.LOCKED):
            complete(lock, 'try_lock', 100)
        assert time.monotonic() - start >= 0.099
        with fails(Code.LOCKED):
            complete(lock, 'remove_stale')
        assert lock.is_locked() is False

        # It is the main loop that makes the other let go.
        GLib.timeout_add(10, lambda: helper.send('unlock'))
        assert complete(lock, 'try_lock', LONG) is True
        assert helper.answer() == 'ok'
        assert complete(lock, 'unlock') is True


@test
def one_operation_at_a_time():
    with lock_path() as path, Helper(path) as helper:
        helper.lock()
        lock = GLockFile.LockFile.new(path)
        cancellable = Gio.Cancellable()
        results = []
        lock.lock_async(GLib.PRIORITY_DEFAULT, cancellable,
                        lambda _, result: results.append(result))
        for function, *arguments in ((lock.unlock,), (lock.query_info, None),
                                     (complete, lock, 'unlock'), (complete, lock, 'query_info')):
            with fails(Gio.IOErrorEnum.PENDING, Gio.io_error_quark()):
                function(*arguments)
        assert not results
        cancellable.cancel()
        run_until(lambda: results)
        with fails(Gio.IOErrorEnum.CANCELLED, Gio.io_error_quark()):
            lock.lock_finish(results[0])
        assert complete(lock, 'query_info').props.pid == helper.pid


@test
def cancelled_async():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        for operation, *arguments in (('lock',), ('try_lock', 0), ('unlock',), ('verify',),
                                      ('query_info',), ('remove_stale',)):
            with fails(Gio.IOErrorEnum.CANCELLED, Gio.io_error_quark()):
                complete(lock, operation, *arguments, cancellable=cancellable)
        assert os.listdir(os.path.dirname(path)) == []


@test
def leftovers_async():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        with fails(Code.NOT_FOUND):
            complete(lock, 'query_info')
        pid = leftover(path)
        info = complete(lock, 'query_info')
        assert isinstance(info, GLockFile.LockFileInfo)
        assert (info.props.pid, info.props.holder_state) == (pid, State.GONE)
        assert complete(lock, 'remove_stale') is True
        assert not os.path.exists(path)

        pid = leftover(path)
        seen = notifications(lock, 'previous-holder')
        assert complete(lock, 'lock') is True
        assert [previous.props.pid for previous in seen] == [pid], seen
        lock.unlock()


@test
def lost_signal():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        seen = notifications(lock, 'locked')
        told = []
        lock.connect('lost', lambda source, error: told.append((source, error, list(seen),
                                                                source.is_locked())))
        assert lock.lock(None) is True
        os.unlink(path)
        run_until(lambda: told)
        source, error, seen_before, locked = told.pop()
        assert source == lock
        assert isinstance(error, GLib.Error) and error.matches(Code.quark(), Code.LOST)
        assert path in error.message, error.message
        assert (seen_before, locked) == ([True, False], False)
        assert lock.unlock() is True

        # Also by asynchronous locking, and if the file is replaced.
        assert complete(lock, 'lock') is True
        pathlib.Path(path + '~').write_text('Dear diary')
        os.replace(path + '~', path)
        run_until(lambda: told)
        assert told[0][1].matches(Code.quark(), Code.LOST)
        with fails(Code.LOST):
            lock.verify()
        assert pathlib.Path(path).read_text() == 'Dear diary'

        # Not by unlocking.
        os.unlink(path)
        lock.lock(None)
        lock.unlock()
        while GLib.MainContext.default().iteration(False):
            pass
        assert len(told) == 1


@test
def file_name_that_is_not_text():
    with folder() as path:
        raw = os.fsencode(path) + b'/caf\xe9.lock'
        for name in (raw, os.fsdecode(raw)):
            lock = GLockFile.LockFile.new(name)
            assert os.fsencode(lock.get_file_name()) == raw
            assert lock.try_lock(0, None) is True
            assert os.listdir(os.fsencode(path)) == [b'caf\xe9.lock']
            with fails(Code.LOCKED):
                GLockFile.LockFile.new(name).try_lock(0, None)
            lock.unlock()
        file = Gio.File.new_for_path(raw)
        lock = GLockFile.LockFile.new_for_file(file)
        assert os.fsencode(lock.get_file_name()) == raw


@test
def nothing_where_something_is_wanted():
    lock = GLockFile.LockFile.new('lock')
    refuses(TypeError, GLockFile.LockFile.new, None)
    refuses(TypeError, GLockFile.LockFile.new_for_file, None)
    refuses(TypeError, lock.try_lock, None, None)
    refuses(TypeError, lock.set_stale_lock_time, None)
    for method in (GLockFile.LockFile.lock, GLockFile.LockFile.unlock,
                   GLockFile.LockFile.get_file_name):
        refuses(TypeError, method, None)
    refuses(TypeError, GLockFile.LockFileInfo.describe, None)


@test
def wrong_values():
    lock = GLockFile.LockFile.new('lock')
    refuses(TypeError, GLockFile.LockFile.new, 1)
    refuses(ValueError, GLockFile.LockFile.new, 'lo\0ck')
    refuses(TypeError, GLockFile.LockFile.new_for_file, 'lock')
    refuses(TypeError, lock.lock, 'cancellable')
    refuses(OverflowError, lock.try_lock, 2 ** 31, None)
    refuses(OverflowError, lock.set_stale_lock_time, -1)
    for name, value in (('locked', True), ('previous_holder', None)):
        refuses(TypeError, setattr, lock.props, name, value)


@test
def objects_without_content():
    # A language lets anybody construct any class, with any properties left out.
    lock = GLockFile.LockFile()
    assert lock.get_file_name() == ''
    with fails(Code.NOT_FOUND):
        lock.try_lock(0, None)
    info = GLockFile.LockFileInfo()
    assert info.props.pid == 0
    assert info.props.holder_state == State.UNKNOWN
    assert info.props.hostname == info.props.app_name == ''
    assert info.props.token is info.props.locked_since is None
    assert info.describe()


@test
def classes_are_final():
    # GLib warns, of late critically, before Python refuses.
    fatal = GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_ERROR)
    try:
        for kind in (GLockFile.LockFile, GLockFile.LockFileInfo):
            assert GObject.type_test_flags(kind.__gtype__, GObject.TypeFlags.FINAL)
            refuses(RuntimeError, type, 'Derived', (kind,), {})
    finally:
        GLib.log_set_always_fatal(fatal)


@test
def enumerations():
    assert GLib.quark_to_string(Code.quark()) == 'g-lock-file-error-quark'
    assert [int(code) for code in (Code.FAILED, Code.LOCKED, Code.PERMISSION_DENIED, Code.NO_SPACE,
                                   Code.NOT_FOUND, Code.INVALID_DATA, Code.NOT_SUPPORTED,
                                   Code.LOST)] == list(range(8))
    assert [int(state) for state in (State.UNKNOWN, State.RUNNING, State.GONE)] == [0, 1, 2]
    assert Code.NOT_FOUND.value_nick == 'not-found'
    assert State.GONE.value_nick == 'gone'


@test
def what_is_for_c_alone_is_missing():
    for name in ('LockFileLocker', 'LockFile.locker_new', 'lock_file_locker_new'):
        assert not hasattr(GLockFile, name), name


run()
