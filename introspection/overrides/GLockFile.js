// SPDX-FileCopyrightText: 2026 The GLockFile authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What makes GLockFile feel at home in JavaScript: promises, and hold().
//
// gjs finds this file by its place, and runs _init() with the library.

/* exported _init */

const {Gio, GLib} = imports.gi;

const PAUSE = 10;

function pause() {
    return new Promise(resolve => GLib.timeout_add(GLib.PRIORITY_DEFAULT, PAUSE, () => {
        resolve();
        return GLib.SOURCE_REMOVE;
    }));
}

/** Another operation on the lock may just be under way: then it is our turn next. */
async function insist(operate) {
    for (;;) {
        try {
            return await operate();
        } catch (error) {
            if (!error.matches?.(Gio.IOErrorEnum, Gio.IOErrorEnum.PENDING))
                throw error;
        }
        await pause();
    }
}

/**
 * Holds the lock until f, and the promise that it may answer, is done; answers what
 * that comes to.
 *
 * Waits for the lock at most `timeout` milliseconds, or without limit if that is
 * negative; fails, without calling f, with what try_lock_async() fails with. Fails with
 * LockFileError.LOST if the lock is no longer held in the end, unless f failed.
 */
async function hold(f, options = {}) {
    const {timeout = -1, cancellable = null, ...others} = options;
    const unlock = () => this.unlock_async(GLib.PRIORITY_DEFAULT, null);
    let loss = null;
    let result;

    // To wait for ever because of a misspelt name would be a hard lesson.
    if (typeof options !== 'object' || !Number.isInteger(timeout) || Object.keys(others).length > 0)
        throw new TypeError('hold() takes a function, and {timeout: milliseconds, cancellable}');

    await this.try_lock_async(timeout, GLib.PRIORITY_DEFAULT, cancellable);
    const handler = this.connect('lost', (_, error) => (loss = error));
    try {
        try {
            result = await f(this);
            // It looks at no file then, and says that the lock is not held.
            if (!loss && !this.is_locked())
                await insist(() => this.verify());
        } catch (error) {
            // What went wrong first is what is to be told.
            await insist(unlock).catch(() => {});
            throw error;
        }
        await insist(unlock);
        // Unlocking does not tell of a loss that ::lost told of.
        if (loss)
            throw loss;
        return result;
    } finally {
        this.disconnect(handler);
    }
}

function _init() {
    const {prototype} = this.LockFile;

    for (const operation of ['lock', 'try_lock', 'unlock', 'verify', 'query_info',
        'remove_stale'])
        Gio._promisify(prototype, `${operation}_async`, `${operation}_finish`);
    prototype.hold = hold;
}
