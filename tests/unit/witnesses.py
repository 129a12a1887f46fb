"""Literal containers, as they were seen before, during and after a fault."""

from collections.abc import Sequence

from chaos.cluster import Instance
from chaos.faults.fault import Witness


def instance(
    name: str,
    boot: str | None = "b1",
    *,
    started: str | None = None,
    status: str = "running",
    code: int = 0,
    kind: str = "writable-layer",
) -> Instance:
    """A container whose id is its name, 64 characters long. It started when its process did."""
    where = {"boot": boot, "kind": kind, "path": "/state/sessions.db"} if boot else {}
    begun = started or f"at {boot}"
    return Instance(
        name.ljust(64, "0"), f"sessionlab-{name}-1", "stateful", "sha256:1", begun, status, code, (), where
    )


def killed(name: str, code: int = 137) -> Instance:
    """A container without its process; it does not answer where its state is."""
    return instance(name, None, started="at b1", status="exited", code=code)


def witness(before: Sequence[Instance], during: Sequence[Instance], after: Sequence[Instance]) -> Witness:
    return Witness(tuple(before), tuple(during), tuple(after))
