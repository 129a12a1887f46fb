"""The HTTP contract (`contract.md`): items are put, replaced and deleted, and what they may be."""

from typing import Any

import pytest

from tests.contract.exchange import TEA, expect_problem, read
from tests.contract.running import Client


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
