#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Prints the files that the configuration of gi-docgen lists: find-content.py CONFIG"""

import re
import sys
from pathlib import Path

for entry in re.findall(r'^(?:content_\w+|urlmap_file) = (\[.*?\]|".*?")', Path(sys.argv[1]).read_text(),
                        re.MULTILINE | re.DOTALL):
    print(*re.findall(r'"([^"]+)"', entry), sep='\n')
