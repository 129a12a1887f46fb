"""What a device has accepted and not yet seen acknowledged, and all else that it must not forget: SQLite.

A commit is on the disk before it returns (WAL, `synchronous=FULL`), so a power cut or a kill at any moment
leaves the log as it was before or after. Any thread or process may log and read at any time; all
other changes are made by whoever holds the lock for uploads.
"""

import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from services.device.lock import alone
from services.device.state import Aside, Loss, State
from services.device.wire import Numbered
from services.session.document import Session
from services.session.upload import Remove

BUSY_SECONDS = 10
"""How long a change waits for those of other processes on the same file."""

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY CHECK (one = 1), state BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS pending (sequence INTEGER PRIMARY KEY, operation BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS aside (
    key INTEGER PRIMARY KEY, device TEXT NOT NULL, sequence INTEGER NOT NULL,
    why TEXT NOT NULL, operation BLOB NOT NULL, UNIQUE (device, sequence)
);
CREATE TABLE IF NOT EXISTS losses (device TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
COMMIT;
"""
_PENDING = "SELECT operation FROM pending ORDER BY sequence LIMIT ?"
_ALL = -1

IN_DOUBT = "in-doubt"


class Log:
    """The file at `path`, whose directory must exist. It holds the credential: it is its owner's alone."""

    def __init__(self, path: Path) -> None:
        self._mutex = threading.RLock()
        with alone(path, "opening", BUSY_SECONDS):
            _create(path)
            self._db = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)
            self._db.execute("INSERT OR IGNORE INTO state VALUES (1, ?)", (msgspec.json.encode(State()),))

    def close(self) -> None:
        with self._mutex:
            self._db.close()

    def append(self, operation: Numbered) -> int:
        """Log it under the next number, which is the result. Once this returns, it is accepted."""
        with self._changing() as db:
            return _append(db, operation)

    def read(self, limit: int = _ALL) -> tuple[State, tuple[Numbered, ...]]:
        """Where the device stands, and what is pending (the first so many), of one moment."""
        with self._transaction("BEGIN") as db:
            return _state(db), _pending(db, limit)

    def last(self) -> int:
        """The number of the operation logged last; 0 if there was none."""
        with self._transaction("BEGIN") as db:
            return _last(db)

    def aside(self) -> tuple[Aside, ...]:
        with self._mutex:
            rows = self._db.execute("SELECT key, device, why, operation FROM aside ORDER BY key").fetchall()
        return tuple(Aside(key, device, why, _operation(text)) for key, device, why, text in rows)

    def losses(self) -> tuple[Loss, ...]:
        with self._mutex:
            return tuple(Loss(*row) for row in self._db.execute("SELECT device, first, last FROM losses"))

    def update(self, **changes: Any) -> None:
        """Change some of the state."""
        with self._changing() as db:
            _write(db, replace(_state(db), **changes))

    def acknowledge(self, cookie: str, acknowledged: int, session: Session) -> None:
        """Take an upload's answer, all of it or nothing: of a token, each state has its own mark."""
        with self._changing() as db:
            db.execute("DELETE FROM pending WHERE sequence <= ?", (acknowledged,))
            state = replace(_state(db), cookie=cookie, acknowledged=acknowledged, session=session)
            _write(db, replace(state, trouble=None))

    def start_over(self, state: State, *, doubt: bool, loss: Loss | None = None) -> None:
        """Go on with a state of another device id: what is pending is numbered anew, from 1.

        With `doubt`, what may have been applied under the old id is set aside instead.
        """
        with self._changing() as db:
            old = _state(db)
            pending = _pending(db)
            db.execute("DELETE FROM pending")
            if loss:
                db.execute("INSERT INTO losses VALUES (?, ?, ?)", msgspec.structs.astuple(loss))
            _write(db, state)
            for operation in pending:
                if doubt and operation.sequence <= old.sent:
                    _set_aside(db, old.device, IN_DOUBT, operation)
                else:
                    _append(db, operation)

    def refuse(self, operation: Numbered, why: str) -> bool:
        """Set one aside. Its number goes to an operation that changes nothing: numbers have no gaps.

        False if that has happened already, so that not even nothing is taken.
        """
        nothing = Remove(operation.sequence, secrets.token_hex(16))
        with self._changing() as db:
            first = _set_aside(db, _state(db).device, why, operation)
            row = (msgspec.json.encode(nothing), operation.sequence)
            db.execute("UPDATE pending SET operation = ? WHERE sequence = ?", row)
            return first

    def settle(self, aside: Aside, *, again: bool) -> None:
        """No longer keep it aside; `again`: log it anew. Once, however often this is called."""
        with self._changing() as db:
            if db.execute("DELETE FROM aside WHERE key = ?", (aside.key,)).rowcount and again:
                _append(db, aside.operation)

    def _changing(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._transaction("BEGIN IMMEDIATE")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._mutex:
            self._db.execute(begin)
            with self._db:
                yield self._db


def _create(path: Path) -> None:
    """Only where there is none: to close a handle of a file in use ends SQLite's locks on it."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def _state(db: sqlite3.Connection) -> State:
    return msgspec.json.decode(db.execute("SELECT state FROM state").fetchone()[0], type=State)


def _write(db: sqlite3.Connection, state: State) -> None:
    db.execute("UPDATE state SET state = ?", (msgspec.json.encode(state),))


def _operation(text: bytes) -> Numbered:
    operation: Numbered = msgspec.json.decode(text, type=Numbered)
    return operation


def _pending(db: sqlite3.Connection, limit: int = _ALL) -> tuple[Numbered, ...]:
    return tuple(_operation(row[0]) for row in db.execute(_PENDING, (limit,)))


def _last(db: sqlite3.Connection) -> int:
    logged = db.execute("SELECT max(sequence) FROM pending").fetchone()[0]
    return max(logged or 0, _state(db).acknowledged)


def _append(db: sqlite3.Connection, operation: Numbered) -> int:
    number = _last(db) + 1
    row = (number, msgspec.json.encode(replace(operation, sequence=number)))
    db.execute("INSERT INTO pending VALUES (?, ?)", row)
    return number


def _set_aside(db: sqlite3.Connection, device: str, why: str, operation: Numbered) -> bool:
    row = (device, operation.sequence, why, msgspec.json.encode(operation))
    into = "INSERT OR IGNORE INTO aside (device, sequence, why, operation) VALUES (?, ?, ?, ?)"
    return db.execute(into, row).rowcount == 1
