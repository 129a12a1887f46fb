"""The picture of a history: who answered when, and what became of each operation."""

import re
from dataclasses import replace

import pytest

from chaos.report import timeline
from tests.unit.histories import ONE, TWO, operation

HISTORY = (
    operation("open", at=1000.0),
    operation("put", at=1001.0),
    operation("put", at=1002.0, phase="fault", outcome="info", by=None),
    operation("put", at=1003.0, phase="fault", outcome="fail", by=None),
    operation("put", at=1004.0, phase="recovery", by=TWO),
    operation("read", at=1005.0, phase="final", outcome="fail", by=TWO),
)


def test_timeline_names_each_container_and_process_and_who_did_not_answer() -> None:
    names = re.findall(r"<text[^>]*>((?:container|no )[^<]*)<", timeline.draw(HISTORY))
    assert names == [
        "container 111111111111, process b1",
        "container 222222222222, process b2",
        "no instance answered",
    ]


def test_timeline_has_a_lane_for_each_process_when_a_container_was_restarted() -> None:
    restarted = operation("put", at=1006.0, by=ONE.replace("b1", "b9"))
    assert "container 111111111111, process b9" in timeline.draw((*HISTORY, restarted))


def test_timeline_marks_every_outcome_in_its_class() -> None:
    assert set(re.findall(r'class="(ok|fail|info)"', timeline.draw(HISTORY))) == {"ok", "fail", "info"}


def test_timeline_puts_marks_where_they_belong_in_time() -> None:
    marks = re.search(r'class="info">\s*<path d="M ([\d.]+) ', timeline.draw(HISTORY))
    assert marks
    assert float(marks[1]) == pytest.approx(6 + (timeline.WIDTH - 12) * 2 / 5, abs=3)


def test_timeline_shades_the_fault_from_its_start_to_the_recovery() -> None:
    band = re.search(r'class="fault-phase">\s*<path d="M ([\d.]+) 0L ([\d.]+) ', timeline.draw(HISTORY))
    assert band
    scale = (timeline.WIDTH - 12) / 5
    assert [float(x) for x in band.groups()] == pytest.approx([6 + 2 * scale, 6 + 4 * scale], abs=3)


def test_timeline_labels_the_phases() -> None:
    assert re.findall(r"> (\w+) <", timeline.draw(HISTORY)) == ["steady", "fault", "recovery", "final"]


def test_timeline_stays_small_when_the_history_is_long() -> None:
    long = [operation("put", at=1000 + n / 1000) for n in range(20_000)]
    assert len(timeline.draw(long)) < 40_000


@pytest.mark.filterwarnings("error")
def test_timeline_is_drawn_when_all_happened_at_once() -> None:
    assert timeline.draw([operation("open")]).startswith("<svg")


@pytest.mark.filterwarnings("error")
def test_timeline_shows_hostile_names_as_plain_letters() -> None:
    hostile = replace(operation("put"), served_by="x/$\\frac{1}$/<b>\x00\u4e00", phase="$^$")  # type: ignore[arg-type]
    assert "container ??frac?1??, process ?b???" in timeline.draw([hostile])


def test_timeline_says_in_words_what_it_shows() -> None:
    assert timeline.describe(HISTORY) == (
        "6 operations in 5.0 s, answered by 2 instances: 3 ok, 2 fail, 1 info; steady from 0.0 s, "
        "fault from 2.0 s, recovery from 4.0 s, final from 5.0 s."
    )
