# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the package filelock looks like: what the page for those who come from it begins with."""

import configparser
import sys

from filelock import FileLock, Timeout

settings = configparser.ConfigParser()
try:
    with FileLock('settings.ini.filelock', timeout=0.5):
        settings.read('settings.ini')
        opened = settings.getint('window', 'opened')
        settings.set('window', 'opened', str(opened + 1))
        with open('settings.ini', 'w') as file:
            settings.write(file)
except Timeout as error:
    sys.exit(str(error))
