"""From a history to what was kept and lost. Pure, and linear in the history's length.

Judged are the sessions at stake: those that were opened before the fault. `acknowledged` writes are
all that a service said yes to; a write is `lost` if no final read has it. Sessions that were opened
afterwards show that the service works again, and must have kept everything too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from loadtests.history import PENDING, Operation
from loadtests.promise import Promise, Shortfall

Observed = Literal["kept", "lost", "partly", "split", "orphaned", "unavailable", "unknown"]


@dataclass(frozen=True)
class Judgement:
    """What a history shows. Counts of writes, but `*_sessions` and `resurrected` of sessions."""

    observed: Observed
    sessions: int = 0
    operations: int = 0
    acknowledged: int = 0
    indeterminate: int = 0
    lost: int = 0
    recovered: int = 0
    stale: int = 0
    lost_updates: int = 0
    surplus: int = 0
    dropped_sessions: int = 0
    split_sessions: int = 0
    resurrected: int = 0
    bleeding_sessions: int = 0
    pending: int = 0
    """Writes that were not acknowledged, and are safe on a device."""
    lost_milliseconds: int = 0
    """From the acknowledgement of the first lost write to that of the last one."""
    unavailable_seconds: float = 0.0
    reason: str = ""
    """Why it is unknown, or what is odd; empty otherwise."""


@dataclass
class _Session:
    """One session's history, replayed."""

    opened: Operation
    promise: Promise = field(default_factory=Promise)
    shortfalls: list[Shortfall] = field(default_factory=list)
    """Of reads before the final ones."""
    final_reads: list[tuple[frozenset[str], int]] = field(default_factory=list)
    refused_at_last: int = 0
    asked: set[str] = field(default_factory=set)
    """Who answered the final reads."""
    closed: bool = False
    """Whether its end was acknowledged: nothing is owed any more, and nothing may be found."""
    resurrected: bool = False
    """Whether it was found after that."""
    writes: list[Operation] = field(default_factory=list)
    """Those that were acknowledged, in the order in which they ended."""
    put: set[str] = field(default_factory=set)
    """Every item that was ever put, however that ended."""
    bleeding: bool = False
    """Whether a read showed an item that was never put here: another session's."""

    pending: int = 0
    """Writes that a device still has at last."""

    def take(self, operation: Operation) -> None:
        self.promise.take(operation)
        self.pending += operation.is_write and operation.problem == PENDING
        if operation.is_write and operation.outcome == "ok":
            self.writes.append(operation)
        if operation.operation == "put":
            self.put.add(operation.id)
        if operation.operation == "close":
            self.closed = self.closed or operation.outcome == "ok"
        if operation.operation in {"read", "replay"} and operation.outcome == "ok":
            self.resurrected = self.resurrected or self.closed
            self.bleeding = self.bleeding or not self.put.issuperset(operation.value["items"])
        if operation.operation == "read":
            self._take_read(operation)

    def _take_read(self, operation: Operation) -> None:
        if operation.outcome == "ok":
            seen = frozenset(operation.value["items"]), int(operation.value["visits"])
            if operation.phase == "final":
                self.final_reads.append(seen)
                self.asked.add(str(operation.served_by))
            else:
                self.shortfalls.append(self.promise.shortfall(*seen))
        elif operation.phase == "final" and operation.gone:
            self.refused_at_last += 1
            self.asked.add(str(operation.served_by))

    def judged(self, replicas: int) -> bool:
        """Whether so many replicas have said at the end what they know of it."""
        return len(self.asked) >= replicas

    @property
    def dropped(self) -> bool:
        return bool(self.refused_at_last and not self.final_reads and not self.closed)

    @property
    def split(self) -> bool:
        """Whether what a client finds depends on who answers."""
        answers = {self.promise.shortfall(*seen) for seen in self.final_reads}
        return len(answers) + bool(self.refused_at_last) > 1

    @property
    def best(self) -> tuple[frozenset[str], int]:
        """All that any final read found."""
        items = frozenset[str]().union(*(items for items, _ in self.final_reads))
        return items, max((visits for _, visits in self.final_reads), default=0)

    @property
    def missing(self) -> Shortfall:
        if self.closed:
            return Shortfall(frozenset(), 0, 0)
        return self.promise.shortfall(*self.best)

    @property
    def lost_writes(self) -> list[Operation]:
        """The acknowledged writes that are missing: items by their names, visits by their counts, which
        were given again to later ones, or are more than there are at last.
        """
        if self.closed:
            return []
        items, visits = self.best
        lost, lowest = [], visits + 1
        for op in reversed(self.writes):
            if op.operation == "put":
                lost += [op] if op.id not in items else []
            elif isinstance(op.value, int):
                lost += [op] if op.value >= lowest else []
                lowest = min(lowest, op.value)
        return lost

    @property
    def stale(self) -> int:
        """Reads that missed a write which was there after all."""
        missing = self.missing
        return sum(bool(s.items - missing.items or s.visits > missing.visits) for s in self.shortfalls)


def judge(history: Sequence[Operation], replicas: int = 1) -> Judgement:
    """What happened to the sessions of one placement under one fault.

    So many `replicas` have to have answered the final reads of each session.
    """
    sessions = _replay(history)
    at_stake = [s for s in sessions if s.opened.phase == "steady"]
    later = [s for s in sessions if s.opened.phase != "steady"]
    missing = [s.missing for s in at_stake]
    best = [s.promise.recovered(*s.best) for s in at_stake]
    numbers = Judgement(
        observed="unknown",
        sessions=len(at_stake),
        operations=len(history),
        acknowledged=sum(s.promise.acknowledged for s in at_stake),
        indeterminate=sum(s.promise.indeterminate for s in at_stake),
        lost=sum(len(m.items) + m.visits for m in missing),
        recovered=sum(best),
        stale=sum(s.stale for s in at_stake),
        lost_updates=sum(m.visits for m, s in zip(missing, at_stake, strict=True) if not s.dropped),
        surplus=sum(m.surplus for m in missing),
        dropped_sessions=sum(s.dropped for s in at_stake),
        split_sessions=sum(s.split for s in at_stake),
        resurrected=sum(s.resurrected for s in at_stake),
        bleeding_sessions=sum(s.bleeding for s in sessions),
        pending=sum(s.pending for s in at_stake),
        lost_milliseconds=_lost_milliseconds(at_stake),
        unavailable_seconds=unavailable_seconds(history),
    )
    return _conclude(numbers, history, at_stake, later, replicas)


def unavailable_seconds(history: Sequence[Operation]) -> float:
    """The longest time in which no service answered anybody, final reads left out."""
    load = [op for op in history if op.phase != "final"]
    answers = sorted(op.completed_at for op in load if op.answered)
    end = max((op.completed_at for op in load), default=0.0)
    gaps = (after - before for before, after in pairwise((*answers, end)))
    return round(max(gaps, default=0.0), 3)


def _lost_milliseconds(sessions: Sequence[_Session]) -> int:
    lost = [op.completed_at for s in sessions for op in s.lost_writes] or [0.0]
    return round(1000 * (max(lost) - min(lost)))


def _replay(history: Sequence[Operation]) -> list[_Session]:
    sessions: dict[str, _Session] = {}
    for operation in history:
        if operation.operation == "open" and operation.outcome == "ok":
            sessions[operation.session] = _Session(operation)
        elif operation.session in sessions:
            sessions[operation.session].take(operation)
    return list(sessions.values())


def _conclude(
    numbers: Judgement,
    history: Sequence[Operation],
    at_stake: list[_Session],
    later: list[_Session],
    replicas: int,
) -> Judgement:
    unread = sum(not s.judged(replicas) for s in (*at_stake, *later))
    reason = ""
    observed: Observed = "unknown"
    before = (op for op in history if op.phase == "steady" and op.is_write and op.outcome == "ok")
    if not numbers.acknowledged or not any(before):
        reason = "no write was acknowledged before the fault"
    elif not any(op.phase in {"fault", "recovery"} for op in history):
        reason = "there was no load while the fault happened"
    elif unread:
        of_whom = "" if replicas == 1 else f" by each of {replicas} replicas"
        reason = f"{unread} sessions have no final read{of_whom}"
    else:
        observed = _observe(numbers)
        broken = sum(bool(s.missing or s.dropped or s.split or s.resurrected) for s in later)
        if broken and observed not in {"split", "partly"}:
            observed, reason = "partly", f"{broken} sessions opened after the fault lost something too"
    return replace(numbers, observed=observed, reason=reason)


def _observe(numbers: Judgement) -> Observed:
    if numbers.split_sessions:
        return "split"
    if numbers.lost == numbers.acknowledged:
        return "lost"
    wrong = numbers.surplus or numbers.dropped_sessions or numbers.resurrected or numbers.bleeding_sessions
    if numbers.lost or wrong:
        return "partly"
    return "kept"
