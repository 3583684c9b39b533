// SPDX-FileCopyrightText: 2026 The GLockFile authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Folders, the other process, and assertions for tests of GLockFile in JavaScript.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GLockFile from 'gi://GLockFile?version=1.0';

import {assert, assertEqual, assertRejects, assertThrows} from './tap.js';

const HELPER = GLib.getenv('GLOCKFILE_TEST_HELPER');

export const LONG = 60000;

export const Code = GLockFile.LockFileError;
export const State = GLockFile.LockFileHolderState;

/** Calls f, and cleans up after it, or after the promise that it answers. */
function doAndCleanUp(f, cleanUp) {
    let result;

    try {
        result = f();
    } catch (error) {
        cleanUp();
        throw error;
    }
    if (result instanceof Promise)
        return result.finally(cleanUp);
    cleanUp();
    return result;
}

/** Calls f with a file name in a new folder. */
export function withPath(f) {
    const folder = GLib.Dir.make_tmp('glockfile-javascript-XXXXXX');

    return doAndCleanUp(() => f(GLib.build_filenamev([folder, 'lock'])), () => {
        const file = Gio.File.new_for_path(folder);
        for (const info of file.enumerate_children('standard::name', 0, null))
            file.get_child(info.get_name()).delete(null);
        file.delete(null);
    });
}

export function exists(path) {
    return GLib.file_test(path, GLib.FileTest.EXISTS);
}

/** The other process. */
export class Helper {
    constructor(path, ...options) {
        this._process = Gio.Subprocess.new([HELPER, ...options, path],
            Gio.SubprocessFlags.STDIN_PIPE | Gio.SubprocessFlags.STDOUT_PIPE);
        this._output = Gio.DataInputStream.new(this._process.get_stdout_pipe());
        this.pid = Number(this._process.get_identifier());
        assertEqual(this.answer(), `ready ${this.pid}`);
    }

    static with(path, options, f) {
        const helper = new Helper(path, ...options);

        return doAndCleanUp(() => f(helper), () => {
            helper._process.get_stdin_pipe().close(null);
            helper._process.wait(null);
        });
    }

    send(command) {
        this._process.get_stdin_pipe().write_all(`${command}\n`, null);
    }

    answer() {
        const [line] = this._output.read_line_utf8(null);
        return line;
    }

    ask(command) {
        this.send(command);
        return this.answer();
    }

    lock() {
        assertEqual(this.ask('lock'), 'ok');
    }

    kill() {
        this._process.force_exit();
        this._process.wait(null);
    }
}

/** A lock file whose holder was killed; answers its process ID. */
export function leftover(path) {
    let pid;

    Helper.with(path, [], helper => {
        pid = helper.pid;
        helper.lock();
        helper.kill();
    });
    assert(exists(path));
    return pid;
}

function assertIs(error, code, domain) {
    assert(error.matches?.(domain, code), `${error} is not code ${code} of ${domain.name}`);
    assert(error instanceof domain);
    assert(error.message.length > 0);
    return error;
}

export function assertFails(code, f, domain = Code) {
    return assertIs(assertThrows(f), code, domain);
}

export async function assertFailsAsync(code, promise, domain = Code) {
    return assertIs(await assertRejects(promise), code, domain);
}

/** An array that grows with the property's value at each notification. */
export function notifications(instance, name) {
    const seen = [];

    instance.connect(`notify::${name}`, () => seen.push(instance[name]));
    return seen;
}

/** A promise of the signal's arguments. */
export function emission(instance, signal) {
    return new Promise(resolve => {
        const handler = instance.connect(signal, (...args) => {
            instance.disconnect(handler);
            resolve(args);
        });
    });
}

/** Lets the main loop run. */
export function pass(milliseconds) {
    return new Promise(resolve => GLib.timeout_add(GLib.PRIORITY_DEFAULT, milliseconds, () => {
        resolve();
        return GLib.SOURCE_REMOVE;
    }));
}
