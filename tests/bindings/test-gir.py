# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The GIR has all that a language needs, annotated and documented, and no more.

What is in it is compared with the symbol map and with the public headers; what
they cannot tell (which file names are file names, which values may be missing,
who owns what) is written down here once more.
"""

import argparse
import re
import xml.etree.ElementTree as ElementTree

import surface
from tap import run, test

parser = argparse.ArgumentParser()
parser.add_argument('--gir', required=True)
parser.add_argument('--map', required=True)
parser.add_argument('headers', nargs='+')
arguments = parser.parse_args()

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

CLASSES = {'LockFile', 'LockFileInfo'}
ENUMERATIONS = {
    'LockFileError': ['failed', 'locked', 'permission_denied', 'no_space', 'not_found',
                      'invalid_data', 'not_supported', 'lost'],
    'LockFileHolderState': ['unknown', 'running', 'gone'],
}
CONSTANTS = {f'LOCK_FILE_{part}_VERSION' for part in ('MAJOR', 'MINOR', 'MICRO')}

# Property: its type, who may write it, and the method that reads it.
PROPERTIES = {
    'LockFile': {
        'file-name': ('filename', 'at construction', 'get_file_name'),
        'stale-lock-time': ('guint', 'always', 'get_stale_lock_time'),
        'locked': ('gboolean', 'never', 'is_locked'),
        'previous-holder': ('LockFileInfo', 'never', 'get_previous_holder'),
    },
    'LockFileInfo': {
        'pid': ('gint64', 'never', 'get_pid'),
        'hostname': ('utf8', 'never', 'get_hostname'),
        'app-name': ('utf8', 'never', 'get_app_name'),
        'display-name': ('utf8', 'never', 'get_display_name'),
        'user-name': ('utf8', 'never', 'get_user_name'),
        'machine-id': ('utf8', 'never', 'get_machine_id'),
        'boot-id': ('utf8', 'never', 'get_boot_id'),
        'token': ('utf8', 'never', 'get_token'),
        'locked-since': ('GLib.DateTime', 'never', 'get_locked_since'),
        'holder-state': ('LockFileHolderState', 'never', 'get_holder_state'),
    },
}

FILE_NAMES = {'g_lock_file_new(file_name)', 'g_lock_file_get_file_name()', 'LockFile:file-name'}

# Any cancellable, and the callback and the data of any asynchronous function,
# may be left out; beyond these, only:
NULLABLE = {
    'g_lock_file_get_previous_holder()', 'LockFile:previous-holder',
    'g_lock_file_info_get_display_name()', 'LockFileInfo:display-name',
    'g_lock_file_info_get_user_name()', 'LockFileInfo:user-name',
    'g_lock_file_info_get_machine_id()', 'LockFileInfo:machine-id',
    'g_lock_file_info_get_boot_id()', 'LockFileInfo:boot-id',
    'g_lock_file_info_get_token()', 'LockFileInfo:token',
    'g_lock_file_info_get_locked_since()', 'LockFileInfo:locked-since',
}
NULLABLE_PARAMETERS = {'cancellable', 'callback', 'user_data'}

OWNED_BY_THE_CALLER = {
    'g_lock_file_new', 'g_lock_file_new_for_file', 'g_lock_file_query_info',
    'g_lock_file_query_info_finish', 'g_lock_file_info_describe',
}

CALLABLES = ('constructor', 'method', 'function')

repository = ElementTree.parse(arguments.gir).getroot()
namespace = repository.find(CORE + 'namespace')


def introspectable(element):
    # The quark function is there twice, and one of them is for old programs.
    return element.get('introspectable') != '0' and element.get('moved-to') is None


def members(*tags):
    """The namespace's own elements of these kinds."""
    return [element for element in namespace
            if element.tag in [CORE + tag for tag in tags] and introspectable(element)]


def named(tag):
    return {element.get('name'): element for element in members(tag)}


def callables():
    """Every function that a language can call, by its C name."""
    found = {}
    for element in namespace.iter():
        if element.tag in [CORE + tag for tag in CALLABLES] and introspectable(element):
            found[element.get(C + 'identifier')] = element
    return found


def parameters(function):
    return function.findall(f'{CORE}parameters/{CORE}parameter')


def properties():
    for name, element in named('class').items():
        for prop in element.findall(CORE + 'property'):
            yield f'{name}:{prop.get("name")}', prop


def values():
    """Everything that goes in or out: parameters, returned values, properties."""
    for symbol, function in callables().items():
        yield f'{symbol}()', function.find(CORE + 'return-value')
        for parameter in parameters(function):
            yield f'{symbol}({parameter.get("name")})', parameter
    yield from properties()


def type_name(value):
    return value.find(CORE + 'type').get('name')


def documented():
    """What a reader of the reference meets, and what its name is there."""
    yield from ((element.get('name'), element)
                for element in members('class', 'enumeration', 'constant'))
    yield from callables().items()
    yield from properties()
    for name, element in named('class').items():
        for signal in element.findall(GLIB + 'signal'):
            yield f'{name}::{signal.get("name")}', signal


def assert_same(found, wanted):
    found, wanted = set(found), set(wanted)
    assert found == wanted, f'missing: {sorted(wanted - found)}, too many: {sorted(found - wanted)}'


def assert_none(offenders):
    offenders = list(offenders)
    assert not offenders, offenders


@test
def namespace_is_the_promised_one():
    assert namespace.get('name') == 'GLockFile'
    assert namespace.get('version') == '1.0'
    assert namespace.get(C + 'identifier-prefixes') == 'G'
    assert namespace.get(C + 'symbol-prefixes') == 'g'
    # A sanitizer's runtime may stand beside it.
    assert 'libglockfile-1.0.so.0' in namespace.get('shared-library').split(',')
    assert repository.find(CORE + 'package').get('name') == 'glockfile-1.0'
    assert [include.get('name') for include in repository.findall(C + 'include')] == \
        ['lockfile/glockfile.h']


@test
def symbols_are_those_of_the_map():
    promised = surface.map_symbols(arguments.map)
    type_functions = {element.get(GLIB + 'get-type') for element in members('class', 'enumeration')}
    # g_autoptr has no meaning outside of C.
    for_c_alone = {symbol for symbol in promised if symbol.startswith('g_lock_file_locker_')}
    assert_same(set(callables()) | type_functions, promised - for_c_alone)


@test
def types_are_the_public_ones():
    assert_same(named('class'), CLASSES)
    assert_same(named('enumeration'), ENUMERATIONS)
    assert_same(named('constant'), CONSTANTS)
    assert_same(named('record'), {name + 'Class' for name in CLASSES})
    known = {'class', 'enumeration', 'constant', 'record', 'function', 'function-macro',
             'docsection', 'doc'}
    assert_none(element.tag for element in namespace
                if introspectable(element) and element.tag.replace(CORE, '') not in known)


def words_of_the_headers():
    found = set()
    for path in arguments.headers:
        with open(path, encoding='utf-8') as file:
            # The class structure's name is made by the macro.
            text = re.sub(r'G_DECLARE_FINAL_TYPE \((\w+)', r'\1 \1Class', file.read())
        found |= set(re.findall(r'\w+', text))
    return found


@test
def nothing_private_leaks():
    names = {(element.get(C + 'identifier') or element.get(C + 'type', '')).strip('*')
             for element in namespace.iter()}
    ours = {name for name in names if re.match('G_?LOCK_?FILE', name, re.IGNORECASE)}
    assert ours
    assert_none(sorted(ours - words_of_the_headers()))
    for record in members('record'):
        fields = [field.get('name') for field in record.findall(CORE + 'field')]
        assert fields == ['parent_class'], (record.get('name'), fields)


@test
def functions_are_members_of_their_types():
    # A bare function means that the scanner did not see what it belongs to.
    assert_none(named('function'))
    constructors = [symbol for symbol, function in callables().items()
                    if function.tag == CORE + 'constructor']
    assert_same(constructors, ['g_lock_file_new', 'g_lock_file_new_for_file'])


@test
def classes_are_final_objects():
    for name, element in named('class').items():
        assert element.get('parent') == 'GObject.Object', name
        assert element.get('final') == '1', name
        assert element.get(GLIB + 'type-name') == 'G' + name, name


@test
def enumerations_are_registered_types():
    for name, nicks in ENUMERATIONS.items():
        element = named('enumeration')[name]
        assert element.get(GLIB + 'type-name') == 'G' + name
        found = element.findall(CORE + 'member')
        assert [member.get('name') for member in found] == nicks
        assert [int(member.get('value')) for member in found] == list(range(len(nicks)))
        assert_none(member.get('name') for member in found if member.find(CORE + 'doc') is None)


@test
def error_domain_is_there():
    domains = {name: element.get(GLIB + 'error-domain')
               for name, element in named('enumeration').items()
               if element.get(GLIB + 'error-domain')}
    assert domains == {'LockFileError': 'g-lock-file-error-quark'}, domains


@test
def everything_is_documented():
    assert_none(name for name, element in documented() if element.find(CORE + 'doc') is None)
    for symbol, function in callables().items():
        for instance in function.findall(f'{CORE}parameters/{CORE}instance-parameter'):
            assert instance.find(CORE + 'doc') is not None, f'{symbol}: the instance'
    assert_none(name for name, value in values()
                if value.find(CORE + 'doc') is None and type_name(value) != 'none')


@test
def everything_says_since_when():
    assert_none(name for name, element in documented() if element.get('version') != '1.0')


@test
def ownership_is_annotated():
    assert_none(name for name, value in values() if value.get('transfer-ownership') is None)
    assert_none(name for name, value in values()
                if not name.endswith('()') and value.get('transfer-ownership') != 'none')
    owned = {symbol for symbol, function in callables().items()
             if function.find(CORE + 'return-value').get('transfer-ownership') == 'full'}
    assert_same(owned, OWNED_BY_THE_CALLER & set(callables()))


@test
def file_names_are_file_names():
    assert_same([name for name, value in values() if type_name(value) == 'filename'], FILE_NAMES)


@test
def only_what_may_be_missing_is_nullable():
    # A property has no such mark before GObject Introspection 1.80.
    marked = {name for name, value in values()
              if value.tag != CORE + 'property' and value.get('nullable') == '1'}
    optional = {name for name, value in values()
                if value.tag == CORE + 'parameter' and value.get('name') in NULLABLE_PARAMETERS}
    assert_same(marked, optional | {name for name in NULLABLE if name.endswith('()')})


@test
def failing_functions_throw():
    failing = {symbol for symbol, declaration in surface.declarations(arguments.headers).items()
               if 'GError **' in declaration}
    throwing = {symbol for symbol, function in callables().items() if function.get('throws') == '1'}
    assert_same(throwing, failing & set(callables()))


@test
def properties_are_the_promised_ones():
    for name, element in named('class').items():
        found = {}
        for prop in element.findall(CORE + 'property'):
            assert prop.get('readable') != '0', prop.get('name')
            writable = {(None, None): 'never', ('1', None): 'always',
                        ('1', '1'): 'at construction'}[prop.get('writable'),
                                                       prop.get('construct-only')]
            found[prop.get('name')] = type_name(prop), writable, prop.get('getter')
        assert found == PROPERTIES[name], f'{name}: {found}'


@test
def getters_and_properties_agree():
    for symbol, function in callables().items():
        name = function.get(GLIB + 'get-property')
        assert bool(name) == bool(re.search(r'_(get|is)_', symbol)), symbol
    for name, prop in properties():
        if prop.get('getter'):
            getter = callables()['g_lock_file_' + ('info_' if 'Info' in name else '') +
                                 prop.get('getter')]
            assert getter.get(GLIB + 'get-property') == prop.get('name'), name
            assert type_name(getter.find(CORE + 'return-value')) == type_name(prop), name


@test
def asynchronous_functions_are_in_pairs():
    symbols = callables()
    begins = {symbol for symbol in symbols if symbol.endswith('_async')}
    assert_same((symbol.replace('_async', '_finish') for symbol in begins),
                (symbol for symbol in symbols if symbol.endswith('_finish')))
    assert_same(begins, {'g_lock_file_lock_async', 'g_lock_file_try_lock_async',
                         'g_lock_file_unlock_async', 'g_lock_file_verify_async',
                         'g_lock_file_query_info_async',
                         'g_lock_file_remove_stale_async'})
    for symbol in begins:
        begin = parameters(symbols[symbol])
        blocking = symbols[symbol.replace('_async', '')]
        finish = symbols[symbol.replace('_async', '_finish')]

        # What the blocking function takes, the priority before the cancellable, and
        # nothing comes back at once.
        taken = [parameter.get('name') for parameter in parameters(blocking)
                 if parameter.get('name') != 'cancellable']
        assert [parameter.get('name') for parameter in begin] == \
            taken + ['io_priority', 'cancellable', 'callback', 'user_data'], symbol
        assert type_name(symbols[symbol].find(CORE + 'return-value')) == 'none', symbol
        assert symbols[symbol].get('throws') is None, symbol
        priority, cancellable, callback, user_data = begin[-4:]
        assert (type_name(priority), type_name(cancellable), type_name(callback)) == \
            ('gint', 'Gio.Cancellable', 'Gio.AsyncReadyCallback'), symbol
        assert callback.get('scope') == 'async', symbol
        assert begin[int(callback.get('closure'))] is user_data, symbol

        assert [type_name(parameter) for parameter in parameters(finish)] == \
            ['Gio.AsyncResult'], symbol
        assert finish.get('throws') == '1', symbol
        results = [function.find(CORE + 'return-value') for function in (blocking, finish)]
        assert len({(type_name(result), result.get('transfer-ownership'))
                    for result in results}) == 1, symbol
        # Scanners since 1.80 say what belongs together; then it has to be right.
        for name, other in (('finish-func', '_finish'), ('sync-func', '')):
            said = symbols[symbol].get(GLIB + name)
            wanted = symbols[symbol.replace('_async', other)].get('name')
            assert said in (None, wanted), (symbol, said)


@test
def loss_is_a_signal_with_an_error():
    signals = {f'{name}::{signal.get("name")}': [
        (parameter.get('name'), type_name(parameter), parameter.get('transfer-ownership'))
        for parameter in parameters(signal)]
        for name, element in named('class').items() for signal in element.findall(GLIB + 'signal')}
    assert signals == {'LockFile::lost': [('error', 'GLib.Error', 'none')]}, signals


@test
def nothing_shadows_or_is_renamed():
    for element in namespace.iter():
        for attribute in ('shadows', 'shadowed-by', 'deprecated'):
            assert element.get(attribute) is None, ElementTree.tostring(element, 'unicode')
    moved = {element.get('moved-to') for element in namespace.iter() if element.get('moved-to')}
    assert_same(moved, {'LockFileError.quark'})


@test
def only_the_locker_is_for_c_alone():
    hidden = {element.get(C + 'identifier') or element.get(C + 'type')
              for element in namespace.iter()
              if element.get('introspectable') == '0' and element.tag != CORE + 'function-macro'}
    assert_same(hidden, {'GLockFileLocker', 'g_lock_file_locker_new', 'g_lock_file_locker_free'})


run()
