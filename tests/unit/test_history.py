"""The history's form: one operation a line, out and in again."""

from dataclasses import replace
from pathlib import Path

import pytest

from loadtests import history
from loadtests.history import Growing, HistoryError, Kind, Operation, Outcome
from tests.unit.histories import opened, operation, put, read, refused, visit

NAMES = "session id operation outcome invoked_at completed_at served_by value phase"
ALL_FORMS = [opened(), put("a"), put("b", outcome="info"), visit(outcome="fail"), read("a", 0), refused()]


def stored(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def written(path: Path, operations: list[Operation]) -> Path:
    with path.open("w") as file:
        for one in operations:
            history.write(one, file)
    return path


def test_history_reads_what_was_written(tmp_path: Path) -> None:
    assert history.read(written(tmp_path / "history.jsonl", ALL_FORMS)) == ALL_FORMS


def test_history_has_one_line_for_each_operation(tmp_path: Path) -> None:
    path = written(tmp_path / "history.jsonl", ALL_FORMS)
    assert len(path.read_text().splitlines()) == len(ALL_FORMS)


def test_history_line_has_the_names_that_other_programs_rely_on(tmp_path: Path) -> None:
    line = written(tmp_path / "history.jsonl", [put("a")]).read_text()
    assert [name for name in NAMES.split() if f'"{name}":' not in line] == []


def test_history_is_empty_when_the_file_is(tmp_path: Path) -> None:
    assert history.read(stored(tmp_path / "history.jsonl")) == []


@pytest.mark.parametrize(
    "line",
    [
        pytest.param('{"session": "s", "id"', id="cut off"),
        pytest.param("", id="empty"),
        pytest.param('{"session": "s"}', id="fields missing"),
        pytest.param('{"colour": "red"}', id="unknown field"),
        pytest.param("[1, 2]", id="no object"),
        pytest.param("null", id="null"),
    ],
)
def test_history_names_file_and_line_when_a_line_is_no_operation(tmp_path: Path, line: str) -> None:
    good = written(tmp_path / "good.jsonl", [opened()]).read_text().strip()
    path = stored(tmp_path / "history.jsonl", good, good, line, good)
    with pytest.raises(HistoryError) as caught:
        history.read(path)
    assert str(caught.value).startswith(f"{path}:3 ")


@pytest.mark.parametrize(
    ("kind", "writes"), [("put", True), ("visit", True), ("read", False), ("open", False)]
)
def test_operation_is_a_write_when_it_changes_what_was_promised(kind: Kind, writes: bool) -> None:
    assert operation(kind).is_write == writes


@pytest.mark.parametrize(
    ("outcome", "by", "answered"),
    [
        pytest.param("ok", "stateful/c/b", True, id="acknowledged"),
        pytest.param("fail", "stateful/c/b", True, id="refused by a service"),
        pytest.param("info", "stateful/c/b", False, id="indeterminate"),
        pytest.param("fail", None, False, id="refused by the gateway"),
        pytest.param("info", None, False, id="no answer"),
    ],
)
def test_operation_is_answered_when_a_service_said_yes_or_no(
    outcome: Outcome, by: str | None, answered: bool
) -> None:
    assert operation("put", outcome=outcome, by=by).answered == answered


@pytest.mark.parametrize("problem", ["store-unavailable", "status-500"])
def test_operation_is_not_answered_when_the_store_or_the_service_failed(problem: str) -> None:
    failed = replace(operation("read", outcome="fail", by="stateful/c/b"), problem=problem)
    assert not failed.answered


def test_acknowledged_writes_count_neither_reads_nor_refused_nor_indeterminate_ones() -> None:
    assert history.acknowledged_writes([*ALL_FORMS, visit()]) == 2


def test_growing_history_reads_on_where_it_was_left(tmp_path: Path) -> None:
    path = written(tmp_path / "history.jsonl", ALL_FORMS[:2])
    growing = Growing(path)
    first = list(growing.read_on())
    with path.open("a") as file:
        for one in ALL_FORMS[2:]:
            history.write(one, file)
    assert (first, growing.read_on()) == (ALL_FORMS[:2], ALL_FORMS)


def test_growing_history_is_empty_before_its_file_is_there(tmp_path: Path) -> None:
    assert Growing(tmp_path / "history.jsonl").read_on() == []


def test_growing_history_leaves_a_line_without_its_end_for_later(tmp_path: Path) -> None:
    path = written(tmp_path / "history.jsonl", ALL_FORMS[:2])
    whole = path.read_text()
    path.write_text(whole[:-20])
    growing = Growing(path)
    first = list(growing.read_on())
    path.write_text(whole)
    assert (first, growing.read_on()) == (ALL_FORMS[:1], ALL_FORMS[:2])


def test_growing_history_names_the_line_that_is_no_operation_when_it_was_left_before(tmp_path: Path) -> None:
    path = written(tmp_path / "history.jsonl", ALL_FORMS[:2])
    growing = Growing(path)
    growing.read_on()
    with path.open("a") as file:
        file.write("{}\n")
    with pytest.raises(HistoryError, match=r"history\.jsonl:3 is no operation"):
        growing.read_on()
