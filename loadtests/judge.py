"""`python -m loadtests.judge [FOLDER]`: what the newest run in a folder of histories shows, by placement."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos import verdict
from chaos.verdict import Judgement
from loadtests import integrity, recording, table
from loadtests.history import HistoryError, Operation
from loadtests.integrity import Ledgers, Tally

EXIT_CODES = (
    "exit codes: 0 all acknowledged data was verified; 1 some was lost or doubled (a lost write or update, a "
    "doubled write, a stale read, a dropped session); 2 of some placement nothing was verified; errors alone "
    "do not count"
)


@dataclass(frozen=True)
class Judged:
    """One placement: what its users counted, and the lab's verdict on the same history."""

    history: Sequence[Operation]
    tally: Tally
    judgement: Judgement


def judge(run: Path) -> Mapping[str, Judged]:
    """Each placement's merged history, judged like that of a single worker. Raises `HistoryError`."""
    return {name: _judge(operations) for name, operations in sorted(recording.merged(run).items())}


def _judge(operations: Sequence[Operation]) -> Judged:
    ledgers = Ledgers()
    for operation in operations:
        ledgers.take(operation)
    return Judged(operations, ledgers.tally, verdict.judge(operations))


def exit_code(judged: Mapping[str, Judged]) -> int:
    """As `integrity.exit_code`; the verdict, where it is stricter, has its say."""
    observed = {one.judgement.observed for one in judged.values()}
    code = integrity.exit_code(one.tally for one in judged.values())
    return code or (1 if observed - {"kept", "unknown"} else 2 if "unknown" in observed else 0)


def render(judged: Mapping[str, Judged]) -> str:
    """A line for each placement."""
    said = {name: " ".join((j.observed, j.reason and f"({j.reason})")) for name, j in _judgements(judged)}
    return table.render({name: one.tally for name, one in judged.items()}, said)


def _judgements(judged: Mapping[str, Judged]) -> list[tuple[str, Judgement]]:
    return [(name, one.judgement) for name, one in judged.items()]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtests.judge", description=__doc__, epilog=EXIT_CODES)
    default = Path(os.environ.get("LOADTEST_HISTORY", "results"))
    parser.add_argument("folder", nargs="?", type=Path, default=default, help=f"({default})")
    try:
        judged = judge(recording.latest(parser.parse_args().folder))
    except (HistoryError, OSError) as error:
        print(f"loadtests: {error}", file=sys.stderr)
        return 3
    print(render(judged))
    return exit_code(judged)


if __name__ == "__main__":
    sys.exit(main())
