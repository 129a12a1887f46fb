"""A container at one moment, as the engine tells it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SIGKILLED = 137
"""The exit code of a container whose first process was killed."""


@dataclass(frozen=True)
class Instance:
    """`where` is its own word: `GET /placement` of a service, `INFO` of a Redis; empty without one."""

    id: str
    name: str
    service: str
    image: str
    started_at: str
    status: str
    exit_code: int
    oom_killed: bool = False
    restarts: str = ""
    """The engine's policy for a container that ended by itself."""
    mounts: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    made: Mapping[str, str] = field(default_factory=dict)
    """When each of these volumes was made: a name alone does not tell one from its successor."""
    networks: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict)

    @property
    def short(self) -> str:
        return self.id[:12]

    @property
    def boot(self) -> str | None:
        return self.where.get("boot")

    @property
    def running(self) -> bool:
        """Whether its process is there and goes on: a frozen one is not running."""
        return self.status == "running"


Snapshot = Mapping[str, tuple[Instance, ...]]
"""The instances of each Compose service, by its name."""


def read(inspected: str, project: str) -> list[Instance]:
    """The containers in the output of `docker inspect`, with their networks by compose.yaml's names."""
    return [_instance(seen, project) for seen in json.loads(inspected)]


def _instance(seen: Mapping[str, Any], project: str) -> Instance:
    state, mounts = seen["State"], seen["Mounts"]
    return Instance(
        id=seen["Id"],
        name=seen["Name"].lstrip("/"),
        service=seen["Config"]["Labels"]["com.docker.compose.service"],
        image=seen["Image"],
        started_at=state["StartedAt"],
        status=state["Status"],
        exit_code=state["ExitCode"],
        oom_killed=state["OOMKilled"],
        restarts=seen["HostConfig"]["RestartPolicy"]["Name"],
        mounts=tuple(
            sorted(f"{m['Type']} {m.get('Name') or m['Source']} on {m['Destination']}" for m in mounts)
        ),
        volumes=tuple(m["Name"] for m in mounts if m["Type"] == "volume"),
        networks=tuple(name.removeprefix(f"{project}_") for name in seen["NetworkSettings"]["Networks"]),
    )
