"""What the Redis store does with its connections in and after an outage, seen from within the process."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import NamedTuple, TypeVar

import pytest
from redis.exceptions import MaxConnectionsError

from services.session.document import CountVisit
from services.session.lifetime import Lifetime
from services.session.store import StoreUnavailable
from services.stateless.circuit import CircuitOpen
from services.stateless.redis import RedisStore
from services.stateless.script import ANSWER_SECONDS
from tests.adversarial.outage.stores import Store
from tests.contract.running import eventually

T = TypeVar("T")


@pytest.fixture
def sessions(store: Store) -> RedisStore:
    return RedisStore(store.url, Lifetime())


def in_parallel(calls: int, call: Callable[[], T]) -> list[T]:
    """The results of so many calls, all begun at once."""
    start = Barrier(calls, timeout=20)

    def begin(_: int) -> T:
        start.wait()
        return call()

    with ThreadPoolExecutor(calls) as threads:
        return list(threads.map(begin, range(calls)))


class Refused(NamedTuple):
    """After how many seconds a call was refused, and why."""

    seconds: float
    cause: type[BaseException | None]


def refused(call: Callable[[], object]) -> Refused:
    """It must be."""
    began = time.monotonic()
    with pytest.raises(StoreUnavailable) as raised:
        call()
    return Refused(time.monotonic() - began, type(raised.value.__cause__))


def serves(call: Callable[[], object]) -> bool:
    try:
        call()
    except StoreUnavailable:
        return False
    return True


def test_redis_store_never_does_later_what_it_refused(store: Store, sessions: RedisStore) -> None:
    """Only the first visit was sent."""
    credential = sessions.open().credential
    with store.paused():
        until = time.monotonic() + 3 * ANSWER_SECONDS
        while time.monotonic() < until:
            refused(lambda: sessions.apply(credential, [CountVisit()]))
    eventually(lambda: serves(lambda: sessions.load(credential)), "it serves again")
    assert sessions.load(credential).session.visits == 1


def test_redis_store_makes_nobody_wait_twice_for_a_redis_that_is_silent(
    store: Store, sessions: RedisStore
) -> None:
    """Also where a client comes back as soon as it is refused, for as long as several trials take.

    Once this process itself may stand still meanwhile; who waited for trials would do so three times.
    """
    with store.paused():
        until = time.monotonic() + 4 * ANSWER_SECONDS
        refusals = []
        while time.monotonic() < until:
            refusals.append(refused(sessions.check))
    assert sum(each.cause is not CircuitOpen for each in refusals) == 1
    assert 1 <= sum(each.seconds > ANSWER_SECONDS / 2 for each in refusals) <= 2


def test_redis_store_loses_no_request_to_connections_that_died_in_a_partition(
    store: Store, sessions: RedisStore
) -> None:
    """Nothing tells them from live ones but that nobody answers; each would cost one request,
    or the half second of a trial.
    """
    credential = sessions.open().credential
    with store.proxy.slow(0.1):
        in_parallel(8, lambda: sessions.load(credential))
    with store.partitioned():
        refused(lambda: sessions.load(credential))
    eventually(lambda: serves(lambda: sessions.load(credential)), "it serves again", 3)
    with store.proxy.slow(0.1):
        assert in_parallel(8, lambda: sessions.load(credential).session.version) == [1] * 8


def test_redis_store_is_read_after_an_outage_when_redis_refuses_even_a_ping(
    store: Store, sessions: RedisStore
) -> None:
    """As one does that cannot save its data."""
    credential = sessions.open().credential
    with store.unsaved():
        with store.paused():
            refused(lambda: sessions.load(credential))
        eventually(lambda: serves(lambda: sessions.load(credential)), "it is read again")
        refused(sessions.check)


def test_redis_store_loses_no_request_to_connections_that_a_restart_closed(
    store: Store, sessions: RedisStore
) -> None:
    credential = sessions.open().credential
    with store.proxy.slow(0.1):
        in_parallel(8, lambda: sessions.load(credential))
    with store.killed():
        pass
    assert in_parallel(8, lambda: sessions.load(credential).session.version) == [1] * 8


def test_redis_store_counts_a_visit_once_when_its_answer_is_lost(store: Store, sessions: RedisStore) -> None:
    credential = sessions.open().credential
    with store.proxy.mute():
        refused(lambda: sessions.apply(credential, [CountVisit()]))
    eventually(lambda: serves(lambda: sessions.load(credential)), "it serves again")
    assert sessions.load(credential).session.visits == 1


def test_redis_store_serves_slowly_when_redis_is_slow(store: Store, sessions: RedisStore) -> None:
    credential = sessions.open().credential
    with store.proxy.slow(0.2):
        began = time.monotonic()
        counts = in_parallel(4, lambda: sessions.apply(credential, [CountVisit()]).results[0])
        assert time.monotonic() - began >= 0.2
    assert sorted(counts) == [1, 2, 3, 4]


def test_redis_store_has_a_connection_for_every_thread(store: Store, sessions: RedisStore) -> None:
    """More than a pool has by default."""
    credential = sessions.open().credential
    with store.paused():
        refusals = in_parallel(120, lambda: refused(lambda: sessions.load(credential)))
    assert MaxConnectionsError not in {each.cause for each in refusals}


@pytest.mark.parametrize("host", ["redis.invalid", "127.0.0.1"])
def test_redis_store_is_unavailable_when_its_name_or_its_port_is_gone(host: str) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and never listens, so that nobody else does
        sessions = RedisStore(f"redis://{host}:{nobody.getsockname()[1]}/0", Lifetime())
        refused(sessions.check)
        assert refused(sessions.check).seconds < ANSWER_SECONDS
