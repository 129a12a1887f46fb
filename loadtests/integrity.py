"""What a running load knows about the promises made to it: counts as it goes, anomalies as they show.

Pure, and driven by operations alone, so that a stored history gives the same counts again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Literal

from loadtests.history import Operation
from loadtests.promise import Promise, Shortfall

Anomaly = Literal["lost write", "lost update", "doubled write", "stale read", "dropped session"]
"""A lost update is a lost write that another write overlapped: two tabs, one of which won. A doubled write
is a visit beyond all that were acknowledged or indeterminate.
"""

NOTHING = Shortfall(frozenset(), 0, 0)


@dataclass(frozen=True)
class Tally:
    """Counts of writes, but `stale` of reads and `dropped` of sessions.

    What was `acknowledged` is `verified` by a later read, or `lost`, or nobody has looked since.
    """

    sessions: int = 0
    acknowledged: int = 0
    verified: int = 0
    lost: int = 0
    lost_updates: int = 0
    doubled: int = 0
    indeterminate: int = 0
    stale: int = 0
    dropped: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def broken(self) -> bool:
        """Whether a promise was."""
        return bool(self.lost or self.doubled or self.stale or self.dropped)

    @property
    def looked(self) -> bool:
        """Whether any acknowledged write was looked for."""
        return bool(self.verified or self.lost)


def exit_code(tallies: Iterable[Tally]) -> int:
    """1 if a promise was broken; 2 if there is a placement of which nothing was verified, or none at all.

    An error is no broken promise: a load that only met errors has verified nothing.
    """
    seen = list(tallies)
    if any(tally.broken for tally in seen):
        return 1
    return 0 if seen and all(tally.looked for tally in seen) else 2


@dataclass
class Ledger:
    """One session: what was promised, what was found of it."""

    promise: Promise = field(default_factory=Promise)
    missing: Shortfall = NOTHING
    """What the last two looks have both missed, or had too much: lost, or doubled."""
    missed: Shortfall = NOTHING
    """What the last look has missed: another one tells whether it is lost, or that read was stale.

    What it had too much may be another tab's, whose answer is on its way.
    """
    looked_at: float = 0.0
    """When the last look ended."""
    items: set[str] = field(default_factory=set)
    """Those that a read has found."""
    visits: int = 0
    """How many of the acknowledged visits a read has found."""
    lost_updates: int = 0
    doubled: int = 0
    """The most visits that two looks in a row had too much: some of them may be lost again."""
    stale: int = 0
    dropped: bool = False
    closed: bool = False
    overlapped: bool = False
    """Whether two writes since the last good look were under way at once."""
    ended_at: float = 0.0
    """When the write before the last one ended."""

    def take(self, operation: Operation) -> list[Anomaly]:
        """Take it into account; the anomalies it shows, one for each write or read concerned."""
        self.closed |= operation.operation == "close" and operation.outcome == "ok"
        if self.closed:
            return []
        if operation.gone:
            return self._drop()
        if operation.is_write:
            self._write(operation)
        elif operation.operation == "read" and operation.outcome == "ok":
            self.looked_at = operation.completed_at
            return self._look(frozenset(operation.value["items"]), operation.value["visits"])
        return []

    @property
    def doubtful(self) -> bool:
        """Whether only another look can tell."""
        return _count(self.missed, self.missing) > 0 or self.missed.surplus > self.doubled

    @property
    def lost(self) -> int:
        return self.promise.acknowledged if self.dropped else len(self.missing.items) + self.missing.visits

    @property
    def tally(self) -> Tally:
        found = len(self.items - self.missing.items) + self.visits
        return Tally(
            sessions=1,
            acknowledged=self.promise.acknowledged,
            verified=0 if self.dropped else found,
            lost=self.lost,
            lost_updates=self.lost_updates,
            doubled=self.doubled,
            indeterminate=self.promise.indeterminate,
            stale=self.stale,
            dropped=self.dropped,
        )

    def _write(self, write: Operation) -> None:
        self.overlapped |= write.invoked_at < self.ended_at
        self.ended_at = write.completed_at
        self.promise.take(write)
        if write.operation == "visit" and write.outcome != "fail" and write.invoked_at < self.looked_at:
            self._explain_one()

    def _explain_one(self) -> None:
        """A visit that was under way when somebody looked: it may be what that look had too much."""
        self.missed = replace(self.missed, surplus=max(0, self.missed.surplus - 1))
        self.doubled = max(0, self.doubled - 1)

    def _drop(self) -> list[Anomaly]:
        if self.dropped:
            return []
        before, self.dropped = self.lost, True
        lost: list[Anomaly] = ["lost write"] * (self.lost - before)
        return ["dropped session", *lost]

    def _look(self, items: frozenset[str], visits: int) -> list[Anomaly]:
        seen = self.promise.shortfall(items, visits)
        missing = _both(seen, self.missed)
        stale = self.dropped or _count(self.missed, seen) > 0
        lost = _count(missing, self.missing)
        doubled = max(0, missing.surplus - self.doubled)
        self.dropped, self.missing, self.missed = False, missing, seen
        self.items |= self.promise.items & items
        self.visits = self.promise.visits - seen.visits
        self.stale += stale
        self.doubled += doubled
        found: list[Anomaly] = ["stale read"] * stale
        more: list[Anomaly] = ["doubled write"] * doubled
        return [*found, *self._lose(lost), *more]

    def _lose(self, writes: int) -> list[Anomaly]:
        lost: list[Anomaly] = ["lost update" if self.overlapped else "lost write"] * writes
        self.lost_updates += writes * self.overlapped
        self.overlapped &= self.doubtful
        return lost


def _both(one: Shortfall, other: Shortfall) -> Shortfall:
    """What the two have in common."""
    visits, surplus = min(one.visits, other.visits), min(one.surplus, other.surplus)
    return Shortfall(one.items & other.items, visits, surplus)


def _count(one: Shortfall, other: Shortfall) -> int:
    """How many writes the one misses and the other does not."""
    return len(one.items - other.items) + max(0, one.visits - other.visits)


@dataclass
class Ledgers:
    """All sessions of a placement, or of a part of its users."""

    sessions: dict[str, Ledger] = field(default_factory=dict)

    def take(self, operation: Operation) -> list[Anomaly]:
        """The anomalies that this operation shows."""
        if operation.operation == "open" and operation.outcome == "ok":
            self.sessions[operation.session] = Ledger()
        ledger = self.sessions.get(operation.session)
        return ledger.take(operation) if ledger else []

    def doubtful(self, session: str) -> bool:
        """Whether that session should be looked at again at once."""
        return session in self.sessions and self.sessions[session].doubtful

    @property
    def tally(self) -> Tally:
        return sum((ledger.tally for ledger in self.sessions.values()), Tally())
