"""Which browser the set-up finds, and what it says where there is none and it may install none."""

import os
from pathlib import Path

import pytest

from setup import apt, browser


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with commands in it, empty so far, of somebody who may install nothing."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not apt.usable()
    return tmp_path


def test_browser_is_found_by_any_of_its_names(commands: Path) -> None:
    there = commands / "chromium-browser"
    there.touch(0o755)
    assert browser.ensure(Path(os.curdir)) == str(there)


def test_setup_goes_on_and_says_what_to_install_when_there_is_no_browser(commands: Path) -> None:
    assert "apt-get install chromium" in browser.ensure(Path(os.curdir))
