"""`python -m loadtests.benchmark`: the command line."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from chaos import interrupt, results
from loadtests.benchmark import measured as measuring
from loadtests.benchmark import page, reasons, terminal
from loadtests.benchmark.bench import FULL, QUICK, bench
from loadtests.benchmark.error import BenchmarkError
from loadtests.benchmark.goals import judge
from loadtests.benchmark.measured import Measured
from loadtests.benchmark.servers import ROOT

FAILED, INTERRUPTED = 3, 130
WIDTH = 110
DESCRIPTION = "Race the services against what people would pick instead, and judge the goals."
EPILOG = (
    "Run `make bench` once: it installs the peers and wrk. Takes two cores for about eight minutes. "
    "Exit codes: 0 measured, 3 could not be measured, or an answer was wrong (then nothing is written)."
)


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="python -m loadtests.benchmark", description=DESCRIPTION, epilog=EPILOG
    )
    options.add_argument(
        "--quick",
        action="store_true",
        help="rounds of a moment, to see that it works: figures that mean nothing, kept only where you say",
    )
    options.add_argument(
        "--again", type=Path, metavar="FILE", help="measure nothing: tables and page from this bench.json"
    )
    options.add_argument(
        "--results", type=Path, metavar="FOLDER", help="(results) bench.json goes beside its newest run"
    )
    options.add_argument(
        "--docs", type=Path, metavar="FOLDER", help="(docs) where performance.md and its plots go"
    )
    return options


def main() -> int:
    """The exit code."""
    chosen = parser().parse_args()
    interrupt.interrupt_on_termination()
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    try:
        measured = measuring.load(chosen.again) if chosen.again else _measure(chosen)
    except BenchmarkError as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("benchmark: interrupted, nothing is kept", file=sys.stderr)
        return INTERRUPTED
    show(measured, console)
    if docs := chosen.docs or (None if chosen.quick else ROOT / "docs"):
        print(f"Page: {page.write(measured, docs)}")
    return 0


def _measure(chosen: argparse.Namespace) -> Measured:
    measured = bench(QUICK if chosen.quick else FULL, lambda text: print(text, flush=True))
    if home := chosen.results or (None if chosen.quick else ROOT / "results"):
        print(f"Result: {keep(measured, home)}")
    return measured


def keep(measured: Measured, home: Path) -> Path:
    """Write `bench.json` beside the newest run of the lab; where there is none, in a new folder."""
    latest = home / "latest"
    folder = latest.resolve() if latest.is_dir() else results.begin(home)
    path = folder / "bench.json"
    measuring.save(measured, path, [goal.as_json() for goal in judge(measured)])
    if not latest.is_dir():
        results.publish(folder)
    return path


def show(measured: Measured, console: Console) -> None:
    goals = judge(measured)
    console.print(terminal.rates(measured))
    console.print(terminal.goals(goals))
    met = sum(goal.met is True for goal in goals)
    console.print(f"{met} of {len(goals)} goals met, in {measured.seconds:.0f} s")
    for why in reasons.missed(goals, measured):
        console.print(f"- {why}", highlight=False)


if __name__ == "__main__":
    raise SystemExit(main())
