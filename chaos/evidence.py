"""Identities before and after a fault, and the cause of a loss in one sentence."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

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


def orphaned(judgement: Judgement, witness: Witness, volumes: Set[str]) -> Judgement:
    """Lost to the service, but not gone: a volume that held the state is there, and nothing mounts it."""
    if judgement.observed == "lost" and _orphans(witness) & volumes:
        return replace(judgement, observed="orphaned")
    return judgement


def cause(fault: str, judgement: Judgement, witness: Witness, history: Sequence[Operation]) -> str:
    """Why what was lost was lost, from identities and from who answered; empty if nothing was.

    Knows nothing of what was predicted, and says so where the evidence explains nothing.
    """
    if judgement.observed in {"kept", "unknown"}:
        return ""
    before, after = _holders(witness)
    kinds = {str(i.where.get("kind", "unknown")) for i in before}
    if judgement.observed == "split":
        return _split(judgement, kinds, after, history)
    what = _what(judgement)
    if _refused(history) == {"credential-invalid"}:
        return f"{what} were sealed with a key that is no longer in the key ring: their tokens are refused."
    if removed := _fewer(before, after):
        return f"{what} were with containers {_listed(removed)}, which `{fault}` removed."
    return f"{what} {_whereabouts(fault, witness, kinds)}"


def _whereabouts(fault: str, witness: Witness, kinds: set[str]) -> str:  # noqa: PLR0911 - a case a line
    """Where they were, and what became of that."""
    before, after = _holders(witness)
    old, new = _names(before), _names(after)
    gone = {i.id for i in before}.isdisjoint(i.id for i in after)
    anew = f"container {new} began" if gone else "the same container began"
    ended = {i.boot for i in before}.isdisjoint(i.boot for i in after)
    if volumes := _orphans(witness):
        names = _listed({name[:12] for name in volumes})
        return f"were on volume {names} of container {old}; container {new} has another one since `{fault}`."
    if kinds == {"process-memory"} and ended:
        return f"were in the memory of a process in container {old}; `{fault}` ended it, and {anew} without."
    if kinds == {"tmpfs"} and ended:
        return f"were on a tmpfs of container {old}, which ends with every stop; {anew} with a new one."
    if kinds == {"writable-layer"} and gone:
        return f"were in the writable layer of container {old}, which `{fault}` deleted; {anew} with its own."
    if kinds == {"redis"} and ended and not any(i.where.get("aof_enabled") == "1" for i in before):
        return (
            f"were in the memory of the Redis in container {old}, which ended before they were on its disk; "
            f"{anew} without them."
        )
    if volumes := _remade(witness):
        return (
            f"were on volume {_listed(volumes)} of container {old}, which `{fault}` removed; a new one of "
            f"that name began empty with container {new}."
        )
    return (
        f"are missing, and the evidence does not explain it: state in {_listed(kinds)}, container {old} "
        f"before and {new} after."
    )


def _holders(witness: Witness) -> tuple[Instances, Instances]:
    """Those that hold the state: the Redis behind a service, or the service itself."""
    if witness.holders_before:
        return witness.holders_before, witness.holders_after
    return witness.before, witness.after


def _fewer(before: Instances, after: Instances) -> set[str]:
    """Those that are gone where others of them stayed, and none is new."""
    stayed = {i.short for i in after}
    went = {i.short for i in before} - stayed
    return went if stayed < {i.short for i in before} else set()


def _orphans(witness: Witness) -> set[str]:
    """Volumes that the holders had before, and that none of them has now."""
    before, after = _holders(witness)
    return {v for i in before for v in i.volumes} - {v for i in after for v in i.volumes}


def _remade(witness: Witness) -> set[str]:
    """Volumes of the holders whose name now belongs to another one."""
    before, after = _holders(witness)
    now = {name: made for i in after for name, made in i.made.items()}
    then = {name: made for i in before for name, made in i.made.items()}
    return {name for name, made in then.items() if now.get(name, made) != made}


def _refused(history: Sequence[Operation]) -> set[str | None]:
    """The problems with which final reads were refused."""
    return {op.problem for op in history if op.phase == "final" and op.outcome == "fail"}


def _split(judgement: Judgement, kinds: set[str], after: Instances, history: Sequence[Operation]) -> str:
    at_stake = {op.session for op in history if op.operation == "open" and op.phase == "steady"}
    final = [op for op in history if op.phase == "final" and op.served_by and op.session in at_stake]
    knew = {_container(op) for op in final if op.outcome == "ok"}
    refused = {_container(op) for op in final if op.outcome == "fail"} - knew
    place = _listed(kinds).replace("-", " ")
    return (
        f"each of the {len(after)} containers has a {place} of its own: "
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
