"""Sessions in one SQLite file. They live as long as what the file is on: a layer, a volume, a disk.

Every change is one `BEGIN IMMEDIATE` transaction, so threads, processes and containers of one host may
share the file.
"""

import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec.structs import astuple, replace

from services.session.credential import Credential, nonce
from services.session.document import CountVisit, Item, Operation, PutItem, RemoveItem, Session
from services.session.idempotency import REMEMBERED, Answer, repeated
from services.session.lifetime import Lifetime
from services.session.record import Record
from services.session.store import (
    Applied,
    Held,
    Once,
    PreconditionFailed,
    SessionGone,
    SessionUnknown,
    StoreUnavailable,
)
from services.stateful import database
from services.stateful.about import About
from services.stateful.database import BUSY_SECONDS

TOUCH_SECONDS = 0.1
"""How long a read waits to move the idle timeout."""

_COLUMNS = list(Record.__struct_fields__)
_SELECT = f"SELECT visits, {', '.join(_COLUMNS)} FROM sessions WHERE id = ?"  # noqa: S608
_INSERT = f"INSERT INTO sessions (id, {', '.join(_COLUMNS)}) VALUES (?{', ?' * len(_COLUMNS)})"  # noqa: S608
_FORGET = """
DELETE FROM answers WHERE session = :session AND version <= (
    SELECT version FROM answers WHERE session = :session ORDER BY version DESC LIMIT 1 OFFSET :limit
)"""
_UPDATE = f"UPDATE sessions SET visits = ?, {', '.join(c + ' = ?' for c in _COLUMNS)} WHERE id = ?"  # noqa: S608


class SqliteStore:
    """A `SessionStore` in the file at `path`, whose directory must exist and be writable."""

    def __init__(self, path: Path, lifetime: Lifetime, about: About | None = None) -> None:
        self._path = path
        self._lifetime = lifetime
        self._threads = threading.local()
        self._writer = threading.Lock()
        self._sweep_at = 0
        database.prepare(path, about)

    def open(self) -> Held:
        credential = Credential.fresh()
        record = Record.begin(credential, self._lifetime)
        with self._changing() as db:
            self._sweep(db)
            db.execute(_INSERT, (credential.id, *astuple(record)))
        return Held(str(credential), _session(record, 0, {}))

    def load(self, credential: str) -> Held:
        held = Credential.parse(credential)
        with self._reading() as db:
            record, visits, now = self._admitted(db, held)
            rows = db.execute("SELECT id, name, quantity FROM items WHERE session = ?", (held.id,))
            items = {key: Item(name, quantity) for key, name, quantity in rows}
        if self._lifetime.touch_due(now, record.idle_expires_at, record.expires_at):
            with suppress(StoreUnavailable):  # a file that takes no writes may still be read
                record = self._touch(held, self._touched(record, now))
        return Held(credential, _session(record, visits, items))

    def apply(
        self,
        credential: str,
        operations: Sequence[Operation],
        *,
        if_versions: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Applied:
        held = Credential.parse(credential)
        with self._changing() as db:
            record, visits, now = self._admitted(db, held)
            if once and (first := repeated(once, _answer(db, held.id, once.key))):
                return Applied(credential, first.version, first.results)
            PreconditionFailed.unless_at(if_versions, record.version)
            results = []
            for operation in operations:
                if isinstance(operation, CountVisit):
                    visits += 1
                    results.append(visits)
                else:
                    results.append(_apply_to_items(db, held.id, operation))
            record = replace(self._touched(record, now), version=record.version + 1)
            _update(db, held.id, visits, record)
            if once:
                _remember(db, held.id, once, Answer(once.payload, record.version, tuple(results)))
        return Applied(credential, record.version, tuple(results))

    def renew(self, credential: str, *, if_versions: Collection[int] | None = None) -> str:
        held = Credential.parse(credential)
        with self._changing() as db:
            record, visits, now = self._admitted(db, held)
            PreconditionFailed.unless_at(if_versions, record.version)
            record = record.renewed(held, nonce(), now, self._lifetime.grace)
            _update(db, held.id, visits, record)
        return str(held.successor(record.nonce))

    def close(self, credential: str, *, if_versions: Collection[int] | None = None) -> bool:
        held = Credential.parse(credential)
        with self._changing() as db:
            try:
                record, visits, _ = self._admitted(db, held)
            except SessionGone:
                return False
            PreconditionFailed.unless_at(if_versions, record.version)
            _update(db, held.id, visits, replace(record, ended=True))
            db.execute("DELETE FROM items WHERE session = ?", (held.id,))
            db.execute("DELETE FROM answers WHERE session = ?", (held.id,))
            return True

    def check(self) -> None:
        with self._reaching() as db:
            db.execute("SELECT 1 FROM sessions LIMIT 1")

    def _admitted(self, db: sqlite3.Connection, held: Credential) -> tuple[Record, int, int]:
        """The session's record and visits, and the time of its admission."""
        row = db.execute(_SELECT, (held.id,)).fetchone()
        if row is None:
            raise SessionUnknown("no such session is known here")
        record, now = Record(*row[1:]), self._lifetime.clock()
        record.admit(held, now)
        return record, row[0], now

    def _touch(self, held: Credential, touched: Record) -> Record:
        with self._changing(TOUCH_SECONDS) as db:
            db.execute(
                "UPDATE sessions SET idle_expires_at = max(idle_expires_at, ?) WHERE id = ?",
                (touched.idle_expires_at, held.id),
            )
        return touched

    def _touched(self, record: Record, now: int) -> Record:
        deadline = self._lifetime.touched(now, record.idle_expires_at, record.expires_at)
        return replace(record, idle_expires_at=deadline)

    def _sweep(self, db: sqlite3.Connection) -> None:
        """Forget, once a minute, what expired or ended longer ago than the retention."""
        now = self._lifetime.clock()
        if not 0 < self._sweep_at - now <= 60:  # further off: the clock was ahead for a while
            self._sweep_at = now + 60
            db.execute("DELETE FROM sessions WHERE idle_expires_at <= ?", (now - self._lifetime.retention,))

    @contextmanager
    def _changing(self, seconds: float = BUSY_SECONDS) -> Iterator[sqlite3.Connection]:
        """One write transaction. The lock keeps this process's threads from racing for the file's."""
        deadline = time.monotonic() + seconds
        if not self._writer.acquire(timeout=seconds):
            raise StoreUnavailable(f"SQLite at {self._path} is busy")
        try:
            with self._reaching() as db:
                left = max(0.0, deadline - time.monotonic())
                db.execute(f"PRAGMA busy_timeout = {left * 1000:.0f}")
                db.execute("BEGIN IMMEDIATE")
                with db:
                    yield db
        finally:
            self._writer.release()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One snapshot for all reads in it."""
        with self._reaching() as db:
            db.execute("BEGIN")
            with db:
                yield db

    @contextmanager
    def _reaching(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection; what SQLite cannot do is `StoreUnavailable`."""
        try:
            if not hasattr(self._threads, "db"):
                self._threads.db = database.connect(self._path)
            yield self._threads.db
        except sqlite3.Error as error:
            raise StoreUnavailable(f"SQLite at {self._path}: {error}") from error


def _session(record: Record, visits: int, items: dict[str, Item]) -> Session:
    return Session(record.version, items, visits, record.opened_at, record.idle_expires_at, record.expires_at)


def _update(db: sqlite3.Connection, key: str, visits: int, record: Record) -> None:
    db.execute(_UPDATE, (visits, *astuple(record), key))


def _answer(db: sqlite3.Connection, session: str, key: str) -> Answer | None:
    row = db.execute("SELECT answer FROM answers WHERE session = ? AND key = ?", (session, key)).fetchone()
    return msgspec.json.decode(row[0], type=Answer) if row else None


def _remember(db: sqlite3.Connection, session: str, once: Once, answer: Answer) -> None:
    row = (session, once.key, answer.version, msgspec.json.encode(answer))
    db.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", row)
    db.execute(_FORGET, {"session": session, "limit": REMEMBERED})


def _apply_to_items(db: sqlite3.Connection, session: str, operation: PutItem | RemoveItem) -> int:
    if isinstance(operation, RemoveItem):
        return db.execute("DELETE FROM items WHERE session = ? AND id = ?", (session, operation.id)).rowcount
    item = operation.item
    replaced = db.execute(
        "UPDATE items SET name = ?, quantity = ? WHERE session = ? AND id = ?",
        (item.name, item.quantity, session, operation.id),
    ).rowcount
    if not replaced:
        db.execute("INSERT INTO items VALUES (?, ?, ?, ?)", (session, operation.id, item.name, item.quantity))
    return 1 - replaced
