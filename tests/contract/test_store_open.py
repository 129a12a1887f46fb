"""What every store promises (`services/session/store.py`) about `open` and `check`."""

from services.session.document import PutItem
from services.session.store import SessionStore
from tests.contract.clock import Clock
from tests.contract.store_uses import TEA, opened


def test_store_opens_an_empty_session_at_version_1(store: SessionStore) -> None:
    session = store.open().session
    assert (session.version, session.items, session.visits) == (1, {}, 0)


def test_store_opens_a_session_with_both_its_deadlines(store: SessionStore, clock: Clock) -> None:
    session = store.open().session
    times = (session.opened_at, session.idle_expires_at, session.expires_at)
    assert times == (clock.now, clock.now + 100, clock.now + 1000)


def test_store_opens_each_session_under_its_own_credential(store: SessionStore) -> None:
    assert len({store.open().credential for _ in range(100)}) == 100


def test_store_loads_the_session_it_opened(store: SessionStore) -> None:
    held = store.open()
    assert store.load(held.credential) == held


def test_store_keeps_sessions_apart(store: SessionStore) -> None:
    mine, other = opened(store, PutItem("a1", TEA)), opened(store)
    assert store.load(mine).session.items == {"a1": TEA}
    assert store.load(other).session.items == {}


def test_store_is_ready_when_it_can_be_reached(store: SessionStore) -> None:
    store.check()
