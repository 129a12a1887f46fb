"""How a load grows and shrinks: data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True)
class Stage:
    """`seconds` and `users` are shares of the whole. While it is `paused` the users stay, and wait."""

    seconds: float
    users: float
    paused: bool = False


@dataclass(frozen=True)
class Shape:
    """Stages one after the other, in so many `seconds` where nobody says how many."""

    says: str
    seconds: float
    stages: Sequence[Stage]

    def at(self, elapsed: float, seconds: float) -> Stage | None:
        """The stage so many seconds after the beginning of a run of `seconds`; None after its end."""
        ends = accumulate(stage.seconds * seconds for stage in self.stages)
        return next((stage for stage, end in zip(self.stages, ends, strict=True) if elapsed < end), None)


SHAPES: Mapping[str, Shape] = {
    "Steady": Shape("all users for a minute", 60, [Stage(1, 1)]),
    "Ramp": Shape("ten steps up in two minutes", 120, [Stage(0.1, step / 10) for step in range(1, 11)]),
    "Spike": Shape(
        "a fifth of the users, all of them, a fifth again",
        90,
        [Stage(0.4, 0.2), Stage(0.2, 1), Stage(0.4, 0.2)],
    ),
    "Soak": Shape("all users for half an hour", 1800, [Stage(1, 1)]),
    "Phases": Shape(
        "load, a pause in which you break something, load again",
        60,
        [Stage(0.3, 1), Stage(0.3, 1, paused=True), Stage(0.4, 1)],
    ),
}
