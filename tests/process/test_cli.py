"""The lab's command line, as a person or a script calls it. Without an engine."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from chaos.faults import FAULTS
from chaos.placements import EVERY, PLACEMENTS
from chaos.predictions import FILE
from tests.process.lab import chaos


@pytest.fixture(scope="module")
def helped() -> "subprocess.CompletedProcess[str]":
    return chaos("--help")


@pytest.fixture(scope="module")
def listed() -> Mapping[str, str]:
    """What is said beside each name; the names of placements and faults are different ones."""
    lines = [line.split(maxsplit=1) for line in chaos("list").stdout.splitlines() if line.startswith("  ")]
    return dict(lines)


@pytest.fixture(scope="module")
def matrix_help() -> str:
    return chaos("matrix", "--help").stdout


@pytest.fixture(scope="module")
def unreachable(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """A run without an engine, and where its results were to go."""
    results = tmp_path_factory.mktemp("unreachable") / "results"
    return chaos("run", "recreate", "--results", str(results)), results


@pytest.fixture(scope="module")
def unpredicted(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """A run whose predictions lack a row, and where its results were to go."""
    home = tmp_path_factory.mktemp("unpredicted")
    lacking = home / "lacking.toml"
    lacking.write_text(FILE.read_text().replace("[recreate]", "[re-create]"))
    results = home / "results"
    return chaos("run", "recreate", "--predictions", str(lacking), "--results", str(results)), results


@pytest.mark.parametrize("command", ["list", "run", "demo", "matrix"])
def test_chaos_lists_its_commands_when_asked_for_help(
    command: str, helped: "subprocess.CompletedProcess[str]"
) -> None:
    assert (helped.returncode, f"\n    {command} " in helped.stdout) == (0, True)


def test_chaos_says_what_its_exit_codes_mean_when_asked_for_help() -> None:
    assert "0 as predicted, 1 a surprise, 2 something unknown, 3 the lab" in chaos("run", "--help").stdout


def test_list_shows_each_fault_with_a_line(listed: Mapping[str, str]) -> None:
    assert {name: listed.get(name) for name in FAULTS} == {f.name: f.says for f in FAULTS.values()}


def test_list_shows_each_placement_with_a_line(listed: Mapping[str, str]) -> None:
    assert {name: listed.get(name) for name in PLACEMENTS} == {p.name: p.says for p in PLACEMENTS.values()}


def test_list_shows_nothing_else(listed: Mapping[str, str]) -> None:
    assert len(listed) == len(FAULTS) + len(EVERY)


@pytest.mark.parametrize("word", ["--fault", "--placement", "--json", "--results", "0 as predicted"])
def test_matrix_says_what_can_be_chosen_when_asked_for_help(word: str, matrix_help: str) -> None:
    assert word in matrix_help


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        pytest.param(("run", "earthquake"), "earthquake", id="unknown fault"),
        pytest.param(("run", "recreate", "--placement", "cloud"), "cloud", id="unknown placement"),
        pytest.param(("run",), "FAULT", id="no fault"),
        pytest.param(("matrix", "--fault", "earthquake"), "earthquake", id="unknown fault of a matrix"),
        pytest.param(("matrix", "--placement", "cloud"), "cloud", id="unknown placement of a matrix"),
        pytest.param(("matrix", "recreate"), "recreate", id="fault of a matrix without its option"),
        pytest.param(("smash",), "smash", id="unknown command"),
        pytest.param((), "COMMAND", id="no command"),
    ],
)
def test_chaos_exits_with_3_and_one_line_beside_its_usage_when_called_wrongly(
    arguments: tuple[str, ...], word: str
) -> None:
    refused = chaos(*arguments)
    lines = [line for line in refused.stderr.splitlines() if line.startswith("chaos: ") and word in line]
    said = refused.stderr.splitlines()
    assert (refused.returncode, said[0][:6], said[-1:]) == (3, "usage:", lines)


def test_run_exits_with_3_when_no_engine_answers(
    unreachable: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    assert unreachable[0].returncode == 3


def test_run_says_one_line_when_no_engine_answers(
    unreachable: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    (line,) = unreachable[0].stderr.splitlines()
    assert line == "chaos: no Docker engine answers: start it (`make setup` can), then try again"


def test_run_leaves_no_results_when_no_engine_answers(
    unreachable: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    assert not unreachable[1].exists()


def test_run_exits_with_3_when_docker_is_not_installed() -> None:
    assert chaos("run", "recreate", PATH="/nonexistent").returncode == 3


def test_run_exits_with_3_when_a_prediction_is_missing(
    unpredicted: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    assert unpredicted[0].returncode == 3


def test_run_says_which_prediction_is_missing_before_it_asks_for_an_engine(
    unpredicted: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    (line,) = unpredicted[0].stderr.splitlines()
    assert line.startswith("chaos: lacking.toml has no usable prediction for memory under recreate")


def test_run_touches_nothing_when_a_prediction_is_missing(
    unpredicted: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    refused, results = unpredicted
    assert (refused.stdout, results.exists()) == ("", False)


def test_demo_exits_with_3_when_the_predictions_are_not_to_be_had(tmp_path: Path) -> None:
    assert chaos("demo", "--predictions", str(tmp_path / "nowhere.toml")).returncode == 3


def test_matrix_exits_with_3_when_one_of_its_many_predictions_is_missing(tmp_path: Path) -> None:
    lacking = tmp_path / "lacking.toml"
    lacking.write_text(FILE.read_text().replace("[down-volumes-up]", "[down-up-volumes]"))
    refused = chaos("matrix", "--predictions", str(lacking), "--results", str(tmp_path / "results"))
    assert (refused.returncode, "for memory under down-volumes-up" in refused.stderr) == (3, True)


def test_matrix_needs_no_other_predictions_than_of_what_was_chosen(tmp_path: Path) -> None:
    """It gets as far as to the engine, which is not there."""
    lacking = tmp_path / "lacking.toml"
    lacking.write_text('[kill]\nlayer = "kept"\nwhy = "the files stay"\n')
    chosen = ("--fault", "kill", "--placement", "layer", "--predictions", str(lacking))
    assert "no Docker engine answers" in chaos("matrix", *chosen, "--results", str(tmp_path)).stderr
