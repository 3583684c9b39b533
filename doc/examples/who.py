# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tells who holds a lock: who.py LOCK-FILE"""

import sys

import gi
gi.require_version('GLockFile', '1.0')
from gi.repository import GLib, GLockFile

LockFileError = GLockFile.LockFileError

lock = GLockFile.LockFile.new(sys.argv[1])
lock.set_stale_lock_time(0)
try:
    lock.try_lock(200, None)
    sys.exit('Nobody holds this lock.')
except GLib.Error as error:
    if not error.matches(LockFileError.quark(), LockFileError.LOCKED):
        raise
    print(f'message:  {error.message}')

info = lock.query_info(None)
print(f'program:  {info.props.app_name}')
print(f'name:     {info.props.display_name}')
print(f'process:  {info.props.pid}')
print(f'state:    {info.props.holder_state.value_nick}')
print(f'user:     {info.props.user_name}')
print(f'host:     {info.props.hostname}')
if info.props.locked_since:
    print(f'since:    {info.props.locked_since.to_local().format("%H:%M:%S")}')
