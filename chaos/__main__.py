"""The lab's command line."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence

from rich.console import Console

from chaos import orphans, predictions
from chaos.campaign import measure, write_reports
from chaos.engine import ClusterError, Engine
from chaos.faults import FAULTS, HEADLINES
from chaos.interrupt import interrupt_on_termination
from chaos.ladder.command import ladder
from chaos.lessons.command import teach
from chaos.load import LoadError
from chaos.options import FAILED, parser
from chaos.placements import CONTROL, EVERY, PAIR, PLACEMENTS
from chaos.predictions import PredictionError
from chaos.report import findings
from chaos.results import ResultsError
from chaos.where.command import where
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
    except Exception:  # noqa: BLE001 - Python's own exit code for it is that of a surprise
        traceback.print_exc()
        return FAILED
    except KeyboardInterrupt:
        print("chaos: interrupted; what was broken is healed", file=sys.stderr)
        return INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    commands: Mapping[str, Callable[[], int]] = {
        "list": _list,
        "report": lambda: _report(options),
        "where": lambda: where(options.service, as_json=options.json),
        "orphans": lambda: orphans.command(options, Engine()),
        "lessons": lambda: teach(options.names, as_json=options.json, engine=Engine(), console=Console()),
        "ladder": lambda: ladder(
            options.writes, options.runs, as_json=options.json, engine=Engine(), console=Console()
        ),
        "run": lambda: _measure([options.fault], options.placement or PLACEMENTS, options),
        "demo": lambda: _measure(HEADLINES, PAIR, options),
        "matrix": lambda: _measure(options.fault or FAULTS, options.placement or PLACEMENTS, options),
    }
    return commands[options.command]()


def _list() -> int:
    for title, rows in (
        ("placements", {p.name: p.says for p in EVERY.values()}),
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
    faults, placements = list(dict.fromkeys(faults)), list(dict.fromkeys(placements))
    expected = dict(predictions.load(faults, placements, options.predictions))
    if (set(faults), set(placements)) == (set(FAULTS), set(PLACEMENTS)):
        expected |= predictions.load(["none"], [CONTROL.name], options.predictions)
        placements.append(CONTROL.name)
    console = Console(stderr=options.json)
    if not console.is_terminal:
        console.width = 116
    matrix = measure(
        [FAULTS[name] for name in faults],
        [EVERY[name] for name in placements],
        expected,
        options.results,
        console,
    )
    if options.json:
        print(matrix.as_json())
    return matrix.exit_code


if __name__ == "__main__":
    sys.exit(main())
