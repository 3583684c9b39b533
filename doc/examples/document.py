# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Keeps a document locked for as long as it is open: document.py FILE

The main loop stands for a window with the document; a line on standard input, or its
end, closes it.
"""

import os
import sys

import gi
gi.require_version('GLockFile', '1.0')
from gi.repository import GLib, GLockFile


class Document:
    def __init__(self, file_name):
        self.autosave = f'{file_name}.autosave'
        self.status = 0
        self.loop = GLib.MainLoop()

        self.lock = GLockFile.LockFile.new(f'{file_name}.lock')
        # It may be open for days: no age may decide that its editor is gone.
        self.lock.stale_lock_time = 0
        self.lock.connect('lost', self.on_lost)
        # Not at once, for somebody may just be closing it.
        self.lock.try_lock_async(300, GLib.PRIORITY_DEFAULT, None, self.on_locked)

    def on_locked(self, lock, result):
        try:
            lock.try_lock_finish(result)
        except GLib.Error as error:
            self.fail(error)  # if it is in use, this says by whom
            self.loop.quit()
            return

        if lock.previous_holder:
            print(lock.previous_holder.describe())
        # We have the lock, so whoever wrote this is gone, known to us or not.
        if os.path.exists(self.autosave):
            print(f'There are unsaved changes in “{self.autosave}”.')

        print('The document is ours.', flush=True)
        GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP,
                          self.on_close)

    def on_lost(self, lock, error):
        # Others can change the document now: an editor no longer saves without asking.
        self.fail(error)

    def on_close(self, *_):
        self.lock.unlock_async(GLib.PRIORITY_DEFAULT, None, self.on_unlocked)
        return GLib.SOURCE_REMOVE

    def on_unlocked(self, lock, result):
        try:
            lock.unlock_finish(result)
        except GLib.Error as error:
            self.fail(error)
        self.loop.quit()

    def fail(self, error):
        print(error.message, file=sys.stderr, flush=True)
        self.status = 1


GLib.set_application_name('Text Editor')  # what others are told
document = Document(sys.argv[1])
document.loop.run()
sys.exit(document.status)
