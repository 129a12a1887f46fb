"""What is an orphan of a project, made from what the engine and the look inside said, word for word."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chaos.inventory import (
    Found,
    Orphan,
    Project,
    Sessions,
    Volume,
    age,
    candidates,
    made,
    named,
    read_found,
    take,
    unused,
)

FIRST, SECOND = "1" * 64, "ab" * 32
TEN = Sessions(total=10, ended=0, live=10, visits=4, items=30)
OURS = Project("ours", "sessionlab/stateful", frozenset({"stateful"}), {"ours_redis-data": ("redis",)})
NOW = datetime(2026, 11, 26, 3, 0, 0, tzinfo=UTC)
CONFIG = {
    "name": "ours",
    "services": {
        "stateful": {"image": "sessionlab/stateful"},
        "token": {"image": "x", "volumes": [{"type": "volume", "source": "keys", "target": "/keys"}]},
        "keys": {"image": "x", "volumes": [{"type": "volume", "source": "keys", "target": "/keys"}]},
        "bind": {"image": "x", "volumes": [{"type": "bind", "source": "/srv", "target": "/state"}]},
        "bare": {"image": "x", "volumes": [{"type": "volume", "target": "/state"}]},
    },
    "volumes": {"keys": {"name": "ours_keys", "labels": {"sessionlab": "volume"}}},
}


def inspected(name: str, project: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "CreatedAt": "2026-11-26T02:00:00Z",
        "Driver": "local",
        "Labels": {"com.docker.compose.project": project} if project else None,
        "Mountpoint": f"/var/lib/docker/volumes/{name}/_data",
        "Name": name,
        "Options": None,
        "Scope": "local",
        **more,
    }


def volume(name: str, *, ours: bool = False, made_at: str = "2026-11-26T02:00:00Z") -> Volume:
    return Volume(name, made_at, ours)


def orphan(name: str) -> Orphan:
    return Orphan(name, (), "2026-11-26T02:00:00Z", None, 0, None, None)


def names(*volumes: dict[str, Any]) -> list[str]:
    return [candidate.name for candidate in candidates(json.dumps(volumes), "ours")]


def test_project_is_read_from_composes_own_word() -> None:
    project = Project.read(json.dumps(CONFIG))
    assert (project.name, project.image) == ("ours", "sessionlab/stateful")
    assert project.services == {"stateful", "token", "keys", "bind", "bare"}
    assert project.users == {"ours_keys": ("keys", "token")}


def test_volume_that_a_container_mounts_is_in_use() -> None:
    containers = f"container /srv/keys,{FIRST}\n ours_keys\n \n"
    assert unused([FIRST, SECOND, "ours_keys"], containers) == [SECOND]


def test_volume_that_is_only_being_looked_into_is_unused() -> None:
    looks = f"inspection {FIRST},{SECOND}"
    assert unused([FIRST, SECOND], looks) == [FIRST, SECOND]
    assert unused([FIRST, SECOND], f"{looks}\ncontainer {FIRST}") == [SECOND]


def test_candidates_are_the_projects_own_volumes_by_label() -> None:
    assert candidates(json.dumps([inspected("ours_keys", "ours")]), "ours") == [
        volume("ours_keys", ours=True)
    ]


def test_candidates_are_anonymous_volumes_that_nobody_labelled() -> None:
    assert candidates(json.dumps([inspected(FIRST)]), "ours") == [volume(FIRST, ours=False)]


def test_candidates_are_anonymous_volumes_with_the_labels_of_newer_engines() -> None:
    assert names(inspected(FIRST, Labels={"com.docker.volume.anonymous": ""})) == [FIRST]


@pytest.mark.parametrize(
    "foreign",
    [
        pytest.param(inspected("theirs_data", "theirs"), id="another project's"),
        pytest.param(inspected(FIRST, "theirs"), id="another project's without a name"),
        pytest.param(inspected("my-data"), id="somebody's by a name"),
        pytest.param(inspected("a" * 63), id="a name of 63 characters"),
        pytest.param(inspected("A" * 64), id="a name in capitals"),
        pytest.param(inspected(FIRST, Driver="nfs"), id="of another driver"),
        pytest.param(inspected(FIRST, Options={"type": "nfs"}), id="of a device or a server"),
    ],
)
def test_candidates_are_nobody_elses_volumes(foreign: dict[str, Any]) -> None:
    assert names(foreign, inspected(SECOND)) == [SECOND]


def test_found_is_read_from_what_was_said_inside() -> None:
    told = {
        FIRST: {
            "bytes": 90,
            "written_at": 1795658400,
            "names": ["sessions.db"],
            "project": "ours",
            "service": "anonymous",
            "problem": None,
            "sessions": {"total": 10, "ended": 0, "live": 10, "visits": 4, "items": 30},
        }
    }
    assert read_found(json.dumps(told)) == {
        FIRST: Found(90, 1795658400, ("sessions.db",), "ours", "anonymous", TEN, None)
    }


def test_orphan_is_an_anonymous_volume_whose_database_is_the_projects() -> None:
    found = {FIRST: Found(90, 1795658400, ("sessions.db",), "ours", "anonymous", TEN)}
    (its,) = take(OURS, [volume(FIRST)], found).orphans
    assert its == Orphan(FIRST, ("anonymous",), "2026-11-26T02:00:00Z", "2026-11-26T02:00:00Z", 90, TEN, None)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param({FIRST: Found(90, 1, (), "theirs", "anonymous", TEN)}, id="another project's"),
        pytest.param({FIRST: Found(90, 1, (), None, None, TEN)}, id="nobody's"),
        pytest.param({FIRST: Found(90, 1, (), "theirs", problem="no such column")}, id="theirs, damaged"),
        pytest.param({}, id="without a database"),
    ],
)
def test_foreign_volume_is_not_mentioned(found: dict[str, Found]) -> None:
    inventory = take(OURS, [volume(FIRST)], found)
    assert (inventory.orphans, inventory.unseen) == ((), {})


def test_anonymous_volume_that_cannot_be_looked_into_is_unknown_and_not_passed_over() -> None:
    inventory = take(OURS, [volume(FIRST)], {FIRST: Found(problem="permission denied")})
    assert (inventory.orphans, inventory.unseen) == ((), {FIRST: "permission denied"})


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param(Found(0), "no sessions database in it", id="empty"),
        pytest.param(Found(9, 1, ("appendonlydir",)), "unknown: a Redis data set", id="append-only file"),
        pytest.param(Found(9, 1, ("dump.rdb",)), "unknown: a Redis data set", id="snapshot"),
        pytest.param(Found(9, 1, problem="disk I/O error"), "unknown: disk I/O error", id="problem"),
    ],
)
def test_named_volume_is_listed_with_the_reason_why_no_sessions_are(found: Found, reason: str) -> None:
    (its,) = take(OURS, [volume("ours_redis-data", ours=True)], {"ours_redis-data": found}).orphans
    assert (its.sessions, its.services) == (None, ("redis",))
    assert (its.reason or "").startswith(reason)


def test_orphans_are_told_oldest_first() -> None:
    at = {
        "ours_c": "2026-11-26T01:00:00Z",
        "ours_a": "2026-11-26T01:30:00-01:00",
        "ours_b": "2026-11-26T02:00:00Z",
    }
    volumes = [volume(name, ours=True, made_at=made_at) for name, made_at in at.items()]
    assert [its.volume for its in take(OURS, volumes, {}).orphans] == ["ours_c", "ours_b", "ours_a"]


def test_orphan_is_found_by_how_its_name_begins() -> None:
    assert [its.volume for its in named([orphan(FIRST), orphan(SECOND)], "abab")] == [SECOND]


def test_orphan_is_found_by_its_whole_name_though_another_begins_with_it() -> None:
    assert [its.volume for its in named([orphan("ours_a"), orphan("ours_ab")], "ours_a")] == ["ours_a"]


def test_no_orphan_is_found_by_no_name() -> None:
    assert not named([orphan(FIRST)], "")


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("2026-11-26T02:59:59Z", "1 s"),
        ("2026-11-26T02:59:00Z", "1 min"),
        ("2026-11-26T02:00:01Z", "59 min"),
        ("2026-11-26T02:00:00Z", "1 h"),
        ("2026-11-24T01:00:00Z", "2 d"),
        ("2026-11-26T03:59:00+01:00", "1 min"),
        ("2026-11-26T03:00:05Z", "0 s"),
    ],
)
def test_age_is_told_in_its_largest_unit(since: str, said: str) -> None:
    assert age(since, NOW) == said


def test_time_of_an_engine_may_have_nanoseconds() -> None:
    assert made("2026-11-26T03:00:00.123456789Z").microsecond == 123456
