"""The comment on a pull request: short, complete where it matters, and never markup by accident."""

from dataclasses import replace

from chaos.report import markdown
from chaos.results import Cell
from tests.unit.cells import KEPT, MATCH, SURPRISE, UNKNOWN, matrix

SKIPPED = replace(
    MATCH, placement="bind", observed="", verdict="skipped", reason="needs a bind mount", lost=9
)


def shown(*cells: Cell) -> str:
    return markdown.render(matrix(*cells))


def fields(cell: Cell) -> list[str]:
    """The cell's row of the table."""
    (row,) = [line for line in shown(cell).splitlines() if line.startswith(f"| {cell.fault} ")]
    return [part.strip() for part in row.strip("|").split("|")]


def test_markdown_sums_up() -> None:
    assert (
        "**2 of 4 measured cells as predicted, 1 surprise, 1 unknown, 1 skipped, in 312 s**"
        in shown(MATCH, KEPT, SURPRISE, UNKNOWN, SKIPPED).splitlines()
    )


def test_markdown_says_on_what_it_ran() -> None:
    assert "2026-11-24T06:00:00+00:00; engine 20.10.24, cpus 2" in shown(MATCH)


def test_markdown_table_has_a_row_for_each_fault_and_a_column_for_each_placement() -> None:
    lines = [line for line in shown(MATCH, KEPT, SURPRISE).splitlines() if line.startswith("|")]
    assert (len(lines), {line.count("|") for line in lines}) == (4, {5})


def test_markdown_table_counts_a_loss() -> None:
    assert fields(MATCH) == ["recreate", "lost 640/640"]


def test_markdown_table_says_a_word_alone_when_nothing_was_lost() -> None:
    assert fields(KEPT) == ["recreate", "kept"]


def test_markdown_table_raises_an_alarm_when_it_is_a_surprise() -> None:
    assert fields(SURPRISE) == ["scale-out", "❗ **split** (predicted kept)"]


def test_markdown_table_says_unknown_when_the_verdict_is() -> None:
    assert fields(replace(UNKNOWN, observed="kept", lost=0)) == ["kill", "❓ **unknown**"]


def test_markdown_table_has_a_dash_when_the_cell_was_skipped() -> None:
    assert fields(SKIPPED) == ["recreate", "-"]


def test_markdown_lists_surprises_before_unknowns_with_what_explains_them() -> None:
    alarms = [
        line
        for line in shown(UNKNOWN, SURPRISE).splitlines()
        if "predicted kept (one" in line or "KNOWN" in line
    ]
    assert [alarm[:12] for alarm in alarms] == ["- SURPRISE *", "- UNKNOWN **"]
    assert SURPRISE.cause in alarms[0]
    assert "no proof that the fault happened" in alarms[1]


def test_markdown_raises_no_alarm_when_all_is_as_predicted() -> None:
    assert "#### Not as predicted" not in shown(MATCH, KEPT)


def test_markdown_gives_the_cause_of_each_loss() -> None:
    assert f"- **recreate x layer**: {MATCH.cause}".replace("`", "\\`") in shown(MATCH, KEPT).splitlines()


def test_markdown_explains_the_words_that_occur() -> None:
    legend = next(line for line in shown(MATCH, KEPT).splitlines() if line.startswith("<sub>"))
    assert ("*lost*:" in legend, "*kept*:" in legend, "*orphaned*:" in legend) == (True, True, False)


def test_markdown_keeps_hostile_text_on_its_line_and_out_of_markup() -> None:
    hostile = "a | b\n\n# title <script> [x](y) `code` **bold** &lt;"
    escaped = r"a \| b \# title &lt;script&gt; \[x\](y) \`code\` \*\*bold\*\* &amp;lt;"
    assert fields(replace(MATCH, fault="f", placement=hostile, lost=0))[1:] == ["lost"]
    assert f"- **recreate x layer**: {escaped}" in shown(replace(MATCH, cause=hostile)).splitlines()


def test_markdown_fits_a_comment_when_there_are_many_causes() -> None:
    text = shown(*(replace(MATCH, fault=f"fault-{n}", cause="because " * 60) for n in range(330)))
    assert len(text) < 65_536
    assert "more: see `report.html`" in text


def test_markdown_counts_nothing_as_nothing() -> None:
    assert "0 of 0 measured cells as predicted" in shown()
