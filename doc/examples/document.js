// SPDX-FileCopyrightText: 2026 The GLockFile authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Keeps a document locked for as long as it is open: gjs -m document.js FILE
//
// The main loop stands for a window with the document; a line on standard input, or
// its end, closes it.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GLockFile from 'gi://GLockFile';
import System from 'system';

Gio._promisify(Gio.DataInputStream.prototype, 'read_line_async');

const [fileName] = ARGV;
const autosave = `${fileName}.autosave`;
const lock = GLockFile.LockFile.new(`${fileName}.lock`);
const input = Gio.DataInputStream.new(new Gio.UnixInputStream({fd: 0}));
let status = 0;

function fail(error) {
    printerr(error.message);
    status = 1;
}

GLib.set_application_name('Text Editor'); // what others are told
// It may be open for days: no age may decide that its editor is gone.
lock.stale_lock_time = 0;
// Others can change the document then: an editor no longer saves without asking.
lock.connect('lost', (_, error) => fail(error));

async function main() {
    // Not at once, for somebody may just be closing it.
    await lock.try_lock_async(300, GLib.PRIORITY_DEFAULT, null);

    if (lock.previous_holder)
        print(lock.previous_holder.describe());
    // We have the lock, so whoever wrote this is gone, known to us or not.
    if (GLib.file_test(autosave, GLib.FileTest.EXISTS))
        print(`There are unsaved changes in “${autosave}”.`);

    print('The document is ours.');
    await input.read_line_async(GLib.PRIORITY_DEFAULT, null);
    await lock.unlock_async(GLib.PRIORITY_DEFAULT, null);
}

const loop = new GLib.MainLoop(null, false);
main()
    .catch(fail) // if it is in use, this says by whom
    .finally(() => loop.quit());
loop.run();
System.exit(status);
