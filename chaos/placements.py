"""The places where session state can live: data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Placement:
    """`route` is the gateway's path, `service` the Compose service whose containers are broken."""

    name: str
    service: str
    says: str

    @property
    def route(self) -> str:
        return f"/{self.name}"


PLACEMENTS = {
    placement.name: placement
    for placement in (
        Placement("layer", "stateful", "SQLite in the container's writable layer"),
        Placement("token", "token", "sealed, in the client's cookie"),
        Placement("redis-everysec", "stateless", "Redis, append-only file on a named volume"),
    )
}
