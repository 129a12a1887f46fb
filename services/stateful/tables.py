"""The rows of a session: what the SQLite store reads and writes in one transaction."""

import sqlite3
from collections.abc import Iterator, MutableMapping, Sequence

import msgspec
from msgspec.structs import astuple

from services.session.credential import Credential
from services.session.devices import Mark
from services.session.document import CountVisit, Item, Operation, PutItem, RemoveItem, Session
from services.session.idempotency import REMEMBERED, Answer
from services.session.record import Grant, Record
from services.session.store import Once

_COLUMNS = list(Record.__struct_fields__)
_GRANT = list(Grant.__struct_fields__)
_SELECT = f"""
SELECT visits, {", ".join(_COLUMNS)}, {", ".join(_GRANT)} FROM sessions
LEFT JOIN grants ON session = id AND digest = ? WHERE id = ?"""  # noqa: S608
_INSERT = (
    f"INSERT INTO sessions (id, visits, {', '.join(_COLUMNS)}) VALUES (?, ?{', ?' * len(_COLUMNS)}) "  # noqa: S608
    "ON CONFLICT (id) DO NOTHING"
)
_GRANTS = f"SELECT digest, {', '.join(_GRANT)} FROM grants WHERE session = ?"  # noqa: S608
_FORGET = """
DELETE FROM answers WHERE session = :session AND version <= (
    SELECT version FROM answers WHERE session = :session ORDER BY version DESC LIMIT 1 OFFSET :limit
)"""
_UPDATE = f"UPDATE sessions SET visits = ?, {', '.join(c + ' = ?' for c in _COLUMNS)} WHERE id = ?"  # noqa: S608


def session(record: Record, visits: int, items: dict[str, Item]) -> Session:
    return Session(record.version, items, visits, record.opened_at, record.idle_expires_at, record.expires_at)


def insert(db: sqlite3.Connection, key: str, record: Record, visits: int = 0) -> bool:
    """Whether there was none by this id, which stays as it is."""
    return db.execute(_INSERT, (key, visits, *astuple(record))).rowcount == 1


def empty(db: sqlite3.Connection, key: str) -> None:
    """Remove all that a session has, but for the session's own row."""
    for table in ("grants", "items", "answers", "devices"):
        db.execute(f"DELETE FROM {table} WHERE session = ?", (key,))  # noqa: S608


def select(db: sqlite3.Connection, held: Credential) -> tuple[int, Record, Grant | None] | None:
    """The session's visits and record, and what there is of this credential of it."""
    row = db.execute(_SELECT, (held.digest, held.id)).fetchone()
    if row is None:
        return None
    life, grant = row[1 : -len(_GRANT)], row[-len(_GRANT) :]
    return row[0], Record(*life), None if grant[0] is None else Grant(*grant)


def update(db: sqlite3.Connection, key: str, visits: int, record: Record) -> None:
    db.execute(_UPDATE, (visits, *astuple(record), key))


def answer(db: sqlite3.Connection, session: str, key: str) -> Answer | None:
    row = db.execute("SELECT answer FROM answers WHERE session = ? AND key = ?", (session, key)).fetchone()
    return msgspec.json.decode(row[0], type=Answer) if row else None


def answers(db: sqlite3.Connection, session: str) -> dict[str, Answer]:
    """By their keys, oldest first."""
    rows = db.execute("SELECT key, answer FROM answers WHERE session = ? ORDER BY version", (session,))
    return {key: msgspec.json.decode(answer, type=Answer) for key, answer in rows}


def remember(db: sqlite3.Connection, session: str, once: Once, answer: Answer) -> None:
    row = (session, once.key, answer.version, msgspec.json.encode(answer))
    db.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", row)
    db.execute(_FORGET, {"session": session, "limit": REMEMBERED})


def items(db: sqlite3.Connection, session: str) -> dict[str, Item]:
    rows = db.execute("SELECT id, name, quantity FROM items WHERE session = ?", (session,))
    return {key: Item(name, quantity) for key, name, quantity in rows}


def marks(db: sqlite3.Connection, session: str) -> dict[str, Mark]:
    rows = db.execute("SELECT device, acknowledged, version FROM devices WHERE session = ?", (session,))
    return {device: Mark(*mark) for device, *mark in rows}


def mark(db: sqlite3.Connection, session: str, device: str, mark: Mark, forgotten: Sequence[str]) -> None:
    db.execute("INSERT OR REPLACE INTO devices VALUES (?, ?, ?, ?)", (session, device, *mark))
    db.executemany(
        "DELETE FROM devices WHERE session = ? AND device = ?", [(session, one) for one in forgotten]
    )


def change(
    db: sqlite3.Connection, session: str, visits: int, operations: Sequence[Operation]
) -> tuple[int, tuple[int, ...]]:
    """The visits afterwards, and one result per operation."""
    results = []
    for operation in operations:
        if isinstance(operation, CountVisit):
            visits += 1
            results.append(visits)
        else:
            results.append(_apply_to_items(db, session, operation))
    return visits, tuple(results)


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


class Grants(MutableMapping[str, Grant]):
    """The credentials of a session, by their digests."""

    def __init__(self, db: sqlite3.Connection, session: str) -> None:
        self._db = db
        self._session = session

    def __getitem__(self, digest: str) -> Grant:
        row = self._db.execute(f"{_GRANTS} AND digest = ?", (self._session, digest)).fetchone()
        if row is None:
            raise KeyError(digest)
        return Grant(*row[1:])

    def __setitem__(self, digest: str, grant: Grant) -> None:
        row = (self._session, digest, *astuple(grant))
        self._db.execute("INSERT OR REPLACE INTO grants VALUES (?, ?, ?, ?, ?)", row)

    def __delitem__(self, digest: str) -> None:
        self._db.execute("DELETE FROM grants WHERE session = ? AND digest = ?", (self._session, digest))

    def __iter__(self) -> Iterator[str]:
        return (row[0] for row in self._db.execute(_GRANTS, (self._session,)).fetchall())

    def __len__(self) -> int:
        return sum(1 for _ in self)
