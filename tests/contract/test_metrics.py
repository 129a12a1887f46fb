"""Metrics by value: what happened is what `/metrics` says, over every store and nothing but HTTP."""

import time
from dataclasses import dataclass, field

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from services.session import application, placement
from services.session.cookie import Cookie
from services.session.credential import Credential
from services.session.placement import Instance
from services.session.store import SessionStore
from services.stateless.app import create_app as create_stateless
from tests.contract.clock import Clock
from tests.contract.exchange import TEA, UPLOAD
from tests.contract.running import free_port

COOKIE = "any-session"
OTHER_VERSION = {"If-Match": '"99"'}


@dataclass
class Watched:
    """An application over one store, and how its metrics changed since the last look."""

    client: FlaskClient
    before: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.changed()

    def changed(self) -> dict[str, float]:
        """Counters that went up, by how much: `name{label}`, the time apart."""
        text = self.client.get("/metrics").get_data(as_text=True)
        now = {
            f"{sample.name}{{{','.join(sample.labels.values())}}}"
            if sample.labels
            else sample.name: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name.startswith("session_") and sample.name.endswith("_total")
        }
        changed = {name: value - self.before.get(name, 0) for name, value in now.items()}
        self.before = now
        return {name: value for name, value in changed.items() if value}

    def first_class(self) -> dict[str, float]:
        """The same without the breakdown of all refusals."""
        return {name: value for name, value in self.changed().items() if "refused" not in name}

    def open(self) -> str:
        """A new session, and its credential; forgotten by the metrics."""
        assert self.client.post("/session").status_code == 201
        self.changed()
        return self.held()

    def held(self) -> str:
        cookie = self.client.get_cookie(COOKIE)
        assert cookie is not None
        return cookie.value

    def come_with(self, credential: str) -> None:
        self.client.set_cookie(COOKIE, credential)


def watch(store: SessionStore) -> Watched:
    where = placement.of_kind("process-memory", "any", "any", Instance.new(), None)
    return Watched(application.build(store, Cookie("any", secure=False), lambda: where).test_client())


@pytest.fixture
def watched(store: SessionStore) -> Watched:
    """Over each store."""
    return watch(store)


@pytest.fixture
def keeping(server_side_store: SessionStore) -> Watched:
    """Over each store that knows what it gave out."""
    return watch(server_side_store)


def test_sessions_opened_are_counted(watched: Watched) -> None:
    for _ in range(3):
        watched.client.post("/session")
    assert watched.changed() == {"session_opened_total": 3}


def test_session_that_is_used_and_renewed_is_not_counted_again(watched: Watched) -> None:
    watched.open()
    watched.client.get("/session")
    watched.client.put("/session/items/a1", json=TEA)
    watched.client.post("/session/renew")
    assert watched.changed() == {}


def test_session_ended_is_counted(watched: Watched) -> None:
    watched.open()
    assert watched.client.delete("/session").status_code == 204
    assert watched.changed() == {"session_ended_total": 1}


def test_session_expired_is_counted_when_a_request_meets_it(watched: Watched, clock: Clock) -> None:
    watched.open()
    clock.forward(100)
    watched.client.get("/session")
    assert watched.first_class() == {
        "session_expired_total": 1,
        "session_credentials_rejected_total{session-expired}": 1,
    }


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("PUT", "/session/items/a1", "apply"),
        ("POST", "/session/renew", "renew"),
        ("DELETE", "/session", "close"),
    ],
)
def test_conflict_is_counted(watched: Watched, method: str, path: str, operation: str) -> None:
    watched.open()
    json = TEA if method == "PUT" else None
    assert watched.client.open(path, method=method, json=json, headers=OTHER_VERSION).status_code == 412
    assert watched.first_class() == {f"session_conflicts_total{{{operation}}}": 1}


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [("POST", "/session/visits", "apply"), ("POST", "/session/renew", "renew")],
)
def test_resurrection_is_counted_when_it_is_blocked(
    keeping: Watched, method: str, path: str, operation: str
) -> None:
    credential = keeping.open()
    keeping.client.delete("/session")
    keeping.changed()
    keeping.come_with(credential)
    assert keeping.client.open(path, method=method).status_code == 401
    assert keeping.first_class() == {
        f"session_resurrections_blocked_total{{{operation}}}": 1,
        "session_credentials_rejected_total{session-ended}": 1,
    }


def test_read_after_the_end_is_no_resurrection(keeping: Watched) -> None:
    credential = keeping.open()
    keeping.client.delete("/session")
    keeping.changed()
    keeping.come_with(credential)
    keeping.client.get("/session")
    assert keeping.first_class() == {"session_credentials_rejected_total{session-ended}": 1}


def test_credential_that_is_malformed_is_counted_as_invalid(watched: Watched) -> None:
    watched.come_with("nonsense")
    watched.client.get("/session")
    assert watched.first_class() == {"session_credentials_rejected_total{credential-invalid}": 1}


def test_credential_that_nobody_gave_out_is_counted_as_unknown(keeping: Watched) -> None:
    keeping.come_with(str(Credential.fresh()))
    keeping.client.get("/session")
    assert keeping.first_class() == {"session_credentials_rejected_total{session-unknown}": 1}


def test_request_without_a_credential_is_no_rejected_credential(watched: Watched) -> None:
    assert watched.client.get("/session").status_code == 401
    assert watched.changed() == {}


def test_refusals_are_counted_by_operation_and_problem(watched: Watched) -> None:
    watched.come_with("nonsense")
    watched.client.get("/session")
    watched.client.post("/session/visits")
    refused = {name: value for name, value in watched.changed().items() if "refused" in name}
    assert refused == {
        "session_refused_total{load,credential-invalid}": 1,
        "session_refused_total{apply,credential-invalid}": 1,
    }


def test_store_out_of_reach_is_counted_for_each_request() -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    client = create_stateless({"SESSION_STORE": url, "SESSION_COOKIE_SECURE": "false"}).test_client()
    watched = Watched(client)
    for _ in range(3):
        assert client.post("/session").status_code == 503
    assert watched.changed() == {"session_refused_total{open,store-unavailable}": 3}


LATE = ("apply", "sync", "link", "renew")


def test_series_with_known_labels_are_there_before_anything_happens(watched: Watched) -> None:
    """A counter that begins with its first event has no increase to alert on."""
    assert watched.before == dict.fromkeys(
        [
            *("session_opened_total", "session_ended_total", "session_expired_total"),
            *(f"session_conflicts_total{{{operation}}}" for operation in ("apply", "renew", "close")),
            *(f"session_resurrections_blocked_total{{{operation}}}" for operation in LATE),
            *(
                f"session_credentials_rejected_total{{{reason}}}"
                for reason in ("credential-invalid", "session-unknown", "session-expired", "session-ended")
            ),
        ],
        0,
    )


def test_store_latency_is_measured_in_seconds_for_each_operation(watched: Watched) -> None:
    started = time.monotonic()
    watched.client.post("/session")
    watched.client.get("/session")
    watched.client.get("/session")
    watched.client.put("/session/items/a1", json=TEA)
    watched.client.post("/session/sync", json=UPLOAD)
    code = watched.client.post("/session/link").get_json()
    watched.client.post("/session", json={"link": code["link"]})
    watched.client.post("/session/renew")
    watched.client.delete("/session")
    watched.client.get("/readyz")
    elapsed = time.monotonic() - started
    text = watched.client.get("/metrics").get_data(as_text=True)
    (family,) = [f for f in text_string_to_metric_families(text) if f.name == "session_store_seconds"]
    counts = {s.labels["operation"]: s.value for s in family.samples if s.name.endswith("_count")}
    sums = [s.value for s in family.samples if s.name.endswith("_sum")]
    once = ("open", "join", "apply", "sync", "link", "renew", "close", "check")
    assert counts == {"load": 2, **dict.fromkeys(once, 1)}
    assert all(seconds > 0 for seconds in sums)
    assert sum(sums) <= elapsed
