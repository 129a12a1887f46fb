"""Redis paused, killed and partitioned under the load of 32 clients, and what each answer was.

Requirement 20 of the service: without a cookie no store access; with one 503 and Retry-After within a
second, the cookie kept; serving again within a second of the store's return.
"""

from collections.abc import Iterator

import pytest

from tests.adversarial.outage.outage import LEAST_LOOKS, Outage, Outages, suffered
from tests.adversarial.outage.stores import SILENT, Store
from tests.contract.running import Service

THREADS = 8
"""That the service has, each with one request at a time."""


@pytest.fixture(scope="module", params=SILENT)
def outages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outages]:
    """Of each kind."""
    home = tmp_path_factory.mktemp(request.param)
    with Store.running(home / "store", by_proxy=request.param == "partitioned") as store:
        service = Service.start("redis", "stateless", {"SESSION_STORE": store.url}, home / "service.log")
        try:
            service.await_health()
            yield Outages(lambda: suffered(service.url, SILENT[request.param](store)))
        finally:
            service.stop()


@pytest.fixture(scope="module")
def outage(outages: Outages) -> Outage:
    """The first one of each kind."""
    return next(iter(outages))


def test_outage_is_told_by_503_with_retry_after(outage: Outage) -> None:
    assert len(outage.answers) >= 100
    assert {each.status for each in outage.answers} == {503}
    assert all(int(each.response.headers["Retry-After"]) >= 1 for each in outage.answers)


def test_outage_is_told_as_the_problem_of_an_unavailable_store(outage: Outage) -> None:
    assert {each.response.headers["Content-Type"] for each in outage.answers} == {"application/problem+json"}
    assert {each.response.json()["type"].rpartition(":")[2] for each in outage.answers} == {
        "store-unavailable"
    }


def test_outage_makes_99_of_100_answers_take_a_second_at_most(outages: Outages) -> None:
    outages.expect_at_most(1, lambda outage: outage.slowest_in_a_hundred)


def test_outage_leaves_every_cookie_alone(outage: Outage) -> None:
    assert not [each for each in outage.crowd.answers if "Set-Cookie" in each.response.headers]
    assert outage.crowd.cookies == outage.cookies_before


def test_outage_is_over_within_a_second_of_the_return(outages: Outages) -> None:
    outages.expect_at_most(1, lambda outage: outage.return_seconds)


def test_outage_does_not_come_back_after_the_return(outages: Outages) -> None:
    outages.expect_at_most(0.1, lambda outage: outage.refused_later)


def test_outage_takes_no_acknowledged_visit_and_counts_none_twice(outage: Outage) -> None:
    assert {member.read().status for member in outage.crowd.members} == {200}
    assert [member.broken for member in outage.crowd.members if member.broken] == []


def test_outage_leaves_open_only_what_was_under_way_when_it_began(outage: Outage) -> None:
    """All others were refused before anything of them reached the store: none is done later."""
    members = outage.crowd.members
    counted = sum(member.read().response.json()["visits"] for member in members)
    acknowledged = sum(member.acknowledged for member in members)
    refused = sum(member.indeterminate for member in members)
    assert 0 <= counted - acknowledged <= THREADS < refused


@pytest.mark.parametrize(("name", "status"), [("live", 200), ("ready", 503), ("without a cookie", 401)])
def test_outage_shows_in_readiness_alone(outages: Outages, name: str, status: int) -> None:
    looks = next(iter(outages)).looked(name)
    assert len(looks) >= LEAST_LOOKS
    assert {each.status for each in looks} == {status}
    outages.expect_at_most(1, lambda outage: max(each.seconds for each in outage.looked(name)))
