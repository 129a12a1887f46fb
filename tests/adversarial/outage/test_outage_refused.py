"""A Redis that is alive and refuses: full, read-only, unable to save, busy, loading. It answers at once,
so nothing has to wait for it, and nothing is over later than the refusal itself.
"""

import pytest

from tests.adversarial.outage.crowd import MEMBERS, Crowd, percentile
from tests.adversarial.outage.stores import ALL_REFUSED, WRITES_REFUSED, Plight, Store
from tests.contract.exchange import TEA, USES, expect_problem, read
from tests.contract.running import Client, Service, eventually
from tests.measured import expect_at_most

WRITES = [use for use in USES if use[0] in {"PUT", "POST"}]
"""What needs memory. A full store may well let go of something."""
EVERY_PLIGHT = WRITES_REFUSED | ALL_REFUSED


@pytest.fixture(params=WRITES_REFUSED)
def refusal(request: pytest.FixtureRequest) -> Plight:
    """Each way to refuse writes."""
    return WRITES_REFUSED[request.param]


def test_store_that_refuses_writes_makes_each_change_503(
    refusal: Plight, store: Store, member: Client
) -> None:
    member.send("PUT", "/session/items/a1", json=TEA)
    before, cookies = read(member), member.jar.cookies.get_dict()
    with refusal(store):
        for method, path, body in WRITES:
            answer = member.send(method, path, **body)
            expect_problem(answer, 503, "store-unavailable")
            assert "Retry-After" in answer.headers
            assert "Set-Cookie" not in answer.headers
    assert (read(member), member.jar.cookies.get_dict()) == (before, cookies)


def test_store_that_refuses_writes_says_truly_whether_an_item_was_removed(
    refusal: Plight, store: Store, member: Client
) -> None:
    member.send("PUT", "/session/items/a1", json=TEA)
    with refusal(store):
        answer = member.send("DELETE", "/session/items/a1")
        assert answer.status_code in {204, 503}
        assert ("a1" in read(member)["items"]) is (answer.status_code == 503)


def test_store_that_refuses_writes_is_read(refusal: Plight, store: Store, member: Client) -> None:
    member.send("PUT", "/session/items/a1", json=TEA)
    with refusal(store):
        assert read(member)["items"] == {"a1": TEA}


def test_store_that_refuses_writes_is_read_under_load(
    refusal: Plight, store: Store, service: Service
) -> None:
    """No refusal is taken for silence: it would cost reads, too."""

    def measured() -> float:
        """Seconds within which 99 of 100 answers came."""
        crowd = Crowd.of(service.url)
        with refusal(store), crowd.at_work():
            eventually(lambda: len(crowd.answers) > MEMBERS * 10, "the crowd was at work", 30)
        changes = [each.status for each in crowd.answers if each.method == "POST"]
        reads = [each.served for each in crowd.answers if each.method == "GET"]
        assert set(changes) == {503}
        assert sum(reads) >= 0.9 * len(reads)
        return percentile(crowd.answers, 99)

    expect_at_most(1, measured)


@pytest.mark.parametrize("name", ALL_REFUSED)
def test_store_that_refuses_everything_makes_each_use_503(name: str, store: Store, member: Client) -> None:
    with ALL_REFUSED[name](store):
        for method, path, body in USES:
            answer = member.send(method, path, **body)
            expect_problem(answer, 503, "store-unavailable")
            assert "Retry-After" in answer.headers
            assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("name", EVERY_PLIGHT)
def test_store_that_refused_is_used_with_the_first_request_after_it(
    name: str, store: Store, member: Client
) -> None:
    with EVERY_PLIGHT[name](store):
        assert member.send("POST", "/session/visits").status_code == 503
    assert member.send("POST", "/session/visits").json()["visits"] == 1
