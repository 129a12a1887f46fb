"""`python -m chaos ladder`: what each failure takes of what was acknowledged, by how deep it was."""

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from chaos.engine import Engine
from chaos.ladder import drawing
from chaos.ladder.climb import climb, cuts
from chaos.ladder.ground import RATE
from chaos.ladder.judging import Cell, exit_code, summary
from chaos.ladder.rungs import REPEATED, RUNGS

CODES = "exit codes: 0 as predicted, 1 a surprise, 2 something unknown, 3 the lab itself failed"
WRITES = 300
WIDTH = 110


def add_options(commands: Any) -> None:
    """The subcommand, added to the lab's own."""
    ladder: argparse.ArgumentParser = commands.add_parser(
        "ladder", help="what a kill and a power cut take of buffered, cached and synced writes", epilog=CODES
    )
    ladder.add_argument(
        "--writes", type=_positive, default=WRITES, metavar="N", help=f"({WRITES}) acknowledged before each"
    )
    ladder.add_argument(
        "--runs", type=_positive, metavar="N", help=f"only power cuts, so often, of {', '.join(REPEATED)}"
    )
    ladder.add_argument("--json", action="store_true", help="what was measured, on stdout")


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 on")
    return int(text)


def ladder(writes: int, runs: int | None, *, as_json: bool, engine: Engine, console: Console) -> int:
    """Measure, show, and judge; the exit code. Raises `ClusterError`."""
    began = time.monotonic()
    if not console.is_terminal:
        console.width = WIDTH
    with Console(stderr=True).status("climbing"):
        if runs:
            measured = list(cuts(engine, [RUNGS[name] for name in REPEATED], writes, runs))
        else:
            measured = list(climb(engine, list(RUNGS.values()), writes))
    seconds = time.monotonic() - began
    every = [cell for cells in measured for cell in cells]
    if as_json:
        print(as_document(measured, writes, seconds))
    else:
        console.print(drawing.runs(measured, seconds) if runs else drawing.ladder(every, seconds))
    return exit_code(every)


def as_document(measured: Sequence[Sequence[Cell]], writes: int, seconds: float) -> str:
    """What `--json` prints. `run` tells the cells of one blow to several rungs from those of the next."""
    cells = [{"run": run, **cell.as_json()} for run, at in enumerate(measured, start=1) for cell in at]
    counts = summary([cell for at in measured for cell in at])
    told = {"schema": 1, "writes": writes, "rate": RATE, "seconds": round(seconds, 1)}
    return json.dumps({**told, "cells": cells, "summary": counts}, indent=1)
