"""The HTTP contract (`contract.md`), over every placement as a running service."""

import re
import select
import socket
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from services.session.credential import Credential
from tests.contract.running import Client, Service

TEA = {"name": "tea", "quantity": 2}
SERVED_BY = re.compile(r"(stateful|stateless)/[^/]+/[0-9a-f]{12}")
KINDS = {"memory": {"process-memory"}, "token": {"client"}, "redis": {"redis"}}
FILES = {"writable-layer", "volume", "bind", "network", "tmpfs"}
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
CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("PUT", "/session/items/a1", {"json": TEA}),
    ("DELETE", "/session/items/a1", {}),
    ("POST", "/session/visits", {}),
    ("POST", "/session/renew", {}),
    ("DELETE", "/session", {}),
]
USES = [*CHANGES, ("GET", "/session", {})]


def ids(requests_made: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
    return [f"{method} {path}" for method, path, _ in requests_made]


def expect_problem(answer: requests.Response, status: int, slug: str | None = None) -> dict[str, Any]:
    """The problem document, which says no less and nothing internal."""
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert set(problem) <= {"type", "title", "status", "detail"}
    assert (problem["status"], bool(problem["title"])) == (status, True)
    assert problem["type"].endswith(slug) if slug else problem["type"] == "about:blank"
    assert not re.search(r"Traceback|\.py\b|services\.|0x[0-9a-f]{6}", answer.text)
    return problem


def read(client: Client) -> dict[str, Any]:
    answer = client.send("GET", "/session")
    assert answer.status_code == 200
    session: dict[str, Any] = answer.json()
    return session


# The routes


def test_post_session_opens_an_empty_one(client: Client) -> None:
    answer = client.send("POST", "/session")
    assert answer.status_code == 201
    assert {k: v for k, v in answer.json().items() if k in {"version", "items", "visits"}} == {
        "version": 1,
        "items": {},
        "visits": 0,
    }


def test_post_session_tells_both_deadlines_in_utc(client: Client) -> None:
    session = client.send("POST", "/session").json()
    opened, idle, absolute = (
        datetime.fromisoformat(session[name]) for name in ("opened_at", "idle_expires_at", "expires_at")
    )
    assert session["opened_at"].endswith("Z")
    assert (idle - opened).total_seconds() == 1800
    assert (absolute - opened).total_seconds() == 43200


def test_post_session_takes_an_empty_object(client: Client) -> None:
    assert client.send("POST", "/session", json={}).status_code == 201


def test_post_session_sets_the_cookie_with_every_attribute(client: Client, service: Service) -> None:
    cookie = client.send("POST", "/session").headers["Set-Cookie"]
    first, *attributes = cookie.split("; ")
    assert first.partition("=")[0] == service.cookie
    assert set(attributes) == {"HttpOnly", "Path=/", "SameSite=Lax"}


def test_post_session_opens_another_when_there_is_one_already(member: Client) -> None:
    member.send("POST", "/session/visits")
    first = {**member.jar.cookies}
    assert member.send("POST", "/session").status_code == 201
    assert read(member)["visits"] == 0
    assert {**member.jar.cookies} != first


def test_post_session_adopts_no_credential_that_comes_along(client: Client, service: Service) -> None:
    chosen = str(Credential.fresh())
    answer = client.send("POST", "/session", headers={"Cookie": f"{service.cookie}={chosen}"})
    assert answer.status_code == 201
    assert chosen not in answer.headers["Set-Cookie"]
    by_chosen = service.client().send("GET", "/session", headers={"Cookie": f"{service.cookie}={chosen}"})
    assert by_chosen.status_code == 401


def test_get_session_reads_what_was_put_and_counted(member: Client) -> None:
    member.send("PUT", "/session/items/a1", json=TEA)
    member.send("POST", "/session/visits")
    session = read(member)
    assert (session["version"], session["items"], session["visits"]) == (3, {"a1": TEA}, 1)


def test_session_never_contains_the_credential(member: Client) -> None:
    (credential,) = member.jar.cookies.values()
    answer = member.send("GET", "/session")
    assert set(answer.json()) == {
        "version",
        "items",
        "visits",
        "opened_at",
        "idle_expires_at",
        "expires_at",
    }
    assert credential not in answer.text


def test_put_item_is_201_when_it_is_new(member: Client) -> None:
    answer = member.send("PUT", "/session/items/a1", json=TEA)
    assert (answer.status_code, answer.json(), answer.headers["ETag"]) == (201, {"version": 2}, '"2"')


def test_put_item_is_200_when_it_replaces(member: Client) -> None:
    member.send("PUT", "/session/items/a1", json=TEA)
    answer = member.send("PUT", "/session/items/a1", json={"name": "jam", "quantity": 1})
    assert (answer.status_code, answer.json()) == (200, {"version": 3})
    assert read(member)["items"] == {"a1": {"name": "jam", "quantity": 1}}


def test_delete_item_removes_it(member: Client) -> None:
    member.send("PUT", "/session/items/a1", json=TEA)
    answer = member.send("DELETE", "/session/items/a1")
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (204, b"", '"3"')
    assert read(member)["items"] == {}


def test_delete_item_is_204_when_it_is_not_there(member: Client) -> None:
    assert member.send("DELETE", "/session/items/a1").status_code == 204


def test_post_visits_counts_each(member: Client) -> None:
    answers = [member.send("POST", "/session/visits") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert [answer.json() for answer in answers] == [{"visits": n, "version": n + 1} for n in (1, 2, 3)]


def test_post_renew_changes_the_cookie_and_not_the_session(member: Client) -> None:
    member.send("PUT", "/session/items/a1", json=TEA)
    before, cookie = read(member), member.jar.cookies.values()
    answer = member.send("POST", "/session/renew")
    assert (answer.status_code, answer.content) == (204, b"")
    assert member.jar.cookies.values() != cookie
    assert read(member) == before


def test_post_renew_leaves_the_old_cookie_a_grace(member: Client, service: Service) -> None:
    (old,) = member.jar.cookies.values()
    member.send("POST", "/session/renew")
    answer = service.client().send("GET", "/session", headers={"Cookie": f"{service.cookie}={old}"})
    assert answer.status_code == 200


def test_delete_session_makes_the_client_forget_it(member: Client) -> None:
    answer = member.send("DELETE", "/session")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert not member.jar.cookies
    assert member.send("GET", "/session").status_code == 401


def test_delete_session_deletes_the_cookie_with_the_attributes_it_was_set_with(
    member: Client, service: Service
) -> None:
    first, *attributes = member.send("DELETE", "/session").headers["Set-Cookie"].split("; ")
    assert first == f"{service.cookie}="
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=0"} <= set(attributes)


def test_delete_session_ends_the_credential_where_the_server_keeps_the_state(
    member: Client, service: Service
) -> None:
    """A kept token still opens: nobody but the client could have forgotten it."""
    (kept,) = member.jar.cookies.values()
    member.send("DELETE", "/session")
    answer = service.client().send("GET", "/session", headers={"Cookie": f"{service.cookie}={kept}"})
    if service.name == "token":
        assert answer.status_code == 200
    else:
        expect_problem(answer, 401, "session-ended")


def test_delete_session_is_204_when_it_is_repeated(member: Client, service: Service) -> None:
    (kept,) = member.jar.cookies.values()
    for _ in range(2):
        again = service.client().send("DELETE", "/session", headers={"Cookie": f"{service.cookie}={kept}"})
        assert again.status_code == 204


def test_placement_tells_where_the_state_lives(client: Client, service: Service) -> None:
    answer = client.send("GET", "/placement")
    where = answer.json()
    assert (where["service"], where["store"]) == (service.service, service.name)
    assert where["kind"] in KINDS.get(service.name, FILES)
    assert answer.headers["Served-By"] == f"{where['service']}/{where['instance']}/{where['boot']}"


def test_placement_names_a_file_only_where_there_is_one(client: Client, service: Service) -> None:
    where = client.send("GET", "/placement").json()
    expected = service.name == "sqlite"
    assert bool(where["path"]) is bool(where["filesystem"]) is expected


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/"])
def test_operator_route_is_200_and_sets_no_cookie(client: Client, path: str) -> None:
    answer = client.send("GET", path)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_metrics_count_store_operations(member: Client) -> None:
    families = {f.name: f for f in text_string_to_metric_families(member.send("GET", "/metrics").text)}
    opened = [
        sample.value
        for sample in families["session_store_seconds"].samples
        if sample.name.endswith("_count") and sample.labels == {"operation": "open"}
    ]
    assert opened[0] >= 1


def test_metrics_count_refusals_by_problem(client: Client, service: Service) -> None:
    client.send("GET", "/session", headers={"Cookie": f"{service.cookie}=nonsense"})
    families = {f.name: f for f in text_string_to_metric_families(client.send("GET", "/metrics").text)}
    labels = [sample.labels for sample in families["session_refused"].samples]
    assert {"operation": "load", "problem": "credential-invalid"} in labels


def test_openapi_document_is_3_1_and_names_the_cookie(client: Client, service: Service) -> None:
    document = client.send("GET", "/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    assert document["components"]["securitySchemes"]["session"]["name"] == service.cookie


def test_openapi_document_has_no_dangling_reference(client: Client) -> None:
    answer = client.send("GET", "/openapi.json")
    references = set(re.findall(r'"\$ref":"#/components/schemas/(\w+)"', answer.text))
    assert references
    assert references <= set(answer.json()["components"]["schemas"])


def documented(client: Client) -> list[tuple[str, str, dict[str, Any]]]:
    paths = client.send("GET", "/openapi.json").json()["paths"]
    return [
        (path, method, operation)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method in {"get", "put", "post", "delete"}
    ]


def test_each_documented_operation_answers_as_documented(client: Client) -> None:
    for path, method, operation in documented(client):
        client.send("POST", "/session")
        body = {"json": TEA} if "requestBody" in operation else {}
        answer = client.send(method.upper(), path.replace("{item_id}", "a1"), **body)
        assert str(answer.status_code) in operation["responses"], (method, path)
        assert answer.ok, (method, path)


def test_every_route_of_the_api_is_documented(client: Client) -> None:
    known = {(method.upper(), path.replace("{item_id}", "a1")) for path, method, _ in documented(client)}
    assert {(method, path) for method, path, _ in USES} | {("POST", "/session")} <= known


# Conditions


def test_get_session_has_the_version_as_etag(member: Client) -> None:
    assert member.send("GET", "/session").headers["ETag"] == '"1"'


def test_get_session_is_304_when_the_version_is_the_known_one(member: Client) -> None:
    answer = member.send("GET", "/session", headers={"If-None-Match": '"1"'})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", '"1"')


def test_get_session_is_200_when_the_version_is_no_longer_the_known_one(member: Client) -> None:
    member.send("POST", "/session/visits")
    assert member.send("GET", "/session", headers={"If-None-Match": '"1"'}).status_code == 200


@pytest.mark.parametrize(("method", "path", "more"), CHANGES, ids=ids(CHANGES))
def test_change_runs_when_if_match_holds(
    member: Client, method: str, path: str, more: dict[str, Any]
) -> None:
    assert member.send(method, path, headers={"If-Match": '"1"'}, **more).ok


@pytest.mark.parametrize(("method", "path", "more"), CHANGES, ids=ids(CHANGES))
def test_change_runs_when_if_match_takes_any_version(
    member: Client, method: str, path: str, more: dict[str, Any]
) -> None:
    assert member.send(method, path, headers={"If-Match": "*"}, **more).ok


@pytest.mark.parametrize(("method", "path", "more"), CHANGES, ids=ids(CHANGES))
def test_change_executes_nothing_when_if_match_fails(
    member: Client, method: str, path: str, more: dict[str, Any]
) -> None:
    member.send("PUT", "/session/items/a1", json=TEA | {"name": "jam"})
    before = read(member)
    answer = member.send(method, path, headers={"If-Match": '"1"'}, **more)
    expect_problem(answer, 412, "precondition-failed")
    assert "Set-Cookie" not in answer.headers
    assert read(member) == before


@pytest.mark.parametrize("tag", ['"2"', '"01"', 'W/"1"', '"x"', '""', '"-1"', '"+1"', f'"{10**30}"', "x"])
def test_visit_is_not_counted_when_if_match_names_no_version_it_has(member: Client, tag: str) -> None:
    answer = member.send("POST", "/session/visits", headers={"If-Match": tag})
    expect_problem(answer, 412, "precondition-failed")
    assert read(member)["visits"] == 0


# The cookie


def test_unchanged_cookie_is_not_sent_again_with_a_read(member: Client) -> None:
    assert "Set-Cookie" not in member.send("GET", "/session").headers


def test_cookie_is_sent_with_a_change_only_where_it_changed(member: Client, service: Service) -> None:
    """A token is another one after each change; the id of a server-side session stays."""
    answer = member.send("POST", "/session/visits")
    assert ("Set-Cookie" in answer.headers) is (service.name == "token")


@pytest.mark.parametrize(("method", "path", "more"), USES, ids=ids(USES))
def test_request_without_a_cookie_is_401(
    client: Client, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = client.send(method, path, **more)
    expect_problem(answer, 401, "session-unknown")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(("method", "path", "more"), USES, ids=ids(USES))
def test_request_with_a_malformed_credential_is_401(
    client: Client, service: Service, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = client.send(method, path, headers={"Cookie": f"{service.cookie}=nonsense"}, **more)
    expect_problem(answer, 401, "credential-invalid")


@pytest.mark.parametrize("value", ["", '"x"', "a=b; c", "%00", "." * 44, "x" * 4000])
def test_credential_of_another_form_is_401(client: Client, service: Service, value: str) -> None:
    answer = client.send("GET", "/session", headers={"Cookie": f"{service.cookie}={value}"})
    expect_problem(answer, 401, "credential-invalid")


@pytest.mark.parametrize("value", ['"', "\xff", "a b", '"\\'])
def test_cookie_that_is_no_cookie_is_as_none(client: Client, service: Service, value: str) -> None:
    answer = client.send("GET", "/session", headers={"Cookie": f"{service.cookie}={value}"})
    expect_problem(answer, 401, "session-unknown")


def test_request_with_an_unknown_credential_is_401(client: Client, service: Service) -> None:
    """For the token store it is no credential at all: there is nothing to look it up in."""
    cookie = {"Cookie": f"{service.cookie}={Credential.fresh()}"}
    slug = "credential-invalid" if service.name == "token" else "session-unknown"
    expect_problem(client.send("GET", "/session", headers=cookie), 401, slug)


def test_request_ignores_other_cookies(member: Client) -> None:
    member.jar.cookies.set("other", "x; y")
    assert member.send("GET", "/session").status_code == 200


# Every answer


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


# Limits and malformed input


@pytest.mark.parametrize("key", ["a", "a" * 64, "A-Z_0.9", "...", "-"])
def test_item_id_of_the_right_form_is_taken(member: Client, key: str) -> None:
    assert member.send("PUT", f"/session/items/{key}", json=TEA).status_code == 201


@pytest.mark.parametrize("key", ["a" * 65, "a%20b", "a%0A", "%00", "%C3%A4", "%FF", "a:b", "~", "a%3Fb"])
def test_item_id_of_another_form_is_422(member: Client, key: str) -> None:
    for method in ("PUT", "DELETE"):
        expect_problem(member.send(method, f"/session/items/{key}", json=TEA), 422, "invalid")
    assert read(member)["version"] == 1


@pytest.mark.parametrize("item", [{"name": "x", "quantity": 1}, {"name": "🫖" * 100, "quantity": 999}])
def test_item_at_the_limits_is_kept_exactly(member: Client, item: dict[str, Any]) -> None:
    assert member.send("PUT", "/session/items/a1", json=item).status_code == 201
    assert read(member)["items"] == {"a1": item}


BODIES = {
    "empty": b"",
    "no JSON": b"tea",
    "trailing": b'{"name": "tea", "quantity": 2} x',
    "null": b"null",
    "list": b"[]",
    "string": b'"tea"',
    "no name": b'{"quantity": 2}',
    "no quantity": b'{"name": "tea"}',
    "empty name": b'{"name": "", "quantity": 2}',
    "long name": b'{"name": "%s", "quantity": 2}' % (b"x" * 101),
    "name null": b'{"name": null, "quantity": 2}',
    "name number": b'{"name": 5, "quantity": 2}',
    "name list": b'{"name": ["tea"], "quantity": 2}',
    "quantity 0": b'{"name": "tea", "quantity": 0}',
    "quantity 1000": b'{"name": "tea", "quantity": 1000}',
    "quantity -1": b'{"name": "tea", "quantity": -1}',
    "quantity fraction": b'{"name": "tea", "quantity": 1.5}',
    "quantity string": b'{"name": "tea", "quantity": "2"}',
    "quantity true": b'{"name": "tea", "quantity": true}',
    "quantity null": b'{"name": "tea", "quantity": null}',
    "quantity huge": b'{"name": "tea", "quantity": %s}' % (b"9" * 5000),
    "quantity 1e999": b'{"name": "tea", "quantity": 1e999}',
    "NaN": b'{"name": "tea", "quantity": NaN}',
    "Infinity": b'{"name": "tea", "quantity": Infinity}',
    "unknown field": b'{"name": "tea", "quantity": 2, "price": 1}',
    "invalid UTF-8": b'{"name": "\xff", "quantity": 2}',
    "overlong UTF-8": b'{"name": "\xc0\x80", "quantity": 2}',
    "half a surrogate": b'{"name": "\\ud800", "quantity": 2}',
    "byte order mark": b'\xef\xbb\xbf{"name": "tea", "quantity": 2}',
    "UTF-16": '{"name": "tea", "quantity": 2}'.encode("utf-16"),
    "deep list": b"[" * 16000,
    "deep name": b'{"name": ' + b"[" * 16000,
    "deep unknown field": b'{"deep": ' + b'{"a":' * 3000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_malformed_item_is_422_and_changes_nothing(member: Client, body: bytes) -> None:
    json = {"Content-Type": "application/json"}
    expect_problem(member.send("PUT", "/session/items/a1", data=body, headers=json), 422, "invalid")
    assert read(member)["version"] == 1


@pytest.mark.parametrize("path", ["/session", "/session/visits", "/session/renew"])
def test_body_where_none_is_needed_is_422_when_it_is_no_empty_object(member: Client, path: str) -> None:
    json = {"Content-Type": "application/json"}
    for body in (b"[]", b"null", b'{"x": 1}', b"{", b"\xff"):
        expect_problem(member.send("POST", path, data=body, headers=json), 422, "invalid")
    assert read(member)["version"] == 1


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "json", "x" * 500])
def test_item_of_another_media_type_is_415(member: Client, kind: str | None) -> None:
    answer = member.send(
        "PUT", "/session/items/a1", data=b'{"name": "tea", "quantity": 2}', headers={"Content-Type": kind}
    )
    expect_problem(answer, 415)
    assert read(member)["version"] == 1


def test_item_may_name_its_charset(member: Client) -> None:
    kind = {"Content-Type": "application/json; charset=utf-8"}
    answer = member.send("PUT", "/session/items/a1", data=b'{"name": "tea", "quantity": 2}', headers=kind)
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/session/items/a1"),
        ("POST", "/session/visits"),
        ("POST", "/session"),
        ("POST", "/session/renew"),
    ],
)
def test_body_beyond_16_kib_is_413(member: Client, method: str, path: str) -> None:
    body = b" " * (16 * 1024 + 1)
    answer = member.send(method, path, data=body, headers={"Content-Type": "application/json"})
    expect_problem(answer, 413)
    assert answer.headers["Connection"] == "close"
    assert read(member)["version"] == 1


def test_body_of_16_kib_is_read(member: Client) -> None:
    body = b'{"name": "tea", "quantity": 2}'.ljust(16 * 1024)
    answer = member.send("PUT", "/session/items/a1", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201


def test_two_entity_tags_in_if_match_are_422(member: Client) -> None:
    answer = member.send("POST", "/session/visits", headers={"If-Match": '"1", "2"'})
    expect_problem(answer, 422, "invalid")


# What fits into a cookie


def fill(client: Client) -> tuple[list[int], requests.Response]:
    """Put items until one is refused: the sizes of the cookies that were set, and the refusal."""
    sizes: list[int] = []
    for number in range(100):
        item = {"name": f"{number:03}".ljust(100, "x"), "quantity": 999}
        answer = client.send("PUT", f"/session/items/a{number:03}", json=item)
        if answer.status_code != 201:
            return sizes, answer
        sizes.append(len(answer.headers["Set-Cookie"]))
    raise AssertionError("nothing was refused")


@pytest.fixture
def token_member(services: dict[str, Service]) -> Client:
    client = services["token"].client()
    client.send("POST", "/session")
    return client


def test_token_that_fits_no_cookie_is_413(token_member: Client) -> None:
    _, refusal = fill(token_member)
    expect_problem(refusal, 413, "session-too-large")
    assert "Set-Cookie" not in refusal.headers


def test_token_cookie_with_its_attributes_never_exceeds_4096_bytes(token_member: Client) -> None:
    sizes, _ = fill(token_member)
    assert 3800 < max(sizes) <= 4096


def test_session_that_is_full_is_unchanged_by_the_refusal(token_member: Client) -> None:
    sizes, _ = fill(token_member)
    session = read(token_member)
    assert len(session["items"]) == session["version"] - 1 == len(sizes)


def test_session_that_is_full_takes_an_item_when_another_was_removed(token_member: Client) -> None:
    fill(token_member)
    assert token_member.send("DELETE", "/session/items/a000").status_code == 204
    assert token_member.send("PUT", "/session/items/b000", json=TEA).status_code == 201
