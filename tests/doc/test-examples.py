# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The examples of the documentation do what its pages say."""

import argparse
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import examples
import pages
from tap import Skip, run, test

parser = argparse.ArgumentParser()
parser.add_argument('--source-root', type=Path, required=True)
parser.add_argument('--build-root', type=Path, required=True)
parser.add_argument('--program', action='append', type=Path, default=[],
                    help='an example that was built')
parser.add_argument('--gi-python', default='', help='empty where there is none')
parser.add_argument('--gjs', default='', help='empty where there is none')
parser.add_argument('--qt', action='append', type=Path, default=[], help='settings.cpp, built')
arguments = parser.parse_args()

example_folder = arguments.source_root / 'doc' / 'examples'
programs = {path.name: path.resolve() for path in arguments.program}
OURS = 'The document is ours.'
FOREIGN = ('4711\ngedit\nelsewhere\nc0ffee00c0ffee00c0ffee00c0ffee00\n'
           '01234567-89ab-4cde-8f01-23456789abcd\nGLockFile 1 flock\nuser=alice\n')


def program(name):
    if name not in programs:
        raise Skip(f'{name} was not built')
    return [programs[name]]


def python(name):
    if not arguments.gi_python:
        raise Skip('there is no Python with gi')
    return [arguments.gi_python, example_folder / name]


def gjs(name):
    if not arguments.gjs:
        raise Skip('there is no gjs')
    return [arguments.gjs, '-m', example_folder / name]


class Process:
    """An example that goes on until its input ends."""

    def __init__(self, folder, command, file):
        self.process = subprocess.Popen([*command, file], cwd=folder.path, text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def expect(self, line):
        said = self.process.stdout.readline().rstrip('\n')
        if said != line:
            self.process.kill()
            raise AssertionError(f'“{said}” and not “{line}”: {self.process.stderr.read()}')

    def end(self):
        """Its exit status, and what it said about errors."""
        _, errors = self.process.communicate(timeout=examples.TIME_LIMIT)
        return self.process.returncode, errors


# --- A document ----------------------------------------------------------------------

def assert_keeps_a_document_locked(command):
    with examples.Folder() as folder:
        lock_file = folder.path / 'letter.txt.lock'
        with Process(folder, command, 'letter.txt') as editor:
            editor.expect(OURS)
            assert lock_file.exists()

            other = folder.run([*command, 'letter.txt'])
            examples.assert_failure(other, 'is locked', '“Text Editor”', str(editor.process.pid))
            assert OURS not in other.stdout

            assert editor.end() == (0, ''), 'it did not end well'
        assert not lock_file.exists()

        with Process(folder, command, 'letter.txt') as editor:
            editor.expect(OURS)
            crashed = editor.process.pid
        (folder.path / 'letter.txt.autosave').touch()
        with Process(folder, command, 'letter.txt') as editor:
            line = editor.process.stdout.readline()
            assert f'process {crashed}' in line and 'ended without unlocking it' in line, line
            editor.expect('There are unsaved changes in “letter.txt.autosave”.')
            editor.expect(OURS)
            lock_file.unlink()
            line = editor.process.stderr.readline()
            assert 'The lock is lost' in line, line
            assert editor.end() == (1, '')
        assert not lock_file.exists()


@test
def document_in_c():
    assert_keeps_a_document_locked(program('document'))


@test
def document_in_python():
    assert_keeps_a_document_locked(python('document.py'))


@test
def document_in_javascript():
    assert_keeps_a_document_locked(gjs('document.js'))


@test
def document_in_vala():
    assert_keeps_a_document_locked(program('document-vala'))


# --- A journal -----------------------------------------------------------------------

def assert_stops_when_the_lock_is_lost(command):
    with examples.Folder() as folder, Process(folder, command, 'journal') as writer:
        writer.expect('The journal is ours.')
        journal = folder.path / 'journal'
        writer.process.stdin.write('one\n')
        while not (journal.exists() and journal.read_text() == 'one\n'):
            assert writer.process.poll() is None, writer.process.stderr.read()
        (folder.path / 'journal.lock').unlink()
        writer.process.stdin.write('two\n')
        status, errors = writer.end()
        assert status == 1 and 'The lock is lost' in errors, errors
        assert journal.read_text() == 'one\n'


def assert_appends(command):
    with examples.Folder() as folder, Process(folder, command, 'journal') as writer:
        writer.expect('The journal is ours.')
        writer.process.stdin.write('one\ntwo\n')
        assert writer.end() == (0, '')
        assert (folder.path / 'journal').read_text() == 'one\ntwo\n'
        assert not (folder.path / 'journal.lock').exists()


@test
def journal_in_c():
    assert_appends(program('journal'))
    assert_stops_when_the_lock_is_lost(program('journal'))


@test
def journal_in_python():
    assert_appends(python('journal.py'))
    assert_stops_when_the_lock_is_lost(python('journal.py'))


# --- Settings ------------------------------------------------------------------------

@test
def settings_without_blocking_in_c():
    command = program('example-async')
    examples.assert_updates_the_settings(command)
    examples.assert_tells_who_holds_the_lock(command)
    examples.assert_lets_go_when_it_fails(command)


@test
def settings_without_blocking_in_python():
    command = python('example-async.py')
    examples.assert_updates_the_settings(command)
    examples.assert_tells_who_holds_the_lock(command)
    examples.assert_lets_go_when_it_fails(command)


@test
def settings_with_flock():
    with examples.Folder() as folder:
        examples.assert_success(folder.run(program('flock')))
        assert folder.settings.read_text() == examples.SETTINGS.replace('41', '42')
        # What the page says of it.
        assert (folder.path / 'settings.ini.flock').read_bytes() == b''


@test
def settings_with_filelock():
    command = python('before/use-filelock.py')
    if subprocess.run([command[0], '-c', 'import filelock'], stderr=subprocess.DEVNULL,
                      check=False).returncode != 0:
        raise Skip('filelock is not installed')
    with examples.Folder() as folder:
        examples.assert_success(folder.run(command))
        assert 'opened = 42\n' in folder.settings.read_text()


@test
def settings_with_qt():
    if not arguments.qt:
        raise Skip('there was no Qt at configure time')
    for command in arguments.qt:
        with examples.Folder() as folder:
            examples.assert_success(folder.run([command.resolve()]))
            assert folder.settings.read_text() == examples.SETTINGS.replace('41', '42')
            assert not folder.lock_file.exists()
            with examples.Holder(folder, 'Text Editor') as holder:
                examples.assert_failure(folder.run([command.resolve()]), 'test-helper',
                                        str(holder.pid))


@test
def holder_with_pyqt():
    command = python('qt/holder.py')
    if subprocess.run([command[0], '-c', 'import PyQt6.QtCore'], stderr=subprocess.DEVNULL,
                      check=False).returncode != 0:
        raise Skip('PyQt6 is not installed')
    with examples.Folder() as folder, examples.Holder(folder, 'Text Editor') as holder:
        said = folder.run([*command, folder.lock_file]).stdout
        assert said == f'test-helper, process {holder.pid} on {os.uname().nodename}\n', said


# --- What is typed, and what is printed ------------------------------------------------

def environment():
    """In which the library is found where it was built."""
    build = arguments.build_root
    paths = {
        'PKG_CONFIG_PATH': build / 'meson-uninstalled',
        'LD_LIBRARY_PATH': build / 'lockfile',
    }
    return {name: f'{path}:{os.environ.get(name, "")}' for name, path in paths.items()}


@test
def commands_do_what_the_pages_say():
    for tool in 'cc', 'pkg-config', 'valac':
        if not shutil.which(tool):
            raise Skip(f'there is no {tool}')
    if not (arguments.gi_python and arguments.gjs and programs.get('document-vala')):
        raise Skip('one of the languages is missing')
    if 'LD_PRELOAD' in os.environ:
        raise Skip('the compiled programs do not stand a sanitizer')

    with examples.Folder() as folder, tempfile.TemporaryDirectory() as data:
        for name in 'example.c', 'example.js', 'example.py', 'example.vala':
            shutil.copy(example_folder / name, folder.path)
        vapi = Path(data, 'vala', 'vapi')
        vapi.mkdir(parents=True)
        for name in 'introspection/glockfile-1.0.vapi', 'meson-private/glockfile-1.0.deps':
            (vapi / Path(name).name).symlink_to(arguments.build_root / name)
        path = Path(data, 'bin')
        path.mkdir()
        (path / 'python3').symlink_to(arguments.gi_python)

        finished = folder.run(['sh', '-e', example_folder / 'try.sh'], **environment(),
                              XDG_DATA_DIRS=f'{data}:/usr/local/share:/usr/share',
                              PATH=f'{path}:{os.environ["PATH"]}')
        assert finished.returncode == 0, finished.stderr
        assert folder.settings.read_text() == '[window]\nopened=5\n', folder.settings.read_text()
        assert 'GLockFile-DEBUG' in finished.stdout


def without_numbers(text):
    """What a program prints, but for what is different each time."""
    text = re.sub(r'\(process:\d+\): GLockFile-DEBUG: [\d:.]+: ', '', text)
    text = re.sub(r'\S*/(?=settings\.ini\.lock)', '', text)
    text = re.sub(r'age \d+ ms', 'age N ms', text)
    text = re.sub(r'\n {4}', ' ', text)  # as the page breaks long lines
    return re.sub(r'process \d+', 'process N', text)


@test
def debugging_prints_what_the_page_shows():
    page = (arguments.source_root / 'doc' / 'debugging.md').read_text()
    shown = [without_numbers(text) for language, text in pages.blocks(page) if language == 'text']
    command = program('example')
    with examples.Folder() as folder:
        def debug():
            return without_numbers(folder.run(command, G_MESSAGES_DEBUG='GLockFile').stdout)

        free = debug()
        with examples.Holder(folder, 'Text Editor'):
            held = debug()
        crashed = examples.Holder(folder, 'Text Editor').__enter__()
        crashed.process.kill()
        crashed.process.communicate()
        left_behind = debug()
        folder.lock_file.write_text(FOREIGN)
        elsewhere = debug()
    assert shown == [free, held, left_behind, elsewhere], \
        'the page does not show what is printed:\n' + '\n'.join([free, held, left_behind, elsewhere])


run()
