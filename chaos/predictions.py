"""The predictions: placement x fault -> expected, with the reason. Read before anything is broken."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from chaos.placements import CONTROL, PLACEMENTS
from chaos.verdict import Observed

FILE = Path(__file__).with_name("predictions.toml")


class PredictionError(Exception):
    """A prediction that is missing, or says nothing that could be observed."""


NOT_APPLICABLE = "-"


@dataclass(frozen=True)
class Prediction:
    """`expected` is empty where the fault does not apply; `why` is the reason either way.

    More than one observation is expected only where chance decides between them, as `why` says.
    """

    expected: tuple[Observed, ...]
    why: str

    def __str__(self) -> str:
        return " or ".join(self.expected) or NOT_APPLICABLE


Predictions = Mapping[tuple[str, str], Prediction]
"""By (fault, placement)."""


def load(faults: Iterable[str], placements: Iterable[str], path: Path = FILE) -> Predictions:
    """One for each pair asked for. Raises `PredictionError`."""
    try:
        rows = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise PredictionError(f"{path} cannot be read as predictions: {error}") from error
    return {
        (fault, placement): _prediction(path, rows, fault, placement)
        for fault in faults
        for placement in placements
    }


def _prediction(path: Path, rows: dict[str, Any], fault: str, placement: str) -> Prediction:
    row = rows.get(fault)
    if not isinstance(row, dict):
        row = {}
    if strangers := row.keys() - {*PLACEMENTS, CONTROL.name, "others", "why", "skip"}:
        raise PredictionError(f"{path.name} names no placement under {fault}: {', '.join(sorted(strangers))}")
    expected = row.get(placement, row.get("others") if placement in PLACEMENTS else None)
    if expected == NOT_APPLICABLE and row.get("skip"):
        return Prediction((), row["skip"])
    observed = expected if isinstance(expected, list) else [expected]
    if not observed or not all(one in get_args(Observed) and one != "unknown" for one in observed):
        raise PredictionError(
            f"{path.name} has no usable prediction for {placement} under {fault}: {expected!r}; "
            "say what you expect before you measure it"
        )
    return Prediction(tuple(cast("list[Observed]", observed)), row.get("why", ""))
