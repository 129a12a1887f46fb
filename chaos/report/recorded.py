"""The history that a cell points to, or why there is none to show."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.report.grid import measured
from chaos.results import Cell, Matrix
from loadtests import history
from loadtests.history import HistoryError, Operation


@dataclass(frozen=True)
class Recorded:
    """`path` is relative to the results; `missing` says why there are no operations, empty if there are."""

    path: str
    operations: Sequence[Operation] = ()
    missing: str = ""

    @property
    def seconds(self) -> float:
        """From the first operation's start to the last one's end."""
        if not self.operations:
            return 0.0
        began = min(op.invoked_at for op in self.operations)
        return round(max(op.completed_at for op in self.operations) - began, 3)


Histories = Mapping[tuple[str, str], Recorded]


def histories(matrix: Matrix, folder: Path) -> Histories:
    """Of every measured cell, by fault and placement."""
    return {(cell.fault, cell.placement): _read(cell, folder) for cell in matrix.cells if measured(cell)}


def _read(cell: Cell, folder: Path) -> Recorded:
    path = f"{cell.evidence.rstrip('/')}/history.jsonl"
    file = (folder / path).resolve()
    if not file.is_relative_to(folder.resolve()):
        return Recorded(path, missing="its path leads out of the results folder, so it was not read")
    try:
        operations = history.read(file)
    except (HistoryError, OSError, ValueError) as error:
        return Recorded(path, missing=_why(error))
    if not operations:
        return Recorded(path, missing="the file is empty")
    if not all(map(_sound, operations)):
        return Recorded(path, missing="some of its operations have no times, or no name of who answered")
    return Recorded(path, operations)


def _sound(operation: Operation) -> bool:
    """Whether it can be drawn: what a file holds is not always what its type says."""
    times = operation.invoked_at, operation.completed_at
    return all(isinstance(time, int | float) and math.isfinite(time) for time in times) and all(
        isinstance(text, str) for text in (operation.phase, operation.outcome, operation.served_by or "")
    )


def _why(error: Exception) -> str:
    """Without the absolute path: a report reads the same wherever its results were moved."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, HistoryError):
        line = str(error).partition("history.jsonl:")[2].partition(" ")[0]
        return f"line {line} is no operation"
    return f"it cannot be read ({type(error).__name__})"
