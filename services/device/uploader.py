"""Uploads in the background, and patience: exponential back-off with full jitter.

https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

import random
import sqlite3
import threading
from typing import Self

from services.device.device import Device
from services.device.errors import DeviceError, Unavailable

_LOOK_SECONDS = 1.0
"""How often to look for what other processes have logged."""


class Uploader:
    """While it is entered, a thread uploads what the device logs; `first` and `longest` are in seconds.

    Leaving it waits for the request that is under way, and no longer: what is pending stays in the log.
    """

    def __init__(self, device: Device, *, first: float = 0.5, longest: float = 30) -> None:
        self._device = device
        self._first = first
        self._longest = longest
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="uploader", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._device.logged.set()
        self._thread.join()

    def _run(self) -> None:
        failures = 0
        while not self._ended.is_set():
            self._device.logged.clear()
            try:
                if self._device.accepted > self._device.acknowledged:
                    self._device.sync()
                failures = 0
                self._device.logged.wait(_LOOK_SECONDS)
            except (DeviceError, sqlite3.Error, OSError) as error:  # refusals too: they may pass
                wish = error.retry_after if isinstance(error, Unavailable) else 0
                self._ended.wait(pause(failures, self._first, self._longest, wish))
                failures += 1


def pause(failures: int, first: float, longest: float, wish: float = 0) -> float:
    """Seconds to wait after one more failure than these; no less than the service wished for, up to the
    longest: who wished may be no service, but what stands on the way to it.
    """
    limit = min(longest, first * 2 ** min(failures, 30))
    return min(longest, wish) + random.uniform(0, limit)  # noqa: S311 - it only spreads out the clients
