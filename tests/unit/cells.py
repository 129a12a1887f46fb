"""Literal results: one cell of each verdict."""

from dataclasses import replace

from chaos.results import Cell, Matrix

MATCH = Cell(
    fault="recreate",
    placement="layer",
    predicted="lost",
    observed="lost",
    verdict="match",
    why="a new container has a new writable layer",
    cause="40 sessions (640 acknowledged writes) were in the writable layer of container a1b2c3d4e5f6, which "
    "`recreate` deleted; container f6e5d4c3b2a1 began with an empty one.",
    reason="",
    sessions=40,
    operations=812,
    acknowledged=640,
    indeterminate=3,
    lost=640,
    recovered=0,
    stale=0,
    lost_updates=0,
    surplus=0,
    dropped_sessions=40,
    split_sessions=0,
    resurrected=0,
    bleeding_sessions=0,
    pending=0,
    lost_milliseconds=0,
    unavailable_seconds=1.312,
    proof={"before": [{"container": "a1"}], "during": [{"container": "f6"}], "after": [{"container": "f6"}]},
    evidence="cells/recreate.layer/",
)
SURPRISE = replace(
    MATCH,
    fault="scale-out",
    placement="redis-everysec",
    predicted="kept",
    observed="split",
    verdict="surprise",
    why="one Redis for all",
    cause="each of the 3 containers has a writable layer of its own",
    split_sessions=40,
    lost=0,
)
UNKNOWN = replace(
    MATCH,
    fault="kill",
    observed="unknown",
    verdict="unknown",
    cause="",
    reason="no proof that the fault happened",
)
KEPT = replace(MATCH, predicted="kept", observed="kept", placement="token", lost=0, cause="")
SKIPPED = replace(
    KEPT,
    fault="redis-kill",
    predicted="-",
    observed="unknown",
    verdict="skipped",
    why="",
    reason="not applicable: no Redis behind it",
    proof={},
    evidence="",
)


def matrix(*cells: Cell) -> Matrix:
    return Matrix("2026-11-24T06:00:00+00:00", {"engine": "20.10.24", "cpus": 2}, 312.4, cells)
