// SPDX-FileCopyrightText: 2026 The GLockFile authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What the library's override adds in JavaScript: promises, and hold().

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GLockFile from 'gi://GLockFile?version=1.0';

import {Code, Helper, LONG, assertFails, assertFailsAsync, emission, exists, leftover, pass,
    withPath} from './scene.js';
import {assert, assertEqual, assertRejects, run} from './tap.js';

const {PRIORITY_DEFAULT} = GLib;

await run({
    asynchronousMethodsAnswerPromises() {
        return withPath(async path => {
            const lock = GLockFile.LockFile.new(path);
            const pid = leftover(path);
            assertEqual((await lock.query_info_async(PRIORITY_DEFAULT, null)).pid, pid);
            assertEqual(await lock.remove_stale_async(PRIORITY_DEFAULT, null), true);
            assertEqual(await lock.lock_async(PRIORITY_DEFAULT, null), true);
            assertEqual(await lock.verify_async(PRIORITY_DEFAULT, null), true);
            assertEqual(await lock.unlock_async(PRIORITY_DEFAULT, null), true);
            assertEqual(await lock.try_lock_async(0, PRIORITY_DEFAULT, null), true);
            await assertFailsAsync(Code.LOCKED, lock.lock_async(PRIORITY_DEFAULT, null));
            lock.unlock();
        });
    },

    holdLocks() {
        return withPath(async path => {
            const lock = GLockFile.LockFile.new(path);
            assertEqual(await lock.hold(async held => {
                assertEqual(held, lock);
                assert(lock.locked);
                await pass(1);
                assert(lock.locked && exists(path));
                return 'result';
            }), 'result');
            assert(!lock.locked);
            assert(!exists(path));
            assertEqual(await lock.hold(() => 'no promise'), 'no promise');
            assert(!exists(path));
        });
    },

    holdHasATimeLimit() {
        return withPath(path => Helper.with(path, [], async helper => {
            const lock = GLockFile.LockFile.new(path);
            helper.lock();
            const start = GLib.get_monotonic_time();
            const error = await assertFailsAsync(Code.LOCKED,
                lock.hold(() => assert(false, 'not locked'), {timeout: 100}));
            assert(error.message.includes(helper.pid), error.message);
            assert(GLib.get_monotonic_time() - start >= 99000);
            const holding = lock.hold(() => lock.locked, {timeout: LONG});
            await pass(10);
            helper.send('unlock');
            assertEqual(await holding, true);
        }));
    },

    holdCanBeCancelled() {
        return withPath(path => Helper.with(path, [], async helper => {
            const lock = GLockFile.LockFile.new(path);
            const cancellable = new Gio.Cancellable();
            helper.lock();
            const holding = lock.hold(() => assert(false, 'not locked'), {cancellable});
            await pass(1);
            cancellable.cancel();
            await assertFailsAsync(Gio.IOErrorEnum.CANCELLED, holding, Gio.IOErrorEnum);
            assert(!lock.locked);
        }));
    },

    exceptionsUnlock() {
        return withPath(async path => {
            const lock = GLockFile.LockFile.new(path);
            const mine = new Error('mine');
            for (const f of [() => {
                throw mine;
            }, () => Promise.reject(mine)]) {
                // eslint-disable-next-line no-await-in-loop
                assertEqual(await assertRejects(lock.hold(f)), mine);
                assert(!lock.locked);
                assert(!exists(path));
            }
        });
    },

    lossIsToldInTheEnd() {
        return withPath(async path => {
            const lock = GLockFile.LockFile.new(path);
            await assertFailsAsync(Code.LOST, lock.hold(() => GLib.unlink(path)));
            assert(!lock.locked);

            // Also if it was told before.
            const error = await assertFailsAsync(Code.LOST, lock.hold(async () => {
                const losing = emission(lock, 'lost');
                GLib.unlink(path);
                await losing;
            }));
            assert(error.message.includes('removed or replaced'), error.message);
            await assertFailsAsync(Code.LOST, lock.hold(() => {
                GLib.unlink(path);
                assertFails(Code.LOST, () => lock.verify());
            }));

            // Not if something else went wrong first.
            const mine = new Error('mine');
            assertEqual(await assertRejects(lock.hold(() => {
                GLib.unlink(path);
                throw mine;
            })), mine);
            assert(!lock.locked);
        });
    },

    othersFileIsLeftAlone() {
        return withPath(path => Helper.with(path, [], async helper => {
            const lock = GLockFile.LockFile.new(path);
            await assertFailsAsync(Code.LOST, lock.hold(() => {
                GLib.unlink(path);
                helper.lock();
            }));
            assertEqual(helper.ask('verify'), 'ok');
        }));
    },

    wrongOptionsAreRefused() {
        return withPath(async path => {
            const lock = GLockFile.LockFile.new(path);
            for (const options of [500, 'x', {timeOut: 500}, {timeout: 0.5}, {timeout: '500'}])
                assert(await assertRejects(lock.hold(() => {}, options)) instanceof TypeError);
            assert(!exists(path));
        });
    },

    leavingWaitsForOtherOperations() {
        return withPath(async path => {
            const lock = GLockFile.LockFile.new(path);
            let asking;
            await lock.hold(() => {
                asking = lock.query_info_async(PRIORITY_DEFAULT, null);
            });
            assertEqual((await asking).pid, new Gio.Credentials().get_unix_pid());
            assert(!lock.locked);
            assert(!exists(path));
        });
    },
});
