"""The integrity of a run as text."""

from collections.abc import Mapping, Sequence

from loadtests.integrity import Tally

HEAD = (
    *("acknowledged", "verified", "lost", "updates", "doubled"),
    *("indeterminate", "stale", "sessions", "dropped"),
)


def render(tallies: Mapping[str, Tally], verdicts: Mapping[str, str] | None = None) -> str:
    """A line for each placement; with what was observed, where it was judged."""
    judged = verdicts or {}
    rows = [["placement", *HEAD, *["observed"] * bool(judged)]]
    for name, tally in tallies.items():
        rows.append([name, *map(str, numbers(tally)), *[judged.get(name, "")] * bool(judged)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(line(row, widths) for row in rows)


def numbers(tally: Tally) -> Sequence[int]:
    return (
        *(tally.acknowledged, tally.verified, tally.lost, tally.lost_updates, tally.doubled),
        *(tally.indeterminate, tally.stale, tally.sessions, tally.dropped),
    )


def line(row: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, numbers to the right."""
    name, *counts = (
        text.rjust(width) if 0 < column <= len(HEAD) else text.ljust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join((name, *counts)).rstrip()
