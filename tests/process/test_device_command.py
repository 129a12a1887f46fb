"""The device's command line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.contract.running import ROOT, Service, environment, free_port


class Phone:
    """Somebody who types."""

    def __init__(self, log: Path, base: str) -> None:
        self._options = ["--log", str(log), "--base", base]

    def type(self, *words: str, lines: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "services.device", *self._options, *words],
            check=False,
            cwd=ROOT,
            env=environment({}),
            input=lines,
            capture_output=True,
            text=True,
            timeout=20,
        )

    def json(self, *words: str) -> Any:
        done = self.type(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def offline(tmp_path: Path) -> Phone:
    return Phone(tmp_path / "phone.db", f"http://127.0.0.1:{free_port()}")


def test_command_accepts_offline_and_uploads_when_asked(
    offline: Phone, services: dict[str, Service], tmp_path: Path
) -> None:
    assert offline.json("put", "tea", "2", "a1") == 1
    assert offline.json("visit") == 2
    shown = offline.json("show")
    assert (shown["session"]["items"], shown["pending"]) == ({"a1": {"name": "tea", "quantity": 2}}, 2)
    failed = offline.type("sync")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "127.0.0.1" in failed.stderr
    online = Phone(tmp_path / "phone.db", services["memory"].url)
    assert online.json("sync")["visits"] == 1
    shown = online.json("show")
    assert (shown["pending"], shown["acknowledged"], shown["trouble"]) == (0, 2, None)


def test_command_links_two_devices(services: dict[str, Service], tmp_path: Path) -> None:
    one, other = (Phone(tmp_path / f"{name}.db", services["memory"].url) for name in ("one", "other"))
    one.json("put", "tea", "2", "a1")
    assert other.type("join", one.json("link")["link"]).returncode == 0
    assert list(other.json("sync")["items"]) == ["a1"]


@pytest.mark.parametrize("words", [["sing"], ["put", "tea"], ["put", "tea", "many"], ["visit", "twice"]])
def test_command_says_what_is_none(offline: Phone, words: list[str]) -> None:
    done = offline.type(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "--help" in done.stderr
    assert offline.json("show")["pending"] == 0


def test_command_does_not_accept_what_no_service_takes(offline: Phone) -> None:
    done = offline.type("put", "tea", "1000")
    assert done.returncode == 1
    assert "quantity" in done.stderr
    assert offline.json("show")["pending"] == 0


def test_command_run_answers_each_line_and_goes_on_after_a_wrong_one(offline: Phone) -> None:
    done = offline.type("run", lines="visit\nsing\nput tea 0\n\nvisit\n")
    assert done.returncode == 0
    first, *wrong, last = done.stdout.splitlines()
    assert (first, len(wrong), last) == ("1", 3, "2")
    assert offline.json("show")["pending"] == 2


def test_command_help_names_each_command(offline: Phone) -> None:
    done = offline.type("--help")
    assert done.returncode == 0
    for command in ("put", "remove", "visit", "sync", "show", "link", "join", "begin", "run"):
        assert f"\n{command} " in done.stdout


def test_code_may_begin_with_a_hyphen(offline: Phone) -> None:
    done = offline.type("join", "-Aopz56tOlVrMEX9rRBLg6w.eFxBxjx8bP9a3wgdSKUpCQ")
    assert (done.returncode, done.stdout) == (0, "joins with the next upload\n")


def test_nothing_to_do_is_no_command(offline: Phone) -> None:
    assert "--help lists them" in offline.type().stderr
