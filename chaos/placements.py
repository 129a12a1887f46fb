"""The places where session state can live: data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Placement:
    """`service` is the Compose service that serves it, `store` the Redis behind it, if any.

    The gateway has a route of the placement's name, and one of the service's.
    """

    name: str
    service: str
    says: str
    store: str | None = None

    @property
    def holder(self) -> str:
        """The Compose service whose container the state is in, or comes from."""
        return self.store or self.service


PLACEMENTS = {
    placement.name: placement
    for placement in (
        Placement("memory", "memory", "a dict in the process"),
        Placement("layer", "stateful", "SQLite in the container's writable layer"),
        Placement("anonymous", "anonymous", "SQLite on the image's anonymous volume"),
        Placement("volume", "volume", "SQLite on a named volume"),
        Placement("bind", "bind", "SQLite in a directory of the host"),
        Placement("tmpfs", "tmpfs", "SQLite on a tmpfs"),
        Placement("token", "token", "sealed, in the client's cookie"),
        Placement("redis-none", "redis-none", "Redis without persistence", "store-none"),
        Placement("redis-stock", "redis-stock", "Redis as the image comes", "store-stock"),
        Placement("redis-everysec", "stateless", "Redis, append-only file synced each second", "redis"),
        Placement(
            "redis-always", "redis-always", "Redis, append-only file synced at each write", "store-always"
        ),
    )
}

PAIR = ("layer", "token", "redis-everysec")
"""What plain `docker compose up` brings up."""

CONTROL = Placement("control", "control", "a store that is broken on purpose: every 20th write is not kept")
"""Measured in every full matrix, under no fault: a lab that does not catch it proves nothing."""

EVERY = PLACEMENTS | {CONTROL.name: CONTROL}
