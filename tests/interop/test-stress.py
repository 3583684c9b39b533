#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Many GLockFile and QLockFile processes on one path, and one of them at a
time in it: test-stress.py FOLDER SECONDS QT-PEER…

Each worker here drives one such process, and does under the lock what shows
two at a time: it makes a marker file, which must not be there, counts in a
file that nothing else protects, and writes itself into a shared word that must
hold nobody. Now and then it stops its process for a moment, and may kill it.
"""

import collections
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time

import tap
from peers import GLockFilePeer, QtPeer, die_with_parent, process_state
from tap import test

FOLDER, SECONDS, QT_PROGRAMS = sys.argv[1], float(sys.argv[2]), sys.argv[3:]

# As long, at most, does a slowed Qt process stop at each of its steps.
DELAY = 300

# Nobody may be without the lock for so long. Qt alone polls at growing pauses.
LONGEST_GAP = 15

# What the workers share; made anew for each test.
inside = last_entry = longest_gap = None

Job = collections.namedtuple('Job', 'folder qt_programs kills end')
Result = collections.namedtuple('Result', 'turns kills stops complaint')


class Occupancy:
    """What only the holder of the lock may touch."""

    def __init__(self, folder):
        self._marker = os.path.join(folder, 'marker')
        self._counter = os.path.join(folder, 'counter')

    def enter(self, pid):
        expected = 0
        try:
            self._mark(pid)
        except FileExistsError:
            expected = self._bury(pid)
            self._mark(pid)
        with inside.get_lock():
            found, inside.value = inside.value, pid
            now = time.monotonic()
            longest_gap.value = max(longest_gap.value, now - last_entry.value)
            last_entry.value = now
        assert found == expected, f'{pid} and {found} hold the lock'

    def doom(self, pid):
        """The holder is going to be killed and cannot take its marker away."""
        with open(f'{self._marker}.new', 'w', encoding='utf-8') as marker:
            marker.write(f'doomed {pid}')
        os.rename(f'{self._marker}.new', self._marker)

    def leave(self, pid):
        with inside.get_lock():
            found, inside.value = inside.value, 0
        assert found == pid, f'{pid} and {found} hold the lock'
        os.unlink(self._marker)

    def count(self):
        try:
            with open(self._counter, encoding='utf-8') as counter:
                return int(counter.read())
        except FileNotFoundError:
            return 0

    def set_count(self, count):
        with open(self._counter, 'w', encoding='utf-8') as counter:
            counter.write(str(count))

    def _mark(self, pid):
        with open(self._marker, 'x', encoding='utf-8') as marker:
            marker.write(str(pid))

    def _bury(self, pid):
        with open(self._marker, encoding='utf-8') as marker:
            state, _, dead = marker.read().rpartition(' ')
        assert state == 'doomed', f'{pid} and {dead} hold the lock'
        deadline = time.monotonic() + 10
        while process_state(dead) not in (None, 'Z', 'X'):
            assert time.monotonic() < deadline, f'{pid} took the lock from {dead}, which lives'
        os.unlink(self._marker)
        return int(dead)


class Worker:
    def __init__(self, job):
        self._job = job
        self._file_name = os.path.join(job.folder, 'lock')
        self._occupancy = Occupancy(job.folder)
        self._peer = None
        self.turns = 0
        self.kills = 0
        self.stops = 0

    def run(self):
        self._start_peer()
        while time.time() < self._job.end:
            if self._take():
                self._work_and_let_go()
            else:
                time.sleep(random.uniform(0, 0.002))
        self._peer.finish()

    def _start_peer(self):
        if self._job.qt_programs:
            self._peer = QtPeer(random.choice(self._job.qt_programs), self._file_name,
                                stale_lock_time=0, delay=random.choice((None, DELAY)))
        else:
            self._peer = GLockFilePeer(self._file_name, stale_lock_time=0)

    def _replace_peer(self):
        self._peer.kill()
        self._peer.finish()
        self.kills += 1
        if self._job.qt_programs:
            self._remove_empty_leftovers()
        self._start_peer()

    def _remove_empty_leftovers(self):
        # If Qt is killed before it has written, GLockFile leaves the file for
        # half a minute (J8), Qt for ever. No other process here makes an empty one.
        for name in (self._file_name, f'{self._file_name}.rmlock'):
            try:
                if os.stat(name).st_size == 0:
                    os.unlink(name)
            except FileNotFoundError:
                pass

    def _strikes(self, probability):
        return self._job.kills and random.random() < probability

    def _may_stop(self):
        if random.random() < 0.02:
            self._peer.stop()
            time.sleep(random.uniform(0, 0.01))
            self._peer.go_on()
            self.stops += 1

    def _take(self):
        self._peer.send(f'try {random.choice((0, 0, 5, 50))}')
        if self._strikes(0.02):
            time.sleep(random.uniform(0, 0.003))
            self._replace_peer()
            return False
        self._may_stop()
        answer = self._peer.answer()
        assert answer == 'ok' or self._peer.LOCKED.match(answer), f'{self._peer}: {answer}'
        return answer == 'ok'

    def _work_and_let_go(self):
        self._occupancy.enter(self._peer.pid)
        count = self._occupancy.count()
        time.sleep(random.uniform(0, 0.0005))
        if self._strikes(0.05):
            self._occupancy.doom(self._peer.pid)
            self._replace_peer()
            return
        self._occupancy.set_count(count + 1)
        self._occupancy.leave(self._peer.pid)
        self.turns += 1

        self._peer.send('unlock')
        self._may_stop()
        if self._strikes(0.05):
            time.sleep(random.uniform(0, 0.0005))
            self._replace_peer()
        else:
            self._peer.must_answer()


def work(job):
    random.seed(os.getpid())
    worker = Worker(job)
    complaint = None
    try:
        worker.run()
    except Exception as error:
        complaint = f'{type(error).__name__}: {error}'
    return Result(worker.turns, worker.kills, worker.stops, complaint)


def find_litter(folder):
    """What is left when one more leftover has been taken over: a removal lock of a
    killed process goes then."""
    file_name = os.path.join(folder, 'lock')
    for end in (GLockFilePeer.kill, lambda peer: peer.must('unlock')):
        peer = GLockFilePeer(file_name)
        peer.must('lock')
        end(peer)
        peer.finish()
    return [name for name in os.listdir(folder) if name.startswith('lock')]


def stress(kills, qt_choices, n_ours):
    """One Qt worker for each element of `qt_choices`: the programs it may run."""
    global inside, last_entry, longest_gap
    context = multiprocessing.get_context('fork')
    inside, longest_gap = context.Value('q', 0), context.Value('d', 0)
    last_entry = context.Value('d', time.monotonic())

    folder = tempfile.mkdtemp(prefix='glockfile-interop-', dir=FOLDER)
    end = time.time() + SECONDS
    jobs = [Job(folder, programs, kills, end) for programs in qt_choices + [()] * n_ours]
    try:
        with context.Pool(len(jobs), die_with_parent) as pool:
            results = pool.map(work, jobs, chunksize=1)
        count = Occupancy(folder).count()
        litter = find_litter(folder)
    finally:
        shutil.rmtree(folder)

    n_qt = len(qt_choices)
    print('# acquisitions of Qt:', [result.turns for result in results[:n_qt]],
          'of GLockFile:', [result.turns for result in results[n_qt:]],
          'kills:', sum(result.kills for result in results),
          'stops:', sum(result.stops for result in results),
          f'nobody got the lock for at most {longest_gap.value * 1000:.1f} ms,',
          'litter:', litter)
    complaints = [result.complaint for result in results if result.complaint]
    assert not complaints, '\n'.join(complaints)
    assert not litter, litter
    assert longest_gap.value < LONGEST_GAP, f'nobody got the lock for {longest_gap.value} s'
    assert count == sum(result.turns for result in results), f'{count} counted'
    # Qt polls too seldom for each of them to get a turn on a busy machine.
    assert any(result.turns > 0 for result in results[:n_qt]), 'Qt never got the lock'
    assert all(result.turns > 0 for result in results[n_qt:]), 'one of ours never got the lock'


@test
def many_at_a_time():
    stress(kills=False, qt_choices=[(program,) for program in QT_PROGRAMS * 2], n_ours=5)


@test
def killed_at_random():
    # One Qt process at a time: two of them remove leftovers in a way that
    # breaks each other's locks, with nobody else there.
    stress(kills=True, qt_choices=[tuple(QT_PROGRAMS)], n_ours=5)


tap.run()
