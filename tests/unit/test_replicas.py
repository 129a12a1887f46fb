"""What the replicas of a service say, over HTTP to servers that take turns as a gateway's do."""

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest
from flask import Flask, Response

from chaos import replicas
from chaos.replicas import answering, placements_seen
from tests.contract.running import free_port
from tests.unit.serving import served
from tests.unit.witnesses import instance

A, B, C = "aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"
READY = "/stateful/readyz"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine may pause for longer than the lab waits for an answer."""
    monkeypatch.setattr(replicas, "ANSWER_SECONDS", 30)


@contextmanager
def gateway(*turns: str, services: Sequence[str] = ("stateful",), missing: str = "") -> Iterator[str]:
    """In each service these containers answer in turn, `missing` with 503. Gives the origin."""
    app = Flask(__name__)
    for service in services:
        _route(app, service, turns, missing)
    with served(app, "") as origin:
        yield origin


def _route(app: Flask, service: str, turns: Sequence[str], missing: str) -> None:
    order = itertools.cycle(turns)

    def answer(path: str) -> tuple[Mapping[str, str], int, Mapping[str, str]]:
        container = next(order)
        told = {"boot": f"boot of {container} in {service}", "path": path}
        status = 503 if missing in {container, service} else 200
        return told, status, {"Served-By": f"{service}/{container}/b1"}

    app.add_url_rule(f"/{service}/<path>", service, answer)


@contextmanager
def asleep() -> Iterator[str]:
    """A server that takes requests, and answers none before this is over."""
    over, app = threading.Event(), Flask(__name__)

    @app.get(READY)
    def wait() -> Response:
        over.wait(10)
        return Response(headers={"Served-By": f"stateful/{A}/b1"})

    with served(app, "") as origin:
        try:
            yield origin
        finally:
            over.set()


@pytest.mark.parametrize("turns", [(A,), (A, B), (A, B, C), (C, A, B)], ids=len)
def test_replicas_answer_when_each_of_them_is_seen(turns: Sequence[str]) -> None:
    with gateway(*turns) as origin:
        assert answering(origin + READY, set(turns))


def test_replicas_do_not_answer_when_a_stranger_does() -> None:
    """One that is to be removed, and still has traffic."""
    with gateway(A, B) as origin:
        assert not answering(origin + READY, {A})


def test_replicas_do_not_answer_when_a_stranger_does_in_their_place() -> None:
    with gateway(B) as origin:
        assert not answering(origin + READY, {A})


def test_replicas_do_not_answer_when_one_is_missing() -> None:
    with gateway(A, B) as origin:
        assert not answering(origin + READY, {A, B, C})


def test_replicas_do_not_answer_when_the_only_one_is_not_ready() -> None:
    with gateway(A, missing=A) as origin:
        assert not answering(origin + READY, {A})


def test_replicas_do_not_answer_when_one_of_three_is_not_ready() -> None:
    with gateway(A, B, C, missing=C) as origin:
        assert not answering(origin + READY, {A, B, C})


def test_replicas_do_not_answer_when_nobody_says_who_answers() -> None:
    app = Flask(__name__)
    app.add_url_rule(READY, "ready", lambda: "ready")
    with served(app, "") as origin:
        assert not answering(origin + READY, {A})


def test_replicas_do_not_answer_when_nobody_listens() -> None:
    assert not answering(f"http://127.0.0.1:{free_port()}{READY}", {A})


def test_replicas_do_not_answer_when_the_gateway_does_not_know_them() -> None:
    with gateway(A) as origin:
        assert not answering(f"{origin}/nowhere/readyz", {A})


def test_replicas_do_not_answer_when_the_answer_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "ANSWER_SECONDS", 0.1)
    with asleep() as origin:
        assert not answering(origin + READY, {A})


def test_replicas_do_not_answer_when_none_is_wanted() -> None:
    """Nothing seen is no proof."""
    with gateway(A) as origin:
        assert not answering(origin + READY, set())


def test_placements_are_told_by_each_instances_whole_id() -> None:
    three = [instance(name) for name in (A, B, C)]
    with gateway(A, B, C) as origin:
        assert {i: where["boot"] for i, where in placements_seen(origin, three).items()} == {
            one.id: f"boot of {one.short} in stateful" for one in three
        }


def test_placements_are_asked_for_at_their_route() -> None:
    with gateway(A) as origin:
        (where,) = placements_seen(origin, [instance(A)]).values()
    assert where["path"] == "placement"


def test_placements_are_told_of_each_service() -> None:
    both = [instance(A, service="stateful"), instance(B, service="memory")]
    with gateway(A, services=["stateful"]) as origin, gateway(B, services=["memory"]) as other:
        seen = placements_seen(origin, both) | placements_seen(other, both)
    assert set(seen) == {one.id for one in both}


def test_placements_of_a_service_are_told_when_another_service_is_not_there() -> None:
    both = [instance(A, service="stateful"), instance(B, service="memory")]
    with gateway(A, services=["stateful", "memory"], missing="memory") as origin:
        assert set(placements_seen(origin, both)) == {both[0].id}


def test_placements_leave_out_whom_the_gateway_does_not_reach() -> None:
    two = [instance(A), instance(B)]
    with gateway(A) as origin:
        assert set(placements_seen(origin, two)) == {two[0].id}


def test_placements_leave_out_strangers() -> None:
    with gateway(A) as origin:
        assert placements_seen(origin, [instance(B)]) == {}


def test_placements_leave_out_who_answers_that_something_is_wrong() -> None:
    with gateway(A, missing=A) as origin:
        assert placements_seen(origin, [instance(A)]) == {}


def test_placements_are_none_when_nobody_listens() -> None:
    assert placements_seen(f"http://127.0.0.1:{free_port()}", [instance(A)]) == {}


def test_placements_are_none_when_nobody_is_asked() -> None:
    assert placements_seen(f"http://127.0.0.1:{free_port()}", []) == {}
