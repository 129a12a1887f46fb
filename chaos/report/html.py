"""Results as one page that needs nothing else: no network, no server, no other file."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from chaos.report import grid, proof, timeline
from chaos.report.recorded import Histories, Recorded
from chaos.results import Cell, Matrix

HERE = Path(__file__).parent
NUMBERS = {
    "sessions": "sessions opened before the fault",
    "acknowledged": "their acknowledged writes",
    "lost": "of these in no final read: lost",
    "indeterminate": "writes without an answer: may have happened",
    "recovered": "of these found after all",
    "stale": "reads that missed a write which was there after all",
    "lost_updates": "lost counts in sessions that were still there",
    "surplus": "counts that nobody made",
    "dropped_sessions": "sessions that are gone",
    "split_sessions": "sessions that only some instances know",
    "resurrected": "ended sessions that came back",
    "bleeding_sessions": "sessions that showed what is another's",
    "pending": "writes that were not acknowledged, safe on a device",
    "lost_milliseconds": "milliseconds from the first lost write to the last",
    "operations": "operations in all",
    "unavailable_seconds": "seconds without any answer, at the longest",
}
VERDICTS = {"match": "as predicted", "surprise": "SURPRISE", "unknown": "UNKNOWN", "skipped": "skipped"}


@dataclass(frozen=True)
class Detail:
    """A cell with all that the page shows of it."""

    cell: Cell
    recorded: Recorded | None
    """None where nothing was measured."""

    @property
    def anchor(self) -> str:
        return re.sub(r"[^\w.-]", "_", f"{self.cell.fault}.{self.cell.placement}", flags=re.ASCII)

    @property
    def word(self) -> str:
        return grid.word(self.cell)

    @property
    def letter(self) -> str:
        return grid.letter(self.cell)

    @property
    def verdict(self) -> str:
        return VERDICTS[self.cell.verdict]

    @property
    def tone(self) -> str:
        """The class that colours it: one of ours, whatever the results say."""
        return self.word if self.word in grid.LETTERS else "unknown"

    @property
    def numbers(self) -> Sequence[tuple[str, str]]:
        return [(meaning, f"{getattr(self.cell, name):,}") for name, meaning in NUMBERS.items()]

    @property
    def proof(self) -> Sequence[proof.Row]:
        return proof.rows(self.cell.proof)

    @property
    def history(self) -> str:
        """A link that stays beside the page."""
        return "./" + quote(self.recorded.path) if self.recorded else ""

    @property
    def timeline(self) -> str:
        return timeline.draw(self.recorded.operations) if self.recorded else ""

    @property
    def described(self) -> str:
        return timeline.describe(self.recorded.operations) if self.recorded else ""


def render(matrix: Matrix, histories: Histories) -> str:
    """The same page for the same results, byte by byte."""
    seen = grid.grid(matrix)
    details = {key: Detail(cell, histories.get(key)) for key, cell in seen.cells.items()}
    style, script = ((HERE / name).read_text() for name in ("report.css", "report.js"))
    return _template().render(
        matrix=matrix,
        summary=grid.summary(matrix),
        placements=seen.placements,
        rows=[(fault, [details.get((fault, p)) for p in seen.placements]) for fault in seen.faults],
        surprises=[d for d in details.values() if d.cell.verdict == "surprise"],
        unknowns=[d for d in details.values() if d.cell.verdict == "unknown"],
        letters=grid.LETTERS,
        meanings=grid.MEANINGS,
        columns=proof.COLUMNS,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'",
    )


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja")


def _hash(text: str) -> str:
    """As a content security policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
