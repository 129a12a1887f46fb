"""What the lab's command line understands."""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from chaos import predictions
from chaos.engine import ROOT
from chaos.faults import FAULTS
from chaos.placements import PLACEMENTS

FAILED = 3
EPILOG = "exit codes: 0 as predicted, 1 a surprise, 2 something unknown, 3 the lab itself failed"
LATEST = ROOT / "results" / "latest"


class _Parser(argparse.ArgumentParser):
    """Its usage errors are failures of the lab, not unknown results."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(FAILED, f"chaos: {message}\n")


def parser() -> argparse.ArgumentParser:
    lab = _Parser(
        prog="python -m chaos",
        description="Break the two services under load, and show which one lost what, and why.",
        epilog=EPILOG,
    )
    commands = lab.add_subparsers(required=True, metavar="COMMAND", dest="command")
    commands.add_parser("list", help="placements and faults")
    run = commands.add_parser("run", help="one fault on chosen placements", epilog=EPILOG)
    run.add_argument("fault", choices=FAULTS, metavar="FAULT", help=", ".join(FAULTS))
    run.add_argument(
        "--placement", action="append", choices=PLACEMENTS, metavar="P", help="(all) one or more"
    )
    demo = commands.add_parser(
        "demo", help="the pair x the headline faults, in about a minute", epilog=EPILOG
    )
    matrix = commands.add_parser("matrix", help="every fault x every placement, or a part", epilog=EPILOG)
    matrix.add_argument("--fault", action="append", choices=FAULTS, metavar="F", help="(all) one or more")
    matrix.add_argument(
        "--placement", action="append", choices=PLACEMENTS, metavar="P", help="(all) one or more"
    )
    report = commands.add_parser("report", help="HTML, Markdown and JUnit again from stored results")
    report.add_argument("folder", nargs="?", type=Path, default=LATEST, metavar="RESULTS", help="(latest)")
    report.add_argument("--findings", type=Path, metavar="FILE", help="also renew the matrix in this file")
    for measuring in (run, demo, matrix):
        measuring.add_argument("--json", action="store_true", help="the result file's content on stdout")
        measuring.add_argument("--results", type=Path, default=ROOT / "results", metavar="FOLDER")
        measuring.add_argument(
            "--predictions", type=Path, default=predictions.FILE, metavar="FILE", help=argparse.SUPPRESS
        )
    return lab
