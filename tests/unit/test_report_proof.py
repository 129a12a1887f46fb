"""The proof as rows: what is new at each moment, whatever the results hold."""

import pytest

from chaos.report import proof


def test_proof_marks_what_no_earlier_moment_had() -> None:
    old, new = {"container": "a1", "boot": "b1"}, {"container": "a1", "boot": "b2"}
    rows = proof.rows({"before": [old], "during": [old], "after": [new]})
    assert [row.values[:2] for row in rows] == [
        (("a1", False), ("b1", False)),
        (("a1", False), ("b1", False)),
        (("a1", False), ("b2", True)),
    ]


def test_proof_compares_those_that_hold_the_state_among_themselves() -> None:
    rows = proof.rows({"before": [{"container": "a1"}], "holders_before": [{"container": "r1"}]})
    assert rows[1].values[0] == ("r1", False)


def test_proof_says_when_nobody_was_there() -> None:
    assert proof.rows({"before": [{"container": "a1"}], "during": []})[1].values[0][0] == "nobody was there"


def test_proof_gives_the_exit_code_of_what_is_not_running() -> None:
    (row,) = proof.rows({"during": [{"container": "a1", "status": "exited", "exit_code": 137}]})
    assert row.values[3][0] == "exited, exit code 137"


@pytest.mark.parametrize(
    "odd", ["words", 7, None, {"container": "a1"}, [None], [{"mounts": "m", "state": 3}]]
)
def test_proof_shows_whatever_the_results_hold(odd: object) -> None:
    assert [row.moment for row in proof.rows({"odd": odd})] == ["odd"]


def test_proof_shows_what_the_fault_measured() -> None:
    before, found = proof.rows(
        {"before": [{"container": "a1"}], "findings": [{"junk bytes": 7, "ended": True}]}
    )
    assert before.values[0][0] == "a1"
    assert found.values == (("junk bytes: 7; ended: true", False),)


def test_proof_says_that_the_kernel_killed_it_for_want_of_memory() -> None:
    dead = {"container": "a1", "status": "exited", "exit_code": 137, "oom_killed": True}
    (row,) = proof.rows({"during": [dead]})
    assert row.values[3][0] == "exited, exit code 137, out of memory"
