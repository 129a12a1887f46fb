"""docs/performance.md, made from what was measured."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from loadtests.benchmark import plots
from loadtests.benchmark.goals import Goal, Line, Spread, judge
from loadtests.benchmark.measured import Measured
from loadtests.benchmark.reasons import missed
from loadtests.benchmark.subjects import SUBJECTS
from loadtests.benchmark.terminal import by_cpu, figure, per_second, spread

TEXT = Path(__file__).with_name("page.md")
QUIET_LOAD = 1.0
"""Load average before the run up to which a machine counts as idle."""
BUSY = """
**The machine was busy with something else when this began (load {:.1f}): throughput and its spread are rough;
processor time is disturbed less.**
"""


def write(measured: Measured, folder: Path) -> Path:
    """The page and its plots, in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    plots.draw(measured, folder)
    page = folder / "performance.md"
    page.write_text(render(measured))
    return page


def render(measured: Measured) -> str:
    """The page: the text of page.md with the tables in its places."""
    judged = judge(measured)
    met = sum(goal.met is True for goal in judged)
    return TEXT.read_text().format(
        started_at=measured.started_at,
        busy=BUSY.format(load) if (load := measured.environment["load_before"]) > QUIET_LOAD else "",
        minutes=f"{measured.seconds / 60:.1f}",
        machine="\n".join(_machine(measured)),
        summary=f"{met} of {len(judged)} goals met.",
        missed="".join(f"- {why}\n" for why in missed(judged, measured)),
        goals=_table(("measure", "goal", "measured", "spread", "by CPU", ""), _goals(judged)),
        services=_table(
            ("", "write", "read", "write, spread", "processor time of a write"), _services(measured)
        ),
        growth=_table(("items", "our Redis store", "Flask-Session", "ratio"), _growth(measured)),
        stores=_table(
            ("", "trips: write", "read", "health", "memory", "content", "as JSON"), _stores(measured)
        ),
        health=_table(("", "requests/s", "spread"), _health(measured)),
        **{name: measured.settings[name] for name in ("rounds", "seconds", "visitors", "threads")},
    )


def _machine(measured: Measured) -> Iterator[str]:
    for name, value in measured.environment.items():
        yield f"- {name.replace('_', ' ')}: {value}"


def _goals(judged: Sequence[Goal]) -> Iterator[Sequence[str]]:
    for goal in judged:
        verdict = goal.verdict if goal.met else f"**{goal.verdict.lower()}**"
        yield goal.measure, str(goal.wanted), figure(goal), spread(goal), by_cpu(goal), verdict


def _services(measured: Measured) -> Iterator[Sequence[str]]:
    for subject in SUBJECTS.values():
        write, read = (Line("services", work, subject.name) for work in ("write", "read"))
        cpu, rate = write.cpu_microseconds(measured), write.rate(measured)
        time = f"{cpu.median:.0f} us" if cpu else "-"
        yield subject.title, per_second(rate), per_second(read.rate(measured)), _range(rate), time


def _health(measured: Measured) -> Iterator[Sequence[str]]:
    for name in dict.fromkeys(run.subject for run in measured.runs if run.group == "health"):
        rate = Line("health", "health", name).rate(measured)
        yield SUBJECTS[name].title, per_second(rate), _range(rate)


def _growth(measured: Measured) -> Iterator[Sequence[str]]:
    for size in sorted({run.items for run in measured.runs if run.group == "growth"}):
        ours, theirs = (
            Line("growth", "write", name, size).rate(measured) for name in ("redis", "server_side")
        )
        times = f"{ours.median / theirs.median:.1f} x" if ours and theirs else "-"
        yield f"{size:,}", per_second(ours), per_second(theirs), times


def _stores(measured: Measured) -> Iterator[Sequence[str]]:
    for use in measured.stores:
        trips = [f"{use.round_trips[work]:g}" for work in ("write", "read", "health")]
        sizes = [f"{size} B" for size in (use.memory_bytes, use.content_bytes, use.json_bytes)]
        yield SUBJECTS[use.subject].title, *trips, *sizes


def _range(rate: Spread | None) -> str:
    return f"{rate.low:,.0f} - {rate.high:,.0f}" if rate else "-"


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
