"""The history of a load: every operation that a client invoked, and how it ended.

Outcomes as in Jepsen's histories: `ok` happened, `fail` did not happen, `info` may have happened.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

_encode = json.JSONEncoder(separators=(",", ":")).encode
Kind = Literal["open", "put", "visit", "read", "close", "replay", "sync"]
Outcome = Literal["ok", "fail", "info"]
Phase = Literal["steady", "fault", "recovery", "final"]


GONE = {"session-unknown", "session-expired", "session-ended", "credential-invalid"}
"""Refusals that say: this session is not here."""


PENDING = "pending"
"""The problem of a write that was not acknowledged at last, and is safe on a device."""


class HistoryError(Exception):
    """A history that cannot be read. The message names the file and the line."""


@dataclass(frozen=True)
class Operation:
    """One line of a history. Times are POSIX seconds by the client's clock.

    `session` is the client's own name for it, never the credential. A put's item has the operation's
    `id` as its item id. `value` is what was written or read: for a visit the count that was
    acknowledged, for a read or a replay (a read with a credential that was kept from earlier)
    `{"items": [id, ...], "visits": n}`. `problem` says what went wrong. A device's write ends when it is
    acknowledged, by a `sync`, of which it has no count.
    """

    session: str
    id: str
    operation: Kind
    outcome: Outcome
    invoked_at: float
    completed_at: float
    phase: Phase
    served_by: str | None = None
    value: Any = None
    problem: str | None = None

    @property
    def is_write(self) -> bool:
        return self.operation in {"put", "visit"}

    @property
    def gone(self) -> bool:
        """Whether it was refused because there is no such session."""
        return self.problem in GONE

    @property
    def answered(self) -> bool:
        """Whether a service did its work, be it that it refused: not where it, or its store, was away."""
        away = self.problem == "store-unavailable" or (self.problem or "").startswith("status-5")
        return self.served_by is not None and self.outcome != "info" and not away


def write(operation: Operation, file: TextIO) -> None:
    """Append one operation as a line of JSON."""
    file.write(_encode(vars(operation)) + "\n")


def read(path: Path) -> list[Operation]:
    """All operations of a file, in the order they ended. Raises `HistoryError`."""
    return list(_parse(path, path.read_text().splitlines()))


class Growing:
    """A history that somebody else is writing, read on from where it was left."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.operations: list[Operation] = []

    def read_on(self) -> list[Operation]:
        """All there is so far. A last line without its end is left for later. Raises `HistoryError`."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._offset)
                whole, end, _ = file.read().rpartition(b"\n")
            self._offset += len(whole + end)
            self.operations += _parse(self._path, whole.decode().splitlines(), len(self.operations))
        return self.operations


def acknowledged_writes(operations: Iterable[Operation]) -> int:
    """How many writes were acknowledged."""
    return sum(op.is_write and op.outcome == "ok" for op in operations)


def _parse(path: Path, lines: Iterable[str], before: int = 0) -> Iterator[Operation]:
    for number, line in enumerate(lines, before + 1):
        try:
            yield Operation(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise HistoryError(f"{path}:{number} is no operation: {error}") from error
