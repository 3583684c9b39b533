# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs the functions that are marked with @test, and reports in TAP.

What went wrong is told on standard error: Meson shows no other.
"""

import re
import sys
import traceback

_tests = []


def test(function):
    _tests.append(function)
    return function


class Skip(Exception):
    """The test needs something that is not here; the argument says what."""


def run():
    print(f'1..{len(_tests)}', flush=True)
    failed = 0
    for number, function in enumerate(_tests, 1):
        name = re.sub('_', '-', function.__name__)
        try:
            function()
        except Skip as reason:
            print(f'ok {number} {name} # SKIP {reason}')
        except Exception:
            failed += 1
            traceback.print_exc()
            print(f'not ok {number} {name}')
        else:
            print(f'ok {number} {name}')
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
