"""A person's device: a browser profile that outlives its tabs, and the page in one of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.watch import Watch

SYNCHRONISED = "synchronised"


@dataclass(frozen=True)
class Panel:
    """One service's part of the page."""

    element: Locator

    def add(self, name: str, quantity: int = 1) -> None:
        self.element.get_by_label("Item").fill(name)
        self.element.get_by_label("Quantity").fill(str(quantity))
        self.element.get_by_role("button", name="Add", exact=True).click()

    def visit(self) -> None:
        self.element.get_by_role("button", name="Count a visit", exact=True).click()

    def remove(self, name: str) -> None:
        self.element.get_by_role("button", name=f"remove {name}", exact=True).click()

    def press(self, button: str) -> None:
        self.element.get_by_role("button", name=button, exact=True).click()

    def shows(self, standing: str | re.Pattern[str], **more: Any) -> None:
        expect(self.element.locator(".standing")).to_have_text(standing, **more)

    def finds(self, tone: str, **more: Any) -> None:
        """Tone is one of none, kept, lost, unavailable, ended."""
        expect(self.element).to_have_class(f"panel {tone}", **more)

    def says(self, part: str, text: str | re.Pattern[str], **more: Any) -> None:
        expect(self.element.locator(part)).to_have_text(text, **more)

    def row(self, name: str) -> Locator:
        header = self.element.page.get_by_role("rowheader", name=name, exact=True)
        return self.element.locator("tbody tr").filter(has=header)

    def holds(self, **cart: int | str) -> None:
        """What the service says now, by name; waits for it."""
        for name, value in cart.items():
            expect(self.row(name).locator(".now")).to_have_text(str(value))


@dataclass(frozen=True)
class Device:
    """Someone's browser. `url` is where the page is."""

    context: BrowserContext
    watch: Watch
    url: str

    def open(self, fragment: str = "", *, panels: int = 1) -> Page:
        """The page in a new tab, once it is drawn and kept for later."""
        page = self.context.new_page()
        page.goto(self.url + fragment)
        expect(page.locator(".panel")).to_have_count(panels)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        return page

    def panel(self, page: Page, name: str | None = None) -> Panel:
        return Panel(page.get_by_role("region", name=name, exact=True) if name else page.locator(".panel"))

    def offline(self) -> None:
        self.context.set_offline(True)

    def online(self) -> None:
        self.context.set_offline(False)

    def session(self, path: str = "session") -> Mapping[str, Any]:
        """What the service says to this browser's cookie, past the page."""
        answer = self.context.request.get(self.url + path)
        assert answer.ok, f"{answer.status} {answer.text()}"
        session: Mapping[str, Any] = answer.json()
        return session
