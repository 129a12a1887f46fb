"""What was measured -> what is shown: rung by blow, or run by rung. Pure."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chaos.ladder.judging import Cell, summary
from chaos.ladder.rungs import BLOWS, RUNGS

_STYLES = {"none": "green", "some": "yellow", "all": "red", "unknown": "bold yellow"}
_MARKS = {"surprise": " !", "unknown": " ?"}
_CAPTION = (
    "lost of acknowledged, in the milliseconds from the first lost to the last   ! a surprise   ? unknown"
)


def ladder(cells: Sequence[Cell], seconds: float) -> RenderableType:
    """Rung by blow, grouped by how deep a write is when it is acknowledged."""
    table = Table(title="the durability ladder", title_justify="left")
    for heading in ("acknowledged in", "rung", *BLOWS):
        table.add_column(heading, no_wrap=True)
    by_place = {(cell.rung, cell.blow): cell for cell in cells}
    names = list(dict.fromkeys(cell.rung for cell in cells))
    for name, following in zip(names, [*names[1:], None], strict=True):
        depth = RUNGS[name].depth
        row = [_cell(by_place[name, blow]) if (name, blow) in by_place else Text() for blow in BLOWS]
        last = following is None or RUNGS[following].depth != depth
        table.add_row(depth, name, *row, end_section=last)
    return Group(
        table, Text(_CAPTION, style="italic"), *_says(names), *_alarms(cells), _summary(cells, seconds)
    )


def runs(measured: Sequence[Sequence[Cell]], seconds: float) -> RenderableType:
    """Power cut by power cut, and what they come to."""
    names = [cell.rung for cell in measured[0]] if measured else []
    table = Table(title="power cuts", title_justify="left", show_footer=True)
    table.add_column("run", justify="right")
    for number, name in enumerate(names):
        table.add_column(name, footer=worst([cells[number] for cells in measured]), no_wrap=True)
    for run, cells in enumerate(measured, start=1):
        table.add_row(str(run), *map(_cell, cells))
    every = [cell for cells in measured for cell in cells]
    return Group(
        table, Text(_CAPTION, style="italic"), *_says(names), *_alarms(every), _summary(every, seconds)
    )


def worst(cells: Sequence[Cell]) -> str:
    """In how many runs something was lost, and the most of it."""
    known = [cell for cell in cells if cell.observed != "unknown"]
    if not known:
        return "not known"
    lost = [cell for cell in known if cell.lost]
    told = f"some in {len(lost)} of {len(known)}"
    if not lost:
        return told
    most, longest = max(cell.lost for cell in lost), max(cell.milliseconds for cell in lost)
    return f"{told}\nat most {most:,}, {longest:,.0f} ms"


def _cell(cell: Cell) -> Text:
    if cell.verdict == "skipped":
        return Text("skipped", style="dim")
    if cell.verdict == "unknown":
        return Text("unknown ?", style=_STYLES["unknown"])
    spent = f", {cell.milliseconds:,.0f} ms" if cell.lost else ""
    text = f"{cell.lost:,} of {cell.acknowledged:,}{spent}{_MARKS.get(cell.verdict, '')}"
    return Text(text, style=_STYLES[cell.observed])


def _says(names: Sequence[str]) -> list[Text]:
    wide = max(map(len, names), default=0)
    return [Text(f"{name:<{wide}}  {RUNGS[name].says}", style="dim") for name in names]


def _alarms(cells: Sequence[Cell]) -> list[Text]:
    """A line for each that is not as predicted; a reason to skip is told once."""
    lines = []
    for cell in cells:
        where = f"{cell.rung}, {cell.blow}"
        if cell.verdict == "surprise":
            seen = f"lost {cell.lost} of {cell.acknowledged}, of {cell.milliseconds:.0f} ms"
            said = f"{where}: predicted {cell.predicted} ({cell.why}); {seen}"
            lines.append(Text.assemble(("SURPRISE ", "bold red"), f"{said} {cell.reason}".rstrip()))
        if cell.verdict == "unknown":
            lines.append(Text.assemble(("UNKNOWN ", "bold yellow"), f"{where}: {cell.reason}"))
    reasons = dict.fromkeys((cell.blow, cell.reason) for cell in cells if cell.verdict == "skipped")
    return [*lines, *(Text.assemble(("skipped ", "bold"), f"{blow}: {why}") for blow, why in reasons)]


def _summary(cells: Sequence[Cell], seconds: float) -> Text:
    count = summary(cells)
    measured = len(cells) - count["skipped"]
    return Text(
        f"{count['match']} of {measured} as predicted, {count['surprise']} surprises, "
        f"{count['unknown']} unknown, {count['skipped']} skipped, in {seconds:.0f} s"
    )
