"""What a process knows of a run, and what a master hears of its workers."""

from dataclasses import replace
from pathlib import Path

from loadtests.history import Operation
from loadtests.integrity import Tally
from loadtests.recording import merged
from loadtests.run import Run
from tests.unit.histories import opened, put, read

KEPT: list[Operation] = [opened(), put("a"), read("a", 0)]


def begun(name: str = "first", folder: str = "", worker: str = "w") -> Run:
    run = Run()
    run.begin(name, folder, worker)
    return run


def worker(*histories: list[Operation], run: str = "first") -> Run:
    """One whose users on `layer` lived these histories."""
    begun_run = begun(run)
    begun_run.join("layer")
    for number, operations in enumerate(histories):
        for operation in operations:
            begun_run.take("layer", replace(operation, session=str(number)))
    return begun_run


def test_master_adds_up_what_its_workers_tell() -> None:
    master = begun()
    master.hear("w1", worker(KEPT).report())
    master.hear("w2", worker(KEPT, KEPT).report())
    assert master.tallies() == {"layer": Tally(sessions=3, acknowledged=3, verified=3)}


def test_report_replaces_the_one_before_of_the_same_worker() -> None:
    master = begun()
    master.hear("w1", worker(KEPT).report())
    master.hear("w1", worker(KEPT, KEPT).report())
    assert master.tallies()["layer"].sessions == 2


def test_report_of_an_earlier_run_is_none_of_this_one() -> None:
    master = begun("second")
    master.hear("w1", worker(KEPT, run="first").report())
    assert master.tallies() == {}


def test_new_run_forgets_the_one_before() -> None:
    run = worker(KEPT)
    run.hear("w1", worker(KEPT).report())
    run.paused = True
    run.begin("second", "", "w")
    assert (run.tallies(), run.paused, run.over) == ({}, False, False)


def test_placement_with_users_and_nothing_else_has_an_empty_tally() -> None:
    run = begun()
    run.join("layer")
    assert run.tallies() == {"layer": Tally()}


def test_users_have_left_when_every_worker_says_so() -> None:
    master, one, two = begun(), worker(KEPT), worker(KEPT)
    one.end()
    master.hear("w1", one.report())
    master.hear("w2", two.report())
    assert (master.have_left(["w1"]), master.have_left(["w1", "w2"])) == (True, False)
    two.end()
    master.hear("w2", two.report())
    assert master.have_left(["w1", "w2"])


def test_users_of_a_worker_that_was_not_heard_have_not_left() -> None:
    assert not begun().have_left(["w1"])


def test_run_records_its_history_where_it_is_told_to(tmp_path: Path) -> None:
    run = begun("first", str(tmp_path), "w1")
    run.join("layer")
    for operation in KEPT:
        run.take("layer", operation)
    run.end()
    assert merged(tmp_path / "first") == {"layer": KEPT}
