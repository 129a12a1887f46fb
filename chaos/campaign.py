"""Fault after fault on a cluster: progress told, results stored as they come, reports at the end."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.status import Status

from chaos import results
from chaos.cluster import Cluster
from chaos.environment import environment
from chaos.experiment import Experiment, suited_to
from chaos.faults import Fault
from chaos.interrupt import deferred
from chaos.placements import PAIR, Placement
from chaos.predictions import Predictions
from chaos.report import terminal
from chaos.results import Cell, Matrix


def measure(
    faults: Sequence[Fault],
    placements: Sequence[Placement],
    expected: Predictions,
    home: Path,
    console: Console,
) -> Matrix:
    """Bring the placements up, break them fault by fault, show what was seen, store it below `home`."""
    cluster = Cluster(placements=placements)
    with _brought_up(cluster, console):
        folder, began = results.begin(home), time.monotonic()
        matrix = Matrix(datetime.now(UTC).isoformat(timespec="seconds"), environment(cluster))
        experiment = Experiment(cluster, expected, folder, *suited_to(len(placements)))
        for fault in faults:
            cells = (*matrix.cells, *_experiment(experiment, fault, console))
            matrix = replace(matrix, cells=cells, seconds=round(time.monotonic() - began, 1))
            results.save(matrix, folder)
        results.publish(folder)
    cluster.remove_volumes(_left_behind(matrix))
    write_reports(folder)
    _show(matrix, folder, cluster, console)
    return matrix


def write_reports(folder: Path) -> list[Path]:
    """The reports of a run, from its result files."""
    from chaos.report import files  # noqa: PLC0415 - Matplotlib takes a while to import

    return files.write_all(folder)


def _left_behind(matrix: Matrix) -> set[str]:
    """The anonymous volumes of containers that this run has seen."""
    mounts = (
        mount.split()
        for cell in matrix.cells
        for instances in cell.proof.values()
        for instance in instances
        for mount in instance["mounts"]
    )
    return {name for kind, name, *_ in mounts if kind == "volume" and len(name) == 64}


@contextmanager
def _brought_up(cluster: Cluster, console: Console) -> Iterator[None]:
    """The cluster, up and ready; what does not belong to the pair is removed afterwards."""
    began = time.monotonic()
    with console.status("building the services' images (a minute at first, a second afterwards)"):
        cluster.build()
    try:
        with console.status("bringing the placements up"):
            cluster.up()
        console.print(f"up at {cluster.url()}/ after {time.monotonic() - began:.1f} s")
        yield
    finally:
        with deferred():
            cluster.remove(p for p in cluster.placements if p.name not in PAIR)


def _show(matrix: Matrix, folder: Path, cluster: Cluster, console: Console) -> None:
    terminal.show(matrix, console)
    path = os.path.relpath(folder)
    console.print(f"The pair is up and healthy: open {cluster.url()}/", soft_wrap=True)
    console.print(f"Report: {path}/report.html; numbers and proof: {path}/matrix.json", soft_wrap=True)


def _experiment(experiment: Experiment, fault: Fault, console: Console) -> list[Cell]:
    began = time.monotonic()
    with console.status(fault.name) as status:
        cells = experiment.run(fault, _Steps(status, fault))
    verdicts = ", ".join(f"{c.placement} {c.observed}" for c in cells if c.verdict != "skipped")
    surprises = sum(c.verdict == "surprise" for c in cells)
    alarm = f"  {surprises} SURPRISES" if surprises else ""
    console.print(f"{fault.name:<18}{time.monotonic() - began:5.1f} s  {verdicts}{alarm}", soft_wrap=True)
    return cells


class _Steps:
    """Progress, as one changing line on a terminal."""

    def __init__(self, status: Status, fault: Fault) -> None:
        self._status = status
        self._fault = fault

    def step(self, text: str) -> None:
        self._status.update(f"{self._fault.name} ({self._fault.says}): {text}")
