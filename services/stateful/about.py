"""Whose a sessions database is, written into the file itself: an anonymous volume carries no label."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

APPLICATION_ID = int.from_bytes(b"SLAB", "big")
"""In the header of this project's databases (https://www.sqlite.org/fileformat.html, 1.3.14)."""

_TABLE = """
CREATE TABLE IF NOT EXISTS about (
    only INTEGER PRIMARY KEY CHECK (only = 1), project TEXT NOT NULL, service TEXT NOT NULL
)"""


@dataclass(frozen=True)
class About:
    """The Compose project and the service that made a database."""

    project: str
    service: str

    @classmethod
    def of(cls, environ: Mapping[str, str], service: str) -> "About | None":
        """None outside of a Compose project: then a database is nobody's."""
        project = environ.get("COMPOSE_PROJECT_NAME")
        return cls(project, service) if project else None


def mark(db: sqlite3.Connection, about: About | None) -> None:
    """Record who made this database. Who made it is never overwritten; nothing is written twice."""
    if _application(db) != APPLICATION_ID:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    if about and read(db) is None:
        db.execute(_TABLE)
        db.execute("INSERT OR IGNORE INTO about VALUES (1, ?, ?)", (about.project, about.service))


def read(db: sqlite3.Connection) -> About | None:
    """Who made this database; None where that is not recorded, or it is another application's."""
    recorded = db.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'about'").fetchone()
    if not recorded or _application(db) != APPLICATION_ID:
        return None
    row = db.execute("SELECT project, service FROM about").fetchone()
    return About(*row) if row else None


def _application(db: sqlite3.Connection) -> int:
    number: int = db.execute("PRAGMA application_id").fetchone()[0]
    return number
