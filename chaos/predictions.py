"""The predictions: placement x fault -> expected, with the reason. Read before anything is broken."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from chaos.placements import PLACEMENTS
from chaos.verdict import Observed

FILE = Path(__file__).with_name("predictions.toml")


class PredictionError(Exception):
    """A prediction that is missing, or says nothing that could be observed."""


NOT_APPLICABLE = "-"


@dataclass(frozen=True)
class Prediction:
    """`expected` is None where the fault does not apply; `why` is the reason either way."""

    expected: Observed | None
    why: str


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
    if strangers := row.keys() - {*PLACEMENTS, "others", "why", "skip"}:
        raise PredictionError(f"{path.name} names no placement under {fault}: {', '.join(sorted(strangers))}")
    expected = row.get(placement, row.get("others"))
    if expected == NOT_APPLICABLE and row.get("skip"):
        return Prediction(None, row["skip"])
    if expected not in get_args(Observed) or expected == "unknown":
        raise PredictionError(
            f"{path.name} has no usable prediction for {placement} under {fault}: {expected!r}; "
            "say what you expect before you measure it"
        )
    return Prediction(cast("Observed", expected), row.get("why", ""))
