"""The lab catches stores that are broken on purpose: real HTTP, real clients, real verdict.

A control: a check that has never failed proves nothing.
"""

import copy
from collections.abc import Callable, Collection, Sequence

from chaos.control.app import ForgetfulStore
from chaos.verdict import Judgement, judge
from loadtests.client import SessionClient
from loadtests.history import Operation, Phase
from services.session.document import Operation as Intent
from services.session.lifetime import Lifetime
from services.session.store import Applied, Held, Once, SessionStore
from services.stateful.memory import MemoryStore
from tests.unit.serving import application_of, jarless, served

USERS = 8
WRITES = 96
"""Of all users together, before the fault and again after it."""


class WriteBehindStore(MemoryStore):
    """Acknowledges at once and writes every 20th time: a crash loses what came since."""

    def __init__(self, lifetime: Lifetime) -> None:
        super().__init__(lifetime)
        self.unwritten = 0
        self._disk = copy.deepcopy(self._entries)

    def open(self) -> Held:
        held = super().open()
        self._write()
        return held

    def apply(
        self,
        credential: str,
        operations: Sequence[Intent],
        *,
        if_versions: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Applied:
        applied = super().apply(credential, operations, if_versions=if_versions, once=once)
        self.unwritten += 1
        if self.unwritten == 20:
            self._write()
        return applied

    def crash(self) -> None:
        self._entries = copy.deepcopy(self._disk)

    def _write(self) -> None:
        self._disk, self.unwritten = copy.deepcopy(self._entries), 0


def driven(store: SessionStore, fault: Callable[[], None] = lambda: None) -> Judgement:
    """What the lab makes of this store: eight users, a fault, final reads."""
    phase: Phase = "steady"
    history: list[Operation] = []
    with served(application_of(store)) as origin:
        send = jarless()
        users = [
            SessionClient(send, f"{origin}/stateful", history.append, lambda: phase) for _ in range(USERS)
        ]
        for user in users:
            user.open()
        write(users)
        fault()
        phase = "fault"
        write(users)
        phase = "final"
        for user in users:
            user.read()
    return judge(history)


def write(users: Sequence[SessionClient]) -> None:
    """In turns, items and visits."""
    for number in range(WRITES):
        user = users[number % USERS]
        user.put() if number // USERS % 2 else user.visit()


def test_lab_finds_all_kept_when_the_store_is_honest() -> None:
    judgement = driven(MemoryStore(Lifetime()))
    assert (judgement.observed, judgement.acknowledged, judgement.lost) == ("kept", 2 * WRITES, 0)


def test_lab_catches_a_store_that_forgets_every_50th_acknowledged_write() -> None:
    judgement = driven(ForgetfulStore(Lifetime(), every=50))
    assert (judgement.observed, judgement.acknowledged, judgement.lost) == ("partly", 2 * WRITES, 3)


def test_lab_catches_a_store_that_acknowledges_before_it_writes_when_it_crashes() -> None:
    store = WriteBehindStore(Lifetime())
    tail: list[int] = []

    def crash() -> None:
        tail.append(store.unwritten)
        store.crash()

    judgement = driven(store, crash)
    assert (judgement.observed, judgement.acknowledged, [judgement.lost]) == ("partly", 2 * WRITES, tail)


def test_lab_finds_all_kept_when_a_store_that_acknowledges_before_it_writes_does_not_crash() -> None:
    assert driven(WriteBehindStore(Lifetime())).observed == "kept"


def test_lab_catches_a_store_that_forgets_everything() -> None:
    store = MemoryStore(Lifetime())

    def forget() -> None:
        store._entries.clear()

    judgement = driven(store, forget)
    assert (judgement.observed, judgement.lost, judgement.dropped_sessions) == ("lost", WRITES, USERS)
