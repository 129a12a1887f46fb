"""What a benchmark measured: the content of `bench.json`. Everything that is shown is made from this."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from loadtests.benchmark.error import BenchmarkError

SCHEMA = 1

Work = Literal["write", "read", "health"]
Group = Literal["services", "health", "growth", "replicas"]


@dataclass(frozen=True)
class Run:
    """One round of one subject. Only runs of the same group and round are to be compared: those were
    taken by turns. Processor time is that of all the subject's processes.
    """

    group: Group
    work: Work
    subject: str
    items: int
    replicas: int
    round: int
    requests: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def rate_of_cpu(self) -> float:
        """Requests per second of processor time."""
        return self.requests / self.cpu_seconds


@dataclass(frozen=True)
class StoreUse:
    """What one session takes of the Redis: round trips of each kind of request; and memory, over the
    bytes of what is stored (keys left out) and of the session as JSON.
    """

    subject: str
    items: int
    round_trips: Mapping[Work, float]
    memory_bytes: int
    content_bytes: int
    json_bytes: int


@dataclass(frozen=True)
class UserCost:
    """Operations per second of a load generator's processor time, in one round."""

    round: int
    counting: float
    verifying: float


@dataclass(frozen=True)
class CheckerSpeed:
    """How long the verdict on a history of so many operations took."""

    operations: int
    seconds: float


@dataclass(frozen=True)
class Measured:
    """One benchmark."""

    started_at: str
    seconds: float
    environment: Mapping[str, Any]
    settings: Mapping[str, Any]
    runs: Sequence[Run]
    stores: Sequence[StoreUse]
    users: Sequence[UserCost]
    checker: CheckerSpeed
    schema: int = SCHEMA


def save(measured: Measured, path: Path, goals: Sequence[Mapping[str, Any]]) -> None:
    """Write it, whole or not at all. What the goals came to is added for who reads the file."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({**asdict(measured), "goals": list(goals)}, indent=1) + "\n")
    draft.replace(path)


def load(path: Path) -> Measured:
    """Read it again. Raises `BenchmarkError`."""
    try:
        read = json.loads(path.read_text())
        del read["goals"]
        if read["schema"] != SCHEMA:
            raise ValueError(f"schema {read['schema']}, not {SCHEMA}")
        return Measured(
            **{
                **read,
                "runs": [Run(**run) for run in read["runs"]],
                "stores": [StoreUse(**use) for use in read["stores"]],
                "users": [UserCost(**cost) for cost in read["users"]],
                "checker": CheckerSpeed(**read["checker"]),
            }
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BenchmarkError(f"{path} holds no benchmark: {error}") from error
