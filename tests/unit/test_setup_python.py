"""When the set-up believes that a virtual environment is finished."""

import sys
from pathlib import Path

import pytest

from setup import python
from setup.command import SetupFailed


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "requirements.txt"
    file.write_text("one==1\n", "utf-8")
    return file


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """The least that works: an interpreter that has pip."""
    folder = tmp_path / ".venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    return folder


def test_environment_is_ready_when_stamped(environment: Path, lock: Path) -> None:
    python.stamp(environment, lock)
    assert python.ready(environment, lock)


def test_environment_is_not_ready_when_it_was_interrupted_before_the_stamp(
    environment: Path, lock: Path
) -> None:
    assert not python.ready(environment, lock)


def test_environment_is_not_ready_when_the_lock_file_changed(environment: Path, lock: Path) -> None:
    python.stamp(environment, lock)
    lock.write_text("one==2\n", "utf-8")
    assert not python.ready(environment, lock)


def test_environment_is_not_ready_when_its_interpreter_is_gone(environment: Path, lock: Path) -> None:
    python.stamp(environment, lock)
    python.python(environment).unlink()
    python.python(environment).symlink_to("/nowhere/python3")
    assert not python.ready(environment, lock)


def test_environment_is_not_ready_when_it_was_moved(environment: Path, lock: Path, tmp_path: Path) -> None:
    python.stamp(environment, lock)
    moved = environment.rename(tmp_path / "elsewhere")
    assert not python.ready(moved, lock)


def test_missing_lock_file_says_how_to_restore_it(environment: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match=r"absent\.txt is missing: .*git checkout absent\.txt"):
        python.stamp(environment, tmp_path / "absent.txt")
