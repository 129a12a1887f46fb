"""The lab's command line."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console

from chaos import predictions
from chaos.campaign import measure, write_reports
from chaos.engine import ClusterError
from chaos.faults import FAULTS, HEADLINES
from chaos.interrupt import interrupt_on_termination
from chaos.load import LoadError
from chaos.options import FAILED, parser
from chaos.placements import PAIR, PLACEMENTS
from chaos.predictions import PredictionError
from chaos.report import findings
from chaos.results import ResultsError
from loadtests.history import HistoryError

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    interrupt_on_termination()
    try:
        return _run(options)
    except (ClusterError, LoadError, PredictionError, ResultsError, HistoryError, OSError) as error:
        print(f"chaos: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("chaos: interrupted; what was broken is healed", file=sys.stderr)
        return INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    match options.command:
        case "list":
            return _list()
        case "report":
            return _report(options)
        case "run":
            return _measure([options.fault], options.placement or PLACEMENTS, options)
        case "demo":
            return _measure(HEADLINES, PAIR, options)
    return _measure(options.fault or FAULTS, options.placement or PLACEMENTS, options)


def _list() -> int:
    for title, rows in (
        ("placements", {p.name: p.says for p in PLACEMENTS.values()}),
        ("faults", {f.name: f.says for f in FAULTS.values()}),
    ):
        print(title)
        for name, says in rows.items():
            print(f"  {name:<19}{says}")
    return 0


def _report(options: argparse.Namespace) -> int:
    for path in write_reports(options.folder):
        print(os.path.relpath(path))
    if options.findings:
        print(os.path.relpath(findings.renew(options.findings, options.folder)))
    return 0


def _measure(faults: Iterable[str], placements: Iterable[str], options: argparse.Namespace) -> int:
    """Predict first, then measure."""
    faults, placements = list(faults), list(placements)
    expected = predictions.load(faults, placements, options.predictions)
    console = Console(stderr=options.json)
    if not console.is_terminal:
        console.width = 110
    matrix = measure(
        [FAULTS[name] for name in faults],
        [PLACEMENTS[name] for name in placements],
        expected,
        options.results,
        console,
    )
    if options.json:
        print(matrix.as_json())
    return matrix.exit_code


if __name__ == "__main__":
    sys.exit(main())
