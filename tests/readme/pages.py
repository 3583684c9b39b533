# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The code that a page shows is that of files which are tested."""

import re

# A line in a block that stands for what is left out.
LEFT_OUT = re.compile(r'^\s*(?:/\* … \*/|(?:#|//) …)$')


def blocks(page):
    """The language and the text of each block of code."""
    return re.findall(r'^```(\w*)\n(.*?)^```$', page, re.MULTILINE | re.DOTALL)


def without_licence(source):
    """All after the first paragraph, which must be the two lines about the licence."""
    head, body = source.split('\n\n', 1)
    assert 'SPDX-License-Identifier' in head, f'no licence in: {head}'
    return body


def _parts(lines):
    """Lists of lines between those that stand for what is left out."""
    parts = [[]]
    for line in lines:
        if LEFT_OUT.match(line):
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def _indented(lines, indentation):
    return [line and indentation + line for line in lines]


def _find(part, lines, begin):
    """Where the part ends in the lines, or 0."""
    for i in range(begin, len(lines) - len(part) + 1):
        if lines[i:i + len(part)] == part:
            return i + len(part)
    return 0


def is_excerpt(text, source):
    """Whether the text stands in the source, line by line, but perhaps indented there."""
    parts = _parts(text.splitlines())
    lines = source.splitlines()
    for indentation in '', '  ', '    ', '      ', '        ':
        end = 0
        for part in parts:
            end = _find(_indented(part, indentation), lines, end)
            if not end:
                break
        else:
            return True
    return False
