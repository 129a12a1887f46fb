"""What lies in a file that nobody serves is seen without touching it, and served again elsewhere."""

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from services.session.credential import Credential
from services.session.document import CountVisit, Item, PutItem
from services.session.idempotency import once
from services.session.lifetime import Lifetime
from services.session.store import SessionEnded, SessionExpired, SessionUnknown
from services.session.upload import Upload, Visit
from services.stateful import kept
from services.stateful.about import APPLICATION_ID, About
from services.stateful.kept import Counted, KeptSession
from services.stateful.recover import Recovered, RecoveryError, recover
from services.stateful.sqlite import SqliteStore
from tests.contract.clock import Clock
from tests.contract.running import ROOT, environment

TEA = PutItem("a1", Item("tea", 2))
UPLOAD = Upload("phone-0123456789", (Visit(1),))
EARLIER_SCHEMA = """
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, visits INTEGER NOT NULL DEFAULT 0,
    secret TEXT NOT NULL, version INTEGER NOT NULL,
    opened_at INTEGER NOT NULL, idle_expires_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    previous TEXT NOT NULL, previous_until INTEGER NOT NULL, nonce TEXT NOT NULL, ended INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE items (
    session TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
    id TEXT NOT NULL, name TEXT NOT NULL, quantity INTEGER NOT NULL,
    PRIMARY KEY (session, id)
) WITHOUT ROWID;
"""
WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from services.session.document import CountVisit
from services.session.idempotency import once
from services.session.lifetime import Lifetime
from services.stateful.about import About
from services.stateful.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]), Lifetime(), About("ours", "anonymous"))
for _ in range(20):
    store.apply(store.open().credential, [CountVisit()])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A volume."""
    return directory(tmp_path / "old")


@pytest.fixture
def left(old: Path, lifetime: Lifetime) -> SqliteStore:
    """The store that was on it."""
    return SqliteStore(old / "sessions.db", lifetime, About("ours", "anonymous"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The running store's file."""
    return directory(tmp_path / "new") / "sessions.db"


@pytest.fixture
def running(path: Path, lifetime: Lifetime) -> SqliteStore:
    return SqliteStore(path, lifetime)


def directory(path: Path) -> Path:
    path.mkdir()
    return path


def sessions_in(volume: Path) -> list[KeptSession]:
    with kept.opened(volume) as db:
        return kept.sessions(db)


def brought(old: Path, path: Path, clock: Clock) -> Recovered:
    return recover(path, sessions_in(old), clock())


def content(directory: Path) -> Mapping[str, tuple[str, int]]:
    """Checksum and time of change of every file there is."""
    return {
        file.name: (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns)
        for file in directory.iterdir()
    }


def command(
    module: str, *arguments: str, given: str = "", **settings: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", f"services.stateful.{module}", *arguments],
        input=given,
        env=environment(settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.fixture
def killed(old: Path) -> Path:
    """A volume as a killed service leaves it: all that it acknowledged is in the log alone."""
    subprocess.run(
        [sys.executable, "-c", WRITE_AND_DIE, old / "sessions.db"],
        env=environment({}),
        cwd=ROOT,
        timeout=20,
        check=False,
    )
    (old / "sessions.db-shm").unlink()
    assert (old / "sessions.db-wal").stat().st_size > 0
    return old


def test_kept_sees_what_only_the_log_has(killed: Path, clock: Clock) -> None:
    assert kept.look(killed, clock()).sessions == Counted(total=20, ended=0, live=20, visits=20, items=0)


def test_kept_changes_nothing_of_the_original(killed: Path, clock: Clock) -> None:
    """Opened where it lies, the database would get its index back, and its log written into it."""
    before = content(killed)
    assert kept.look(killed, clock()).sessions
    assert len(sessions_in(killed)) == 20
    assert (len(before), content(killed)) == (2, before)


def test_kept_says_whose_the_database_is(left: SqliteStore, old: Path, clock: Clock) -> None:
    seen = kept.look(old, clock())
    assert (seen.project, seen.service) == ("ours", "anonymous")


def test_kept_measures_every_file(old: Path, clock: Clock) -> None:
    (old / "a").write_bytes(b"x" * 100)
    directory(old / "deep")
    (old / "deep" / "b").write_bytes(b"x" * 11)
    seen = kept.look(old, clock())
    assert (seen.bytes, seen.names, seen.sessions) == (111, ["a", "deep"], None)


def test_kept_counts_content_of_live_sessions_alone(left: SqliteStore, old: Path, clock: Clock) -> None:
    for _ in range(2):
        left.apply(left.open().credential, [TEA, CountVisit()])
    clock.forward(60)
    live = left.open().credential
    left.apply(live, [TEA, CountVisit(), CountVisit(), CountVisit()])
    left.close(left.open().credential)
    clock.forward(60)
    assert kept.look(old, clock()).sessions == Counted(total=4, ended=1, live=1, visits=3, items=1)


def test_kept_says_why_when_a_database_is_damaged(old: Path, clock: Clock) -> None:
    (old / "sessions.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 52 + b"SLAB" + b"\xff" * 5000)
    seen = kept.look(old, clock())
    assert seen.sessions is None
    assert (seen.problem or "").startswith("sessions.db cannot be read")


def test_kept_passes_over_what_holds_no_database_unless_it_is_known(tmp_path: Path, clock: Clock) -> None:
    for name in ("foreign", "known"):
        (directory(tmp_path / name) / "secret.txt").write_text("x")
    (directory(tmp_path / "fake") / "sessions.db").write_text("no database")
    SqliteStore(directory(tmp_path / "ours") / "sessions.db", Lifetime())
    assert sorted(kept.look_into_all(tmp_path, ["known"], clock())) == ["known", "ours"]


def test_kept_takes_no_other_applications_database_for_one_of_sessions(old: Path, clock: Clock) -> None:
    with closing(sqlite3.connect(old / "sessions.db")) as db:
        db.execute("CREATE TABLE sessions (token TEXT, data TEXT)")
    seen = kept.look(old, clock())
    assert (seen.project, seen.sessions, seen.problem) == (None, None, None)


def test_kept_passes_over_a_database_that_says_it_is_another_applications(old: Path) -> None:
    with closing(sqlite3.connect(old / "sessions.db")) as db:
        db.execute("PRAGMA application_id = 7")
        db.execute("CREATE TABLE sessions (token TEXT, data TEXT)")
    assert not kept.look_into_all(old.parent, [], 0)


def test_kept_says_why_when_a_database_of_the_project_has_another_schema(
    left: SqliteStore, old: Path, clock: Clock
) -> None:
    with closing(sqlite3.connect(old / "sessions.db")) as db:
        db.execute("ALTER TABLE sessions RENAME COLUMN visits TO visitors")
    seen = kept.look(old, clock())
    assert (seen.project, seen.problem) == ("ours", "sessions.db cannot be read: no such column: visits")


def test_kept_follows_no_link_out_of_the_volume(left: SqliteStore, old: Path, tmp_path: Path) -> None:
    (directory(tmp_path / "sly") / "sessions.db").symlink_to(old / "sessions.db")
    assert not kept.look_into_all(tmp_path / "sly", [], 0)
    assert kept.look(tmp_path / "sly", 0).sessions is None


def test_recovered_session_is_as_it_was_for_its_old_credential(
    left: SqliteStore, running: SqliteStore, old: Path, path: Path, clock: Clock
) -> None:
    credential = left.open().credential
    left.apply(credential, [TEA, PutItem("a2", Item("milk", 1)), CountVisit()])
    clock.forward(7)
    before = left.load(credential).session
    assert brought(old, path, clock) == Recovered(recovered=1, present=0, expired=0)
    assert running.load(credential).session == before


def test_recovered_session_can_be_changed_again(
    left: SqliteStore, running: SqliteStore, old: Path, path: Path, clock: Clock
) -> None:
    credential = left.open().credential
    left.apply(credential, [CountVisit()])
    brought(old, path, clock)
    assert running.apply(credential, [CountVisit()]).results == (2,)
    renewed = running.renew(credential)
    assert running.load(renewed).session.visits == 2


def test_recovered_session_honours_a_renewal_in_its_grace(
    left: SqliteStore, running: SqliteStore, old: Path, path: Path, clock: Clock
) -> None:
    credential = left.open().credential
    successor = left.renew(credential)
    brought(old, path, clock)
    assert running.renew(credential) == successor
    clock.forward(6)
    with pytest.raises(SessionEnded):
        running.load(credential)
    assert running.load(successor)


def test_recovery_leaves_out_sessions_that_have_ended(
    left: SqliteStore, running: SqliteStore, old: Path, path: Path, clock: Clock
) -> None:
    gone, live = left.open().credential, left.open().credential
    left.close(gone)
    assert brought(old, path, clock).recovered == 1
    assert running.load(live)
    with pytest.raises(SessionUnknown):
        running.load(gone)


def test_recovery_refuses_a_session_that_has_ended(
    left: SqliteStore, running: SqliteStore, old: Path, path: Path, clock: Clock
) -> None:
    """It may have been written by hand."""
    left.open()
    (session,) = sessions_in(old)
    forged = KeptSession(session.id, 0, replace(session.record, ended=True), {}, {})
    with pytest.raises(RecoveryError, match="has ended"):
        recover(path, [forged], clock())


def test_recovery_brings_what_is_remembered_of_changes_that_were_asked_for_once(
    left: SqliteStore, running: SqliteStore, old: Path, path: Path, clock: Clock
) -> None:
    credential = left.open().credential
    first = left.apply(credential, [TEA], once=once("k", [TEA]))
    brought(old, path, clock)
    assert running.apply(credential, [TEA], once=once("k", [TEA])) == first


def test_sessions_are_read_from_a_database_that_is_older_than_answers(left: SqliteStore, old: Path) -> None:
    left.open()
    with closing(sqlite3.connect(old / "sessions.db")) as db:
        db.execute("DROP TABLE answers")
    assert len(sessions_in(old)) == 1


def test_recovery_leaves_sessions_alone_that_are_there_already(
    left: SqliteStore, running: SqliteStore, old: Path, path: Path, clock: Clock
) -> None:
    first, second = left.open().credential, left.open().credential
    left.apply(first, [TEA])
    brought(old, path, clock)
    running.apply(first, [PutItem("a1", Item("tea", 9))])
    running.close(second)
    assert brought(old, path, clock) == Recovered(recovered=0, present=2, expired=0)
    assert running.load(first).session.items == {"a1": Item("tea", 9)}
    with pytest.raises(SessionEnded):
        running.load(second)


def test_recovered_session_stays_expired(
    left: SqliteStore, running: SqliteStore, old: Path, path: Path, clock: Clock
) -> None:
    credential = left.open().credential
    clock.forward(101)
    assert brought(old, path, clock) == Recovered(recovered=1, present=0, expired=1)
    with pytest.raises(SessionExpired):
        running.load(credential)


def test_recovery_brings_all_or_none(
    left: SqliteStore, running: SqliteStore, old: Path, path: Path, clock: Clock
) -> None:
    held = [left.open().credential for _ in range(5)]
    left.apply(held[4], [TEA])
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON items BEGIN SELECT raise(FAIL, 'disk full'); END")
        db.commit()
    with pytest.raises(RecoveryError, match="disk full"):
        brought(old, path, clock)
    for credential in held:
        with pytest.raises(SessionUnknown):
            running.load(credential)


def test_recovery_makes_no_database_where_none_is(
    left: SqliteStore, old: Path, path: Path, clock: Clock
) -> None:
    left.open()
    with pytest.raises(RecoveryError):
        brought(old, path, clock)
    assert not path.exists()


def test_every_table_is_recovered_or_known_not_to_be(left: SqliteStore, old: Path) -> None:
    """Whoever adds one must say whether its rows go with the sessions."""
    with closing(sqlite3.connect(old / "sessions.db")) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert tables == {"sessions", "grants", "items", "answers", "devices", "about"}


def test_export_keeps_no_secret(left: SqliteStore, old: Path) -> None:
    credential = left.open().credential
    told = command("kept", str(old), "--sessions").stdout
    assert Credential.parse(credential).digest in told
    assert Credential.parse(credential).secret not in told


def test_commands_bring_sessions_from_one_to_the_other(old: Path, path: Path) -> None:
    left, running = SqliteStore(old / "sessions.db", Lifetime()), SqliteStore(path, Lifetime())
    credential = left.open().credential
    left.apply(credential, [TEA])
    told = command("kept", str(old), "--sessions")
    done = command("recover", given=told.stdout, SESSION_STORE=f"sqlite:{path}", SESSION_SERVICE="anonymous")
    assert json.loads(done.stdout) == {"service": "anonymous", "recovered": 1, "present": 0, "expired": 0}
    assert running.load(credential).session.items == {"a1": Item("tea", 2)}


@pytest.mark.parametrize(
    ("given", "store", "said"),
    [
        pytest.param("[]", "memory:", "in its process", id="memory"),
        pytest.param("[]", "redis://redis:6379/0", "SESSION_STORE", id="redis"),
        pytest.param("[]", "sqlite:/nowhere/sessions.db", "unable to open", id="nowhere"),
        pytest.param("no json", "sqlite:/nowhere/sessions.db", "malformed", id="no json"),
        pytest.param('[{"id": "x"}]', "sqlite:/nowhere/sessions.db", "missing required", id="no session"),
    ],
)
def test_recover_says_one_line_when_it_cannot(given: str, store: str, said: str) -> None:
    done = command("recover", given=given, SESSION_STORE=store)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, line.startswith("nothing was recovered: "), said in line) == (1, True, True)


def test_recovery_brings_every_devices_credential_and_mark(
    left: SqliteStore, running: SqliteStore, old: Path, path: Path, clock: Clock
) -> None:
    first = left.open().credential
    second = left.join(left.link(first).code).credential
    left.sync(second, UPLOAD)
    renewed = left.renew(first)
    brought(old, path, clock)
    for credential in (first, renewed, second):
        assert running.sync(credential, UPLOAD).session.visits == 1


def test_recovery_brings_a_session_that_was_left_by_an_earlier_version(
    running: SqliteStore, old: Path, path: Path, clock: Clock, lifetime: Lifetime
) -> None:
    held, before = made_by_an_earlier_version(old / "sessions.db", clock)
    contents = (old / "sessions.db").read_bytes()
    assert brought(old, path, clock).recovered == 1
    assert (old / "sessions.db").read_bytes() == contents
    assert running.load(held).session.items == {"a1": Item("tea", 2)}
    assert running.renew(before) == held


def test_store_goes_on_with_a_database_of_an_earlier_version(
    old: Path, clock: Clock, lifetime: Lifetime
) -> None:
    held, before = made_by_an_earlier_version(old / "sessions.db", clock)
    for _ in range(2):
        store = SqliteStore(old / "sessions.db", lifetime)
        assert store.load(held).session.visits == 3
    assert store.renew(before) == held
    clock.forward(5)
    with pytest.raises(SessionEnded):
        store.load(before)
    assert store.sync(held, UPLOAD).session.visits == 4


def test_many_stores_start_at_once_on_a_database_of_an_earlier_version(
    old: Path, clock: Clock, lifetime: Lifetime
) -> None:
    held, _ = made_by_an_earlier_version(old / "sessions.db", clock)
    with ThreadPoolExecutor(6) as starts:
        stores = list(starts.map(lambda _: SqliteStore(old / "sessions.db", lifetime), range(6)))
    assert all(store.load(held).session.visits == 3 for store in stores)


def made_by_an_earlier_version(path: Path, clock: Clock) -> tuple[str, str]:
    """A renewed session's credential, and the one before it that is still in its grace."""
    old = Credential.fresh()
    new = old.successor("n")
    now = clock()
    digests = [hashlib.sha256(one.secret.encode()).hexdigest() for one in (new, old)]
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"PRAGMA application_id = {APPLICATION_ID}; {EARLIER_SCHEMA}")
        row = (old.id, 3, digests[0], 5, now, now + 100, now + 1000, digests[1], now + 5, "n", 0)
        db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        db.execute("INSERT INTO items VALUES (?, 'a1', 'tea', 2)", (old.id,))
        db.commit()
    return str(new), str(old)
