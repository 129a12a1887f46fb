"""What the lab's command line understands."""

import argparse
import sys
from pathlib import Path
from typing import Any, NoReturn

from chaos import predictions
from chaos.engine import ROOT
from chaos.faults import FAULTS
from chaos.ladder import command as ladder
from chaos.lessons import command as lessons
from chaos.placements import EVERY, PLACEMENTS

FAILED = 3
EPILOG = "exit codes: 0 as predicted, 1 a surprise, 2 something unknown, 3 the lab itself failed"
AGREEMENT = (
    "exit codes: 0 all agree, 1 a disagreement, 2 something not known, 3 nothing is up or the lab failed"
)
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
        "--placement",
        action="append",
        choices=EVERY,
        metavar="P",
        help="may be repeated (all but the control)",
    )
    demo = commands.add_parser(
        "demo", help="the pair x the headline faults, in about a minute", epilog=EPILOG
    )
    matrix = commands.add_parser("matrix", help="every fault x every placement, or a part", epilog=EPILOG)
    matrix.add_argument("--fault", action="append", choices=FAULTS, metavar="F", help="may be repeated (all)")
    matrix.add_argument(
        "--placement", action="append", choices=PLACEMENTS, metavar="P", help="may be repeated (all)"
    )
    _add_orphans(commands)
    _add_where(commands)
    report = commands.add_parser("report", help="HTML, Markdown and JUnit again from stored results")
    report.add_argument("folder", nargs="?", type=Path, default=LATEST, metavar="RESULTS", help="(latest)")
    report.add_argument("--findings", type=Path, metavar="FILE", help="also renew the matrix in this file")
    for measuring in (run, demo, matrix):
        measuring.add_argument("--json", action="store_true", help="the result file's content on stdout")
        measuring.add_argument("--results", type=Path, default=ROOT / "results", metavar="FOLDER")
        measuring.add_argument(
            "--predictions", type=Path, default=predictions.FILE, metavar="FILE", help=argparse.SUPPRESS
        )
    lessons.add_options(commands)
    ladder.add_options(commands)
    return lab


def _add_orphans(commands: Any) -> None:
    orphans = commands.add_parser(
        "orphans",
        help="volumes that no container uses, with the sessions in them",
        description="This project's volumes that no container uses. They are only read.",
        epilog="exit codes: 0 all seen, 2 a volume could not be looked into, 3 the lab itself failed",
    )
    orphans.add_argument(
        "--recover", action="append", metavar="VOLUME", help="bring its sessions into a running service"
    )
    orphans.add_argument(
        "--into", metavar="SERVICE", help="(the one that left it, or else stateful) which one"
    )
    orphans.add_argument("--export", nargs=2, metavar=("VOLUME", "FILE"), help="write its sessions as JSON")
    orphans.add_argument("--json", action="store_true", help="the same as JSON on stdout")


def _add_where(commands: Any) -> None:
    where = commands.add_parser(
        "where", help="which layer, volume or mount holds the state of what is up", epilog=AGREEMENT
    )
    where.add_argument("service", nargs="*", metavar="SERVICE", help="(all) services or placements")
    where.add_argument("--json", action="store_true", help="what was found, on stdout")
