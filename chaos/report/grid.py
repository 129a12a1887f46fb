"""Faults x placements, and the word and letter of each cell: what every report shows alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chaos.results import Cell, Matrix

LETTERS = {
    "kept": "K",
    "lost": "L",
    "partly": "P",
    "split": "S",
    "orphaned": "O",
    "unavailable": "U",
    "unknown": "?",
    "skipped": "-",
}
MEANINGS = {
    "kept": "every acknowledged write is in a final read",
    "lost": "no acknowledged write is in any final read",
    "partly": "some acknowledged writes are missing, or something is wrong with the rest",
    "split": "what a client finds depends on which instance answers",
    "orphaned": "the data is still there, but no service uses it any more",
    "unavailable": "nothing answered any more",
    "unknown": "not seen: no proof of the fault, no load around it, or no final read",
    "skipped": "not measured; the cell says why",
}


@dataclass(frozen=True)
class Grid:
    """Faults and placements in the order in which they first come; a combination may be absent."""

    faults: Sequence[str]
    placements: Sequence[str]
    cells: Mapping[tuple[str, str], Cell]

    def row(self, fault: str) -> Sequence[Cell | None]:
        """One for each placement."""
        return [self.cells.get((fault, placement)) for placement in self.placements]

    def of(self, fault: str) -> Sequence[Cell]:
        return [cell for cell in self.row(fault) if cell]


def grid(matrix: Matrix) -> Grid:
    return Grid(
        faults=tuple(dict.fromkeys(cell.fault for cell in matrix.cells)),
        placements=tuple(dict.fromkeys(cell.placement for cell in matrix.cells)),
        cells={(cell.fault, cell.placement): cell for cell in matrix.cells},
    )


def word(cell: Cell) -> str:
    """What was observed; `skipped` or `unknown` where nothing was, whatever else the cell says."""
    if cell.verdict in {"skipped", "unknown"}:
        return cell.verdict
    return cell.observed or "unknown"


def letter(cell: Cell) -> str:
    return LETTERS.get(word(cell), "?")


def measured(cell: Cell) -> bool:
    return cell.verdict != "skipped"


def alarms(matrix: Matrix) -> Sequence[Cell]:
    """Surprises first, then what is unknown."""
    order = ("surprise", "unknown")
    return [cell for verdict in order for cell in matrix.cells if cell.verdict == verdict]


def summary(matrix: Matrix) -> str:
    """One line: how many as predicted, and what is not."""
    counts = matrix.summary
    surprises = "1 surprise" if counts["surprise"] == 1 else f"{counts['surprise']} surprises"
    run = len(matrix.cells) - counts["skipped"]
    return (
        f"{counts['match']} of {run} measured cells as predicted, {surprises}, "
        f"{counts['unknown']} unknown, {counts['skipped']} skipped, in {matrix.seconds:.0f} s"
    )
