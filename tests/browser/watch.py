"""What a browser must not do on any of our pages, whatever else a test is about."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

# Chromium reports each request that got no answer, and each that was refused, as an error of the console.
NO_ANSWER = "Failed to load resource"
LOCAL = {"127.0.0.1", ""}  # what has no host is in the page itself


class Watch:
    """Collects complaints about everything that happens in a browser's profile."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(f"page error: {error.error}"))
        context.on("request", self._see)
        context.expose_binding("violated", lambda _source, what: self.complaints.append(f"policy: {what}"))
        context.add_init_script(
            "addEventListener('securitypolicyviolation', (event) =>"
            " violated(`${event.violatedDirective} ${event.blockedURI}`));"
        )

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(NO_ANSWER):
            self.complaints.append(f"console: {message.text} ({message.location['url']})")

    def _see(self, request: Request) -> None:
        if (urlsplit(request.url).hostname or "") not in LOCAL:
            self.complaints.append(f"foreign request: {request.url}")


def overflow(page: Page) -> int:
    """By how many pixels the page, or a panel on it, is wider than what it has."""
    script = "[...document.querySelectorAll('html, .panel')].map((one) => one.scrollWidth - one.clientWidth)"
    wider: list[int] = page.evaluate(script)
    return max(wider)
