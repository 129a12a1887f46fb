"""Redis paused, killed and partitioned under the load of 32 clients, and what each answer was.

Requirement 20 of the service: without a cookie no store access; with one 503 and Retry-After within a
second, the cookie kept; serving again within a second of the store's return.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

import pytest

from tests.adversarial.crowd import Answer, Crowd, percentile, timed
from tests.adversarial.stores import SILENT, Store
from tests.contract.running import Client, Service, eventually

OUTAGE_SECONDS = 3
STEADY_ANSWERS = 200
THREADS = 8
"""That the service has, each with one request at a time."""


@dataclass(frozen=True)
class Outage:
    """What a crowd, and somebody who only looks, saw of one outage.

    Monotonic times: it is whole from `began_at` to `ends_at`, and over at `ended_at`.
    """

    crowd: Crowd
    cookies_before: list[dict[str, str]]
    looks: dict[str, list[Answer]]
    began_at: float
    ends_at: float
    ended_at: float

    def within(self, answers: list[Answer]) -> list[Answer]:
        """Those that were asked for and given in the outage."""
        return [each for each in answers if self.began_at < each.sent_at and each.done_at < self.ends_at]

    @property
    def answers(self) -> list[Answer]:
        return self.within(self.crowd.answers)

    @property
    def touched(self) -> list[Answer]:
        """Those that any part of the outage can have made late."""
        return [
            each
            for each in self.crowd.answers
            if self.began_at < each.done_at and each.sent_at < self.ended_at
        ]

    @property
    def later(self) -> list[Answer]:
        """Those that were asked for more than a second after it."""
        return [each for each in self.crowd.answers if each.sent_at > self.ended_at + 1]


LOOKS = {"live": "/healthz", "ready": "/readyz", "without a cookie": "/session"}


def look(client: Client, looks: dict[str, list[Answer]], stop: Event) -> None:
    while not stop.wait(0.05):
        for name, path in LOOKS.items():
            looks[name].append(timed(client, "GET", path))


@pytest.fixture(scope="module", params=SILENT)
def outage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outage]:
    """One of each kind."""
    home = tmp_path_factory.mktemp(request.param)
    with Store.running(home / "store", by_proxy=request.param == "partitioned") as store:
        service = Service.start("redis", "stateless", {"SESSION_STORE": store.url}, home / "service.log")
        try:
            service.await_health()
            yield suffered(service, store, request.param)
        finally:
            service.stop()


def suffered(service: Service, store: Store, kind: str) -> Outage:
    """An outage under load."""
    crowd, stop = Crowd.of(service), Event()
    before, looks = crowd.cookies, {name: list[Answer]() for name in LOOKS}
    with ThreadPoolExecutor(1) as looker, crowd.at_work():
        eventually(lambda: len(crowd.answers) > STEADY_ANSWERS, "the crowd is at work", 20)
        with SILENT[kind](store):
            began_at = time.monotonic()
            looking = looker.submit(look, service.client(), looks, stop)
            stop.wait(OUTAGE_SECONDS)
            ends_at = time.monotonic()
            stop.set()
        outage = Outage(crowd, before, looks, began_at, ends_at, time.monotonic())
        eventually(lambda: len(outage.later) > STEADY_ANSWERS, "the crowd was at work after it", 20)
        looking.result()
    return outage


def test_outage_is_told_by_503_with_retry_after(outage: Outage) -> None:
    assert len(outage.answers) >= 100
    assert {each.status for each in outage.answers} == {503}
    assert all(int(each.response.headers["Retry-After"]) >= 1 for each in outage.answers)


def test_outage_is_told_as_the_problem_of_an_unavailable_store(outage: Outage) -> None:
    assert {each.response.headers["Content-Type"] for each in outage.answers} == {"application/problem+json"}
    assert {each.response.json()["type"].rpartition(":")[2] for each in outage.answers} == {
        "store-unavailable"
    }


def test_outage_makes_99_of_100_answers_take_a_second_at_most(outage: Outage) -> None:
    assert percentile(outage.touched, 99) <= 1


def test_outage_leaves_every_cookie_alone(outage: Outage) -> None:
    assert not [each for each in outage.crowd.answers if "Set-Cookie" in each.response.headers]
    assert outage.crowd.cookies == outage.cookies_before


def test_outage_is_over_within_a_second_of_the_return(outage: Outage) -> None:
    first = min(
        each.done_at for each in outage.crowd.answers if each.sent_at > outage.began_at and each.served
    )
    assert first <= outage.ended_at + 1


def test_outage_leaves_no_trouble_a_second_after_the_return(outage: Outage) -> None:
    assert sum(each.served for each in outage.later) >= 0.99 * len(outage.later)


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
def test_outage_shows_in_readiness_alone(outage: Outage, name: str, status: int) -> None:
    looks = outage.within(outage.looks[name])
    assert len(looks) >= 5
    assert {each.status for each in looks} == {status}
    assert max(each.seconds for each in looks) <= 1
