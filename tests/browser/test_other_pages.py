"""The reference of the contract and the lab's report, in a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from chaos.report import files
from tests.browser.conftest import MakeDevice, Scan
from tests.browser.server import Server
from tests.browser.watch import overflow
from tests.unit.cells import MATCH, SURPRISE, UNKNOWN
from tests.unit.test_report_html import stored

PHONE = {"viewport": {"width": 390, "height": 844}}
SIZES = [{}, PHONE, {"color_scheme": "dark"}]
NAMES = ["desktop", "phone", "dark"]

Show = Callable[[Page], None]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Server.running("memory", tmp_path_factory.mktemp("reference")) as server:
        yield f"{server.url}docs"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = stored(tmp_path_factory.mktemp("report"), MATCH, SURPRISE, UNKNOWN)
    written: Path = files.write_all(folder)[0]
    return written.as_uri()


def reference_is_drawn(page: Page) -> None:
    expect(page.locator(".opblock")).not_to_have_count(0)


def report_is_drawn(page: Page) -> None:
    expect(page.get_by_role("table").first).to_be_visible()


PAGES: dict[str, Show] = {"reference": reference_is_drawn, "report": report_is_drawn}


@pytest.fixture(params=PAGES)
def drawn(request: pytest.FixtureRequest, device: MakeDevice) -> Callable[..., Page]:
    """Opens one of the pages on a device, once it is drawn."""

    def opened(**settings: object) -> Page:
        page = device(request.getfixturevalue(request.param), **settings).context.new_page()
        page.goto(request.getfixturevalue(request.param))
        PAGES[request.param](page)
        return page

    return opened


@pytest.mark.parametrize("settings", SIZES, ids=NAMES)
def test_page_can_be_used_by_everybody(
    drawn: Callable[..., Page], scan: Scan, settings: dict[str, object]
) -> None:
    scan(drawn(**settings))


def test_page_fits_a_phone(drawn: Callable[..., Page]) -> None:
    assert overflow(drawn(**PHONE)) == 0


def test_page_is_dark_where_that_is_wanted(drawn: Callable[..., Page]) -> None:
    script = "getComputedStyle(document.body).backgroundColor + getComputedStyle(document.documentElement).backgroundColor"
    assert drawn(color_scheme="dark").evaluate(script) != drawn(color_scheme="light").evaluate(script)
