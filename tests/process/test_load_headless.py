"""`locust -f loadtests/locustfile.py --headless` as people run it, against services that keep or lose.

All of them run at once, before the first test.
"""

import itertools
import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from flask import Flask, Response, request

from chaos.control.app import ForgetfulStore
from loadtests import history, judge, recording, table
from loadtests.integrity import Ledgers
from loadtests.judge import Judged
from services.session.document import Operation
from services.session.lifetime import Lifetime
from services.session.store import Applied, Held, Once
from services.stateful.memory import MemoryStore
from tests.contract.broken import LastWriterStore
from tests.contract.running import ROOT, eventually, free_port
from tests.unit.serving import application_of, served


@dataclass(frozen=True)
class Ended:
    """A run that has: its exit code, what it said, its histories."""

    code: int
    home: Path

    @property
    def said(self) -> str:
        return (self.home / "said").read_text()

    @property
    def judged(self) -> Mapping[str, Judged]:
        return judge.judge(recording.latest(self.home / "histories"))


def ailing() -> Flask:
    """A service that answers 503 to every fourth request, before it does anything."""
    app, numbers = application_of(MemoryStore(Lifetime())), itertools.count(1)

    @app.before_request
    def refuse() -> Response | None:
        if next(numbers) % 4:
            return None
        body = '{"type": "urn:problem-type:sessionlab:placement-unavailable"}'
        return Response(body, 503, content_type="application/problem+json")

    return app


def unavailable() -> Flask:
    app = Flask(__name__)
    app.register_error_handler(404, lambda _: ("", 503))
    return app


class SlowLastWriterStore(LastWriterStore):
    """Takes its time between reading and writing back, so that any two at a time meet."""

    def load(self, credential: str) -> Held:
        held = super().load(credential)
        Event().wait(0.05)
        return held


class TwiceStore(MemoryStore):
    """Makes every fifth change twice, and acknowledges it once."""

    def __init__(self) -> None:
        super().__init__(Lifetime())
        self._changes = itertools.count(1)

    def apply(
        self,
        credential: str,
        operations: Sequence[Operation],
        *,
        if_versions: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Applied:
        applied = super().apply(credential, operations, if_versions=if_versions, once=once)
        if next(self._changes) % 5 == 0:
            super().apply(credential, operations)
        return applied


def hesitant() -> Flask:
    """A service whose answers to writes are long on their way."""
    app = application_of(MemoryStore(Lifetime()))

    @app.after_request
    def hesitate(response: Response) -> Response:
        if request.method != "GET":
            Event().wait(0.5)
        return response

    return app


SERVICES = {
    "kept": application_of(MemoryStore(Lifetime())),
    "forgetful": application_of(ForgetfulStore(Lifetime(), every=5)),
    "ailing": ailing(),
    "unavailable": unavailable(),
    "doubling": application_of(TwiceStore()),
    "tabs": application_of(SlowLastWriterStore(Lifetime())),
    "distributed": application_of(MemoryStore(Lifetime())),
    "phases": application_of(MemoryStore(Lifetime())),
    "hesitant": hesitant(),
}
PORT = str(free_port())
OPTIONS = {
    "tabs": ["-t", "10m", "--tabs", "2"],
    "distributed": ["-t", "10m", "--processes", "2", "--master-bind-port", PORT, "--master-port", PORT],
    "phases": ["--shape", "Phases", "-t", "12s"],
    # Sixteen of twenty users are ended in the middle of what they do.
    "hesitant": [
        "--shape",
        "Spike",
        "-t",
        "12s",
        "--tabs",
        "2",
        "-u",
        "20",
        "-r",
        "20",
        "--stop-timeout",
        "0",
    ],
}


def start(name: str, origin: str, home: Path) -> subprocess.Popen[str]:
    locust = (sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless", "--only-summary")
    load = ("--host", origin, "-u", "4", "-r", "4", "--history", str(home / "histories"))
    with (home / "said").open("w") as said:
        return subprocess.Popen(
            [*locust, *load, *OPTIONS.get(name, ["-t", "10m"])],
            cwd=ROOT,
            env={**os.environ, "LOADTEST_PLACEMENTS": "layer", "LOADTEST_RATE": "10"},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
        )


def busy(home: Path, workers: int) -> bool:
    """Whether each worker has recorded some thirty operations of each of its users."""
    sizes = [file.stat().st_size for file in home.glob("histories/*/layer/*.jsonl")]
    return len(sizes) == workers and all(size > 40_000 / workers for size in sizes)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Ended]]:
    homes = {name: tmp_path_factory.mktemp(name) for name in SERVICES}
    with ExitStack() as stack:
        origins = {name: stack.enter_context(served(app, "/layer")) for name, app in SERVICES.items()}
        runs = {name: start(name, origin, homes[name]) for name, origin in origins.items()}
        for process in runs.values():
            stack.callback(process.kill)
        for name in runs.keys() - {"phases", "hesitant"}:
            workers = 2 if name == "distributed" else 1
            eventually(partial(busy, homes[name], workers), f"{name} is busy", 120)
            runs[name].terminate()
        for process in runs.values():
            process.wait(120)
        yield {name: Ended(runs[name].returncode, homes[name]) for name in runs}


def test_exit_code_is_0_when_all_was_kept(ended: Mapping[str, Ended]) -> None:
    run = ended["kept"]
    assert run.code == 0, run.said
    assert run.judged["layer"].judgement.observed == "kept"


def test_exit_code_is_1_when_a_service_forgets_what_it_acknowledged(ended: Mapping[str, Ended]) -> None:
    run = ended["forgetful"]
    assert run.code == 1, run.said
    assert "INTEGRITY layer: lost write: acknowledged, and gone" in run.said


def test_user_looks_again_at_once_where_something_is_missing(ended: Mapping[str, Ended]) -> None:
    ledgers, doubted = Ledgers(), set[str]()
    following: list[str] = []
    for operation in ended["forgetful"].judged["layer"].history:
        if operation.session in doubted:
            following.append(operation.operation)
            doubted.remove(operation.session)
        ledgers.take(operation)
        if ledgers.doubtful(operation.session):
            doubted.add(operation.session)
    assert set(following) == {"read"}


def test_exit_code_is_0_when_there_were_errors_and_nothing_was_lost(ended: Mapping[str, Ended]) -> None:
    run = ended["ailing"]
    assert run.code == 0, run.said
    assert "503 Server Error" in run.said


def test_exit_code_is_2_when_there_were_only_errors(ended: Mapping[str, Ended]) -> None:
    assert ended["unavailable"].code == 2, ended["unavailable"].said


def test_two_tabs_lose_updates_on_a_store_where_the_last_writer_wins(ended: Mapping[str, Ended]) -> None:
    run = ended["tabs"]
    assert run.code == 1, run.said
    assert "INTEGRITY layer: lost update" in run.said
    assert "INTEGRITY layer: lost write" not in run.said


def test_exit_code_is_1_when_a_service_counts_twice_what_it_acknowledged_once(
    ended: Mapping[str, Ended],
) -> None:
    run = ended["doubling"]
    assert run.code == 1, run.said
    assert "INTEGRITY layer: doubled write: counted, and neither acknowledged nor in doubt" in run.said


def test_nothing_is_doubled_where_a_service_counts_each_visit_once(ended: Mapping[str, Ended]) -> None:
    """Not where answers are lost or late either, nor where clients take new sessions, or leave in a hurry."""
    assert {name for name, run in ended.items() if "doubled write" in run.said} == {"doubling"}


def test_user_that_is_ended_in_the_middle_of_a_write_awaits_its_answer(ended: Mapping[str, Ended]) -> None:
    run = ended["hesitant"]
    assert run.code == 0, run.said
    assert run.judged["layer"].judgement.observed == "kept"


def test_load_has_no_shape_unless_one_is_chosen(ended: Mapping[str, Ended]) -> None:
    shaped = {name for name, run in ended.items() if "Shape test starting" in run.said}
    assert shaped == {"phases", "hesitant"}


def test_workers_of_a_distributed_run_leave_one_history(ended: Mapping[str, Ended]) -> None:
    run = ended["distributed"]
    assert run.code == 0, run.said
    parts = [history.read(file) for file in recording.latest(run.home / "histories").glob("layer/*.jsonl")]
    opened = [sum(op.operation == "open" and op.outcome == "ok" for op in part) for part in parts]
    assert [sessions > 0 for sessions in opened] == [True, True]
    assert run.judged["layer"].tally.sessions == sum(opened)
    assert run.judged["layer"].judgement.observed == "kept"


@pytest.mark.parametrize("name", ["kept", "forgetful", "doubling", "tabs", "distributed", "phases"])
def test_history_gives_the_counts_that_were_shown_at_the_end(ended: Mapping[str, Ended], name: str) -> None:
    run = ended[name]
    shown = table.render({"layer": run.judged["layer"].tally})
    assert shown in run.said


def test_users_wait_while_the_load_is_paused(ended: Mapping[str, Ended]) -> None:
    run = ended["phases"]
    pause, goes_on = moment("PAUSE: break something now", run.said), moment("the load goes on", run.said)
    invoked = [op.invoked_at for op in run.judged["layer"].history]
    assert any(at > goes_on for at in invoked)
    assert not [at - pause for at in invoked if (pause + goes_on) / 2 < at < goes_on]


def moment(words: str, said: str) -> float:
    """When Locust's log says so, in POSIX seconds."""
    line = next(line for line in said.splitlines() if words in line)
    return datetime.strptime(line[1:24], "%Y-%m-%d %H:%M:%S,%f").timestamp()
