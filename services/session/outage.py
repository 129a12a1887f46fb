"""Whether a store answers, told in the log where that changes: not once for every failed request."""

import threading
import time
from collections.abc import Callable

from services.session.logs import log
from services.session.store import StoreUnavailable

QUIET_SECONDS = 1.0
"""Without a failure for so long, a store that answers is back: one that wavers is told of once."""


class Outage:
    """Safe to call from any thread. `clock` gives seconds that only ever go forward."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._first = self._last = 0.0

    def failed(self, operation: str, error: StoreUnavailable) -> None:
        """The store did not do this."""
        with self._lock:
            self._last = self._clock()
            self._failures += 1
            if self._failures > 1:
                return
            self._first = self._last
        log.error("store_unavailable", extra={"operation": operation, "reason": str(error)})

    def answered(self) -> None:
        """The store did what was asked, or knew why not."""
        if not self._failures or self._clock() - self._last < QUIET_SECONDS:
            return
        with self._lock:
            failures, self._failures = self._failures, 0
            seconds = self._last - self._first
        if failures:
            log.warning("store_available", extra={"failures": failures, "seconds": round(seconds, 3)})
