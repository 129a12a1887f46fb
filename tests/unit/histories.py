"""Literal histories, one operation a line. Items are written as words: `"a b"` are the items a and b."""

from dataclasses import replace

from loadtests.history import Kind, Operation, Outcome, Phase

ONE = "stateful/111111111111/b1"
TWO = "stateful/222222222222/b2"


def operation(
    kind: Kind,
    *,
    session: str = "s",
    item: str = "i",
    outcome: Outcome = "ok",
    phase: Phase = "steady",
    at: float = 0.0,
    by: str | None = ONE,
) -> Operation:
    """One that took no time."""
    return Operation(session, item, kind, outcome, at, at, phase, by)


def opened(session: str = "s", phase: Phase = "steady") -> Operation:
    return operation("open", session=session, phase=phase)


def put(item: str, session: str = "s", outcome: Outcome = "ok", phase: Phase = "steady") -> Operation:
    return operation("put", session=session, item=item, outcome=outcome, phase=phase)


def visit(session: str = "s", outcome: Outcome = "ok", phase: Phase = "steady") -> Operation:
    return operation("visit", session=session, outcome=outcome, phase=phase)


def read(
    items: str, visits: int, session: str = "s", phase: Phase = "final", by: str | None = ONE
) -> Operation:
    value = {"items": items.split(), "visits": visits}
    return Operation(session, "r", "read", "ok", 0.0, 0.0, phase, by, value)


def closed(session: str = "s", outcome: Outcome = "ok", phase: Phase = "fault") -> Operation:
    return operation("close", session=session, outcome=outcome, phase=phase)


def replayed(items: str, visits: int, session: str = "s", phase: Phase = "fault") -> Operation:
    """An older credential that opened."""
    return replace(read(items, visits, session, phase), operation="replay")


def refused(
    session: str = "s", phase: Phase = "final", by: str | None = ONE, problem: str = "session-unknown"
) -> Operation:
    """A read that was answered with a problem."""
    return Operation(session, "r", "read", "fail", 0.0, 0.0, phase, by, None, problem)
