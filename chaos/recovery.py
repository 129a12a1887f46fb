"""Brings the sessions of an orphaned volume back, or out. The volume itself is only ever read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos import inspection
from chaos.engine import ClusterError, Engine
from chaos.instance import Instance, read
from chaos.inventory import Inventory, Orphan, Project, named

DEFAULT = "stateful"
SCHEMA = 1


@dataclass(frozen=True)
class Recovery:
    """Of one volume's sessions, `present` were there already and left alone; `expired` are of those
    `recovered`. `notes` say what keeps clients from finding theirs.
    """

    volume: str
    into: str
    container: str
    recovered: int
    present: int
    expired: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        counts = f"{self.present} were there already; {self.expired} of those that are back have expired"
        return "\n".join(
            (
                f"{self.volume}: {self.recovered} sessions are back, in {self.container}; {counts}",
                *(f"but {note}" for note in self.notes),
                f"the volume is as it was; when nothing needs it any more: docker volume rm {self.volume}",
            )
        )


@dataclass(frozen=True)
class Export:
    """`sessions` is how many of a volume are in the file."""

    volume: str
    file: str
    sessions: int

    def __str__(self) -> str:
        return f"{self.volume}: {self.sessions} sessions are written to {self.file}"


def chosen(inventory: Inventory, name: str) -> Orphan:
    """The orphan of this name, with sessions in it. Raises `ClusterError`."""
    found = named(inventory.orphans, name)
    if not found:
        raise ClusterError(
            f"no volume {name} of {inventory.project.name} is without a container; "
            "`python -m chaos orphans` lists those that are"
        )
    if len(found) > 1:
        raise ClusterError(f"{len(found)} volumes begin with {name}: give more of the name")
    (orphan,) = found
    if orphan.sessions is None:
        raise ClusterError(f"no sessions can be had from volume {orphan.volume}: {orphan.reason}")
    if orphan.sessions.total == orphan.sessions.ended:
        raise ClusterError(
            f"volume {orphan.volume} holds no session that has not ended: nothing to bring back"
        )
    return orphan


def export(engine: Engine, project: Project, orphan: Orphan, file: Path) -> Export:
    """Write the sessions to a new file, for its owner's eyes only. Raises `ClusterError`."""
    sessions = json.loads(inspection.sessions(engine, project, orphan.volume))
    told = {
        "schema": SCHEMA,
        "project": project.name,
        "services": orphan.services,
        "volume": orphan.volume,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "sessions": sessions,
    }
    try:
        file.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise ClusterError(f"{file} is there already: name a new file") from error
    file.write_text(json.dumps(told, indent=1) + "\n")
    return Export(orphan.volume, str(file), len(sessions))


def recover(engine: Engine, project: Project, orphan: Orphan, into: str | None) -> Recovery:
    """Copy the sessions into the running service `into`; without one, into that which left them if it
    runs, or else into `stateful`. Raises `ClusterError`.
    """
    service, replicas = _target(engine, project, orphan, into)
    first = replicas[0]
    sessions = inspection.sessions(engine, project, orphan.volume)
    answer = _add(engine, first, sessions)
    return Recovery(
        *(orphan.volume, service, first.name, answer["recovered"], answer["present"], answer["expired"]),
        notes=(*of_replicas(service, replicas), *of_cookies(orphan, answer["service"])),
    )


def _add(engine: Engine, replica: Instance, sessions: str) -> Mapping[str, Any]:
    """What the replica made of them."""
    recover = ("exec", "--interactive", replica.id, "python", "-m", "services.stateful.recover")
    try:
        answer: Mapping[str, Any] = json.loads(engine.docker(*recover, given=sessions))
    except ClusterError as error:
        said = str(error)
        raise ClusterError(f"{replica.name}: {said.partition(' failed: ')[2] or said}") from error
    return answer


def _target(engine: Engine, project: Project, orphan: Orphan, into: str | None) -> tuple[str, list[Instance]]:
    wanted = [into] if into else [*orphan.services, DEFAULT]
    for service in wanted:
        if replicas := _running(engine, project, service):
            return service, replicas
    raise ClusterError(
        f"no container of {' or '.join(dict.fromkeys(wanted))} runs: start one "
        f"(`docker compose up -d {wanted[0]}`), or choose another service with --into"
    )


def _running(engine: Engine, project: Project, service: str) -> list[Instance]:
    """The oldest number first: it is the one that scaling in leaves."""
    if service not in project.services:
        return []
    found = engine.compose("ps", "--quiet", "--status", "running", service).split()
    instances = read(engine.docker("inspect", *found), project.name) if found else []
    return sorted(instances, key=lambda instance: (len(instance.name), instance.name))


def of_replicas(service: str, replicas: Sequence[Instance]) -> list[str]:
    """Replicas on one mount share the file; all others know only their own sessions."""
    if len(replicas) == 1 or (replicas[0].mounts and len({replica.mounts for replica in replicas}) == 1):
        return []
    told = f"{len(replicas)} replicas of {service} run, each with sessions of its own"
    return [f"{told}: only {replicas[0].name} has these, so scale to 1, or use a route with affinity"]


def of_cookies(orphan: Orphan, service: str) -> list[str]:
    """A service reads only the cookie of its own name."""
    if orphan.services in {(), (service,)}:
        return []
    (left, *_) = orphan.services
    told = f"the clients' cookies are {left}-session and this service reads {service}-session"
    return [f"{told}: they find their sessions only with --into {left}"]
