"""Items and JSON that are too much, or only just not, on every running service."""

import pytest

from tests.contract.conftest import SERVER_SIDE
from tests.contract.exchange import expect_problem, read
from tests.contract.running import Client

pytestmark = pytest.mark.usefixtures("alive")


@pytest.mark.parametrize(
    "item", ["a" * 65, "a" * 30_000, "%00", "%ff", "%ed%a0%80", "%F0%9F%98%80", "a%20b", "a;b"]
)
def test_item_id_of_another_form_is_422(member: Client, item: str) -> None:
    answer = member.send("PUT", f"/session/items/{item}", json={"name": "tea", "quantity": 1})
    expect_problem(answer, 422, "invalid")
    assert read(member)["version"] == 1


NAMES = {
    "astral": "😀" * 100,
    "NUL": "te\0a",
    "controls": "".join(map(chr, range(1, 32))),
    "quotes": "\"'\\`<script>",
    "separators": "\u2028\u2029\ufeff\u202e",
    "combining": "e\u0301" * 50,
    "noncharacters": "\uffff\U0010ffff",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_name_of_100_characters_or_fewer_is_kept_as_it_is(member: Client, name: str) -> None:
    assert member.send("PUT", "/session/items/a1", json={"name": name, "quantity": 1}).status_code == 201
    assert read(member)["items"]["a1"]["name"] == name


BODIES = {
    "101 astral characters": '{"name": "%s", "quantity": 1}' % ("😀" * 101),
    "NUL as it is": '{"name": "te\0a", "quantity": 1}',
    "newline as it is": '{"name": "te\na", "quantity": 1}',
    "surrogates the wrong way round": '{"name": "\\ude00\\ud83d", "quantity": 1}',
    "10,000 lists": "[" * 10_000 + "]" * 6000,
    "10,000 lists in a name": '{"name": %s, "quantity": 1}' % ("[" * 8000 + "]" * 8000),
    "10,000 objects": '{"":' * 4000,
    "exponent": '{"name": "tea", "quantity": 1e10000}',
    "digits": '{"name": "tea", "quantity": 1.%s}' % ("0" * 9000 + "1"),
    "minus zero": '{"name": "tea", "quantity": -0}',
    "key with NUL": '{"name": "tea", "quantity": 1, "quantity\\u0000": 2}',
    "1,000 keys": '{"name": "tea", "quantity": 1%s}' % (', "k": 0' * 1000),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_item_that_is_too_much_is_422(member: Client, body: str) -> None:
    answer = member.send(
        "PUT", "/session/items/a1", data=body.encode(), headers={"Content-Type": "application/json"}
    )
    expect_problem(answer, 422, "invalid")
    assert read(member)["version"] == 1


def test_last_of_a_key_that_comes_twice_holds(member: Client) -> None:
    """JSON leaves it open (RFC 8259, 4); all services read it alike, so none is told another story."""
    body = b'{"name": "tea", "quantity": 1, "name": "mate", "quantity": 2}'
    answer = member.send("PUT", "/session/items/a1", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    assert read(member)["items"] == {"a1": {"name": "mate", "quantity": 2}}


@pytest.mark.parametrize("service", SERVER_SIDE, indirect=True)
def test_session_on_the_server_side_holds_a_thousand_items(member: Client) -> None:
    for number in range(1000):
        item = {"name": "😀" * 100, "quantity": 999}
        assert member.send("PUT", f"/session/items/{number:064}", json=item).status_code == 201
    session = read(member)
    assert (len(session["items"]), session["version"]) == (1000, 1001)
