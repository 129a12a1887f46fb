"""`python -m chaos lessons`, as far as it needs no engine."""

from chaos.lessons import LESSONS
from tests.process.lab import chaos


def test_lessons_are_among_the_commands_and_name_themselves_when_asked_for_help() -> None:
    said = chaos("lessons", "--help").stdout
    assert [name for name in LESSONS if name not in "".join(said.split())] == []


def test_lessons_exit_with_3_and_one_line_when_a_name_is_unknown() -> None:
    refused = chaos("lessons", "own-layer", "gravity")
    assert (refused.returncode, refused.stderr.splitlines()[-1].split(":")[:2]) == (
        3,
        ["chaos", " argument NAME"],
    )
    assert "there is no lesson gravity: choose from own-layer" in refused.stderr


def test_lessons_exit_with_3_when_no_engine_answers() -> None:
    refused = chaos("lessons", "own-layer")
    assert (refused.returncode, refused.stderr.splitlines()) == (
        3,
        ["chaos: no Docker engine answers: start it (`make setup` can), then try again"],
    )
