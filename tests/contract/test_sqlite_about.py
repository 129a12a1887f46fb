"""The database says whose it is: what it is on may carry no label."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from services.session.lifetime import Lifetime
from services.stateful.about import About, read
from services.stateful.app import create_app
from services.stateful.sqlite import SqliteStore

OURS = About("ours", "anonymous")
THEIRS = About("theirs", "volume")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sessions.db"


def maker(path: Path) -> About | None:
    with closing(sqlite3.connect(path)) as db:
        return read(db)


def test_sqlite_file_carries_the_projects_application_id(path: Path, lifetime: Lifetime) -> None:
    SqliteStore(path, lifetime)
    assert path.read_bytes()[68:72] == b"SLAB"


def test_sqlite_file_says_which_project_and_service_made_it(path: Path, lifetime: Lifetime) -> None:
    SqliteStore(path, lifetime, OURS)
    assert maker(path) == OURS


def test_sqlite_file_stays_of_who_made_it_when_another_opens_it(path: Path, lifetime: Lifetime) -> None:
    for about in (OURS, THEIRS, None):
        SqliteStore(path, lifetime, about)
    assert maker(path) == OURS


def test_sqlite_file_of_nobody_becomes_of_who_opens_it(path: Path, lifetime: Lifetime) -> None:
    """As those do that were made before anything was recorded."""
    SqliteStore(path, lifetime)
    assert maker(path) is None
    SqliteStore(path, lifetime, OURS)
    assert maker(path) == OURS


def test_sqlite_file_is_not_written_again_when_it_says_already_whose_it_is(
    path: Path, lifetime: Lifetime
) -> None:
    SqliteStore(path, lifetime, OURS)
    before = path.read_bytes()
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")  # a start that wrote would be turned away
        SqliteStore(path, lifetime, OURS)
    assert path.read_bytes() == before


def test_sqlite_file_has_one_maker_when_many_start_on_it_at_once(path: Path, lifetime: Lifetime) -> None:
    with ThreadPoolExecutor(6) as starts:
        list(starts.map(lambda n: SqliteStore(path, lifetime, About("ours", f"s{n}")), range(6)))
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM about").fetchone() == (1,)


def test_database_of_another_application_is_nobodys(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE about (project, service)")
        db.execute("INSERT INTO about VALUES ('ours', 'anonymous')")
        db.commit()
    assert maker(path) is None


def test_service_records_the_compose_project_and_its_own_name(path: Path) -> None:
    create_app(
        {
            "COMPOSE_PROJECT_NAME": "ours",
            "SESSION_SERVICE": "anonymous",
            "SESSION_STORE": f"sqlite:{path}",
        }
    )
    assert maker(path) == OURS


@pytest.mark.parametrize("environ", [{}, {"COMPOSE_PROJECT_NAME": ""}], ids=["unset", "empty"])
def test_service_records_nothing_outside_of_a_project(path: Path, environ: dict[str, str]) -> None:
    create_app({**environ, "SESSION_STORE": f"sqlite:{path}"})
    assert maker(path) is None
