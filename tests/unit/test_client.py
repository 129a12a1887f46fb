"""One session as a client lives it: what each answer means, and what it remembers."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from chaos.control.app import ForgetfulStore
from loadtests.client import SessionClient, outcome_of, problem_of
from loadtests.history import Kind, Operation, Outcome
from loadtests.promise import Shortfall
from services.session.lifetime import Lifetime
from services.stateful.memory import MemoryStore
from services.stateless import app as stateless
from services.stateless.keyring import create_first
from tests.contract.running import free_port
from tests.unit.serving import application_of, jarless, served

UNAVAILABLE = {"type": "urn:problem-type:sessionlab:placement-unavailable", "status": 503}


def answer(status: int, body: str = "") -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.raw = io.BytesIO(body.encode())
    return response


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        pytest.param(answer(200), None, id="200"),
        pytest.param(answer(204), None, id="204"),
        pytest.param(answer(0), "no-answer", id="no answer"),
        pytest.param(
            answer(401, '{"type": "urn:problem-type:sessionlab:session-unknown"}'), "session-unknown"
        ),
        pytest.param(answer(503, json.dumps(UNAVAILABLE)), "placement-unavailable", id="gateway"),
        pytest.param(answer(404, '{"type": "about:blank"}'), "status-404", id="about:blank"),
        pytest.param(answer(502, "<html>Bad Gateway</html>"), "status-502", id="no problem document"),
        pytest.param(answer(500, "[]"), "status-500", id="JSON of another form"),
        pytest.param(answer(500, '{"title": "Oops"}'), "status-500", id="no type"),
        pytest.param(answer(304), "status-304", id="304"),
    ],
)
def test_problem_is_the_last_word_of_its_type_or_the_status(
    response: requests.Response, problem: str | None
) -> None:
    assert problem_of(response) == problem


@pytest.mark.parametrize("kind", ["put", "visit"])
@pytest.mark.parametrize(
    ("status", "problem", "outcome"),
    [
        (200, None, "ok"),
        (201, None, "ok"),
        (401, "session-unknown", "fail"),
        (413, "session-too-large", "fail"),
        (499, "status-499", "fail"),
        (500, "status-500", "info"),
        (502, "replica-lost", "info"),
        (503, "store-unavailable", "info"),
        (504, "replica-silent", "info"),
        (503, "placement-unavailable", "fail"),
        (0, "no-answer", "info"),
    ],
)
def test_write_may_have_happened_unless_it_was_refused_before_anybody_did_it(
    kind: Kind, status: int, problem: str | None, outcome: Outcome
) -> None:
    assert outcome_of(kind, status, problem) == outcome


@pytest.mark.parametrize("kind", ["read", "open"])
@pytest.mark.parametrize(
    ("status", "problem", "outcome"),
    [
        (200, None, "ok"),
        (401, "session-unknown", "fail"),
        (502, "replica-lost", "fail"),
        (503, "store-unavailable", "fail"),
        (0, "no-answer", "fail"),
    ],
)
def test_read_fails_when_it_has_no_good_answer(
    kind: Kind, status: int, problem: str | None, outcome: Outcome
) -> None:
    assert outcome_of(kind, status, problem) == outcome


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with served(application_of(MemoryStore(Lifetime()))) as url:
        yield url


def somebody(origin: str, history: list[Operation]) -> SessionClient:
    return SessionClient(jarless(), f"{origin}/stateful", history.append, lambda: "steady")


@pytest.fixture
def history() -> list[Operation]:
    return []


@pytest.fixture
def client(origin: str, history: list[Operation]) -> SessionClient:
    """Somebody who has opened a session."""
    client = somebody(origin, history)
    assert client.open().outcome == "ok"
    return client


def test_client_records_each_operation_in_the_order_they_ended(
    client: SessionClient, history: list[Operation]
) -> None:
    client.put()
    client.visit()
    client.read()
    assert [(op.operation, op.outcome) for op in history] == [
        *(("open", "ok"), ("put", "ok"), ("visit", "ok"), ("read", "ok"))
    ]


def test_client_records_who_answered(client: SessionClient) -> None:
    service, container, boot = str(client.visit().served_by).split("/")
    assert (service, bool(container), bool(boot)) == ("stateful", True, True)


def test_client_records_when_an_operation_began_and_ended(
    client: SessionClient, history: list[Operation]
) -> None:
    client.visit()
    times = [time for op in history for time in (op.invoked_at, op.completed_at)]
    assert times == sorted(times)


def test_client_records_the_phase_in_which_an_operation_began(origin: str, history: list[Operation]) -> None:
    client = SessionClient(jarless(), f"{origin}/stateful", history.append, lambda: "recovery")
    client.open()
    assert [op.phase for op in history] == ["recovery"]


def test_client_records_what_it_read(client: SessionClient) -> None:
    item, _ = client.put().id, client.visit()
    operation, _ = client.read()
    assert operation.value == {"items": [item], "visits": 1}


def test_client_records_the_count_it_was_told(client: SessionClient) -> None:
    assert [client.visit().value for _ in range(3)] == [1, 2, 3]


def test_client_records_the_problem_when_it_is_refused(origin: str, history: list[Operation]) -> None:
    operation = somebody(origin, history).visit()
    assert (operation.outcome, operation.problem, operation.value) == ("fail", "session-unknown", None)


def test_client_has_a_session_of_its_own(origin: str, history: list[Operation]) -> None:
    one, other = somebody(origin, history), somebody(origin, history)
    one.open(), one.visit(), other.open()
    assert other.read()[0].value == {"items": [], "visits": 0}


def test_client_follows_the_cookie_when_each_write_changes_it(
    tmp_path: Path, history: list[Operation]
) -> None:
    """A sealed token is the state: whoever keeps the first one reads an empty session."""
    create_first(tmp_path / "keys")
    settings = {
        "SESSION_STORE": "token:",
        "SESSION_KEYS": f"{tmp_path}/keys",
        "SESSION_COOKIE_SECURE": "false",
    }
    with served(stateless.create_app(settings)) as origin:
        client = somebody(origin, history)
        client.open()
        items = sorted((client.put().id, client.put().id))
        assert client.read()[0].value == {"items": items, "visits": 0}


def test_client_finds_its_promise_kept_when_nothing_is_lost(client: SessionClient) -> None:
    for _ in range(3):
        client.put()
        client.visit()
    assert client.read()[1] == Shortfall(frozenset(), 0, 0)


def test_client_notices_a_broken_promise_when_a_write_was_forgotten(history: list[Operation]) -> None:
    with served(application_of(ForgetfulStore(Lifetime(), every=50))) as origin:
        client = somebody(origin, history)
        client.open()
        last = [client.put() for _ in range(50)][-1]
        assert client.read()[1] == Shortfall(frozenset({last.id}), 0, 0)


def test_client_says_nothing_of_its_promise_when_a_read_has_no_good_answer(
    origin: str, history: list[Operation]
) -> None:
    assert somebody(origin, history).read()[1] is None


def test_client_promises_itself_a_write_only_perhaps_when_nobody_answers(history: list[Operation]) -> None:
    def send(method: str, path: str, **options: Any) -> requests.Response:
        """As Locust does: no answer is a response of status 0."""
        try:
            return jarless()(method, path, **options)
        except requests.ConnectionError:
            return answer(0)

    client = SessionClient(send, f"http://127.0.0.1:{free_port()}", history.append, lambda: "fault")
    client.put()
    assert (client.promise.acknowledged, client.promise.indeterminate) == (0, 1)


def test_client_never_repeats_a_request(history: list[Operation]) -> None:
    sent = []

    def send(method: str, path: str, **options: Any) -> requests.Response:
        sent.append(method)
        return answer(502, '{"type": "urn:problem-type:sessionlab:replica-lost"}')

    SessionClient(send, "", history.append, lambda: "fault").visit()
    assert sent == ["POST"]
