"""Result files: what was measured, in the form other programs rely on. Reports are made from these."""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

Verdict = Literal["match", "surprise", "unknown", "skipped"]
SCHEMA = 1


class ResultsError(Exception):
    """Results that cannot be read. The message names the file."""


@dataclass(frozen=True)
class Cell:
    """One fault on one placement. Counts as in `chaos.verdict.Judgement`."""

    fault: str
    placement: str
    predicted: str
    observed: str
    verdict: Verdict
    why: str
    """The prediction's reason."""
    cause: str
    """Of a loss, from the evidence."""
    reason: str
    """Why it is unknown or skipped, or what is odd."""
    sessions: int
    operations: int
    acknowledged: int
    indeterminate: int
    lost: int
    recovered: int
    stale: int
    lost_updates: int
    surplus: int
    dropped_sessions: int
    split_sessions: int
    resurrected: int
    bleeding_sessions: int
    pending: int
    lost_milliseconds: int
    unavailable_seconds: float
    proof: Mapping[str, Any]
    evidence: str
    """The folder with the history, relative to the result file."""


@dataclass(frozen=True)
class Matrix:
    """One run of the lab."""

    started_at: str
    environment: Mapping[str, Any]
    seconds: float = 0.0
    cells: Sequence[Cell] = ()
    schema: int = SCHEMA

    @property
    def summary(self) -> Mapping[str, int]:
        counts = Counter(cell.verdict for cell in self.cells)
        return {verdict: counts[verdict] for verdict in ("match", "surprise", "unknown", "skipped")}

    @property
    def measured(self) -> bool:
        """Whether anything was: a run whose faults apply to nothing has no results."""
        return any(cell.verdict != "skipped" for cell in self.cells)

    @property
    def exit_code(self) -> int:
        """0 as predicted, 1 a surprise, 2 something unknown; nothing measured is unknown."""
        if self.summary["surprise"]:
            return 1
        return 2 if self.summary["unknown"] or not self.summary["match"] else 0

    def as_json(self) -> str:
        return json.dumps(asdict(self) | {"summary": self.summary}, indent=1)


def begin(results: Path) -> Path:
    """A new folder for this run."""
    now = datetime.now(UTC)
    folder = results / now.strftime("%Y-%m-%dT%H%M%S.%fZ")
    folder.mkdir(parents=True)
    return folder


def save(matrix: Matrix, folder: Path) -> Path:
    """Write `matrix.json`, whole or not at all."""
    path = folder / "matrix.json"
    draft = path.with_suffix(".new")
    draft.write_text(matrix.as_json() + "\n")
    draft.replace(path)
    return path


def publish(folder: Path) -> None:
    """Point `latest` to this run."""
    link = folder.parent / f".latest-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    link.replace(folder.parent / "latest")


def load(path: Path) -> Matrix:
    """Read a `matrix.json`, or that of a run's folder. Raises `ResultsError`."""
    file = path / "matrix.json" if path.is_dir() else path
    try:
        read = json.loads(file.read_text())
        del read["summary"]
        if read["schema"] != SCHEMA:
            raise ValueError(f"schema {read['schema']}, not {SCHEMA}")
        return Matrix(**{**read, "cells": tuple(Cell(**cell) for cell in read["cells"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ResultsError(f"{file} holds no results of this lab: {error}") from error
