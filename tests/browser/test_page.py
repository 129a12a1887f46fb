"""The page for everybody: by keyboard, by ear, in the dark, on a phone; and what it says of a loss."""

import re
import secrets
import shutil
import sqlite3
from contextlib import closing
from functools import partial
from itertools import chain, cycle
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import MakeDevice, Scan
from tests.browser.device import SYNCHRONISED
from tests.browser.server import Server
from tests.browser.test_offline import RECONNECTED, cart, opened
from tests.browser.test_other_pages import NAMES, PHONE, SIZES
from tests.browser.watch import overflow
from tests.contract.running import eventually


@pytest.mark.parametrize("settings", SIZES, ids=NAMES)
def test_page_can_be_used_by_everybody_whatever_it_shows(
    device: MakeDevice, doomed: Server, scan: Scan, settings: dict[str, object]
) -> None:
    somebody = device(doomed.url, **settings)
    page, panel = opened(somebody)
    panel.press("Other device")
    expect(panel.element.locator(".link")).to_be_visible()
    scan(page)
    somebody.offline()
    panel.add("a very long name of an item in a cart" * 2, 999)
    panel.shows("offline · pending 1")
    scan(page)
    assert overflow(page) == 0
    doomed.lose_everything()
    somebody.online()
    panel.finds("lost", timeout=RECONNECTED)
    scan(page)
    assert overflow(page) == 0


def test_page_is_used_by_keyboard_alone(device: MakeDevice, server: Server) -> None:
    somebody = device(server.url)
    page = somebody.open()
    panel = somebody.panel(page)
    page.keyboard.press("Tab")
    expect(panel.element.get_by_label("Item")).to_be_focused()
    page.keyboard.type("tea")
    page.keyboard.press("Enter")
    expect(panel.element.get_by_label("Item")).to_be_focused()
    panel.shows(SYNCHRONISED)
    page.keyboard.press("Shift+Tab")
    expect(panel.element.get_by_role("button", name="remove tea", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.row("tea")).to_have_count(0)
    expect(panel.element.get_by_label("Item")).to_be_focused()
    assert cart(somebody) == ({}, 0)


def test_page_is_dark_where_that_is_wanted(device: MakeDevice, server: Server) -> None:
    script = "getComputedStyle(document.documentElement).backgroundColor"
    shades = {
        scheme: device(server.url, color_scheme=scheme).open().evaluate(script)
        for scheme in ("dark", "light")
    }
    assert shades["dark"] != shades["light"]


def test_page_fits_a_phone(device: MakeDevice, server: Server) -> None:
    assert overflow(device(server.url, **PHONE).open()) == 0


def test_commands_are_copied_as_they_stand(device: MakeDevice, server: Server) -> None:
    somebody = device(server.url, permissions=["clipboard-read", "clipboard-write"])
    page = somebody.open()
    commands = page.locator(".commands code").all_text_contents()
    assert "docker compose up -d --force-recreate stateful" in commands
    for command in commands:
        page.get_by_role("button", name=f"Copy: {command}", exact=True).click()
        expect(page.locator("#copied")).to_have_text("Copied.")
        eventually(partial(clipboard_is, page, command), f"{command} is copied", 5)


def clipboard_is(page: Page, text: str) -> bool:
    return bool(page.evaluate("navigator.clipboard.readText()") == text)


def test_loss_under_the_open_page_turns_red_with_its_cause(device: MakeDevice, doomed: Server) -> None:
    _, panel = opened(device(doomed.url))
    doomed.lose_everything()
    panel.finds("lost", timeout=RECONNECTED)
    cause = r"This process is a new one in the same container: the memory of the one before is gone\.$"
    panel.says(".verdict", re.compile(cause))
    panel.says(".lost-list", "Lost: coffee (1).")
    panel.holds(coffee="missing")


def test_page_says_how_long_ago_whoever_answered_had_started(device: MakeDevice, doomed: Server) -> None:
    _, panel = opened(device(doomed.url))
    for seconds in (r"less than 1|\d+", "6|7|8|9"):
        panel.says(".by", re.compile(rf"boot \w+…, started ({seconds}) s ago$"), timeout=RECONNECTED)


@pytest.mark.parametrize("doomed", ["token"], indirect=True)
def test_what_a_service_never_takes_is_set_aside_and_the_rest_is_sent(
    device: MakeDevice, doomed: Server
) -> None:
    """More than a cookie holds."""
    somebody = device(doomed.url)
    _, panel = opened(somebody)
    somebody.offline()
    names = [secrets.token_hex(50) for _ in range(40)]
    for name in names:
        panel.add(name, 1)
    panel.visit()
    panel.shows("offline · pending 41")
    somebody.online()
    panel.shows(SYNCHRONISED, timeout=RECONNECTED)
    panel.finds("kept")
    expect(panel.element.locator(".aside")).to_contain_text("too large")
    items, visits = cart(somebody)
    assert (set(items) < {"coffee", *names}, visits) == (True, 1)
    panel.press("Dismiss what was set aside")
    panel.says(".aside", "")


@pytest.mark.parametrize("doomed", ["sqlite"], indirect=True)
def test_expired_session_is_no_loss_and_what_waits_goes_to_the_next(
    device: MakeDevice, doomed: Server
) -> None:
    somebody = device(doomed.url)
    panel = somebody.panel(somebody.open())
    somebody.offline()
    panel.visit()
    panel.shows("offline · pending 1")
    somebody.online()
    panel.shows(SYNCHRONISED, timeout=RECONNECTED)
    with closing(sqlite3.connect(doomed.database)) as database, database:
        database.execute("UPDATE sessions SET idle_expires_at = opened_at")
    panel.finds("ended", timeout=RECONNECTED)
    panel.visit()
    panel.says(".saved-list", "Saved by this device, not sent yet: 1 visit.")
    panel.press("Open a new session and send it there")
    panel.holds(visits=1)


def test_closed_session_leaves_nothing_promised(device: MakeDevice, server: Server) -> None:
    somebody = device(server.url)
    _, panel = opened(somebody)
    panel.press("Close session")
    panel.finds("none")
    expect(panel.element.locator("tbody tr")).to_have_count(0)


@pytest.mark.parametrize("doomed", ["sqlite"], indirect=True)
def test_older_state_is_told_apart_from_none(device: MakeDevice, doomed: Server, tmp_path: Path) -> None:
    """A backup comes back: the session is known, and what was acknowledged since is gone."""
    somebody = device(doomed.url)
    _, panel = opened(somebody)
    backup = tmp_path / "backup"
    with closing(sqlite3.connect(doomed.database)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    panel.visit()
    panel.holds(visits=1)
    somebody.offline()
    panel.add("tea", 2)
    panel.shows("offline · pending 1")
    with doomed.down():
        for file in doomed.home.glob("sessions.db-*"):
            file.unlink()
        shutil.copy(backup, doomed.database)
    somebody.online()
    panel.finds("lost", timeout=RECONNECTED)
    expect(panel.element.locator(".verdict")).to_contain_text("expects operation 2 again")
    panel.says(".lost-list", "Lost: 1 of 1 visits.")
    panel.says(".saved-list", "Saved by this device, not sent yet: tea (2).")
    panel.press("Go on with what is left, and send it")
    panel.shows(SYNCHRONISED)
    panel.finds("kept")
    assert cart(somebody) == ({"coffee": 1, "tea": 2}, 0)


def test_item_may_be_called_like_what_every_object_has(device: MakeDevice, server: Server) -> None:
    """Ids are of whoever put the item, with another client."""
    somebody = device(server.url)
    _, panel = opened(somebody)
    for item_id in ("constructor", "__proto__"):
        name = f"tea of {item_id}"
        item = {"name": name, "quantity": 2}
        assert somebody.context.request.put(f"{server.url}session/items/{item_id}", data=item).ok
        row = panel.row(name)
        expect(row.locator(".now")).to_have_text("2")
        expect(row.locator(".waiting")).to_be_empty()
    panel.finds("kept")


JUDGE = """async ({ by, old, heard }) => {
    const { judge } = await import("/web/verdict.js");
    const at = { container: old, boot: old };
    const promise = { at, openedAt: "", until: "2999-01-01", version: 1, visits: 0, items: {} };
    const place = { boot: by, kind: "writable-layer" };
    const refusal = { status: 401, ok: false, at: 0, body: { type: "session-unknown" } };
    const gone = { ...refusal, by: { container: by, boot: by } };
    const verdict = judge({ promise, pending: [] }, gone, new Map([[by, place]]), heard);
    return [verdict.text, Boolean(verdict.undecided)];
}"""
OWN = "This replica (new…) is a new one, with its own writable layer."
GONE = "This replica (new…) is a new one: the old container's (old…) writable layer is gone."
ANOTHER = (
    "Another replica answered (new…, was old…). Each has its own copy, in the container's writable layer."
)


@pytest.mark.parametrize(
    ("heard", "cause", "undecided"),
    [
        (["old", "new"], OWN, True),
        (["old", *["new"] * 3], OWN, True),
        (["old", *["new"] * 4], GONE, False),
        (["old", *["new", "two"] * 2], OWN, True),
        (["old", *["new", "two"] * 3], GONE, False),
        (["old", "new", "two", "three", "four", "five"], OWN, True),
        (["old", "new", "two", "three", "four", "old", "new"], ANOTHER, False),
    ],
)
def test_old_container_is_gone_only_once_it_had_its_turn_twice(
    device: MakeDevice, server: Server, heard: list[str], cause: str, undecided: bool
) -> None:
    page = device(server.url).open()
    said = page.evaluate(JUDGE, {"by": "new", "old": "old", "heard": heard})
    assert said == [f"The service no longer knows this session. {cause}", undecided]


def test_replica_that_only_said_where_it_keeps_its_bytes_is_not_gone(
    device: MakeDevice, doomed: Server
) -> None:
    """Three take turns, and each question of where takes the turn of the one that knows the session."""
    page, panel = opened(device(doomed.url))
    second, third = ({"instance": name, "boot": f"boot of {name}"} for name in ("second", "third"))
    turns = chain([second] * 2, cycle([second, third, None]))

    def take_turns(route: Route) -> None:
        answer, who = route.fetch(), next(turns)
        if not who:
            return route.fulfill(response=answer)
        headers = answer.headers | {"served-by": f"memory/{who['instance']}/{who['boot']}"}
        if route.request.url.endswith("placement"):
            return route.fulfill(headers=headers, json=answer.json() | who)
        return route.fulfill(status=401, headers=headers, json={"type": "session-unknown"})

    for path in ("session", "placement"):
        page.route(f"**/{path}", take_turns)
    panel.finds("lost", timeout=RECONNECTED)
    verdict = panel.element.locator(".verdict")
    expect(verdict).to_contain_text("Another replica answered", timeout=RECONNECTED)
    expect(verdict).not_to_contain_text("is gone")
