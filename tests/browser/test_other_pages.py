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

Open = Callable[..., Page]

SWAGGER_UI = ("color-contrast", "heading-order", "nested-interactive", "region")
"""What axe finds in that library's own parts of the reference."""


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Server.running("memory", tmp_path_factory.mktemp("reference")) as server:
        yield f"{server.url}docs"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = stored(tmp_path_factory.mktemp("report"), MATCH, SURPRISE, UNKNOWN)
    written: Path = files.write_all(folder)[0]
    return written.as_uri()


@pytest.fixture
def drawn_reference(device: MakeDevice, reference: str) -> Open:
    def opened(**settings: object) -> Page:
        page = device(reference, **settings).context.new_page()
        page.goto(reference)
        expect(page.locator(".opblock")).not_to_have_count(0)
        return page

    return opened


@pytest.fixture
def drawn_report(device: MakeDevice, report: str) -> Open:
    def opened(**settings: object) -> Page:
        page = device(report, **settings).context.new_page()
        page.goto(report)
        expect(page.get_by_role("table").first).to_be_visible()
        return page

    return opened


@pytest.fixture(params=["reference", "report"])
def drawn(request: pytest.FixtureRequest) -> Open:
    """Opens one of the pages on a device, and waits until it is drawn."""
    opened: Open = request.getfixturevalue(f"drawn_{request.param}")
    return opened


@pytest.mark.parametrize("settings", SIZES, ids=NAMES)
def test_reference_can_be_used_by_everybody(
    drawn_reference: Open, scan: Scan, settings: dict[str, object]
) -> None:
    scan(drawn_reference(**settings), but=SWAGGER_UI)


@pytest.mark.parametrize("settings", SIZES, ids=NAMES)
def test_report_can_be_used_by_everybody(drawn_report: Open, scan: Scan, settings: dict[str, object]) -> None:
    page = drawn_report(**settings)
    scan(page)


def test_page_fits_a_phone(drawn: Open) -> None:
    assert overflow(drawn(**PHONE)) == 0


def test_page_is_dark_where_that_is_wanted(drawn: Open) -> None:
    script = "[document.documentElement, document.body].map((one) => getComputedStyle(one).backgroundColor)"
    assert drawn(color_scheme="dark").evaluate(script) != drawn(color_scheme="light").evaluate(script)
