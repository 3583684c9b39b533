#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

"""The other process of a measurement, with Python's filelock: worker.h says
what it is asked and what it answers on its standard input and output."""

import sys
import time

from filelock import FileLock


def answer(number):
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main():
    lock = FileLock(sys.argv[1])
    unlocked_at = 0
    answer(0)

    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "lock":
            lock.acquire()
            answer(time.monotonic_ns())
        elif command == "unlock":
            unlocked_at = time.monotonic_ns()
            lock.release()
        elif command == "when":
            answer(unlocked_at)
        elif command == "cycle":
            start = time.monotonic_ns()
            for _ in range(int(arguments[0])):
                lock.acquire()
                lock.release()
            answer(time.monotonic_ns() - start)


if __name__ == "__main__":
    main()
