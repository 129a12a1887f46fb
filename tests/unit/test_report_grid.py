"""What all reports show alike."""

from dataclasses import replace

from chaos.report import grid
from tests.unit.cells import KEPT, MATCH, SURPRISE, UNKNOWN, matrix


def test_grid_keeps_the_order_in_which_faults_and_placements_come() -> None:
    seen = grid.grid(matrix(SURPRISE, MATCH, KEPT))
    assert (seen.faults, seen.placements) == (("scale-out", "recreate"), ("redis-everysec", "layer", "token"))


def test_grid_has_no_cell_where_nothing_was_run() -> None:
    assert grid.grid(matrix(SURPRISE, KEPT)).row("recreate") == [None, KEPT]


def test_word_is_unknown_when_the_verdict_is_whatever_was_observed() -> None:
    assert grid.word(replace(UNKNOWN, observed="kept")) == "unknown"


def test_word_is_skipped_when_the_verdict_is() -> None:
    assert grid.word(replace(MATCH, verdict="skipped", observed="unknown")) == "skipped"


def test_word_is_unknown_when_nothing_was_observed() -> None:
    assert grid.word(replace(MATCH, observed="")) == "unknown"


def test_every_word_has_a_letter_of_its_own_and_a_meaning() -> None:
    assert len(set(grid.LETTERS.values())) == len(grid.LETTERS)
    assert grid.LETTERS.keys() == grid.MEANINGS.keys()
