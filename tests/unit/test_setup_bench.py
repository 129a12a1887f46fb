"""When the set-up believes that the benchmark's packages are there, and what it says where wrk is not."""

import os
import sys
from pathlib import Path

import pytest

from setup import __main__ as setting_up
from setup import apt, bench, python
from setup.command import SetupFailed


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout whose environment holds what the tests need, and no more."""
    (tmp_path / bench.LOCK).write_text("peer==1\n", "utf-8")
    (tmp_path / python.LOCK).write_text("one==1\n", "utf-8")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    return tmp_path


def test_peers_are_not_there_before_they_were_installed(root: Path) -> None:
    assert not bench.ready(root / ".venv", root / bench.LOCK)


def test_peers_are_there_when_this_lock_file_was_installed(root: Path) -> None:
    bench.stamp(root / ".venv", root / bench.LOCK)
    assert bench.ready(root / ".venv", root / bench.LOCK)


def test_peers_are_out_of_date_when_the_lock_file_changed(root: Path) -> None:
    bench.stamp(root / ".venv", root / bench.LOCK)
    (root / bench.LOCK).write_text("peer==2\n", "utf-8")
    assert not bench.ready(root / ".venv", root / bench.LOCK)


def test_environment_comes_first(root: Path) -> None:
    with pytest.raises(SetupFailed, match="run `python3 -m setup python bench`"):
        bench.ensure(root)


def test_missing_load_generator_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupFailed, match="`sudo apt-get install wrk`"):
        bench.need_load_generator()


def test_load_generator_that_is_there_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / bench.LOAD_GENERATOR).write_text("")
    (tmp_path / bench.LOAD_GENERATOR).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}")
    bench.need_load_generator()
    assert not apt.usable()


def test_benchmark_is_set_up_only_when_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["setup"])
    assert setting_up.choose() == ["python", "engine", "compose", "images"]
    monkeypatch.setattr(sys, "argv", ["setup", "bench", "python"])
    assert setting_up.choose() == ["python", "bench"]
