"""The page on the real pair, side by side: what a new container costs, and what it does not."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from chaos.cluster import Cluster
from tests.browser.conftest import MakeDevice, Scan
from tests.browser.device import SYNCHRONISED, Device, Panel
from tests.browser.test_offline import RECONNECTED, cart, shop
from tests.browser.watch import overflow

SERVICES = ("stateful", "stateless", "token")
GONE = re.compile(
    r"^The service no longer knows this session\. "
    r"This replica \(\w+…\) is a new one: the old container's \(\w+…\) writable layer is gone\.$"
)


@pytest.fixture
def somebody(device: MakeDevice, pair: Cluster) -> Device:
    return device(f"{pair.url()}/")


@pytest.fixture
def healed(pair: Cluster) -> Iterator[None]:
    """One replica of each afterwards."""
    yield
    pair.up()


def opened(device: Device) -> tuple[Page, dict[str, Panel]]:
    """The page, with one coffee acknowledged by each service."""
    page = device.open(panels=len(SERVICES))
    panels = of(device, page)
    for panel in panels.values():
        panel.add("coffee", 1)
        panel.holds(coffee=1)
        panel.shows(SYNCHRONISED)
    return page, panels


def of(device: Device, page: Page) -> dict[str, Panel]:
    return {name: device.panel(page, name) for name in SERVICES}


def recreate(pair: Cluster) -> None:
    pair.start("stateful", options=["--force-recreate"])
    pair.wait_ready(["stateful"])


def test_recreation_under_the_open_page_shows_the_loss_on_the_stateful_half_only(
    somebody: Device, pair: Cluster, scan: Scan
) -> None:
    page, panels = opened(somebody)
    recreate(pair)
    panels["stateful"].finds("lost", timeout=RECONNECTED)
    panels["stateful"].says(".verdict", GONE)
    panels["stateful"].says(".lost-list", "Lost: coffee (1).")
    for name in ("stateless", "token"):
        panels[name].finds("kept")
        panels[name].holds(coffee=1)
    scan(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert overflow(page) == 0


def test_page_says_what_was_lost_and_saved_after_a_recreation_while_it_was_closed(
    somebody: Device, pair: Cluster
) -> None:
    page, panels = opened(somebody)
    somebody.offline()
    for panel in panels.values():
        shop(panel)
        panel.shows("offline · pending 10")
    page.close()
    recreate(pair)
    panels = of(somebody, somebody.open(panels=len(SERVICES)))
    for panel in panels.values():
        panel.shows("offline · pending 10")
    somebody.online()
    for name in ("stateless", "token"):
        panels[name].shows(SYNCHRONISED, timeout=RECONNECTED)
        panels[name].finds("kept")
        assert cart(somebody, f"{name}/") == ({"coffee": 1, "tea": 2, "salt": 4}, 6)
    stateful = panels["stateful"]
    stateful.finds("lost", timeout=RECONNECTED)
    stateful.says(".verdict", GONE)
    stateful.says(".lost-list", "Lost: coffee (1).")
    saved = "tea (2), jam (3), salt (4), the removal of jam, 6 visits"
    stateful.says(".saved-list", f"Saved by this device, not sent yet: {saved}.")
    stateful.press("Open a new session and send it there")
    stateful.shows(SYNCHRONISED)
    stateful.finds("kept")
    assert cart(somebody, "stateful/") == ({"tea": 2, "salt": 4}, 6)


def test_what_waits_reaches_the_replica_that_knows_the_session(
    somebody: Device, pair: Cluster, healed: None
) -> None:
    """Three replicas answer in turn, each with sessions of its own: a refusal by one is no loss yet."""
    _, panels = opened(somebody)
    stateful = panels["stateful"]
    pair.scale(["stateful"], 3)
    stateful.finds("lost", timeout=RECONNECTED)
    expect(stateful.element.locator(".verdict")).to_contain_text(
        "Another replica answered", timeout=RECONNECTED
    )
    stateful.visit()
    stateful.shows(SYNCHRONISED, timeout=RECONNECTED)
    expect(stateful.row("visits").locator(".now")).to_have_text("1", timeout=RECONNECTED)


def test_stack_shows_where_the_bytes_are(somebody: Device) -> None:
    _, panels = opened(somebody)
    holding = {name: panel.element.locator(".stack .holds b") for name, panel in panels.items()}
    expect(holding["stateful"]).to_have_text("writable layer")
    expect(holding["stateless"]).to_have_text("Redis")
    expect(holding["token"]).to_have_text("this device")
