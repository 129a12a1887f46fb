"""Identities before and after a fault, what the fault measured, and the cause of a loss in one sentence."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from chaos import causes
from chaos.faults.fault import Instances, Witness
from chaos.scene import Scene
from chaos.verdict import Judgement

MOMENTS = ("before", "during", "after", "holders_before", "holders_after")


def proof(witness: Witness) -> Mapping[str, Any]:
    """What the result file keeps of a witness: identities at each moment, and findings if there are any."""
    seen = {moment: identities(getattr(witness, moment)) for moment in MOMENTS}
    found = {"findings": [dict(witness.findings)]} if witness.findings else {}
    return {moment: instances for moment, instances in seen.items() if instances} | found


def identities(instances: Instances) -> Sequence[Mapping[str, Any]]:
    """What tells one container, process and mount from the next, for the result file."""
    return [
        {
            "container": i.id,
            "image": i.image,
            "started_at": i.started_at,
            "status": i.status,
            "exit_code": i.exit_code,
            "oom_killed": i.oom_killed,
            "boot": i.boot,
            "mounts": list(i.mounts),
            "state": {k: i.where.get(k) for k in ("kind", "path", "source", "dies_with")},
        }
        for i in instances
    ]


def orphaned(judgement: Judgement, witness: Witness, volumes: Set[str]) -> Judgement:
    """Lost to the service, but not gone: a volume that held the state is there, and nothing mounts it."""
    if judgement.observed == "lost" and Scene("", judgement, witness).orphans & volumes:
        return replace(judgement, observed="orphaned")
    return judgement


def cause(fault: str, judgement: Judgement, witness: Witness) -> str:
    """Why what was lost was lost, from identities and from who answered; empty if nothing was."""
    if judgement.observed in {"kept", "unknown"}:
        return ""
    return causes.tell(Scene(fault, judgement, witness))
