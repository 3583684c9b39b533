# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Messages and descriptions come out in each language, whole."""

import argparse
import os
import re
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import locales
from tap import Skip, run, test

parser = argparse.ArgumentParser()
parser.add_argument('--catalogues', type=Path, required=True, help='where they were built')
parser.add_argument('--source', type=Path, required=True, help='the folder of the .po files')
parser.add_argument('--helper', required=True)
parser.add_argument('--say', required=True)
parser.add_argument('--gi-python', default='', help='empty where there is none')
arguments = parser.parse_args()

LOCALES = {'de': 'de_DE', 'es': 'es_ES', 'fr': 'fr_FR', 'ja': 'ja_JP', 'pt_BR': 'pt_BR',
           'zh_CN': 'zh_CN'}
LATIN = 'de_DE.ISO-8859-1'

# What must come out. The names in braces stand for what differs from time to time, and every
# blank is an ordinary one.
EXPECTED = {
    'de': {
        'no-path': '„http://example.org/lock“ hat keinen lokalen Pfad, daher kann es keine '
                   'Sperrdatei geben',
        'directory': '„{folder}/directory“ ist ein Ordner, keine Sperrdatei',
        'doubtful': '„{folder}/doubtful“ ist gesperrt. {describe-doubtful}',
        'describe-doubtful': '„Text Editor“ (gedit, Prozess 4711), ausgeführt von alice auf dem '
                             'Rechner „ws1“, hält diese Sperre seit dem 3. Mai 2021, 10:42 Uhr. '
                             'Es ist nicht bekannt, ob der Prozess noch läuft.',
        'describe-leftover': '„Text Editor“ (gedit, Prozess {pid}), ausgeführt von alice auf dem '
                             'Rechner „{host}“, hat diese Sperre am 3. Mai 2021 um 10:42 Uhr '
                             'gesetzt und wurde beendet, ohne sie aufzuheben.',
        'running': '„Teller“ ({program}, Prozess {pid}), ausgeführt von {user} auf dem Rechner '
                   '„{host}“, hält diese Sperre seit {time} Uhr.',
    },
    'es': {
        'no-path': '«http://example.org/lock» no tiene una ruta local, así que no puede haber '
                   'un archivo de bloqueo',
        'directory': '«{folder}/directory» es una carpeta, no un archivo de bloqueo',
        'doubtful': '«{folder}/doubtful» está bloqueado. {describe-doubtful}',
        'describe-doubtful': '«Text Editor» (gedit, proceso 4711), ejecutado por alice en el '
                             'equipo «ws1», mantiene este bloqueo desde el 3 de mayo de 2021 a '
                             'las 10:42. No se sabe si sigue en ejecución.',
        'describe-leftover': '«Text Editor» (gedit, proceso {pid}), ejecutado por alice en el '
                             'equipo «{host}», estableció este bloqueo el 3 de mayo de 2021 a '
                             'las 10:42 y terminó sin liberarlo.',
        'running': '«Teller» ({program}, proceso {pid}), ejecutado por {user} en el equipo '
                   '«{host}», mantiene este bloqueo desde las {time}.',
    },
    'fr': {
        'no-path': '« http://example.org/lock » n’a pas de chemin local, il ne peut donc pas y '
                   'avoir de fichier de verrouillage',
        'directory': '« {folder}/directory » est un dossier, pas un fichier de verrouillage',
        'doubtful': '« {folder}/doubtful » est verrouillé. {describe-doubtful}',
        'describe-doubtful': '« Text Editor » (gedit, processus 4711), exécuté par alice sur '
                             'l’hôte « ws1 », détient ce verrou depuis le 3 mai 2021 à 10:42. '
                             'On ignore s’il est toujours en cours d’exécution.',
        'describe-leftover': '« Text Editor » (gedit, processus {pid}), exécuté par alice sur '
                             'l’hôte « {host} », a posé ce verrou le 3 mai 2021 à 10:42 et '
                             's’est terminé sans le libérer.',
        'running': '« Teller » ({program}, processus {pid}), exécuté par {user} sur l’hôte '
                   '« {host} », détient ce verrou depuis {time}.',
    },
    'ja': {
        'no-path': '「http://example.org/lock」にはローカルのパスがないため、ロックファイルを'
                   '置くことができません',
        'directory': '「{folder}/directory」はフォルダーであり、ロックファイルではありません',
        'doubtful': '「{folder}/doubtful」はロックされています。{describe-doubtful}',
        'describe-doubtful': 'ホスト「ws1」で alice が実行している「Text Editor」'
                             '(gedit、プロセス 4711) が、2021年5月3日 10:42 からこれをロック'
                             'しています。まだ実行中かどうかは不明です。',
        'describe-leftover': 'ホスト「{host}」で alice が実行した「Text Editor」'
                             '(gedit、プロセス {pid}) が、2021年5月3日 10:42 にこれをロックし、'
                             'ロックを解除せずに終了しました。',
        'running': 'ホスト「{host}」で {user} が実行している「Teller」({program}、プロセス {pid}) '
                   'が、{time} からこれをロックしています。',
    },
    'pt_BR': {
        'no-path': '“http://example.org/lock” não tem um caminho local, portanto não pode haver '
                   'um arquivo de bloqueio',
        'directory': '“{folder}/directory” é uma pasta, não um arquivo de bloqueio',
        'doubtful': '“{folder}/doubtful” está bloqueado. {describe-doubtful}',
        'describe-doubtful': '“Text Editor” (gedit, processo 4711), executado por alice na '
                             'máquina “ws1”, mantém este bloqueio desde 3 de maio de 2021 às '
                             '10:42. Não se sabe se ainda está em execução.',
        'describe-leftover': '“Text Editor” (gedit, processo {pid}), executado por alice na '
                             'máquina “{host}”, criou este bloqueio em 3 de maio de 2021 às '
                             '10:42 e terminou sem liberá-lo.',
        'running': '“Teller” ({program}, processo {pid}), executado por {user} na máquina '
                   '“{host}”, mantém este bloqueio desde as {time}.',
    },
    'zh_CN': {
        'no-path': '“http://example.org/lock”没有本地路径，因此不能有锁文件',
        'directory': '“{folder}/directory”是文件夹，不是锁文件',
        'doubtful': '“{folder}/doubtful”已被锁定。{describe-doubtful}',
        'describe-doubtful': 'alice 在主机“ws1”上运行的“Text Editor”（gedit，进程 4711）自 '
                             '2021年5月3日 10:42 起锁定了此项。不清楚它是否仍在运行。',
        'describe-leftover': 'alice 在主机“{host}”上运行的“Text Editor”（gedit，进程 {pid}）于 '
                             '2021年5月3日 10:42 锁定了此项，未解锁就已结束。',
        'running': '{user} 在主机“{host}”上运行的“Teller”（{program}，进程 {pid}）自 {time} '
                   '起锁定了此项。',
    },
}
# The same message, from another thread.
SAME = {'thread': 'directory', 'asynchronous': 'directory'}

# Messages into which others are put, and how deep that goes: a time into a description, and
# this into what cannot be locked.
DEPTHS = {'doubtful': 3, 'running': 2, 'describe-doubtful': 2, 'describe-leftover': 2,
          'describe-little': 2}

temporary = tempfile.TemporaryDirectory(prefix='glockfile-po-')
top = Path(temporary.name)
folder = top / 'folder'


def make_leftover(path):
    """A killed process's lock file, in which more is known of it than it told."""
    with subprocess.Popen([arguments.helper, path], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as helper:
        helper.stdout.readline()
        helper.stdin.write('lock\n')
        helper.stdin.flush()
        assert helper.stdout.readline() == 'ok\n'
        helper.send_signal(signal.SIGKILL)
    told = path.read_text().splitlines()
    told[1] = 'gedit'
    keys = [line for line in told[6:] if not re.match('(user|name|since)=', line)]
    path.write_text('\n'.join([*told[:6], *keys, 'user=alice', 'name=Text Editor',
                               'since=2021-05-03T10:42:00Z', '']))


def make_folder():
    folder.mkdir()
    (folder / 'directory').mkdir()
    (folder / 'link').symlink_to('nowhere')
    os.mkfifo(folder / 'pipe')
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(folder / 'socket'))
    (folder / 'document').write_text('Dear reader,\n')
    (folder / 'doubtful').write_text(
        '4711\ngedit\nws1\n11111111111111111111111111111111\n'
        '11111111-1111-1111-1111-111111111111\nGLockFile 1 flock\n'
        'user=alice\nname=Text Editor\nsince=2021-05-03T10:42:00Z\n')
    (folder / 'little').write_text('4711\n')
    make_leftover(folder / 'leftover')


def locale_of(language):
    return f'{LOCALES[language]}.UTF-8'


def said(command, locale, catalogues=arguments.catalogues, language=''):
    """What a program said, by name."""
    finished = subprocess.run(
        [*command, catalogues, folder], check=True, stdout=subprocess.PIPE, timeout=100,
        env={**os.environ, **locale_env, 'LC_ALL': locale, 'LANGUAGE': language, 'TZ': 'UTC'})
    lines = finished.stdout.decode('utf-8').splitlines()
    return dict(line.split('\t', 1) for line in lines)


def pattern(language, name):
    """Of what is expected there."""
    expected = EXPECTED[language]
    text = expected[name].replace('{describe-doubtful}', expected['describe-doubtful'])
    holes = {'folder': re.escape(str(folder)), 'pid': r'\d+', 'time': r'\d\d:\d\d',
             'program': r'[\w.-]+', 'user': r'[\w.-]+', 'host': r'[\w.-]+'}
    return re.sub(r'\\\{(\w+)\\\}', lambda hole: holes[hole.group(1)], re.escape(text))


def assert_expected(language, messages):
    for name, message in messages.items():
        name = SAME.get(name, name)
        if name in EXPECTED[language]:
            plain = re.sub('[\u00a0\u202f]', ' ', message)
            assert re.fullmatch(pattern(language, name), plain), f'{name}: {message}'


def assert_language(language):
    messages = said([arguments.say], locale_of(language))
    assert EXPECTED[language].keys() <= messages.keys(), messages
    assert_expected(language, messages)


@test
def c_speaks_german():
    assert_language('de')


@test
def c_speaks_spanish():
    assert_language('es')


@test
def c_speaks_french():
    assert_language('fr')


@test
def c_speaks_japanese():
    assert_language('ja')


@test
def c_speaks_brazilian_portuguese():
    assert_language('pt_BR')


@test
def c_speaks_simplified_chinese():
    assert_language('zh_CN')


@test
def python_speaks_each_language():
    if not arguments.gi_python:
        raise Skip('there is no Python with gi')
    script = Path(__file__).with_name('say.py')
    for language in LOCALES:
        messages = said([arguments.gi_python, script], locale_of(language))
        assert EXPECTED[language].keys() <= messages.keys(), messages
        assert_expected(language, messages)


@test
def messages_are_utf_8_in_every_locale():
    assert_expected('de', said([arguments.say], LATIN))


@test
def language_may_differ_from_the_locale():
    messages = said([arguments.say], locale_of('de'), language='fr')
    assert messages['thread'].startswith('«'), messages


@test
def speaks_english_without_a_locale():
    messages = said([arguments.say], 'C.UTF-8')
    assert messages['directory'] == f'“{folder}/directory” is a directory, not a lock file'
    assert messages['describe-leftover'].endswith(
        'locked this at 10:42 on 3 May 2021 and ended without unlocking it.'), messages


def depth(text):
    """How deep the marks stand within each other, all of the text being between them."""
    assert text[0] == '⟦' and text[-1] == '⟧', f'not translated as a whole: {text}'
    level = deepest = 0
    for place, character in enumerate(text):
        level += (character == '⟦') - (character == '⟧')
        deepest = max(deepest, level)
        assert level > 0 or place == len(text) - 1, f'put together from pieces: {text}'
    return deepest


@test
def no_message_is_put_together():
    """In a language in which every message stands between marks."""
    catalogue = top / 'marked' / 'de' / 'LC_MESSAGES' / 'glockfile.mo'
    catalogue.parent.mkdir(parents=True)
    marked = subprocess.run(['msgfilter', '--keep-header', '-i', arguments.source / 'de.po',
                             'sed', '-e', '1s/^/⟦/', '-e', '$s/$/⟧/'],
                            check=True, stdout=subprocess.PIPE,
                            env={**os.environ, 'LC_ALL': 'C.UTF-8'}).stdout
    subprocess.run(['msgfmt', '-o', catalogue, '-'], input=marked, check=True)
    messages = said([arguments.say], locale_of('de'), catalogues=top / 'marked')
    assert len(messages) >= 18, messages
    for name, message in messages.items():
        assert depth(message) == DEPTHS.get(name, 1), f'{name}: {message}'


make_folder()
locale_env = {}
try:
    locale_env = locales.make(top / 'locales', LATIN, *map(locale_of, LOCALES))
except Skip as reason:
    print(f'1..0 # SKIP {reason}')
else:
    run()
