"""Literal containers, as they were seen before, during and after a fault."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chaos.faults.fault import Witness
from chaos.instance import Instance


def instance(
    name: str,
    boot: str | None = "b1",
    *,
    image: str = "sha256:1",
    started: str | None = None,
    status: str = "running",
    code: int = 0,
    volumes: Sequence[str] = (),
    made: str | None = None,
    networks: Sequence[str] = ("front", "back"),
    kind: str = "writable-layer",
    service: str = "stateful",
) -> Instance:
    """A container whose id is its name, 64 characters long. It started when its process did.

    Its volumes were made with it, or with the container that `made` names.
    """
    return Instance(
        id=name.ljust(64, "0"),
        name=f"sessionlab-{service}-1",
        service=service,
        image=image,
        started_at=started or f"at {boot}",
        status=status,
        exit_code=code,
        volumes=tuple(volumes),
        made=dict.fromkeys(volumes, f"made with {made or name}"),
        networks=tuple(networks),
        where={"boot": boot, "kind": kind, "path": "/state/sessions.db"} if boot else {},
    )


def redis(
    name: str, boot: str | None = "b1", *, volumes: Sequence[str] = ("data",), aof: str = "1", **more: Any
) -> Instance:
    """A Redis, which has its state on a volume. `more` as of any container."""
    one = instance(
        name, boot, kind="redis", service="redis", volumes=volumes, **{"networks": ["back"], **more}
    )
    return replace(one, where={"boot": boot, "kind": "redis", "aof_enabled": aof} if boot else {})


def killed(name: str, code: int = 137) -> Instance:
    """A container without its process; it does not answer where its state is."""
    return instance(name, None, started="at b1", status="exited", code=code)


def witness(before: Sequence[Instance], during: Sequence[Instance], after: Sequence[Instance]) -> Witness:
    return Witness(tuple(before), tuple(during), tuple(after))


def behind(before: Sequence[Instance], after: Sequence[Instance]) -> Witness:
    """A service that goes on, and the containers behind it that hold its state."""
    front = (instance("5e5510000000", "s1", kind="redis", service="stateless"),)
    return Witness(front, front, front, tuple(before), tuple(after))
