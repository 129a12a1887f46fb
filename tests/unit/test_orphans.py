"""What a person sees of orphans, and what is said when sessions cannot be brought back. Without an engine."""

import io
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from chaos import recovery
from chaos.engine import ClusterError
from chaos.instance import Instance
from chaos.inventory import Inventory, Orphan, Project, Sessions
from chaos.orphans import removed_meanwhile, show
from chaos.recovery import Export, Recovery, chosen
from tests.contract.running import ROOT

ANONYMOUS = "0123456789abcdef" * 4
PROJECT = Project("ours", "sessionlab/stateful", frozenset({"stateful"}), {})
TEN = Sessions(total=12, ended=1, live=10, visits=4, items=30)
TWO_HOURS_AGO = (datetime.now(UTC) - timedelta(hours=2, minutes=5)).isoformat()
LEFT = Orphan(ANONYMOUS, ("anonymous",), TWO_HOURS_AGO, TWO_HOURS_AGO, 120_000, TEN, None)
REDIS = Orphan("ours_redis-data", ("redis",), TWO_HOURS_AGO, None, 202, None, "unknown: a Redis data set")
FIRST = Instance("a" * 64, "ours-anonymous-1", "anonymous", "i", "2026-11-26T02:00:00Z", "running", 0)


def shown(*orphans: Orphan, unseen: dict[str, str] | None = None, width: int = 110) -> str:
    console = Console(file=io.StringIO(), width=width)
    show(Inventory(PROJECT, orphans, unseen or {}), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def chaos(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "chaos", "orphans", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )


def test_no_orphan_is_one_line() -> None:
    assert shown() == "no volume of ours is without a container\n"


def test_orphan_is_a_row_with_all_that_is_known() -> None:
    (row,) = [line for line in shown(LEFT).splitlines() if ANONYMOUS[:12] in line]
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells == [
        *(ANONYMOUS[:12], "anonymous", "2 h ago", "2 h ago", "120.0 kB"),
        "10 of 12 sessions, 30 items, 4 visits",
    ]


def test_orphan_without_sessions_says_why() -> None:
    (row,) = [line for line in shown(REDIS).splitlines() if "ours_redis-data" in line]
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells == ["ours_redis-data", "redis", "2 h ago", "-", "202 bytes", "unknown: a Redis data set"]


def test_recovery_is_offered_where_there_are_sessions_alone() -> None:
    assert ("--recover" in shown(LEFT), "--recover" in shown(REDIS)) == (True, False)


def test_output_has_no_escapes_when_it_is_piped() -> None:
    assert "\x1b" not in shown(LEFT, REDIS)


def test_volume_that_cannot_be_looked_into_is_said_to_be_unknown() -> None:
    assert f"UNKNOWN whose volume {ANONYMOUS} is: permission denied" in shown(
        unseen={ANONYMOUS: "permission denied"}
    )


def test_volume_is_chosen_by_the_name_in_the_table() -> None:
    assert chosen(Inventory(PROJECT, (LEFT, REDIS)), ANONYMOUS[:12]) == LEFT


@pytest.mark.parametrize(
    ("orphans", "name", "said"),
    [
        pytest.param((LEFT,), "ffff", "no volume ffff of ours is without a container", id="none"),
        pytest.param((LEFT, replace(LEFT, volume="01" * 32)), "01", "2 volumes begin with 01", id="two"),
        pytest.param((REDIS,), "ours_redis-data", "unknown: a Redis data set", id="no sessions"),
        pytest.param(
            (replace(LEFT, sessions=Sessions(2, 2, 0, 0, 0)),),
            "0123",
            "no session that has not ended",
            id="ended",
        ),
    ],
)
def test_choosing_says_what_is_wrong_with_the_name(orphans: tuple[Orphan, ...], name: str, said: str) -> None:
    with pytest.raises(ClusterError, match=said):
        chosen(Inventory(PROJECT, orphans), name)


def test_recovery_says_what_came_back_and_that_the_volume_stays() -> None:
    said = str(Recovery(ANONYMOUS, "anonymous", "ours-anonymous-1", 9, 2, 1)).splitlines()
    counts = "2 were there already; 1 of those that are back have expired"
    assert said == [
        f"{ANONYMOUS}: 9 sessions are back, in ours-anonymous-1; {counts}",
        f"the volume is as it was; when nothing needs it any more: docker volume rm {ANONYMOUS}",
    ]


def test_export_says_how_many_sessions_are_where() -> None:
    assert str(Export("v", "f.json", 9)) == "v: 9 sessions are written to f.json"


def test_recovery_warns_when_clients_hold_cookies_of_another_name() -> None:
    (note,) = recovery.of_cookies(LEFT, "stateful")
    assert note.endswith("they find their sessions only with --into anonymous")


@pytest.mark.parametrize("left", [LEFT, replace(LEFT, services=())], ids=["the same", "not known"])
def test_recovery_warns_of_no_cookies_when_the_service_reads_them(left: Orphan) -> None:
    assert not recovery.of_cookies(left, "anonymous")


def test_recovery_warns_when_replicas_have_sessions_of_their_own() -> None:
    second = replace(FIRST, id="b" * 64, name="ours-anonymous-2")
    for one, other in ((FIRST, second), (replace(FIRST, mounts=("a",)), replace(second, mounts=("b",)))):
        (note,) = recovery.of_replicas("anonymous", [one, other])
        assert note.startswith("2 replicas of anonymous run, each with sessions of its own")
        assert "only ours-anonymous-1 has these" in note


def test_recovery_warns_of_no_replicas_when_they_share_the_file_or_there_is_one() -> None:
    shared = replace(FIRST, mounts=("volume ours_state on /state",))
    assert not recovery.of_replicas("volume", [shared, replace(shared, id="b" * 64)])
    assert not recovery.of_replicas("anonymous", [FIRST])


@pytest.mark.parametrize(
    ("said", "removed"),
    [
        ("`docker volume inspect v` failed: Error response from daemon: get v: no such volume", True),
        ("`docker volume inspect v` failed: Error: No such volume: v", True),
        ("no Docker engine answers: start it (`make setup` can), then try again", False),
    ],
)
def test_volume_that_goes_while_volumes_are_listed_is_no_failure(said: str, removed: bool) -> None:
    assert removed_meanwhile(ClusterError(said)) == removed


def test_orphans_exits_with_3_and_one_line_when_no_engine_answers() -> None:
    refused = chaos(DOCKER_HOST="unix:///nonexistent")
    (line,) = refused.stderr.splitlines()
    assert (refused.returncode, line) == (
        3,
        "chaos: no Docker engine answers: start it (`make setup` can), then try again",
    )


def test_orphans_refuses_a_service_to_recover_nothing_into() -> None:
    refused = chaos("--into", "anonymous", DOCKER_HOST="unix:///nonexistent")
    (line,) = refused.stderr.splitlines()
    assert (refused.returncode, line.startswith("chaos: --into SERVICE says where --recover")) == (3, True)
