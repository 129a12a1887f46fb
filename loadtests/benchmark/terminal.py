"""What `make bench` prints at the end."""

from collections.abc import Sequence

from rich.table import Table

from loadtests.benchmark.goals import Goal, Line, Spread
from loadtests.benchmark.measured import Measured
from loadtests.benchmark.subjects import SUBJECTS

_STYLE = {"met": "green", "NOT MET": "bold red", "not measured": "yellow"}


def goals(judged: Sequence[Goal]) -> Table:
    """The ratio table, with the goals beside the figures."""
    table = Table("measure", title="median of the rounds; spread: least and most of any round")
    for name in ("goal", "measured", "spread", "by CPU"):
        table.add_column(name, justify="right")
    table.add_column("")
    for goal in judged:
        verdict = f"[{_STYLE[goal.verdict]}]{goal.verdict}[/]"
        table.add_row(goal.measure, str(goal.wanted), figure(goal), spread(goal), by_cpu(goal), verdict)
    return table


def rates(measured: Measured) -> Table:
    """Requests per second, and the processor time of a write."""
    table = Table("subject", title="requests/s on one core, 10 items; not to be compared with other runs")
    for name in ("write", "read", "processor time of a write"):
        table.add_column(name, justify="right")
    for subject in SUBJECTS.values():
        write, read = (Line("services", work, subject.name) for work in ("write", "read"))
        cpu = write.cpu_microseconds(measured)
        table.add_row(
            subject.title,
            per_second(write.rate(measured)),
            per_second(read.rate(measured)),
            f"{cpu.median:.0f} us" if cpu else "-",
        )
    return table


def figure(goal: Goal) -> str:
    """The median, in the goal's unit."""
    return f"{_short(goal.value.median)} {goal.wanted.unit}".strip() if goal.value else "-"


def spread(goal: Goal) -> str:
    """From the least to the most; nothing where there was one measurement."""
    value = goal.value
    return f"{value.low:.2f} - {value.high:.2f}" if value and value.low < value.high else ""


def by_cpu(goal: Goal) -> str:
    return f"{goal.by_cpu.median:.2f}" if goal.by_cpu else ""


def _short(value: float) -> str:
    """Three decimals, so that what just misses a goal does not look like meeting it."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def per_second(rate: Spread | None) -> str:
    return f"{rate.median:,.0f}" if rate else "-"
