// SPDX-FileCopyrightText: 2026 The GLockFile authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Runs functions as tests, and reports in TAP. What went wrong is told on
// standard error: Meson shows no other.

import System from 'system';

function show(value) {
    return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

export function assert(truth, message) {
    if (!truth)
        throw new Error(message ?? 'assertion failed');
}

export function assertEqual(found, wanted) {
    assert(found === wanted, `${show(found)} is not ${show(wanted)}`);
}

export function assertThrows(f) {
    let result;

    try {
        result = f();
    } catch (error) {
        return error;
    }
    throw new Error(`did not throw, and answered ${show(result)}`);
}

/** What an asynchronous function fails with. */
export async function assertRejects(promise) {
    let result;

    try {
        result = await promise;
    } catch (error) {
        return error;
    }
    throw new Error(`did not fail, and answered ${show(result)}`);
}

/** Runs an object's methods, asynchronous or not; a test's name is its method's, in kebab-case. */
export async function run(tests) {
    const entries = Object.entries(tests);
    let failed = 0;

    print(`1..${entries.length}`);
    for (const [index, [method, test]] of entries.entries()) {
        const name = method.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);

        try {
            await test();
            print(`ok ${index + 1} ${name}`);
        } catch (error) {
            failed++;
            printerr(`${error}\n${error.stack}`);
            print(`not ok ${index + 1} ${name}`);
        }
    }
    System.exit(failed > 0 ? 1 : 0);
}
