# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Says some of what say.c does, from Python: say.py CATALOGUES FOLDER"""

import locale
import os
import sys
import threading

import gi

gi.require_version('GLockFile', '1.0')
from gi.repository import Gio, GLib, GLockFile


def say(name, message):
    sys.stdout.buffer.write(f'{name}\t{message}\n'.encode())


def say_error(name, function, *arguments):
    try:
        function(*arguments)
    except GLib.Error as error:
        say(name, error.message)
    else:
        raise AssertionError(f'{name} did not fail')


def lock_file(name):
    # However old the file is by now.
    return GLockFile.LockFile(file_name=os.path.join(folder, name), stale_lock_time=0)


def try_in_thread():
    say_error('thread', lock_file('directory').try_lock, 0, None)


catalogues, folder = sys.argv[1:]
locale.setlocale(locale.LC_ALL, '')
# What the library bound, when this loaded it, is where it will be installed.
GLockFile.LockFile
locale.bindtextdomain('glockfile', catalogues)
GLib.set_application_name('Teller')

say_error('no-path', GLockFile.LockFile.new_for_file,
          Gio.File.new_for_uri('http://example.org/lock'))

for name in 'directory', 'doubtful':
    say_error(name, lock_file(name).try_lock, 0, None)
for name in 'doubtful', 'leftover', 'little':
    say(f'describe-{name}', lock_file(name).query_info(None).describe())
with_lock = lock_file('own')
with_lock.lock(None)
say('running', lock_file('own').query_info(None).describe())
with_lock.unlock()
thread = threading.Thread(target=try_in_thread)
thread.start()
thread.join()
