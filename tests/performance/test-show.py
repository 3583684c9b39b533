# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""All of the benchmark works, and what it measured fits into the page of the documentation.

    test-show.py BENCHMARK PAGE
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import show
from tap import run, test

benchmark, page = sys.argv[1], Path(sys.argv[2]).read_text(encoding='utf-8')
figures = {}


@test
def everything_is_measured():
    ran = subprocess.run([benchmark, '--short', '--json=-'], stdout=subprocess.PIPE, check=True)
    figures.update(json.loads(ran.stdout))
    assert figures['figures'] and figures['targets']


@test
def what_was_measured_fits_into_the_page():
    filled = show.fill(page, figures['figures'])
    tables = re.findall(r'<!-- (\S+) -->\n(.*?)\n<!-- end -->', filled, re.DOTALL)
    assert [name for name, _ in tables] == list(show.TABLES)
    for name, table in tables:
        heading, line, *rows = table.splitlines()
        assert rows, name
        assert {row.count('|') for row in rows} == {heading.count('|')} == {line.count('|')}, table

    def outside(text):
        return re.sub(r'(<!-- \S+ -->).*?(<!-- end -->)', r'\1\2', text, flags=re.DOTALL)
    assert outside(filled) == outside(page)


@test
def the_page_is_filled():
    for name in show.TABLES:
        assert re.search(rf'<!-- {name} -->\n\|', page), name


run()
