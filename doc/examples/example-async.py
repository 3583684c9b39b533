# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

import asyncio
import sys

import gi
gi.require_version('GLockFile', '1.0')
from gi.repository import GLib, GLockFile


async def count():
    lock = GLockFile.LockFile.new('settings.ini.lock')
    settings = GLib.KeyFile()
    async with lock.hold(timeout=500):  # waits half a second at most
        settings.load_from_file('settings.ini', GLib.KeyFileFlags.KEEP_COMMENTS)
        opened = settings.get_integer('window', 'opened')
        settings.set_integer('window', 'opened', opened + 1)
        settings.save_to_file('settings.ini')


try:
    asyncio.run(count())
except GLib.Error as error:
    sys.exit(error.message)  # says who holds the lock, if somebody does
