"""One fault on all chosen placements at once: steady, fault, recovery, final reads, verdict."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from chaos import evidence, verdict
from chaos.cluster import Cluster
from chaos.engine import NotHere
from chaos.faults import Fault, Findings, Witness
from chaos.instance import Snapshot
from chaos.load import Intensity, Load, history_path
from chaos.placements import Placement
from chaos.predictions import Prediction, Predictions
from chaos.results import Cell, Verdict

SETTLE_SECONDS = 0.7
RECOVERY_SECONDS = 0.7


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
    return Intensity(users=4, rate=20.0), Steady(writes=105)


@dataclass(frozen=True)
class Experiment:
    """Where to run, under which load, and how much of it before the fault."""

    cluster: Cluster
    predictions: Predictions
    folder: Path
    load: Load
    steady: Steady

    def run(self, fault: Fault, progress: Progress) -> list[Cell]:
        """One cell for each placement that is predicted. The cluster is healed, also after an error."""
        named = [p for p in self.cluster.placements if (fault.name, p.name) in self.predictions]
        chosen = [p for p in named if self._prediction(fault, p).expected]
        lacking = ""
        witnesses: Mapping[str, Witness] = {}
        try:
            witnesses = self._measure(fault, chosen, progress) if chosen else {}
        except NotHere as error:
            lacking = str(error)
        progress.step("verdict")
        return [
            self._judge(fault, p, witnesses[p.name]) if p.name in witnesses else self._skip(fault, p, lacking)
            for p in named
        ]

    def _measure(
        self, fault: Fault, placements: Sequence[Placement], progress: Progress
    ) -> Mapping[str, Witness]:
        """Load, fault, recovery, final reads; what the engine and the containers said meanwhile."""
        services = [p.service for p in placements]
        stores = [p.store for p in placements if p.store]
        everyone = [*services, *stores]
        holders = [p.holder for p in placements]
        targets = {"service": services, "store": stores, "holder": holders}[fault.victim]
        load = self.load
        progress.step("arranging")
        with (
            _replicas(self.cluster, services, fault.replicas),
            fault.arranged(self.cluster, targets) as cluster,
        ):
            load.begin(self._prefix(fault), [p.name for p in placements], fault.habit)
            load.until_acknowledged(
                self.steady.writes,
                self.steady.seconds,
                lambda least: progress.step(f"load: {least} writes acknowledged"),
            )
            before = cluster.snapshot(everyone)
            progress.step("fault")
            load.phase("fault")
            with fault.inject(cluster, targets) as findings:
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
        seen = (before, during, after)
        return {p.name: _witness(fault, p, seen, findings, load) for p in placements}

    def _judge(self, fault: Fault, placement: Placement, witness: Witness) -> Cell:
        judgement = verdict.judge(witness.history, _replicas_at_last(fault, witness))
        judgement = evidence.orphaned(judgement, witness, self.cluster.volumes())
        if not fault.happened(witness):
            judgement = replace(judgement, observed="unknown", reason="no proof that the fault happened")
        prediction = self._prediction(fault, placement)
        folder = history_path(self._prefix(fault), placement.name).parent
        return Cell(
            fault=fault.name,
            placement=placement.name,
            predicted=str(prediction),
            verdict=decide(prediction.expected, judgement.observed),
            why=prediction.why,
            cause=evidence.cause(fault.name, judgement, witness),
            proof=evidence.proof(witness),
            evidence=f"{folder.relative_to(self.folder)}/",
            **asdict(judgement),
        )

    def _skip(self, fault: Fault, placement: Placement, lacking: str) -> Cell:
        """Because it does not apply or, where it does, because of what this machine is `lacking`."""
        prediction = self._prediction(fault, placement)
        reason = f"not here: {lacking}" if prediction.expected else f"not applicable: {prediction.why}"
        return Cell(
            fault=fault.name,
            placement=placement.name,
            predicted=str(prediction),
            verdict="skipped",
            why="",
            cause="",
            proof={},
            evidence="",
            **asdict(verdict.Judgement("unknown", reason=reason)),
        )

    def _prefix(self, fault: Fault) -> Path:
        return self.folder / "cells" / fault.name

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
    fault: Fault,
    placement: Placement,
    seen: tuple[Snapshot, Snapshot, Snapshot],
    findings: Findings | None,
    load: Load,
) -> Witness:
    before, during, after = seen
    victim = placement.service if fault.victim == "service" else placement.holder
    holders = (before[placement.holder], after[placement.holder]) if placement.store else ((), ())
    return Witness(
        before[victim],
        during[victim],
        after[victim],
        *holders,
        findings=(findings or {}).get(victim, {}),
        history=load.histories()[placement.name],
    )


def decide(expected: Sequence[str], observed: str) -> Verdict:
    """Whether what was observed is what was predicted. Having seen nothing is never green."""
    if observed == "unknown":
        return "unknown"
    return "match" if observed in expected else "surprise"
