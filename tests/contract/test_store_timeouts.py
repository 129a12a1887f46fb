"""What every store promises (`services/session/store.py`) about timeouts and the retention after them."""

from collections.abc import Callable

import pytest

from services.session.document import CountVisit
from services.session.store import SessionExpired, SessionStore, SessionUnknown
from services.stateful.memory import MemoryStore
from services.stateful.sqlite import SqliteStore
from tests.contract.clock import Clock
from tests.contract.store_uses import each_use  # noqa: F401 - a fixture


def test_store_expires_a_session_after_the_idle_timeout(
    store: SessionStore, clock: Clock, use: Callable[[SessionStore, str], object]
) -> None:
    credential = store.open().credential
    clock.forward(100)
    with pytest.raises(SessionExpired):
        use(store, credential)


def test_store_serves_a_session_in_the_last_second_before_the_idle_timeout(
    store: SessionStore, clock: Clock
) -> None:
    credential = store.open().credential
    clock.forward(99)
    assert store.load(credential).session.version == 1


def test_store_moves_the_idle_timeout_with_a_change(store: SessionStore, clock: Clock) -> None:
    credential = store.open().credential
    clock.forward(1)
    credential = store.apply(credential, [CountVisit()]).credential
    assert store.load(credential).session.idle_expires_at == clock.now + 100


def test_store_moves_the_idle_timeout_with_a_read_when_it_is_due(store: SessionStore, clock: Clock) -> None:
    credential = store.open().credential
    clock.forward(10)
    held = store.load(credential)
    assert held.session.idle_expires_at == clock.now + 100
    clock.forward(99)
    assert store.load(held.credential).session.version == 1


def test_store_does_not_write_with_a_read_when_the_touch_is_not_due(
    store: SessionStore, clock: Clock
) -> None:
    held = store.open()
    clock.forward(9)
    assert store.load(held.credential) == held


def test_store_expires_a_session_after_the_absolute_timeout_when_it_is_in_use(
    store: SessionStore, clock: Clock
) -> None:
    credential = store.open().credential
    for _ in range(19):
        clock.forward(50)
        credential = store.apply(credential, [CountVisit()]).credential
    clock.forward(50)
    with pytest.raises(SessionExpired):
        store.load(credential)


def test_store_never_moves_the_idle_timeout_beyond_the_absolute_one(
    store: SessionStore, clock: Clock
) -> None:
    held = store.open()
    credential = held.credential
    for _ in range(10):
        clock.forward(95)
        credential = store.load(credential).credential
    assert store.load(credential).session.idle_expires_at == held.session.expires_at


def test_store_does_not_extend_the_absolute_timeout_with_a_renewal(store: SessionStore, clock: Clock) -> None:
    held = store.open()
    clock.forward(50)
    renewed = store.load(store.renew(held.credential))
    assert renewed.session.expires_at == held.session.expires_at


def test_store_says_expired_not_unknown_within_the_retention(
    server_side_store: SessionStore, clock: Clock
) -> None:
    credential = server_side_store.open().credential
    clock.forward(149)
    server_side_store.open()
    with pytest.raises(SessionExpired):
        server_side_store.load(credential)


def test_store_forgets_a_session_after_the_retention(
    memory_store: MemoryStore, sqlite_store: SqliteStore, clock: Clock
) -> None:
    """Redis does so by its own clock: see `test_redis_store_lets_a_session_expire_in_redis`."""
    stores: tuple[SessionStore, ...] = (memory_store, sqlite_store)
    credentials = [store.open().credential for store in stores]
    clock.forward(150)
    for store, credential in zip(stores, credentials, strict=True):
        store.open()
        with pytest.raises(SessionUnknown):
            store.load(credential)
