"""One fault on all chosen placements at once: steady, fault, recovery, final reads, verdict."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from chaos import evidence, verdict
from chaos.cluster import Cluster, Snapshot
from chaos.faults import Fault
from chaos.faults.fault import Witness
from chaos.load import Intensity, Load, history_path
from chaos.placements import Placement
from chaos.predictions import Prediction
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


@dataclass(frozen=True)
class Experiment:
    """Where to run, what to run on, and how hard."""

    cluster: Cluster
    placements: Sequence[Placement]
    predictions: Mapping[tuple[str, str], Prediction]
    folder: Path
    intensity: Intensity = field(default_factory=Intensity)
    steady: Steady = field(default_factory=Steady)

    def run(self, fault: Fault, progress: Progress) -> list[Cell]:
        """One cell for each placement. The cluster is healed afterwards, also after an error."""
        services = [p.service for p in self.placements]
        names = [p.name for p in self.placements]
        prefix = self.folder / "cells" / fault.name
        with Load(self.cluster.url(), names, prefix, self.intensity) as load:
            progress.step("load")
            load.until_acknowledged(
                self.steady.writes,
                self.steady.seconds,
                lambda least: progress.step(f"load: {least} writes acknowledged"),
            )
            before = self.cluster.snapshot(services)
            progress.step("fault")
            load.phase("fault")
            with fault.inject(self.cluster, services):
                during = self.cluster.snapshot(services)
                load.hold(SETTLE_SECONDS)
                if fault.lasting:
                    self._finish(load, during, progress)
                progress.step("healing")
            after = during if fault.lasting else self.cluster.snapshot(services)
            if not fault.lasting:
                load.phase("recovery")
                load.hold(RECOVERY_SECONDS)
                self._finish(load, after, progress)
        progress.step("verdict")
        return [
            self._judge(fault, p, Witness(before[p.service], during[p.service], after[p.service]))
            for p in self.placements
        ]

    def _finish(self, load: Load, now: Snapshot, progress: Progress) -> None:
        progress.step("final reads")
        load.finish({p.name: len(now[p.service]) for p in self.placements})

    def _judge(self, fault: Fault, placement: Placement, witness: Witness) -> Cell:
        path = history_path(self.folder / "cells" / fault.name, placement.name)
        operations = history.read(path) if path.exists() else []
        judgement = verdict.judge(operations)
        if not fault.happened(witness):
            judgement = replace(judgement, observed="unknown", reason="no proof that the fault happened")
        prediction = self.predictions[fault.name, placement.name]
        return Cell(
            fault=fault.name,
            placement=placement.name,
            predicted=prediction.expected,
            verdict=decide(prediction.expected, judgement.observed),
            why=prediction.why,
            cause=evidence.cause(fault, judgement, witness, operations),
            proof={moment: evidence.identities(seen) for moment, seen in vars(witness).items()},
            evidence=f"{path.parent.relative_to(self.folder)}/",
            **asdict(judgement),
        )


def decide(predicted: str, observed: str) -> Verdict:
    """Whether what was observed is what was predicted. Having seen nothing is never green."""
    if observed == "unknown":
        return "unknown"
    return "match" if observed == predicted else "surprise"


def environment(cluster: Cluster) -> Mapping[str, Any]:
    """On what it ran, as the engine and the containers say."""
    engine, driver = cluster.docker("info", "--format", "{{.ServerVersion}} {{.Driver}}").split()
    redis = cluster.compose("exec", "-T", "redis", "redis-server", "--version")
    return {
        "engine": engine,
        "compose": cluster.compose("version", "--short").strip(),
        "storage_driver": driver,
        "redis": redis.partition("v=")[2].split()[0],
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
    }
