"""`python -m services.stateful.recover`: bring kept sessions, as JSON on standard input, into this service.

Meant for inside the running container, beside the service: `SESSION_STORE` says where its database is.
"""

import os
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from services.session.lifetime import wall_clock
from services.session.settings import Settings, SettingsError
from services.stateful import tables
from services.stateful.app import STORES
from services.stateful.kept import KeptSession

BUSY_SECONDS = 5.0
"""How long to wait for the service's own changes."""


class Recovered(msgspec.Struct, frozen=True):
    """`expired` is how many of those recovered will only be told that they have expired."""

    recovered: int
    present: int
    """Ids that were there already, and were left as they are."""
    expired: int


class RecoveryError(Exception):
    """Nothing was recovered. The message is one line."""


def recover(path: Path, sessions: Sequence[KeptSession], now: int) -> Recovered:
    """Add these sessions to the database at `path`, all or none. Raises `RecoveryError`."""
    try:
        with closing(_connect(path)) as db:
            db.execute("BEGIN IMMEDIATE")
            with db:
                added = [session.record for session in sessions if _add(db, session)]
    except sqlite3.Error as error:
        raise RecoveryError(f"SQLite at {path}: {error}") from error
    expired = sum(min(record.idle_expires_at, record.expires_at) <= now for record in added)
    return Recovered(len(added), len(sessions) - len(added), expired)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    return db


def _add(db: sqlite3.Connection, session: KeptSession) -> bool:
    """Whether it was not there already."""
    if session.record.ended:
        raise RecoveryError(f"session {session.id} has ended: nothing brings it back")
    new = tables.insert(db, session.id, session.record, session.visits)
    if new:
        tables.Grants(db, session.id).update(session.grants)
        db.executemany(
            "INSERT INTO items (session, id, name, quantity) VALUES (?, ?, ?, ?)",
            [(session.id, key, item.name, item.quantity) for key, item in session.items.items()],
        )
        db.executemany(
            "INSERT INTO answers (session, key, version, answer) VALUES (?, ?, ?, ?)",
            [(session.id, key, a.version, msgspec.json.encode(a)) for key, a in session.answers.items()],
        )
        for device, mark in session.marks.items():
            tables.mark(db, session.id, device, mark, ())
    return new


def _database(settings: Settings) -> Path:
    store = settings.store
    if store.scheme != "sqlite":
        raise RecoveryError("this service keeps its sessions in its process: nobody else can add to them")
    return Path(store.path)


def main() -> None:
    try:
        sessions = msgspec.json.decode(sys.stdin.buffer.read(), type=list[KeptSession])
        settings = Settings.read(os.environ, service="stateful", stores=STORES)
        done = recover(_database(settings), sessions, wall_clock())
    except (RecoveryError, SettingsError, msgspec.MsgspecError) as error:
        sys.exit(f"nothing was recovered: {error}")
    told = {"service": settings.service, **msgspec.structs.asdict(done)}
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")


if __name__ == "__main__":
    main()
