#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""A GLockFile and a QLockFile process on one path: test-peers.py QT-PEER"""

import os
import shutil
import socket
import statistics
import sys
import time

import tap
from peers import Meeting
from tap import test

# Where a QLockFile process can be stopped (park.c). While it takes the lock its
# file is empty at first, without a kernel lock and then with one. When it lets
# go it closes its file first, so that the kernel lock is free, and unlinks the
# file *by name* afterwards. When it removes a leftover it has P.rmlock, opens
# the file, locks it, and unlinks it by name.
WHILE_EMPTY = ('create:after', 'flock:before', 'flock:after', 'write:before')
WHILE_RELEASING = ('close:before', 'close:after', 'unlink:before')
WHILE_REMOVING = ('open:before', 'open:after', 'flock:before', 'flock:after', 'unlink:before')

# More than a stale lock time of 1000 ms, in seconds. But less than 2 s, for a
# process that started later after its file was written than that is not its writer.
LONG = 1.5

# No test is about how fast a machine is. What the protocol promises "at once"
# must only not be a matter of the stale lock time or of Qt's polling.
AT_ONCE = 1


def meeting():
    return Meeting(sys.argv[1])


def took(start):
    return time.monotonic() - start


def must_name(fields, holder):
    assert fields['pid'] == str(holder.pid), fields
    assert fields['app'] == holder.app_name, fields
    assert fields['host'] == socket.gethostname(), fields


def must_be_held_by_qt(ours, qt):
    """Whatever we try: a short time and no time at all, forced removal too."""
    ours.must_be_refused('try 0')
    ours.must_be_refused('remove-stale')
    start = time.monotonic()
    ours.must_be_refused('try 150')
    assert took(start) < 5, f'a try of 150 ms took {took(start)} s'
    assert qt.alive


def leave_behind(holder):
    """A lock file whose process was killed."""
    holder.must('lock')
    holder.kill()


# Who holds the lock, read both ways


@test
def we_fail_while_qt_holds_and_name_it():
    with meeting() as place:
        qt, ours = place.qt(), place.ours()
        qt.must('lock')

        must_be_held_by_qt(ours, qt)
        fields = ours.fields('query')
        must_name(fields, qt)
        assert fields['state'] == 'running', fields
        answer = ours.ask('try 0')
        assert str(qt.pid) in answer and qt.app_name in answer, answer

        qt.must('unlock')
        place.must_be_tidy()


@test
def qt_fails_while_we_hold_and_names_us():
    with meeting() as place:
        qt, ours = place.qt(), place.ours(stale_lock_time=0)
        ours.must('lock')

        qt.must_be_refused('try 0')
        qt.must_be_refused('try 250')
        must_name(qt.fields('info'), ours)

        ours.must('verify')
        ours.must('unlock')
        place.must_be_tidy()


@test
def lock_passes_back_and_forth():
    with meeting() as place:
        qt, ours = place.qt(), place.ours()
        for _ in range(50):
            qt.must('try 0')
            ours.must_be_refused('try 0')
            qt.must('unlock')
            ours.must('try 0')
            assert ours.ask('previous') == 'none'
            qt.must_be_refused('try 0')
            ours.must('unlock')
        place.must_be_tidy()


@test
def qt_knows_us_by_a_name_that_is_not_utf8():
    # Qt takes a holder for gone if the running program's name is not the one in
    # the file, and such a name is not written as it is. Our kernel lock protects us.
    with meeting() as place:
        odd = os.path.join(place.folder, os.fsdecode(b'help\xff\ner'))
        shutil.copy(os.environ['GLOCKFILE_TEST_HELPER'], odd)
        qt, ours = place.qt(stale_lock_time=0), place.ours(program=odd)
        ours.must('lock')
        qt.must_be_refused('try 0')
        qt.must_be_refused('try 250')
        ours.must('verify')
        ours.must('unlock')


# Waiting for each other


@test
def we_get_it_quickly_when_qt_lets_go():
    with meeting() as place:
        qt, ours = place.qt(), place.ours()
        times = []
        for _ in range(9):
            qt.must('lock')
            ours.send('lock')
            ours.must_wait()
            start = time.monotonic()
            qt.send('unlock')
            ours.must_answer()
            times.append(took(start))
            qt.must_answer()
            ours.must('verify')
            ours.must('unlock')
        assert statistics.median(times) < 0.1, times


@test
def we_get_it_quickly_when_qt_lets_go_after_long():
    # Qt wakes us by closing its file, and unlinks it only then. By its age the
    # file would be stale in between, and the next one at the path be unlinked.
    with meeting() as place:
        qt, ours = place.qt(delay=2000), place.ours(stale_lock_time=1000)
        times = []
        for _ in range(50):
            qt.must('lock')
            place.age(LONG)
            ours.send('lock')
            ours.must_wait()
            start = time.monotonic()
            qt.send('unlock')
            ours.must_answer()
            times.append(took(start))
            qt.must_answer()
            ours.must('verify')
            assert ours.ask('previous') == 'none'
            ours.must('unlock')
        assert statistics.median(times) < 0.1, times


@test
def qt_gets_it_at_its_next_poll():
    with meeting() as place:
        qt, ours = place.qt(), place.ours()
        ours.must('lock')
        qt.send('try 20000')
        qt.must_wait()
        start = time.monotonic()
        ours.must('unlock')
        qt.must_answer()
        # It polls after 0.1, 0.2, 0.4 … s.
        assert took(start) < 5, took(start)
        ours.must_be_refused('try 0')
        qt.must('unlock')


@test
def time_ends_for_both():
    with meeting() as place:
        qt, ours = place.qt(), place.ours()
        qt.must('lock')
        start = time.monotonic()
        ours.must_be_refused('try 200')
        assert 0.2 <= took(start) < 5, took(start)
        qt.must('unlock')

        ours.must('lock')
        start = time.monotonic()
        qt.must_be_refused('try 200')
        assert 0.2 <= took(start) < 5, took(start)
        ours.must('unlock')


# Crashes


@test
def we_take_over_from_a_killed_qt():
    for stale_lock_time in (30000, 0):
        with meeting() as place:
            qt, ours = place.qt(), place.ours(stale_lock_time=stale_lock_time)
            leave_behind(qt)
            assert ours.fields('query')['state'] == 'gone'
            start = time.monotonic()
            ours.must('try 0')
            assert took(start) < AT_ONCE, took(start)
            previous = ours.fields('previous')
            must_name(previous, qt)
            assert previous['state'] == 'gone', previous
            ours.must('unlock')
            place.must_be_tidy()


@test
def we_take_over_from_a_qt_that_nobody_reaps():
    # A program that crashed below a busy shell or a debugger stays as a zombie.
    with meeting() as place:
        qt, ours = place.qt(), place.ours()
        qt.must('lock')
        qt.kill(reap=False)
        start = time.monotonic()
        ours.must('try 5000')
        assert took(start) < AT_ONCE, took(start)
        must_name(ours.fields('previous'), qt)


@test
def we_take_over_from_a_qt_that_exits_without_unlocking():
    with meeting() as place:
        qt, ours = place.qt(), place.ours()
        qt.must('lock')
        ours.send('lock')
        ours.must_wait()
        start = time.monotonic()
        assert qt.ask('exit') is None
        ours.must_answer()
        assert took(start) < AT_ONCE, took(start)
        must_name(ours.fields('previous'), qt)


@test
def we_take_over_while_we_wait_for_a_killed_qt():
    with meeting() as place:
        ours, times = place.ours(), []
        for _ in range(5):
            qt = place.qt()
            qt.must('lock')
            ours.send('lock')
            ours.must_wait()
            start = time.monotonic()
            qt.kill(reap=False)
            ours.must_answer()
            times.append(took(start))
            must_name(ours.fields('previous'), qt)
            ours.must('unlock')
        assert max(times) < AT_ONCE, times
        place.must_be_tidy()


@test
def qt_takes_over_from_us_killed():
    for stale_lock_time in (30000, 0):
        with meeting() as place:
            qt, ours = place.qt(stale_lock_time=stale_lock_time), place.ours()
            leave_behind(ours)
            must_name(qt.fields('info'), ours)
            qt.must('try 0')
            place.ours().must_be_refused('try 0')
            qt.must('unlock')
            place.must_be_tidy()


@test
def qt_takes_over_while_it_waits_for_us():
    with meeting() as place:
        qt, ours = place.qt(stale_lock_time=0), place.ours()
        ours.must('lock')
        qt.send('try 20000')
        qt.must_wait()
        ours.kill()
        qt.must_answer()
        qt.must('unlock')
        place.must_be_tidy()


@test
def leftovers_are_removed_on_request():
    with meeting() as place:
        qt, ours = place.qt(), place.ours()
        leave_behind(place.ours())
        qt.must('remove-stale')
        place.must_be_tidy()
        leave_behind(place.qt())
        ours.must('remove-stale')
        place.must_be_tidy()


# Nobody robs the living


@test
def an_aged_qt_is_not_robbed():
    with meeting() as place:
        qt, ours = place.qt(), place.ours(stale_lock_time=1000)
        qt.must('lock')
        place.age()
        must_be_held_by_qt(ours, qt)
        ours.must_be_refused('try 1500')
        assert ours.fields('query')['state'] == 'running'
        qt.must('unlock')
        ours.must('try 0')


@test
def a_stopped_qt_is_not_robbed():
    with meeting() as place:
        qt, ours = place.qt(), place.ours(stale_lock_time=1000)
        qt.must('lock')
        qt.stop()
        place.age()
        must_be_held_by_qt(ours, qt)
        assert ours.fields('query')['state'] == 'running'
        qt.go_on()
        qt.must('unlock')
        ours.must('try 0')


@test
def qt_does_not_rob_us():
    # By age Qt finds our file stale; then it needs the kernel lock to remove it.
    for stale_lock_time in (0, 30000):
        with meeting() as place:
            qt, ours = place.qt(stale_lock_time=stale_lock_time), place.ours()
            ours.must('lock')
            qt.must_be_refused('try 250')
            place.age()
            qt.must_be_refused('try 250')
            ours.must('verify')
            assert place.files() == ['lock']
            ours.must('unlock')
            place.must_be_tidy()


@test
def qt_does_not_rob_us_stopped():
    with meeting() as place:
        qt, ours = place.qt(), place.ours()
        ours.must('lock')
        place.age()
        ours.stop()
        qt.must_be_refused('try 250')
        ours.go_on()
        ours.must('verify')


@test
def forced_removal_by_qt_fails_while_we_hold():
    with meeting() as place:
        qt, ours = place.qt(), place.ours()
        ours.must('lock')
        for _ in range(2):
            assert qt.ask('remove-stale') == 'error not removed'
            ours.must('verify')
            place.age()


# Qt stopped at every step


@test
def qt_that_takes_the_lock_is_not_disturbed():
    for step in WHILE_EMPTY:
        with meeting() as place:
            qt, ours, waiter = place.qt(park_at=step), place.ours(), place.ours()
            qt.park('lock')
            waiter.send('lock')
            waiter.must_wait()
            assert ours.ask('query').startswith('error g-lock-file-error-quark 5 '), step
            must_be_held_by_qt(ours, qt)

            qt.go_on()
            qt.must_answer()
            must_be_held_by_qt(ours, qt)
            waiter.must_wait()

            qt.must('unlock')
            waiter.must_answer()
            ours.must_be_refused('try 0')
            waiter.must('unlock')
            place.must_be_tidy()


@test
def qt_that_has_just_written_is_not_disturbed():
    with meeting() as place:
        qt, ours = place.qt(park_at='write:after'), place.ours()
        qt.park('lock')
        must_be_held_by_qt(ours, qt)
        qt.go_on()
        qt.must_answer()
        must_be_held_by_qt(ours, qt)


@test
def qt_that_lets_go_does_not_unlink_our_lock():
    for step in WHILE_RELEASING:
        for aged in (False, True):
            with meeting() as place:
                qt = place.qt(park_at=step)
                ours, waiter = place.ours(stale_lock_time=1000), place.ours(stale_lock_time=1000)
                qt.must('lock')
                if aged:
                    place.age(LONG)
                waiter.send('lock')
                waiter.must_wait()
                qt.park('unlock')
                ours.must_be_refused('try 0')
                ours.must_be_refused('try 150')

                qt.go_on()
                qt.must_answer()
                waiter.must_answer()
                waiter.must('verify')
                qt.must_be_refused('try 0')
                waiter.must('unlock')
                place.must_be_tidy()


@test
def qt_that_has_let_go_holds_nothing():
    with meeting() as place:
        qt, ours = place.qt(park_at='unlink:after'), place.ours()
        qt.must('lock')
        qt.park('unlock')
        ours.must('try 0')
        qt.go_on()
        qt.must_answer()
        ours.must('verify')
        qt.must_be_refused('try 0')


@test
def qt_killed_while_it_lets_go_is_replaced():
    for step in WHILE_RELEASING:
        with meeting() as place:
            qt, ours = place.qt(park_at=step), place.ours()
            qt.must('lock')
            ours.send('lock')
            qt.park('unlock')
            start = time.monotonic()
            qt.kill()
            ours.must_answer()
            assert took(start) < AT_ONCE, took(start)
            must_name(ours.fields('previous'), qt)


@test
def qt_killed_before_it_wrote_is_replaced_by_age():
    # Nothing tells that such a file's process is gone: J7 asks for two looks.
    with meeting() as place:
        qt, ours = place.qt(park_at='flock:after'), place.ours(stale_lock_time=1000)
        qt.park('lock')
        qt.kill()
        ours.must_be_refused('try 500')
        ours.must('try 10000')


@test
def qt_that_removes_our_leftover_is_not_disturbed():
    for step in WHILE_REMOVING:
        with meeting() as place:
            qt, ours, waiter = place.qt(park_at=step), place.ours(), place.ours()
            leave_behind(place.ours())
            qt.park('try 0')
            waiter.send('lock')
            start = time.monotonic()
            ours.must_be_refused('try 0')
            ours.must_be_refused('try 150')
            assert took(start) < 5, took(start)

            # Both are after the same file, and either may have it.
            qt.go_on()
            if qt.answer() == 'ok':
                waiter.must_wait()
                ours.must_be_refused('try 0')
                qt.must('unlock')
                waiter.must_answer()
            else:
                waiter.must_answer()
                waiter.must('verify')
                qt.must_be_refused('try 0')
            waiter.must('unlock')
            place.must_be_tidy()


@test
def qt_alone_removes_our_leftover():
    for step in WHILE_REMOVING:
        with meeting() as place:
            qt, ours = place.qt(park_at=step), place.ours()
            leave_behind(place.ours())
            qt.park('try 0')
            ours.must_be_refused('try 100')
            qt.go_on()
            qt.must_answer()
            must_be_held_by_qt(ours, qt)
            qt.must('unlock')
            place.must_be_tidy()


@test
def qt_that_has_removed_a_leftover_finds_our_lock():
    with meeting() as place:
        qt, ours = place.qt(park_at='unlink:after'), place.ours()
        leave_behind(place.ours())
        qt.park('try 0')
        ours.must('try 0')
        qt.go_on()
        assert qt.LOCKED.match(qt.answer())
        ours.must('verify')
        ours.must('unlock')
        place.must_be_tidy()


@test
def qt_killed_while_it_removes_a_leftover_is_replaced():
    # P and P.rmlock are both left behind; we need P.rmlock ourselves (R5).
    for step in WHILE_REMOVING:
        with meeting() as place:
            qt, ours, dead = place.qt(park_at=step), place.ours(), place.ours()
            leave_behind(dead)
            qt.park('try 0')
            ours.send('lock')
            start = time.monotonic()
            qt.kill()
            ours.must_answer()
            assert took(start) < AT_ONCE, took(start)
            must_name(ours.fields('previous'), dead)
            ours.must('unlock')
            place.must_be_tidy()


@test
def qt_that_takes_or_drops_the_rmlock_is_not_disturbed():
    for step in WHILE_EMPTY + WHILE_RELEASING:
        with meeting() as place:
            qt = place.qt(park_at=step, park_file=f'{place.file_name}.rmlock')
            ours, another = place.ours(), place.ours()
            leave_behind(place.ours())
            qt.park('try 0')
            if step in WHILE_RELEASING:
                # Qt has removed the leftover. Have another one: to be removed
                # it needs the .rmlock, which Qt is about to unlink by name.
                leave_behind(another)
            start = time.monotonic()
            ours.must_be_refused('try 0')
            ours.must_be_refused('try 150')
            assert took(start) < 5, took(start)

            qt.go_on()
            qt_has_it = qt.answer() == 'ok'
            assert qt_has_it or step in WHILE_RELEASING
            if qt_has_it:
                ours.must_be_refused('try 0')
                qt.must('unlock')
            ours.must('try 0')
            ours.must('unlock')
            place.must_be_tidy()


@test
def qt_that_calls_us_stale_does_not_unlink_our_successor():
    # Qt finds our file too old, takes P.rmlock and opens the file; then we let
    # go and another one takes the lock; then Qt would lock the old file and
    # unlink the new one, if R14 did not keep the old one locked for 50 ms.
    met = 0
    for _ in range(5):
        with meeting() as place:
            qt = place.qt(stale_lock_time=1000, park_at='open:after')
            ours, successor = place.ours(), place.ours()
            ours.must('lock')
            place.age()
            qt.park('try 0')
            start = time.monotonic()
            ours.must('unlock')
            successor.must('try 0')
            qt.go_on()
            answer = qt.answer()
            # A machine that was busy elsewhere for so long shows nothing.
            if took(start) < 0.04:
                met += 1
                assert qt.LOCKED.match(answer), answer
                successor.must('verify')
    assert met > 0, 'this machine is too slow for this test'


if __name__ == '__main__':
    tap.run()
