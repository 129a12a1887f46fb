"""Results as a table, with the cause of every loss below it. Made from results alone."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos.results import Cell, Matrix

_STYLES = {
    "kept": "green",
    "lost": "red",
    "partly": "yellow",
    "split": "magenta",
    "orphaned": "blue",
    "unavailable": "yellow",
    "unknown": "dim",
}


def show(matrix: Matrix, console: Console) -> None:
    """Print the table and what explains it."""
    wide = len({cell.placement for cell in matrix.cells}) > 3
    console.print(_grid(matrix) if wide else _table(matrix))
    for cell in matrix.cells:
        if cell.verdict in {"surprise", "unknown"}:
            console.print(_alarm(cell), soft_wrap=True)
    for cell in matrix.cells:
        if cell.cause:
            console.print(
                Text.assemble((f"{cell.fault} x {cell.placement}: ", "bold"), cell.cause), soft_wrap=True
            )
    console.print(_summary(matrix))


def _table(matrix: Matrix) -> Table:
    table = Table(
        caption="writes of sessions opened before the fault; unavailable: longest time without any answer"
    )
    for heading in ("fault", "placement", "observed"):
        table.add_column(heading)
    for heading in ("acknowledged", "lost", "unavailable"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for number, cell in enumerate(matrix.cells):
        last = number + 1 == len(matrix.cells) or matrix.cells[number + 1].fault != cell.fault
        first = number == 0 or matrix.cells[number - 1].fault != cell.fault
        table.add_row(
            cell.fault if first else "",
            cell.placement,
            Text(_observed(cell), style=_STYLES.get(cell.observed, "dim")),
            str(cell.acknowledged),
            str(cell.lost),
            f"{cell.unavailable_seconds:.2f} s",
            _verdict(cell),
            end_section=last,
        )
    return table


def _grid(matrix: Matrix) -> Table:
    """Fault x placement in a word each: for more placements than a list can show."""
    placements = list(dict.fromkeys(cell.placement for cell in matrix.cells))
    table = Table(
        caption="! a surprise   ? unknown   - not applicable", box=None, pad_edge=False, collapse_padding=True
    )
    for heading in ("fault", *(name.replace("redis-", "r-") for name in placements)):
        table.add_column(heading, no_wrap=True)
    for fault in dict.fromkeys(cell.fault for cell in matrix.cells):
        row = {cell.placement: cell for cell in matrix.cells if cell.fault == fault}
        table.add_row(fault, *(_word(row[name]) if name in row else "" for name in placements))
    return table


def _word(cell: Cell) -> Text:
    if cell.verdict == "skipped":
        return Text("-", style="dim")
    if cell.verdict == "unknown":
        return Text("?", style="bold yellow")
    mark = "!" if cell.verdict == "surprise" else ""
    return Text(f"{cell.observed}{mark}", style=_STYLES.get(cell.observed, "dim"))


def _observed(cell: Cell) -> str:
    if cell.observed == "split":
        return f"split ({cell.split_sessions} of {cell.sessions} sessions)"
    return cell.observed


def _verdict(cell: Cell) -> Text:
    match cell.verdict:
        case "match":
            return Text("as predicted")
        case "surprise":
            return Text("SURPRISE", style="bold red")
        case "unknown":
            return Text("UNKNOWN", style="bold yellow")
    return Text("skipped", style="dim")


def _alarm(cell: Cell) -> Text:
    word = "SURPRISE" if cell.verdict == "surprise" else "UNKNOWN"
    detail = f"predicted {cell.predicted} ({cell.why}), observed {cell.observed}. {cell.reason}"
    return Text.assemble((f"{word} {cell.fault} x {cell.placement}: ", "bold red"), detail.rstrip())


def _summary(matrix: Matrix) -> str:
    counts = matrix.summary
    measured = len(matrix.cells) - counts["skipped"]
    return (
        f"{counts['match']} of {measured} as predicted, {counts['surprise']} surprises, "
        f"{counts['unknown']} unknown, {counts['skipped']} skipped, in {matrix.seconds:.0f} s"
    )
