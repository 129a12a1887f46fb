"""Identities before and after a fault, and the cause of a loss in one sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

from chaos.faults import Fault
from chaos.faults.fault import Instances, Witness
from chaos.verdict import Judgement
from loadtests.history import Operation


def identities(instances: Instances) -> list[Mapping[str, Any]]:
    """What tells one container, process and mount from the next, for the result file."""
    return [
        {
            "container": i.id,
            "image": i.image,
            "started_at": i.started_at,
            "status": i.status,
            "exit_code": i.exit_code,
            "boot": i.boot,
            "mounts": list(i.mounts),
            "state": {k: i.where.get(k) for k in ("kind", "path", "source", "dies_with")},
        }
        for i in instances
    ]


def cause(fault: Fault, judgement: Judgement, witness: Witness, history: Sequence[Operation]) -> str:
    """Why what was lost was lost, from identities and from who answered; empty if nothing was.

    Knows nothing of what was predicted, and says so where the evidence explains nothing.
    """
    if judgement.observed in {"kept", "unknown"}:
        return ""
    kinds = {str(i.where.get("kind", "unknown")) for i in witness.before}
    if judgement.observed == "split" and kinds == {"writable-layer"}:
        return _split(judgement, witness.after, history)
    after = {i.id for i in witness.after}
    gone = {i.short for i in witness.before if i.id not in after}
    if kinds == {"writable-layer"} and gone:
        return (
            f"{_what(judgement)} were in the writable layer of container {_listed(gone)}, which "
            f"`{fault.name}` deleted; container {_names(witness.after)} began with an empty one."
        )
    return (
        f"the evidence does not explain it: {_what(judgement)}, state in {_listed(kinds)}, container "
        f"{_names(witness.before)} before and {_names(witness.after)} after."
    )


def _split(judgement: Judgement, after: Instances, history: Sequence[Operation]) -> str:
    at_stake = {op.session for op in history if op.operation == "open" and op.phase == "steady"}
    final = [op for op in history if op.phase == "final" and op.served_by and op.session in at_stake]
    knew = {_container(op) for op in final if op.outcome == "ok"}
    refused = {_container(op) for op in final if op.outcome == "fail"} - knew
    return (
        f"each of the {len(after)} containers has a writable layer of its own: "
        f"{judgement.split_sessions} of {judgement.sessions} sessions are known to container "
        f"{_listed(knew)} only; {_listed(refused)} answered that there is no such session."
    )


def _container(operation: Operation) -> str:
    return (operation.served_by or "//").split("/")[1]


def _what(judgement: Judgement) -> str:
    sessions = judgement.dropped_sessions or judgement.sessions
    return f"{sessions} sessions ({judgement.lost} acknowledged writes)"


def _names(instances: Instances) -> str:
    return _listed({i.short for i in instances})


def _listed(names: set[str]) -> str:
    *most, last = sorted(names) or ["none"]
    return f"{', '.join(most)} and {last}" if most else last
