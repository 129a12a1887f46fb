"""Result files: stored whole, read again, and what they make the lab exit with."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos import results
from chaos.results import Matrix, ResultsError
from tests.unit.cells import MATCH, SURPRISE, UNKNOWN, matrix

MATRIX_NAMES = "schema started_at seconds environment cells summary"
CELL_NAMES = (
    "fault placement predicted observed verdict operations acknowledged indeterminate lost stale "
    "lost_updates dropped_sessions resurrected unavailable_seconds proof cause evidence"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return results.begin(tmp_path)


def stored(folder: Path, text: str) -> Path:
    path = folder / "matrix.json"
    path.write_text(text)
    return path


def without(name: str) -> dict[str, Any]:
    """A result file's content with one name missing."""
    content: dict[str, Any] = json.loads(matrix(MATCH).as_json())
    del content[name]
    return content


@contextmanager
def readers_of(link: Path) -> Iterator[list[OSError]]:
    """Follow a link again and again; gives the times it was not there."""
    missed: list[OSError] = []
    over = threading.Event()

    def follow() -> None:
        while not over.is_set():
            try:
                link.readlink()
            except OSError as error:
                missed.append(error)

    reader = threading.Thread(target=follow)
    reader.start()
    try:
        yield missed
    finally:
        over.set()
        reader.join()


@pytest.mark.parametrize("cells", [(), (MATCH,), (MATCH, SURPRISE, UNKNOWN)])
def test_results_are_read_as_they_were_saved(folder: Path, cells: tuple[results.Cell, ...]) -> None:
    saved = matrix(*cells)
    assert results.load(results.save(saved, folder)) == saved


def test_results_are_found_by_their_folder(folder: Path) -> None:
    results.save(matrix(MATCH), folder)
    assert results.load(folder) == matrix(MATCH)


@pytest.mark.parametrize("name", MATRIX_NAMES.split())
def test_result_file_has_the_contracts_name(folder: Path, name: str) -> None:
    assert name in json.loads(results.save(matrix(MATCH), folder).read_text())


@pytest.mark.parametrize("name", CELL_NAMES.split())
def test_result_files_cell_has_the_contracts_name(folder: Path, name: str) -> None:
    (cell,) = json.loads(results.save(matrix(MATCH), folder).read_text())["cells"]
    assert name in cell


def test_result_file_says_its_schema(folder: Path) -> None:
    assert json.loads(results.save(matrix(MATCH), folder).read_text())["schema"] == 1


def test_summary_counts_each_verdict() -> None:
    assert matrix(MATCH, MATCH, SURPRISE, UNKNOWN, replace(MATCH, verdict="skipped")).summary == {
        "match": 2,
        "surprise": 1,
        "unknown": 1,
        "skipped": 1,
    }


@pytest.mark.parametrize(
    ("measured", "code"),
    [
        pytest.param(matrix(MATCH, MATCH), 0, id="as predicted"),
        pytest.param(matrix(MATCH, replace(MATCH, verdict="skipped")), 0, id="one skipped"),
        pytest.param(matrix(MATCH, SURPRISE), 1, id="a surprise"),
        pytest.param(matrix(UNKNOWN, SURPRISE), 1, id="a surprise outweighs something unknown"),
        pytest.param(matrix(MATCH, UNKNOWN), 2, id="something unknown"),
        pytest.param(matrix(replace(MATCH, verdict="skipped")), 2, id="all skipped"),
        pytest.param(matrix(), 2, id="nothing measured"),
    ],
)
def test_exit_code_says_whether_all_was_as_predicted(measured: Matrix, code: int) -> None:
    assert measured.exit_code == code


def test_runs_have_a_folder_each(tmp_path: Path) -> None:
    assert len({results.begin(tmp_path) for _ in range(20)}) == 20


def test_runs_folders_sort_by_time(tmp_path: Path) -> None:
    folders = [results.begin(tmp_path) for _ in range(20)]
    assert folders == sorted(folders)


def test_latest_points_to_the_run_that_was_published(folder: Path) -> None:
    results.publish(folder)
    assert (folder.parent / "latest").resolve() == folder.resolve()


def test_latest_moves_on_when_another_run_is_published(tmp_path: Path) -> None:
    first, second = results.begin(tmp_path), results.begin(tmp_path)
    results.publish(first)
    results.publish(second)
    assert (tmp_path / "latest").resolve() == second.resolve()


def test_latest_holds_wherever_the_results_are_moved_to(folder: Path, tmp_path: Path) -> None:
    results.publish(folder)
    assert (folder.parent / "latest").readlink() == Path(folder.name)


def test_latest_leaves_nothing_behind_when_it_moves(tmp_path: Path) -> None:
    first, second = results.begin(tmp_path), results.begin(tmp_path)
    results.publish(first)
    results.publish(second)
    assert {path.name for path in tmp_path.iterdir()} == {first.name, second.name, "latest"}


def test_latest_is_there_at_every_moment_while_it_moves(tmp_path: Path) -> None:
    """Read by another thread all the time: a link that is removed and made again is missed."""
    folders = [results.begin(tmp_path) for _ in range(2)]
    results.publish(folders[0])
    with readers_of(tmp_path / "latest") as missed:
        for number in range(2_000):
            results.publish(folders[number % 2])
    assert missed == []


def test_saving_leaves_only_the_result_file(folder: Path) -> None:
    results.save(matrix(MATCH), folder)
    results.save(matrix(MATCH, SURPRISE), folder)
    assert [path.name for path in folder.iterdir()] == ["matrix.json"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param('{"schema": 1, "cells": [', id="cut off"),
        pytest.param("[]", id="no object"),
        pytest.param(json.dumps(without("cells")), id="no cells"),
        pytest.param(json.dumps(without("started_at")), id="no start"),
        pytest.param(
            json.dumps(without("summary") | {"summary": {}, "cells": [{"fault": "kill"}]}), id="bad cell"
        ),
        pytest.param(json.dumps(without("schema") | {"schema": 2}), id="another schema"),
    ],
)
def test_results_name_their_file_when_it_is_broken(folder: Path, text: str) -> None:
    path = stored(folder, text)
    with pytest.raises(ResultsError) as caught:
        results.load(path)
    assert str(caught.value).startswith(f"{path} holds no results of this lab")


def test_results_name_their_file_when_it_is_not_there(folder: Path) -> None:
    with pytest.raises(ResultsError) as caught:
        results.load(folder)
    assert str(folder / "matrix.json") in str(caught.value)


def test_results_were_measured_when_any_cell_was() -> None:
    skipped = replace(MATCH, verdict="skipped")
    assert matrix(skipped, MATCH).measured
    assert matrix(skipped, UNKNOWN).measured
    assert not matrix(skipped).measured
