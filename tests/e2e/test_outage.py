"""Redis paused under load, on real containers and through the gateway."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chaos.cluster import Cluster
from tests.adversarial.outage.outage import LEAST_LOOKS, Outage, Outages, suffered

CLIENTS = 12
"""More than the service has threads; the gateway and the engine need the cores, too."""


@contextmanager
def paused(cluster: Cluster, service: str) -> Iterator[None]:
    containers = cluster.containers(service)
    cluster.pause(containers)
    try:
        yield
    finally:
        cluster.unpause(containers)


@pytest.fixture(scope="module")
def outages(pair: Cluster) -> Outages:
    """Of the Redis behind the stateless service."""
    return Outages(lambda: suffered(f"{pair.url()}/stateless", paused(pair, "redis"), CLIENTS))


@pytest.fixture(scope="module")
def outage(outages: Outages) -> Outage:
    return next(iter(outages))


def test_outage_is_told_by_503_with_retry_after_and_the_cookie_kept(outage: Outage) -> None:
    assert len(outage.answers) >= 100
    assert {each.status for each in outage.answers} == {503}
    assert all(int(each.response.headers["Retry-After"]) >= 1 for each in outage.answers)
    assert {each.response.json()["type"].rpartition(":")[2] for each in outage.answers} == {
        "store-unavailable"
    }
    assert outage.crowd.cookies == outage.cookies_before


def test_outage_makes_99_of_100_answers_take_a_second_at_most(outages: Outages) -> None:
    outages.expect_at_most(1, lambda outage: outage.slowest_in_a_hundred)


def test_outage_is_over_within_a_second_of_the_return(outages: Outages) -> None:
    outages.expect_at_most(1, lambda outage: outage.return_seconds)


def test_outage_takes_no_acknowledged_visit_and_counts_none_twice(outage: Outage) -> None:
    assert {member.read().status for member in outage.crowd.members} == {200}
    assert [member.broken for member in outage.crowd.members if member.broken] == []


@pytest.mark.parametrize(("name", "status"), [("live", 200), ("ready", 503), ("without a cookie", 401)])
def test_outage_shows_in_readiness_alone(outages: Outages, name: str, status: int) -> None:
    looks = next(iter(outages)).looked(name)
    assert len(looks) >= LEAST_LOOKS
    assert {each.status for each in looks} == {status}
    outages.expect_at_most(1, lambda outage: max(each.seconds for each in outage.looked(name)))
