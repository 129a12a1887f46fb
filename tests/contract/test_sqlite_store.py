"""What the SQLite store leaves in its file, and when."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from services.session.credential import Credential
from services.session.document import CountVisit, Item, PutItem
from services.session.idempotency import once
from services.session.lifetime import Lifetime
from services.session.settings import SettingsError
from services.session.store import SessionExpired, SessionStore, StoreUnavailable
from services.session.upload import Upload, Visit
from services.stateful.app import create_app
from services.stateful.database import BUSY_SECONDS
from services.stateful.sqlite import TOUCH_SECONDS, SqliteStore
from tests.contract.clock import Clock
from tests.contract.running import ROOT, environment
from tests.measured import expect_at_most

SYNCHRONOUS_FULL = 2
WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from services.session.document import CountVisit
from services.session.lifetime import Lifetime
from services.stateful.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]), Lifetime())
credential = store.open().credential
for _ in range(60):
    store.apply(credential, [CountVisit()])
print(credential, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def rows(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        count: int = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        return count


def expect_others_to_see_every_acknowledged_visit(
    store: SessionStore, other: SessionStore, visits: int = 100
) -> None:
    """What one replica acknowledged, the next request finds on another."""
    credential = store.open().credential
    for expected in range(1, visits + 1):
        store.apply(credential, [CountVisit()])
        assert other.load(credential).session.visits == expected


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where `sqlite_store` has its file."""
    return tmp_path / "sessions.db"


def test_sqlite_file_is_in_wal_mode(sqlite_store: SqliteStore, path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_sqlite_store_syncs_each_commit_on_its_own_connection(sqlite_store: SqliteStore) -> None:
    """`synchronous` is a setting of the connection and not in the file: ask the one it writes with."""
    with sqlite_store._changing() as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (SYNCHRONOUS_FULL,)


def test_sqlite_store_shows_every_acknowledged_visit_to_another_store(
    sqlite_store: SqliteStore, path: Path, lifetime: Lifetime
) -> None:
    expect_others_to_see_every_acknowledged_visit(sqlite_store, SqliteStore(path, lifetime))


def test_sqlite_store_has_every_acknowledged_visit_when_the_process_was_killed(path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", WRITE_AND_DIE, path],
        env=environment({}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    session = SqliteStore(path, Lifetime()).load(process.stdout.strip()).session
    assert session.visits == 60


def test_sqlite_store_keeps_no_secret(sqlite_store: SqliteStore, tmp_path: Path) -> None:
    first = sqlite_store.open().credential
    second = sqlite_store.renew(first)
    content = b"".join(file.read_bytes() for file in tmp_path.glob("sessions.db*"))
    assert Credential.parse(second).digest.encode() in content
    assert not [c for c in (first, second) if Credential.parse(c).secret.encode() in content]


def test_sqlite_store_removes_all_but_the_end_when_a_session_is_closed(
    sqlite_store: SqliteStore, path: Path
) -> None:
    tables, operation = ("grants", "items", "answers", "devices"), PutItem("a1", Item("tea", 1))
    credential = sqlite_store.open().credential
    sqlite_store.apply(credential, [operation], once=once("k", [operation]))
    sqlite_store.sync(credential, Upload("phone-0123456789", (Visit(1),)))
    assert all(rows(path, table) for table in tables)
    sqlite_store.close(credential)
    assert [rows(path, table) for table in ("sessions", *tables)] == [1, 0, 0, 0, 0]


@pytest.mark.parametrize("table", ["sessions", "items"])
def test_sqlite_store_sweeps_expired_sessions_after_the_retention(
    sqlite_store: SqliteStore, path: Path, clock: Clock, table: str
) -> None:
    for number in range(20):
        credential = sqlite_store.open().credential
        sqlite_store.apply(credential, [PutItem(f"a{number}", Item("tea", 1))])
    clock.forward(150)
    live = sqlite_store.open().credential
    sqlite_store.apply(live, [PutItem("a1", Item("tea", 1))])
    assert rows(path, table) == 1


def test_sqlite_store_sweeps_at_most_once_a_minute(
    sqlite_store: SqliteStore, path: Path, clock: Clock
) -> None:
    for _ in range(2):
        sqlite_store.open()
    clock.forward(59)
    sqlite_store.open()
    assert rows(path, "sessions") == 3


def test_sqlite_store_changes_nothing_when_an_operation_fails_halfway(
    sqlite_store: SqliteStore, path: Path
) -> None:
    credential = sqlite_store.open().credential
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON items WHEN NEW.id = 'a2' "
            "BEGIN SELECT raise(FAIL, 'disk full'); END"
        )
        db.commit()
    with pytest.raises(StoreUnavailable):
        sqlite_store.apply(credential, [PutItem("a1", Item("tea", 1)), PutItem("a2", Item("tea", 1))])
    session = sqlite_store.load(credential).session
    assert (session.version, session.items) == (1, {})


def test_sqlite_store_works_on_after_a_change_that_failed(sqlite_store: SqliteStore, path: Path) -> None:
    credential = sqlite_store.open().credential
    with closing(sqlite3.connect(path)) as db:
        db.execute("ALTER TABLE items RENAME TO elsewhere")
        with pytest.raises(StoreUnavailable):
            sqlite_store.apply(credential, [PutItem("a1", Item("tea", 1))])
        db.execute("ALTER TABLE elsewhere RENAME TO items")
    assert sqlite_store.apply(credential, [CountVisit()]).results == (1,)


def test_sqlite_store_starts_on_a_file_that_another_process_holds_for_longer_than_a_change_waits(
    path: Path, lifetime: Lifetime
) -> None:
    """As where several start on a new file at once, and the disk is slow: nobody waits for an answer yet."""
    with closing(sqlite3.connect(path, isolation_level=None)) as holder, ThreadPoolExecutor(1) as starts:
        holder.execute("PRAGMA journal_mode = WAL")
        holder.execute("BEGIN IMMEDIATE")
        start = starts.submit(SqliteStore, path, lifetime)
        with pytest.raises(TimeoutError):
            start.result(BUSY_SECONDS + 0.3)
        holder.execute("ROLLBACK")
        assert start.result().open()


def test_sqlite_store_is_unavailable_when_its_file_is_no_database(path: Path, lifetime: Lifetime) -> None:
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreUnavailable):
        SqliteStore(path, lifetime)


@pytest.mark.parametrize("directory", ["/proc", "/proc/self/nowhere"], ids=["unwritable", "missing"])
def test_sqlite_service_refuses_a_directory_it_cannot_write_with_one_line(directory: str) -> None:
    with pytest.raises(SettingsError) as error:
        create_app({"SESSION_STORE": f"sqlite:{directory}/sessions.db"})
    assert f"{directory}/sessions.db" in str(error.value)
    assert "\n" not in str(error.value)


def test_sqlite_store_is_read_when_another_process_holds_the_file_and_a_touch_is_due(
    sqlite_store: SqliteStore, path: Path, clock: Clock
) -> None:
    opened = sqlite_store.open()
    clock.forward(50)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        assert sqlite_store.load(opened.credential).session == opened.session
    assert sqlite_store.load(opened.credential).session.idle_expires_at == clock.now + 100


def test_read_that_waited_past_the_deadline_does_not_bring_the_session_back(
    path: Path, lifetime: Lifetime, clock: Clock
) -> None:
    class Waits(SqliteStore):
        @contextmanager
        def _changing(self, seconds: float = BUSY_SECONDS) -> Iterator[sqlite3.Connection]:
            with super()._changing(seconds) as db:
                clock.forward(1 if seconds == TOUCH_SECONDS else 0)
                yield db

    store = Waits(path, lifetime)
    opened = store.open()
    clock.forward(99)
    assert store.load(opened.credential).session == opened.session
    with pytest.raises(SessionExpired):
        store.load(opened.credential)


def test_sqlite_store_refuses_all_writers_within_a_second_when_another_process_holds_the_file(
    sqlite_store: SqliteStore, path: Path
) -> None:
    credential = sqlite_store.open().credential

    def count(_: int) -> float:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            sqlite_store.apply(credential, [CountVisit()])
        return time.monotonic() - began

    with closing(sqlite3.connect(path, isolation_level=None)) as holder, ThreadPoolExecutor(4) as writers:
        holder.execute("BEGIN IMMEDIATE")
        expect_at_most(1.3, lambda: max(writers.map(count, range(4))))
