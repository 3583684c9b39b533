// SPDX-FileCopyrightText: 2026 The GLockFile authors
// SPDX-License-Identifier: LGPL-2.1-or-later

import GLib from 'gi://GLib';
import GLockFile from 'gi://GLockFile';
import System from 'system';

const lock = GLockFile.LockFile.new('settings.ini.lock');
const settings = new GLib.KeyFile();
const loop = new GLib.MainLoop(null, false);
let status = 0;

lock.hold(() => {
    settings.load_from_file('settings.ini', GLib.KeyFileFlags.KEEP_COMMENTS);
    const opened = settings.get_integer('window', 'opened');
    settings.set_integer('window', 'opened', opened + 1);
    settings.save_to_file('settings.ini');
}, {timeout: 500}).catch(error => { // waits half a second at most
    printerr(error.message); // says who holds the lock, if somebody does
    status = 1;
}).finally(() => loop.quit());

loop.run();
System.exit(status);
