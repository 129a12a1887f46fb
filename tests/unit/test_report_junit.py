"""What a CI server reads: failures, errors and skips where they belong, and well-formed XML."""

from dataclasses import replace
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from chaos.report import junit
from chaos.report.recorded import Recorded
from chaos.results import Cell
from tests.unit.cells import KEPT, MATCH, SURPRISE, UNKNOWN, matrix
from tests.unit.histories import operation

SKIPPED = replace(MATCH, placement="bind", observed="", verdict="skipped", reason="needs a bind mount")
ALL = (MATCH, KEPT, SURPRISE, UNKNOWN, SKIPPED)


def report(*cells: Cell, seconds: float = 0.0) -> Element:
    """Read again, with histories that took so long."""
    history = (operation("open", at=100.0), operation("read", at=100.0 + seconds))
    recorded = {(cell.fault, cell.placement): Recorded("h", history) for cell in cells}
    return parsed(junit.render(matrix(*cells), recorded))


def parsed(text: str) -> Element:
    return ElementTree.fromstring(text)  # noqa: S314 - ours, made a moment ago


def only(element: Element, path: str) -> Element:
    (found,) = element.findall(path)
    return found


def test_junit_has_a_suite_for_each_fault_and_a_case_for_each_placement() -> None:
    suites = {s.get("name"): [c.get("name") for c in s.iter("testcase")] for s in report(*ALL)}
    assert suites == {
        "recreate": ["layer", "token", "bind"],
        "scale-out": ["redis-everysec"],
        "kill": ["layer"],
    }


def test_junit_counts_failures_errors_and_skips() -> None:
    counts = [report(*ALL).get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["5", "1", "1", "1"]


def test_junit_counts_of_a_suite_are_its_own() -> None:
    suite = only(report(*ALL), "testsuite[@name='recreate']")
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["3", "0", "0", "1"]


def test_junit_has_a_failure_with_what_explains_it_when_it_is_a_surprise() -> None:
    failure = only(report(SURPRISE), ".//failure")
    assert failure.get("message") == "predicted kept, observed split"
    assert failure.text is not None
    assert [said in failure.text for said in (SURPRISE.why, SURPRISE.cause)] == [True, True]


def test_junit_has_an_error_with_the_reason_when_it_is_unknown() -> None:
    error = only(report(UNKNOWN), ".//error")
    assert error.get("message") == "predicted lost, observed unknown"
    assert "no proof that the fault happened" in (error.text or "")


def test_junit_has_a_skip_with_the_reason_when_it_was_skipped() -> None:
    assert only(report(SKIPPED), ".//skipped").get("message") == "needs a bind mount"


def test_junit_passes_a_loss_when_it_was_predicted() -> None:
    case = only(report(MATCH), ".//testcase")
    assert [child.tag for child in case] == ["system-out"]


def test_junit_gives_the_numbers_of_a_case() -> None:
    assert only(report(MATCH), ".//system-out").text == (
        "lost: 640 of 640 acknowledged writes lost, 3 indeterminate, 1.312 s without any answer"
    )


def test_junit_gives_the_time_of_a_case_as_long_as_its_load() -> None:
    assert only(report(MATCH, seconds=9.5), ".//testcase").get("time") == "9.500"


def test_junit_gives_a_suite_the_time_of_its_longest_case() -> None:
    suite = only(report(MATCH, KEPT, seconds=9.5), "testsuite")
    assert suite.get("time") == "9.500"


def test_junit_gives_the_environment_as_properties() -> None:
    properties = {p.get("name"): p.get("value") for p in report(MATCH).iter("property")}
    assert properties == {"engine": "20.10.24", "cpus": "2"}


@pytest.mark.parametrize("hostile", ["</failure><x a='&'>", "a\x00b\x1b[31m\ud800\uffff", "]]>"])
def test_junit_is_well_formed_when_the_text_is_hostile(hostile: str) -> None:
    cell = replace(SURPRISE, fault=hostile, placement=hostile, cause=hostile, predicted=hostile)
    assert [child.tag for child in only(report(cell), ".//testcase")] == ["failure", "system-out"]


def test_junit_keeps_hostile_text_as_text() -> None:
    assert only(report(replace(SKIPPED, reason="<b> & 'x'")), ".//skipped").get("message") == "<b> & 'x'"


def test_junit_has_a_case_without_time_when_the_history_is_missing() -> None:
    root = parsed(junit.render(matrix(MATCH), {}))
    assert only(root, ".//testcase").get("time") == "0.000"


def test_junit_has_no_cases_when_nothing_was_measured() -> None:
    assert (report().get("tests"), list(report())) == ("0", [])
