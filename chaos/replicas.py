"""What the replicas of a service say through the gateway, which picks any of them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from chaos.instance import Instance

ANSWER_SECONDS = 1.0


def answering(route: str, wanted: set[str]) -> bool:
    """Whether each of the containers (by short id), and no other, answers 200 on the route."""
    seen = set()
    for _ in range(max(2, 3 * len(wanted))):
        response = _get(route)
        if response is None or response.status_code != 200:
            return False
        seen.add(_container(response))
    return seen == wanted


def placements_seen(url: str, instances: Sequence[Instance]) -> dict[str, Mapping[str, Any]]:
    """`GET /placement` of each instance that answers, by its id."""
    services = {instance.service for instance in instances}
    with ThreadPoolExecutor(max_workers=6) as asking:
        told = asking.map(
            lambda service: _placements(url, service, sum(i.service == service for i in instances)), services
        )
        by_container = {container: where for seen in told for container, where in seen.items()}
    return {i.id: by_container[i.short] for i in instances if i.short in by_container}


def _placements(url: str, service: str, replicas: int) -> Mapping[str, Mapping[str, Any]]:
    seen: dict[str, Mapping[str, Any]] = {}
    for _ in range(4 * replicas):
        response = _get(f"{url}/{service}/placement")
        if response is None or response.status_code != 200:
            break
        seen[_container(response)] = response.json()
        if len(seen) == replicas:
            break
    return seen


def _get(url: str) -> requests.Response | None:
    """Past any proxy that the environment names: it goes to this machine."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url, timeout=ANSWER_SECONDS)
        except requests.RequestException:
            return None


def _container(response: requests.Response) -> str:
    return response.headers.get("Served-By", "//").split("/")[1]
