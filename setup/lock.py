"""One set-up at a time in one checkout."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from setup.command import SetupFailed
from setup.line import say

PATIENCE = 1800.0  # seconds: longer than the slowest set-up


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Holds a lock on the folder itself, so that there is no lock file to ignore or to remove."""
    handle = os.open(root, os.O_RDONLY)
    try:
        wait_for(handle, root)
        yield
    finally:
        os.close(handle)


def wait_for(handle: int, root: Path) -> None:
    """Returns with the lock; raises SetupFailed when another set-up never ends."""
    deadline = time.monotonic() + PATIENCE
    waiting = False
    while not taken(handle):
        if time.monotonic() > deadline:
            raise SetupFailed(
                f"another set-up in {root} does not end: see `ps ax | grep 'm setup'`, then run this again"
            )
        if not waiting:
            say("setup", "waiting for another set-up in this folder ...")
        waiting = True
        time.sleep(0.2)


def taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
