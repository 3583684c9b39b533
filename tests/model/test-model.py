#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Has Spin search the models, and reports in TAP: test-model.py [--long] [--list] [NAME…]

Each search goes through all states that a model can reach, or, where a fault is
seeded, until it finds what the fault does. --long takes the larger searches too.
With the name of a search it prints the way to what it found.
"""

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import tap

HERE = os.path.dirname(os.path.abspath(__file__))
MEGABYTE = 1 << 20
MAX_MEMORY = 1900 * MEGABYTE

HOLDER = r'assertion violated \(holders==0\)'
LIVE_FILE = r'assertion violated \(\(lives'
EXCLUSION = f'{HOLDER}|{LIVE_FILE}'
LOCK_OUT = r'assertion violated +!\(last\)'
NOT_EXACT = r'assertion violated seen_held'
LOST_WAKE_UP = r'invalid end state'
FORK_REMOVES = r'assertion violated +!\(live'
FORK_LOCK_OUT = r'assertion violated \( !\(\(parent_done'

# Name of the search, model, what it is defined with.
SHORT = [
    ('three-contenders', 'exclusion', 'GLOCKS=3 LEVELS=2'),
    ('no-lock-out', 'exclusion', 'GLOCKS=3 LEVELS=4 CRASHES=2 CHECK_LOCK_OUT'),
    ('try-without-time', 'exclusion', 'GLOCKS=3 LEVELS=2 CRASHES=0 TRYING=1'),
    ('name-too-long', 'exclusion', 'GLOCKS=3 LEVELS=1 NO_RMLOCK'),
    ('creation', 'exclusion', 'GLOCKS=2 CREATING=3 EMPTY_AGES'),
    ('creation-no-lock-out', 'exclusion', 'GLOCKS=3 CREATING=1 EMPTY_AGES CHECK_LOCK_OUT'),
    ('no-kernel-locks', 'exclusion', 'GLOCKS=2 UNLOCKED'),
    ('no-kernel-locks-no-lock-out', 'exclusion', 'GLOCKS=3 UNLOCKED CHECK_LOCK_OUT'),
    ('qt', 'qt', 'GLOCKS=1 QTS=1'),
    ('qt-unseen', 'qt', 'GLOCKS=1 QTS=1 UNSEEN_QT'),
    ('qt-ages', 'qt', 'GLOCKS=1 QTS=1 QT_AGES MAY_CRASH_UNLINKED=0'),
    ('qt-forced-removal', 'qt', 'GLOCKS=2 QTS=1 LEVELS=2 CRASHES=0 FORCING=1'),
    ('qt-no-lock-out', 'qt', 'GLOCKS=2 QTS=1 EMPTY_AGES CHECK_LOCK_OUT'),
    ('two-qt', 'qt', 'GLOCKS=1 QTS=2 LEVELS=2 CRASHES=0'),
    ('waiting', 'waiting', 'CRASHES=2'),
    ('fork', 'fork', ''),
]

LONG = [
    ('three-contenders-deep', 'exclusion', 'GLOCKS=3 CRASHES=2'),
    ('four-contenders', 'exclusion', 'GLOCKS=4 LEVELS=2 CRASHES=0'),
    ('try-without-time-crashes', 'exclusion', 'GLOCKS=3 TRYING=1'),
    ('one-creates-of-three', 'exclusion', 'GLOCKS=3 LEVELS=2 CREATING=1 EMPTY_AGES'),
    ('no-kernel-locks-three', 'exclusion', 'GLOCKS=3 CRASHES=2 UNLOCKED'),
    ('one-qt', 'qt', 'GLOCKS=2 QTS=1 LEVELS=2'),
    ('one-qt-unseen', 'qt', 'GLOCKS=2 QTS=1 LEVELS=2 UNSEEN_QT'),
    ('one-qt-ages', 'qt', 'GLOCKS=2 QTS=1 LEVELS=2 QT_AGES MAY_CRASH_UNLINKED=0'),
    ('one-qt-try-without-time', 'qt', 'GLOCKS=2 QTS=1 LEVELS=2 TRYING=1'),
    ('one-qt-creation', 'qt', 'GLOCKS=2 QTS=1 LEVELS=2 CREATING=1 EMPTY_AGES'),
    ('one-qt-forced-removal', 'qt', 'GLOCKS=2 QTS=1 LEVELS=2 FORCING=1 EMPTY_AGES'),
    ('two-qt-crash', 'qt', 'GLOCKS=1 QTS=2 LEVELS=2'),
    ('two-qt-unseen', 'qt', 'GLOCKS=1 QTS=2 LEVELS=2 UNSEEN_QT'),
    ('two-qt-that-end', 'qt', 'GLOCKS=1 QTS=2 LEVELS=2 CRASHES=0 QT_ENDS_QUICKLY'),
    ('three-qt-alone', 'qt', 'GLOCKS=0 QTS=3 LEVELS=2'),
    ('waiting-four-looks', 'waiting', 'CRASHES=3 HINTS=4'),
]

# The same with a fault, and what it must lead to. None: nothing, see README.md.
SEEDED = [
    ('no-check', 'exclusion', 'GLOCKS=3 LEVELS=2 SEED_NO_CHECK', EXCLUSION),
    ('late-lock', 'exclusion', 'GLOCKS=3 LEVELS=2 SEED_LATE_LOCK', EXCLUSION),
    ('no-kernel-lock', 'exclusion', 'GLOCKS=3 LEVELS=1 NO_RMLOCK SEED_NO_KERNEL_LOCK', EXCLUSION),
    ('no-kernel-lock-empty', 'exclusion', 'GLOCKS=3 LEVELS=2 CREATING=1 EMPTY_AGES SEED_NO_KERNEL_LOCK',
     EXCLUSION),
    ('no-rmlock-nor-kernel-locks', 'exclusion', 'GLOCKS=3 LEVELS=1 UNLOCKED NO_RMLOCK', EXCLUSION),
    ('check-before-lock', 'exclusion', 'GLOCKS=3 LEVELS=2 CREATING=1 EMPTY_AGES SEED_CHECK_BEFORE_LOCK',
     EXCLUSION),
    ('no-grace', 'exclusion', 'GLOCKS=3 LEVELS=2 CRASHES=0 TRYING=1 SEED_NO_GRACE', NOT_EXACT),
    ('creation-never-ages', 'exclusion', 'GLOCKS=3 CREATING=1 CHECK_LOCK_OUT', LOST_WAKE_UP),
    ('no-rmlock', 'qt', 'GLOCKS=1 QTS=1 LEVELS=2 NO_RMLOCK', EXCLUSION),
    ('no-rmlock-two-qt', 'qt', 'GLOCKS=1 QTS=2 LEVELS=2 CRASHES=0 NO_RMLOCK', EXCLUSION),
    ('lock-before-read', 'qt', 'GLOCKS=1 QTS=1 LEVELS=2 UNSEEN_QT SEED_LOCK_BEFORE_READ', EXCLUSION),
    ('lock-empty', 'qt', 'GLOCKS=1 QTS=1 LEVELS=2 UNSEEN_QT SEED_LOCK_EMPTY', EXCLUSION),
    ('force-empty', 'qt', 'GLOCKS=2 QTS=1 LEVELS=2 FORCING=1 SEED_FORCE_EMPTY', EXCLUSION),
    ('no-look-at-rmlock', 'qt', 'GLOCKS=2 QTS=1 LEVELS=2 QT_AGES MAY_CRASH_UNLINKED=0 SEED_NO_LOOK_AT_RMLOCK',
     EXCLUSION),
    ('crash-behind-unlink', 'qt', 'GLOCKS=2 QTS=1 LEVELS=2 QT_AGES', EXCLUSION),
    ('qt-by-kernel-alone', 'qt', 'GLOCKS=1 QTS=1 LEVELS=2 SEED_QT_BY_KERNEL_ALONE', EXCLUSION),
    ('one-free-look', 'qt', 'GLOCKS=1 QTS=1 LEVELS=2 UNSEEN_QT SEED_ONE_FREE_LOOK', EXCLUSION),
    ('no-second-look', 'waiting', 'CRASHES=1 SEED_NO_SECOND_LOOK', None),
    ('no-second-look-nor-pidfd', 'waiting', 'CRASHES=1 SEED_NO_SECOND_LOOK SEED_NO_PIDFD', LOST_WAKE_UP),
    ('no-pidfd', 'waiting', 'CRASHES=2 SEED_NO_PIDFD', LOST_WAKE_UP),
    ('earlier-pidfd', 'waiting', 'CRASHES=2 SEED_EARLIER_PIDFD', LOST_WAKE_UP),
    ('sleeps-on-the-dead', 'waiting', 'CRASHES=2 SEED_SLEEPS_ON_THE_DEAD', LOST_WAKE_UP),
    ('no-look-behind-watch', 'waiting', 'CRASHES=1 SEED_NO_LOOK_BEHIND_WATCH', LOST_WAKE_UP),
    ('unlock-holder', 'fork', 'SEED_UNLOCK_HOLDER', FORK_REMOVES),
    ('child-keeps', 'fork', 'SEED_CHILD_KEEPS', FORK_LOCK_OUT),
    ('judge-only-closes', 'fork', 'SEED_JUDGE_ONLY_CLOSES', FORK_LOCK_OUT),
]


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY + 100 * MEGABYTE,) * 2)


def run(folder, *command):
    process = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, check=False, preexec_fn=limit_memory)
    return process.stdout


def search(folder, model, defines, optimise):
    source = os.path.join(HERE, model + '.pml')
    for _ in range(5):
        output = run(folder, 'spin', '-a', *('-D' + define for define in defines.split()), source)
        if 'preprocessing failed' not in output:
            break
        time.sleep(1)  # There may be no room for its gcc process at this moment.
    assert os.path.exists(os.path.join(folder, 'pan.c')) and 'Error' not in output, output
    output = run(folder, 'gcc', optimise, '-w', '-DSAFETY', '-DCOLLAPSE', '-DVECTORSZ=2048',
                 f'-DMEMLIM={MAX_MEMORY // MEGABYTE}', '-o', 'pan', 'pan.c')
    assert os.path.exists(os.path.join(folder, 'pan')), output
    return run(folder, './pan', '-m200000', '-n')


def figure(pattern, output):
    found = re.search(pattern, output)
    return float(found[1]) if found else 0


def must_be_exhaustive(output):
    for limit in ('search depth too small', 'MEMLIM', 'out of memory', 'Search not completed'):
        assert limit not in output, output
    assert 'errors: 0' in output, output


def must_find(expected, output):
    found = re.search(r'^pan:\d+: (.*) \(at depth', output, re.MULTILINE)
    assert found and re.search(expected, found[1]), output


def show_way(folder, model, defines):
    """Without the steps within a system call."""
    command = ['spin', '-t', '-p', '-k', os.path.join(folder, model + '.pml.trail'),
               *('-D' + define for define in defines.split()), os.path.join(HERE, model + '.pml')]
    for line in run(folder, *command).splitlines():
        step = re.match(r' *(\d+):\tproc +(\d+) \((\w+):\d+\) (\S+) \(state \d+\)\t(.*)', line)
        if step is None or re.match(r'\[(\.\(goto\)|IF|DO|else|sub-sequence)', step[5]):
            continue
        place = os.path.basename(step[4])
        if not place.startswith('system.inc'):
            print(f'# {step[1]:>4} {step[3]} {step[2]} {place} {step[5]}')


def define_test(name, model, defines, expected=None, *, optimise, show):
    def function():
        for program in ('spin', 'gcc'):
            if shutil.which(program) is None:
                raise tap.Skip(f'{program} is not installed')
        with tempfile.TemporaryDirectory() as folder:
            start = time.monotonic()
            output = search(folder, model, defines, optimise)
            print(f'# {model} {defines}: '
                  f'{figure(r"([0-9.e+]+) states, stored", output):.0f} states, '
                  f'{figure(r"([0-9.]+)	total actual memory", output):.0f} MiB, '
                  f'{time.monotonic() - start:.1f} s')
            if show and 'errors: 0' not in output:
                show_way(folder, model, defines)
            if expected is None:
                must_be_exhaustive(output)
            else:
                must_find(expected, output)

    function.__name__ = name
    tap.test(function)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--long', action='store_true', help='the larger searches too')
    parser.add_argument('--list', action='store_true', help='only list the searches')
    parser.add_argument('names', nargs='*', metavar='NAME', help='only these searches')
    arguments = parser.parse_args()

    searches = [(one, '-O0') for one in SHORT]
    searches += [(('seeded-' + name, *rest), '-O0') for name, *rest in SEEDED]
    if arguments.long or arguments.names or arguments.list:
        searches += [(one, '-O2') for one in LONG]
    if arguments.names:
        known = [one[0] for one, _ in searches]
        for name in arguments.names:
            if name not in known:
                parser.error(f'there is no search {name}; see --list')
        searches = [one for one in searches if one[0][0] in arguments.names]
    for one, optimise in searches:
        if arguments.list:
            print(*one[:3])
        else:
            define_test(*one, optimise=optimise, show=bool(arguments.names))
    if not arguments.list:
        tap.run()


main()
