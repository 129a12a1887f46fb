"""The plots of docs/performance.md."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from loadtests.benchmark.goals import Line, Spread
from loadtests.benchmark.measured import Measured, Work
from loadtests.benchmark.subjects import SUBJECTS

OURS, THEIRS = "#1f6feb", "#8c959f"
SERVICES, GROWTH = "performance-services.svg", "performance-growth.svg"
_REPRODUCIBLE: Any = {"svg.hashsalt": "sessionlab", "svg.fonttype": "none", "font.family": "sans-serif"}


def draw(measured: Measured, folder: Path) -> None:
    """Write both into the folder; the same files for the same measurement."""
    with mpl.rc_context(_REPRODUCIBLE):
        for name, figure in ((SERVICES, services(measured)), (GROWTH, growth(measured))):
            figure.savefig(folder / name, metadata={"Date": None})


def services(measured: Measured) -> Figure:
    """Requests per second of every subject, writes beside reads."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _bars(left, measured, "write")
    _bars(right, measured, "read")
    return figure


def _bars(axes: Any, measured: Measured, work: Work) -> None:
    rates = {name: Line("services", work, name).rate(measured) for name in reversed(SUBJECTS)}
    known = {name: rate for name, rate in rates.items() if rate}
    axes.barh(
        [SUBJECTS[name].title for name in known],
        [rate.median for rate in known.values()],
        xerr=_bounds(list(known.values())),
        color=[OURS if SUBJECTS[name].ours else THEIRS for name in known],
        error_kw={"capsize": 3, "elinewidth": 1},
    )
    axes.set_title(f"{work}s of a session with 10 items", fontsize=10)
    axes.set_xlabel("requests/s on one core")


def growth(measured: Measured) -> Figure:
    """Requests per second over the session's size."""
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes: Any = figure.subplots()
    sizes = sorted({run.items for run in measured.runs if run.group == "growth"})
    for name, colour in (("redis", OURS), ("server_side", THEIRS)):
        rates = {size: Line("growth", "write", name, size).rate(measured) for size in sizes}
        known = {size: rate for size, rate in rates.items() if rate}
        axes.errorbar(
            list(known),
            [rate.median for rate in known.values()],
            yerr=_bounds(list(known.values())),
            label=SUBJECTS[name].title,
            color=colour,
            marker="o",
            capsize=3,
        )
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes], minor=False)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("items in the session")
    axes.set_ylabel("writes/s on one core")
    axes.legend()
    return figure


def _bounds(spreads: list[Spread]) -> list[list[float]]:
    """How far below and above the median, as Matplotlib wants it."""
    return [[s.median - s.low for s in spreads], [s.high - s.median for s in spreads]]
