"""Bodies that end before they should, or of which nobody can tell whether they did: nothing is done.

A server that works through WSGI passes on whatever came before the client was gone. Counted as a whole
body, half a request would count a visit, and of a body beyond the limit the first 16 KiB would be taken.
"""

import pytest

from tests.adversarial.raw import RawAnswer, request, send
from tests.contract.exchange import read
from tests.contract.running import Client, Service

pytestmark = pytest.mark.usefixtures("alive")

JSON = "Content-Type: application/json"
ITEM = b'{"name": "tea", "quantity": 1}'
CHANGES = {"PUT /session/items/a1": ITEM, "POST /session/visits": b"{}", "POST /session/renew": b"{}"}
CUT = {
    "after nothing": b"",
    "within": b"{",
    "before its last byte": b"{}" + b" " * 97,
    "after an object": b"{}",
}
CHUNKED = {
    "whole": b"%x\r\n%s\r\n0\r\n\r\n" % (len(ITEM), ITEM),
    "beyond the limit": b"%x\r\n%s\r\n0\r\n\r\n" % (20_000, ITEM.ljust(20_000)),
    "without its end": b"%x\r\n%s\r\n" % (len(ITEM), ITEM),
    "of no length": b"zz\r\n",
    "of a length beyond all": b"f" * 40 + b"\r\n",
}


@pytest.fixture
def cookie(member: Client, service: Service) -> str:
    return f"Cookie: {service.cookie}={member.jar.cookies[service.cookie]}"


def expect_nothing_done(member: Client, answer: RawAnswer, status: int) -> None:
    assert answer.problem["status"] == answer.status == status
    assert read(member)["version"] == 1


@pytest.mark.parametrize("came", CUT.values(), ids=CUT.keys())
@pytest.mark.parametrize("change", CHANGES)
def test_change_is_not_made_when_its_body_was_cut(
    member: Client, service: Service, cookie: str, change: str, came: bytes
) -> None:
    cut = request(change, cookie, JSON, "Content-Length: 100", body=came)
    expect_nothing_done(member, send(service, cut, half_closed=True), 400)


@pytest.mark.parametrize("body", CHUNKED.values(), ids=CHUNKED.keys())
@pytest.mark.parametrize("change", CHANGES)
def test_change_is_411_when_its_body_comes_in_chunks(
    member: Client, service: Service, cookie: str, change: str, body: bytes
) -> None:
    answer = send(service, request(change, cookie, JSON, "Transfer-Encoding: chunked", body=body))
    expect_nothing_done(member, answer, 411)
    assert answer.headers["connection"] == "close"


def test_change_is_411_when_its_body_has_a_length_and_comes_in_chunks(
    member: Client, service: Service, cookie: str
) -> None:
    """Of two that read such a request one may see two requests where the other sees one."""
    told = [cookie, JSON, "Content-Length: 2", "Transfer-Encoding: chunked"]
    answer = send(service, request("POST /session/visits", *told, body=b"2\r\n{}\r\n0\r\n\r\n"))
    expect_nothing_done(member, answer, 411)
