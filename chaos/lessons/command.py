"""`python -m chaos lessons`: what each lesson claims, what was done, what was seen, whether it holds."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from chaos.engine import Engine
from chaos.lessons import LESSONS
from chaos.lessons.course import course
from chaos.lessons.lesson import Outcome, exit_code

_WORDS = {
    "holds": ("holds", "green"),
    "fails": ("DOES NOT HOLD", "bold red"),
    "unobserved": ("could not be observed here", "bold yellow"),
}
CODES = "exit codes: 0 all hold, 1 one does not, 2 one could not be observed here, 3 the lab itself failed"


def add_options(commands: Any) -> None:
    """The subcommand, added to the lab's own."""
    lessons: argparse.ArgumentParser = commands.add_parser(
        "lessons", help="claims about layers, volumes and mounts, checked on real containers", epilog=CODES
    )
    lessons.add_argument("names", nargs="*", type=_known, metavar="NAME", help=f"(all) {', '.join(LESSONS)}")
    lessons.add_argument("--json", action="store_true", help="what was observed, as JSON on stdout")


def _known(name: str) -> str:
    """As `choices`, which would refuse no name at all: that means all of them."""
    if name not in LESSONS:
        raise argparse.ArgumentTypeError(f"there is no lesson {name}: choose from {', '.join(LESSONS)}")
    return name


def teach(names: Sequence[str], *, as_json: bool, engine: Engine, console: Console) -> int:
    """Check these, or all; print each when it is over; the exit code."""
    outcomes = []
    for outcome in course([LESSONS[name] for name in names or LESSONS], engine):
        outcomes.append(outcome)
        if not as_json:
            console.print(told(outcome), soft_wrap=True)
    if as_json:
        print(as_document(outcomes))
    else:
        console.print(summary(outcomes))
    return exit_code(outcomes)


def told(outcome: Outcome) -> Text:
    """One lesson, as a person reads it."""
    word, style = _WORDS[outcome.result]
    return Text.assemble(
        (outcome.name, "bold"), "  ", (word, style), f"  ({outcome.seconds:.1f} s)\n",
        f"  claim     {outcome.claim}\n",
        f"  done      {outcome.did}\n",
        f"  observed  {outcome.observation or outcome.reason}\n",
    )  # fmt: skip


def as_document(outcomes: Sequence[Outcome]) -> str:
    """What `--json` prints."""
    lessons = [outcome.as_json() for outcome in outcomes]
    return json.dumps({"schema": 1, "lessons": lessons, "summary": counts(outcomes)}, indent=1)


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    return {result: sum(outcome.result == result for outcome in outcomes) for result in _WORDS}


def summary(outcomes: Sequence[Outcome]) -> str:
    said = counts(outcomes)
    seconds = sum(one.seconds for one in outcomes)
    return (
        f"{said['holds']} of {len(outcomes)} hold, {said['fails']} do not, "
        f"{said['unobserved']} could not be observed, in {seconds:.0f} s"
    )
