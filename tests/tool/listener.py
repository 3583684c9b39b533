# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A command that tells the signals that come to it, by name, and ends by SIGUSR2 with
status 5. A test that fails may leave it behind, but not for ever."""

import os
import signal
import sys


def tell(number, _):
    os.write(1, signal.Signals(number).name.encode() + b'\n')
    if number == signal.SIGUSR2:
        sys.exit(5)


signal.alarm(300)
for heard in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1,
              signal.SIGUSR2):
    signal.signal(heard, tell)
os.write(1, b'listening\n')
while True:
    signal.pause()
