"""The predictions: placement x fault -> expected, with the reason. Read before anything is broken."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from chaos.verdict import Observed

FILE = Path(__file__).with_name("predictions.toml")


class PredictionError(Exception):
    """A prediction that is missing, or says nothing that could be observed."""


@dataclass(frozen=True)
class Prediction:
    expected: Observed
    why: str


def load(
    faults: Iterable[str], placements: Iterable[str], path: Path = FILE
) -> Mapping[tuple[str, str], Prediction]:
    """By (fault, placement), one for each pair asked for. Raises `PredictionError`."""
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
    expected = row.get(placement)
    if expected not in get_args(Observed) or expected == "unknown":
        raise PredictionError(
            f"{path.name} has no usable prediction for {placement} under {fault}: {expected!r}; "
            "say what you expect before you measure it"
        )
    return Prediction(cast("Observed", expected), row.get("why", ""))
