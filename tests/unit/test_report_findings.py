"""The matrix in a document: renewed between its marks, and nothing else touched."""

from pathlib import Path

import pytest

from chaos import results
from chaos.report import findings
from chaos.results import ResultsError
from tests.unit.cells import MATCH, matrix


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    results.save(matrix(MATCH), tmp_path)
    return tmp_path


def document(folder: Path, text: str) -> Path:
    path = folder / "findings.md"
    path.write_text(text)
    return path


def test_findings_are_renewed_between_the_marks(folder: Path) -> None:
    path = document(folder, f"before\n{findings.BEGIN}\nold\n{findings.END}\nafter\n")
    said = findings.renew(path, folder).read_text()
    assert MATCH.fault in said
    assert "old" not in said


def test_findings_leave_what_is_around_the_marks(folder: Path) -> None:
    path = document(folder, f"before\n{findings.BEGIN}{findings.END}\nafter\n")
    said = findings.renew(path, folder).read_text()
    assert (said[:7], said[-7:]) == ("before\n", "\nafter\n")


def test_findings_stay_the_same_when_renewed_again(folder: Path) -> None:
    path = document(folder, f"{findings.BEGIN}{findings.END}\n")
    once = findings.renew(path, folder).read_text()
    assert findings.renew(path, folder).read_text() == once


def test_findings_are_refused_when_the_document_has_no_marks(folder: Path) -> None:
    path = document(folder, "no place\n")
    with pytest.raises(ResultsError, match=r"findings\.md has no place for a matrix"):
        findings.renew(path, folder)
    assert path.read_text() == "no place\n"
