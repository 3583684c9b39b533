// SPDX-FileCopyrightText: 2026 The GLockFile authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The scenario that every language goes through, in JavaScript; see scenario.py.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GLockFile from 'gi://GLockFile?version=1.0';
import GObject from 'gi://GObject';

import {Code, Helper, LONG, State, assertFails, assertFailsAsync, emission, exists, leftover,
    notifications, pass, withPath} from './scene.js';
import {assert, assertEqual, assertThrows, run} from './tap.js';

const {PRIORITY_DEFAULT} = GLib;

// By hand: the library's override, which does that too, has tests of its own.
for (const operation of ['lock', 'try_lock', 'unlock', 'query_info', 'remove_stale']) {
    Gio._promisify(GLockFile.LockFile.prototype, `${operation}_async`, `${operation}_finish`);
}

GLib.set_application_name('Türöffner');

await run({
    new() {
        withPath(path => {
            const lock = GLockFile.LockFile.new(path);
            assertEqual(lock.get_file_name(), path);
            assertEqual(lock.file_name, path);
            assertEqual(lock.fileName, path);
            assertEqual(lock.get_stale_lock_time(), 30000);
            assertEqual(lock.stale_lock_time, 30000);
            assertEqual(lock.is_locked(), false);
            assertEqual(lock.locked, false);
            assertEqual(lock.get_previous_holder(), null);
            assertEqual(lock.previous_holder, null);
            assert(!exists(path));
        });
    },

    newByProperties() {
        withPath(path => {
            const lock = new GLockFile.LockFile({file_name: path, staleLockTime: 7});
            assertEqual(lock.file_name, path);
            assertEqual(lock.get_stale_lock_time(), 7);
        });
    },

    newForFile() {
        withPath(path => {
            const lock = GLockFile.LockFile.new_for_file(Gio.File.new_for_path(path));
            assertEqual(lock.get_file_name(), path);
        });
        assertFails(Gio.IOErrorEnum.NOT_SUPPORTED, () => {
            GLockFile.LockFile.new_for_file(Gio.File.new_for_uri('http://localhost/lock'));
        }, Gio.IOErrorEnum);
    },

    staleLockTime() {
        const lock = GLockFile.LockFile.new('lock');
        const seen = notifications(lock, 'stale-lock-time');
        lock.set_stale_lock_time(0);
        lock.set_stale_lock_time(0);
        lock.stale_lock_time = GLib.MAXUINT32;
        assertEqual(seen.join(), `0,${GLib.MAXUINT32}`);
    },

    lockAndUnlock() {
        withPath(path => {
            const lock = GLockFile.LockFile.new(path);
            const seen = notifications(lock, 'locked');
            assertEqual(lock.lock(null), true);
            assertEqual(lock.is_locked(), true);
            assertEqual(lock.locked, true);
            assert(exists(path));
            assertEqual(lock.verify(), true);
            assertEqual(lock.unlock(), true);
            assertEqual(lock.is_locked(), false);
            assertEqual(lock.locked, false);
            assert(!exists(path));
            assertEqual(lock.unlock(), true);
            assertEqual(seen.join(), 'true,false');
        });
    },

    lockedByOneself() {
        withPath(path => {
            const lock = GLockFile.LockFile.new(path);
            const other = GLockFile.LockFile.new(path);
            assertEqual(lock.try_lock(0, null), true);
            assertFails(Code.LOCKED, () => lock.lock(null));
            assertFails(Code.LOCKED, () => other.try_lock(0, null));
            assertFails(Code.FAILED, () => lock.remove_stale(null));
            assertEqual(lock.unlock(), true);
            assertEqual(other.try_lock(0, null), true);
            other.unlock();
        });
    },

    lockedByAnotherProcess() {
        withPath(path => Helper.with(path, [], helper => {
            helper.lock();
            const lock = GLockFile.LockFile.new(path);
            const error = assertFails(Code.LOCKED, () => lock.try_lock(0, null));
            assert(error.message.includes(helper.pid), error.message);
            const start = GLib.get_monotonic_time();
            assertFails(Code.LOCKED, () => lock.try_lock(100, null));
            assert(GLib.get_monotonic_time() - start >= 99000);
            assertFails(Code.LOCKED, () => lock.remove_stale(null));
            assertEqual(lock.is_locked(), false);

            // Whichever of the two comes first, the lock is ours in the end.
            helper.send('unlock');
            assertEqual(lock.try_lock(LONG, null), true);
            assertEqual(helper.answer(), 'ok');
            assert(helper.ask('try 0').startsWith(`error g-lock-file-error-quark ${Code.LOCKED} `));
            assertEqual(lock.unlock(), true);
        }));
    },

    queryInfo() {
        withPath(path => Helper.with(path, ['--name=Door opener'], helper => {
            helper.lock();
            const info = GLockFile.LockFile.new(path).query_info(null);
            assert(info instanceof GLockFile.LockFileInfo);
            assertEqual(info.pid, helper.pid);
            assertEqual(info.app_name, 'test-helper');
            assertEqual(info.hostname, GLib.get_host_name());
            assertEqual(info.display_name, 'Door opener');
            assertEqual(info.user_name, GLib.get_user_name());
            const [, bootId] = GLib.file_get_contents('/proc/sys/kernel/random/boot_id');
            assertEqual(info.boot_id, new TextDecoder().decode(bootId).trim());
            assert(info.machine_id === null || info.machine_id.length === 32, info.machine_id);
            assert(GLib.uuid_string_is_valid(info.token), info.token);
            assertEqual(info.holder_state, State.RUNNING);
            assert(info.locked_since instanceof GLib.DateTime);
            assert(info.locked_since.equal(info.get_locked_since()));
            assert(Math.abs(info.locked_since.to_unix() - Date.now() / 1000) < 600);
            for (const name of ['pid', 'hostname', 'app_name', 'display_name', 'user_name',
                'machine_id', 'boot_id', 'token', 'holder_state'])
                assertEqual(info[name], info[`get_${name}`]());

            // It tells what was when it was asked for.
            helper.kill();
            assertEqual(info.holder_state, State.RUNNING);
            assertEqual(GLockFile.LockFile.new(path).query_info(null).holder_state, State.GONE);
        }));
    },

    queryInfoOfOneself() {
        withPath(path => {
            const lock = GLockFile.LockFile.new(path);
            lock.lock(null);
            const first = lock.query_info(null);
            assertEqual(first.display_name, 'Türöffner');
            assertEqual(first.pid, new Gio.Credentials().get_unix_pid());
            assertEqual(first.holder_state, State.RUNNING);
            lock.unlock();
            lock.lock(null);
            assert(lock.query_info(null).token !== first.token);
            lock.unlock();
        });
    },

    queryInfoOfFiveLines() {
        withPath(path => {
            GLib.file_set_contents(path, '4711\nqtapp\nelsewhere.example\n\n\n');
            const info = GLockFile.LockFile.new(path).query_info(null);
            assertEqual(info.pid, 4711);
            assertEqual(info.app_name, 'qtapp');
            assertEqual(info.hostname, 'elsewhere.example');
            assertEqual(info.holder_state, State.UNKNOWN);
            for (const name of ['display_name', 'user_name', 'machine_id', 'boot_id', 'token'])
                assertEqual(info[name], null);
        });
    },

    describe() {
        withPath(path => Helper.with(path, ['--name=Door opener'], helper => {
            helper.lock();
            const text = GLockFile.LockFile.new(path).query_info(null).describe();
            for (const part of ['Door opener', 'test-helper', `${helper.pid}`])
                assert(text.includes(part), text);
        }));
    },

    notFound() {
        withPath(path => {
            const lock = GLockFile.LockFile.new(path);
            assertFails(Code.NOT_FOUND, () => lock.query_info(null));
            assertFails(Code.NOT_FOUND, () => lock.remove_stale(null));
            for (const name of [`${path}/below`, ''])
                assertFails(Code.NOT_FOUND, () => GLockFile.LockFile.new(name).try_lock(0, null));
        });
    },

    invalidData() {
        withPath(path => {
            const text = 'Dear diary,\nnothing happened today.\n';
            GLib.file_set_contents(path, text);
            const lock = GLockFile.LockFile.new(path);
            assertFails(Code.INVALID_DATA, () => lock.lock(null));
            assertFails(Code.INVALID_DATA, () => lock.try_lock(0, null));
            assertFails(Code.INVALID_DATA, () => lock.query_info(null));
            assertFails(Code.INVALID_DATA, () => lock.remove_stale(null));
            const [, contents] = GLib.file_get_contents(path);
            assertEqual(new TextDecoder().decode(contents), text);
        });
    },

    lost() {
        withPath(path => {
            const lock = GLockFile.LockFile.new(path);
            const seen = notifications(lock, 'locked');
            lock.lock(null);
            GLib.unlink(path);
            assertFails(Code.LOST, () => lock.verify());
            assertEqual(lock.is_locked(), false);
            assertEqual(seen.join(), 'true,false');
            assertEqual(lock.unlock(), true);

            lock.lock(null);
            GLib.unlink(path);
            const other = GLockFile.LockFile.new(path);
            other.lock(null);
            assertFails(Code.LOST, () => lock.unlock());
            assertEqual(lock.is_locked(), false);
            assertEqual(other.verify(), true);
            other.unlock();
        });
    },

    cancelled() {
        withPath(path => {
            const lock = GLockFile.LockFile.new(path);
            const cancellable = new Gio.Cancellable();
            cancellable.cancel();
            for (const f of [() => lock.lock(cancellable), () => lock.try_lock(0, cancellable),
                () => lock.query_info(cancellable), () => lock.remove_stale(cancellable)])
                assertFails(Gio.IOErrorEnum.CANCELLED, f, Gio.IOErrorEnum);
            assertEqual(lock.is_locked(), false);
            assert(!exists(path));
        });
    },

    previousHolder() {
        withPath(path => {
            const pid = leftover(path);
            const lock = GLockFile.LockFile.new(path);
            const seen = notifications(lock, 'previous-holder');
            assertEqual(lock.try_lock(LONG, null), true);
            const previous = lock.get_previous_holder();
            assertEqual(previous.pid, pid);
            assertEqual(previous.app_name, 'test-helper');
            assertEqual(previous.holder_state, State.GONE);
            assertEqual(lock.previous_holder, previous);
            assert(previous.describe().includes(pid), previous.describe());

            lock.unlock();
            lock.lock(null);
            assertEqual(lock.get_previous_holder(), null);
            assertEqual(seen.length, 2);
            assertEqual(seen[0], previous);
            assertEqual(seen[1], null);
            assertEqual(previous.pid, pid);
            lock.unlock();
        });
    },

    removeStale() {
        withPath(path => {
            leftover(path);
            const lock = GLockFile.LockFile.new(path);
            assertEqual(lock.remove_stale(null), true);
            assert(!exists(path));
            assertEqual(lock.is_locked(), false);
        });
    },

    lockAndUnlockAsync() {
        return withPath(async path => {
            const lock = GLockFile.LockFile.new(path);
            const seen = notifications(lock, 'locked');
            const locking = lock.lock_async(PRIORITY_DEFAULT, null);
            assertEqual(seen.length, 0);
            assertEqual(await locking, true);
            assertEqual(lock.is_locked(), true);
            assert(exists(path));
            assertEqual(seen.join(), 'true');
            assertEqual(await lock.unlock_async(PRIORITY_DEFAULT, null), true);
            assertEqual(lock.is_locked(), false);
            assert(!exists(path));
            assertEqual(await lock.unlock_async(PRIORITY_DEFAULT, null), true);
            assertEqual(seen.join(), 'true,false');

            // Without a promise.
            const [source, result] = await new Promise(resolve => {
                lock.lock_async(PRIORITY_DEFAULT, null, (...args) => resolve(args));
            });
            assertEqual(source, lock);
            assertEqual(lock.lock_finish(result), true);
            lock.unlock();
        });
    },

    lockedByAnotherProcessAsync() {
        return withPath(path => Helper.with(path, [], async helper => {
            helper.lock();
            const lock = GLockFile.LockFile.new(path);
            const error = await assertFailsAsync(Code.LOCKED,
                lock.try_lock_async(0, PRIORITY_DEFAULT, null));
            assert(error.message.includes(helper.pid), error.message);
            const start = GLib.get_monotonic_time();
            await assertFailsAsync(Code.LOCKED, lock.try_lock_async(100, PRIORITY_DEFAULT, null));
            assert(GLib.get_monotonic_time() - start >= 99000);
            await assertFailsAsync(Code.LOCKED, lock.remove_stale_async(PRIORITY_DEFAULT, null));
            assertEqual(lock.is_locked(), false);

            // It is the main loop that makes the other let go.
            const locking = lock.try_lock_async(LONG, PRIORITY_DEFAULT, null);
            await pass(10);
            helper.send('unlock');
            assertEqual(await locking, true);
            assertEqual(helper.answer(), 'ok');
            assertEqual(await lock.unlock_async(PRIORITY_DEFAULT, null), true);
        }));
    },

    oneOperationAtATime() {
        return withPath(path => Helper.with(path, [], async helper => {
            const {PENDING, CANCELLED} = Gio.IOErrorEnum;
            helper.lock();
            const lock = GLockFile.LockFile.new(path);
            const cancellable = new Gio.Cancellable();
            const locking = lock.lock_async(PRIORITY_DEFAULT, cancellable);
            assertFails(PENDING, () => lock.unlock(), Gio.IOErrorEnum);
            assertFails(PENDING, () => lock.query_info(null), Gio.IOErrorEnum);
            await assertFailsAsync(PENDING, lock.unlock_async(PRIORITY_DEFAULT, null),
                Gio.IOErrorEnum);
            await assertFailsAsync(PENDING, lock.query_info_async(PRIORITY_DEFAULT, null),
                Gio.IOErrorEnum);
            cancellable.cancel();
            await assertFailsAsync(CANCELLED, locking, Gio.IOErrorEnum);
            assertEqual((await lock.query_info_async(PRIORITY_DEFAULT, null)).pid, helper.pid);
        }));
    },

    cancelledAsync() {
        return withPath(async path => {
            const lock = GLockFile.LockFile.new(path);
            const cancellable = new Gio.Cancellable();
            cancellable.cancel();
            for (const operation of [lock.lock_async(PRIORITY_DEFAULT, cancellable),
                lock.try_lock_async(0, PRIORITY_DEFAULT, cancellable),
                lock.unlock_async(PRIORITY_DEFAULT, cancellable),
                lock.query_info_async(PRIORITY_DEFAULT, cancellable),
                lock.remove_stale_async(PRIORITY_DEFAULT, cancellable)])
                // eslint-disable-next-line no-await-in-loop
                await assertFailsAsync(Gio.IOErrorEnum.CANCELLED, operation, Gio.IOErrorEnum);
            assert(!exists(path));
        });
    },

    leftoversAsync() {
        return withPath(async path => {
            const lock = GLockFile.LockFile.new(path);
            await assertFailsAsync(Code.NOT_FOUND, lock.query_info_async(PRIORITY_DEFAULT, null));
            const pid = leftover(path);
            const info = await lock.query_info_async(PRIORITY_DEFAULT, null);
            assert(info instanceof GLockFile.LockFileInfo);
            assertEqual(info.pid, pid);
            assertEqual(info.holder_state, State.GONE);
            assertEqual(await lock.remove_stale_async(PRIORITY_DEFAULT, null), true);
            assert(!exists(path));

            const nextPid = leftover(path);
            const seen = notifications(lock, 'previous-holder');
            assertEqual(await lock.lock_async(PRIORITY_DEFAULT, null), true);
            assertEqual(seen.length, 1);
            assertEqual(seen[0].pid, nextPid);
            lock.unlock();
        });
    },

    lostSignal() {
        return withPath(async path => {
            const lock = GLockFile.LockFile.new(path);
            const seen = notifications(lock, 'locked');
            lock.lock(null);
            let losing = emission(lock, 'lost');
            GLib.unlink(path);
            let [source, error] = await losing;
            assertEqual(source, lock);
            assert(error instanceof Code, `${error}`);
            assert(error.matches(Code, Code.LOST), `${error}`);
            assert(error.message.includes(path), error.message);
            assertEqual(seen.join(), 'true,false');
            assertEqual(lock.is_locked(), false);
            assertEqual(lock.unlock(), true);

            // Also by asynchronous locking, and if the file is replaced.
            await lock.lock_async(PRIORITY_DEFAULT, null);
            losing = emission(lock, 'lost');
            GLib.file_set_contents(path, 'Dear diary');
            [, error] = await losing;
            assert(error.matches(Code, Code.LOST), `${error}`);
            assertFails(Code.LOST, () => lock.verify());
            const [, contents] = GLib.file_get_contents(path);
            assertEqual(new TextDecoder().decode(contents), 'Dear diary');

            // Not by unlocking.
            GLib.unlink(path);
            let told = 0;
            lock.connect('lost', () => told++);
            lock.lock(null);
            lock.unlock();
            await pass(0);
            assertEqual(told, 0);
        });
    },

    // A string of JavaScript cannot hold such a name, but a GFile can; asking for
    // the name is an error then, and nothing worse.
    fileNameThatIsNotText() {
        withPath(path => {
            const file = Gio.File.new_for_uri(`file://${path}-caf%E9`);
            const lock = GLockFile.LockFile.new_for_file(file);
            assertEqual(lock.try_lock(0, null), true);
            assert(file.query_exists(null));
            assertThrows(() => lock.get_file_name());
            assertThrows(() => lock.file_name);
            const error = assertFails(Code.LOCKED, () => {
                GLockFile.LockFile.new_for_file(file).try_lock(0, null);
            });
            assert(error.message.includes('-caf'), error.message);
            assertEqual(lock.unlock(), true);
            assert(!file.query_exists(null));
        });
    },

    nothingWhereSomethingIsWanted() {
        const {LockFile, LockFileInfo} = GLockFile;
        assertThrows(() => LockFile.new(null));
        assertThrows(() => LockFile.new_for_file(null));
        for (const method of ['lock', 'unlock', 'verify', 'get_file_name'])
            assertThrows(() => LockFile.prototype[method].call(null));
        assertThrows(() => LockFileInfo.prototype.describe.call(null));
    },

    wrongValues() {
        const lock = GLockFile.LockFile.new('lock');
        assertThrows(() => GLockFile.LockFile.new());
        assertThrows(() => GLockFile.LockFile.new_for_file('lock'));
        assertThrows(() => lock.lock('cancellable'));
        assertThrows(() => lock.try_lock());
        assertThrows(() => lock.set_stale_lock_time(-1));
        assertThrows(() => GLockFile.LockFile.prototype.lock.call(new Gio.Cancellable(), null));
    },

    // A language lets anybody construct any class, with any properties left out.
    objectsWithoutContent() {
        const lock = new GLockFile.LockFile();
        assertEqual(lock.get_file_name(), '');
        assertFails(Code.NOT_FOUND, () => lock.try_lock(0, null));
        const info = new GLockFile.LockFileInfo();
        assertEqual(info.pid, 0);
        assertEqual(info.holder_state, State.UNKNOWN);
        assertEqual(info.hostname, '');
        assertEqual(info.app_name, '');
        assertEqual(info.token, null);
        assertEqual(info.locked_since, null);
        assert(info.describe().length > 0);
    },

    // Deriving is left to Python: gjs 1.74 does not ask first, and stumbles.
    classesAreFinal() {
        for (const kind of [GLockFile.LockFile, GLockFile.LockFileInfo])
            assert(GObject.type_test_flags(kind.$gtype, GObject.TypeFlags.FINAL));
    },

    enumerations() {
        assertEqual(GLib.quark_to_string(Code.quark()), 'g-lock-file-error-quark');
        assertEqual([Code.FAILED, Code.LOCKED, Code.PERMISSION_DENIED, Code.NO_SPACE,
            Code.NOT_FOUND, Code.INVALID_DATA, Code.NOT_SUPPORTED, Code.LOST].join(),
        '0,1,2,3,4,5,6,7');
        assertEqual([State.UNKNOWN, State.RUNNING, State.GONE].join(), '0,1,2');
    },

    whatIsForCAloneIsMissing() {
        for (const name of ['LockFileLocker', 'lock_file_locker_new'])
            assert(!(name in GLockFile), name);
    },
});
