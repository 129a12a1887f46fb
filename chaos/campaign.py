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
from chaos.disk.disks import Disks
from chaos.environment import environment
from chaos.experiment import Experiment, suited_to
from chaos.faults import Fault
from chaos.interrupt import deferred
from chaos.line import Line
from chaos.load import Load
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
    intensity, steady = suited_to(len(placements))
    with _brought_up(cluster, console):
        folder, began = results.begin(home), time.monotonic()
        matrix = Matrix(datetime.now(UTC).isoformat(timespec="seconds"), environment(cluster))
        names = [placement.name for placement in placements]
        try:
            with (
                Line(cluster.url()) as line,
                Load(cluster.url(), names, folder / "locust.log", intensity, line.url) as load,
            ):
                experiment = Experiment(replace(cluster, line=line), expected, folder, load, steady)
                for number, fault in enumerate(faults, 1):
                    title = f"[{number}/{len(faults)}] {fault.name}"
                    cells = (*matrix.cells, *_experiment(experiment, fault, matrix, title, console))
                    matrix = replace(matrix, cells=cells, seconds=round(time.monotonic() - began, 1))
                    results.save(matrix, folder)
        finally:  # also of a run that was cut short
            with deferred():
                cluster.remove_volumes(_left_behind(matrix))
                if matrix.cells:
                    write_reports(folder)
    if matrix.measured:
        results.publish(folder)
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
        for moment, instances in cell.proof.items()
        if moment != "findings"
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
            Disks(cluster).clear_left()
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


def _experiment(
    experiment: Experiment, fault: Fault, before: Matrix, title: str, console: Console
) -> list[Cell]:
    began = time.monotonic()
    with console.status(title) as status:
        cells = experiment.run(fault, _Steps(status, f"{_so_far(before)}{title} ({fault.says})"))
    verdicts = ", ".join(f"{c.placement} {c.observed}" for c in cells if c.verdict != "skipped")
    surprises = sum(c.verdict == "surprise" for c in cells)
    alarm = f"  {surprises} SURPRISES" if surprises else ""
    seconds = time.monotonic() - began
    told = verdicts or f"not measured: {cells[0].reason}"
    console.print(f"{fault.name:<18}{seconds:5.1f} s  {told}{alarm}", soft_wrap=True, highlight=False)
    return cells


def _so_far(matrix: Matrix) -> str:
    """How much is measured, and whether anything was surprising."""
    if not matrix.cells:
        return ""
    done = len(matrix.cells) - matrix.summary["skipped"]
    return f"{done} cells, {matrix.summary['surprise']} surprises, {matrix.seconds:.0f} s; "


class _Steps:
    """Progress, as one changing line on a terminal."""

    def __init__(self, status: Status, title: str) -> None:
        self._status = status
        self._title = title

    def step(self, text: str) -> None:
        self._status.update(f"{self._title}: {text}")
