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

from msgspec.structs import replace

from services.session import devices
from services.session.credential import Credential, nonce
from services.session.devices import Mark
from services.session.document import Operation
from services.session.idempotency import Answer, repeated
from services.session.lifetime import Lifetime
from services.session.record import Grant, Record, admit_device, renew
from services.session.store import (
    Applied,
    Held,
    Link,
    LinkInvalid,
    Once,
    PreconditionFailed,
    SessionGone,
    SessionUnknown,
    StoreUnavailable,
    Synced,
)
from services.session.upload import Upload
from services.stateful import database, tables
from services.stateful.about import About
from services.stateful.database import BUSY_SECONDS

TOUCH_SECONDS = 0.1
"""How long a read waits to move the idle timeout."""


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
        record = Record.begin(self._lifetime)
        with self._changing() as db:
            self._sweep(db)
            tables.insert(db, credential.id, record)
            tables.Grants(db, credential.id)[credential.digest] = Grant()
        return Held(str(credential), tables.session(record, 0, {}))

    def load(self, credential: str) -> Held:
        held = Credential.parse(credential)
        with self._reading() as db:
            record, visits, now = self._admitted(db, held)
            items = tables.items(db, held.id)
        if self._lifetime.touch_due(now, record.idle_expires_at, record.expires_at):
            with suppress(StoreUnavailable):  # a file that takes no writes may still be read
                record = self._touch(held, record, now)
        return Held(credential, tables.session(record, visits, items))

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
            if once and (first := repeated(once, tables.answer(db, held.id, once.key))):
                return Applied(credential, first.version, first.results)
            PreconditionFailed.unless_at(if_versions, record.version)
            visits, results = tables.change(db, held.id, visits, operations)
            record = replace(self._touched(record, now), version=record.version + 1)
            tables.update(db, held.id, visits, record)
            if once:
                tables.remember(db, held.id, once, Answer(once.payload, record.version, results))
        return Applied(credential, record.version, results)

    def sync(self, credential: str, upload: Upload) -> Synced:
        held = Credential.parse(credential)
        with self._changing() as db:
            record, visits, now = self._admitted(db, held)
            marks = tables.marks(db, held.id)
            if operations := devices.due(upload, marks.get(upload.device), record.horizon, record.version):
                visits, _ = tables.change(db, held.id, visits, operations)
                record = replace(record, version=record.version + 1)
                if forgotten := devices.remember(marks, upload, record.version):
                    record = replace(record, horizon=record.version)
                tables.mark(db, held.id, upload.device, marks[upload.device], forgotten)
            if operations or self._lifetime.touch_due(now, record.idle_expires_at, record.expires_at):
                record = self._touched(record, now)
                tables.update(db, held.id, visits, record)
            items = tables.items(db, held.id)
        return Synced(
            credential, marks.get(upload.device, Mark()).acknowledged, tables.session(record, visits, items)
        )

    def link(self, credential: str) -> Link:
        held = Credential.parse(credential)
        with self._changing() as db:
            record, visits, now = self._admitted(db, held)
            code, until = held.another(), now + self._lifetime.link
            record = replace(self._touched(record, now), link=code.digest, link_until=until)
            tables.update(db, held.id, visits, record)
        return Link(str(code), until)

    def join(self, code: str) -> Held:
        held = Credential.of_link(code)
        with self._changing() as db:
            row, now = tables.select(db, held), self._lifetime.clock()
            if row is None:
                raise LinkInvalid
            visits, record, _ = row
            own, record = held.another(), self._touched(record.joined(held, now), now)
            admit_device(tables.Grants(db, held.id), own)
            tables.update(db, held.id, visits, record)
            items = tables.items(db, held.id)
        return Held(str(own), tables.session(record, visits, items))

    def renew(self, credential: str, *, if_versions: Collection[int] | None = None) -> str:
        held = Credential.parse(credential)
        with self._changing() as db:
            record, _, now = self._admitted(db, held)
            PreconditionFailed.unless_at(if_versions, record.version)
            return str(renew(tables.Grants(db, held.id), held, nonce(), now + self._lifetime.grace))

    def close(self, credential: str, *, if_versions: Collection[int] | None = None) -> bool:
        held = Credential.parse(credential)
        with self._changing() as db:
            try:
                record, visits, _ = self._admitted(db, held)
            except SessionGone:
                return False
            PreconditionFailed.unless_at(if_versions, record.version)
            tables.update(db, held.id, visits, replace(record, ended=True))
            tables.empty(db, held.id)
            return True

    def check(self) -> None:
        with self._reaching() as db:
            db.execute("SELECT 1 FROM sessions LIMIT 1")

    def _admitted(self, db: sqlite3.Connection, held: Credential) -> tuple[Record, int, int]:
        """The session's record and visits, and the time of its admission."""
        row = tables.select(db, held)
        if row is None:
            raise SessionUnknown("no such session is known here")
        visits, record, grant = row
        now = self._lifetime.clock()
        record.admit(grant, now)
        return record, visits, now

    def _touch(self, held: Credential, record: Record, now: int) -> Record:
        """Unless it expired while this one waited, as others may have been told."""
        touched = self._touched(record, now)
        with self._changing(TOUCH_SECONDS) as db:
            moved = db.execute(
                "UPDATE sessions SET idle_expires_at = max(idle_expires_at, ?) "
                "WHERE id = ? AND idle_expires_at > ?",
                (touched.idle_expires_at, held.id, self._lifetime.clock()),
            )
        return touched if moved.rowcount else record

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
