# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the README shows is true: its programs are the tested ones, its
commands and links lead somewhere, and the programs do what it says.
"""

import argparse
import re
from pathlib import Path

import examples
import pages
from tap import Skip, run, test

parser = argparse.ArgumentParser()
parser.add_argument('--source-root', type=Path, required=True)
parser.add_argument('--example', type=Path, required=True, help='example.c, compiled')
parser.add_argument('--vala-example', type=Path, help='example.vala, compiled, if it was')
parser.add_argument('--gi-python', default='', help='empty where there is none')
parser.add_argument('--gjs', default='', help='empty where there is none')
parser.add_argument('--worker', type=Path, help='what the demo measures, if it can')
arguments = parser.parse_args()

readme = (arguments.source_root / 'README.md').read_text()
example_folder = arguments.source_root / 'doc' / 'examples'
BLOCKS = {
    'c': example_folder / 'example.c',
    'python': example_folder / 'example.py',
    'js': example_folder / 'example.js',
}


def c_command():
    return [arguments.example.resolve()]


def python_command():
    if not arguments.gi_python:
        raise Skip('there is no Python with gi')
    return [arguments.gi_python, BLOCKS['python']]


def js_command():
    if not arguments.gjs:
        raise Skip('there is no gjs')
    return [arguments.gjs, '-m', BLOCKS['js']]


def vala_command():
    if not arguments.vala_example:
        raise Skip('there is no vapi, or no valac')
    return [arguments.vala_example.resolve()]


@test
def blocks_are_the_tested_files():
    blocks = pages.blocks(readme)
    for language, path in BLOCKS.items():
        found = [text for block_language, text in blocks if block_language == language]
        assert len(found) == 1, f'{len(found)} blocks in {language}'
        assert found[0] == pages.without_licence(path.read_text()), f'the {language} block is not {path}'


@test
def links_lead_somewhere():
    targets = [target for target in re.findall(r'\]\(([^)#]+)', readme) if '://' not in target]
    assert targets
    for target in targets:
        assert (arguments.source_root / target).exists(), f'there is no {target}'


@test
def c_updates_the_settings():
    examples.assert_updates_the_settings(c_command())


@test
def c_tells_who_holds_the_lock():
    examples.assert_tells_who_holds_the_lock(c_command())


@test
def c_lets_go_when_it_fails():
    examples.assert_lets_go_when_it_fails(c_command())


@test
def python_updates_the_settings():
    examples.assert_updates_the_settings(python_command())


@test
def python_tells_who_holds_the_lock():
    examples.assert_tells_who_holds_the_lock(python_command())


@test
def python_lets_go_when_it_fails():
    examples.assert_lets_go_when_it_fails(python_command())


@test
def js_updates_the_settings():
    examples.assert_updates_the_settings(js_command())


@test
def js_tells_who_holds_the_lock():
    examples.assert_tells_who_holds_the_lock(js_command())


@test
def js_lets_go_when_it_fails():
    examples.assert_lets_go_when_it_fails(js_command())


@test
def vala_updates_the_settings():
    examples.assert_updates_the_settings(vala_command())


@test
def vala_tells_who_holds_the_lock():
    examples.assert_tells_who_holds_the_lock(vala_command())


@test
def vala_lets_go_when_it_fails():
    examples.assert_lets_go_when_it_fails(vala_command())


@test
def demo_keeps_its_promises():
    python_command()
    if not arguments.worker:
        raise Skip('a sanitizer would be measured')
    worker = arguments.worker.resolve()
    with examples.Folder() as folder:
        finished = folder.run([arguments.gi_python, example_folder / 'demo.py', worker])
    examples.assert_success(finished)
    assert finished.stdout.endswith('All as promised.\n'), finished.stdout


run()
