"""What all users have in common: a placement, and a way to it through Locust, which counts."""

from collections.abc import Iterable
from typing import Any

from locust import HttpUser


class PlacementUser(HttpUser):
    """Not a `FastHttpUser`: that one sends a request again when a connection that it kept was dropped."""

    abstract = True
    placement: str

    def on_start(self) -> None:
        self.client.trust_env = False

    def send(self, method: str, path: str, **options: Any) -> Any:
        """Through Locust, which counts it; the jar stays empty, a client keeps its own cookie."""
        self.client.cookies.clear()
        name = f"{self.placement}: {method} {path.rpartition('/')[2] if '/items/' not in path else 'item'}"
        return self.client.request(method, path, name=name, **options)


def classes(
    base: type[PlacementUser], placements: Iterable[str], **attributes: Any
) -> dict[str, type[PlacementUser]]:
    """A user class for each placement, by its name: `RedisEverysecUser`."""
    names = {name: "".join(part.capitalize() for part in name.split("-")) + "User" for name in placements}
    return {names[p]: type(names[p], (base,), {"placement": p, **attributes}) for p in names}
