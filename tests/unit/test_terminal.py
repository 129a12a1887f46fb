"""What a person sees of the results: the table or the grid, the alarms, the causes."""

import io
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest
from rich.console import Console

from chaos import predictions
from chaos.faults import FAULTS
from chaos.placements import PLACEMENTS
from chaos.report import terminal
from chaos.results import Cell
from tests.unit.cells import KEPT, MATCH, SKIPPED, SURPRISE, UNKNOWN, matrix

WIDTH = 116
WIDE = 120
FRAME = "│┃┏┡┗└├╇"


def shown(*cells: Cell, terminal_like: bool = False, width: int = WIDTH) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal_like, no_color=False)
    terminal.show(matrix(*cells), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def row(cell: Cell) -> str:
    """The cell's line of the table."""
    (line,) = [line for line in shown(cell).splitlines() if line.startswith("│") and cell.placement in line]
    return line


def as_predicted() -> list[Cell]:
    """A whole matrix: every fault on every placement, each as the shipped file predicts it."""
    expected = predictions.load(FAULTS, PLACEMENTS)
    return [
        replace(
            KEPT, fault=fault, placement=placement, predicted=str(prediction), observed=prediction.expected[0]
        )
        if (prediction := expected[fault, placement]).expected
        else replace(SKIPPED, fault=fault, placement=placement)
        for fault, placement in product(FAULTS, PLACEMENTS)
    ]


def beside(*cells: Cell) -> list[Cell]:
    """These, with placements beside them on which the control was kept: too many for a table."""
    return [*cells, *(replace(KEPT, fault="none", placement=name) for name in ("memory", "volume", "bind"))]


def grid(*cells: Cell, width: int = WIDTH) -> str:
    """All above the explanation of its marks."""
    return shown(*cells, width=width).partition("! a surprise")[0]


def words(grid: str, fault: str) -> Sequence[str]:
    """The line of a fault, word by word, without a frame."""
    rows = ["".join(c if c.isalnum() or c in "-!?…" else " " for c in line) for line in grid.splitlines()]
    (found,) = [row.split() for row in rows if row.split()[:1] == [fault]]
    return found


def test_table_says_as_predicted_when_the_verdict_is_a_match() -> None:
    assert "as predicted" in row(MATCH)


def test_table_says_surprise_when_the_verdict_is_one() -> None:
    assert "SURPRISE" in row(SURPRISE)


def test_table_says_unknown_when_the_verdict_is() -> None:
    assert "UNKNOWN" in row(UNKNOWN)


def test_table_says_what_was_observed_and_how_much_was_lost() -> None:
    assert [part.strip() for part in row(MATCH).split("│")[3:7]] == ["lost", "640", "640", "1.31 s"]


def test_table_counts_the_split_sessions() -> None:
    assert "split (40 of 40 sessions)" in row(SURPRISE)


def test_table_names_a_fault_once_for_all_of_its_placements() -> None:
    lines = [line for line in shown(MATCH, KEPT).splitlines() if line.startswith("│")]
    assert ["recreate" in line for line in lines] == [True, False]


def test_report_says_what_was_predicted_and_why_when_it_is_a_surprise() -> None:
    alarm = "SURPRISE scale-out x redis-everysec: predicted kept (one Redis for all), observed split."
    assert alarm in shown(MATCH, SURPRISE).splitlines()


def test_report_says_why_it_is_unknown() -> None:
    alarm = next(line for line in shown(UNKNOWN).splitlines() if line.startswith("UNKNOWN kill x layer: "))
    assert alarm.endswith("observed unknown. no proof that the fault happened")


def test_report_raises_no_alarm_when_all_is_as_predicted() -> None:
    said = shown(MATCH, KEPT)
    assert ("SURPRISE" in said, "UNKNOWN" in said) == (False, False)


def test_report_gives_the_cause_of_each_loss_on_a_line() -> None:
    assert f"recreate x layer: {MATCH.cause}" in shown(MATCH, KEPT).splitlines()


def test_report_gives_no_cause_when_nothing_was_lost() -> None:
    assert "recreate x token" not in shown(MATCH, KEPT)


def test_report_sums_up() -> None:
    last = shown(MATCH, KEPT, SURPRISE, UNKNOWN).splitlines()[-1]
    assert [part in last for part in ("2 of 4", "1 surprise", "1 unknown", "in 312 s")] == [True] * 4


def test_report_is_plain_when_it_goes_to_no_terminal() -> None:
    assert "\x1b" not in shown(MATCH, KEPT, SURPRISE, UNKNOWN)


def test_report_is_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in shown(SURPRISE, terminal_like=True)


def test_table_fits_the_width_with_its_longest_row() -> None:
    frame = [line for line in shown(MATCH, KEPT, SURPRISE, UNKNOWN).splitlines() if line[0] in FRAME]
    assert max(len(line) for line in frame) <= WIDTH


def test_table_cuts_nothing_off() -> None:
    assert "…" not in shown(MATCH, KEPT, SURPRISE, UNKNOWN)


def test_table_says_skipped_when_the_fault_does_not_apply() -> None:
    assert "skipped" in row(SKIPPED)


def test_grid_stands_for_the_table_when_there_are_more_than_three_placements() -> None:
    assert ("as predicted" in grid(*beside(MATCH)), "acknowledged" in grid(*beside(MATCH))) == (False, False)


def test_table_stands_when_there_are_three_placements() -> None:
    cells = [replace(KEPT, placement=name) for name in ("layer", "token", "redis-everysec")]
    assert shown(*cells).count("as predicted") == 3 + 1


def test_grid_says_what_was_observed_in_a_word_for_each_placement() -> None:
    cells = [replace(KEPT, fault="kill", placement=name) for name in ("memory", "layer", "volume", "bind")]
    lost = replace(MATCH, fault="kill", placement="tmpfs")
    assert words(grid(*cells, lost), "kill") == ["kill", "kept", "kept", "kept", "kept", "lost"]


def test_grid_has_a_line_for_each_fault() -> None:
    said = grid(*as_predicted(), width=200)
    assert [fault for fault in FAULTS if words(said, fault)[1:2] == []] == []


def test_grid_marks_a_surprise() -> None:
    assert words(grid(*beside(SURPRISE)), "scale-out") == ["scale-out", "split!"]


def test_grid_marks_what_is_unknown() -> None:
    assert words(grid(*beside(UNKNOWN)), "kill") == ["kill", "?"]


def test_grid_marks_where_a_fault_does_not_apply() -> None:
    assert words(grid(*beside(SKIPPED)), "redis-kill") == ["redis-kill", "-"]


def test_grid_marks_nothing_when_all_is_as_predicted() -> None:
    assert words(grid(*beside(MATCH)), "recreate") == ["recreate", "lost"]


def test_grid_leaves_a_gap_when_a_fault_was_not_done_to_a_placement() -> None:
    assert words(grid(*beside(MATCH)), "none") == ["none", "kept", "kept", "kept"]


@pytest.mark.parametrize("mark", ["! a surprise", "? unknown", "- not applicable"])
def test_grid_explains_its_marks(mark: str) -> None:
    assert mark in shown(*as_predicted())


def test_report_says_why_below_a_grid_too() -> None:
    said = shown(*beside(MATCH, SURPRISE, UNKNOWN)).splitlines()
    starts = ("SURPRISE scale-out x redis-everysec: ", "UNKNOWN kill x layer: ", "recreate x layer: ")
    assert [sum(line.startswith(start) for line in said) for start in starts] == [1, 1, 1]


def test_report_raises_no_alarm_when_a_fault_does_not_apply() -> None:
    assert "redis-kill x token" not in shown(*beside(MATCH, SKIPPED))


def test_report_sums_up_without_what_does_not_apply() -> None:
    last = shown(*beside(MATCH, SKIPPED)).splitlines()[-1]
    assert ("4 of 4" in last, "1 skipped" in last) == (True, True)


def test_grid_is_plain_when_it_goes_to_no_terminal() -> None:
    assert "\x1b" not in shown(*beside(MATCH, SURPRISE, UNKNOWN, SKIPPED))


@pytest.mark.parametrize("width", [WIDTH, WIDE])
def test_grid_cuts_no_word_when_all_is_as_predicted(width: int) -> None:
    assert "…" not in grid(*as_predicted(), width=width)


@pytest.mark.parametrize("width", [WIDTH, WIDE])
def test_grid_fits_the_width_when_all_is_as_predicted(width: int) -> None:
    assert max(len(line.rstrip()) for line in grid(*as_predicted(), width=width).splitlines()) <= width


@pytest.mark.parametrize("placement", ["layer", "anonymous", "token"])
def test_grid_cuts_no_word_when_one_placement_is_full_of_surprises(placement: str) -> None:
    cells = [
        replace(cell, verdict="surprise") if cell.placement == placement else cell for cell in as_predicted()
    ]
    said = grid(*cells, width=WIDE)
    assert ("…" in said, "!" in said) == (False, True)
