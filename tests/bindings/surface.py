# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the symbol map and the public headers say the library offers."""

import re

AVAILABLE = 'G_LOCK_FILE_AVAILABLE_IN_1_0'


def map_symbols(path):
    """The symbols that the linker's version script lets out."""
    with open(path, encoding='utf-8') as file:
        text = _without_comments(file.read())
    exported, hidden = re.search(r'global:(.*)local:(.*?)\}', text, re.DOTALL).groups()
    assert hidden.split() == ['*;'], f'the map does not hide all the rest: {hidden}'
    symbols = [symbol.strip() for symbol in exported.split(';') if symbol.strip()]
    assert len(symbols) == len(set(symbols)), 'the map names a symbol twice'
    assert symbols == sorted(symbols), 'the map is not in alphabetical order'
    return set(symbols)


def declarations(paths):
    """Every function declared in the headers: its name, and the declaration."""
    found = {}
    for path in paths:
        with open(path, encoding='utf-8') as file:
            text = _without_comments(file.read())
        text = re.sub(r'^#(?:.*\\\n)*.*$', '', text, flags=re.MULTILINE)
        text = re.sub(r'\b(G_BEGIN_DECLS|G_END_DECLS)\b', '', text)
        text = re.sub(r'\bG_DEFINE_AUTOPTR_CLEANUP_FUNC \(.*?\)', '', text)
        text = re.sub(r'\bG_DECLARE_FINAL_TYPE \(\w+, (\w+),.*?\)',
                      r'GType \1_get_type (void);', text)
        text = re.sub(r'\btypedef enum\s*\{.*?\}\s*\w+;', '', text, flags=re.DOTALL)
        for statement in text.split(';'):
            statement = ' '.join(statement.split())
            function = re.match(r'(?!typedef)[\w\s*]*?(\w+) ?\((.*)\)$', statement)
            if function:
                found[function[1]] = statement
    return found


def _without_comments(text):
    return re.sub(r'/\*.*?\*/', '', text, flags=re.DOTALL)
