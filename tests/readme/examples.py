# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Runs an example of the README, in a folder of its own, with real peers."""

import os
import subprocess
import tempfile
from pathlib import Path

SETTINGS = '# Somebody\'s remark\n\n[window]\nopened=41\n'
TIME_LIMIT = 60


class Folder:
    """A folder with a settings file, as the examples want it."""

    def __enter__(self):
        self._directory = tempfile.TemporaryDirectory(prefix='glockfile-example-')
        self.path = Path(self._directory.name)
        self.settings = self.path / 'settings.ini'
        self.lock_file = self.path / 'settings.ini.lock'
        self.settings.write_text(SETTINGS)
        return self

    def __exit__(self, *_):
        self._directory.cleanup()

    def run(self, command, **more_env):
        return subprocess.run(command, cwd=self.path, env={**os.environ, **more_env}, text=True,
                              timeout=TIME_LIMIT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class Holder:
    """Another process, which holds the folder's lock meanwhile."""

    def __init__(self, folder, name):
        self.process = subprocess.Popen(
            [os.environ['GLOCKFILE_TEST_HELPER'], f'--name={name}', folder.lock_file],
            text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid

    def __enter__(self):
        self._expect(f'ready {self.pid}')
        self.process.stdin.write('lock\n')
        self._expect('ok')
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(TIME_LIMIT) == 0
        self.process.stdout.close()

    def _expect(self, answer):
        line = self.process.stdout.readline().rstrip('\n')
        assert line == answer, f'the holder said “{line}” and not “{answer}”'


def assert_success(finished):
    assert finished.returncode == 0 and not finished.stderr, \
        f'exit status {finished.returncode}: {finished.stderr}'


def assert_failure(finished, *words):
    assert finished.returncode == 1, f'exit status {finished.returncode}: {finished.stderr}'
    for word in words:
        assert word in finished.stderr, f'“{word}” is not in: {finished.stderr}'


def assert_updates_the_settings(command, **more_env):
    with Folder() as folder:
        assert_success(folder.run(command, **more_env))
        assert folder.settings.read_text() == SETTINGS.replace('41', '42')
        assert not folder.lock_file.exists(), 'the lock file is still there'


def assert_tells_who_holds_the_lock(command):
    with Folder() as folder, Holder(folder, 'Text Editor') as holder:
        content = folder.lock_file.read_bytes()
        assert_failure(folder.run(command), 'Text Editor', str(holder.pid))
        assert folder.settings.read_text() == SETTINGS, 'the settings were changed without the lock'
        assert folder.lock_file.read_bytes() == content, 'the lock file is no longer the holder\'s'


def assert_lets_go_when_it_fails(command):
    with Folder() as folder:
        folder.settings.unlink()
        assert_failure(folder.run(command))
        assert not os.listdir(folder.path), f'left behind: {os.listdir(folder.path)}'
