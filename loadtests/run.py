"""A run that nobody conducts: what this process has seen of it, and what its workers told of theirs."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from loadtests.history import Operation
from loadtests.integrity import Anomaly, Ledgers, Tally
from loadtests.recording import Recording


@dataclass
class Run:
    """One run after the other; `name` is that of the one that is on, or was last."""

    name: str = ""
    paused: bool = False
    over: bool = True
    """Whether users are to make their final reads and leave."""
    left: bool = True
    """Whether they have, or had their time to."""
    ledgers: dict[str, Ledgers] = field(default_factory=dict)
    told: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """The last report of each worker."""
    recording: Recording | None = None

    def begin(self, name: str, folder: str, worker: str) -> None:
        """Forget the run before; its history goes to a `folder`, if there is one."""
        self.end()
        self.name, self.paused, self.over, self.left = name, False, False, False
        self.ledgers, self.told = {}, {}
        self.recording = Recording(Path(folder, name), worker) if folder else None

    def end(self) -> None:
        self.over = self.left = True
        if self.recording:
            self.recording.close()

    def join(self, placement: str) -> None:
        """A user of this placement is there: it has to verify something."""
        self.ledgers.setdefault(placement, Ledgers())

    def take(self, placement: str, operation: Operation) -> list[Anomaly]:
        """Record the operation; the anomalies that it shows."""
        if self.recording:
            self.recording.take(placement, operation)
        return self.ledgers[placement].take(operation)

    def tallies(self) -> Mapping[str, Tally]:
        """By placement, of all workers together."""
        together = {name: ledgers.tally for name, ledgers in self.ledgers.items()}
        for report in self.told.values():
            for name, counts in report["tallies"].items():
                together[name] = together.get(name, Tally()) + Tally(**counts)
        return dict(sorted(together.items()))

    def report(self) -> Mapping[str, Any]:
        """What a worker tells."""
        tallies = {name: asdict(ledgers.tally) for name, ledgers in self.ledgers.items()}
        return {"run": self.name, "left": self.left, "tallies": tallies}

    def hear(self, worker: str, report: Mapping[str, Any]) -> None:
        """A worker's report replaces its last one; that of an earlier run is none of this one."""
        if report["run"] == self.name:
            self.told[worker] = report

    def have_left(self, workers: Iterable[str]) -> bool:
        """Whether the users of all these workers have left."""
        return all(self.told.get(worker, {"left": False})["left"] for worker in workers)
