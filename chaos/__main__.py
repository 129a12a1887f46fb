"""The lab's command line."""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.status import Status

from chaos import predictions, results
from chaos.cluster import ROOT, Cluster, ClusterError
from chaos.environment import environment
from chaos.experiment import Experiment, suited_to
from chaos.faults import FAULTS, HEADLINES, Fault
from chaos.interrupt import deferred, interrupt_on_termination
from chaos.load import LoadError
from chaos.placements import PAIR, PLACEMENTS, Placement
from chaos.predictions import PredictionError
from chaos.report import terminal
from chaos.results import Cell, Matrix, ResultsError
from loadtests.history import HistoryError

FAILED = 3
INTERRUPTED = 130
EPILOG = "exit codes: 0 as predicted, 1 a surprise, 2 something unknown, 3 the lab itself failed"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    interrupt_on_termination()
    try:
        code: int = options.command(options)
    except (ClusterError, LoadError, PredictionError, ResultsError, HistoryError, OSError) as error:
        print(f"chaos: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("chaos: interrupted; what was broken is healed", file=sys.stderr)
        return INTERRUPTED
    return code


def _list(_: argparse.Namespace) -> int:
    for title, rows in (
        ("placements", {p.name: p.says for p in PLACEMENTS.values()}),
        ("faults", {f.name: f.says for f in FAULTS.values()}),
    ):
        print(title)
        for name, says in rows.items():
            print(f"  {name:<19}{says}")
    return 0


def _run(options: argparse.Namespace) -> int:
    placements = [PLACEMENTS[name] for name in options.placement or PLACEMENTS]
    return _measure([FAULTS[options.fault]], placements, options)


def _demo(options: argparse.Namespace) -> int:
    return _measure([FAULTS[name] for name in HEADLINES], [PLACEMENTS[name] for name in PAIR], options)


def _matrix(options: argparse.Namespace) -> int:
    return _measure(
        [FAULTS[name] for name in options.fault or FAULTS],
        [PLACEMENTS[name] for name in options.placement or PLACEMENTS],
        options,
    )


def _report(options: argparse.Namespace) -> int:
    for path in _write_reports(options.folder):
        print(os.path.relpath(path))
    return 0


def _write_reports(folder: Path) -> list[Path]:
    from chaos.report import files  # noqa: PLC0415 - Matplotlib takes a while to import

    return files.write_all(folder)


def _measure(faults: Sequence[Fault], placements: Sequence[Placement], options: argparse.Namespace) -> int:
    """Predict, bring the placements up, break them fault by fault, show and store what was seen."""
    console = _console(options)
    expected = predictions.load([f.name for f in faults], [p.name for p in placements], options.predictions)
    cluster = Cluster(placements=placements)
    with _brought_up(cluster, console):
        folder, began = results.begin(options.results), time.monotonic()
        matrix = Matrix(datetime.now(UTC).isoformat(timespec="seconds"), environment(cluster))
        experiment = Experiment(cluster, expected, folder, *suited_to(len(placements)))
        for fault in faults:
            cells = (*matrix.cells, *_experiment(experiment, fault, console))
            matrix = replace(matrix, cells=cells, seconds=round(time.monotonic() - began, 1))
            results.save(matrix, folder)
        results.publish(folder)
    _write_reports(folder)
    _show(matrix, folder, cluster, console)
    if options.json:
        print(matrix.as_json())
    return matrix.exit_code


@contextmanager
def _brought_up(cluster: Cluster, console: Console) -> Iterator[None]:
    """The cluster, up and ready; what does not belong to the pair is removed afterwards."""
    began = time.monotonic()
    with console.status("building the services' images (a minute at first, a second afterwards)"):
        cluster.build()
    with console.status("bringing the placements up"):
        cluster.up()
    console.print(f"up at {cluster.url()}/ after {time.monotonic() - began:.1f} s")
    try:
        yield
    finally:
        with deferred():
            cluster.remove(p for p in cluster.placements if p.name not in PAIR)


def _show(matrix: Matrix, folder: Path, cluster: Cluster, console: Console) -> None:
    terminal.show(matrix, console)
    path = os.path.relpath(folder)
    console.print(f"The pair is up and healthy: open {cluster.url()}/", soft_wrap=True)
    console.print(f"Report: {path}/report.html; numbers and proof: {path}/matrix.json", soft_wrap=True)


def _console(options: argparse.Namespace) -> Console:
    """Where progress and tables go; wide enough for the table where there is no terminal."""
    console = Console(stderr=options.json)
    if not console.is_terminal:
        console.width = 110
    return console


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


class _Parser(argparse.ArgumentParser):
    """Its usage errors are failures of the lab, not unknown results."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(FAILED, f"chaos: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m chaos",
        description="Break the two services under load, and show which one lost what, and why.",
        epilog=EPILOG,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("list", help="placements and faults").set_defaults(command=_list)
    run = commands.add_parser("run", help="one fault on chosen placements", epilog=EPILOG)
    run.add_argument("fault", choices=FAULTS, metavar="FAULT", help=", ".join(FAULTS))
    run.add_argument(
        "--placement", action="append", choices=PLACEMENTS, metavar="P", help="(all) one or more"
    )
    run.set_defaults(command=_run)
    demo = commands.add_parser(
        "demo", help="the pair x the headline faults, in about a minute", epilog=EPILOG
    )
    demo.set_defaults(command=_demo)
    matrix = commands.add_parser("matrix", help="every fault x every placement, or a part", epilog=EPILOG)
    matrix.add_argument("--fault", action="append", choices=FAULTS, metavar="F", help="(all) one or more")
    matrix.add_argument(
        "--placement", action="append", choices=PLACEMENTS, metavar="P", help="(all) one or more"
    )
    matrix.set_defaults(command=_matrix)
    report = commands.add_parser("report", help="HTML, Markdown and JUnit again from stored results")
    latest = ROOT / "results" / "latest"
    report.add_argument("folder", nargs="?", type=Path, default=latest, metavar="RESULTS", help="(latest)")
    report.set_defaults(command=_report)
    for measuring in (run, demo, matrix):
        measuring.add_argument("--json", action="store_true", help="the result file's content on stdout")
        measuring.add_argument("--results", type=Path, default=ROOT / "results", metavar="FOLDER")
        measuring.add_argument(
            "--predictions", type=Path, default=predictions.FILE, metavar="FILE", help=argparse.SUPPRESS
        )
    return parser


if __name__ == "__main__":
    sys.exit(main())
