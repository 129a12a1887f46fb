"""The load as a process of its own: how it ends, and that it always does. Locust really runs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos import load as loading
from chaos.faults.clients import overlapping
from chaos.load import Intensity, Load, LoadError, history_path
from chaos.verdict import judge
from loadtests import history
from loadtests.history import Operation
from loadtests.score import Habit
from services.session.lifetime import Lifetime
from services.stateful.memory import MemoryStore
from tests.contract.running import ROOT, eventually, free_port
from tests.unit.processes import gone
from tests.unit.serving import application_of, served

GENTLE = Intensity(users=3, rate=8.0)
LAB = """
import pathlib, sys, time
from chaos.load import Intensity, Load
url, home = sys.argv[1], pathlib.Path(sys.argv[2])
with Load(url, ["layer"], home / "locust.log", Intensity(users=1)) as load:
    (home / "pid").write_text(str(load._process.pid))
    load.begin(home / "kill", ["layer"])
    time.sleep(300)
"""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with served(application_of(MemoryStore(Lifetime())), "/layer") as url:
        yield url


@pytest.fixture
def nobody() -> str:
    """An origin where nothing listens."""
    return f"http://127.0.0.1:{free_port()}"


def users(origin: str, home: Path) -> Load:
    return Load(origin, ["layer"], home / "locust.log", GENTLE)


def quiet(_: int) -> None:
    """Nobody is told how far it is."""


def lived(load: Load, prefix: Path, habit: Habit = "alone") -> list[Operation]:
    """The history of an experiment without a fault."""
    load.begin(prefix, ["layer"], habit)
    load.until_acknowledged(10, 0, quiet)
    load.phase("fault")
    eventually(lambda: any(op.phase == "fault" for op in load.histories()["layer"]), "load goes on", 60)
    load.finish({"layer": 1})
    return history.read(history_path(prefix, "layer"))


def test_load_leaves_a_history_that_can_be_judged(origin: str, tmp_path: Path) -> None:
    with users(origin, tmp_path) as load:
        judgement = judge(lived(load, tmp_path / "kill"))
    assert (judgement.observed, judgement.sessions) == ("kept", 3)


def test_load_begins_each_experiment_with_new_clients_and_a_history_of_its_own(
    origin: str, tmp_path: Path
) -> None:
    with users(origin, tmp_path) as load:
        first, second = lived(load, tmp_path / "kill"), lived(load, tmp_path / "pause")
    assert {op.session for op in first}.isdisjoint(op.session for op in second)
    assert judge(second).observed == "kept"


def test_load_writes_two_at_a_time_when_that_is_the_habit(origin: str, tmp_path: Path) -> None:
    with users(origin, tmp_path) as load:
        operations = lived(load, tmp_path / "tabs", "two-tabs")
    assert overlapping(operations)
    assert {op.operation for op in operations if op.phase == "fault"} == {"visit"}


def test_load_comes_back_with_what_it_kept_when_that_is_the_habit(origin: str, tmp_path: Path) -> None:
    with users(origin, tmp_path) as load:
        operations = lived(load, tmp_path / "replay", "replay")
    closed = {op.session for op in operations if op.operation == "close" and op.outcome == "ok"}
    replayed = {op.session: op.problem for op in operations if op.operation == "replay"}
    assert len(replayed) == 3
    assert closed
    assert {problem for session, problem in replayed.items() if session in closed} == {"session-ended"}
    assert judge(operations).observed == "kept"


def test_intensity_is_what_each_user_may_or_what_all_together_may() -> None:
    intensity = Intensity(users=4, rate=20.0, together=320.0, together_in_fault=160.0)
    assert intensity.rates(2) == {"rate": 20.0, "rate_in_fault": 20.0}
    assert intensity.rates(8) == {"rate": 10.0, "rate_in_fault": 5.0}
    assert intensity.rates(8, "two-tabs") == {"rate": 10.0, "rate_in_fault": 10.0}


def test_load_says_where_to_look_when_nothing_listens(
    nobody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "START_SECONDS", 0.5)
    with users(nobody, tmp_path) as load:
        load.begin(tmp_path / "kill", ["layer"])
        with pytest.raises(LoadError) as caught:
            load.until_acknowledged(10, 0, quiet)
    assert str(caught.value) == f"only 0 of 10 writes were acknowledged in 0 s; see {tmp_path}/locust.log"


def test_load_says_where_to_look_when_locust_ends_too_early(nobody: str, tmp_path: Path) -> None:
    with users(nobody, tmp_path) as load:
        load.begin(tmp_path / "kill", ["layer"])
        process = load._running()
        process.kill()
        process.wait(60)
        with pytest.raises(LoadError, match=r"Locust ended too early; see .*/locust\.log"):
            load.until_acknowledged(10, 0, quiet)


def test_load_takes_no_orders_when_locust_has_ended(nobody: str, tmp_path: Path) -> None:
    with users(nobody, tmp_path) as load:
        load.begin(tmp_path / "kill", ["layer"])
        process = load._running()
        process.kill()
        process.wait(60)
        with pytest.raises(LoadError, match="Locust ended too early"):
            load.finish({"layer": 1})


def test_load_takes_no_orders_before_it_is_started(nobody: str, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="not started"):
        users(nobody, tmp_path).phase("fault")


def test_load_ends_when_its_standard_input_does(origin: str, tmp_path: Path) -> None:
    with users(origin, tmp_path) as load:
        load.begin(tmp_path / "kill", ["layer"])
        load.until_acknowledged(1, 0, quiet)
        process = load._running()
        assert process.stdin
        process.stdin.close()
        assert process.wait(60) == 0


def test_load_ends_with_its_context_when_the_lab_fails(origin: str, tmp_path: Path) -> None:
    load = users(origin, tmp_path)
    with pytest.raises(LookupError), load:
        raise LookupError
    assert load._running().returncode == 0


def test_load_ends_when_the_lab_is_killed(origin: str, tmp_path: Path) -> None:
    lab = subprocess.Popen(
        [sys.executable, "-c", LAB, origin, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    eventually((history_path(tmp_path / "kill", "layer")).exists, "the load has begun", 60)
    pid = int((tmp_path / "pid").read_text())
    lab.send_signal(signal.SIGKILL)
    lab.wait(60)
    eventually(lambda: gone(pid), "the load has ended too", 60)


def test_load_keeps_each_placements_history_where_it_belongs_when_a_folder_is_called_like_a_placement(
    origin: str, tmp_path: Path
) -> None:
    prefix = tmp_path / "multilayer" / "kill"
    with Load(origin, ["layer", "token"], tmp_path / "locust.log", Intensity(users=1)) as load:
        load.begin(prefix, ["layer", "token"])
        for placement in ("layer", "token"):
            eventually(history_path(prefix, placement).exists, f"{placement} has a history", 60)
