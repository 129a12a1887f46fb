"""Ctrl-C and SIGTERM: at any moment, but never in the middle of healing."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt_on_termination() -> None:
    """Let SIGTERM, and a closed terminal, end the lab as Ctrl-C does: healing on the way out."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.default_int_handler)


@contextmanager
def deferred() -> Iterator[None]:
    """Hold interrupts back in here; one that came meanwhile is sent again on leaving.

    So it may be nested: within another one, the outer one holds it back in its turn.

    Signals reach the main thread alone: in another one there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])
