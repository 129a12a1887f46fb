"""What one session takes of the Redis behind a subject: round trips and memory."""

from typing import Any

import redis

from loadtests.benchmark.measured import StoreUse, Work
from loadtests.benchmark.servers import Server
from loadtests.benchmark.visitor import Visitor

REQUESTS = 100
_WORK: dict[Work, tuple[str, str]] = {
    "write": ("POST", "/session/visits"),
    "read": ("GET", "/session"),
    "health": ("GET", "/healthz"),
}


def use_of(server: Server, redis_url: str, items: int) -> StoreUse:
    """Of a session of so many items, with nobody else using that Redis."""
    with redis.Redis.from_url(redis_url) as store:
        before = set(store.scan_iter(count=10_000))
        visitor = Visitor(server.port)
        visitor.open(items)
        keys = set(store.scan_iter(count=10_000)) - before
        memory = sum(_memory(store, key) for key in keys)
        content = sum(_content(store, key) for key in keys)
        as_json = len(visitor.send("GET", "/session")[1])
        trips = {work: round_trips(store, visitor, *request) for work, request in _WORK.items()}
        visitor.hang_up()
    return StoreUse(server.subject.name, items, trips, memory, content, as_json)


def round_trips(store: "redis.Redis", visitor: Visitor, method: str, path: str) -> float:
    """Per request: how often the Redis had to read from a client, asking it for that left out."""
    for _ in range(5):
        visitor.send(method, path)
    before = _reads(store)
    for _ in range(REQUESTS):
        visitor.send(method, path)
    return (_reads(store) - before - 1) / REQUESTS


def _reads(store: "redis.Redis") -> int:
    told: Any = store.info("stats")
    return int(told["total_reads_processed"])


def _memory(store: "redis.Redis", key: bytes) -> int:
    """The key, what it holds, and what Redis needs to keep both."""
    told: Any = store.memory_usage(key, samples=0)
    return int(told)


def _content(store: "redis.Redis", key: bytes) -> int:
    """Bytes of what is stored there: of a hash the fields and their values."""
    stored: Any
    if store.type(key) == b"hash":
        stored = store.hgetall(key)
        return sum(len(field) + len(value) for field, value in stored.items())
    stored = store.get(key)
    return len(stored)
