# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The tool, the commands that it runs, and a place for lock files."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from peers import TIME_LIMIT, Meeting, die_with_parent

TOOL = os.environ['GLOCKFILE_TOOL']

LISTENER = [sys.executable, str(Path(__file__).with_name('listener.py'))]


def begin():
    """In a process that is to become another program: as if a person had started it."""
    die_with_parent()
    # A shell without job control starts what is to run in the background otherwise.
    for number in signal.SIGINT, signal.SIGQUIT, signal.SIGHUP:
        signal.signal(number, signal.SIG_DFL)


def place():
    """A folder with one lock file; all that was started in it ends with it."""
    return Meeting(None)


def call(*arguments, status=0, **options):
    """Runs the tool to its end, and answers what it printed: (stdout, stderr)."""
    options = {'stdin': subprocess.DEVNULL, 'capture_output': True, 'timeout': TIME_LIMIT,
               'preexec_fn': begin, **options}
    done = subprocess.run([TOOL, *arguments], check=False, **options)
    out, err = (text.decode(errors='replace') if text is not None else None
                for text in (done.stdout, done.stderr))
    assert done.returncode == status, f'{arguments}: {done.returncode}, not {status}: {out}{err}'
    return out, err


class Started:
    """The tool, while it runs. Ends with the `with` block."""

    def __init__(self, *arguments, **options):
        options = {'stdin': subprocess.DEVNULL, 'stderr': subprocess.PIPE,
                   'preexec_fn': begin, **options}
        self.process = subprocess.Popen([TOOL, *arguments], stdout=subprocess.PIPE, bufsize=0,
                                        **options)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            command = self.command()
            self.process.kill()
            if command is not None:
                os.kill(command, signal.SIGKILL)
        for file in self.process.stdout, self.process.stderr:
            if file is not None:
                file.close()
        self.process.wait()

    def expect(self, line):
        """The command's next line."""
        said = self.process.stdout.readline().decode().rstrip('\n')
        assert said == line, f'{said!r}, not {line!r}'

    def command(self):
        """The process ID of the command; None if it does not run."""
        children = Path(f'/proc/{self.pid}/task/{self.pid}/children').read_text().split()
        return int(children[0]) if children else None

    def send(self, number):
        self.process.send_signal(number)

    def end(self, status):
        """Waits for the end, and answers what else was printed."""
        out, err = self.process.communicate(timeout=TIME_LIMIT)
        assert self.process.returncode == status, \
            f'{self.process.returncode}, not {status}: {out}{err}'
        return out.decode(), (err or b'').decode(errors='replace')
