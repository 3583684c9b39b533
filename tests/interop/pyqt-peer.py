#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""qt-peer.cpp in Python: a QLockFile of PyQt6 that is driven by lines."""

import argparse
import os
import sys

from PyQt6.QtCore import QLockFile


def succeeded_or_error(success, lock):
    return 'ok' if success else 'error ' + lock.error().name


def lock_info(lock):
    # PyQt answers only what getLockInfo() fills in: a success flag and the
    # three values in one tuple.
    success, pid, host, app = lock.getLockInfo()
    return f'ok pid={pid} host={host} app={app}' if success else 'error no information'


def answer(lock, command):
    name, _, argument = command.partition(' ')
    if name == 'lock':
        return succeeded_or_error(lock.lock(), lock)
    if name == 'try':
        return succeeded_or_error(lock.tryLock(int(argument)), lock)
    if name == 'unlock':
        lock.unlock()
        return 'ok'
    if name == 'is-locked':
        return 'yes' if lock.isLocked() else 'no'
    if name == 'info':
        return lock_info(lock)
    if name == 'remove-stale':
        return 'ok' if lock.removeStaleLockFile() else 'error not removed'
    if name == 'error':
        return lock.error().name
    if name == 'exit':
        os._exit(0)
    return 'error unknown command'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--stale-lock-time', type=int, default=30000, metavar='MS')
    parser.add_argument('file_name', metavar='LOCK-FILE')
    arguments = parser.parse_args()

    lock = QLockFile(arguments.file_name)
    lock.setStaleLockTime(arguments.stale_lock_time)

    print('ready', os.getpid(), flush=True)
    for line in sys.stdin:
        print(answer(lock, line.rstrip('\n')), flush=True)


main()
