"""One fault on all chosen placements at once: steady, fault, recovery, final reads, verdict."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol

from chaos import evidence, verdict
from chaos.cluster import Cluster
from chaos.faults import Fault, Witness
from chaos.instance import Snapshot
from chaos.load import Intensity, Load, history_path
from chaos.placements import Placement
from chaos.predictions import NOT_APPLICABLE, Prediction, Predictions
from chaos.results import Cell, Verdict
from loadtests import history

SETTLE_SECONDS = 1.0
RECOVERY_SECONDS = 1.5


class Progress(Protocol):
    """Who is told how far an experiment is."""

    def step(self, text: str) -> None: ...


@dataclass(frozen=True)
class Steady:
    """What must have been seen before the fault: writes acknowledged in each placement, seconds."""

    writes: int = 220
    seconds: float = 2.0


def suited_to(placements: int) -> tuple[Intensity, Steady]:
    """A load that two cores bear with so many placements side by side."""
    if placements <= 3:
        return Intensity(), Steady()
    return Intensity(users=4, rate=6.0), Steady(writes=105)


@dataclass(frozen=True)
class Experiment:
    """Where to run, what to run on, and how hard."""

    cluster: Cluster
    predictions: Predictions
    folder: Path
    intensity: Intensity = field(default_factory=Intensity)
    steady: Steady = field(default_factory=Steady)

    def run(self, fault: Fault, progress: Progress) -> list[Cell]:
        """One cell for each placement. The cluster is healed afterwards, also after an error."""
        chosen = [p for p in self.cluster.placements if self._prediction(fault, p).expected]
        witnesses = self._measure(fault, chosen, progress) if chosen else {}
        progress.step("verdict")
        return [
            self._judge(fault, p, witnesses[p.name]) if p.name in witnesses else self._skip(fault, p)
            for p in self.cluster.placements
        ]

    def _measure(
        self, fault: Fault, placements: Sequence[Placement], progress: Progress
    ) -> Mapping[str, Witness]:
        """Load, fault, recovery, final reads; what the engine and the containers said meanwhile."""
        cluster = self.cluster
        services = [p.service for p in placements]
        everyone = [*services, *(p.store for p in placements if p.store)]
        targets = services if fault.victim == "service" else [p.store for p in placements if p.store]
        prefix = self.folder / "cells" / fault.name
        progress.step("load")
        with (
            _replicas(cluster, services, fault.replicas),
            Load(cluster.url(), [p.name for p in placements], prefix, self.intensity) as load,
        ):
            load.until_acknowledged(
                self.steady.writes,
                self.steady.seconds,
                lambda least: progress.step(f"load: {least} writes acknowledged"),
            )
            before = cluster.snapshot(everyone)
            progress.step("fault")
            load.phase("fault")
            with fault.inject(cluster, targets):
                during = cluster.snapshot(everyone)
                load.hold(SETTLE_SECONDS)
                if fault.lasting:
                    _finish(load, placements, during, progress)
                progress.step("healing")
            after = during if fault.lasting else cluster.snapshot(everyone)
            if not fault.lasting:
                load.phase("recovery")
                load.hold(RECOVERY_SECONDS)
                _finish(load, placements, after, progress)
        return {p.name: _witness(fault, p, before, during, after) for p in placements}

    def _judge(self, fault: Fault, placement: Placement, witness: Witness) -> Cell:
        path = history_path(self.folder / "cells" / fault.name, placement.name)
        operations = history.read(path) if path.exists() else []
        judgement = verdict.judge(operations, _replicas_at_last(fault, witness))
        judgement = evidence.orphaned(judgement, witness, self.cluster.volumes())
        if not fault.happened(witness):
            judgement = replace(judgement, observed="unknown", reason="no proof that the fault happened")
        prediction = self._prediction(fault, placement)
        return Cell(
            fault=fault.name,
            placement=placement.name,
            predicted=str(prediction.expected),
            verdict=decide(prediction.expected, judgement.observed),
            why=prediction.why,
            cause=evidence.cause(fault.name, judgement, witness, operations),
            proof={moment: evidence.identities(seen) for moment, seen in vars(witness).items() if seen},
            evidence=f"{path.parent.relative_to(self.folder)}/",
            **asdict(judgement),
        )

    def _skip(self, fault: Fault, placement: Placement) -> Cell:
        reason = f"not applicable: {self._prediction(fault, placement).why}"
        return Cell(
            fault=fault.name,
            placement=placement.name,
            predicted=NOT_APPLICABLE,
            verdict="skipped",
            why="",
            cause="",
            proof={},
            evidence="",
            **asdict(verdict.Judgement("unknown", reason=reason)),
        )

    def _prediction(self, fault: Fault, placement: Placement) -> Prediction:
        return self.predictions[fault.name, placement.name]


@contextmanager
def _replicas(cluster: Cluster, services: Sequence[str], replicas: int) -> Iterator[None]:
    """So many replicas in here, and what compose.yaml declares afterwards."""
    if replicas == 1:
        yield
        return
    with cluster.healing():
        cluster.scale(services, replicas)
        yield


def _finish(load: Load, placements: Sequence[Placement], now: Snapshot, progress: Progress) -> None:
    progress.step("final reads")
    load.finish({p.name: len(now[p.service]) for p in placements})


def _replicas_at_last(fault: Fault, witness: Witness) -> int:
    """How many replicas served at the final reads; in front of a victim behind them there is one."""
    return len(witness.after) if fault.victim == "service" else 1


def _witness(
    fault: Fault, placement: Placement, before: Snapshot, during: Snapshot, after: Snapshot
) -> Witness:
    victim = placement.service if fault.victim == "service" else placement.holder
    holders = (before[placement.holder], after[placement.holder]) if placement.store else ((), ())
    return Witness(before[victim], during[victim], after[victim], *holders)


def decide(predicted: str | None, observed: str) -> Verdict:
    """Whether what was observed is what was predicted. Having seen nothing is never green."""
    if observed == "unknown":
        return "unknown"
    return "match" if observed == predicted else "surprise"
