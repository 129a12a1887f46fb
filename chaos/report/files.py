"""The reports as files beside the results they are made from."""

from pathlib import Path

from chaos import results
from chaos.report import html, junit, markdown
from chaos.report.recorded import histories


def write_all(folder: Path) -> list[Path]:
    """Write `report.html`, `report.md` and `junit.xml` beside a run's `matrix.json`.

    `folder` is the run's folder or its `matrix.json`. Reads result files alone, and gives the same
    reports for the same results. Raises `ResultsError` where there are none; of a missing history the
    reports tell.
    """
    matrix = results.load(folder)
    home = folder if folder.is_dir() else folder.parent
    recorded = histories(matrix, home)
    reports = {
        "report.html": html.render(matrix, recorded),
        "report.md": markdown.render(matrix),
        "junit.xml": junit.render(matrix, recorded),
    }
    return [_write(home / name, text) for name, text in reports.items()]


def _write(path: Path, text: str) -> Path:
    """Whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(text.encode("utf-8", "replace"))
    draft.replace(path)
    return path
