# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Appends what comes in to a journal, line by line: journal.py FILE

It holds the lock for long and has no main loop, so it asks before each step whether the
lock is still its own.
"""

import sys

import gi
gi.require_version('GLockFile', '1.0')
from gi.repository import GLib, GLockFile

journal = sys.argv[1]
lock = GLockFile.LockFile.new(f'{journal}.lock')
lock.stale_lock_time = 0
try:
    with lock:  # waits without limit
        print('The journal is ours.', flush=True)
        for line in sys.stdin:
            lock.verify()
            with open(journal, 'a') as file:
                file.write(line)
except GLib.Error as error:
    sys.exit(error.message)
