"""Results as JUnit XML, which every CI server reads: a suite for each fault, a case for each placement."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from chaos.report import grid
from chaos.report.recorded import Histories
from chaos.results import Cell, Matrix

ELEMENTS = {"surprise": "failure", "unknown": "error", "skipped": "skipped"}
COUNTS = ("failure", "failures"), ("error", "errors"), ("skipped", "skipped")


def render(matrix: Matrix, histories: Histories) -> str:
    """A case's time is that of its load; a suite's is its longest, as placements run side by side."""
    seen = grid.grid(matrix)
    root = Element("testsuites", name="sessionlab", time=f"{matrix.seconds:.3f}")
    for fault in seen.faults:
        _suite(root, matrix, fault, seen.of(fault), histories)
    _count(root)
    ElementTree.indent(root, " ")
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text.decode() + "\n"


def _suite(root: Element, matrix: Matrix, fault: str, cells: Sequence[Cell], histories: Histories) -> None:
    suite = SubElement(root, "testsuite", name=_legal(fault), timestamp=_legal(matrix.started_at))
    properties = SubElement(suite, "properties")
    for name, value in matrix.environment.items():
        SubElement(properties, "property", name=_legal(name), value=_legal(value))
    times = [_case(suite, cell, histories) for cell in cells]
    suite.set("time", f"{max(times, default=0.0):.3f}")
    _count(suite)


def _case(suite: Element, cell: Cell, histories: Histories) -> float:
    """Its time in seconds."""
    recorded = histories.get((cell.fault, cell.placement))
    seconds = recorded.seconds if recorded else 0.0
    case = SubElement(suite, "testcase", name=_legal(cell.placement), time=f"{seconds:.3f}")
    case.set("classname", _legal(f"sessionlab.{cell.fault}"))
    if cell.verdict in ELEMENTS:
        _alarm(case, cell)
    SubElement(case, "system-out").text = _legal(_numbers(cell))
    return seconds


def _alarm(case: Element, cell: Cell) -> None:
    """Skipped: why. Otherwise: what was predicted, what was observed, and the cause."""
    said = f"predicted {cell.predicted}, observed {grid.word(cell)}"
    if cell.verdict == "skipped":
        said = cell.reason or "no reason given"
    element = SubElement(case, ELEMENTS[cell.verdict], message=_legal(said))
    if cell.verdict != "skipped":
        element.set("type", cell.verdict)
        told = {"prediction": cell.why, "reason": cell.reason, "cause": cell.cause, "evidence": cell.evidence}
        element.text = _legal("\n".join(f"{name}: {text}" for name, text in told.items() if text))


def _numbers(cell: Cell) -> str:
    if not grid.measured(cell):
        return "not measured"
    return (
        f"{grid.word(cell)}: {cell.lost} of {cell.acknowledged} acknowledged writes lost, "
        f"{cell.indeterminate} indeterminate, {cell.unavailable_seconds:.3f} s without any answer"
    )


def _count(element: Element) -> None:
    element.set("tests", str(len(list(element.iter("testcase")))))
    for tag, attribute in COUNTS:
        element.set(attribute, str(len(list(element.iter(tag)))))


def _legal(text: object) -> str:
    """Without the characters that XML cannot hold."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", str(text))
