"""Which volumes of a project nobody uses, and what is in them: made from what the engine said. Pure."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

CONTAINERS = '{{.Label "sessionlab"}} {{.Mounts}}'
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
_OWNER = "com.docker.compose.project"
_NO_DATABASE = "no sessions database in it"
_REDIS = "unknown: a Redis data set: only Redis reads it; its service mounts it again when it comes up"


@dataclass(frozen=True)
class Project:
    """Of `docker compose config`: `users` are the services that mount a volume, by its engine's name."""

    name: str
    image: str
    services: frozenset[str]
    users: Mapping[str, tuple[str, ...]]

    @classmethod
    def read(cls, config: str) -> "Project":
        told = json.loads(config)
        named = {key: volume["name"] for key, volume in told.get("volumes", {}).items()}
        users = defaultdict(list)
        for service, its in sorted(told["services"].items()):
            for mount in its.get("volumes", ()):
                if mount["type"] == "volume" and mount.get("source") in named:
                    users[named[mount["source"]]].append(service)
        return cls(
            told["name"],
            told["services"]["stateful"]["image"],
            frozenset(told["services"]),
            {volume: tuple(services) for volume, services in users.items()},
        )


@dataclass(frozen=True)
class Volume:
    """`ours` by Compose's label; without one only what is inside can tell."""

    name: str
    made_at: str
    ours: bool


def unused(volumes: Iterable[str], containers: str) -> list[str]:
    """Those that none of the containers mounts, by `docker ps` in the format `CONTAINERS`.

    One that is only being looked into is unused: another lab may look at the same time.
    """
    lines = [line.partition(" ") for line in containers.splitlines()]
    used = {name for label, _, mounts in lines if label != "inspection" for name in mounts.split(",")}
    return [volume for volume in volumes if volume not in used]


def candidates(inspected: str, project: str) -> list[Volume]:
    """Of `docker volume inspect`: the project's own volumes, and the anonymous ones that nobody labelled."""
    return [
        Volume(told["Name"], told["CreatedAt"], _owner(told) == project)
        for told in json.loads(inspected)
        if _owner(told) == project or (_owner(told) is None and _is_anonymous(told))
    ]


def _owner(told: Mapping[str, Any]) -> str | None:
    return (told["Labels"] or {}).get(_OWNER)


def _is_anonymous(told: Mapping[str, Any]) -> bool:
    """As the engine makes them for a `VOLUME`; mounting any other could reach for somebody's server."""
    return bool(_ANONYMOUS.fullmatch(told["Name"])) and told["Driver"] == "local" and not told["Options"]


@dataclass(frozen=True)
class Sessions:
    """`visits` and `items` are those of live sessions: neither ended nor expired."""

    total: int
    ended: int
    live: int
    visits: int
    items: int


@dataclass(frozen=True)
class Found:
    """What was seen inside a volume. `problem` says why it was not, or not wholly, seen."""

    bytes: int | None = None
    written_at: int | None = None
    names: tuple[str, ...] = ()
    project: str | None = None
    service: str | None = None
    sessions: Sessions | None = None
    problem: str | None = None


def read_found(told: str) -> dict[str, Found]:
    """Of `python -m services.stateful.kept`: what it saw, by volume."""
    return {name: _found(seen) for name, seen in json.loads(told).items()}


def _found(seen: Mapping[str, Any]) -> Found:
    sessions = Sessions(**seen["sessions"]) if seen["sessions"] else None
    return Found(**{**seen, "names": tuple(seen["names"]), "sessions": sessions})


@dataclass(frozen=True)
class Orphan:
    """A volume of this project that no container mounts. Without `sessions`, `reason` says why."""

    volume: str
    services: tuple[str, ...]
    made_at: str
    written_at: str | None
    bytes: int | None
    sessions: Sessions | None
    reason: str | None


@dataclass(frozen=True)
class Inventory:
    """`unseen`: anonymous volumes that could be the project's, and why they could not be looked into."""

    project: Project
    orphans: tuple[Orphan, ...]
    unseen: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "project": self.project.name,
            "orphans": [asdict(orphan) for orphan in self.orphans],
            "unseen": dict(self.unseen),
        }


def take(project: Project, volumes: Iterable[Volume], found: Mapping[str, Found]) -> Inventory:
    """What is the project's of these volumes, oldest first. Other people's are left out altogether."""
    orphans, unseen = [], {}
    for volume in sorted(volumes, key=lambda volume: (made(volume.made_at), volume.name)):
        seen = found.get(volume.name, Found())
        if volume.ours or seen.project == project.name:
            orphans.append(_orphan(volume, seen, project))
        elif seen.problem and seen.project is None:
            unseen[volume.name] = seen.problem
    return Inventory(project, tuple(orphans), unseen)


def _orphan(volume: Volume, seen: Found, project: Project) -> Orphan:
    return Orphan(
        volume=volume.name,
        services=(seen.service,) if seen.service else project.users.get(volume.name, ()),
        made_at=volume.made_at,
        written_at=None if seen.written_at is None else _utc(seen.written_at),
        bytes=seen.bytes,
        sessions=seen.sessions,
        reason=None if seen.sessions else _why_none(seen),
    )


def _why_none(seen: Found) -> str:
    if seen.problem:
        return f"unknown: {seen.problem}"
    of_redis = any(name == "appendonlydir" or name.endswith((".rdb", ".aof")) for name in seen.names)
    return _REDIS if of_redis else _NO_DATABASE


def named(orphans: Sequence[Orphan], name: str) -> list[Orphan]:
    """Those with this name, or else all whose name begins with it."""
    exact = [orphan for orphan in orphans if orphan.volume == name]
    return exact or [orphan for orphan in orphans if name and orphan.volume.startswith(name)]


def made(at: str) -> datetime:
    """The engine's time. It may have nanoseconds, or none."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", at))


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def age(since: str, now: datetime) -> str:
    """In words: the largest unit of which there is one."""
    seconds = max(0, int((now - made(since)).total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
