# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The shared library lets out what the map and the public headers promise.

A symbol that is in one of the three places only is a mistake in another: it
cannot be linked against, cannot be called, or can be called but is no promise.
"""

import argparse
import re
import subprocess

import surface
from tap import run, test

parser = argparse.ArgumentParser()
parser.add_argument('--library', required=True)
parser.add_argument('--nm', required=True)
parser.add_argument('--readelf', required=True)
parser.add_argument('--map', required=True)
parser.add_argument('--debian', required=True, help="the Debian package's list of symbols")
parser.add_argument('headers', nargs='+')
arguments = parser.parse_args()

VERSION_NODE = 'GLOCKFILE_1.0'


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def exported():
    """The dynamic symbols, each with its kind and its version."""
    symbols = {}
    for line in output(arguments.nm, '-D', '--defined-only', '--with-symbol-versions',
                       arguments.library).splitlines():
        _, kind, symbol = line.split()
        name, _, version = symbol.partition('@@')
        symbols[name] = kind, version
    return symbols


def difference(left, right):
    return sorted(set(left) - set(right))


@test
def exports_are_those_of_the_map():
    promised = surface.map_symbols(arguments.map)
    found = difference(exported(), {VERSION_NODE})
    assert not difference(promised, found), f'not exported: {difference(promised, found)}'
    assert not difference(found, promised), f'not in the map: {difference(found, promised)}'


@test
def exports_are_those_of_the_debian_package():
    with open(arguments.debian, encoding='utf-8') as file:
        listed = re.findall(rf'^ ([\w.]+)@{VERSION_NODE} ', file.read(), re.MULTILINE)
    assert set(listed) == set(exported()), set(listed) ^ set(exported())


@test
def exports_are_functions_of_one_version():
    strange = {name: symbol for name, symbol in exported().items()
               if name != VERSION_NODE and symbol != ('T', VERSION_NODE)}
    assert not strange, strange


@test
def declarations_are_those_of_the_map():
    promised = surface.map_symbols(arguments.map)
    declared = surface.declarations(arguments.headers)
    assert not difference(promised, declared), \
        f'in no public header: {difference(promised, declared)}'
    assert not difference(declared, promised), f'not in the map: {difference(declared, promised)}'


@test
def declarations_say_which_version_brought_them():
    bare = [declaration for declaration in surface.declarations(arguments.headers).values()
            if not declaration.startswith(surface.AVAILABLE + ' ')]
    assert not bare, bare


@test
def soname_is_the_promised_one():
    dynamic = output(arguments.readelf, '-d', arguments.library)
    assert '[libglockfile-1.0.so.0]' in dynamic, dynamic


run()
