"""Results as Markdown for a pull request: short enough for a comment, whatever the matrix's size."""

import re
from collections.abc import Iterable, Sequence

from chaos.report import grid
from chaos.report.grid import Grid
from chaos.results import Cell, Matrix

LIMIT = 60_000
"""Characters; GitHub refuses a comment of more than 65,536."""


def render(matrix: Matrix) -> str:
    seen = grid.grid(matrix)
    parts = [f"### sessionlab\n\n**{plain(grid.summary(matrix))}**", _environment(matrix)]
    if seen.faults:
        parts += [_table(seen), _legend(seen)]
    parts += _list("Not as predicted", map(_alarm, grid.alarms(matrix)))
    room = LIMIT - sum(map(len, parts))
    causes = [_cause(cell) for cell in matrix.cells if cell.cause]
    parts += _list("Causes", _within(room, causes), folded=True)
    return "\n\n".join(parts) + "\n"


def plain(text: object) -> str:
    """As text alone, on one line: what results say is never markup."""
    line = " ".join(str(text).split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~#])", r"\\\1", line)


def _environment(matrix: Matrix) -> str:
    facts = ", ".join(
        f"{plain(name.replace('_', ' '))} {plain(value)}" for name, value in matrix.environment.items()
    )
    return f"{plain(matrix.started_at)}; {facts}" if facts else plain(matrix.started_at)


def _table(seen: Grid) -> str:
    head = ["fault", *map(plain, seen.placements)]
    rows = [[plain(fault), *map(_found, seen.row(fault))] for fault in seen.faults]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _found(cell: Cell | None) -> str:
    """One word, with numbers where something is missing, and an alarm where it was not predicted."""
    if cell is None:
        return ""
    word = plain(grid.word(cell))
    if cell.lost:
        word += f" {cell.lost}/{cell.acknowledged}"
    match cell.verdict:
        case "surprise":
            return f"❗ **{word}** (predicted {plain(cell.predicted)})"
        case "unknown":
            return f"❓ **{word}**"
        case "skipped":
            return grid.letter(cell)
    return word


def _legend(seen: Grid) -> str:
    """Of the words that occur."""
    words = {grid.word(cell) for cell in seen.cells.values()}
    meanings = [f"{_sign(word)}: {meaning}" for word, meaning in grid.MEANINGS.items() if word in words]
    numbers = "numbers: lost/acknowledged writes of sessions opened before the fault"
    return f"<sub>{'; '.join([*meanings, numbers, '❗: not what was predicted'])}.</sub>"


def _sign(word: str) -> str:
    return grid.LETTERS[word] if word == "skipped" else f"*{word}*"


def _alarm(cell: Cell) -> str:
    why = f" ({plain(cell.why)})" if cell.why else ""
    reason = plain(" ".join(filter(None, (cell.reason, cell.cause))))
    said = f"{cell.verdict.upper()} {_name(cell)}: predicted {plain(cell.predicted)}{why}"
    return f"{said}, observed **{plain(grid.word(cell))}**. {reason}".rstrip()


def _cause(cell: Cell) -> str:
    return f"{_name(cell)}: {plain(cell.cause)}"


def _name(cell: Cell) -> str:
    return f"**{plain(cell.fault)} x {plain(cell.placement)}**"


def _within(room: int, lines: Sequence[str]) -> Sequence[str]:
    """As many as there is room for, and how many there is none for."""
    shown: list[str] = []
    for line in lines:
        room -= len(line) + 4
        if room < 200:
            return [*shown, f"{len(lines) - len(shown)} more: see `report.html`"]
        shown.append(line)
    return shown


def _list(title: str, lines: Iterable[str], *, folded: bool = False) -> Sequence[str]:
    items = "\n".join(f"- {line}" for line in lines)
    if not items:
        return []
    if folded:
        return [f"<details><summary>{title}</summary>\n\n{items}\n\n</details>"]
    return [f"#### {title}\n\n{items}"]
