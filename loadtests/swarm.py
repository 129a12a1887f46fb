"""Locust, furnished for a person: options with sensible defaults, load shapes, the web UI, the end."""

import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import gevent
import locust.runners
import locust.web
from locust import LoadTestShape, events
from locust.runners import MasterRunner, WorkerRunner

from loadtests import panel, table
from loadtests.integrity import exit_code
from loadtests.recording import run_name
from loadtests.shapes import SHAPES, Shape
from loadtests.user import PlacementUser, classes
from loadtests.visitor import Visitor, run

PLACEMENTS = os.environ.get("LOADTEST_PLACEMENTS", "layer,token,redis-everysec").split(",")
USERS = 10 * len(PLACEMENTS)
SPAWN_RATE = 10.0
SECONDS = 60
"""Of a headless run, where nobody says how long."""
LEAVING_SECONDS = 15.0
"""In which users make their final reads."""
PAUSED = "PAUSE: break something now"

# What a worker has seen shows on the master's page within a second, with what that page caches.
locust.runners.WORKER_REPORT_INTERVAL = 0.5
locust.web.DEFAULT_CACHE_TIME = 0.25
# Where things are broken on purpose the machine is busy: a worker that is silent for Locust's three
# seconds is not gone, and the run not over.
locust.runners.HEARTBEAT_LIVENESS = 30


def user_classes() -> dict[str, type[PlacementUser]]:
    host = f"http://127.0.0.1:{os.environ.get('GATEWAY_PORT', '8080')}"
    return classes(Visitor, PLACEMENTS, host=host)


def shape_classes() -> dict[str, type[LoadTestShape]]:
    return {name: type(name, (Shaped,), {"shape": shape}) for name, shape in SHAPES.items()}


class Shaped(LoadTestShape):
    """One of `SHAPES`, of as many users and seconds as Locust's own options say."""

    abstract = True
    use_common_options = True
    shape: Shape
    runner: Any

    def tick(self) -> tuple[int, float] | None:
        options = self.runner.environment.parsed_options
        elapsed = time.perf_counter() - self.start_time
        stage = self.shape.at(elapsed, options.run_time or self.shape.seconds)
        self.pause(stage is not None and stage.paused)
        if stage is None:
            return None
        return max(1, round(stage.users * (options.num_users or USERS))), options.spawn_rate or SPAWN_RATE

    def pause(self, paused: bool) -> None:
        if paused != run.paused:
            logging.warning(PAUSED if paused else "the load goes on")
            run.paused = paused
            self.runner.send_message("pause", paused)


@events.init_command_line_parser.add_listener
def furnish(parser: Any) -> None:
    parser.set_defaults(
        class_picker=True,
        num_users=USERS,
        spawn_rate=SPAWN_RATE,
        stop_timeout=5.0,
        web_host="127.0.0.1",
    )
    parser.add_argument("--tabs", type=int, default=1, choices=(1, 2), help="2: a session's writes overlap")
    parser.add_argument(
        "--shape", choices=SHAPES, include_in_web_ui=False, help="how the load grows (all users at once)"
    )
    parser.add_argument(
        "--history",
        default="",
        env_var="LOADTEST_HISTORY",
        include_in_web_ui=False,
        help="folder for the run's history",
    )


@events.init.add_listener
def prepare(environment: Any, **_: object) -> None:
    options, runner = environment.parsed_options, environment.runner
    environment.shape_class = environment.available_shape_classes.get(options.shape)
    if environment.shape_class:
        environment.shape_class.runner = runner
    elif options.headless:
        options.run_time = options.run_time or SECONDS
    if environment.web_ui:
        environment.web_ui.template_args |= panel.TEMPLATE_ARGUMENTS
        panel.extend(environment.web_ui.app, run.tallies, lambda: PAUSED if run.paused else "")
    if not isinstance(runner, WorkerRunner):
        environment.events.quit.add_listener(show)
    if not isinstance(runner, MasterRunner):
        runner.register_message("pause", pause)
        runner.register_message("leave", leave, concurrent=True)


def pause(msg: Any, **_: object) -> None:
    run.paused = msg.data


def leave(environment: Any, **_: object) -> None:
    """Let the users of this process make their final reads, and wait until they are gone."""
    run.over = True
    until(lambda: environment.runner.user_count == 0)
    run.end()


@events.test_start.add_listener
def begin(environment: Any, **_: object) -> None:
    """Workers are told the run's name with the options, before they begin."""
    runner, options = environment.runner, environment.parsed_options
    if not isinstance(runner, WorkerRunner):
        options.run_name = run_name()
    worker = "" if isinstance(runner, MasterRunner) else runner.client_id
    run.begin(options.run_name, options.history, worker)


@events.report_to_master.add_listener
def tell(data: dict[str, Any], **_: object) -> None:
    data["integrity"] = run.report()


@events.worker_report.add_listener
def hear(client_id: str, data: Mapping[str, Any], **_: object) -> None:
    run.hear(client_id, data["integrity"])


@events.test_stopping.add_listener
def finish(environment: Any, **_: object) -> None:
    """Before a run ends, all users make their final reads, and the master hears of them."""
    runner = environment.runner
    if run.over:
        return
    if isinstance(runner, MasterRunner):
        runner.send_message("leave")
        until(lambda: run.have_left(runner.clients))
        run.end()
    else:
        leave(environment)


@events.quitting.add_listener
def conclude(environment: Any, **_: object) -> None:
    """The exit code is what integrity says, and not what errors there were."""
    finish(environment)
    runner = environment.runner
    if isinstance(runner, WorkerRunner) or not (run.name or environment.parsed_options.headless):
        environment.process_exit_code = 0
    else:
        environment.process_exit_code = exit_code(run.tallies().values()) or (2 if runner.exceptions else 0)


def show(**_: object) -> None:
    if tallies := run.tallies():
        print(table.render(tallies))


def until(done: Callable[[], bool]) -> None:
    """Wait for it, as long as users may take to leave."""
    deadline = time.monotonic() + LEAVING_SECONDS
    while not done() and time.monotonic() < deadline:
        gevent.sleep(0.05)
