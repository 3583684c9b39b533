# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Where this Python looks for modules below a prefix: find-python-folder.py FOLDER PREFIX

FOLDER is where Meson would install them. Below /usr/local, Debian's Python looks
elsewhere, and what it does not look into is of no use.
"""

import os
import sys

folder, prefix = map(os.path.normpath, sys.argv[1:])
searched = [path for path in sys.path
            if path.startswith(f'{prefix}/lib') and path.endswith('-packages')]
print(folder if folder in searched or not searched else searched[0])
