"""What a person sees of `python3 -m setup`, and how it runs other programs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from setup.command import LATE, MISSING, last_error, run

ROOT = Path(__file__).resolve().parents[2]


def setup(*steps: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "setup", *steps],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def unreachable() -> subprocess.CompletedProcess[str]:
    return setup("engine", DOCKER_HOST="unix:///nowhere/docker.sock")


def test_setup_exits_with_3_when_docker_host_does_not_answer(
    unreachable: subprocess.CompletedProcess[str],
) -> None:
    assert unreachable.returncode == 3


def test_setup_says_one_line_when_docker_host_does_not_answer(
    unreachable: subprocess.CompletedProcess[str],
) -> None:
    (line,) = unreachable.stderr.splitlines()
    assert line.startswith(
        "setup: engine: no Docker engine answers at DOCKER_HOST=unix:///nowhere/docker.sock: "
    )


def test_setup_refuses_an_unknown_step() -> None:
    refused = setup("nonsense")
    assert (refused.returncode, "no step nonsense" in refused.stderr) == (2, True)


def test_setup_lists_its_steps_when_asked_for_help() -> None:
    assert "python, engine, compose, images" in setup("--help").stdout


def test_command_that_is_missing_is_a_result() -> None:
    assert run(["sessionlab-no-such-program"], seconds=5).code == MISSING


def test_command_is_ended_when_its_time_is_over() -> None:
    assert run([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.2).code == LATE


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("ERROR: no such package\nnotice: a new pip is out", "ERROR: no such package"),
        ("E: Unable to locate package x\n", "E: Unable to locate package x"),
        ("first\nlast\n", "last"),
        ("", ""),
    ],
)
def test_reason_is_the_last_line_that_calls_itself_an_error(output: str, reason: str) -> None:
    assert last_error(output) == reason
