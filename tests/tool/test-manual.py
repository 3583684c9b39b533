# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The manual page and the completions know what the tool knows.

test-manual.py FOLDER: where both of them are.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tap import Skip, run, test
from toolutils import TOOL, call

folder = Path(sys.argv[1])
page = folder / 'glockfile.1'
COMMANDS = 'run', 'info', 'remove'


def needs(program):
    if not shutil.which(program):
        raise Skip(f'there is no {program}')


def output(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, **options)
    assert done.returncode == 0, f'{command}: {done.stdout}{done.stderr}'
    return done.stdout, done.stderr


def options(command):
    """What the help of a sub-command lists."""
    return set(re.findall(r'^ .*?(--[\w-]+)', call(command, '--help')[0], re.MULTILINE))


# --- The manual page -----------------------------------------------------------


@test
def the_manual_page_has_no_mistakes():
    needs('mandoc')
    done = subprocess.run(['mandoc', '-T', 'lint', '-W', 'style', page], capture_output=True,
                          text=True, check=False)
    # Which other pages are installed is not this one's mistake.
    complaints = [line for line in done.stdout.splitlines()
                  if 'referenced manual not found' not in line]
    assert not complaints, '\n'.join(complaints)


@test
def man_shows_the_manual_page():
    needs('man')
    needs('groff')
    out, err = output('man', '--warnings', '-l', page,
                      env={**os.environ, 'MANWIDTH': '100', 'MAN_KEEP_FORMATTING': ''})
    assert not err, err
    for section in 'NAME', 'SYNOPSIS', 'DESCRIPTION', 'EXIT STATUS', 'EXAMPLES', 'SIGNALS':
        assert re.search(f'^{section}$', out, re.MULTILINE), f'{section}: {out}'


@test
def the_manual_page_has_all_options():
    text = page.read_text(encoding='utf-8').replace('\\-', '-')
    for option in set.union(*map(options, COMMANDS)):
        assert f'Fl {option[1:]}' in text or f'| {option[1:]}' in text, option
    for command in COMMANDS:
        assert f'.Ss glockfile {command}' in text


# --- Completion ----------------------------------------------------------------


def in_bash(*words, prelude=''):
    """What Bash completes the last word to; an equals sign is a word there."""
    script = f'''{prelude}
compopt () {{ :; }} # the true one works only while somebody types
source {shlex.quote(str(folder / "completions" / "glockfile.bash"))}
COMP_WORDS=({shlex.join(("glockfile",) + words)})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
COMP_LINE="${{COMP_WORDS[*]}}"
COMP_POINT=${{#COMP_LINE}}
_glockfile
printf "%s\\n" "${{COMPREPLY[@]}}"'''
    out, err = output('bash', '--norc', '-c', script, cwd=files.name)
    assert not err, err
    return set(out.splitlines()) - {''}


files = tempfile.TemporaryDirectory(prefix='glockfile-completion-')
for name in 'a lock', 'b.lock', '-dash':
    Path(files.name, name).touch()
ALL_FILES = {'a lock', 'b.lock', '-dash'}


@test
def bash_completes():
    needs('bash')
    assert in_bash('') == {*COMMANDS, '--help', '--version'}
    assert in_bash('r') == {'run', 'remove'}
    assert in_bash('nonsense', '') == set()
    for command in COMMANDS:
        assert {word.rstrip('=') for word in in_bash(command, '--')} == options(command), command
        assert in_bash(command, '') == ALL_FILES
        assert in_bash(command, 'a') == {'a lock'}
        assert in_bash(command, '--', '-') == {'-dash'}
    assert in_bash('info', '--json', 'b') == {'b.lock'}
    assert in_bash('info', 'b.lock', '') == set()
    assert in_bash('info', 'b.lock', '--j') == {'--json'}
    for number in ['--timeout', '=', ''], ['--timeout', '='], ['--timeout', ''], \
            ['--conflict-exit-code', '=', '3']:
        assert in_bash('run', *number) == set(), number
    for ready in ['--timeout', '=', '3'], ['--timeout', '3'], ['--timeout', '3', '--']:
        assert in_bash('run', *ready, 'b') == {'b.lock'}, ready


@test
def bash_completes_the_command():
    needs('bash')
    preludes = ['']
    library = '/usr/share/bash-completion/bash_completion'
    if os.path.exists(library):
        preludes.append(f'source {library}')
    for prelude in preludes:
        for before in ['b.lock'], ['b.lock', '--'], ['--timeout', '=', '3', 'b.lock'], \
                ['--', 'b.lock', '--']:
            assert 'printf' in in_bash('run', *before, 'print', prelude=prelude), before
            assert in_bash('run', *before, 'cat', 'b', prelude=prelude) == {'b.lock'}, before


@test
def fish_completes():
    needs('fish')

    def in_fish(line):
        out, err = output('fish', '--no-config', '-c',
                          f'source {folder}/completions/glockfile.fish; '
                          f'complete -C {shlex.quote("glockfile " + line)}', cwd=files.name,
                          env={**os.environ, 'HOME': files.name,
                               'PATH': f'{Path(TOOL).parent}:{os.environ["PATH"]}'})
        assert not err, err
        return {line.partition('\t')[0] for line in out.splitlines()}

    assert in_fish('') == set(COMMANDS)
    for command in COMMANDS:
        assert in_fish(f'{command} --') == options(command)
        assert in_fish(f'{command} b') == {'b.lock'}
    assert in_fish('info b.lock ') == set()
    assert in_fish('run --timeout 3 b') == {'b.lock'}
    for before in 'b.lock', '--timeout 3 b.lock', 'b.lock --', '--timeout=3 -- b.lock --':
        assert 'printf' in in_fish(f'run {before} print'), before
        assert in_fish(f'run {before} cat b') == {'b.lock'}, before


@test
def zsh_can_read_its_completion():
    needs('zsh')
    path = folder / 'completions' / '_glockfile'
    output('zsh', '-n', path)
    text = path.read_text(encoding='utf-8')
    assert text.startswith('#compdef glockfile\n')
    for option in set.union(*map(options, COMMANDS)):
        assert option in text, option


run()
