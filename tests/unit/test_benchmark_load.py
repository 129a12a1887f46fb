"""A subject that does not do the work is no peer: what of its answers is caught."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask

from loadtests.benchmark.error import BenchmarkError
from loadtests.benchmark.load import audit, settle
from loadtests.benchmark.visitor import Visitor
from services.session.lifetime import Lifetime
from services.stateful.memory import MemoryStore
from tests.unit.serving import application_of, served

STOPPED = ["stopped", "stopped"]
FIRST = "visitor\t10\t17\t0\t100.000000\t101.900000\tsession=a\t"
SECOND = "visitor\t12\t12\t0\t100.100000\t102.000000\tsession=b\t"


class Liar:
    """Acknowledges every visit, with the right count, and shows another one afterwards."""

    def __init__(self, surplus: int) -> None:
        self.visits = 0
        self.surplus = surplus

    def application(self) -> Flask:
        app = Flask(__name__)

        @app.post("/session")
        def open_session() -> tuple[dict[str, Any], int]:
            return {}, 201

        @app.post("/session/visits")
        def count_visit() -> dict[str, Any]:
            self.visits += 1
            return {"visits": self.visits}

        @app.get("/session")
        def read_session() -> dict[str, Any]:
            return {"visits": self.visits + self.surplus}

        return app


@contextmanager
def visited(app: Flask, visits: int) -> Iterator[Visitor]:
    """Somebody who was acknowledged so many visits."""
    with served(app, "") as origin:
        visitor = Visitor(int(origin.rpartition(":")[2]))
        visitor.open(items=0)
        for _ in range(visits):
            visitor.visit()
        yield visitor
        visitor.hang_up()


def visitors() -> list[Visitor]:
    return [Visitor(1), Visitor(1)]


def test_audit_passes_who_counted_every_visit() -> None:
    with visited(application_of(MemoryStore(Lifetime())), 3) as visitor:
        audit("memory", [visitor])


@pytest.mark.parametrize("surplus", [-1, 1])
def test_audit_catches_who_lies_about_its_count(surplus: int) -> None:
    with (
        visited(Liar(surplus).application(), 3) as visitor,
        pytest.raises(BenchmarkError, match=f"Liar acknowledged 3 visits and counted {3 + surplus}"),
    ):
        audit("Liar", [visitor])


def test_visitor_refuses_an_answer_that_is_no_success() -> None:
    nothing = Flask(__name__)
    with pytest.raises(BenchmarkError, match="POST /session was answered 404, not 201"), visited(nothing, 1):
        pass


def test_load_sums_what_the_visitors_were_answered_from_the_first_moment_to_the_last() -> None:
    answered, seconds = settle("Flask", visitors(), ["Running 2s test", *STOPPED, FIRST, SECOND])
    assert answered == 22
    assert seconds == pytest.approx(2.0)


def test_visitors_go_on_with_the_count_and_the_cookie_they_had_at_the_end() -> None:
    both = visitors()
    settle("Flask", both, [*STOPPED, FIRST, SECOND])
    assert [(one.visits, one.cookie) for one in both] == [(17, "session=a"), (12, "session=b")]


def test_load_is_refused_when_one_answer_was_wrong() -> None:
    wrong = 'visitor\t12\t12\t1\t100.1\t102.0\tsession=b\t200 {"visits": 12}'
    with pytest.raises(BenchmarkError, match=r'Flask answered wrongly: 200 \{"visits": 12\}'):
        settle("Flask", visitors(), [*STOPPED, FIRST, wrong])


def test_load_is_refused_when_a_visitor_was_not_answered() -> None:
    silent = "visitor\t0\t0\t0\t0.0\t0.0\tsession=b\t"
    with pytest.raises(BenchmarkError, match="Flask answered wrongly: not at all"):
        settle("Flask", visitors(), [*STOPPED, FIRST, silent])


def test_load_is_refused_when_a_visitor_did_not_come_to_its_end() -> None:
    with pytest.raises(BenchmarkError, match="Flask kept a visitor waiting"):
        settle("Flask", visitors(), ["stopped", FIRST, SECOND])


def test_load_is_refused_when_the_load_generator_failed() -> None:
    with pytest.raises(BenchmarkError, match="wrk failed: unable to connect"):
        settle("Flask", visitors(), ["unable to connect"])
