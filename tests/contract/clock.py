"""The time of the stores under test."""

import time


class Clock:
    """POSIX seconds that move only when told to; from now on, as Redis expires keys by its own clock."""

    def __init__(self) -> None:
        self.now = int(time.time())

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: int) -> None:
        self.now += seconds
