"""Clocks that step: a machine comes up with the wrong time and is put right, by seconds, hours or years.

All that a store knows of time is what its clock says when it is asked, and the deadlines that it wrote
down before. So it can promise that a deadline, once given, is never passed *by the clock*, that no step
moves one back or the absolute one at all, and that what has ended stays so. It cannot promise

- how long a session lives by a true clock: stepped back by a year, it may be served a year longer, and
  so may a credential that was renewed away, until its successor is renewed in turn;
- that a session which expired stays so: nothing is written when one expires, so a step back before its
  deadline serves it again, unless it was forgotten meanwhile;
- that a session survives a step forward that is taken back: past the retention, memory and SQLite forget
  it with the next session that is opened.
"""

import random
from collections.abc import Callable

import pytest

from services.session.document import CountVisit
from services.session.store import (
    Held,
    SessionEnded,
    SessionExpired,
    SessionGone,
    SessionStore,
    SessionUnknown,
)
from services.stateful.memory import MemoryStore
from services.stateful.sqlite import SqliteStore
from tests.adversarial.steps import HOUR, SIZES, STEPS, YEAR
from tests.contract.clock import Clock
from tests.contract.store_uses import each_use  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("ahead")


def visit(store: SessionStore, credential: str) -> str:
    return store.apply(credential, [CountVisit()]).credential


# What holds over any steps


@pytest.mark.parametrize("step", STEPS)
def test_ended_session_stays_ended_when_the_clock_steps(
    server_side_store: SessionStore, clock: Clock, use: Callable[[SessionStore, str], object], step: int
) -> None:
    credential = server_side_store.open().credential
    server_side_store.close(credential)
    clock.forward(step)
    with pytest.raises(SessionEnded):
        use(server_side_store, credential)


@pytest.mark.parametrize("step", [HOUR, YEAR])
def test_session_is_expired_when_the_clock_steps_past_its_deadline(
    store: SessionStore, clock: Clock, use: Callable[[SessionStore, str], object], step: int
) -> None:
    credential = store.open().credential
    clock.forward(step)
    with pytest.raises(SessionExpired):
        use(store, credential)


@pytest.mark.parametrize("back", SIZES)
def test_session_is_served_no_longer_than_until_its_first_deadline_when_the_clock_steps_back(
    store: SessionStore, clock: Clock, back: int
) -> None:
    held = store.open()
    clock.forward(-back)
    assert store.load(held.credential).session.version == 1
    clock.now = held.session.idle_expires_at
    with pytest.raises(SessionExpired):
        store.load(held.credential)


@pytest.mark.parametrize("back", SIZES)
def test_idle_deadline_never_moves_back_when_the_clock_steps_back_before_a_change(
    store: SessionStore, clock: Clock, back: int
) -> None:
    """Replicas whose clocks differ by a second would else take turns in shortening a session's life."""
    held = store.open()
    clock.forward(-back)
    changed = store.load(visit(store, held.credential)).session
    assert changed.idle_expires_at == held.session.idle_expires_at


@pytest.mark.parametrize("back", SIZES)
def test_absolute_deadline_never_moves_when_the_clock_steps_back_before_a_renewal(
    store: SessionStore, clock: Clock, back: int
) -> None:
    held = store.open()
    clock.forward(-back)
    renewed = store.load(store.renew(held.credential)).session
    assert renewed.expires_at == held.session.expires_at


def used(store: SessionStore, held: Held, dice: random.Random) -> Held:
    """The session after a use of it, checked against what was known before."""
    before = held.session
    verb = dice.choice(["load", "apply", "renew"])
    credential = visit(store, held.credential) if verb == "apply" else held.credential
    after = store.load(store.renew(credential) if verb == "renew" else credential)
    known = after.session
    assert known.version == before.version + (verb == "apply")
    assert known.visits == before.visits + (verb == "apply")
    assert (known.opened_at, known.expires_at) == (before.opened_at, before.expires_at)
    assert known.opened_at < before.idle_expires_at <= known.idle_expires_at <= known.expires_at
    return after


@pytest.mark.parametrize("seed", range(3))
def test_session_keeps_its_versions_and_deadlines_over_a_thousand_steps_of_the_clock(
    store: SessionStore, clock: Clock, seed: int
) -> None:
    """Forward and back, by seconds mostly. Never served past a deadline, and refused only past one."""
    dice, begin = random.Random(seed), clock.now
    held, served, refused = store.open(), 0, 0
    for _ in range(1000):
        clock.now = max(begin - YEAR, clock.now + dice.choice([1, 1, 1, 20, -1, -1, -20, *STEPS]))
        alive = clock.now < held.session.idle_expires_at
        try:
            held = used(store, held, dice)
            served += 1
            assert alive
        except SessionGone:
            refused += 1
            assert not alive
            held = store.open()
    assert min(served, refused) >= 20


# Where a store can know, and where it cannot


def test_forgotten_session_stays_forgotten_when_the_clock_steps_back(
    memory_store: MemoryStore, sqlite_store: SqliteStore, clock: Clock
) -> None:
    stores: tuple[SessionStore, ...] = (memory_store, sqlite_store)
    credentials = [store.open().credential for store in stores]
    clock.forward(YEAR)
    for store in stores:
        store.open()
    clock.forward(-YEAR)
    for store, credential in zip(stores, credentials, strict=True):
        with pytest.raises(SessionUnknown):
            store.load(credential)


def test_expired_session_is_served_again_when_the_clock_steps_back_before_it_is_forgotten(
    store: SessionStore, clock: Clock
) -> None:
    """That it expired is nowhere written; it is what comparing with the clock comes to."""
    credential = store.open().credential
    clock.forward(100)
    with pytest.raises(SessionExpired):
        store.load(credential)
    clock.forward(-1)
    assert store.load(credential).session.version == 1


def test_store_goes_on_forgetting_when_the_clock_was_a_year_ahead_for_a_while(
    memory_store: MemoryStore, sqlite_store: SqliteStore, clock: Clock
) -> None:
    for store in (memory_store, sqlite_store):
        clock.forward(YEAR)
        store.open()
        clock.forward(-YEAR)
        credential = store.open().credential
        clock.forward(150)
        store.open()
        with pytest.raises(SessionUnknown):
            store.load(credential)
