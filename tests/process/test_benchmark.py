"""The benchmark's subjects, load and users for real, for a moment each. Its figures mean nothing here."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from loadtests.benchmark import checker, users
from loadtests.benchmark.error import BenchmarkError
from loadtests.benchmark.load import audit, strain
from loadtests.benchmark.measured import UserCost, Work
from loadtests.benchmark.race import Case, Course
from loadtests.benchmark.servers import Server, serving
from loadtests.benchmark.stores import use_of
from loadtests.benchmark.subjects import SUBJECTS, Subject
from loadtests.benchmark.visitor import Visitor
from services.session.lifetime import Lifetime
from services.stateful.memory import MemoryStore
from tests.contract.running import ROOT, eventually
from tests.unit.serving import application_of, served

CORE = min(os.sched_getaffinity(0))
NEEDS = {"server_side": "flask_session", "django": "django"}
LONGER_AND_LONGER = (0.3, 3.0, 30.0)
"""Seconds, until they were enough for this machine."""
needs_wrk = pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is missing: `python3 -m setup bench`")


@contextmanager
def running(name: str, redis_url: str, home: Path) -> Iterator[Server]:
    if name in NEEDS and not find_spec(NEEDS[name]):
        pytest.skip(f"{NEEDS[name]} is missing: `python3 -m setup bench`")
    with serving(SUBJECTS[name], redis_url, home, CORE) as server:
        yield server


@pytest.fixture(params=[name for name, subject in SUBJECTS.items() if subject.counts])
def subject(request: pytest.FixtureRequest, redis_url: str, tmp_path: Path) -> Iterator[Server]:
    """Each one that keeps sessions."""
    with running(request.param, redis_url, tmp_path) as server:
        yield server


def test_subject_counts_every_visit_and_keeps_every_item(subject: Server) -> None:
    visitors = [Visitor(subject.port) for _ in range(2)]
    for visitor in visitors:
        visitor.open(items=3)
        for _ in range(5):
            visitor.visit()
    audit(subject.subject.title, visitors)
    items = visitors[0].read()["items"]
    assert items["item-2"] == {"name": "tea of garden 2", "quantity": 3}
    assert len(items) == 3


def test_subject_is_on_one_core_with_all_its_processes(redis_url: str, tmp_path: Path) -> None:
    with running("bare", redis_url, tmp_path) as server:
        processes = [psutil.Process(server.process.pid)]
        processes += processes[0].children(recursive=True)
        threads = [thread.id for process in processes for thread in process.threads()]
        assert len(threads) > len(processes) > 1
        assert {frozenset(os.sched_getaffinity(thread)) for thread in threads} == {frozenset({CORE})}


def test_subject_leaves_no_process_behind(redis_url: str, tmp_path: Path) -> None:
    with running("memory", redis_url, tmp_path) as server:
        processes = psutil.Process(server.process.pid).children(recursive=True)
        assert processes
    eventually(lambda: not any(process.is_running() for process in processes), "all have ended")


def test_subject_that_cannot_start_says_why(redis_url: str, tmp_path: Path) -> None:
    lost = Subject(
        "lost", "a service with no store", "services.stateless.app:create_app", {"SESSION_STORE": "x:"}
    )
    with (
        pytest.raises(BenchmarkError, match=r"a service with no store did not start: .*SESSION_STORE='x:'"),
        serving(lost, redis_url, tmp_path, CORE),
    ):
        pass


def test_redis_store_takes_one_round_trip_for_a_write_and_for_a_read_and_none_for_a_health_check(
    redis_url: str, tmp_path: Path
) -> None:
    with running("redis", redis_url, tmp_path) as server:
        use = use_of(server, redis_url, items=10)
    assert use.round_trips == {"write": 1.0, "read": 1.0, "health": 0.0}


def test_round_trips_are_seen_where_there_are_more(redis_url: str, tmp_path: Path) -> None:
    with running("server_side", redis_url, tmp_path) as server:
        assert use_of(server, redis_url, items=10).round_trips["write"] == 2.0


def test_memory_of_a_session_is_within_half_as_much_again_of_its_content(
    redis_url: str, tmp_path: Path
) -> None:
    with running("redis", redis_url, tmp_path) as server:
        use = use_of(server, redis_url, items=10)
    assert use.content_bytes > 10 * len('item:item-0["tea of garden 0",1]')
    assert use.content_bytes < use.memory_bytes <= 1.5 * use.content_bytes


@needs_wrk
@pytest.mark.parametrize("work", ["write", "read", "health"])
def test_load_is_answered_and_audited(work: Work, redis_url: str, tmp_path: Path) -> None:
    with running("token", redis_url, tmp_path) as server:
        visitors = [Visitor(server.port) for _ in range(2)]
        for visitor in visitors:
            visitor.open(items=1)
            visitor.hang_up()
        effort = strain([server], visitors, work, 0.2)
    assert effort.requests >= 2
    assert effort.seconds >= 0.2
    assert sum(visitor.visits for visitor in visitors) == (effort.requests if work == "write" else 0)


def _keys_in(url: str) -> int:
    """How many, of a database that is empty afterwards."""
    with redis.Redis.from_url(url) as database:
        keys = len(database.keys())
        database.flushdb()
    return keys


def _writes(server: Server) -> float:
    """How many it has done."""
    text = Visitor(server.port).send("GET", "/metrics")[1].decode()
    (family,) = [f for f in text_string_to_metric_families(text) if f.name == "session_store_seconds"]
    return sum(
        sample.value
        for sample in family.samples
        if sample.name.endswith("_count") and sample.labels["operation"] == "apply"
    )


@needs_wrk
def test_load_is_spread_over_replicas(redis_url: str, tmp_path: Path) -> None:
    with (
        running("redis", redis_url, tmp_path / "1") as one,
        running("redis", redis_url, tmp_path / "2") as two,
    ):
        visitors = [Visitor(one.port) for _ in range(2)]
        for visitor in visitors:
            visitor.open(items=1)
            visitor.hang_up()
        before = _writes(one), _writes(two)
        strain([one, two], visitors, "write", 0.2)
        assert _writes(one) > before[0]
        assert _writes(two) > before[1]


@needs_wrk
def test_processor_time_of_a_subject_is_that_of_its_worker_too(redis_url: str, tmp_path: Path) -> None:
    with running("memory", redis_url, tmp_path) as server:
        visitors = [Visitor(server.port)]
        visitors[0].open(items=1)
        visitors[0].hang_up()
        before = server.cpu_seconds()
        eventually(
            lambda: strain([server], visitors, "write", 0.3) and server.cpu_seconds() >= before + 0.1,
            "it has worked for a tenth of a second",
        )


@needs_wrk
@pytest.mark.parametrize(("case", "apart"), [({"services": 2}, True), ({"replicas": 2}, False)])
def test_services_have_a_redis_each_and_replicas_share_one(
    case: dict[str, int], apart: bool, redis_url: str, tmp_path: Path
) -> None:
    urls = [redis_url.replace("/0", f"/{database}") for database in (8, 9)]
    with Course(urls, tmp_path, CORE, many=1) as course:
        ran = course.run(Case("replicas", "write", "redis", items=1, **case), 1, 0.2)
    kept = [_keys_in(url) for url in urls]
    assert ran.requests >= 2
    assert kept == ([1, 1] if apart else [2, 0])


@needs_wrk
def test_load_catches_who_acknowledges_a_visit_twice(redis_url: str, tmp_path: Path) -> None:
    stuck = Subject("stuck", "a counter that is stuck", "tests.contract.stuck:create_app")
    with serving(stuck, redis_url, tmp_path, CORE) as server:
        visitors = [Visitor(server.port)]
        with pytest.raises(BenchmarkError, match=r"a counter that is stuck answered wrongly: 200 .*visits"):
            strain([server], visitors, "write", 5.0)


def _lived(origin: str, seconds: float) -> UserCost | str:
    """What users of both kinds cost that live for so long, or what is complained of."""
    try:
        (cost,) = users.costs(int(origin.rpartition(":")[2]), rounds=1, seconds=seconds)
    except BenchmarkError as error:
        return str(error)
    return cost


def test_users_of_both_kinds_are_measured() -> None:
    with served(application_of(MemoryStore(Lifetime())), "") as origin:
        lives = (_lived(origin, seconds) for seconds in LONGER_AND_LONGER)
        cost = next(cost for cost in lives if isinstance(cost, UserCost))
    assert cost.counting > 0
    assert cost.verifying > 0


def test_verifying_users_do_verify() -> None:
    broken = re.compile(r"(?s)verifying users failed: .*a promise was broken")
    with served(_forgetful(), "") as origin:
        assert any(broken.match(str(_lived(origin, seconds))) for seconds in LONGER_AND_LONGER)


def test_verdict_is_timed_on_as_many_operations_as_were_asked_for() -> None:
    assert checker.speed(2000).operations == 2000


@needs_wrk
@pytest.mark.skipif(
    not all(map(find_spec, NEEDS.values())), reason="peers are missing: `python3 -m setup bench`"
)
def test_benchmark_leaves_no_process_behind_when_it_is_interrupted() -> None:
    command = [sys.executable, "-m", "loadtests.benchmark", "--quick"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as lab:
        for line in lab.stdout or ():
            if "round 1 of" in line:
                break
        processes = psutil.Process(lab.pid).children(recursive=True)
        lab.send_signal(signal.SIGTERM)
        _, complaint = lab.communicate(timeout=60)
    assert (lab.returncode, complaint) == (130, "benchmark: interrupted, nothing is kept\n")
    assert len(processes) > 8
    eventually(lambda: not any(process.is_running() for process in processes), "all have ended", 20)


def _forgetful() -> Flask:
    """Says yes to everything and keeps nothing."""
    app = Flask(__name__)

    @app.post("/session")
    def open_session() -> tuple[dict[str, Any], int]:
        return {}, 201

    @app.put("/session/items/<_>")
    def put_item(_: str) -> tuple[dict[str, Any], int]:
        return {}, 201

    @app.post("/session/visits")
    def count_visit() -> dict[str, Any]:
        return {"visits": 1}

    @app.get("/session")
    def read_session() -> dict[str, Any]:
        return {"items": {}, "visits": 0}

    return app
