"""The SQLite file of the stateful service: its tables, and how it is opened.

WAL mode, so that readers do not wait for the writer, with `synchronous=FULL`, so that a commit is on
the disk before it is acknowledged. Several containers of one host may share the file
(https://www.sqlite.org/wal.html: not over a network).
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from services.session.credential import in_base64
from services.session.store import StoreUnavailable
from services.stateful.about import About, mark

BUSY_SECONDS = 0.9
"""How long a change waits, in all, for those of this process and of others on the same file."""
START_SECONDS = 10.0
"""How long a start waits for others that start on the same file: nobody is kept waiting for an answer."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY, visits INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL,
    opened_at INTEGER NOT NULL, idle_expires_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    ended INTEGER NOT NULL, horizon INTEGER NOT NULL DEFAULT 0,
    link TEXT NOT NULL DEFAULT '', link_until INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_idle ON sessions (idle_expires_at);
CREATE TABLE IF NOT EXISTS grants (
    session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    digest TEXT NOT NULL, until INTEGER NOT NULL, nonce TEXT NOT NULL, replaced TEXT NOT NULL,
    PRIMARY KEY (session, digest)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (
    session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    id TEXT NOT NULL, name TEXT NOT NULL, quantity INTEGER NOT NULL,
    PRIMARY KEY (session, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
    session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    key TEXT NOT NULL, version INTEGER NOT NULL, answer BLOB NOT NULL,
    PRIMARY KEY (session, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS devices (
    session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    device TEXT NOT NULL, acknowledged INTEGER NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY (session, device)
) WITHOUT ROWID;
"""
_GRANTS_OF_THEIR_OWN = """
INSERT INTO grants SELECT id, in_base64(secret), 0, '', in_base64(previous) FROM sessions WHERE NOT ended;
INSERT INTO grants SELECT id, in_base64(previous), previous_until, nonce, '' FROM sessions
    WHERE previous <> '' AND NOT ended;
ALTER TABLE sessions DROP COLUMN secret;
ALTER TABLE sessions DROP COLUMN previous;
ALTER TABLE sessions DROP COLUMN previous_until;
ALTER TABLE sessions DROP COLUMN nonce;
ALTER TABLE sessions ADD COLUMN horizon INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN link TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN link_until INTEGER NOT NULL DEFAULT 0;
"""
"""From before several devices could share a session: its one credential was in the session's row."""


def connect(path: Path, seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=seconds, isolation_level=None)
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    return db


def prepare(path: Path, about: About | None) -> None:
    """Make the file what it has to be; leaves no connection open, as the process may fork next.

    Of several that start on a new file at once SQLite may turn some away without waiting: try again.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with closing(connect(path, START_SECONDS)) as db:
                db.execute("PRAGMA journal_mode = WAL")
                migrate(db)
                mark(db, about)
            return
        except sqlite3.Error as error:
            busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= deadline:
                raise StoreUnavailable(f"SQLite at {path}: {error}") from error
        time.sleep(0.01)


def migrate(db: sqlite3.Connection) -> None:
    """Make the tables that are missing; a database of an earlier form becomes one of this form, or stays."""
    db.executescript(_SCHEMA)
    if _is_of_earlier_form(db):
        db.create_function("in_base64", 1, lambda digest: in_base64(bytes.fromhex(digest)))
        db.execute("BEGIN IMMEDIATE")
        with db:
            if _is_of_earlier_form(db):  # still: others may start on it, too
                for statement in _GRANTS_OF_THEIR_OWN.split(";"):  # executescript would commit first
                    db.execute(statement)


def _is_of_earlier_form(db: sqlite3.Connection) -> bool:
    return bool(db.execute("SELECT 1 FROM pragma_table_info('sessions') WHERE name = 'secret'").fetchone())
