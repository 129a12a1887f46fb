"""What the person in front of the terminal sees: one line per step, and that long work is still alive."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

BEAT = 10.0  # seconds between two signs of life


def say(step: str, text: str) -> None:
    print(f"{step:8}{text}", flush=True)


@contextmanager
def working(step: str, text: str) -> Iterator[None]:
    """Says what is being done, and every BEAT seconds that it still is."""
    say(step, f"{text} ...")
    begin, done = time.monotonic(), threading.Event()

    def beat() -> None:
        while not done.wait(BEAT):
            say(step, f"  ... {time.monotonic() - begin:.0f} s")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
