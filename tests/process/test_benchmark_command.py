"""`python -m loadtests.benchmark`, as far as it measures nothing."""

import subprocess
import sys
from pathlib import Path

from loadtests.benchmark import page
from loadtests.benchmark.__main__ import keep
from tests.contract.running import ROOT
from tests.unit.benchmarks import measured


def benchmark(*options: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "loadtests.benchmark", *map(str, options)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_command_makes_tables_and_page_again_from_a_result(tmp_path: Path) -> None:
    path = keep(measured(), tmp_path)
    done = benchmark("--again", path, "--docs", tmp_path)
    assert done.returncode == 0
    assert "16 of 16 goals met" in done.stdout
    assert (tmp_path / "performance.md").read_text() == page.render(measured())


def test_command_says_what_is_wrong_with_a_result(tmp_path: Path) -> None:
    done = benchmark("--again", tmp_path / "nothing.json")
    assert done.returncode == 3
    assert done.stderr.startswith(f"benchmark: {tmp_path}/nothing.json holds no benchmark: ")
