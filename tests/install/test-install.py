# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A program can use the library, installed below a prefix or as a subproject."""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import examples
import locales
from tap import Skip, run, test

parser = argparse.ArgumentParser()
parser.add_argument('--source-root', type=Path, required=True)
parser.add_argument('--meson', required=True)
parser.add_argument('--pkg-config', required=True)
parser.add_argument('--gi-python', default='', help='empty where there is none')
parser.add_argument('--gjs', default='', help='empty where there is none')
parser.add_argument('--tool', choices=('yes', 'no'), required=True)
arguments = parser.parse_args()

example_folder = arguments.source_root / 'doc' / 'examples'
folder = tempfile.TemporaryDirectory(prefix='glockfile-install-')
top = Path(folder.name)
prefix = top / 'prefix'
pkg_config_env = {'PKG_CONFIG_PATH': f'{prefix}/lib/pkgconfig:{os.environ.get("PKG_CONFIG_PATH", "")}'}
run_env = {
    'LD_LIBRARY_PATH': str(prefix / 'lib'),
    'GI_TYPELIB_PATH': str(prefix / 'lib' / 'girepository-1.0'),
    'XDG_DATA_DIRS': f'{prefix}/share:/usr/local/share:/usr/share',
}


# Before there is any object of the library's.
FAILS = """
import locale
import gi
gi.require_version('GLockFile', '1.0')
from gi.repository import Gio, GLib, GLockFile
locale.setlocale(locale.LC_ALL, '')
try:
    GLockFile.LockFile.new_for_file(Gio.File.new_for_uri('http://example.org/'))
except GLib.Error as error:
    print(error.message)
"""


def call(*command, status=0, **more_env):
    finished = subprocess.run(command, cwd=top, env={**os.environ, **more_env}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    assert finished.returncode == status, f'{shlex.join(map(str, command))}\n{finished.stdout}'
    return finished.stdout.strip()


def call_meson(*command):
    # A prefix that an installation of this very build goes to is none of ours.
    return call(arguments.meson, *command, DESTDIR='')


def installed(name):
    path = prefix / name
    assert path.is_file(), f'{path} was not installed'
    return path


@test
def installs_below_a_prefix():
    bindings = 'enabled' if arguments.gi_python or arguments.gjs else 'disabled'
    call_meson('setup', 'build', arguments.source_root, f'--prefix={prefix}', '--libdir=lib',
               '-Dtests=disabled', '-Ddocumentation=disabled', '-Dvapi=auto',
               f'-Dintrospection={bindings}',
               f'-Dtool={"enabled" if arguments.tool == "yes" else "disabled"}')
    call_meson('install', '-C', 'build')
    for name in 'glockfile', 'glockfileenums', 'glockfileinfo', 'glockfile-version':
        installed(f'include/glockfile-1.0/lockfile/{name}.h')
    installed('lib/libglockfile-1.0.so.0')


def files_below(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob('*')
            if path.is_file()}


@test
def installs_for_a_package():
    destination = top / 'destination'
    call_meson('install', '-C', 'build', '--no-rebuild', f'--destdir={destination}')
    found = files_below(destination)
    assert found == {str(prefix.relative_to('/') / name): content
                     for name, content in files_below(prefix).items()}
    # It is not where they will be in the end.
    assert [name for name, content in found.items() if str(destination).encode() in content] == []


@test
def the_tool_is_installed():
    if arguments.tool == 'no':
        raise Skip('the tool was not built')
    tool = installed('bin/glockfile')
    installed('share/man/man1/glockfile.1')
    for completion in ('bash-completion/completions/glockfile', 'zsh/site-functions/_glockfile',
                       'fish/vendor_completions.d/glockfile.fish'):
        installed(f'share/{completion}')
    info = json.loads(call(tool, 'run', 'tool.lock', tool, 'info', '--json', 'tool.lock',
                           **run_env))
    assert info['holder-state'] == 'running', info
    assert not (top / 'tool.lock').exists()


@test
def translations_are_installed_and_found():
    languages = [line for line in (arguments.source_root / 'po' / 'LINGUAS').read_text().split('\n')
                 if line and not line.startswith('#')]
    for language in languages:
        installed(f'share/locale/{language}/LC_MESSAGES/glockfile.mo')
    german = {**run_env, **locales.make(top / 'locales', 'de_DE.UTF-8'), 'LC_ALL': 'de_DE.UTF-8'}
    if arguments.tool == 'yes':
        tool = prefix / 'bin' / 'glockfile'
        said = {call(tool, 'info', 'nothing.lock', **german, LANGUAGE=language, status=1)
                for language in languages}
        assert len(said) == len(languages) and '„nothing.lock“ ist nicht gesperrt.' in said, said
    if arguments.gi_python:
        said = call(arguments.gi_python, '-c', FAILS, **german)
        assert said == '„http://example.org/“ hat keinen lokalen Pfad, ' \
                       'daher kann es keine Sperrdatei geben', said


@test
def works_where_it_was_built():
    devenv = [arguments.meson, 'devenv', '-C', top / 'build', '--workdir', '.']
    for command in ([arguments.gi_python, example_folder / 'example.py'],
                    [arguments.gi_python, example_folder / 'example-async.py'],
                    [arguments.gjs, '-m', example_folder / 'example.js']):
        if command[0]:
            examples.assert_updates_the_settings(devenv + command)
    shutil.copy(example_folder / 'example.c', top)
    call(*devenv, 'sh', '-c', 'cc example.c -o built-example $(pkg-config --cflags --libs glockfile-1.0)')
    examples.assert_updates_the_settings([*devenv, top / 'built-example'])


@test
def pkg_config_knows_it():
    version = re.search(r"version: '([^']+)'",
                        (arguments.source_root / 'meson.build').read_text()).group(1)
    assert call(arguments.pkg_config, '--modversion', 'glockfile-1.0', **pkg_config_env) == version


@test
def example_compiles_as_the_readme_says():
    command = re.search(r'^cc example\.c .*pkg-config.*$',
                        (arguments.source_root / 'README.md').read_text(), re.MULTILINE)
    assert command, 'the README does not say how'
    shutil.copy(example_folder / 'example.c', top)
    said = call('sh', '-c', command.group(), **pkg_config_env)
    assert not said, said
    examples.assert_updates_the_settings([top / 'example'], **run_env)


@test
def python_finds_what_was_installed():
    if not arguments.gi_python:
        raise Skip('there is no Python with gi')
    override, = prefix.glob('lib*/python3*/*-packages/gi/overrides/GLockFile.py')
    for name in 'gi/overrides/_glockfile_asyncio.py', 'gi-stubs/repository/GLockFile.pyi':
        assert (override.parents[2] / name).is_file(), name
    assert (override.parents[2] / 'gi-stubs' / 'py.typed').read_text() == 'partial\n'
    for example in 'example.py', 'example-async.py':
        examples.assert_updates_the_settings([arguments.gi_python, example_folder / example],
                                             **run_env, PYTHONPATH=str(override.parents[2]))


@test
def python_finds_what_goes_to_its_own_prefix():
    """What Meson takes for Python's folder is not always one that Python looks into."""
    if not arguments.gi_python:
        raise Skip('there is no Python with gi')
    searched = call(arguments.gi_python, '-c', 'import sys; print(*sys.path)',
                    PYTHONPATH='').split()
    for own_prefix in '/usr', '/usr/local':
        if not any(path.startswith(f'{own_prefix}/lib') for path in searched):
            continue
        build = f'build-for{own_prefix.replace("/", "-")}'
        call_meson('setup', build, arguments.source_root, f'--prefix={own_prefix}',
                   '-Dtests=disabled', '-Ddocumentation=disabled', '-Dintrospection=enabled')
        plan = json.loads(call_meson('introspect', '--installed', build))
        folder, = {str(Path(path).parents[2]) for path in plan.values()
                   if path.endswith('/gi/overrides/GLockFile.py')}
        assert folder.startswith(f'{own_prefix}/lib'), folder
        assert folder in searched, f'{folder} is not among {searched}'


@test
def gjs_finds_what_was_installed():
    if not arguments.gjs:
        raise Skip('there is no gjs')
    examples.assert_updates_the_settings([arguments.gjs, '-m', example_folder / 'example.js'],
                                         **run_env)


@test
def builds_as_a_subproject():
    project = top / 'project'
    shutil.copytree(Path(__file__).with_name('subproject'), project)
    shutil.copy(example_folder / 'example.c', project)
    # What git would clone, and none of the build folders.
    shutil.copytree(arguments.source_root, project / 'subprojects' / 'glockfile',
                    ignore=shutil.ignore_patterns('.git', 'build', 'build-*', '_build'))
    # Even where the library is installed.
    call_meson('setup', 'project/build', 'project', '--wrap-mode=forcefallback')
    call_meson('compile', '-C', 'project/build')
    examples.assert_updates_the_settings([project / 'build' / 'example'])


run()
