"""What a conducted load is told: which experiment, which phase, how hard."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from loadtests.history import Phase

Habit = Literal["alone", "two-tabs", "replay", "device", "two-devices"]
"""What a client does while the fault lasts: one thing after the other; two writes at a time, as from two
tabs of a browser; or, later on, it comes back with a credential that it kept from the fault's beginning.
Or it is a device all along, or two of one person, and works on when nobody answers.
"""

DEVICES: Mapping[Habit, int] = {"device": 1, "two-devices": 2}
"""How many a session has, by habit."""


@dataclass
class Score:
    """One experiment after the other; the phases of each.

    A message that names a history begins an experiment: with these `placements`, at this `rate` in
    operations per second and user, and at `rate_in_fault` while the fault lasts.
    """

    turn: int = 0
    phase: Phase = "steady"
    placements: Sequence[str] = ()
    habit: Habit = "alone"
    rate: float = 8.0
    rate_in_fault: float = 8.0
    replicas: Mapping[str, int] = field(default_factory=dict)
    """How many replicas of each placement a final read has to reach."""
    over: bool = False

    def take(self, message: Mapping[str, Any]) -> None:
        self.turn += "history" in message
        for name in ("phase", "placements", "habit", "rate", "rate_in_fault", "replicas"):
            if name in message:
                setattr(self, name, message[name])

    def pause(self) -> float:
        """Seconds until a user's next operation: at random, so that users do not march in step."""
        mean = 1 / (self.rate_in_fault if self.phase == "fault" else self.rate)
        return mean * random.uniform(0.5, 1.5)
