"""A circuit breaker: where nobody answers, few wait.

The libraries there are hold a lock during the call (pybreaker) or, once it is time to try again, let
everybody through, and count in whole seconds (circuitbreaker).
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock


class CircuitOpen(Exception):
    """The call was refused: the one before it was not answered, and it is not time to try again."""


class Circuit:
    """Between any number of threads and somebody who may not answer.

    Closed, it lets every call through. It opens when a call is not answered and no other was within
    the last `pause` seconds. Open, it refuses, but for one call at a time, `pause` seconds after the
    last that was not answered: a trial. The first answer closes it. `unanswered` tells the errors
    that mean that nobody answered from those that are answers.
    """

    def __init__(
        self,
        unanswered: Callable[[Exception], bool],
        *,
        pause: float = 0.1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unanswered = unanswered
        self._pause = pause
        self._clock = clock
        self._lock = Lock()
        self._answered_at = -math.inf
        self._closed = True
        self._trying = False
        self._try_at = -math.inf

    @contextmanager
    def call(self) -> Iterator[bool]:
        """Around one call: gives whether it is a trial. Raises `CircuitOpen` instead."""
        trial, answered = self._enter(), False
        try:
            yield trial
            answered = True
        except Exception as error:
            answered = not self._unanswered(error)
            raise
        finally:
            self._leave(trial, answered)

    def _enter(self) -> bool:
        with self._lock:
            if self._closed:
                return False
            if self._trying or self._clock() < self._try_at:
                raise CircuitOpen("it did not answer lately")
            self._trying = True
            return True

    def _leave(self, trial: bool, answered: bool) -> None:
        with self._lock:
            now = self._clock()
            if trial:
                self._trying = False
            if answered:
                self._answered_at, self._closed = now, True
            elif now - self._answered_at > self._pause:
                self._try_at, self._closed = now + self._pause, False
