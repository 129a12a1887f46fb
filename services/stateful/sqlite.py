"""Sessions in one SQLite file. They live as long as what the file is on: a layer, a volume, a disk.

WAL mode, so that readers do not wait for the writer, with `synchronous=FULL`, so that a commit is on
the disk before it is acknowledged. Every change is one `BEGIN IMMEDIATE` transaction, so several
containers of one host may share the file (https://www.sqlite.org/wal.html: not over a network).
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, fields, replace
from pathlib import Path

from services.session.credential import Credential, nonce
from services.session.document import CountVisit, Item, Operation, PutItem, RemoveItem, Session
from services.session.lifetime import Lifetime
from services.session.record import Record
from services.session.store import Applied, Held, SessionGone, SessionUnknown, StoreUnavailable
from services.stateful.about import About, mark

BUSY_SECONDS = 0.9
"""How long a change waits, in all, for those of this process and of others on the same file."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, visits INTEGER NOT NULL DEFAULT 0,
    secret TEXT NOT NULL, version INTEGER NOT NULL,
    opened_at INTEGER NOT NULL, idle_expires_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    previous TEXT NOT NULL, previous_until INTEGER NOT NULL, nonce TEXT NOT NULL, ended INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_idle ON sessions (idle_expires_at);
CREATE TABLE IF NOT EXISTS items (
    session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    id TEXT NOT NULL, name TEXT NOT NULL, quantity INTEGER NOT NULL,
    PRIMARY KEY (session, id)
) WITHOUT ROWID;
"""
_COLUMNS = [field.name for field in fields(Record)]
_SELECT = f"SELECT visits, {', '.join(_COLUMNS)} FROM sessions WHERE id = ?"  # noqa: S608
_INSERT = f"INSERT INTO sessions (id, {', '.join(_COLUMNS)}) VALUES (?{', ?' * len(_COLUMNS)})"  # noqa: S608
_UPDATE = f"UPDATE sessions SET visits = ?, {', '.join(c + ' = ?' for c in _COLUMNS)} WHERE id = ?"  # noqa: S608


class SqliteStore:
    """A `SessionStore` in the file at `path`, whose directory must exist and be writable."""

    def __init__(self, path: Path, lifetime: Lifetime, about: About | None = None) -> None:
        self._path = path
        self._lifetime = lifetime
        self._threads = threading.local()
        self._writer = threading.Lock()
        self._sweep_at = 0
        _prepare(path, about)

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
            record = self._touched(record, now)
            with self._changing() as db:
                db.execute(
                    "UPDATE sessions SET idle_expires_at = max(idle_expires_at, ?) WHERE id = ?",
                    (record.idle_expires_at, held.id),
                )
        return Held(credential, _session(record, visits, items))

    def apply(
        self, credential: str, operations: Sequence[Operation], *, if_version: int | None = None
    ) -> Applied:
        held = Credential.parse(credential)
        with self._changing() as db:
            record, visits, now = self._admitted(db, held, if_version)
            results = []
            for operation in operations:
                if isinstance(operation, CountVisit):
                    visits += 1
                    results.append(visits)
                else:
                    results.append(_apply_to_items(db, held.id, operation))
            record = replace(self._touched(record, now), version=record.version + 1)
            _update(db, held.id, visits, record)
        return Applied(credential, record.version, tuple(results))

    def renew(self, credential: str, *, if_version: int | None = None) -> str:
        held = Credential.parse(credential)
        with self._changing() as db:
            record, visits, now = self._admitted(db, held, if_version)
            record = record.renewed(held, nonce(), now, self._lifetime.grace)
            _update(db, held.id, visits, record)
        return str(held.successor(record.nonce))

    def close(self, credential: str, *, if_version: int | None = None) -> None:
        held = Credential.parse(credential)
        with self._changing() as db:
            try:
                record, visits, _ = self._admitted(db, held, if_version)
            except SessionGone:
                return
            _update(db, held.id, visits, replace(record, ended=True))
            db.execute("DELETE FROM items WHERE session = ?", (held.id,))

    def check(self) -> None:
        with self._reaching() as db:
            db.execute("SELECT 1 FROM sessions LIMIT 1")

    def _admitted(
        self, db: sqlite3.Connection, held: Credential, if_version: int | None = None
    ) -> tuple[Record, int, int]:
        """The session's record and visits, and the time of its admission."""
        row = db.execute(_SELECT, (held.id,)).fetchone()
        if row is None:
            raise SessionUnknown("no such session is known here")
        record, now = Record(*row[1:]), self._lifetime.clock()
        record.admit(held, now, if_version)
        return record, row[0], now

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
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One write transaction. The lock keeps this process's threads from racing for the file's."""
        deadline = time.monotonic() + BUSY_SECONDS
        if not self._writer.acquire(timeout=BUSY_SECONDS):
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
                self._threads.db = _connect(self._path)
            yield self._threads.db
        except sqlite3.Error as error:
            raise StoreUnavailable(f"SQLite at {self._path}: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    return db


def _prepare(path: Path, about: About | None) -> None:
    """Make the file what it has to be; leaves no connection open, as the process may fork next.

    Of several that start on a new file at once SQLite may turn some away without waiting: try again.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            with closing(_connect(path)) as db:
                db.execute("PRAGMA journal_mode = WAL")
                db.executescript(_SCHEMA)
                mark(db, about)
            return
        except sqlite3.Error as error:
            busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= deadline:
                raise StoreUnavailable(f"SQLite at {path}: {error}") from error
        time.sleep(0.01)


def _session(record: Record, visits: int, items: dict[str, Item]) -> Session:
    return Session(record.version, items, visits, record.opened_at, record.idle_expires_at, record.expires_at)


def _update(db: sqlite3.Connection, key: str, visits: int, record: Record) -> None:
    db.execute(_UPDATE, (visits, *astuple(record), key))


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
