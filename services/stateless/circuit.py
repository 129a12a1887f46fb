"""A circuit breaker: while nobody answers, nobody waits.

The libraries there are hold a lock during the call (pybreaker), or let every caller through when it is
time to try again and count in whole seconds (circuitbreaker); in all of them a caller waits for the trial.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock, Thread


class CircuitOpen(Exception):
    """The call was refused: nobody answered lately."""


def in_background(work: Callable[[], None]) -> None:
    """Do it in a thread of its own, which keeps no process alive."""
    Thread(target=work, daemon=True).start()


@dataclass
class Circuit:
    """Between any number of threads and somebody who may not answer.

    Closed, it lets every call through. It opens when a call ends in silence (an error that `silent`
    tells from errors that are answers) and none was answered within the last `pause` seconds. Open,
    it refuses at once, while `answers` is asked in the background, `pause` seconds after the last
    time, until it is true: then it closes.
    """

    silent: Callable[[Exception], bool]
    answers: Callable[[], bool]
    pause: float = 0.1
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    begin: Callable[[Callable[[], None]], None] = in_background

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._closed = True
        self._answered_at = -math.inf

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around one call. Raises `CircuitOpen` instead of letting it through."""
        if not self._closed:
            raise CircuitOpen("it did not answer lately")
        try:
            yield
        except Exception as error:
            if self.silent(error):
                self._open()
            else:
                self._answered_at = self.clock()
            raise
        self._answered_at = self.clock()

    def _open(self) -> None:
        with self._lock:
            if self._closed and self.clock() - self._answered_at > self.pause:
                self.begin(self._close_when_answered)
                self._closed = False

    def _close_when_answered(self) -> None:
        answered = False
        while not answered:
            self.sleep(self.pause)
            with suppress(Exception):  # whatever it was: only an answer ends this
                answered = self.answers()
        with self._lock:
            self._answered_at = self.clock()
            self._closed = True
