"""`python -m chaos ladder`, as far as it needs no engine."""

import pytest

from tests.process.lab import chaos


@pytest.mark.parametrize("arguments", [("--writes", "0"), ("--runs", "-1"), ("--writes", "many")])
def test_ladder_refuses_what_would_measure_nothing(arguments: tuple[str, ...]) -> None:
    refused = chaos("ladder", *arguments)
    assert (refused.returncode, "is not a whole number from 1 on" in refused.stderr) == (3, True)


def test_ladder_exits_with_3_without_an_engine() -> None:
    refused = chaos("ladder")
    assert (refused.returncode, refused.stdout) == (3, "")
