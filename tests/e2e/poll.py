"""Waiting without sleeping longer than needed."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float, what: str) -> float:
    """Wait until the condition holds; the seconds it took. Fails after the deadline."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - began
