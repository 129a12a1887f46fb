"""Two devices in one session, and what a service may forget of them."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import MakeDevice
from tests.browser.device import SYNCHRONISED, Device, Panel
from tests.browser.server import Server
from tests.browser.test_offline import RECONNECTED, cart, opened

REMEMBERED = 32  # devices of a session, by the contract


def linked(panel: Panel) -> str:
    """The fragment of a link for another device."""
    panel.press("Other device")
    address = panel.element.get_by_label("Open this on the other device")
    expect(address).to_have_value(re.compile("#join="))
    return "#" + address.input_value().partition("#")[2]


def joined(other: Device, fragment: str) -> Panel:
    panel = other.panel(other.open(fragment))
    panel.press("Join it")
    panel.finds("kept")
    return panel


def test_two_devices_share_a_session(device: MakeDevice, server: Server) -> None:
    laptop, phone = device(server.url), device(server.url)
    _, here = opened(laptop)
    there = joined(phone, linked(here))
    there.holds(coffee=1)
    laptop.offline()
    here.add("tea", 2)
    here.visit()
    here.shows("offline · pending 2")
    there.add("jam", 3)
    there.remove("coffee")
    there.visit()
    there.shows(SYNCHRONISED)
    laptop.online()
    here.shows(SYNCHRONISED, timeout=RECONNECTED)
    here.finds("kept")
    there.holds(tea=2, jam=3, visits=2)
    there.finds("kept")
    assert cart(laptop) == cart(phone) == ({"tea": 2, "jam": 3}, 2)


def test_link_works_once(device: MakeDevice, server: Server) -> None:
    laptop, phone, another = device(server.url), device(server.url), device(server.url)
    fragment = linked(opened(laptop)[1])
    joined(phone, fragment)
    panel = another.panel(another.open(fragment))
    panel.press("Join it")
    panel.says(".notice", re.compile("^Not done"))
    panel.finds("none")


def test_session_of_another_device_is_offered_and_can_be_declined(device: MakeDevice, server: Server) -> None:
    laptop, phone = device(server.url), device(server.url)
    fragment = linked(opened(laptop)[1])
    page, panel = opened(phone)
    mine = phone.session()["opened_at"]
    page.close()
    panel = phone.panel(phone.open(fragment))
    panel.press("Stay with this one")
    panel.finds("kept")
    assert (phone.session()["opened_at"], cart(phone)) == (mine, ({"coffee": 1}, 0))


@pytest.mark.parametrize("fragment", ["#join=./", "#join=./&code="])
def test_link_without_a_code_offers_nothing(device: MakeDevice, server: Server, fragment: str) -> None:
    """Without one the service would open a new session, in place of the one that is there."""
    somebody = device(server.url)
    page = somebody.open(fragment)
    assert page.url == server.url
    expect(page.locator(".join")).to_be_hidden()


def test_loss_is_told_on_both_devices(device: MakeDevice, doomed: Server) -> None:
    laptop, phone = device(doomed.url), device(doomed.url)
    _, here = opened(laptop)
    there = joined(phone, linked(here))
    doomed.lose_everything()
    for panel in (here, there):
        panel.finds("lost", timeout=RECONNECTED)
        panel.says(".lost-list", "Lost: coffee (1).")


def cut_an_answer(page: Page, panel: Panel) -> None:
    """A visit is counted, which the page is not told; from then on nothing of it arrives, nor a tea."""

    def cut(route: Route) -> None:
        if not sent:
            assert route.fetch().ok
        sent.append(route)
        route.abort("connectionreset")

    sent: list[Route] = []
    page.route("**/session/sync", cut)
    panel.visit()
    panel.shows("offline · pending 1")
    panel.add("tea", 2)
    panel.shows("offline · pending 2")


def test_visit_that_may_have_been_counted_is_not_counted_again_where_the_device_joins_its_own_session(
    device: MakeDevice, server: Server
) -> None:
    """Its browser was ended, say, and so its cookie is gone; the other device lets it in again."""
    laptop, phone = device(server.url), device(server.url)
    there = joined(phone, linked(opened(laptop)[1]))
    page = phone.context.pages[0]
    cut_an_answer(page, there)
    phone.context.clear_cookies()
    page.close()
    fragment = linked(laptop.panel(laptop.open()))
    there = phone.panel(phone.open(fragment))
    there.finds("ended")
    there.press("Join it")
    there.shows(SYNCHRONISED, timeout=RECONNECTED)
    there.says(".aside", "Set aside: visit: it was sent, and may have been counted already")
    assert cart(laptop) == cart(phone) == ({"coffee": 1, "tea": 2}, 1)


def crowd_out(somebody: Device) -> None:
    """As many others upload to the session as it remembers; each counts a visit."""
    for number in range(REMEMBERED):
        upload = {
            "device": f"another-device-{number:04}",
            "operations": [{"sequence": 1, "operation": "visit"}],
            "since": somebody.session()["version"],
        }
        answer = somebody.context.request.post(f"{somebody.url}session/sync", data=upload)
        assert answer.ok, answer.text()


def test_device_that_was_forgotten_goes_on_under_a_new_id(device: MakeDevice, server: Server) -> None:
    somebody = device(server.url)
    _, panel = opened(somebody)
    crowd_out(somebody)
    panel.add("tea", 2)
    panel.holds(tea=2)
    panel.finds("kept")
    assert cart(somebody) == ({"coffee": 1, "tea": 2}, REMEMBERED)


def test_device_that_was_forgotten_counts_no_visit_again_that_may_have_been(
    device: MakeDevice, server: Server
) -> None:
    somebody = device(server.url)
    page, panel = opened(somebody)
    cut_an_answer(page, panel)
    crowd_out(somebody)
    page.unroute("**/session/sync")
    panel.shows(SYNCHRONISED, timeout=RECONNECTED)
    why = "it was sent, and may have been counted: the service has forgotten this device"
    panel.says(".aside", f"Set aside: visit: {why}")
    assert cart(somebody) == ({"coffee": 1, "tea": 2}, 1 + REMEMBERED)
