#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Draws what grows with the number of contenders and of waiters:

    plot.py FIGURES.json PICTURE.svg

FIGURES.json is what glockfile-benchmark --json wrote. Needs matplotlib. The picture is
made for a light and for a dark page: it has no background, and colours between both.
"""

import json
import sys

import matplotlib

matplotlib.use('svg')
import matplotlib.pyplot as pyplot  # noqa: E402 (the backend comes first)
from matplotlib.ticker import ScalarFormatter  # noqa: E402

COLOURS = {
    'GLockFile': '#3584e4',
    'bare flock': '#7f8a94',
    'QLockFile 6': '#26a269',
    'QLockFile 5': '#98b04a',
    'GLockFile, one': '#3584e4',
    'GLockFile, each': '#c061cb',
}
LABELS = {
    'GLockFile, one': 'all on one path',
    'GLockFile, each': 'each on its own path',
}
GREY = '#7f8a94'


def draw(axes, rows, x, y, title):
    for contender in dict.fromkeys(row['contender'] for row in rows):
        points = [(row[x], row[y]) for row in rows if row['contender'] == contender]
        axes.plot(*zip(*points), marker='o', markersize=4, color=COLOURS[contender],
                  label=LABELS.get(contender, contender))
    axes.set_title(title, color=GREY, fontsize=11)
    axes.set_xlabel(x, color=GREY)
    axes.set_xscale('log')
    axes.set_xticks(sorted({row[x] for row in rows}))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.tick_params(colors=GREY)
    axes.grid(color=GREY, alpha=0.25)
    for spine in axes.spines.values():
        spine.set_color(GREY)
    axes.legend(frameon=False, labelcolor=GREY, fontsize=9)


def main(source, picture):
    with open(source, encoding='utf-8') as stream:
        figures = json.load(stream)['figures']
    crowds = [row for row in figures if row['measurement'] == 'crowds']
    queues = [row for row in figures if row['measurement'] == 'queues']

    matplotlib.rcParams['svg.hashsalt'] = 'glockfile'
    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.8), layout='constrained')
    draw(axes[0], crowds, 'processes', 'to another/s', 'Turns that go to another process, a second')
    draw(axes[1], crowds, 'processes', 'CPU ms/turn', 'Processor time a turn, of all, in ms')
    draw(axes[2], queues, 'waiters', 'µs each', 'Asynchronous waiters, µs each')
    figure.savefig(picture, transparent=True, metadata={'Date': None})


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
