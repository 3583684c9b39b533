# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What type checkers are told is what there is: the stub against the module, and mypy."""

import argparse
import ast
import functools
import inspect
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from scene import GLockFile
from tap import Skip, run, test

parser = argparse.ArgumentParser()
parser.add_argument('--stubs', type=Path, required=True, help='our gi-stubs')
parser.add_argument('--examples', type=Path, required=True)
parser.add_argument('--mypy', default='', help='empty where there is none')
arguments = parser.parse_args()

types = Path(__file__).with_name('types')
stub = ast.parse((arguments.stubs / 'repository' / 'GLockFile.pyi').read_text())

CLASSES = [GLockFile.LockFile, GLockFile.LockFileInfo]
ENUMERATIONS = [GLockFile.LockFileError, GLockFile.LockFileHolderState]
# What Python writes in place of the typelib's words.
TYPES = {'gboolean': 'bool', 'utf8': 'str', 'filename': 'str', 'guint32': 'int', 'gint32': 'int',
         'gint64': 'int', 'void': 'None'}
WIDER = {'new(file_name)': 'str | bytes | PathLike[str]'}


def members(body):
    """Name → definitions; overloads have several."""
    found = {}
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.setdefault(statement.name, []).append(statement)
        elif isinstance(statement, ast.AnnAssign):
            found.setdefault(statement.target.id, []).append(statement)
        elif isinstance(statement, ast.Assign):
            found.setdefault(statement.targets[0].id, []).append(statement)
    return found


def class_members(name):
    return members(members(stub.body)[name][0].body)


def introspected(kind):
    """What the typelib has of a class, without the override."""
    return next(base for base in kind.__mro__ if base.__module__ == 'gi.repository.GLockFile')


def functions(kind):
    return {name: value for name, value in vars(introspected(kind)).items()
            if type(value).__name__ == 'FunctionInfo'}


def overrides(kind):
    return {name: value for name, value in vars(kind).items() if inspect.isfunction(value)}


def properties(body):
    """Name → whether it can be written, and its type."""
    found = {}
    for name, (definition, *_) in members(body).items():
        if isinstance(definition, ast.AnnAssign):
            found[name] = True, ast.unparse(definition.annotation)
        elif any(ast.unparse(decorator) == 'property'
                 for decorator in getattr(definition, 'decorator_list', [])):
            found[name] = False, ast.unparse(definition.returns)
    return found


def python_type(info, nullable):
    tag = info.get_tag_as_string()
    if tag == 'interface':
        interface = info.get_interface()
        namespace = interface.get_namespace()
        name = interface.get_name()
        written = name if namespace == 'GLockFile' else f'{namespace}.{name}'
    else:
        written = TYPES[tag]
    return f'{written} | None' if nullable else written


def assert_same(found, wanted):
    assert set(found) == set(wanted), set(found) ^ set(wanted)


@test
def names_are_those_of_the_module():
    assert_same([name for name in members(stub.body) if not name.startswith('_')],
                [name for name in dir(GLockFile) if not name.startswith('_')])


@test
def methods_are_those_of_the_classes():
    for kind in CLASSES:
        attributes = {prop.name.replace('-', '_') for prop in kind.list_properties()}
        there = {*functions(kind), *overrides(kind), *attributes, 'props', 'Props'}
        assert_same(set(class_members(kind.__name__)) - {'__init__'}, there)
    assert_same(class_members('_Hold'), [name for name in dir(GLockFile.LockFile.new('x').hold())
                                         if re.match(r'__a?(enter|exit)__', name)])


@test
def attributes_are_the_properties():
    for kind in CLASSES:
        body = members(stub.body)[kind.__name__][0].body
        props = class_members(kind.__name__)['Props'][0].body
        getters = {name[4:]: function for name, function in functions(kind).items()
                   if name.startswith('get_')}
        getters['locked'] = functions(GLockFile.LockFile)['is_locked']
        wanted = {}
        for prop in kind.list_properties():
            name = prop.name.replace('-', '_')
            getter = getters[name]
            wanted[name] = (hasattr(kind, f'set_{name}'),
                            python_type(getter.get_return_type(), getter.may_return_null()))
        assert properties(props) == wanted, properties(props)
        found = properties(body)
        assert found.pop('props') == (False, 'Props')
        assert found == wanted, found


@test
def functions_have_the_parameters_of_the_typelib():
    n = 0
    for kind in CLASSES:
        for name, function in functions(kind).items():
            if name in overrides(kind):
                continue
            definition, = class_members(kind.__name__)[name]
            assert not definition.args.vararg and not definition.args.kwonlyargs, name
            found = [(argument.arg, ast.unparse(argument.annotation))
                     for argument in definition.args.args[1:]]
            wanted = [(argument.get_name(), python_type(argument.get_type(), argument.may_be_null()))
                      for argument in function.get_arguments()]
            wanted = [(argument, WIDER.get(f'{name}({argument})', kind))
                      for argument, kind in wanted]
            assert found == wanted, f'{name}: {found}'
            # PyGObject lets the last ones be left out that may be nothing.
            assert len(definition.args.defaults) == len([kind for _, kind in wanted
                                                         if kind.endswith('| None')]), name
            returned = python_type(function.get_return_type(), function.may_return_null())
            assert ast.unparse(definition.returns) == returned, name
            assert function.is_constructor() == ('classmethod' in [
                ast.unparse(decorator) for decorator in definition.decorator_list]), name
            n += 1
    assert n > 20, n


def accepted(definition):
    """The parameters of one definition: names, and which have to be given."""
    given = definition.args
    positional = [argument.arg for argument in given.args]
    needed = positional[:len(positional) - len(given.defaults)]
    return positional + [argument.arg for argument in given.kwonlyargs], needed


@test
def functions_have_the_parameters_of_the_override():
    for kind in CLASSES:
        for name, function in overrides(kind).items():
            parameters = inspect.signature(function).parameters.values()
            names = [parameter.name for parameter in parameters
                     if parameter.kind != inspect.Parameter.VAR_POSITIONAL]
            needed = [parameter.name for parameter in parameters
                      if parameter.default is parameter.empty and parameter.name in names]
            definitions = class_members(kind.__name__)[name]
            if re.match(r'__a?exit__', name):
                assert all(len(definition.args.args) == 4 for definition in definitions), name
                continue
            assert all(accepted(definition)[0] == names for definition in definitions), name
            assert [accepted(definition)[1] for definition in definitions][0] == needed, name
            for definition in definitions:
                awaited = isinstance(definition, ast.AsyncFunctionDef)
                assert awaited == inspect.iscoroutinefunction(function), name


@test
def what_can_be_awaited_is_what_finish_answers():
    for name, function in functions(GLockFile.LockFile).items():
        if name.endswith('_async'):
            first, *others = class_members('LockFile')[name]
            finish, = class_members('LockFile')[name.replace('_async', '_finish')]
            assert ast.unparse(first.returns) == f'Future[{ast.unparse(finish.returns)}]', name
            assert {ast.unparse(other.returns) for other in others} == {'None'}, name


@test
def enumerations_have_their_values():
    for kind in ENUMERATIONS:
        found = {name: definition[0].value.value
                 for name, definition in class_members(kind.__name__).items()
                 if isinstance(definition[0], ast.Assign)}
        assert found == {name: int(value) for name, value in vars(kind).items()
                         if isinstance(value, kind)}, found
    assert 'quark' in class_members('LockFileError')


# --- mypy ------------------------------------------------------------------------------

EXAMPLES = [arguments.examples / name
            for name in ('example.py', 'example-async.py', 'document.py', 'journal.py', 'who.py')]
PROGRAM = types / 'use.py'
STUB = arguments.stubs / 'repository' / 'GLockFile.pyi'


@functools.cache
def complaints():
    """What mypy says, with our stubs installed beside those of PyGObject: (file, line) → words."""
    if not arguments.mypy:
        raise Skip('there is no mypy')
    with tempfile.TemporaryDirectory(prefix='glockfile-types-') as folder:
        subprocess.run([sys.executable, '-m', 'venv', '--without-pip', f'{folder}/venv'], check=True)
        site, = Path(folder).glob('venv/lib/python*/site-packages')
        (site / 'gi-stubs').symlink_to(types / 'gi-stubs')
        ours = Path(folder, 'ours')
        ours.mkdir()
        (ours / 'gi-stubs').symlink_to(arguments.stubs.resolve())
        (site / 'ours.pth').write_text(f'{ours}\n')
        finished = subprocess.run(
            [arguments.mypy, f'--python-executable={folder}/venv/bin/python', '--no-color-output',
             '--no-error-summary', f'--cache-dir={folder}/cache', '--config-file=', '--strict',
             '--allow-untyped-defs', '--allow-untyped-calls', '--allow-incomplete-defs',
             PROGRAM, STUB, *EXAMPLES],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert finished.returncode in (0, 1) and not finished.stderr, finished.stdout + finished.stderr
    found = {}
    for line in finished.stdout.splitlines():
        file, number, words = line.split(':', 2)
        found.setdefault((Path(file).resolve(), int(number)), []).append(words)
    return found


@test
def mypy_knows_what_is_right_and_what_is_wrong():
    complained = {number: words for (file, number), words in complaints().items()
                  if file == PROGRAM.resolve()}
    wrong = {number for number, line in enumerate(PROGRAM.read_text().splitlines(), 1)
             if line.endswith('# error')}
    assert wrong and set(complained) == wrong, \
        f'{set(complained) ^ wrong} should be {wrong}: {complained}'


@test
def mypy_finds_nothing_wrong_with_the_rest():
    rest = {where: words for where, words in complaints().items() if where[0] != PROGRAM.resolve()}
    assert not rest, rest


run()
