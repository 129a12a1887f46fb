"""`python -m services.stateful.kept DIRECTORY [NAME ...]`: what is kept in volumes that nobody serves.

Each directory in DIRECTORY is a volume. Reads alone, and opens no database where it lies: SQLite would
write beside one in WAL mode, even to read it. It opens a copy, for which `TMPDIR` must have room.
"""

import argparse
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
from msgspec.structs import replace

from services.session.devices import Mark
from services.session.document import Item
from services.session.idempotency import Answer
from services.session.lifetime import wall_clock
from services.session.record import Grant, Record
from services.stateful import about, tables
from services.stateful.database import migrate

DATABASE = "sessions.db"
_PARTS = ("", "-wal", "-journal")
"""What a database consists of at rest. `-shm` is only an index to `-wal`, made again on opening."""
_IDS = (about.APPLICATION_ID.to_bytes(4, "big"), bytes(4))
"""In a database's header: this project's, or none, as before it was recorded."""
_RECORD = list(Record.__struct_fields__)
_SESSIONS = f"SELECT id, visits, {', '.join(_RECORD)} FROM sessions WHERE NOT ended"  # noqa: S608
_COUNTS = """
SELECT count(*), count(*) FILTER (WHERE ended),
    count(*) FILTER (WHERE NOT ended AND min(idle_expires_at, expires_at) > :now),
    coalesce(sum(visits) FILTER (WHERE NOT ended AND min(idle_expires_at, expires_at) > :now), 0),
    (SELECT count(*) FROM items JOIN sessions ON items.session = sessions.id
     WHERE NOT ended AND min(idle_expires_at, expires_at) > :now)
FROM sessions"""


class KeptSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One session that has not ended, with all that it takes to serve it again. Holds no secret."""

    id: str
    visits: int
    record: Record
    grants: dict[str, Grant]
    items: dict[str, Item]
    answers: dict[str, Answer] = {}
    """To its keyed changes, oldest first."""
    marks: dict[str, Mark] = {}
    """Of its devices."""


class Counted(msgspec.Struct, frozen=True):
    """Sessions of a database: those that have neither ended nor expired are live."""

    total: int
    ended: int
    live: int
    visits: int
    """Of live sessions."""
    items: int
    """Of live sessions."""


class Kept(msgspec.Struct, frozen=True):
    """What a volume holds. `sessions` is null without a sessions database, or where `problem` says why."""

    bytes: int
    written_at: int | None
    """POSIX seconds; null where there is no file."""
    names: list[str]
    """Of what is at its top: the first few."""
    project: str | None = None
    service: str | None = None
    sessions: Counted | None = None
    problem: str | None = None


def look(directory: Path, now: int) -> Kept:
    """What is in one volume."""
    seen = _measured(directory)
    if not _is_database(directory / DATABASE):
        return seen
    try:
        with opened(directory) as db:
            return _with_sessions(seen, db, now)
    except (sqlite3.Error, OSError) as error:
        return replace(seen, problem=f"{DATABASE} cannot be read: {error}")


def _with_sessions(seen: Kept, db: sqlite3.Connection, now: int) -> Kept:
    maker = about.read(db)
    if maker:
        seen = replace(seen, project=maker.project, service=maker.service)
    try:
        return replace(seen, sessions=count(db, now))
    except sqlite3.OperationalError as error:
        if maker:
            return replace(seen, problem=f"{DATABASE} cannot be read: {error}")
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # no such table or column: some other database
            return seen
        raise


def look_into_all(directory: Path, known: Iterable[str], now: int) -> dict[str, Kept]:
    """What is in each volume that holds a sessions database or is known by its name, by names.

    Others are passed over: they may be anybody's, and of any size.
    """
    known = set(known)
    volumes = sorted(d for d in directory.iterdir() if d.is_dir())
    return {d.name: look(d, now) for d in volumes if d.name in known or _is_database(d / DATABASE)}


@contextmanager
def opened(directory: Path) -> Iterator[sqlite3.Connection]:
    """A copy of the volume's database, gone afterwards. Raises `sqlite3.Error` and `OSError`."""
    with tempfile.TemporaryDirectory() as room:
        for part in _PARTS:
            file = directory / f"{DATABASE}{part}"
            if _is_plain(file):
                shutil.copyfile(file, Path(room, file.name))
        with closing(sqlite3.connect(Path(room, DATABASE))) as db:
            yield db


def count(db: sqlite3.Connection, now: int) -> Counted:
    """How many sessions there are, and how much is in those that are live at `now`."""
    total, ended, live, visits, items = db.execute(_COUNTS, {"now": now}).fetchone()
    return Counted(total, ended, live, visits, items)


def sessions(db: sqlite3.Connection) -> list[KeptSession]:
    """Every session that has not ended; a database of an earlier form becomes one of this form."""
    migrate(db)
    return [
        KeptSession(
            key,
            visits,
            msgspec.convert(dict(zip(_RECORD, life, strict=True)), Record, strict=False),
            dict(tables.Grants(db, key)),
            tables.items(db, key),
            tables.answers(db, key),
            tables.marks(db, key),
        )
        for key, visits, *life in db.execute(_SESSIONS).fetchall()
    ]


def _measured(directory: Path) -> Kept:
    """Its size and its newest file's time."""
    stats = [file.lstat() for file in directory.rglob("*") if file.is_file() and not file.is_symlink()]
    return Kept(
        bytes=sum(stat.st_size for stat in stats),
        written_at=int(max(stat.st_mtime for stat in stats)) if stats else None,
        names=sorted(entry.name for entry in directory.iterdir())[:8],
    )


def _is_plain(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()


def _is_database(file: Path) -> bool:
    if not _is_plain(file):
        return False
    with file.open("rb") as opened_file:
        header = opened_file.read(72)
    return header[:16] == b"SQLite format 3\0" and header[68:] in _IDS


def main(arguments: Sequence[str] | None = None) -> None:
    command = argparse.ArgumentParser(prog="python -m services.stateful.kept", description=__doc__)
    command.add_argument("directory", type=Path, metavar="DIRECTORY")
    command.add_argument("known", nargs="*", metavar="NAME", help="told of without a sessions database too")
    command.add_argument("--sessions", action="store_true", help="the sessions that are in DIRECTORY itself")
    options = command.parse_args(arguments)
    if options.sessions:
        with opened(options.directory) as db:
            told: object = sessions(db)
    else:
        told = look_into_all(options.directory, options.known, wall_clock())
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")


if __name__ == "__main__":
    main()
