# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tells who holds a lock, with PyQt: holder.py LOCK-FILE"""

import sys

from PyQt6.QtCore import QLockFile

lock_file = QLockFile(sys.argv[1])
lock_file.setStaleLockTime(0)
if lock_file.tryLock(200):
    sys.exit('Nobody holds this lock.')
known, pid, hostname, application = lock_file.getLockInfo()
print(f'{application}, process {pid} on {hostname}' if known else lock_file.error())
