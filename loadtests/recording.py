"""Histories of a run, one file for each placement and worker, and the one that they make together.

<folder>/<run>/<placement>/<worker>.jsonl
"""

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import TextIO

from loadtests import history
from loadtests.history import Growing, HistoryError, Operation


def run_name() -> str:
    """That of a run that begins now; names sort as the runs began."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H%M%S.%fZ")


class Recording:
    """What one worker writes of one run: each operation a line, on its way to the disk at once."""

    def __init__(self, run: Path, worker: str) -> None:
        self._run = run
        self._worker = worker
        self._files: dict[str, TextIO] = {}

    def take(self, placement: str, operation: Operation) -> None:
        if placement not in self._files:
            path = self._run / placement / f"{self._worker}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files[placement] = path.open("a", buffering=1)
        history.write(operation, self._files[placement])

    def close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()


def latest(folder: Path) -> Path:
    """The newest run in there, or the folder itself where it is a run. Raises `HistoryError`."""
    if any(folder.glob("*/*.jsonl")):
        return folder
    runs = sorted({path.parent.parent for path in folder.glob("*/*/*.jsonl")})
    if not runs:
        raise HistoryError(f"{folder} holds no history of a load")
    return runs[-1]


def merged(run: Path) -> Mapping[str, Sequence[Operation]]:
    """The history of each placement: those of all workers, in the order in which operations ended.

    Of a worker that was killed, the last line may be cut off: it is left out. Raises `HistoryError`.
    """
    parts: dict[str, list[list[Operation]]] = defaultdict(list)
    for path in sorted(run.glob("*/*.jsonl")):
        parts[path.parent.name].append(Growing(path).read_on())
    return {name: list(heapq.merge(*many, key=attrgetter("completed_at"))) for name, many in parts.items()}
