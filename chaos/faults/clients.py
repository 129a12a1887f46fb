"""Faults of clients: nothing happens to a container, and what clients do is allowed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Protocol

from chaos.cluster import Cluster
from chaos.faults.fault import Fault, Victim, Witness
from chaos.faults.proof import calm
from loadtests.history import Operation
from loadtests.score import Habit


class ByClients(Fault, Protocol):
    """What clients do by habit while it lasts; nothing else is done."""

    @contextmanager
    def inject(self, cluster: Cluster, targets: Sequence[str]) -> Iterator[None]:
        del targets
        with cluster.healing():
            yield


@dataclass(frozen=True)
class ConcurrentWrites(ByClients):
    """Two writes of one session at a time, as from two tabs of a browser."""

    name: str = "concurrent-writes"
    victim: Victim = "service"
    says: str = "each client sends two writes at a time, as from two tabs of one browser"
    habit: ClassVar[Habit] = "two-tabs"

    def happened(self, witness: Witness) -> bool:
        return calm(witness) and overlapping(witness.history)


@dataclass(frozen=True)
class ReplayToken(ByClients):
    """Clients come back with a credential that they kept: every second one after it ended the session."""

    name: str = "replay-token"
    victim: Victim = "service"
    says: str = "each client comes back with an older token, every second one after the session's end"
    habit: ClassVar[Habit] = "replay"

    def happened(self, witness: Witness) -> bool:
        replayed = [op for op in witness.history if op.operation == "replay" and op.served_by]
        closed = {op.session for op in witness.history if op.operation == "close" and op.outcome == "ok"}
        return calm(witness) and any(op.session in closed for op in replayed)


def overlapping(history: Sequence[Operation]) -> bool:
    """Whether two acknowledged writes of one session were on their way at the same time."""
    writes = [op for op in history if op.phase == "fault" and op.is_write and op.outcome == "ok"]
    writes.sort(key=lambda op: (op.session, op.invoked_at))
    return any(a.session == b.session and b.invoked_at < a.completed_at for a, b in pairwise(writes))
