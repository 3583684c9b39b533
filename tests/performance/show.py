#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Brings the page of the documentation up to date with a run of the benchmark:

    show.py FIGURES.json doc

FIGURES.json is what glockfile-benchmark --json wrote. The tables of performance.md stand
between comments that name their measurement; the picture shows what grows with the number
of contenders and of waiters, and needs matplotlib. It is made for a light and for a dark
page: it has no background, and colours between both.
"""

import json
import re
import sys
from pathlib import Path

# Measurement → what the page shows of it: the heading of a column, and its key.
TABLES = {
    'cycle': {'median, µs': 'median µs', 'times the bare calls': 'times bare', 'CPU, µs': 'CPU µs'},
    'hand-over': {'median, µs': 'median µs', '99 % are below, µs': '99 % µs'},
    'take-over': {'median, µs': 'median µs', '99 % are below, µs': '99 % µs'},
    'turns': {'processes': 'processes', 'turns a second': 'turns/s',
              '… that go to another process': 'to another/s',
              'slowest process by fastest': 'slow/fast', 'CPU a turn, ms': 'CPU ms/turn'},
    'idle': {'processes that wait': 'waiters', 'CPU in a minute, ms': 'CPU ms',
             'wake-ups in a minute': 'wake-ups'},
    'async': {'waiters': 'waiters', 'bytes each': 'bytes each', 'threads in all': 'threads',
              'until all are served, ms': 'total ms'},
}

COLOURS = {
    'GLockFile': '#3584e4',
    'bare flock': '#7f8a94',
    'QLockFile 6': '#26a269',
    'QLockFile 5': '#98b04a',
    'GLockFile, one': '#3584e4',
    'GLockFile, each': '#c061cb',
}
LABELS = {
    'bare and careful': 'bare system calls, with the looks that safety needs',
    'GLockFile, one': 'all on one path',
    'GLockFile, each': 'each on its own path',
}
GREY = '#7f8a94'
NBSP = '\N{NO-BREAK SPACE}'


def number(value):
    """Three digits that count, for more cannot be measured."""
    if value is None:
        return ''
    rounded = float(f'{value:.3g}')
    digits = 0 if abs(value) >= 100 or value == int(value) else 1 if abs(value) >= 10 else 2
    return f'{rounded:,.{digits}f}'.replace(',', '\N{NARROW NO-BREAK SPACE}')


def table(rows, columns):
    lines = [['', ''] + list(columns)]
    for row in rows:
        name = LABELS.get(row['contender'], re.sub(' (?=[0-9])', NBSP, row['contender']))
        lines.append([row['place'], f'**{name}**' if name == 'GLockFile' else name]
                     + [number(row[key]) for key in columns.values()])
    lines.insert(1, ['---', '---'] + ['--:'] * len(columns))
    return '\n'.join('| ' + ' | '.join(cells) + ' |' for cells in lines)


def fill(page, figures):
    """Puts the tables of the page in place of what stands there."""
    for measurement, columns in TABLES.items():
        rows = [row for row in figures if row['measurement'] == measurement]
        begin, end = f'<!-- {measurement} -->', '<!-- end -->'
        content = f'{begin}\n{table(rows, columns)}\n{end}'
        page, n = re.subn(f'{begin}.*?{end}', lambda _: content, page, flags=re.DOTALL)
        if n != 1:
            sys.exit(f'The page has {n} places for “{measurement}”')
    return page


def draw(axes, rows, x, y, title):
    for contender in dict.fromkeys(row['contender'] for row in rows):
        points = [(row[x], row[y]) for row in rows if row['contender'] == contender]
        axes.plot(*zip(*points), marker='o', markersize=4, color=COLOURS[contender],
                  label=LABELS.get(contender, contender))
    axes.set_title(title, color=GREY, fontsize=11)
    axes.set_xlabel(x, color=GREY)
    axes.set_xscale('log')
    axes.set_xticks(sorted({row[x] for row in rows}))
    axes.xaxis.set_major_formatter('{x:g}')
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.tick_params(colors=GREY)
    axes.grid(color=GREY, alpha=0.25)
    for spine in axes.spines.values():
        spine.set_color(GREY)
    axes.legend(frameon=False, labelcolor=GREY, fontsize=9)


def plot(figures, picture):
    import matplotlib
    matplotlib.use('svg')
    import matplotlib.pyplot as pyplot

    crowds = [row for row in figures if row['measurement'] == 'crowds']
    queues = [row for row in figures if row['measurement'] == 'queues']

    matplotlib.rcParams.update({'svg.hashsalt': 'glockfile', 'svg.fonttype': 'none'})
    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.8), layout='constrained')
    draw(axes[0], crowds, 'processes', 'to another/s', 'Turns that go to another process, a second')
    draw(axes[1], crowds, 'processes', 'CPU ms/turn', 'Processor time a turn, of all, in ms')
    draw(axes[2], queues, 'waiters', 'µs each', 'Asynchronous waiters, µs each')
    figure.savefig(picture, transparent=True, metadata={'Date': None, 'Creator': None})


def main(source, folder):
    figures = json.loads(Path(source).read_text(encoding='utf-8'))['figures']
    page = Path(folder, 'performance.md')
    page.write_text(fill(page.read_text(encoding='utf-8'), figures), encoding='utf-8')
    plot(figures, Path(folder, 'images', 'performance.svg'))


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
