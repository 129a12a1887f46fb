"""The calls to a service that a device makes: each is one request, and an answer or a `DeviceError`."""

from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol, TypeVar

import msgspec
import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from services.device.errors import LinkInvalid, Refused, SessionLost, Unavailable
from services.device.wire import Link, Problem, Shown, Synced
from services.session.document import Session
from services.session.upload import Upload

Timeout = tuple[float, float]
"""Seconds to connect in, and for which an answer may pause."""

_CREDENTIAL = {"session-unknown", "session-expired", "session-ended", "credential-invalid"}
_NEVER_REACHED = "placement-unavailable"
"""The gateway's own problem: no service has seen the request."""

T = TypeVar("T")


class Http(Protocol):
    """What a device sends through: a `requests.Session`, or anything whose `request` is called like its."""

    @property
    def request(self) -> Callable[..., requests.Response]: ...


def jarless() -> requests.Session:
    """Keeps connections, but no cookies: those belong into the log, together with what they stand for."""
    http = requests.Session()
    http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return http


class Server:
    """The service at `base`, like `http://127.0.0.1:8080/stateless`. Cookies are `name=value`."""

    def __init__(self, base: str, http: Http, timeout: Timeout) -> None:
        self._base = base.rstrip("/")
        self._http = http
        self._timeout = timeout

    def open(self, link: str | None) -> tuple[str, Session]:
        """A session and its cookie: a new one, or that of the device which gave the link code."""
        body = {"link": link} if link else {}
        cookie, shown = self._ask("POST", "/session", None, body, Shown)
        return cookie, shown.session

    def read(self, cookie: str) -> tuple[str, Session]:
        cookie, shown = self._ask("GET", "/session", cookie, None, Shown)
        return cookie, shown.session

    def sync(self, cookie: str, upload: Upload) -> tuple[str, Synced]:
        return self._ask("POST", "/session/sync", cookie, upload, Synced)

    def link(self, cookie: str) -> tuple[str, Link]:
        return self._ask("POST", "/session/link", cookie, None, Link)

    def _ask(self, method: str, path: str, cookie: str | None, body: Any, shape: type[T]) -> tuple[str, T]:
        """The cookie to hold from now on, and the answer."""
        response = self._send(method, path, cookie, body)
        if not 200 <= response.status_code < 300:
            raise _refusal(response)
        held = _cookie(response) or cookie
        try:
            answer = msgspec.json.decode(response.content, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unavailable(
                f"{response.url} answers nothing of the contract: {error}", reached=True
            ) from error
        if held is None:
            raise Unavailable(f"{response.url} gave no session cookie", reached=True)
        return held, answer

    def _send(self, method: str, path: str, cookie: str | None, body: Any) -> requests.Response:
        headers = {"Cookie": cookie} if cookie else {}
        data = None
        if body is not None:
            data, headers["Content-Type"] = msgspec.json.encode(body), "application/json"
        url = self._base + path
        try:
            response = self._http.request(
                method, url, data=data, headers=headers, timeout=self._timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            raise _unavailable(url, error) from error
        if not response.status_code:  # Locust's way to say that there was none
            raise _unavailable(url, getattr(response, "error", None))
        return response


def _unavailable(url: str, error: Exception | None) -> Unavailable:
    """A service may have seen the request, but not if there was never a connection."""
    cause = getattr(error.args[0] if error and error.args else None, "reason", None)
    never = isinstance(cause, NewConnectionError | ConnectTimeoutError)
    what = "no connection" if never else "no whole answer"
    return Unavailable(f"{url}: {what} ({cause or error})", reached=not never)


def _cookie(response: requests.Response) -> str | None:
    for cookie in response.cookies:
        if cookie.name.endswith("-session") and cookie.value:
            return f"{cookie.name}={cookie.value}"
    return None


def _refusal(response: requests.Response) -> Refused | Unavailable:
    """4xx says that nothing was done; any other that nobody knows, unless the gateway does."""
    try:
        problem = msgspec.json.decode(response.content, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = Problem()
    kind = problem.type.rpartition(":")[2]
    if not 400 <= response.status_code < 500:
        after = response.headers.get("Retry-After", "")
        return Unavailable(
            f"{response.url}: {response.status_code} {problem.detail}",
            reached=kind != _NEVER_REACHED,
            retry_after=float(after) if after.isdecimal() else 0,
        )
    if kind == "blank":
        kind = f"status-{response.status_code}"
    shape = SessionLost if kind in _CREDENTIAL else LinkInvalid if kind == "link-invalid" else Refused
    return shape(kind, problem.detail, problem.expected)
