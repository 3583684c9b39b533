# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""No link within the documentation, as it was generated, leads nowhere."""

import argparse
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tap import run, test

parser = argparse.ArgumentParser()
parser.add_argument('site', type=Path)
arguments = parser.parse_args()


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links = []
        self.anchors = set()
        self.images_without_text = []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if 'id' in attributes:
            self.anchors.add(attributes['id'])
        if tag == 'a' and 'name' in attributes:
            self.anchors.add(attributes['name'])
        for name in 'href', 'src':
            if attributes.get(name):
                self.links.append(attributes[name])
        if tag == 'img' and not attributes.get('alt'):
            self.images_without_text.append(attributes.get('src'))


pages = {path.name: Page(path) for path in arguments.site.glob('*.html')}


@test
def pages_are_there():
    assert 'index.html' in pages and 'class.LockFile.html' in pages, sorted(pages)


@test
def links_lead_somewhere():
    n = 0
    wrong = []
    for name, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link == '#':
                continue
            target = unquote(parts.path) or name
            n += 1
            if not (arguments.site / target).exists():
                wrong.append(f'{name}: there is no {target}')
            elif parts.fragment and target in pages \
                    and unquote(parts.fragment) not in pages[target].anchors:
                wrong.append(f'{name}: there is no #{parts.fragment} in {target}')
    assert not wrong, '\n'.join(wrong)
    assert n > 500, f'only {n} links were found'


@test
def references_are_resolved():
    """What gi-docgen does not know it leaves as it stands."""
    for path in arguments.site.glob('*.html'):
        for kind in 'class', 'method', 'property', 'signal', 'enum', 'func', 'ctor', 'error', 'iface':
            assert f'[{kind}@' not in path.read_text(), f'{path.name}: [{kind}@…] is not resolved'


@test
def images_have_a_description():
    for name, page in pages.items():
        assert not page.images_without_text, f'{name}: {page.images_without_text}'


run()
