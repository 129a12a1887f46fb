"""How soon a loss shows on Locust's page, in the tab "Integrity" of a real Chromium."""

import math
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as NotShown

from services.session.lifetime import Lifetime
from services.stateful.memory import MemoryStore
from tests.contract.running import free_port
from tests.measured import expect_at_most
from tests.process.locust_page import LocustPage
from tests.unit.serving import application_of, served

USERS = 4
LIMIT_SECONDS = 2.0

ROW = """
  const texts = (tag) => [...document.querySelectorAll(`table ${tag}`)].map((cell) => cell.textContent);
  const cells = texts('td');
  const row = Object.fromEntries(texts('th').map((title, column) => [title, Number(cells[column])]));
"""
ALL_AT_WORK = f"""([users, losses]) => {{
  {ROW}
  const anew = row['Dropped sessions'] === users * losses && row['Sessions'] === users * (losses + 1);
  return anew && row['Verified'] >= users && row;
}}"""
LOST_MORE = f"(before) => {{ {ROW} return row['Lost writes'] > before && Date.now() / 1000; }}"


class AmnesiacStore(MemoryStore):
    """Keeps all until it is told to forget."""

    def forget(self) -> None:
        with self._lock:
            self._entries.clear()


@pytest.fixture
def store() -> AmnesiacStore:
    return AmnesiacStore(Lifetime())


@pytest.fixture(params=[0, 2], ids=["alone", "two workers"])
def tab(
    request: pytest.FixtureRequest, browser: Browser, store: AmnesiacStore, tmp_path: Path
) -> Iterator[Page]:
    """The tab, while users are at work on that store: in one process, or in workers that tell it."""
    port, log = str(free_port()), tmp_path / "locust.log"
    workers = ("--processes", str(request.param), "--master-bind-port", port, "--master-port", port)
    options = workers if request.param else ()
    with (
        served(application_of(store), "/layer") as origin,
        LocustPage.running(origin, log, *options, LOADTEST_PLACEMENTS="layer") as locust,
        browser.new_context() as context,
    ):
        locust.start(user_count=USERS)
        page = context.new_page()
        page.goto(locust.url)
        page.get_by_role("tab", name="Integrity").click()
        yield page


def delay(tab: Page, store: AmnesiacStore, losses: int) -> float:
    """Seconds from a loss, of which there were so many before, until a cell shows it.

    The page has just had its answer when that happens: it has to wait as long as it ever has to.
    """
    before = tab.wait_for_function(ALL_AT_WORK, arg=[USERS, losses]).json_value()["Lost writes"]
    with tab.expect_response("**/stats/requests"):
        pass
    lost_at = time.time()
    store.forget()
    try:
        shown_at: float = tab.wait_for_function(LOST_MORE, arg=before, timeout=10_000).json_value()
    except NotShown:
        return math.inf
    return shown_at - lost_at


def test_loss_shows_within_two_seconds(tab: Page, store: AmnesiacStore) -> None:
    losses = count()
    expect_at_most(LIMIT_SECONDS, lambda: delay(tab, store, next(losses)))
