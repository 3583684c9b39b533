# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The catalogues are complete, and as each language has it; the sources give them whole
messages to translate."""

import argparse
import ast
import os
import re
import shutil
import subprocess
import tempfile
import unicodedata
from pathlib import Path

from tap import run, test

parser = argparse.ArgumentParser()
parser.add_argument('--source-root', type=Path, required=True)
parser.add_argument('--meson', required=True)
arguments = parser.parse_args()

QUOTES = {'de': '„“', 'es': '«»', 'fr': '«»', 'ja': '「」', 'pt_BR': '“”', 'zh_CN': '“”'}
ALL_QUOTES = set('"“”„‟«»‹›「」『』‘‚')

# What is shown on a terminal.
WIDEST = 88

root = arguments.source_root
temporary = tempfile.TemporaryDirectory(prefix='glockfile-po-')
copy = Path(temporary.name) / 'copy'


def call(*command, cwd=copy):
    # The runtime of a sanitizer is not for gettext's programs.
    environment = {**os.environ, 'LC_ALL': 'C.UTF-8'}
    environment.pop('LD_PRELOAD', None)
    finished = subprocess.run(command, cwd=cwd, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=environment)
    assert finished.returncode == 0, f'{command}\n{finished.stdout}'
    return finished.stdout


def lines_of(path):
    return [line for line in (root / path).read_text().splitlines()
            if line and not line.startswith('#')]


def read(catalogue):
    """Its messages: pairs of what is translated and its translation."""
    text = call('msgcat', '--no-wrap', '--no-location', catalogue)
    messages = []
    for entry in text.split('\n\n'):
        words = {}
        for line in entry.splitlines():
            if match := re.fullmatch(r'(msg\w+) (".*")', line):
                key, word = match.groups()
                words[key] = ast.literal_eval(word)
            elif line.startswith('"'):
                words[key] += ast.literal_eval(line)
        if words['msgid']:
            messages.append((words['msgid'], words['msgstr']))
    return messages


def is_time(message):
    return '%H' in message


def each_translation():
    for language in QUOTES:
        for message, translation in read(root / 'po' / f'{language}.po'):
            yield language, message, translation


def statistics(catalogue):
    return call('msgfmt', '--check', '--statistics', '-o', os.devnull, catalogue).strip()


def sources():
    for folder in 'lockfile', 'tool':
        yield from sorted((root / folder).glob('*.[ch]'))


# A macro or function of gettext's, and a text that begins in its parentheses.
MARKED = re.compile(r'\b(?:_|N_|C_|NC_|Q_|n?gettext|g_d\w*gettext2?)\s*\([^()"]*"')


@test
def template_is_made_without_complaint():
    def skipped(folder, names):
        return {name for name in names
                if name in ('.git', 'tests', '__pycache__', '_build') or name.startswith('build')}

    shutil.copytree(root, copy, ignore=skipped)
    call(arguments.meson, 'setup', 'build', '-Dtests=disabled', '-Ddocumentation=disabled',
         '-Dintrospection=disabled', '-Dvapi=disabled')
    said = call(arguments.meson, 'compile', '-C', 'build', 'glockfile-pot')
    assert 'warning' not in said.lower(), said
    assert len(read('po/glockfile.pot')) > 40


@test
def there_is_a_catalogue_for_each_language():
    assert lines_of('po/LINGUAS') == sorted(QUOTES)
    assert {path.stem for path in (root / 'po').glob('*.po')} == set(QUOTES)


@test
def catalogues_are_complete():
    """As they are, and when they have been brought up to date."""
    count = len(read('po/glockfile.pot'))
    for language in QUOTES:
        call('msgcmp', f'po/{language}.po', 'po/glockfile.pot')
        assert statistics(f'po/{language}.po') == f'{count} translated messages.'
    call(arguments.meson, 'compile', '-C', 'build', 'glockfile-update-po')
    for language in QUOTES:
        catalogue = copy / 'po' / f'{language}.po'
        assert statistics(catalogue) == f'{count} translated messages.'
        assert '#~' not in catalogue.read_text(), f'{language} has obsolete messages'


@test
def headers_are_filled_in():
    for language in QUOTES:
        text = (root / 'po' / f'{language}.po').read_text()
        for line in ('Project-Id-Version: glockfile', f'Language: {language}',
                     'Last-Translator: The GLockFile authors',
                     'Content-Type: text/plain; charset=UTF-8'):
            assert f'"{line}\\n"' in text, f'{language}: {line}'
        assert re.search(r'"Plural-Forms: nplurals=\d; plural=.+;\\n"', text), language


@test
def every_source_with_a_message_is_listed():
    listed = lines_of('po/POTFILES.in')
    assert listed == sorted(listed)
    assert listed == [str(path.relative_to(root)) for path in sources()
                      if MARKED.search(path.read_text())]


@test
def quotation_marks_are_those_of_the_language():
    for language, message, translation in each_translation():
        marks = [character for character in translation if character in ALL_QUOTES]
        pairs = message.count('“')
        assert message.count('”') == pairs, message
        assert marks == [*QUOTES[language]] * pairs, f'{language}: {translation}'
        assert "'" not in translation, f'{language}: {translation}'


@test
def french_has_its_no_break_spaces():
    for message, translation in read(root / 'po' / 'fr.po'):
        if is_time(message):
            continue
        assert not re.search(r'«(?!\u00a0)|(?<!\u00a0)»', translation), translation
        assert not re.search(r'(?<![\u00a0\u202f])[:;!?](?=\s|$)', translation), translation


@test
def placeholders_are_the_same():
    def placeholders(text):
        return sorted(re.findall(r'%(?:\d+\$)?-?\w', text))

    for language, message, translation in each_translation():
        if is_time(message):
            # A month may be a number.
            translation = translation.replace('%-m', '%B').replace('%-d', '%-e')
        assert placeholders(message) == placeholders(translation), f'{language}: {translation}'


@test
def sentences_end_alike():
    for language, message, translation in each_translation():
        assert (message[-1] == '.') == (translation[-1] in '.。'), f'{language}: {translation}'
        assert (message[:-1].count('\n\n') == translation[:-1].count('\n\n')), translation


@test
def help_fits_on_a_terminal():
    def width(line):
        return sum(2 if unicodedata.east_asian_width(character) in 'WF' else 1
                   for character in line)

    for language, message, translation in each_translation():
        for line in [*message.splitlines(), *translation.splitlines()] if '\n' in message else []:
            assert width(line) <= WIDEST, f'{language}: {line}'


@test
def messages_are_whole():
    for message, _ in read(root / 'po' / 'de.po'):
        assert message == message.strip(), f'“{message}” is put beside something'
        assert not message[0].islower(), f'“{message}” is put behind something'
        assert '"' not in message and "'" not in message, f'{message} has typewriter quotes'
        assert is_time(message) or re.search(r'\w', re.sub(r'%(\d+\$)?\w', '', message)), message


@test
def messages_are_not_put_together():
    """Neither is one glued to another, nor does one that users see stand there as it is."""
    glue = re.compile(r'\b(?:g_strconcat|g_strjoin|g_string_(?:append|prepend|insert)\w*'
                      r'|strcat|g_strlcat)\b[^;]*\b_ ?\(')
    shown = re.compile(r'\b(?:g_set_error(?:_literal)?|g_error_new(?:_literal)?|g_prefix_error'
                       r'|g_task_return_new_error|tool_complain|tool_usage_error|g_print(?:err)?'
                       r'|puts)\s*\(([^;{}]*);')
    name_or_placeholder = re.compile(r'glockfile|%\w|\\n')
    for path in sources():
        text = re.sub(r'/\*.*?\*/', '', path.read_text(), flags=re.DOTALL)
        found = glue.search(text)
        assert not found, f'{path}: {found.group()}'
        for call_of in shown.finditer(text):
            rest = re.sub(r'\b_ ?\((?:\s*"(?:[^"\\]|\\.)*")+\)', '', call_of.group(1))
            literals = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', rest))
            assert not re.search(r'\w', name_or_placeholder.sub('', literals)), \
                f'{path}: {call_of.group()}'


run()
