"""How long a session lives: an idle timeout that use moves on, an absolute one that nothing moves."""

import time
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], int]
"""POSIX seconds, UTC."""


def wall_clock() -> int:
    """Now, in whole POSIX seconds."""
    return int(time.time())


@dataclass(frozen=True)
class Lifetime:
    """Timeouts in seconds. Sources: OWASP ASVS 5.0, 7.3.1 (idle) and 7.3.2 (absolute)."""

    idle: int = 1800
    absolute: int = 43200
    grace: int = 5
    """How long a renewed credential still works, so that parallel requests survive a renewal."""
    retention: int = 600
    """How long a store remembers that a session expired or ended, to say so instead of `unknown`."""
    link: int = 300
    """How long one more device may take to join with the code it was given."""
    clock: Clock = wall_clock

    @property
    def throttle(self) -> int:
        """A read moves the idle timeout only if it moves by at least this much."""
        return max(1, min(60, self.idle // 10))

    def idle_deadline(self, now: int, expires_at: int) -> int:
        """The idle deadline of a session that is used now."""
        return min(now + self.idle, expires_at)

    def touched(self, now: int, idle_expires_at: int, expires_at: int) -> int:
        """The idle deadline after a use now: it never moves back, even if the clock did."""
        return max(idle_expires_at, self.idle_deadline(now, expires_at))

    def touch_due(self, now: int, idle_expires_at: int, expires_at: int) -> bool:
        """Whether a read should move the idle deadline."""
        return self.idle_deadline(now, expires_at) - idle_expires_at >= self.throttle
