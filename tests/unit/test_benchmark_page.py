"""docs/performance.md and the result file, from a literal benchmark."""

import json
from pathlib import Path

import pytest

from loadtests.benchmark import measured as measuring
from loadtests.benchmark import page
from loadtests.benchmark.__main__ import keep
from loadtests.benchmark.error import BenchmarkError
from loadtests.benchmark.goals import judge
from loadtests.benchmark.measured import Measured, UserCost
from loadtests.benchmark.reasons import REASONS
from tests.unit.benchmarks import measured, with_rate


def test_page_has_every_goal_with_its_figure_and_its_verdict() -> None:
    text = page.render(measured())
    assert "| token, write / Flask's signed cookie | >= 1.8 x | 2 x |  | 2.00 | met |" in text
    assert all(f"| {goal.measure} | {goal.wanted} |" in text for goal in judge(measured()))
    assert "16 of 16 goals met." in text


def test_page_says_which_goal_is_missed() -> None:
    text = page.render(with_rate(("services", "write", "redis", 10, 1), 1500))
    assert "| Redis, write / Flask-Session | >= 1.7 x | 1 x |  | 1.00 | **not met** |" in text
    assert "15 of 16 goals met." in text


@pytest.mark.parametrize(
    ("whole", "why"),
    [
        (
            with_rate(("services", "write", "token", 10, 1), 5500),
            "Of 182 us of processor time bare Flask takes 125, the contract 18",
        ),
        (
            with_rate(("growth", "write", "server_side", 1000, 1), 700),
            "A fifth of Flask-Session's 1429 us of processor time is 286. Ours takes 345, of which bare",
        ),
        (
            measured(users=[UserCost(1, 1000.0, 800.0)]),
            "An operation takes 1000 us of processor time to be sent and counted, and 1250 where",
        ),
    ],
)
def test_page_says_why_a_goal_is_missed(whole: Measured, why: str) -> None:
    missed = next(goal.measure for goal in judge(whole) if not goal.met)
    assert f"\n- {missed}: {why}" in page.render(whole)
    assert why not in page.render(measured())


def test_reasons_are_those_of_goals() -> None:
    assert REASONS.keys() <= {goal.measure for goal in judge(measured())}


def test_page_shows_by_how_little_a_goal_is_missed() -> None:
    text = page.render(with_rate(("health", "health", "redis", 10, 1), 6552))
    assert "| health check with a cookie / bare Flask | >= 0.8 x | 0.799 x |" in text


def test_page_says_what_was_not_measured() -> None:
    text = page.render(measured(users=[]))
    assert (
        "| verifying users / users that count status codes | >= 0.9 x | - |  |  | **not measured** |" in text
    )


def test_page_says_on_what_machine_and_when() -> None:
    text = page.render(measured())
    assert "- processor: made of words\n- cores: 2\n" in text
    assert "begun 2026-11-26T07:00:00+00:00" in text


def test_page_says_when_the_machine_was_busy() -> None:
    environment = {"processor": "busy", "load_before": 7.5}
    assert "busy with something else when this began (load 7.5)" in page.render(
        measured(environment=environment)
    )
    assert "busy with something else" not in page.render(measured())


def test_page_shows_rates_and_growth() -> None:
    text = page.render(measured())
    assert "| our Redis store | 3,000 | 3,200 | 3,000 - 3,000 | 333 us |" in text
    assert "| 1,000 | 2,900 | 300 | 9.7 x |" in text


def test_page_comes_with_the_plots_that_it_shows(tmp_path: Path) -> None:
    text = page.write(measured(), tmp_path).read_text()
    shown = [line.partition("](")[2].rstrip(")") for line in text.splitlines() if line.startswith("![")]
    assert len(shown) == 2
    assert all("<svg" in (tmp_path / name).read_text() for name in shown)


def test_page_and_plots_are_the_same_when_made_again(tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
        page.write(measured(), folder)
    first, second = ({file.name: file.read_bytes() for file in folder.iterdir()} for folder in folders)
    assert first == second


def test_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    measuring.save(measured(), path, [])
    assert measuring.load(path) == measured()


def test_result_file_says_what_the_goals_came_to(tmp_path: Path) -> None:
    goals = json.loads(keep(measured(), tmp_path).read_text())["goals"]
    assert len(goals) == 16
    assert goals[0] == {
        "measure": "token, write / Flask's signed cookie",
        "wanted": ">= 1.8 x",
        "measured": {"median": 2.0, "low": 2.0, "high": 2.0},
        "by_processor_time": {"median": 2.0, "low": 2.0, "high": 2.0},
        "verdict": "met",
    }


@pytest.mark.parametrize("content", ["", "{}", '{"schema": 2, "goals": []}'])
def test_result_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bench.json"
    path.write_text(content)
    with pytest.raises(BenchmarkError, match=r"bench\.json holds no benchmark"):
        measuring.load(path)


def test_result_is_kept_beside_the_newest_run_of_the_lab(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    (tmp_path / "latest").symlink_to("2026")
    assert keep(measured(), tmp_path) == tmp_path / "2026" / "bench.json"
    assert (tmp_path / "latest").readlink() == Path("2026")


def test_result_is_the_newest_run_when_there_is_no_other(tmp_path: Path) -> None:
    path = keep(measured(), tmp_path)
    assert (tmp_path / "latest" / "bench.json").resolve() == path
