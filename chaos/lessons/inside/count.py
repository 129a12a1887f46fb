"""Add 1 to a stored number again and again; print how often that succeeded.

Arguments: `text` or `sqlite`, the file, for how many seconds, a file to lock around each time or "", a
directory to meet in, and the names of all who count, ours first. All begin together, when each has left
a file of its name there.
"""

import fcntl
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

DIGITS = 8  # as many for every number, so that a write never leaves a part of another one


@contextmanager
def locked(path: str) -> Iterator[None]:
    if not path:
        yield
        return
    with Path(path).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def text(file: str) -> Callable[[], None]:
    """As an application without care does it."""
    number = os.open(file, os.O_RDWR)

    def add() -> None:
        read = int(os.pread(number, DIGITS, 0))
        os.pwrite(number, f"{read + 1:0{DIGITS}}".encode(), 0)

    return add


def sqlite(file: str) -> Callable[[], None]:
    """In a transaction that takes SQLite's own locks before it reads."""
    database = sqlite3.connect(file, isolation_level=None, timeout=10)

    def add() -> None:
        try:
            database.execute("BEGIN IMMEDIATE")
            database.execute("UPDATE counter SET number = number + 1")
            database.execute("COMMIT")
        except sqlite3.Error:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise

    return add


def count(add: Callable[[], None], seconds: float, lock: str) -> int:
    """For a time, not so many times: on a busy machine one could be done before the other gets its turn."""
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        with locked(lock):
            try:
                add()
                done += 1
            except sqlite3.Error as error:
                print(error, file=sys.stderr)
    return done


def meet(folder: Path, names: list[str]) -> None:
    """Until all are there."""
    (folder / names[0]).touch()
    deadline = time.monotonic() + 20
    while not all((folder / name).exists() for name in names):
        if time.monotonic() > deadline:
            sys.exit(f"not all of {' and '.join(names)} came within 20 s")


way, file, seconds, lock, folder, *names = sys.argv[1:]
add = {"text": text, "sqlite": sqlite}[way](file)
meet(Path(folder), names)
print(count(add, float(seconds), lock))
