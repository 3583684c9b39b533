# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The vapi speaks Vala: namespaces, an error domain, properties, what is nullable.

scenario.vala shows that it works; this shows what it must not say.
"""

import argparse
import re

from tap import run, test

parser = argparse.ArgumentParser()
parser.add_argument('vapi')
with open(parser.parse_args().vapi, encoding='utf-8') as file:
    vapi = file.read()


def body(declaration):
    """The lines between the braces that follow the declaration."""
    found = re.search(rf'^(\t*)public {declaration}[^\n]*\{{\n(.*?)^\1\}}', vapi,
                      re.DOTALL | re.MULTILINE)
    assert found, f'no “{declaration}” in:\n{vapi}'
    return found[2]


def words(text):
    return re.findall(r'^\s*([A-Z_]+),?;?$', text, re.MULTILINE)


@test
def one_namespace():
    assert re.findall(r'^namespace (\w+) \{', vapi, re.MULTILINE) == ['GLockFile'], vapi
    headers = set(re.findall(r'cheader_filename = "(.*?)"', vapi))
    assert headers == {'lockfile/glockfile.h'}, headers


@test
def errors_are_an_error_domain():
    assert words(body('errordomain LockFileError')) == [
        'FAILED', 'LOCKED', 'PERMISSION_DENIED', 'NO_SPACE', 'NOT_FOUND', 'INVALID_DATA',
        'NOT_SUPPORTED', 'LOST']
    assert 'enum LockFileError' not in vapi
    assert 'GLib.Quark quark ()' in body('errordomain LockFileError')


@test
def types_are_the_public_ones():
    types = set(re.findall(r'public (?:sealed )?(?:class|struct|interface|enum|errordomain) (\w+)',
                           vapi))
    assert types == {'LockFile', 'LockFileInfo', 'LockFileError', 'LockFileHolderState'}, types
    assert words(body('enum LockFileHolderState')) == ['UNKNOWN', 'RUNNING', 'GONE']
    assert 'ocker' not in vapi


@test
def lock_file_has_its_members():
    members = body('(?:sealed )?class LockFile :')
    for member in ('public LockFile (string file_name);',
                   'public LockFile.for_file (GLib.File file) throws GLib.Error;',
                   'public bool @lock (GLib.Cancellable? cancellable = null) throws GLib.Error;',
                   'public bool @unlock () throws GLib.Error;',
                   'public bool is_locked ();',
                   'public string file_name { get; construct; }',
                   'public uint stale_lock_time { get; set',
                   'public bool locked { get; }',
                   'public GLockFile.LockFileInfo? previous_holder { get; }'):
        assert member in members, f'no “{member}” in:\n{members}'


@test
def asynchronous_methods_are_async():
    members = body('(?:sealed )?class LockFile :')
    cancellable = 'int io_priority, GLib.Cancellable? cancellable'
    for member in (f'bool lock_async ({cancellable})',
                   f'bool try_lock_async (int timeout, {cancellable})',
                   f'bool unlock_async ({cancellable})',
                   f'bool verify_async ({cancellable})',
                   f'GLockFile.LockFileInfo query_info_async ({cancellable})',
                   f'bool remove_stale_async ({cancellable})'):
        assert f'public async {member} throws GLib.Error;' in members, f'no “{member}”: {members}'
    assert '_finish' not in vapi, vapi
    assert 'AsyncReadyCallback' not in vapi, vapi


@test
def loss_is_a_signal():
    members = body('(?:sealed )?class LockFile :')
    assert re.findall(r'public signal (.*);', members) == ['void lost (GLib.Error error)'], members


@test
def info_has_its_properties():
    members = body('(?:sealed )?class LockFileInfo :')
    for name in ('string hostname', 'string app_name', 'int64 pid', 'string? display_name',
                 'string? user_name', 'string? machine_id', 'string? boot_id', 'string? token',
                 'GLib.DateTime? locked_since', 'GLockFile.LockFileHolderState holder_state'):
        assert f'public {name} {{ get; }}' in members, f'no “{name}” in:\n{members}'
    assert 'public string describe ();' in members
    assert 'construct' not in re.sub('has_construct_function', '', members)


run()
