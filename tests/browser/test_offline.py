"""Without a connection the page goes on; with one again, everything arrives, and once."""

import json
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.conftest import MakeDevice
from tests.browser.device import SYNCHRONISED, Device, Panel
from tests.browser.server import Server
from tests.contract.running import ROOT

RECONNECTED = 30_000  # ms; the page asks again after 15 s at the latest


def shop(panel: Panel) -> None:
    """Ten operations; jam is put and removed again."""
    panel.add("tea", 2)
    panel.add("jam", 3)
    panel.add("salt", 4)
    panel.remove("jam")
    for _ in range(6):
        panel.visit()


def cart(device: Device, route: str = "") -> tuple[dict[str, int], int]:
    """What the service has: quantities by name, and visits."""
    session = device.session(f"{route}session")
    return {item["name"]: item["quantity"] for item in session["items"].values()}, session["visits"]


def numbers(upload: Request) -> list[tuple[str, int]]:
    """(device, sequence) of each operation in it."""
    body = json.loads(upload.post_data or "{}")
    return [(body["device"], operation["sequence"]) for operation in body["operations"]]


def uploaded(device: Device) -> Counter[tuple[str, int]]:
    """In how many uploads that were answered each operation was, from now on."""
    seen: Counter[tuple[str, int]] = Counter()

    def see(request: Request) -> None:
        if request.url.endswith("session/sync"):
            seen.update(numbers(request))

    device.context.on("requestfinished", see)
    return seen


def expect_uploads(page: Page, times: Counter[tuple[str, int]], operations: int) -> None:
    """Each was in one upload. That one was answered the browser tells a little later than the page."""
    deadline = time.monotonic() + RECONNECTED / 1000
    while len(times) < operations and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    assert list(times.values()) == [1] * operations


def opened(device: Device) -> tuple[Page, Panel]:
    """The page, with a session in which one coffee is acknowledged."""
    page = device.open()
    panel = device.panel(page)
    panel.add("coffee", 1)
    panel.shows(SYNCHRONISED)
    panel.holds(coffee=1, visits=0)
    return page, panel


def test_what_was_done_offline_arrives_once_after_the_tab_was_closed(
    device: MakeDevice, server: Server
) -> None:
    somebody = device(server.url)
    page, panel = opened(somebody)
    somebody.offline()
    shop(panel)
    panel.shows("offline · pending 10")
    page.close()
    assert cart(somebody) == ({"coffee": 1}, 0)
    page = somebody.open()
    panel = somebody.panel(page)
    panel.shows("offline · pending 10")
    expect(panel.row("tea").locator(".waiting")).to_have_text("2")
    expect(panel.row("visits").locator(".waiting")).to_have_text("+6")
    somebody.online()
    panel.shows(SYNCHRONISED, timeout=RECONNECTED)
    panel.finds("kept")
    assert cart(somebody) == ({"coffee": 1, "tea": 2, "salt": 4}, 6)


def test_page_tells_what_was_lost_and_what_the_device_saved(device: MakeDevice, doomed: Server) -> None:
    somebody = device(doomed.url)
    page, panel = opened(somebody)
    somebody.offline()
    shop(panel)
    panel.shows("offline · pending 10")
    page.close()
    doomed.lose_everything()
    panel = somebody.panel(somebody.open())
    panel.shows("offline · pending 10")
    somebody.online()
    panel.finds("lost", timeout=RECONNECTED)
    panel.says(".lost-list", "Lost: coffee (1).")
    panel.says(
        ".saved-list",
        "Saved by this device, not sent yet: tea (2), jam (3), salt (4), the removal of jam, 6 visits.",
    )
    panel.shows("pending 10")
    panel.press("Open a new session and send it there")
    panel.shows(SYNCHRONISED)
    panel.finds("kept")
    assert cart(somebody) == ({"tea": 2, "salt": 4}, 6)


def test_session_opens_by_itself_when_the_first_operations_were_offline(
    device: MakeDevice, server: Server
) -> None:
    somebody = device(server.url)
    panel = somebody.panel(somebody.open())
    panel.finds("none")
    somebody.offline()
    shop(panel)
    panel.shows("offline · pending 10")
    somebody.online()
    panel.shows(SYNCHRONISED, timeout=RECONNECTED)
    assert cart(somebody) == ({"tea": 2, "salt": 4}, 6)


def test_what_waits_is_sent_by_itself_when_the_service_was_away(device: MakeDevice, doomed: Server) -> None:
    """The network was there all along: nothing tells the page but its own asking. And it opens meanwhile."""
    somebody = device(doomed.url)
    somebody.open().close()
    with doomed.down():
        panel = somebody.panel(somebody.open())
        shop(panel)
        panel.shows("offline · pending 10")
    panel.shows(SYNCHRONISED, timeout=RECONNECTED)
    assert cart(somebody) == ({"tea": 2, "salt": 4}, 6)


def test_more_than_an_upload_takes_arrives_in_order(device: MakeDevice, server: Server) -> None:
    somebody = device(server.url)
    _, panel = opened(somebody)
    somebody.offline()
    click = "(button) => { for (let times = 0; times < 250; times += 1) button.click(); }"
    panel.element.get_by_role("button", name="Count a visit").evaluate(click)
    panel.shows("offline · pending 250")
    somebody.online()
    panel.shows(SYNCHRONISED, timeout=RECONNECTED)
    panel.finds("kept")
    assert cart(somebody) == ({"coffee": 1}, 250)


def test_upload_is_applied_once_when_its_answer_is_cut(device: MakeDevice, server: Server) -> None:
    somebody = device(server.url)
    page, panel = opened(somebody)
    cut: list[list[tuple[str, int]]] = []
    passed: list[list[tuple[str, int]]] = []
    told = Event()

    def cut_until_told(route: Route) -> None:
        if told.is_set():
            passed.append(numbers(route.request))
            route.continue_()
            return
        cut.append(numbers(route.request))
        assert route.fetch().ok
        route.abort("connectionreset")

    page.route("**/session/sync", cut_until_told)
    panel.visit()
    panel.shows("offline · pending 1")
    told.set()
    panel.shows(SYNCHRONISED, timeout=RECONNECTED)
    assert cut == [cut[0]] * len(cut)
    assert passed == [cut[0]]
    panel.holds(visits=1)
    assert cart(somebody) == ({"coffee": 1}, 1)


@pytest.mark.parametrize("status", [200, 401, 413])
def test_answer_of_who_is_no_service_changes_nothing(device: MakeDevice, server: Server, status: int) -> None:
    """A hotel's portal takes every request, and says something of its own."""
    somebody = device(server.url)
    page, panel = opened(somebody)

    def welcome(route: Route) -> None:
        route.fulfill(status=status, content_type="text/html", body="<h1>Welcome! Room number?</h1>")

    page.route("**/session**", welcome)
    page.route("**/session/**", welcome)
    panel.visit()
    panel.shows("offline · pending 1")
    panel.finds("unavailable")
    assert cart(somebody) == ({"coffee": 1}, 0)
    page.unroute("**/session**")
    page.unroute("**/session/**")
    panel.shows(SYNCHRONISED, timeout=RECONNECTED)
    panel.finds("kept")
    panel.says(".aside", "")
    assert cart(somebody) == ({"coffee": 1}, 1)


class Portal(BaseHTTPRequestHandler):
    """A hotel's: whatever is asked for, it is all right, and its own page."""

    def do_GET(self) -> None:
        page = b"<h1>Welcome! Room number?</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


def test_page_that_is_kept_is_not_replaced_by_another(device: MakeDevice, doomed: Server) -> None:
    somebody = device(doomed.url)
    page, panel = opened(somebody)
    doomed.stop()
    with ThreadingHTTPServer(("127.0.0.1", doomed.port), Portal) as portal:
        Thread(target=portal.serve_forever, args=[0.01], daemon=True).start()
        page.goto(somebody.url)
        expect(page.get_by_role("heading", name="Welcome! Room number?")).to_be_visible()
        asked = page.evaluate("fetch('web/page.js').then((answer) => answer.text())")
        assert "Room number?" not in asked
        portal.shutdown()
    page.goto(somebody.url)
    panel.shows("offline")
    expect(panel.row("coffee")).to_be_visible()


def test_two_tabs_have_one_log_and_one_uploader(device: MakeDevice, server: Server) -> None:
    somebody = device(server.url)
    page, one = opened(somebody)
    other = somebody.panel(somebody.open())
    other.holds(coffee=1)
    times = uploaded(somebody)
    somebody.offline()
    for _ in range(3):
        one.visit()
        other.visit()
    one.shows("offline · pending 6")
    other.shows("offline · pending 6")
    somebody.online()
    for tab in (one, other):
        tab.shows(SYNCHRONISED, timeout=RECONNECTED)
        tab.holds(visits=6)
        tab.finds("kept")
    assert cart(somebody) == ({"coffee": 1}, 6)
    expect_uploads(page, times, 6)


def test_two_tabs_never_upload_the_same(device: MakeDevice, server: Server) -> None:
    """With a connection all along."""
    somebody = device(server.url)
    page, one = opened(somebody)
    other = somebody.panel(somebody.open())
    other.holds(coffee=1)
    times = uploaded(somebody)
    for _ in range(5):
        one.visit()
        other.visit()
    one.holds(visits=10)
    other.holds(visits=10)
    expect_uploads(page, times, 10)


def test_only_the_page_is_kept_and_never_an_answer(device: MakeDevice, server: Server) -> None:
    """What is kept is all that there is of the page, so that a new part of it is not forgotten."""
    somebody = device(server.url)
    page, _ = opened(somebody)
    every = "caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name))))"
    addresses = (
        "Promise.all(all.map((cache) => cache.keys())).then((kept) => kept.flat().map(({url}) => url))"
    )
    kept = page.evaluate(f"{every}.then((all) => {addresses})")
    others = {"docs.css", "docs.html", "docs.js", "index.html", "worker.js"}
    parts = {file.name for file in (ROOT / "services" / "web").iterdir()} - others
    assert set(kept) == {server.url, *(f"{server.url}web/{name}" for name in parts)}
