"""The HTTP contract (`contract.md`): the bodies of requests, their JSON, media type and size."""

import pytest

from tests.contract.exchange import expect_problem, read
from tests.contract.running import Client

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
