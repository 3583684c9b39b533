# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""“await” and “async with” in Python: awaiting.py asyncio|gbulb

The argument says whose loop runs the coroutines: asyncio's own, which runs no main
context, or one that does.
"""

import asyncio
import contextlib
import functools
import gc
import os
import subprocess
import sys
import threading
from unittest import mock

from gi.repository import Gio, GLib, GLockFile

from scene import LONG, Code, Helper, State, complete, fails, leftover, lock_path, run_until
from tap import Skip, run, test

RACES = 200

LOOP, = sys.argv[1:]


def new_loop():
    if LOOP == 'asyncio':
        return asyncio.new_event_loop()
    import gbulb
    return gbulb.GLibEventLoop(context=GLib.MainContext.default())


def in_a_loop(coroutine, loop_factory=new_loop):
    """Makes a function of a coroutine."""
    @functools.wraps(coroutine)
    def run_it():
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(asyncio.wait_for(coroutine(), LONG / 1000))
    return run_it


def coroutine_test(coroutine):
    return test(in_a_loop(coroutine))


async def pause():
    """Lets everything run that is ready."""
    for _ in range(10):
        await asyncio.sleep(0)


async def is_cancelled(awaitable):
    try:
        await awaitable
    except asyncio.CancelledError:
        return True
    return False


async def waiting_task(awaitable):
    async def wait():
        return await awaitable

    task = asyncio.create_task(wait())
    await pause()
    assert not task.done()
    return task


async def released(path):
    """Nobody has the lock, or will have: the helper's answer tells."""
    with Helper(path) as helper:
        assert helper.ask('try 0') == 'ok'


@coroutine_test
async def operations_can_be_awaited():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        with fails(Code.NOT_FOUND):
            await lock.query_info_async()
        pid = leftover(path)
        info = await lock.query_info_async(GLib.PRIORITY_DEFAULT, None)
        assert (info.pid, info.holder_state) == (pid, State.GONE)
        assert await lock.remove_stale_async() is True
        assert await lock.lock_async() is True
        assert lock.locked and os.path.isfile(path)
        with fails(Code.LOCKED):
            await lock.lock_async()
        assert await lock.verify_async() is True
        assert await lock.unlock_async() is True
        with fails(Code.LOST):
            await lock.verify_async()
        assert await lock.try_lock_async(0) is True
        with fails(Code.LOCKED) as caught:
            await GLockFile.LockFile.new(path).try_lock_async(timeout=10, io_priority=7)
        assert str(os.getpid()) in caught[0].message
        assert await lock.unlock_async(cancellable=Gio.Cancellable()) is True
        assert not os.path.exists(path)


@coroutine_test
async def waiting_blocks_nobody():
    with lock_path() as path, Helper(path) as helper:
        helper.lock()
        lock = GLockFile.LockFile.new(path)
        task = await waiting_task(lock.lock_async())
        helper.send('unlock')
        assert await task is True
        assert helper.answer() == 'ok'
        assert lock.verify()


@coroutine_test
async def many_wait_at_once():
    with lock_path() as path:
        turns = []

        async def take_turns(number):
            async with GLockFile.LockFile.new(path):
                turns.append(number)
                await asyncio.sleep(0)
                turns.append(number)

        await asyncio.gather(*(take_turns(number) for number in range(50)))
        assert turns[::2] == turns[1::2] and sorted(turns[::2]) == list(range(50)), turns
        assert not os.path.exists(path)


@coroutine_test
async def cancelling_ends_the_wait():
    with lock_path() as path, Helper(path) as helper:
        helper.lock()
        lock = GLockFile.LockFile.new(path)
        operation = lock.lock_async()
        task = await waiting_task(operation)
        task.cancel()
        assert await is_cancelled(task)
        assert operation.cancelled() and not operation.cancel()
        # It is really over.
        assert (await lock.query_info_async()).pid == helper.pid
        task = await waiting_task(lock.try_lock_async(LONG))
        task.cancel()
        assert await is_cancelled(task)
        try:
            async with asyncio.timeout(0.01):
                await lock.lock_async()
            raise AssertionError('locked')
        except TimeoutError:
            pass
        try:
            await asyncio.wait_for(lock.lock_async(), 0.01)
            raise AssertionError('locked')
        except TimeoutError:
            pass
        assert helper.ask('unlock') == 'ok'
        assert not lock.locked
        await released(path)


@coroutine_test
async def cancellables_are_heeded():
    with lock_path() as path, Helper(path) as helper:
        helper.lock()
        lock = GLockFile.LockFile.new(path)
        cancellable = Gio.Cancellable()
        task = await waiting_task(lock.lock_async(GLib.PRIORITY_DEFAULT, cancellable))
        cancellable.cancel()
        with fails(Gio.IOErrorEnum.CANCELLED, Gio.io_error_quark()):
            await task
        with fails(Gio.IOErrorEnum.CANCELLED, Gio.io_error_quark()):
            await lock.try_lock_async(0, cancellable=cancellable)
        assert not lock.locked


@coroutine_test
async def who_is_cancelled_has_no_lock():
    with lock_path() as path, Helper(path) as helper:
        outcomes = set()
        for number in range(RACES):
            helper.lock()
            lock = GLockFile.LockFile.new(path)
            task = await waiting_task(lock.lock_async())
            helper.send('unlock')
            for _ in range(number % 20):
                await asyncio.sleep(0)
            task.cancel()
            cancelled = await is_cancelled(task)
            outcomes.add(cancelled)
            assert helper.answer() == 'ok'
            assert lock.locked is not cancelled
            assert os.path.exists(path) is not cancelled
            assert lock.unlock()
        assert True in outcomes, outcomes


@coroutine_test
async def who_is_cancelled_between_locking_and_learning_of_it_has_no_lock():
    with lock_path() as path, Helper(path) as helper:
        lock = GLockFile.LockFile.new(path)
        for begin in (lock.lock_async, lambda: lock.try_lock_async(LONG)):
            helper.lock()
            operation = begin()
            operation.add_done_callback(lambda _: task.cancel())
            task = await waiting_task(operation)
            helper.send('unlock')
            assert await is_cancelled(task)
            assert operation.result() is True
            assert helper.answer() == 'ok'
            assert not lock.locked and not os.path.exists(path)

            # And in the moment in which the lock is taken, not yet told.
            operation = begin()
            while not lock.locked:
                pass
            assert operation.cancel()
            assert await is_cancelled(operation)
            assert not lock.locked and not os.path.exists(path)


@coroutine_test
async def unlocking_is_not_cancelled():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        await lock.lock_async()
        cancellable = Gio.Cancellable()
        unlocking = lock.unlock_async(cancellable=cancellable)
        assert unlocking.cancel()
        assert not cancellable.is_cancelled()
        assert await is_cancelled(unlocking)
        assert not lock.locked and not os.path.exists(path)


@coroutine_test
async def async_with_locks():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        for holding in (lock, lock, lock.hold(), lock.hold(timeout=500)):
            async with holding as held:
                assert held is lock and lock.locked and os.path.isfile(path)
                with fails(Code.LOCKED):
                    async with lock:
                        raise AssertionError('locked twice')
                assert lock.locked
            assert not lock.locked and not os.path.exists(path)


@coroutine_test
async def last_reference_unlocks():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        async with lock:
            pass
        async with lock.hold():
            pass
        with contextlib.suppress(GLib.Error):
            await GLockFile.LockFile.new(path + '/below').lock_async()
        await lock.lock_async()
        # The future that told of it goes a moment later. A cycle would not.
        gc.disable()
        del lock
        while os.path.exists(path):
            await asyncio.sleep(0)
        gc.enable()


@coroutine_test
async def async_hold_has_a_time_limit():
    with lock_path() as path, Helper(path) as helper:
        helper.lock()
        lock = GLockFile.LockFile.new(path)
        with fails(Code.LOCKED):
            async with lock.hold(timeout=10):
                raise AssertionError('not locked')
        cancellable = Gio.Cancellable()
        cancellable.cancel()
        with fails(Gio.IOErrorEnum.CANCELLED, Gio.io_error_quark()):
            async with lock.hold(cancellable=cancellable):
                raise AssertionError('not locked')
        assert not lock.locked


@coroutine_test
async def exceptions_unlock():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        for holding in (lock, lock.hold()):
            try:
                async with holding:
                    raise KeyError('mine')
            except KeyError as error:
                assert error.args == ('mine',)
            assert not lock.locked and not os.path.exists(path)


@coroutine_test
async def cancelling_unlocks():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        entered = asyncio.Event()
        asking = []

        async def hold():
            async with lock:
                entered.set()
                try:
                    await asyncio.sleep(LONG)
                finally:
                    # Leaving has to wait for this, and is cancelled once more meanwhile.
                    asking.append(lock.query_info_async())

        task = asyncio.create_task(hold())
        await entered.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        assert await is_cancelled(task)
        assert not lock.locked and not os.path.exists(path)
        assert (await asking[0]).pid == os.getpid()


@coroutine_test
async def loss_is_told_in_the_end():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        for holding in (lock, lock.hold()):
            with fails(Code.LOST):
                async with holding:
                    os.unlink(path)
            assert not lock.locked

            # Also if it was told before.
            with fails(Code.LOST):
                async with holding:
                    told = asyncio.Event()
                    loop = asyncio.get_running_loop()
                    handler = lock.connect('lost',
                                           lambda *_: loop.call_soon_threadsafe(told.set))
                    os.unlink(path)
                    await told.wait()
                    lock.disconnect(handler)
            with fails(Code.LOST):
                async with holding:
                    os.unlink(path)
                    with fails(Code.LOST):
                        lock.verify()

            # Not if something else went wrong first.
            try:
                async with holding:
                    os.unlink(path)
                    raise KeyError('mine')
            except KeyError as error:
                assert error.args == ('mine',)
            assert not lock.locked


@coroutine_test
async def others_file_is_left_alone():
    with lock_path() as path, Helper(path) as helper:
        with fails(Code.LOST):
            async with GLockFile.LockFile.new(path):
                os.unlink(path)
                helper.lock()
        assert helper.ask('verify') == 'ok'


@coroutine_test
async def signals_come_where_the_main_context_runs():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        loop = asyncio.get_running_loop()
        told = loop.create_future()
        lock.connect('lost', lambda *_: loop.call_soon_threadsafe(told.set_result,
                                                                  threading.current_thread()))
        await lock.lock_async()
        os.unlink(path)
        here = await told is threading.current_thread()
        assert here == (LOOP == 'gbulb')


@coroutine_test
async def wrong_values_are_told():
    lock = GLockFile.LockFile.new('lock')
    for awaitable in (lock.try_lock_async('soon'), lock.query_info_async(GLib.PRIORITY_DEFAULT, 1)):
        try:
            await awaitable
            raise AssertionError('taken')
        except TypeError:
            pass


@coroutine_test
async def callbacks_are_called_as_ever():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        results = []
        assert lock.lock_async(GLib.PRIORITY_DEFAULT, None,
                               lambda *arguments: results.append(arguments), 1, 2) is None
        while not results:
            if LOOP == 'asyncio':
                GLib.MainContext.default().iteration(True)
            await asyncio.sleep(0)
        source, result, *data = results[0]
        assert source == lock and data == [1, 2] and lock.lock_finish(result) is True


@test
def outside_of_coroutines_nothing_is_awaited():
    with lock_path() as path:
        lock = GLockFile.LockFile.new(path)
        assert lock.lock_async(GLib.PRIORITY_DEFAULT, None) is None
        run_until(lambda: lock.locked)
        # From PyGObject 3.50 on, it is PyGObject then that says what comes of it, if the
        # callback is left out.
        with mock.patch.object(GLockFile.LockFile.__mro__[1], 'lock_async') as lock_async:
            assert lock.lock_async() is lock_async.return_value
            lock_async.assert_called_once_with(lock, GLib.PRIORITY_DEFAULT, None)


@test
def coroutines_in_a_main_loop():
    """asyncio's own loop runs in a callback of a main loop, which stands still meanwhile."""
    async def hold():
        async with GLockFile.LockFile.new(path) as lock:
            done.append(lock.locked)

    with lock_path() as path:
        done = []
        GLib.idle_add(in_a_loop(hold, asyncio.new_event_loop))
        run_until(lambda: done)
        assert done == [True]


@test
def coroutines_in_a_thread():
    with lock_path() as path:
        async def hold():
            async with GLockFile.LockFile.new(path):
                done.append(threading.current_thread())

        done = []
        threads = [threading.Thread(target=in_a_loop(hold, asyncio.new_event_loop))
                   for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(done) == set(threads)
        assert not os.path.exists(path)


@test
def whose_loop_is_closed_gets_no_lock():
    with lock_path() as path, Helper(path) as helper:
        async def begin():
            operations.append(lock.lock_async())

        operations = []
        helper.lock()
        lock = GLockFile.LockFile.new(path)
        in_a_loop(begin)()
        assert helper.ask('unlock') == 'ok'
        # Another one, queued behind it, has its turn.
        assert complete(GLockFile.LockFile.new(path), 'try_lock', LONG)
        assert not lock.locked


@test
def children_can_await():
    if 'libtsan' in os.environ.get('LD_PRELOAD', ''):
        raise Skip('the thread sanitizer allows no threads in such a child')
    with lock_path() as path:
        async def hold():
            async with GLockFile.LockFile.new(path) as lock:
                assert lock.locked

        in_a_loop(hold)()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                in_a_loop(hold)()
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0


@test
def programs_end():
    program = '''if True:
        import asyncio, sys
        import gi
        gi.require_version('GLockFile', '1.0')
        from gi.repository import GLockFile
        async def main():
            lock = GLockFile.LockFile.new(sys.argv[1])
            await lock.lock_async()
            other = GLockFile.LockFile.new(sys.argv[1])
            waiting = asyncio.create_task(asyncio.wait_for(other.lock_async(), None))
            await asyncio.sleep(0)
            print('locked', lock.locked)
            if sys.argv[2] == 'abruptly':
                sys.exit(0)
        asyncio.run(main())
    '''
    with lock_path() as path:
        for how in 'in order', 'abruptly':
            ended = subprocess.run([sys.executable, '-c', program, path, how], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            assert (ended.returncode, ended.stdout, ended.stderr) == (0, 'locked True\n', ''), ended


run()
