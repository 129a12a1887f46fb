"""The HTTP contract (`contract.md`): uploads of devices, and the code by which another one joins."""

from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.contract.exchange import DEVICE, TEA, expect_problem, read
from tests.contract.running import Client

VISIT = {"operation": "visit"}
PUT = {"operation": "put", "id": "a1", **TEA}
REMOVE = {"operation": "remove", "id": "a1"}


def upload(client: Client, *operations: dict[str, Any], first: int = 1, **more: Any) -> requests.Response:
    numbered = [{"sequence": n, **one} for n, one in enumerate(operations, first)]
    return client.send("POST", "/session/sync", json={"device": DEVICE, "operations": numbered, **more})


@pytest.fixture(name="client")
def with_session(client: Client) -> Client:
    assert client.send("POST", "/session").status_code == 201
    return client


def test_upload_is_answered_with_the_mark_and_the_session(client: Client) -> None:
    answer = upload(client, PUT, VISIT, VISIT)
    assert answer.status_code == 200
    assert set(answer.json()) == {"acknowledged", "session"}
    assert answer.json()["acknowledged"] == 3
    session = answer.json()["session"]
    assert (session["items"], session["visits"]) == ({"a1": TEA}, 2)
    assert (answer.headers["ETag"], session) == (f'"{session["version"]}"', read(client))


def test_repeated_upload_is_answered_alike(client: Client) -> None:
    first, again = (upload(client, VISIT, REMOVE).json() for _ in range(2))
    assert first["acknowledged"] == again["acknowledged"]
    assert first["session"]["version"] == again["session"]["version"]


def test_gap_is_409_and_names_the_number_expected(client: Client) -> None:
    upload(client, VISIT)
    problem = expect_problem(upload(client, VISIT, first=4), 409, "sequence-gap")
    assert problem["expected"] == 2
    assert read(client)["visits"] == 1


@pytest.mark.parametrize(
    ("numbers", "expected"), [((1, 1), 2), ((1, 3), 2), ((2, 1), 3), ((1, 2, 4), 3), ((1, 2, 1), 3)], ids=str
)
def test_gap_within_an_upload_is_409_and_nothing_of_it_is_applied(
    client: Client, numbers: tuple[int, ...], expected: int
) -> None:
    body = {"device": DEVICE, "operations": [{"sequence": n, **VISIT} for n in numbers]}
    problem = expect_problem(client.send("POST", "/session/sync", json=body), 409, "sequence-gap")
    assert problem["expected"] == expected
    assert read(client)["visits"] == 0


def test_no_other_problem_names_a_number(client: Client) -> None:
    assert "expected" not in expect_problem(client.send("GET", "/nowhere"), 404)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"device": DEVICE},
        {"operations": []},
        {"device": "short", "operations": []},
        {"device": "no spaces are allowed", "operations": []},
        {"device": "x" * 37, "operations": []},
        {"device": DEVICE, "operations": [], "since": -1},
        {"device": DEVICE, "operations": [], "more": 1},
        {"device": DEVICE, "operations": [VISIT]},
        {"device": DEVICE, "operations": [{"sequence": 0, **VISIT}]},
        {"device": DEVICE, "operations": [{"sequence": 1, "operation": "clear"}]},
        {"device": DEVICE, "operations": [{"sequence": 1, **PUT, "quantity": 0}]},
        {"device": DEVICE, "operations": [{"sequence": 1, **VISIT, "id": "a1"}]},
        {"device": DEVICE, "operations": [{"sequence": 1, **REMOVE, "id": "a b"}]},
        {"device": DEVICE, "operations": [{"sequence": n, **VISIT} for n in range(1, 102)]},
    ],
    ids=str,
)
def test_malformed_upload_is_422_and_changes_nothing(client: Client, body: dict[str, Any]) -> None:
    expect_problem(client.send("POST", "/session/sync", json=body), 422, "invalid")
    assert (read(client)["version"], read(client)["visits"]) == (1, 0)


def test_upload_of_as_many_operations_as_may_be_is_taken(client: Client) -> None:
    assert upload(client, *[VISIT] * 100).json()["acknowledged"] == 100


def test_forgotten_device_is_409(client: Client) -> None:
    for n in range(33):
        body = {"device": f"device-{n:016}", "operations": [{"sequence": 1, **VISIT}], "since": n + 1}
        assert client.send("POST", "/session/sync", json=body).status_code == 200
    expect_problem(upload(client, VISIT), 409, "device-forgotten")
    assert read(client)["visits"] == 33
    since = read(client)["version"]
    assert upload(client, VISIT, since=since).json()["session"]["visits"] == 34


def test_link_is_a_code_with_a_time(client: Client) -> None:
    answer = client.send("POST", "/session/link")
    assert answer.status_code == 201
    assert set(answer.json()) == {"link", "expires_at"}
    seconds = datetime.fromisoformat(answer.json()["expires_at"]) - datetime.now(UTC)
    assert 290 < seconds.total_seconds() <= 300


def test_device_that_joins_gets_the_session_and_a_cookie_of_its_own(client: Client) -> None:
    upload(client, PUT, VISIT)
    other = Client(client.base)
    joined = other.send("POST", "/session", json=link_of(client))
    assert joined.status_code == 201
    assert joined.json()["items"] == {"a1": TEA} == read(other)["items"]
    assert set(other.jar.cookies.values()).isdisjoint(client.jar.cookies.values())


@pytest.mark.parametrize("link", ["", "nonsense", "A" * 22 + "." + "A" * 22, "x" * 5000])
def test_code_that_nobody_gave_out_is_401_and_sets_no_cookie(client: Client, link: str) -> None:
    other = Client(client.base)
    answer = other.send("POST", "/session", json={"link": link})
    expect_problem(answer, 401, "link-invalid")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("body", [{"link": 1}, {"link": None, "more": 1}, {"code": "x"}, []])
def test_malformed_joining_is_422(client: Client, body: Any) -> None:
    expect_problem(client.send("POST", "/session", json=body), 422, "invalid")


def link_of(client: Client) -> dict[str, str]:
    return {"link": client.send("POST", "/session/link").json()["link"]}
