"""The HTTP contract (`contract.md`): `Idempotency-Key` makes a change that may be sent again."""

from typing import Any

import pytest

from tests.contract.exchange import TEA, expect_problem, ids, read
from tests.contract.running import Client

KEYED: list[tuple[str, str, dict[str, Any]]] = [
    ("PUT", "/session/items/a1", {"json": TEA}),
    ("DELETE", "/session/items/a1", {}),
    ("POST", "/session/visits", {}),
]
KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


@pytest.mark.parametrize(("method", "path", "more"), KEYED, ids=ids(KEYED))
def test_repeat_is_answered_as_the_first_time_and_changes_nothing(
    member: Client, method: str, path: str, more: dict[str, Any]
) -> None:
    first = member.send(method, path, headers=KEY, **more)
    after = read(member)
    again = member.send(method, path, headers=KEY, **more)
    assert (again.status_code, again.content, again.headers["ETag"]) == (
        *(first.status_code, first.content),
        first.headers["ETag"],
    )
    assert read(member) == after


def test_repeat_is_answered_as_the_first_time_when_the_session_has_moved_on(member: Client) -> None:
    first = member.send("POST", "/session/visits", headers=KEY)
    member.send("POST", "/session/visits")
    assert member.send("POST", "/session/visits", headers=KEY).json() == first.json()
    assert read(member)["visits"] == 2


def test_repeat_keeps_the_cookie_that_is_newer(member: Client) -> None:
    member.send("POST", "/session/visits", headers=KEY)
    member.send("POST", "/session/visits")
    assert "Set-Cookie" not in member.send("POST", "/session/visits", headers=KEY).headers


def test_key_with_another_payload_is_422(member: Client) -> None:
    member.send("PUT", "/session/items/a1", headers=KEY, json=TEA)
    before = read(member)
    answer = member.send("PUT", "/session/items/a1", headers=KEY, json=TEA | {"quantity": 3})
    expect_problem(answer, 422, "idempotency-mismatch")
    assert read(member) == before


@pytest.mark.parametrize("key", ["", "a b", "ä".encode().decode("latin-1"), "x" * 256])
def test_key_that_is_none_is_422_and_changes_nothing(member: Client, key: str) -> None:
    answer = member.send("POST", "/session/visits", headers={"Idempotency-Key": key})
    expect_problem(answer, 422, "invalid")
    assert read(member)["visits"] == 0


@pytest.mark.parametrize("key", ["x", "x" * 255, '"quoted"', "~!"])
def test_key_is_taken_for_what_it_is(member: Client, key: str) -> None:
    assert member.send("POST", "/session/visits", headers={"Idempotency-Key": key}).json()["visits"] == 1
