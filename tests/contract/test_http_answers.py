"""The HTTP contract (`contract.md`): what holds for every answer, with those to no path and no method."""

import re
import select
import socket
from urllib.parse import urlsplit

import pytest

from tests.contract.exchange import TEA, expect_problem
from tests.contract.running import Client, Service

SERVED_BY = re.compile(r"(stateful|stateless)/[^/]+/[0-9a-f]{12}")
EVERY_PATH = [
    "/session",
    "/session/items/a1",
    "/session/visits",
    "/session/renew",
    "/placement",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/",
    "/nothing/here",
]
EVERY_METHOD = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"]


@pytest.mark.parametrize("path", EVERY_PATH)
def test_answer_is_identified_uncached_and_never_5xx(member: Client, path: str) -> None:
    for method in EVERY_METHOD:
        answer = member.send(method, path)
        assert answer.status_code < 500, method
        assert SERVED_BY.fullmatch(answer.headers["Served-By"]), method
        assert answer.headers["Cache-Control"] == "no-store", method


def test_answer_waits_for_the_whole_body_when_nothing_asked_for_it(services: dict[str, Service]) -> None:
    """After an earlier answer the server may close the connection under the client's next request."""
    url = urlsplit(services["memory"].url)
    with socket.create_connection((url.hostname, url.port), timeout=5) as connection:
        connection.sendall(b"POST /nothing/here HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        assert not select.select([connection], [], [], 0.2)[0]
        connection.sendall(b"body")
        assert connection.recv(1024).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("path", ["/session", "/session/items/a1", "/session/visits", "/session/renew"])
def test_answer_about_a_session_varies_by_cookie(client: Client, path: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        answer = client.send(method, path, json=TEA)
        assert answer.status_code == 405 or answer.headers["Vary"] == "Cookie"


def test_head_answers_as_get_without_a_body(member: Client) -> None:
    get, head = member.send("GET", "/session"), member.send("HEAD", "/session")
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", get.headers["ETag"])


def test_unknown_path_is_a_404_problem(client: Client) -> None:
    expect_problem(client.send("GET", "/nothing/here"), 404)


def test_path_with_a_doubled_slash_is_not_redirected(member: Client) -> None:
    """The service does not know the prefix that a gateway took off."""
    expect_problem(member.send("POST", "/session//visits", allow_redirects=False), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/session", {"GET", "HEAD", "POST", "DELETE", "OPTIONS"}),
        ("GET", "/session/items/a1", {"PUT", "DELETE", "OPTIONS"}),
        ("GET", "/session/visits", {"POST", "OPTIONS"}),
        ("DELETE", "/healthz", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_method_that_is_not_allowed_is_a_405_problem_with_allow(
    client: Client, method: str, path: str, allowed: set[str]
) -> None:
    answer = client.send(method, path)
    expect_problem(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == allowed
