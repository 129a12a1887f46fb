"""Figures that a machine may spoil, and a service has to reach."""

from collections.abc import Callable

TRIES = 3


def expect_at_most(most: float, measure: Callable[[], float]) -> None:
    """Measure, and again where it was more: a machine that stood still for a moment does not do so each
    time, as a service does that is slow. Fails with all that was measured.
    """
    seen: list[float] = []
    while not seen or seen[-1] > most:
        assert len(seen) < TRIES, f"more than {most} each time: {seen}"
        seen.append(measure())
