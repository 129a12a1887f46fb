"""The durability ladder on real containers and real disks: what is not chance."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from chaos.cluster import Cluster
from chaos.engine import ROOT, Engine
from chaos.ladder.climb import cuts
from chaos.ladder.rungs import BLOWS, RUNGS
from tests.e2e.conftest import project_name
from tests.e2e.poll import until
from tests.e2e.test_disk import Guarded

WRITES = 60
POWER_CUT = "power cut"
KEEPS = [name for name in RUNGS if name not in {"buffered", "redis-everysec"}]
"""What has been handed to the kernel whenever it is acknowledged: `redis-everysec` not while it syncs."""
CELLS = [(rung, blow) for rung in RUNGS for blow in BLOWS]
Ladder = Mapping[tuple[str, str], Mapping[str, Any]]


def start(project: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "chaos", "ladder", *arguments],
        cwd=ROOT,
        env={**os.environ, "COMPOSE_PROJECT_NAME": project},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def left(project: str, process: int) -> list[str]:
    """Containers and volumes of a ladder, by its own names and its project's."""
    names = Engine().docker("ps", "--all", "--format", "{{.Names}}").split() + sorted(Engine().volumes())
    return [name for name in names if name.startswith((f"sessionlab-ladder-{process}-", f"{project}_"))]


@pytest.fixture(scope="module")
def client() -> None:
    """The image that Redis's clients run in: of any checkout, as nothing but redis-py is used of it."""
    if not Engine().docker("image", "ls", "--quiet", "sessionlab/stateless"):
        Cluster().build()


@pytest.fixture(scope="module")
def measured(client: None) -> Mapping[str, Any]:
    """A ladder as a script has it, its exit code, and what it left behind."""
    project = project_name()
    process = start(project, "--writes", str(WRITES), "--json")
    printed, errors = process.communicate(timeout=400)
    assert printed, errors
    return {**json.loads(printed), "exit code": process.returncode, "left": left(project, process.pid)}


@pytest.fixture(scope="module")
def ladder(measured: Mapping[str, Any]) -> Ladder:
    return {(cell["rung"], cell["blow"]): cell for cell in measured["cells"]}


def cell_of(ladder: Ladder, rung: str, blow: str) -> Mapping[str, Any]:
    """A cell that was measured; only a power cut may not have been, for what the engine lacks."""
    cell = ladder[rung, blow]
    if blow == POWER_CUT and cell["verdict"] == "skipped":
        assert cell["reason"].startswith("the engine cannot make disks: ")
        pytest.skip(cell["reason"])
    return cell


@pytest.mark.parametrize(("rung", "blow"), CELLS)
def test_each_cell_is_measured_with_its_load_and_its_proof(rung: str, blow: str, ladder: Ladder) -> None:
    cell = cell_of(ladder, rung, blow)
    assert cell["verdict"] in {"match", "surprise"}, cell["reason"]
    assert cell["acknowledged"] >= WRITES


@pytest.mark.parametrize("blow", BLOWS)
@pytest.mark.parametrize("rung", ["sqlite-full", "redis-always"])
def test_what_is_synced_before_it_is_acknowledged_outlives_everything(
    rung: str, blow: str, ladder: Ladder
) -> None:
    assert cell_of(ladder, rung, blow)["lost"] == 0


@pytest.mark.parametrize("blow", BLOWS)
def test_a_buffer_is_lost_with_its_process(blow: str, ladder: Ladder) -> None:
    assert cell_of(ladder, "buffered", blow)["lost"] > 0


@pytest.mark.parametrize("blow", [blow for blow in BLOWS if blow != POWER_CUT])
@pytest.mark.parametrize("rung", KEEPS)
def test_the_page_cache_outlives_process_and_container(rung: str, blow: str, ladder: Ladder) -> None:
    assert cell_of(ladder, rung, blow)["lost"] == 0


@pytest.mark.parametrize("rung", ["sqlite-off", "sqlite-normal", "redis-no"])
def test_the_page_cache_is_lost_with_the_power(rung: str, ladder: Ladder) -> None:
    assert cell_of(ladder, rung, POWER_CUT)["lost"] > 0


def test_ladder_exits_with_0_when_all_is_as_predicted(measured: Mapping[str, Any], ladder: Ladder) -> None:
    """A sync may last longer than predicted on a machine that is busy: then, and only then, with 1."""
    surprises = {rung for (rung, _), cell in ladder.items() if cell["verdict"] == "surprise"}
    assert measured["exit code"] == (1 if surprises else 0)
    assert surprises <= {"redis-everysec"}


def test_power_cuts_are_skipped_with_the_reason_where_the_engine_makes_no_disks(client: None) -> None:
    engine = Guarded(environ={"COMPOSE_PROJECT_NAME": project_name()})
    (cells,) = cuts(engine, [RUNGS["sqlite-full"], RUNGS["redis-always"]], WRITES, 3)
    assert [cell.verdict for cell in cells] == ["skipped", "skipped"]
    assert all(cell.reason.startswith("the engine cannot make disks: ") for cell in cells)


def test_ladder_leaves_nothing_behind(measured: Mapping[str, Any]) -> None:
    assert measured["left"] == []


def test_ladder_leaves_nothing_behind_when_it_is_interrupted(client: None) -> None:
    project = project_name()
    process = start(project, "--runs", "1")
    try:
        mine = f"sessionlab-ladder-{process.pid}-"
        until(lambda: mine in " ".join(left(project, process.pid)), 180, "the ladder has containers")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=180)
    finally:
        process.kill()
    if process.returncode == 0:
        pytest.skip("it was over before")
    assert (process.returncode, left(project, process.pid)) == (130, [])
