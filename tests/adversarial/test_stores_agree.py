"""The stores that keep sessions agree: a Lua script, SQL and a dict answer any steps in the same way.

Walks at random, the same over all three: whoever speaks, with a credential or a code that is good, used up,
renewed away, of a session that has ended or expired, or of the other kind, gets the same answer, or refusal.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from services.session.document import CountVisit, Item, Operation, PutItem, RemoveItem
from services.session.idempotency import once
from services.session.lifetime import Lifetime
from services.session.store import SessionError, SessionStore
from services.session.upload import Put, Remove, Upload, Visit
from services.stateful.memory import MemoryStore
from services.stateful.sqlite import SqliteStore
from services.stateless.redis import RedisStore
from tests.contract.clock import Clock

STEPS = 500
DEVICES = [f"device-{n:016}" for n in range(40)]
"""More than a session remembers."""
SECONDS = [*[0] * 8, 1, 1, 2, 6, 15, -3]
"""By how much the clock goes on after a step."""
WEIGHTS = {"load": 10, "apply": 10, "sync": 50, "link": 10, "join": 12, "renew": 8, "close": 0.2, "open": 0.2}

Given = list[str]
Step = Callable[[SessionStore, Given], object]


class Refusal(NamedTuple):
    kind: type[SessionError]
    text: str


def keep(given: Given, credential: str) -> int:
    """Its place among all credentials and codes that a store gave out."""
    if credential not in given:
        given.append(credential)
    return given.index(credential)


def outcome(step: Step, store: SessionStore, given: Given) -> object:
    try:
        return step(store, given)
    except SessionError as error:
        return Refusal(type(error), str(error))


class Chance:
    """Decides each step before any store takes it."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._last = self._good = 0

    def seconds(self) -> int:
        return self._random.choice(SECONDS)

    def saw(self, outcome: object) -> None:
        """What the last step came to: who was answered, or got a credential, speaks most of the time."""
        if not isinstance(outcome, Refusal):
            self._good = outcome[0] if isinstance(outcome, tuple) else self._last

    def step(self, given: int) -> Step:
        """The next one, where so many credentials and codes were given out."""
        if not given:
            return self.open(0)
        (name,) = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))
        self._last = self._random.choice([*[self._good] * 8, given - 1, self._random.randrange(given)])
        step: Step = getattr(self, name)(self._last)
        return step

    def open(self, _: int) -> Step:
        def step(store: SessionStore, given: Given) -> object:
            held = store.open()
            return keep(given, held.credential), held.session

        return step

    def load(self, n: int) -> Step:
        return lambda store, given: store.load(given[n]).session

    def apply(self, n: int) -> Step:
        item, versions = f"a{self._random.randrange(3)}", self._versions()
        put: Operation = PutItem(item, Item("tea", self._random.randrange(1, 9)))
        operations: list[Operation] = [self._random.choice([CountVisit(), RemoveItem(item), put])]
        asked = self._random.choice([None, once(f"k{self._random.randrange(3)}", operations)])
        return lambda store, given: replace(
            store.apply(given[n], operations, if_versions=versions, once=asked), credential=""
        )

    def sync(self, n: int) -> Step:
        first, count = self._random.choice([1, 1, 1, 1, 1, 2, 3]), self._random.choice([0, 1, 1, 2, 3])
        operations = [self._operation(number) for number in range(first, first + count)]
        upload = Upload(self._random.choice(DEVICES), tuple(operations), self._random.choice([0, 40, 10**6]))
        is_new = self._random.random() < 0.6

        def step(store: SessionStore, given: Given) -> object:
            since = store.load(given[n]).session.version if is_new else upload.since
            asked = Upload(upload.device, upload.operations, since)
            return replace(store.sync(given[n], asked), credential="")

        return step

    def link(self, n: int) -> Step:
        def step(store: SessionStore, given: Given) -> object:
            link = store.link(given[n])
            return [keep(given, link.code), link.expires_at]

        return step

    def join(self, n: int) -> Step:
        def step(store: SessionStore, given: Given) -> object:
            held = store.join(given[n])
            return keep(given, held.credential), held.session

        return step

    def renew(self, n: int) -> Step:
        versions = self._versions()
        return lambda store, given: (keep(given, store.renew(given[n], if_versions=versions)),)

    def close(self, n: int) -> Step:
        return lambda store, given: store.close(given[n])

    def _operation(self, number: int) -> Put | Remove | Visit:
        made: Any = self._random.choice(
            [Visit(number), Remove(number, "a1"), Put(number, "a1", "jam", number)]
        )
        operation: Put | Remove | Visit = made
        return operation

    def _versions(self) -> range | None:
        return self._random.choice([None, None, None, range(0), range(200), range(20, 40)])


@pytest.mark.parametrize("seed", range(10))
def test_stores_agree_on_every_step_of_a_walk(
    seed: int, lifetime: Lifetime, clock: Clock, tmp_path: Path, patient_redis_url: str
) -> None:
    life = replace(lifetime, retention=100_000)  # Redis forgets by its own clock, the others by this one
    stores: tuple[SessionStore, ...] = (
        MemoryStore(life),
        SqliteStore(tmp_path / "db", life),
        RedisStore(patient_redis_url, life),
    )
    given: tuple[Given, ...] = ([], [], [])
    chance = Chance(seed)
    for number in range(STEPS):
        step = chance.step(len(given[0]))
        outcomes = [outcome(step, *one) for one in zip(stores, given, strict=True)]
        assert outcomes[0] == outcomes[1] == outcomes[2], f"step {number}: {step.__qualname__}"
        chance.saw(outcomes[0])
        clock.forward(chance.seconds())
