"""Histories of several workers, and the one that they make."""

from dataclasses import replace
from pathlib import Path

import pytest

from loadtests import judge, recording, table
from loadtests.history import HistoryError, Operation
from loadtests.integrity import Tally
from loadtests.recording import Recording, latest, merged
from tests.unit.histories import opened, put, read, refused


def session(name: str, at: float, *, kept: bool = True) -> list[Operation]:
    """A whole life: two writes before a fault, load in it, and a last look."""
    last = read("a b c", 0, name) if kept else refused(name)
    lived = [opened(name), put("a", name), put("b", name), put("c", name, phase="fault"), last]
    return [replace(op, invoked_at=at + n, completed_at=at + n + 0.5) for n, op in enumerate(lived)]


def record(run: Path, worker: str, placement: str, operations: list[Operation]) -> None:
    recording = Recording(run, worker)
    for operation in operations:
        recording.take(placement, operation)
    recording.close()


def test_recording_keeps_each_worker_and_placement_apart(tmp_path: Path) -> None:
    for worker, placement in (("w1", "layer"), ("w2", "layer"), ("w2", "token")):
        record(tmp_path, worker, placement, session(worker, 0))
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*"))
    assert files == ["layer/w1.jsonl", "layer/w2.jsonl", "token/w2.jsonl"]


def test_merged_history_is_in_the_order_in_which_operations_ended(tmp_path: Path) -> None:
    record(tmp_path, "w1", "layer", session("one", 0.0))
    record(tmp_path, "w2", "layer", session("two", 0.2))
    together = merged(tmp_path)["layer"]
    assert [op.session for op in together] == ["one", "two"] * 5
    assert [op.completed_at for op in together] == sorted(op.completed_at for op in together)


def test_merged_history_has_an_operation_only_where_its_line_is_whole(tmp_path: Path) -> None:
    record(tmp_path, "w1", "layer", session("one", 0))
    record(tmp_path, "killed", "layer", session("two", 0))
    file = tmp_path / "layer" / "killed.jsonl"
    file.write_text(file.read_text()[:-20])
    assert len(merged(tmp_path)["layer"]) == 5 + 4


def test_latest_run_is_the_one_that_began_last(tmp_path: Path) -> None:
    for name in ("2026-11-26T090000Z", "2026-11-26T100000Z"):
        record(tmp_path / name, "w1", "layer", session("one", 0))
    (tmp_path / "2026-11-26T110000Z").mkdir()
    assert latest(tmp_path) == tmp_path / "2026-11-26T100000Z"
    assert latest(tmp_path / "2026-11-26T090000Z") == tmp_path / "2026-11-26T090000Z"


def test_latest_run_is_an_error_when_nothing_was_recorded(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="holds no history of a load"):
        latest(tmp_path)


def test_run_names_sort_as_runs_began() -> None:
    names = [recording.run_name() for _ in range(3)]
    assert names == sorted(names)
    assert "/" not in names[0]


def test_history_of_two_workers_is_judged_like_that_of_one(tmp_path: Path) -> None:
    lives = {"one": session("one", 0), "two": session("two", 0.2, kept=False)}
    for worker, operations in lives.items():
        record(tmp_path / "many", worker, "layer", operations)
    record(tmp_path / "single", "alone", "layer", [*lives["one"], *lives["two"]])
    many, single = judge.judge(tmp_path / "many"), judge.judge(tmp_path / "single")
    assert many["layer"].judgement == single["layer"].judgement
    assert many["layer"].tally == single["layer"].tally


def test_judge_finds_what_one_of_two_workers_lost(tmp_path: Path) -> None:
    record(tmp_path, "w1", "layer", session("one", 0))
    record(tmp_path, "w2", "layer", session("two", 0, kept=False))
    judged = judge.judge(tmp_path)
    assert (judged["layer"].judgement.observed, judged["layer"].judgement.lost) == ("partly", 3)
    assert (judged["layer"].tally.lost, judged["layer"].tally.dropped) == (3, 1)
    assert judge.exit_code(judged) == 1


def test_judge_is_content_when_all_is_kept(tmp_path: Path) -> None:
    record(tmp_path, "w1", "layer", session("one", 0))
    judged = judge.judge(tmp_path)
    assert judge.exit_code(judged) == 0
    assert " ".join(judge.render(judged).splitlines()[1].split()) == "layer 3 3 0 0 0 0 0 1 0 kept"


def test_table_has_every_count_below_its_name() -> None:
    tally = Tally(*range(1, 10))
    head, line = table.render({"layer": tally}).splitlines()
    shown = dict(zip(head.split(), line.split(), strict=True))
    counts = {name.replace("lost_updates", "updates"): str(count) for name, count in vars(tally).items()}
    assert shown == {"placement": "layer", **counts}


def test_judge_knows_nothing_of_a_session_without_a_final_read(tmp_path: Path) -> None:
    record(tmp_path, "w1", "layer", session("one", 0))
    record(
        tmp_path, "w2", "layer", [*session("two", 0)[:-1], replace(read("a b c", 0, "two"), phase="fault")]
    )
    judged = judge.judge(tmp_path)
    assert judged["layer"].judgement.observed == "unknown"
    assert judge.exit_code(judged) == 2


def test_judge_is_stricter_than_the_tally_when_a_session_shows_what_nobody_wrote(tmp_path: Path) -> None:
    record(tmp_path, "w1", "layer", [*session("one", 0), read("a b c", 1, "one")])
    judged = judge.judge(tmp_path)
    assert judged["layer"].tally.broken is False
    assert judge.exit_code(judged) == 1
