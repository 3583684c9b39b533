# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The public headers serve a program in C or C++, and warn about nothing.

They are copied into a folder of their own first, as they will be installed, so
that a header which leans on a private one does not compile.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import tempfile

from tap import Skip, run, test

parser = argparse.ArgumentParser()
parser.add_argument('--cc', required=True)
parser.add_argument('--cxx', help='leave it out where there is no C++ compiler')
parser.add_argument('--nm', required=True)
parser.add_argument('headers', nargs='+')
arguments = parser.parse_args()

C_STANDARDS = ['c99', 'gnu11', 'c17']
CXX_STANDARDS = ['c++11', 'c++17', 'c++20']
UMBRELLA = 'glockfile.h'
# It has macros alone, and a build script may want nothing else.
ALONE = [UMBRELLA, 'glockfile-version.h']

# Everything that a header can get wrong only where it is used: the macros, the
# cleanup functions, and the linkage of a function in C++.
PROGRAM = '''
#include <lockfile/glockfile.h>
#include <lockfile/glockfile.h>

#if !G_LOCK_FILE_CHECK_VERSION (1, 0, 0) || G_LOCK_FILE_CHECK_VERSION (99, 0, 0)
#error "G_LOCK_FILE_CHECK_VERSION"
#endif

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GLockFile) lock = g_lock_file_new (argc > 1 ? argv[1] : "lock");
  g_autoptr (GLockFileInfo) info = g_lock_file_query_info (lock, NULL, &error);
  g_autoptr (GLockFileLocker) locker = g_lock_file_locker_new (lock, NULL, NULL);

  g_assert (G_IS_LOCK_FILE (lock) && G_TYPE_LOCK_FILE == G_OBJECT_TYPE (lock));
  g_assert (info == NULL || G_IS_LOCK_FILE_INFO (info));
  g_assert (G_TYPE_LOCK_FILE_INFO != G_TYPE_LOCK_FILE_HOLDER_STATE);
  g_assert (G_TYPE_LOCK_FILE_ERROR != G_TYPE_INVALID);
  return g_error_matches (error, G_LOCK_FILE_ERROR, G_LOCK_FILE_ERROR_NOT_FOUND) &&
         locker != NULL ? 0 : 1;
}
'''

folder = tempfile.TemporaryDirectory(prefix='glockfile-headers-')
os.mkdir(os.path.join(folder.name, 'lockfile'))
for header in arguments.headers:
    shutil.copy(header, os.path.join(folder.name, 'lockfile'))
names = sorted(os.path.basename(header) for header in arguments.headers)
gio_flags = shlex.split(subprocess.run(['pkg-config', '--cflags', 'gio-2.0'], check=True,
                                       capture_output=True, text=True).stdout)


def compile_text(compiler, language, standard, text):
    """Compiles to an object file; answers its path and what the compiler said."""
    result = os.path.join(folder.name, 'out.o')
    command = [*shlex.split(compiler), '-Wall', '-Wextra', '-pedantic', f'-std={standard}',
               '-I', folder.name, *gio_flags, '-x', language, '-c', '-o', result, '-']
    finished = subprocess.run(command, input=text, capture_output=True, text=True,
                              env={**os.environ, 'LC_ALL': 'C'})
    return (result if finished.returncode == 0 else None), finished.stderr


def assert_clean(compiler, language, standard, text):
    result, said = compile_text(compiler, language, standard, text)
    assert result and not said, f'{language} {standard}:\n{text}\n{said}'
    return result


def languages():
    yield from ((arguments.cc, 'c', standard) for standard in C_STANDARDS)
    if arguments.cxx:
        yield from ((arguments.cxx, 'c++', standard) for standard in CXX_STANDARDS)


def cxx():
    if not arguments.cxx:
        raise Skip('there is no C++ compiler')
    return arguments.cxx


def assert_program_links_to_c(compiler, language, standards):
    for standard in standards:
        result = assert_clean(compiler, language, standard, PROGRAM)
        wanted = subprocess.run([arguments.nm, '-u', result], check=True, capture_output=True,
                                text=True).stdout.split()
        for symbol in ['g_lock_file_new', 'g_lock_file_query_info', 'g_lock_file_locker_free']:
            assert symbol in wanted, f'{language} {standard}: {symbol} is not among {wanted}'


@test
def program_in_c():
    assert_program_links_to_c(arguments.cc, 'c', C_STANDARDS)


@test
def program_in_cxx():
    assert_program_links_to_c(cxx(), 'c++', CXX_STANDARDS)


@test
def alone():
    for language in languages():
        for name in ALONE:
            # ISO C wants something to compile.
            assert_clean(*language, f'#include <lockfile/{name}>\nint something;\n')


@test
def after_the_umbrella_header():
    text = ''.join(f'#include <lockfile/{name}>\n' for name in [UMBRELLA, *names])
    for language in languages():
        assert_clean(*language, text)


@test
def others_want_the_umbrella_header():
    for name in names:
        if name not in ALONE:
            result, said = compile_text(arguments.cc, 'c', 'gnu11', f'#include <lockfile/{name}>\n')
            assert not result, f'{name} can be included alone'
            assert f'Only <lockfile/{UMBRELLA}> can be included directly' in said, said


run()
