"""The pair as Compose runs it, seen through the gateway."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from chaos.cluster import Cluster
from tests.e2e.poll import until
from tests.measured import expect_at_most

ROUTES = ("stateful", "layer", "stateless", "redis-everysec", "token")
SERVICES = ("stateful", "token", "stateless")
RUNNING = ("gateway", "redis", *SERVICES)
ONCE_READY = """
import time
from urllib.request import urlopen
while True:
    try:
        urlopen("http://127.0.0.1:8000/readyz", timeout=30)
        break
    except OSError:
        time.sleep(0.01)
"""


def inspect(cluster: Cluster, service: str) -> dict[str, Any]:
    container = cluster.compose("ps", "--all", "--quiet", service).split()[0]
    seen: dict[str, Any] = json.loads(cluster.docker("inspect", container))[0]
    return seen


def opened(base: str) -> requests.Session:
    client = requests.Session()
    assert client.post(f"{base}/session").status_code == 201
    return client


def replicas_seen(url: str, requests_made: int = 12) -> set[str]:
    answers = [requests.get(f"{url}/healthz", timeout=5) for _ in range(requests_made)]
    return {answer.headers["Served-By"].split("/")[1] for answer in answers if answer.ok}


def count_900_visits(base: str) -> tuple[int, int]:
    """3 x 300 visits at once, in one session, by 24 clients that share its cookie: what they came to, and
    how often a store was too busy for one, which was then made again.
    """
    client = opened(base)
    cookies = client.cookies.get_dict()

    def count(_: int) -> int:
        """How often it was refused before it was acknowledged."""
        for refused in range(30):
            answer = requests.post(f"{base}/session/visits", cookies=cookies, timeout=30)
            if answer.status_code != 503:
                assert answer.status_code == 200, answer.text
                return refused
        raise AssertionError(answer.text)

    with ThreadPoolExecutor(24) as clients:
        refused = sum(clients.map(count, range(900)))
    visits: int = client.get(f"{base}/session").json()["visits"]
    return visits, refused


@pytest.mark.parametrize("route", ROUTES)
def test_gateway_routes_a_session_to_each_placement(pair: Cluster, route: str) -> None:
    base = f"{pair.url()}/{route}"
    client = opened(base)
    assert client.put(f"{base}/session/items/a", json={"name": "tea", "quantity": 2}).status_code == 201
    assert client.get(f"{base}/session").json()["items"] == {"a": {"name": "tea", "quantity": 2}}


@pytest.mark.parametrize(
    ("route", "kind", "dies_with"),
    [
        ("stateful", "writable-layer", "the container"),
        ("stateless", "redis", "what Redis keeps its data on"),
        ("token", "client", "the client, or the key ring that seals it"),
    ],
)
def test_placement_says_where_the_state_lives(pair: Cluster, route: str, kind: str, dies_with: str) -> None:
    where = requests.get(f"{pair.url()}/{route}/placement", timeout=5).json()
    assert (where["kind"], where["dies_with"]) == (kind, dies_with)


def test_gateway_answers_a_problem_when_the_placement_is_unheard_of(pair: Cluster) -> None:
    answer = requests.get(f"{pair.url()}/nowhere/session", timeout=5)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["status"] == 404


def test_gateway_answers_503_as_a_problem_when_a_placement_is_not_up(pair: Cluster) -> None:
    pair.compose("stop", "token")
    try:
        url = f"{pair.url()}/token/session"
        until(lambda: requests.get(url, timeout=5).status_code == 503, 30, "503 from the gateway")
        answer = requests.get(url, timeout=5)
        assert answer.json()["type"].endswith("placement-unavailable")
        assert answer.headers["Retry-After"] == "1"
    finally:
        pair.up()


def test_gateway_serves_the_page_at_its_root(pair: Cluster) -> None:
    answer = requests.get(f"{pair.url()}/", timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_bodies_that_trickle_in_keep_no_replica_from_its_work(pair: Cluster) -> None:
    """Twice as many as the replica has threads."""
    origin = urlsplit(pair.url())
    begun = b"PUT /stateful/session/items/a1 HTTP/1.1\r\nHost: gateway\r\nContent-Length: 100\r\n\r\n{"
    with ExitStack() as connections:
        for _ in range(16):
            address = (origin.hostname or "", origin.port or 0)
            connection = connections.enter_context(socket.create_connection(address, timeout=20))
            connection.sendall(begun)
        assert requests.get(f"{pair.url()}/stateful/healthz", timeout=4).status_code == 200
        assert b" 408 " in connection.recv(4096).splitlines()[0]


def test_only_the_gateway_publishes_a_port_and_only_on_loopback(pair: Cluster) -> None:
    published = {
        service: binding["HostIp"]
        for service in RUNNING
        for bindings in inspect(pair, service)["NetworkSettings"]["Ports"].values()
        for binding in bindings or ()
    }
    assert published == {"gateway": "127.0.0.1"}


@pytest.mark.parametrize("service", [*RUNNING, "keys"])
def test_container_runs_without_root_and_privileges(pair: Cluster, service: str) -> None:
    seen = inspect(pair, service)
    assert seen["Config"]["User"] not in {"", "root", "0"}
    assert seen["HostConfig"]["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in seen["HostConfig"]["SecurityOpt"]


@pytest.mark.parametrize("service", ["stateless", "token"])
def test_stateless_service_has_nowhere_to_keep_anything(pair: Cluster, service: str) -> None:
    seen = inspect(pair, service)
    assert seen["HostConfig"]["ReadonlyRootfs"]
    assert all(not mount["RW"] for mount in seen["Mounts"])


def test_stateful_image_declares_no_volume(pair: Cluster) -> None:
    seen = inspect(pair, "stateful")
    assert not seen["Mounts"]
    assert not json.loads(pair.docker("image", "inspect", seen["Image"]))[0]["Config"].get("Volumes")


@pytest.mark.parametrize("service", [*RUNNING, "keys"])
def test_container_carries_the_project_label(pair: Cluster, service: str) -> None:
    assert inspect(pair, service)["Config"]["Labels"]["sessionlab"] == "container"


@pytest.mark.parametrize("kind", ["volume", "network"])
def test_volumes_and_networks_carry_the_project_label(pair: Cluster, kind: str) -> None:
    of_project = f"label=com.docker.compose.project={pair.environ['COMPOSE_PROJECT_NAME']}"
    every = pair.docker(kind, "ls", "--quiet", "--filter", of_project).split()
    labelled = pair.docker(kind, "ls", "--quiet", "--filter", of_project, "--filter", "label=sessionlab")
    assert every
    assert labelled.split() == every


@pytest.mark.parametrize("service", RUNNING)
def test_container_is_healthy_by_a_check_of_its_own(pair: Cluster, service: str) -> None:
    until(lambda: inspect(pair, service)["State"]["Health"]["Status"] == "healthy", 60, f"{service} healthy")


def test_keyring_is_made_once(pair: Cluster) -> None:
    client = opened(f"{pair.url()}/token")
    pair.compose("up", "--detach", "--no-build", "--force-recreate", "keys", "token")
    pair.wait_ready(["token"])
    assert client.get(f"{pair.url()}/token/session").status_code == 200


@pytest.mark.parametrize("service", SERVICES)
def test_stop_signal_reaches_the_process(pair: Cluster, service: str) -> None:
    pair.compose("stop", service)
    state = inspect(pair, service)["State"]
    pair.up()
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)


def test_store_outage_is_told_soon_and_keeps_the_cookie(pair: Cluster) -> None:
    """A stopped container's name is gone from the DNS, and where the engine's resolver finds nobody to
    ask, the answer that it does not exist takes the resolver's least time-out: a second.
    """
    base = f"{pair.url()}/stateless"
    client = opened(base)
    before = client.cookies.get_dict()

    def slowest() -> float:
        """Seconds that an answer took in an outage."""
        pair.compose("kill", "redis")
        try:
            answers = [client.post(f"{base}/session/visits", timeout=5) for _ in range(10)]
            assert {a.status_code for a in answers} == {503}
            assert all(a.json()["type"].endswith("store-unavailable") for a in answers)
            assert all("Retry-After" in a.headers for a in answers)
            assert client.cookies.get_dict() == before
            assert requests.get(f"{base}/healthz", timeout=5).status_code == 200
            assert requests.get(f"{base}/readyz", timeout=5).status_code == 503
        finally:
            pair.up()
        return max(a.elapsed.total_seconds() for a in answers)

    expect_at_most(1.5, slowest)
    assert client.get(f"{base}/session").status_code == 200


def test_new_replicas_get_traffic_within_two_seconds(pair: Cluster) -> None:
    """Of when they can serve: how long their start takes is this machine's doing."""
    before, url = pair.containers("stateful"), f"{pair.url()}/stateful"
    pair.start("stateful", options=["--no-recreate", "--scale", "stateful=3"])
    try:
        new = set(pair.containers("stateful")).difference(before)
        assert len(new) == 2
        pair.together(lambda container: pair.inside(container, "python", "-c", ONCE_READY), new)
        assert until(lambda: len(replicas_seen(url)) == 3, 30, "three replicas serve") < 2
    finally:
        pair.up()


def test_visits_count_exactly_through_three_replicas_on_redis(crowd: Cluster) -> None:
    """One whose answer Redis owed for too long may have been counted, too."""
    visits, refused = count_900_visits(f"{crowd.url()}/stateless")
    assert 900 <= visits <= 900 + refused


def test_visits_count_exactly_through_three_replicas_on_one_sqlite_volume(crowd: Cluster) -> None:
    """One that waited for the file in vain was not counted."""
    visits, _ = count_900_visits(f"{crowd.url()}/stateful")
    assert visits == 900


def test_requests_go_to_every_replica(crowd: Cluster) -> None:
    assert len(replicas_seen(f"{crowd.url()}/stateless")) == 3


def test_sticky_route_keeps_a_client_on_its_replica(crowd: Cluster) -> None:
    base = f"{crowd.url()}/stateful-sticky"
    client = opened(base)
    answers = [client.get(f"{base}/session") for _ in range(12)]
    assert {a.status_code for a in answers} == {200}
    assert len({a.headers["Served-By"] for a in answers}) == 1


def test_dead_replica_gets_no_traffic(crowd: Cluster) -> None:
    dead = crowd.snapshot(["stateful"])["stateful"][0]
    crowd.docker("kill", dead.id)
    answers = [requests.get(f"{crowd.url()}/stateful/healthz", timeout=5) for _ in range(60)]
    assert {a.status_code for a in answers} == {200}
    assert max(a.elapsed.total_seconds() for a in answers) < 1
    assert dead.short not in {a.headers["Served-By"].split("/")[1] for a in answers[30:]}
