# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the pages of the documentation show is what other tests have tried."""

import argparse
import json
import re
from pathlib import Path

import pages
from tap import run, test

parser = argparse.ArgumentParser()
parser.add_argument('--source-root', type=Path, required=True)
parser.add_argument('--config', type=Path, required=True, help='the configuration of gi-docgen')
arguments = parser.parse_args()

doc = arguments.source_root / 'doc'
config = arguments.config.read_text()

# Where the code of the pages comes from: every file here is run by one of the tests
# that are named behind it.
EXAMPLES = {
    'before/flock.c': 'examples',
    'before/use-filelock.py': 'examples',
    'demo.py': 'readme',
    'document.c': 'examples',
    'document.js': 'examples',
    'document.py': 'examples',
    'document.vala': 'examples',
    'example-async.c': 'examples',
    'example-async.py': 'examples',
    'example.c': 'readme',
    'example.js': 'readme',
    'example.py': 'readme',
    'example.vala': 'readme',
    'flatpak/org.example.Editor.json': 'pages',
    'gtk/editor.c': 'gtk',
    'gtk/editor.js': 'gtk',
    'gtk/editor.py': 'gtk',
    'gtk/settings.c': 'gtk',
    'gtk/settings.js': 'gtk',
    'gtk/settings.py': 'gtk',
    'journal.c': 'examples',
    'journal.py': 'examples',
    'qt/holder.py': 'examples',
    'qt/settings.cpp': 'examples',
    'try.sh': 'examples',
    'who.py': 'readme',
    'worker.c': 'readme',
}
LANGUAGES = {'c': '.c', 'cpp': '.cpp', 'js': '.js', 'json': '.json', 'meson': '.build',
             'python': '.py', 'sh': '.sh', 'vala': '.vala'}
# What programs print; test-examples.py compares it.
PRINTED = {'debugging.md'}


def listed(key):
    """A list in the configuration."""
    return re.findall(r'"([^"]+)"', re.search(rf'^{key} = \[(.*?)\]', config,
                                              re.MULTILINE | re.DOTALL).group(1))


def read_pages():
    return {name: (doc / name).read_text() for name in listed('content_files')}


@test
def every_page_is_listed():
    assert sorted(listed('content_files')) == sorted(path.name for path in doc.glob('*.md'))


@test
def every_image_is_listed_and_shown():
    images = [name for name in listed('content_images') if name.startswith('images/')]
    assert sorted(images) == sorted(f'images/{path.name}' for path in (doc / 'images').iterdir())
    shown = set()
    for page in read_pages().values():
        shown.update(re.findall(r'!\[[^]]+\]\(([^)]+)\)', page))
    assert shown == {Path(name).name for name in images}, shown


@test
def every_example_is_tested():
    found = {str(path.relative_to(doc / 'examples')) for path in (doc / 'examples').rglob('*')
             if path.is_file() and path.name != 'meson.build' and '__pycache__' not in path.parts}
    assert found == set(EXAMPLES), found ^ set(EXAMPLES)


@test
def code_is_that_of_tested_files():
    sources = {name: (doc / 'examples' / name).read_text() for name in EXAMPLES}
    subproject = arguments.source_root / 'tests' / 'install' / 'subproject' / 'meson.build'
    sources['meson.build'] = subproject.read_text()

    n = 0
    for name, page in read_pages().items():
        for language, text in pages.blocks(page):
            # What is wider is cut off where it is shown; and a button covers the end of the first.
            lines = text.splitlines()
            assert max(map(len, lines)) <= 86 and len(lines[0]) <= 78, f'{name} is too wide:\n{text}'
            if language == 'text':
                assert name in PRINTED, f'{name} shows what is not compared with anything:\n{text}'
                continue
            assert language in LANGUAGES, f'{name} has a block of code in “{language}”:\n{text}'
            assert any(pages.is_excerpt(text, source) for path, source in sources.items()
                       if path.endswith(LANGUAGES[language])), \
                f'in no example stands what {name} shows:\n{text}'
            n += 1
    assert n > 20, f'only {n} blocks were found'


@test
def functions_exist():
    exported = (arguments.source_root / 'lockfile' / 'libglockfile.map').read_text()
    for name, page in read_pages().items():
        for function in re.findall(r'\bg_lock_file_\w+(?=\s?\()', page):
            assert f'{function};' in exported, f'{name} tells of {function}()'


@test
def links_to_pages_and_files_exist():
    files = {Path(name).with_suffix('.html').name for name in listed('content_files')}
    files |= {Path(name).name for name in listed('content_images')}
    for name, page in read_pages().items():
        for target in re.findall(r'\]\(([^)#\s]+)', page):
            assert '://' in target or target in files, f'{name} links to {target}'


@test
def manifest_is_sound():
    manifest = json.loads((doc / 'examples' / 'flatpak' / 'org.example.Editor.json').read_text())
    options = (arguments.source_root / 'meson_options.txt').read_text()
    module, = [module for module in manifest['modules'] if module['name'] == 'glockfile']
    for option in module['config-opts']:
        name, value = re.fullmatch(r'-D([^=]+)=(enabled|disabled)', option).groups()
        assert f"option('{name}', type: 'feature'" in options, f'there is no option {name}'


run()
