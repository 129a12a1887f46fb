"""The HTTP contract (`contract.md`): a token that has grown to what fits into a cookie."""

import pytest
import requests

from tests.contract.exchange import TEA, expect_problem, read
from tests.contract.running import Client, Service


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
