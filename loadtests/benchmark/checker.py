"""How fast the verdict on a long history is."""

import time
from collections.abc import Iterator
from typing import Any

from chaos.verdict import judge
from loadtests.benchmark.error import BenchmarkError
from loadtests.benchmark.measured import CheckerSpeed
from loadtests.history import Operation

SESSION_OPERATIONS = 500
ITEMS = 25
SERVED_BY = "stateful/0123456789ab/0123456789ab"


def speed(operations: int) -> CheckerSpeed:
    """Judge a history of about so many operations, in which nothing was lost."""
    sessions = max(1, operations // SESSION_OPERATIONS)
    history = [operation for number in range(sessions) for operation in _session(f"{number:08x}")]
    began = time.perf_counter()
    judgement = judge(history)
    seconds = time.perf_counter() - began
    if judgement.observed != "kept" or judgement.operations != len(history):
        raise BenchmarkError(f"the verdict on a history without losses is {judgement.observed}")
    return CheckerSpeed(len(history), round(seconds, 3))


def _session(name: str) -> Iterator[Operation]:
    """Puts first, then visits with a read after each fourth, and a final read."""
    items = [f"{name}-{number}" for number in range(ITEMS)]
    yield _at(0, session=name, operation="open")
    for at, item in enumerate(items, 1):
        yield _at(at, session=name, operation="put", id=item)
    visits = 0
    for at in range(ITEMS + 1, SESSION_OPERATIONS - 1):
        if at % 5 == 0:
            yield _at(at, session=name, operation="read", value={"items": items, "visits": visits})
        else:
            visits += 1
            yield _at(at, session=name, operation="visit", value=visits)
    last = {"items": items, "visits": visits}
    yield _at(SESSION_OPERATIONS, session=name, operation="read", phase="final", value=last)


def _at(moment: int, **more: Any) -> Operation:
    """An acknowledged operation; the fault begins in the middle of the session."""
    told: dict[str, Any] = {
        "id": f"{moment:08x}",
        "outcome": "ok",
        "invoked_at": moment / 8,
        "completed_at": moment / 8 + 0.01,
        "phase": "steady" if moment < SESSION_OPERATIONS // 2 else "fault",
        "served_by": SERVED_BY,
    }
    return Operation(**{**told, **more})
