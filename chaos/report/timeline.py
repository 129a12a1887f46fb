"""A history as a picture: when which instance answered, and how each operation ended.

Matplotlib computes the geometry. What it says about colours and fonts is dropped: every mark carries a
class, so the page's style sheet decides, light or dark, wide or narrow.
"""

import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from loadtests.history import Operation

WIDTH, HEAD, LANE, FOOT = 480, 30, 44, 16
LABEL, GAP = 15, 9
"""Of a lane: the room for its name, and for each outcome's row of marks below it."""
OUTCOMES = ("ok", "fail", "info")
NOBODY = ("", "")
MARKS = 960
"""At most so many in a row: two in the same place look like one and would only fill the file."""

_CLASSES = ("fault-phase", "phase", "edge", "lane", "tick", "grid", "end", *OUTCOMES)


def draw(history: Sequence[Operation]) -> str:
    """An SVG element to be put into a page; says nothing to those who cannot see it: `describe` does."""
    lanes = _lanes(history)
    start, end = _span(history)
    height = HEAD + LANE * len(lanes) + FOOT
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    figure.patch.set_visible(False)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_ylim(height, 0)
    margin = (end - start) / WIDTH * 6
    axes.set_xlim(-margin, end - start + margin)
    _draw_phases(axes, history, start, height - FOOT)
    _draw_seconds(axes, end - start, height)
    for number, lane in enumerate(lanes):
        _draw_lane(axes, HEAD + number * LANE, lane, [op for op in history if _instance(op) == lane], start)
    return _svg(figure)


def describe(history: Sequence[Operation]) -> str:
    """The same in words."""
    start, end = _span(history)
    outcomes = Counter[str](op.outcome for op in history)
    counts = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in OUTCOMES)
    phases = ", ".join(f"{phase} from {began - start:.1f} s" for phase, began in _phases(history))
    instances = len(set(map(_instance, history)) - {NOBODY})
    by = "1 instance" if instances == 1 else f"{instances} instances"
    return f"{len(history)} operations in {end - start:.1f} s, answered by {by}: {counts}; {phases}."


def _span(history: Sequence[Operation]) -> tuple[float, float]:
    start = min(op.invoked_at for op in history)
    return start, max(start + 0.1, *(op.completed_at for op in history))


def _instance(operation: Operation) -> tuple[str, str]:
    """Container and process that answered, from `service/container/process`."""
    _, container, process, *_ = (*(operation.served_by or "").split("/"), "", "", "")
    return container, process


def _lanes(history: Sequence[Operation]) -> Sequence[tuple[str, str]]:
    """In the order in which they first answered; where nobody did comes last, and is always there."""
    return [*(lane for lane in dict.fromkeys(map(_instance, history)) if lane != NOBODY), NOBODY]


def _phases(history: Iterable[Operation]) -> Sequence[tuple[str, float]]:
    """Each with the time of its first operation."""
    began: dict[str, float] = {}
    for op in history:
        began[op.phase] = min(op.invoked_at, began.get(op.phase, op.invoked_at))
    return sorted(began.items(), key=lambda phase: phase[1])


def _draw_phases(axes: Axes, history: Sequence[Operation], start: float, bottom: float) -> None:
    """Names on two levels, as a phase may be shorter than its name; the last one ends at the edge."""
    phases = _phases(history)
    _, end = _span(history)
    ends = [*(began for _, began in phases[1:]), end]
    for number, ((phase, began), ended) in enumerate(zip(phases, ends, strict=True)):
        left, right = began - start, ended - start
        if phase == "fault":
            axes.fill([left, right, right, left], [0, 0, bottom, bottom], gid="fault-phase")
        axes.plot([left, left], [0, bottom], gid="edge")
        last = number > 0 and ended == end
        x, gid = (right, "phase end") if last else (left, "phase")
        axes.text(x, 11 + 13 * (number % 2), f" {_plain(phase)} ", gid=gid)


def _draw_seconds(axes: Axes, seconds: float, height: float) -> None:
    for second in MaxNLocator(6).tick_values(0, seconds):
        if 0 <= second <= seconds:
            axes.plot([second, second], [HEAD, height - FOOT], gid="grid")
            axes.text(second, height - 4, f"{second:g} s", gid="tick")


def _draw_lane(
    axes: Axes, top: float, lane: tuple[str, str], history: Sequence[Operation], start: float
) -> None:
    """Its name, and below that a row of marks for each outcome."""
    left, right = axes.get_xlim()
    axes.plot([left, right], [top, top], gid="lane")
    axes.text(0, top + LABEL - 3, _name(lane), gid="lane")
    for number, outcome in enumerate(OUTCOMES):
        times = [op.completed_at - start for op in history if op.outcome == outcome]
        upper = top + LABEL + number * GAP
        _draw_marks(axes, times, (right - left) / MARKS, (upper, upper + GAP - 1), outcome)


def _draw_marks(
    axes: Axes, times: Iterable[float], step: float, ends: tuple[float, float], outcome: str
) -> None:
    """A stroke for each time, all in one path."""
    places = sorted({round(time / step) for time in times})
    if places:
        x = [x for place in places for x in (place * step, place * step, float("nan"))]
        axes.plot(x, [*ends, float("nan")] * len(places), gid=outcome)


def _name(lane: tuple[str, str]) -> str:
    container, process = map(_plain, lane)
    if lane == NOBODY:
        return "no instance answered"
    return f"container {container}" + (f", process {process}" if process else "")


def _plain(text: str) -> str:
    """Letters that every font has, and no markup of Matplotlib's: it came from a header or a file."""
    return re.sub(r"[^\w.-]", "?", text, flags=re.ASCII)[:24]


def _svg(figure: Figure) -> str:
    file = io.StringIO()
    with rc_context({"svg.fonttype": "none", "path.simplify": False}):
        figure.savefig(file, format="svg")
    _, _, body = file.getvalue().partition("</defs>")
    body = re.sub(r"<defs>.*?</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r' (?:style|transform|clip-path)="[^"]*"', "", body)
    body = re.sub(r' id="([^"]*)"', _class, body)
    body = re.sub(r' d="[^"]*"', lambda path: _rounded(path[0]), body)
    height = round(figure.get_figheight() * 72)
    return f'<svg class="timeline" viewBox="0 0 {WIDTH} {height}" aria-hidden="true">{body}'


def _class(identity: re.Match[str]) -> str:
    """Our names become classes; Matplotlib's own go, they would come again in the next picture."""
    return f' class="{identity[1]}"' if set(identity[1].split()) <= set(_CLASSES) else ""


def _rounded(path: str) -> str:
    return re.sub(r"\s*\n", "", re.sub(r"(\.\d)\d+", r"\1", path))
