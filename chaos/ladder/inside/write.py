"""Write one numbered record after the other, until killed; acknowledge each on standard output.

Arguments: how many a second, for how many seconds at most, and `buffered FILE`, `sqlite FILE
SYNCHRONOUS` or `redis HOST`. An acknowledgement is the number and the seconds of this process's clock.
Ends by itself when the store is gone, or when nobody killed it in that time.
"""

import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing

BUFFER = 8192
Write = Callable[[int], object]


def record(number: int) -> str:
    """As many bytes for each, whatever it is written to."""
    return f"{number:08} item=tea quantity=1 "


def buffered(path: str) -> Write:
    file = open(path, "wb", buffering=BUFFER)  # noqa: SIM115, PTH123 - closing it would flush it
    return lambda number: file.write(f"{record(number)}\n".encode())


def sqlite(path: str, synchronous: str) -> Write:
    """The file and its table are on the disk before the first record, however those are written."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE records (number INTEGER PRIMARY KEY, record TEXT NOT NULL)")
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"PRAGMA synchronous = {synchronous}")

    def write(number: int) -> None:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO records VALUES (?, ?)", (number, record(number)))
        db.execute("COMMIT")

    return write


def redis(host: str) -> Write:
    """Without retries: a repeated write would be one that was never asked for."""
    from redis import Redis, RedisError  # noqa: PLC0415 - only the clients of Redis have it
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    client = Redis(host, socket_timeout=60, retry=Retry(NoBackoff(), 0))

    def write(number: int) -> None:
        try:
            client.rpush("records", record(number))
        except RedisError as error:
            sys.exit(f"Redis did not acknowledge {number}: {error}")

    return write


def load(write: Write, rate: float, seconds: float) -> None:
    """One after the other, never faster: a burst that makes up for a delay would make the milliseconds of
    writes that are lost mean nothing.
    """
    due = time.monotonic()
    end, number = due + seconds, 0
    while due < end:
        time.sleep(max(0.0, due - time.monotonic()))
        number += 1
        due = max(due, time.monotonic()) + 1 / rate
        write(number)
        print(number, f"{time.monotonic():.6f}", flush=True)


KINDS: dict[str, Callable[..., Write]] = {"buffered": buffered, "sqlite": sqlite, "redis": redis}
rate, seconds, kind, *arguments = sys.argv[1:]
load(KINDS[kind](*arguments), float(rate), float(seconds))
