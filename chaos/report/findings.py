"""A document with the matrix of a run in it, between two marks."""

import re
from pathlib import Path

from chaos import results
from chaos.report import markdown
from chaos.results import ResultsError

BEGIN, END = "<!-- matrix: begin -->", "<!-- matrix: end -->"


def renew(document: Path, folder: Path) -> Path:
    """Replace what stands between the marks. Raises `ResultsError` for a document without them."""
    text = document.read_text()
    made = f"{BEGIN}\n\n{markdown.render(results.load(folder))}\n{END}"
    renewed, found = re.subn(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: made, text, count=1, flags=re.DOTALL
    )
    if not found:
        raise ResultsError(f"{document} has no place for a matrix: add the lines {BEGIN} and {END}")
    document.write_text(renewed)
    return document
