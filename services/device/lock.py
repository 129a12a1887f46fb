"""One at a time, over threads and processes, also if the one before was killed."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.device.errors import Busy

_STEP = 0.01


@contextmanager
def alone(path: Path, purpose: str, seconds: float) -> Iterator[None]:
    """Hold the lock `<path>-<purpose>`; the kernel drops it with the process. Raises `Busy`.

    Not the database file itself: closing a second handle of it would end SQLite's own locks on it.
    """
    deadline = time.monotonic() + seconds
    with path.with_name(f"{path.name}-{purpose}").open("wb") as file:
        while not _taken(file.fileno()):
            if time.monotonic() >= deadline:
                raise Busy(f"another one holds {file.name} for more than {seconds} s")
            time.sleep(_STEP)  # not a blocking lock: among greenlets it would stop them all
        yield


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
