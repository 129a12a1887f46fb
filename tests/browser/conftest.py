"""A real Chromium on the real page. In every test: no error, no violated policy, no foreign host."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from setup import browser as chromium
from tests.browser.device import Device
from tests.browser.server import Server
from tests.browser.watch import Watch
from tests.e2e.conftest import images, pair  # noqa: F401 - fixtures

ACTION, EXPECTATION = 30_000, 10_000
"""In ms, how long a busy machine may take. For what the page does at once it is less than the 15 s after
which it asks again at the latest.
"""
MakeDevice = Callable[..., Device]
Scan = Callable[..., None]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ended before other tests begin: Playwright's event loop would be in the way of theirs."""
    found = chromium.find()
    if not found:
        missing = f"no Chromium: `python3 -m setup {chromium.PACKAGE}`"
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    expect.set_options(timeout=EXPECTATION)
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking"]
        launched = playwright.chromium.launch(executable_path=found, args=options)
        yield launched
        launched.close()


@pytest.fixture
def device(browser: Browser) -> Iterator[MakeDevice]:
    """Makes devices: `device(url)`; more are the settings of a browser's context."""
    with ExitStack() as devices:
        watches: list[Watch] = []

        def make(url: str, **more: Any) -> Device:
            context = devices.enter_context(browser.new_context(**more))
            context.set_default_timeout(ACTION)
            watches.append(Watch(context))
            return Device(context, watches[-1], url)

        yield make
    assert [complaint for watch in watches for complaint in watch.complaints] == []


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running service, and its page at its root."""
    with Server.running("sqlite", tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(params=["memory"])
def doomed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A service for one test alone, which may do to it what it likes."""
    with Server.running(request.param, tmp_path) as running:
        yield running


@pytest.fixture
def scan() -> Scan:
    """Fails where axe finds something that keeps a person with a disability from using the page."""

    def scan(page: Page, but: Collection[str] = ()) -> None:
        found = Axe().run(page).response["violations"]
        ours = [
            (rule["id"], node["html"]) for rule in found for node in rule["nodes"] if rule["id"] not in but
        ]
        assert ours == []

    return scan
