"""The page: every cell with its evidence, nothing from elsewhere, and nothing believed to be markup."""

import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from chaos import results
from chaos.report import files
from chaos.results import Cell, ResultsError
from loadtests import history
from loadtests.history import Operation
from tests.unit.cells import KEPT, MATCH, SURPRISE, UNKNOWN, matrix
from tests.unit.histories import TWO, operation

KEPT_ELSEWHERE = replace(KEPT, evidence="cells/recreate.token/")
SKIPPED = replace(
    MATCH, placement="bind", observed="", verdict="skipped", reason="needs a bind mount", proof={}
)
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7 * 7 }} javascript:alert(3)'
HISTORY = (
    operation("open", at=1000.0),
    operation("put", at=1001.0),
    operation("put", at=1002.0, phase="fault", outcome="info", by=None),
    operation("put", at=1003.0, phase="fault", outcome="fail", by=None),
    operation("put", at=1004.0, phase="recovery", by=TWO),
    operation("read", at=1005.0, phase="final", outcome="fail", by=TWO),
)


def stored(folder: Path, *cells: Cell, operations: Sequence[Operation] = HISTORY) -> Path:
    """Results with a history for each measured cell."""
    results.save(matrix(*cells), folder)
    for cell in cells:
        if cell.verdict != "skipped":
            path = folder / cell.evidence / "history.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w") as file:
                for op in operations:
                    history.write(op, file)
    return folder


def page(folder: Path) -> str:
    return files.write_all(folder)[0].read_text()


class Body(HTMLParser):
    """The text of the element with an id, and whether a script or an event handler is not ours."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.scripts = 0
        self.handlers: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        self.text += data


def evidence(html: str, anchor: str) -> str:
    """What opens when the cell is chosen."""
    return html.partition(f'id="{anchor}"')[2].partition("</details>")[0]


def field(html: str, fault: str, placement: int) -> str:
    """The cell's field of the heat map."""
    table = html.partition('<table class="matrix')[2].partition("</table>")[0]
    row = table.partition(f'<th scope="row">{fault}</th>')[2].partition("</tr>")[0]
    fields: list[str] = re.findall(r"<td.*?</td>", row, re.DOTALL)
    return fields[placement]


def test_page_shows_a_surprise_in_the_matrix_in_words_and_letters(tmp_path: Path) -> None:
    shown = field(page(stored(tmp_path, SURPRISE)), "scale-out", 0)
    assert ('class="split surprise"' in shown, "<b>S</b>" in shown, "not kept" in shown) == (True, True, True)


def test_page_lists_a_surprise_before_the_matrix(tmp_path: Path) -> None:
    before = page(stored(tmp_path, MATCH, SURPRISE)).partition('<table class="matrix')[0]
    assert 'href="#scale-out.redis-everysec"><strong class="surprise">SURPRISE</strong>' in before


def test_page_lists_what_is_unknown_before_the_matrix(tmp_path: Path) -> None:
    before = page(stored(tmp_path, UNKNOWN)).partition('<table class="matrix')[0]
    assert "no proof that the fault happened" in before


def test_page_raises_no_alarm_when_all_is_as_predicted(tmp_path: Path) -> None:
    html = page(stored(tmp_path, MATCH, KEPT_ELSEWHERE))
    assert ("SURPRISE" in html, "UNKNOWN" in html) == (False, False)


def test_page_shows_lost_and_acknowledged_in_the_matrix(tmp_path: Path) -> None:
    assert "<small>640/640</small>" in field(page(stored(tmp_path, MATCH)), "recreate", 0)


def test_page_never_shows_an_unknown_cell_as_kept(tmp_path: Path) -> None:
    shown = field(page(stored(tmp_path, replace(UNKNOWN, observed="kept"))), "kill", 0)
    assert ('class="unknown unknown"' in shown, "kept" in shown) == (True, False)


def test_page_shows_a_skipped_cell_with_its_reason_and_no_numbers(tmp_path: Path) -> None:
    html = page(stored(tmp_path, MATCH, SKIPPED))
    assert ("skipped" in field(html, "recreate", 1), "<small>" in field(html, "recreate", 1)) == (True, False)
    assert "needs a bind mount" in evidence(html, "recreate.bind")


def test_page_shows_a_combination_that_was_not_run_when_only_some_were(tmp_path: Path) -> None:
    assert "not run" in field(page(stored(tmp_path, MATCH, SURPRISE)), "recreate", 1)


def test_page_links_every_field_to_its_evidence(tmp_path: Path) -> None:
    body = Body(page(stored(tmp_path, MATCH, KEPT_ELSEWHERE, SURPRISE, UNKNOWN, SKIPPED)))
    targets = {link[1:] for link in body.links if link.startswith("#")}
    assert targets == {*body.ids} - {"alarms"}


def test_page_gives_each_id_once(tmp_path: Path) -> None:
    ids = Body(page(stored(tmp_path, MATCH, KEPT_ELSEWHERE, SURPRISE, UNKNOWN, SKIPPED))).ids
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("cell", [MATCH, KEPT_ELSEWHERE, SURPRISE, UNKNOWN], ids=lambda c: c.verdict)
def test_page_has_timeline_proof_and_history_of_every_measured_cell(tmp_path: Path, cell: Cell) -> None:
    stored(tmp_path, MATCH, KEPT_ELSEWHERE, replace(SURPRISE, evidence="s/"), replace(UNKNOWN, evidence="u/"))
    shown = evidence(page(tmp_path), f"{cell.fault}.{cell.placement}")
    assert (
        shown.count("<svg"),
        shown.count('<table class="proof"'),
        shown.count("history.jsonl</code>"),
    ) == (
        1,
        1,
        1,
    )


def test_page_tells_prediction_verdict_and_cause(tmp_path: Path) -> None:
    shown = evidence(page(stored(tmp_path, MATCH)), "recreate.layer")
    text = Body(shown).text
    assert [said in text for said in (MATCH.why, "as predicted", MATCH.cause)] == [True] * 3


def test_page_counts_what_was_indeterminate(tmp_path: Path) -> None:
    shown = evidence(page(stored(tmp_path, replace(MATCH, indeterminate=4321))), "recreate.layer")
    assert "<dt>writes without an answer: may have happened</dt><dd>4,321</dd>" in shown


def test_page_says_so_when_a_history_is_missing(tmp_path: Path) -> None:
    stored(tmp_path, MATCH, KEPT_ELSEWHERE)
    (tmp_path / MATCH.evidence / "history.jsonl").unlink()
    html = page(tmp_path)
    assert "there is no such file. Looked for" in evidence(html, "recreate.layer")
    assert "<svg" in evidence(html, "recreate.token")


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "the file is empty"), ("{}\n", "line 1 is no operation"), ("\xff", "line 1 is")],
)
def test_page_says_so_when_a_history_cannot_be_read(tmp_path: Path, content: str, said: str) -> None:
    (stored(tmp_path, MATCH) / MATCH.evidence / "history.jsonl").write_text(content)
    assert f"No history to draw: {said}" in evidence(page(tmp_path), "recreate.layer")


@pytest.mark.parametrize("odd", [{"invoked_at": "noon"}, {"completed_at": float("nan")}, {"served_by": 7}])
def test_page_says_so_when_a_history_cannot_be_drawn(tmp_path: Path, odd: dict[str, Any]) -> None:
    html = page(stored(tmp_path, MATCH, operations=[replace(operation("open"), **odd)]))
    assert "No history to draw: some of its operations" in evidence(html, "recreate.layer")


def test_page_reads_no_history_from_outside_the_results(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    stored(inside, replace(MATCH, evidence="../outside/"))
    assert "leads out of the results folder" in evidence(page(inside), "recreate.layer")


def test_page_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    html = page(stored(tmp_path, MATCH, SURPRISE))
    found = re.findall(r"(?:https?:)?//[\w.-]+\.\w+|url\(|@import|<link\b|<(?:img|iframe|object)\b", html)
    assert found == []


def test_page_allows_nothing_but_its_own_style_and_script(tmp_path: Path) -> None:
    html = page(stored(tmp_path, MATCH))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy
    assert re.sub(r"sha256-[\w+/=]{44}", "sha256-X", policy[1]) == (
        "default-src 'none'; style-src 'sha256-X'; script-src 'sha256-X'; base-uri 'none'"
    )


def test_page_has_no_inline_styles_that_its_policy_forbids(tmp_path: Path) -> None:
    assert ' style="' not in page(stored(tmp_path, MATCH, SURPRISE))


@pytest.mark.parametrize("name", ["fault", "placement", "predicted", "observed", "why", "cause", "reason"])
def test_page_shows_hostile_text_as_text(tmp_path: Path, name: str) -> None:
    stored(tmp_path, replace(SURPRISE, **{name: HOSTILE}))  # type: ignore[arg-type]
    body = Body(page(tmp_path))
    assert (body.scripts, body.handlers, HOSTILE in body.text) == (1, [], True)


def test_page_shows_hostile_environment_and_proof_as_text(tmp_path: Path) -> None:
    cell = replace(MATCH, proof={HOSTILE: [{"container": HOSTILE, "mounts": [HOSTILE]}], "odd": HOSTILE})
    stored(tmp_path, cell)
    results.save(replace(matrix(cell), environment={HOSTILE: HOSTILE}, started_at=HOSTILE), tmp_path)
    body = Body(page(tmp_path))
    assert (body.scripts, body.handlers, body.text.count(HOSTILE)) == (1, [], 7)


def test_page_shows_a_hostile_instance_as_text(tmp_path: Path) -> None:
    hostile = [operation("open"), replace(operation("put"), served_by=f"x/{HOSTILE}/$\\frac{{1}}{{0}}$\x00")]
    body = Body(page(stored(tmp_path, MATCH, operations=hostile)))
    assert (body.scripts, body.handlers) == (1, [])


def test_page_links_to_no_script(tmp_path: Path) -> None:
    stored(tmp_path, replace(MATCH, evidence="javascript:alert(1)/"))
    assert [link for link in Body(page(tmp_path)).links if link.lower().startswith("javascript")] == []


def test_page_survives_text_that_is_no_unicode(tmp_path: Path) -> None:
    assert "a?b" in page(stored(tmp_path, replace(MATCH, cause="a\ud800b")))


def test_page_says_so_when_nothing_was_measured(tmp_path: Path) -> None:
    assert "Nothing was measured" in page(stored(tmp_path))


def test_reports_are_the_same_when_made_again(tmp_path: Path) -> None:
    stored(tmp_path, MATCH, KEPT_ELSEWHERE, SURPRISE, UNKNOWN, SKIPPED)
    once = [path.read_bytes() for path in files.write_all(tmp_path)]
    assert [path.read_bytes() for path in files.write_all(tmp_path)] == once


def test_reports_are_the_same_when_the_results_were_moved(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    stored(first, MATCH, UNKNOWN)
    (first / UNKNOWN.evidence / "history.jsonl").write_text("?")
    once = [path.read_bytes() for path in files.write_all(first)]
    first.rename(second)
    assert [path.read_bytes() for path in files.write_all(second)] == once


def test_reports_lie_beside_the_results_and_leave_no_drafts(tmp_path: Path) -> None:
    written = files.write_all(stored(tmp_path, MATCH) / "matrix.json")
    assert {*tmp_path.iterdir()} == {*written, tmp_path / "matrix.json", tmp_path / "cells"}


def test_reports_fail_when_there_are_no_results(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=re.escape("matrix.json")):
        files.write_all(tmp_path)
