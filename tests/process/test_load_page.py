"""Locust's page with the tab "Integrity", as a browser gets it."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flask import Flask

from chaos.control.app import ForgetfulStore
from loadtests.integrity import Tally
from loadtests.panel import COLUMNS, rows
from services.session.lifetime import Lifetime
from services.stateful.memory import MemoryStore
from tests.contract.running import eventually
from tests.process.locust_page import LocustPage
from tests.unit.serving import application_of, served


def two_services() -> Flask:
    """A store that keeps, and one that forgets every fifth change; below one origin."""
    kept = application_of(MemoryStore(Lifetime()))
    forgetful = application_of(ForgetfulStore(Lifetime(), every=5))
    both = Flask(__name__)

    def dispatch(environ: Any, start: Any) -> Any:
        route, _, path = environ["PATH_INFO"].lstrip("/").partition("/")
        environ["PATH_INFO"] = f"/{path}"
        return (forgetful if route == "layer" else kept).wsgi_app(environ, start)

    both.wsgi_app = dispatch  # type: ignore[assignment,method-assign]
    return both


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocustPage]:
    log = tmp_path_factory.mktemp("page") / "locust.log"
    settings = {"LOADTEST_PLACEMENTS": "layer,token", "LOADTEST_RATE": "20"}
    with served(two_services(), "") as origin, LocustPage.running(origin, log, **settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def watched(page: LocustPage) -> Iterator[LocustPage]:
    """The page while users of both placements are at work, one of which has lost something."""
    page.start()
    eventually(lambda: page.integrity().get("layer", {}).get("lost"), "a loss is seen", 60)
    eventually(lambda: page.integrity().get("token", {}).get("verified"), "the other is verified", 60)
    yield page
    page.stop()


def test_page_offers_a_user_class_for_each_placement(page: LocustPage) -> None:
    told = page.arguments()
    assert told["show_userclass_picker"] is True
    assert told["available_user_classes"] == ["LayerUser", "TokenUser"]


def test_page_offers_every_load_shape_and_asks_how_many_users_for_it(page: LocustPage) -> None:
    told = page.arguments()
    shapes = ["Default", "Phases", "Ramp", "Soak", "Spike", "Steady"]
    assert (told["available_shape_classes"], told["shape_use_common_options"]) == (shapes, True)


def test_page_has_sensible_defaults(page: LocustPage) -> None:
    told = page.arguments()
    gateway = f"http://127.0.0.1:{os.environ.get('GATEWAY_PORT', '8080')}"
    assert (told["num_users"], told["spawn_rate"], told["host"]) == (20, 10, gateway)


def test_page_has_a_tab_for_integrity(page: LocustPage) -> None:
    told = page.arguments()
    assert told["extended_tabs"] == [{"title": "Integrity", "key": "integrity"}]
    assert [column["title"] for column in told["extended_tables"][0]["structure"]] == list(COLUMNS.values())


def test_page_asks_for_news_more_often_than_every_two_seconds(page: LocustPage) -> None:
    text = requests.get(page.url, timeout=10).text
    assert text.index("period === 2000 ? 750") < text.index('type="module"')


def test_loss_is_shown_with_its_placement_and_with_no_other(watched: LocustPage) -> None:
    shown = watched.integrity()
    assert shown["layer"]["lost"] > 0
    assert (shown["token"]["lost"], shown["token"]["dropped"], shown["token"]["stale"]) == (0, 0, 0)
    assert shown["All"]["acknowledged"] >= shown["layer"]["acknowledged"] + 1


def test_loss_is_a_failure_of_its_own_name(watched: LocustPage) -> None:
    """Locust answers with what it gathered up to two seconds ago, and counts a failure after the loss."""

    def names() -> set[str]:
        return {e["name"] for e in watched.statistics()["errors"] if e["method"] == "INTEGRITY"}

    assert eventually(names, "a loss is among the failures", 60) == {"layer: lost write"}


def test_new_run_begins_to_count_anew(watched: LocustPage) -> None:
    watched.stop()
    watched.start(user_classes="TokenUser")
    eventually(lambda: set(watched.integrity()) == {"token"}, "only the new run is counted", 60)


def test_shape_that_is_chosen_on_the_page_is_run(page: LocustPage) -> None:
    page.stop()
    page.start(shape_class="Spike", user_count=10, spawn_rate=10, run_time="10m")
    eventually(lambda: page.statistics()["user_count"] == 2, "a fifth of the users is there", 60)
    page.stop()


def test_every_count_has_a_column() -> None:
    assert COLUMNS.keys() - {"placement"} == vars(Tally()).keys()


def test_rows_end_with_one_for_all_where_there_are_several() -> None:
    shown = rows({"layer": Tally(acknowledged=2, lost=1), "token": Tally(acknowledged=3)})
    assert [(row["placement"], row["acknowledged"], row["lost"]) for row in shown] == [
        ("layer", 2, 1),
        ("token", 3, 0),
        ("All", 5, 1),
    ]


def test_rows_are_empty_before_anybody_is_there() -> None:
    assert rows({}) == []
