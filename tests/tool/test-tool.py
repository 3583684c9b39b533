# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""What the command-line tool does, and what it exits with."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from peers import TIME_LIMIT, process_state
from tap import Skip, run, test
from toolutils import LISTENER, TOOL, Started, begin, call, place

PASSED_ON = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1)


def leave_behind(meeting):
    """What a holder that was killed leaves; answers its process ID."""
    holder = meeting.ours()
    holder.must('lock')
    holder.kill()
    return holder.pid


def write_of_qt(meeting, pid, host='elsewhere'):
    """As QLockFile writes it, on a machine that nobody knows."""
    Path(meeting.file_name).write_text(f'{pid}\nkate\n{host}\n{"f" * 32}\n\n')


def await_state(pid, states):
    deadline = time.monotonic() + TIME_LIMIT
    while process_state(pid) not in states:
        assert time.monotonic() < deadline, f'{pid} is {process_state(pid)}, not {states}'
        time.sleep(0.001)


def hears_signals(tool):
    folder = f'/proc/{tool.pid}/fd'
    for number in os.listdir(folder):
        try:
            if 'signalfd' in os.readlink(f'{folder}/{number}'):
                return True
        except FileNotFoundError:
            pass # closed meanwhile
    return False


def await_waiting(tool):
    """Until the tool waits for the lock: then it hears signals."""
    deadline = time.monotonic() + TIME_LIMIT
    while not hears_signals(tool) or process_state(tool.pid) != 'S':
        assert time.monotonic() < deadline, 'it does not come to rest'
        time.sleep(0.001)


# --- run: exit status ----------------------------------------------------------


@test
def run_exits_with_the_status_of_the_command():
    with place() as meeting:
        for status in 0, 1, 7, 75, 255:
            out, err = call('run', meeting.file_name, 'sh', '-c', f'echo out; exit {status}',
                            status=status)
            assert (out, err) == ('out\n', '')
        for number in signal.SIGKILL, signal.SIGTERM, signal.SIGINT:
            call('run', meeting.file_name, 'sh', '-c', f'kill -{number:d} $$', status=128 + number)
        meeting.must_be_tidy()


@test
def run_tells_commands_that_cannot_be_run():
    with place() as meeting:
        plain = Path(meeting.folder, 'plain')
        plain.write_text('echo "$0: $*"\n')
        for command, status in (('no-such-command-here', 127), ('./no-such-file', 127), ('', 127),
                                ('plain/below', 126), ('./plain', 126), ('.', 126)):
            _, err = call('run', meeting.file_name, command, status=status, cwd=meeting.folder)
            assert f'“{command}”' in err, err
        plain.chmod(0o755)
        out, _ = call('run', meeting.file_name, './plain', 'a  b', '-c', cwd=meeting.folder)
        assert out == './plain: a  b -c\n', out
        assert meeting.files() == ['plain']


@test
def run_tells_other_errors():
    with place() as meeting:
        document = Path(meeting.folder, 'letter')
        document.write_text('Dear reader,\n')
        for name in ('missing/lock', 'letter', 'letter/lock', '.', ''):
            out, err = call('run', name, 'echo', 'ran', status=70, cwd=meeting.folder)
            assert not out and err.startswith('glockfile: ') and err.count('\n') == 1, err
        assert document.read_text() == 'Dear reader,\n'


@test
def usage_errors_are_64():
    with place() as meeting:
        lock = meeting.file_name
        bad_seconds = ['', 'x', '-1', '+1', 'nan', 'inf', '1e3', '0x10', '1,5', ' 1', '1 ', '.',
                       '1.2.3', '1s', '9999999', '9' * 400, b'\xff']
        bad_codes = ['', 'x', '-1', '256', '1.0', ' 1', '0x1', '99999999999999999999']
        for arguments in ([], ['bogus'], ['--bogus'], ['run'], ['run', lock], ['run', lock, '--'],
                          ['run', '--bogus', lock, 'echo'],
                          ['run', lock, '--timeout=1', 'echo'],
                          ['run', '--timeout', lock],
                          ['info'], ['info', lock, lock], ['info', '--bogus', lock],
                          ['remove'], ['remove', lock, lock], ['remove', '--json', lock],
                          *(['run', b'--timeout=' + os.fsencode(value), lock, 'echo']
                            for value in bad_seconds),
                          *(['run', b'--stale-lock-time=' + os.fsencode(value), lock, 'echo']
                            for value in bad_seconds),
                          *(['run', f'--conflict-exit-code={value}', lock, 'echo']
                            for value in bad_codes)):
            out, err = call(*arguments, status=64)
            assert not out and re.match(r'glockfile: .+\nTry “glockfile.* --help”\.\n$', err), \
                f'{arguments}: {err!r}'
        meeting.must_be_tidy()


@test
def numbers_do_not_depend_on_the_locale():
    with place() as meeting:
        # One with a decimal comma, whatever locales are installed here.
        try:
            done = subprocess.run(['localedef', '--no-archive', '-c', '-i', 'de_DE', '-f', 'UTF-8',
                                   f'{meeting.folder}/de_DE.UTF-8'], capture_output=True)
        except FileNotFoundError:
            raise Skip('there is no localedef') from None
        if not Path(meeting.folder, 'de_DE.UTF-8').is_dir():
            raise Skip(f'localedef made no locale: {done.stderr.decode().strip()}')
        environment = {**os.environ, 'LOCPATH': meeting.folder, 'LC_ALL': 'de_DE.UTF-8'}
        said = subprocess.run(['printf', '%.1f', '0,5'], env=environment, capture_output=True)
        if said.stdout != b'0,5':
            raise Skip(f'localedef made none with a decimal comma: {done.stderr.decode().strip()}')
        for value, status in ('0.5', 0), ('.5', 0), ('5.', 0), ('0,5', 64):
            call('run', f'--timeout={value}', f'--stale-lock-time={value}', meeting.file_name,
                 'true', status=status, env=environment)


@test
def help_and_version_for_each_command():
    for command, words in (((), ('run', 'info', 'remove')),
                           (('run',), ('--timeout=SECONDS', '--stale-lock-time=SECONDS',
                                       '--conflict-exit-code=N', 'LOCK-FILE [--] COMMAND')),
                           (('info',), ('--json', 'LOCK-FILE')),
                           (('remove',), ('LOCK-FILE',))):
        out, err = call(*command, '--help')
        assert not err and f'{" ".join(("glockfile", *command))} [OPTION…] ' in out, out
        assert all(word in out for word in (*words, '--version')), out
        out, err = call(*command, '--version')
        assert not err and re.fullmatch(r'glockfile \d+\.\d+\.\d+\n', out), out


# --- run: the lock -------------------------------------------------------------


@test
def run_holds_the_lock_as_long_as_the_command_runs():
    with place() as meeting:
        other = meeting.ours()
        with Started('run', meeting.file_name, *LISTENER) as tool:
            tool.expect('listening')
            other.must_be_refused('try 0')
            holder = other.fields('query')
            assert (int(holder['pid']), holder['app'], holder['state']) == \
                (tool.pid, 'glockfile', 'running'), holder
            # Who waits reads what it is that has the lock.
            assert holder['name'] == os.path.basename(LISTENER[0]), holder
            tool.send(signal.SIGUSR2)
            tool.end(5)
        meeting.must_be_tidy()
        other.must('try 0')


@test
def options_after_the_lock_file_belong_to_the_command():
    with place() as meeting:
        for arguments, printed in ((['echo', '--timeout=x', '--help'], '--timeout=x --help\n'),
                                   (['--', 'echo', '--', '-n'], '-- -n\n'),
                                   (['echo', '--', 'x'], '-- x\n')):
            assert call('run', meeting.file_name, *arguments)[0] == printed
            assert call('run', '--timeout=1', '--', meeting.file_name, *arguments)[0] == printed
        for separators in ['--'], ['--timeout', '1', '--']:
            out, _ = call('run', *separators, '-lock', '--', 'ls', cwd=meeting.folder)
            assert out == '-lock\n', out


@test
def run_waits_for_the_lock():
    with place() as meeting:
        for options in [], ['--timeout=60']:
            holder = meeting.ours()
            holder.must('lock')
            with Started('run', *options, meeting.file_name, 'echo', 'ran') as tool:
                await_waiting(tool)
                holder.must('unlock')
                tool.expect('ran')
                assert tool.end(0) == ('', ''), 'no terminal, no message'
        holder.must('lock')
        with Started('run', meeting.file_name, 'echo', 'ran') as tool:
            await_waiting(tool)
            holder.kill()
            tool.expect('ran')
            tool.end(0)


@test
def run_gives_up_in_time_and_says_who_holds_the_lock():
    with place() as meeting:
        holder = meeting.ours()
        holder.must('lock')
        for timeout, least in ('0', 0), ('0.0', 0), ('0.0001', 0), ('0.3', 0.3), ('.2', 0.2):
            begin = time.monotonic()
            out, err = call('run', f'--timeout={timeout}', meeting.file_name, 'echo', status=75)
            assert time.monotonic() - begin >= least
            assert not out and meeting.file_name in err, err
            assert f'process {holder.pid}' in err and holder.app_name in err, err
        for code in 0, 1, 75, 255:
            call('run', f'--conflict-exit-code={code}', '--timeout=0', meeting.file_name, 'echo',
                 status=code)
        holder.must('unlock')
        call('run', '--timeout=0', '--conflict-exit-code=3', meeting.file_name, 'false', status=1)


@test
def run_goes_by_the_stale_lock_time():
    with place() as meeting:
        for options, status in ([], 0), (['--stale-lock-time=0'], 75), \
                (['--stale-lock-time=3600.5'], 75), (['--stale-lock-time=59.5'], 0):
            write_of_qt(meeting, 4711)
            meeting.age(60)
            call('run', '--timeout=0', *options, meeting.file_name, 'true', status=status)


@test
def many_exclude_each_other():
    with place() as meeting:
        counter = Path(meeting.folder, 'counter')
        counter.write_text('0\n')
        once = ['run', meeting.file_name, 'sh', '-c',
                'read n <counter; : >counter; echo $((n + 1)) >counter']
        loop = ['sh', '-c', 'for i in 1 2 3 4 5; do "$@" || exit; done', 'sh', TOOL, *once]
        processes = [subprocess.Popen(loop, cwd=meeting.folder) for _ in range(6)]
        assert [process.wait(TIME_LIMIT * 2) for process in processes] == [0] * 6
        assert counter.read_text() == '30\n', counter.read_text()


@test
def run_takes_over_what_was_left_behind():
    with place() as meeting:
        leave_behind(meeting)
        call('run', '--timeout=0', meeting.file_name, 'true')
        meeting.must_be_tidy()


# --- run: what the command gets ------------------------------------------------


@test
def the_command_inherits_no_descriptor_of_the_lock():
    list_descriptors = ['sh', '-c', 'for f in /proc/$$/fd/*; do echo ${f##*/} $(readlink $f); done']
    with place() as meeting:
        waited_for = meeting.ours()
        waited_for.must('lock')
        directly = subprocess.run(list_descriptors, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True).stdout
        with Started('run', meeting.file_name, *list_descriptors) as tool:
            await_waiting(tool)
            waited_for.must('unlock')
            out, _ = tool.end(0)

        def numbers(text):
            return [line.split()[0] for line in text.splitlines()]
        assert numbers(out) == numbers(directly), f'{out}{directly}'
        assert meeting.file_name not in out, out

        # What is not ours is passed through.
        reader, writer = os.pipe()
        call('run', meeting.file_name, 'sh', '-c', f'echo through >&{writer}', pass_fds=[writer])
        os.close(writer)
        with os.fdopen(reader) as pipe:
            assert pipe.read() == 'through\n'


@test
def what_the_command_leaves_running_does_not_keep_the_lock():
    with place() as meeting:
        other = meeting.ours()
        out, _ = call('run', meeting.file_name, 'sh', '-c', 'sleep 60 >/dev/null 2>&1 & echo $!')
        try:
            other.must('try 0')
            assert process_state(int(out)) is not None
        finally:
            os.kill(int(out), signal.SIGKILL)


@test
def the_command_finds_signals_as_the_tool_found_them():
    def set_signals():
        begin()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        for number in signal.SIGHUP, signal.SIGPIPE:
            signal.signal(number, signal.SIG_IGN)
        for number in signal.SIGTERM, signal.SIGINT:
            signal.signal(number, signal.SIG_DFL)
    def parse(status):
        # All but the C library's own two, which its posix_spawn() lets be ignored.
        return {name: int(signals, 16) & ~(3 << 31)
                for name, signals in re.findall(r'^(Sig\w+):\s*(\w+)$', status, re.MULTILINE)}
    command = ['grep', '-E', '^Sig(Blk|Ign|Cgt)', '/proc/self/status']
    with place() as meeting:
        for prepare in begin, set_signals:
            directly = subprocess.run(command, capture_output=True, text=True, preexec_fn=prepare)
            out, _ = call('run', meeting.file_name, *command, preexec_fn=prepare)
            assert len(parse(out)) == 3, out
            assert parse(out) == parse(directly.stdout), f'{out}{directly.stdout}'


@test
def the_status_is_known_also_if_children_are_ignored():
    with place() as meeting:
        call('run', meeting.file_name, 'sh', '-c', 'exit 7', status=7,
             preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))


# --- run: signals --------------------------------------------------------------


@test
def signals_are_passed_on():
    with place() as meeting:
        with Started('run', meeting.file_name, *LISTENER) as tool:
            tool.expect('listening')
            for number in PASSED_ON:
                tool.send(number)
                tool.expect(number.name)
            assert Path(meeting.file_name).exists()
            tool.send(signal.SIGUSR2)
            tool.expect('SIGUSR2')
            assert tool.end(5) == ('', '')
        for number in (*PASSED_ON, signal.SIGUSR2):
            with Started('run', meeting.file_name, 'sh', '-c', 'echo $$; exec sleep 60') as tool:
                command = int(tool.process.stdout.readline())
                await_state(command, 'S')
                tool.send(number)
                tool.end(128 + number)
                assert process_state(command) is None
        meeting.must_be_tidy()


@test
def the_group_s_signal_by_the_command_is_not_passed_on():
    """As by a script's `kill 0`."""
    with place() as meeting:
        code = ('import os, signal\n'
                'heard = 0\n'
                'def hear(*_):\n'
                '    global heard\n'
                '    heard += 1\n'
                'signal.signal(signal.SIGTERM, hear)\n'
                'signal.signal(signal.SIGUSR1, lambda *_: os._exit(heard))\n'
                'os.kill(0, signal.SIGTERM)\n'
                'print("sent", flush=True)\n'
                'while True: signal.pause()\n')
        with Started('run', meeting.file_name, sys.executable, '-c', code,
                     start_new_session=True) as tool:
            tool.expect('sent')
            # The tool comes to it after what was sent before.
            tool.send(signal.SIGUSR1)
            tool.end(1)


@test
def ignored_signals_stay_ignored():
    def ignore():
        begin()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with place() as meeting:
        with Started('run', meeting.file_name, *LISTENER, preexec_fn=ignore) as tool:
            tool.expect('listening')
            tool.send(signal.SIGHUP)
            tool.send(signal.SIGUSR1)
            tool.expect('SIGUSR1')
            tool.send(signal.SIGUSR2)
            tool.expect('SIGUSR2')
            tool.end(5)
        holder = meeting.ours()
        holder.must('lock')
        with Started('run', meeting.file_name, 'echo', 'ran', preexec_fn=ignore) as tool:
            await_waiting(tool)
            tool.send(signal.SIGHUP)
            holder.must('unlock')
            tool.expect('ran')
            tool.end(0)


@test
def a_signal_ends_the_waiting():
    with place() as meeting:
        holder = meeting.ours()
        holder.must('lock')
        for number in (*PASSED_ON, signal.SIGUSR2):
            with Started('run', meeting.file_name, 'echo', 'ran') as tool:
                await_waiting(tool)
                tool.send(number)
                assert tool.end(-number) == ('', '')
        assert holder.ask('is-locked') == 'yes'
        holder.must('verify')
        holder.must('unlock')
        meeting.must_be_tidy()


@test
def killed_it_leaves_the_command_and_frees_the_lock():
    with place() as meeting:
        other = meeting.ours()
        with Started('run', meeting.file_name, *LISTENER) as tool:
            tool.expect('listening')
            command = tool.command()
            tool.send(signal.SIGKILL)
            tool.process.wait()
            try:
                other.must('try 0')
            finally:
                os.kill(command, signal.SIGUSR2)
            tool.expect('SIGUSR2')


# --- run: losing the lock ------------------------------------------------------


@test
def a_lost_lock_is_told_and_the_command_goes_on():
    with place() as meeting:
        for script, status in ('exit 0', 70), ('exit 7', 7):
            with Started('run', meeting.file_name, 'sh', '-c', f'echo runs; read line; {script}',
                         stdin=subprocess.PIPE) as tool:
                tool.expect('runs')
                os.unlink(meeting.file_name)
                warning = tool.process.stderr.readline().decode()
                assert 'lost' in warning and meeting.file_name in warning, warning
                call('run', '--timeout=0', meeting.file_name, 'true')
                tool.process.stdin.write(b'go on\n')
                out, err = tool.end(status)
                assert not out and err == 'glockfile: The command goes on without the lock\n', err


@test
def a_loss_in_the_last_moment_is_told():
    with place() as meeting:
        _, err = call('run', meeting.file_name, 'rm', meeting.file_name, status=70)
        assert 'lost' in err, err
        meeting.must_be_tidy()


@test
def nobody_else_s_lock_is_removed():
    with place() as meeting:
        other = meeting.ours()
        with Started('run', meeting.file_name, *LISTENER) as tool:
            tool.expect('listening')
            os.unlink(meeting.file_name)
            other.must('lock')
            tool.send(signal.SIGUSR2)
            tool.end(5)
        other.must('verify')
        other.must('unlock')


@test
def warnings_that_nobody_reads_end_nothing():
    with place() as meeting:
        with Started('run', meeting.file_name, 'sh', '-c', 'echo runs; read line; exit 7',
                     stdin=subprocess.PIPE) as tool:
            tool.expect('runs')
            tool.process.stderr.close()
            tool.process.stderr = None
            os.unlink(meeting.file_name)
            tool.process.stdin.write(b'go on\n')
            tool.end(7)


# --- info ----------------------------------------------------------------------


@test
def info_of_a_held_lock():
    with place() as meeting:
        holder = meeting.ours()
        holder.must('lock')
        out, err = call('info', meeting.file_name)
        assert not err and f'process {holder.pid}' in out and out.count('\n') == 1, out

        out, err = call('info', '--json', meeting.file_name)
        answer = json.loads(out)
        assert not err and list(answer)[0] == 'file-name', out
        lines = Path(meeting.file_name).read_text().splitlines()
        extra = dict(line.split('=', 1) for line in lines[6:])
        since = answer.pop('locked-since')
        assert since.rstrip('Z') == extra['since'].rstrip('Z').rstrip('0').rstrip('.') or \
            since == extra['since'], (since, extra['since'])
        assert answer == {
            'file-name': meeting.file_name, 'pid': holder.pid, 'hostname': lines[2],
            'app-name': holder.app_name, 'display-name': holder.app_name, 'user-name': extra['user'], 'machine-id': lines[3],
            'boot-id': lines[4], 'token': extra['token'], 'holder-state': 'running'}, answer
        assert json.loads(call('info', meeting.file_name, '--json')[0])['pid'] == holder.pid
        holder.must('verify')


@test
def debugging_does_not_mix_with_the_answer():
    with place() as meeting:
        holder = meeting.ours()
        holder.must('lock')
        out, err = call('info', '--json', meeting.file_name,
                        env={**os.environ, 'G_MESSAGES_DEBUG': 'GLockFile'})
        assert json.loads(out)['pid'] == holder.pid
        assert 'held by J2' in err, err


@test
def info_of_what_is_not_locked():
    with place() as meeting:
        out, err = call('info', meeting.file_name, status=1)
        assert not err and out == f'“{meeting.file_name}” is not locked.\n', out
        out, err = call('info', '--json', meeting.file_name, status=1)
        assert not err and json.loads(out) == {'file-name': meeting.file_name}, out
        call('info', f'{meeting.folder}/missing/lock', status=1)


@test
def info_of_a_leftover():
    with place() as meeting:
        pid = leave_behind(meeting)
        out, _ = call('info', meeting.file_name, status=2)
        assert f'process {pid}' in out and 'without unlocking' in out, out
        answer = json.loads(call('info', '--json', meeting.file_name, status=2)[0])
        assert (answer['pid'], answer['holder-state']) == (pid, 'gone'), answer
        assert meeting.files() == ['lock']


@test
def info_of_a_qt_program_s_lock():
    with place() as meeting:
        write_of_qt(meeting, 4711)
        out, _ = call('info', meeting.file_name)
        assert 'kate' in out and 'elsewhere' in out and 'not known whether' in out, out
        answer = json.loads(call('info', '--json', meeting.file_name)[0])
        since = answer.pop('locked-since')
        assert re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d', since) and since.endswith('Z'), since
        assert answer == {'file-name': meeting.file_name, 'pid': 4711, 'hostname': 'elsewhere',
                          'app-name': 'kate', 'machine-id': 'f' * 32,
                          'holder-state': 'unknown'}, answer


@test
def info_and_remove_leave_alone_what_is_not_a_lock_file():
    with place() as meeting:
        Path(meeting.folder, 'letter').write_text('Dear reader,\n')
        Path(meeting.folder, 'big').write_text('1\n' * 5000)
        Path(meeting.folder, 'link').symlink_to('letter')
        os.mkfifo(f'{meeting.folder}/pipe')
        before = meeting.files()
        for name in 'letter', 'big', 'link', 'pipe', '.':
            for command in ['info'], ['info', '--json'], ['remove']:
                out, err = call(*command, name, status=65, cwd=meeting.folder)
                assert not out and err.startswith('glockfile: ') and name in err, err
        assert meeting.files() == before


@test
def info_says_if_it_cannot_be_had_or_printed():
    with place() as meeting:
        with open('/dev/full', 'w', encoding='utf-8') as full:
            for option in [], ['--json']:
                _, err = call('info', *option, meeting.file_name, status=70, stdout=full,
                              capture_output=False, stderr=subprocess.PIPE)
                assert 'space' in err, err
        if os.geteuid() == 0:
            return # who may read everything
        write_of_qt(meeting, 4711)
        os.chmod(meeting.file_name, 0)
        call('info', meeting.file_name, status=70)


@test
def what_the_file_says_is_made_safe():
    with place() as meeting:
        content = b'4711\nevil \xe2\x80\xae<b>\xff\nhost\n\n\n'
        Path(meeting.file_name).write_bytes(content)
        out, _ = call('info', meeting.file_name)
        assert 'evil' in out and '\u202e' not in out and '<b>' not in out, repr(out)
        out, _ = call('info', '--json', meeting.file_name)
        assert json.loads(out)['app-name'] == 'evil \u202e<b>\ufffd', repr(out)


# The commands of terminals and marks of direction, as they are and as a lock file may
# escape them.
STEERING = '\x1b]0;t\x07\u009b31m\u202e\u2066\u2028\n'


def assert_tame(*texts):
    for text in texts:
        steering = {c for c in text if not c.isprintable() and c != '\n'}
        assert not steering, repr(text)


@test
def nothing_steers_the_terminal():
    hostile = STEERING.replace('\x1b', '\\x1b').replace('\x07', '\\x07').replace('\n', '\\n')
    with place() as meeting:
        path = Path(meeting.file_name).with_name(f'a{STEERING}.lock')
        out, err = call('info', path, status=1)
        assert_tame(out, err)
        assert out.count('\n') == 1, repr(out)
        path.write_text(f'4711\n\u009b31m\u202e\nhost\n{"c0ffee00" * 4}\n'
                        '01234567-89ab-4cde-8f01-23456789abcd\nGLockFile 1 flock\n'
                        f'user={hostile}\nname={hostile}\nsince=2026-01-05T10:42:00Z\n')
        out, err = call('info', path)
        assert_tame(out, err)
        out, err = call('info', '--json', path)
        assert_tame(out, err)
        answer = json.loads(out)
        assert answer['display-name'] == STEERING and answer['app-name'] == '\u009b31m\u202e', out
        for arguments, status in ((('run', '--timeout=0', path, 'true'), 75),
                                  (('run', f'--timeout={STEERING}', path, 'true'), 64),
                                  (('info', f'--{STEERING}'), 64), ((STEERING,), 64)):
            out, err = call(*arguments, status=status)
            assert_tame(out, err)
        path.unlink()
        out, err = call('run', path, f'./{STEERING}', status=127)
        assert_tame(out, err)


# --- remove --------------------------------------------------------------------


@test
def remove_removes_leftovers_alone():
    with place() as meeting:
        out, err = call('remove', meeting.file_name, status=1)
        assert not out and meeting.file_name in err, err
        leave_behind(meeting)
        assert call('remove', meeting.file_name) == ('', '')
        write_of_qt(meeting, 4711)
        assert call('remove', meeting.file_name) == ('', '')
        meeting.must_be_tidy()

        holder = meeting.ours()
        holder.must('lock')
        _, err = call('remove', meeting.file_name, status=75)
        assert f'process {holder.pid}' in err, err
        holder.must('verify')


# --- names ---------------------------------------------------------------------


@test
def names_need_not_be_utf_8():
    with place() as meeting:
        for name in b'caf\xe9.lock', 'ключ ’\n"'.encode(), b'%s%n', b'\xff\xfe':
            path = os.path.join(os.fsencode(meeting.folder), name)
            out, _ = call('run', path, 'sh', '-c', '"$0" info --json "$1"', TOOL, path)
            shown = path.decode(errors='replace')
            assert json.loads(out)['file-name'] == shown, out
            out, err = call('info', path, status=1)
            assert not err and b'is not locked' in out.encode()
            call('remove', path, status=1)
            with Started('run', path, *LISTENER) as tool:
                tool.expect('listening')
                assert os.path.exists(path)
                call('remove', path, status=75)
                call('run', '--timeout=0', path, 'true', status=75)
                tool.send(signal.SIGUSR2)
                tool.end(5)
        environment = {**os.environ, 'LC_ALL': 'C'}
        call('run', path, 'true', env=environment)
        _, err = call('run', meeting.file_name, b'no\xffcommand', status=127, env=environment)
        assert 'no' in err and 'command' in err, err
        out, _ = call('run', meeting.file_name, 'printf', '%s', b'caf\xe9')
        assert out == 'caf\ufffd', out


run()
