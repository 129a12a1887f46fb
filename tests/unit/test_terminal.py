"""What a person sees of the results: the table, the alarms, the causes."""

import io

import pytest
from rich.console import Console

from chaos.report import terminal
from chaos.results import Cell
from tests.unit.cells import KEPT, MATCH, SURPRISE, UNKNOWN, matrix

WIDTH = 110
FRAME = "│┃┏┡┗└├╇"


def shown(*cells: Cell, terminal_like: bool = False) -> str:
    console = Console(file=io.StringIO(), width=WIDTH, force_terminal=terminal_like, no_color=False)
    terminal.show(matrix(*cells), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def row(cell: Cell) -> str:
    """The cell's line of the table."""
    (line,) = [line for line in shown(cell).splitlines() if line.startswith("│") and cell.placement in line]
    return line


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
    assert shown(MATCH, KEPT, SURPRISE, UNKNOWN).splitlines()[-1] == (
        "2 of 4 as predicted, 1 surprises, 1 unknown, in 312 s"
    )


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
