# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Locales that the system need not have: without one of the language, nothing is
translated, and its months have no names."""

import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tap import Skip

SOURCES = Path('/usr/share/i18n/locales')


def _make(folder, name):
    """NAME is such as de_DE.UTF-8."""
    source, charset = name.split('.')
    if not (SOURCES / source).exists():
        raise Skip(f'there is no source of the locale {source}')
    subprocess.run(['localedef', '--no-archive', '--quiet', '-i', source, '-f', charset,
                    folder / name], check=True)


def make(folder, *names):
    """Answers what the environment of a program must have to find them."""
    if not shutil.which('localedef'):
        raise Skip('there is no localedef')
    folder.mkdir()
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: _make(folder, name), names))
    return {'LOCPATH': str(folder)}
