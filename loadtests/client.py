"""One session as a client lives it: it keeps what it was promised, and checks every read.

Knows HTTP but no load tool: it sends through anything that is called like `requests.Session.request`.
"""

import secrets
import time
from collections.abc import Callable
from typing import Any, Protocol

import requests

from loadtests.history import Kind, Operation, Outcome, Phase
from loadtests.promise import Promise, Shortfall

TIMEOUT_SECONDS = 5.0

NEVER_SENT = {"placement-unavailable"}
"""Problems of the gateway's that mean: no service has seen the request."""


class Send(Protocol):
    def __call__(self, method: str, path: str, **options: Any) -> requests.Response: ...


class SessionClient:
    """A session at `base` (like `/stateful`), and its history through `record`.

    Never retries: a request whose answer was lost is recorded as indeterminate.
    """

    def __init__(
        self,
        send: Send,
        base: str,
        record: Callable[[Operation], None],
        phase: Callable[[], Phase],
        credential: str | None = None,
    ) -> None:
        self.name = secrets.token_hex(4)
        self.promise = Promise()
        self._send = send
        self._base = base
        self._record = record
        self._phase = phase
        self._cookie = credential

    def open(self) -> Operation:
        return self._do("open", "POST", "/session")

    def put(self) -> Operation:
        item = secrets.token_hex(4)
        return self._do("put", "PUT", f"/session/items/{item}", item, json={"name": "tea", "quantity": 1})

    def visit(self) -> Operation:
        return self._do("visit", "POST", "/session/visits")

    def read(self) -> tuple[Operation, Shortfall | None]:
        """Reads, and says what of the promise the answer does not honour; None without an answer."""
        operation = self._do("read", "GET", "/session")
        if operation.outcome != "ok":
            return operation, None
        seen = operation.value
        return operation, self.promise.shortfall(frozenset(seen["items"]), seen["visits"])

    def close(self) -> Operation:
        return self._do("close", "DELETE", "/session")

    @property
    def credential(self) -> str | None:
        """The cookie that it sends, as `name=value`."""
        return self._cookie

    def replay(self, credential: str | None) -> Operation:
        """Goes on with a credential that somebody kept from earlier, be the session closed since."""
        self._cookie = credential
        return self._do("replay", "GET", "/session")

    def _do(
        self, kind: Kind, method: str, path: str, identity: str | None = None, **options: Any
    ) -> Operation:
        phase, invoked_at = self._phase(), time.time()
        response = self._send(
            method,
            self._base + path,
            headers={"Cookie": self._cookie} if self._cookie else {},
            timeout=TIMEOUT_SECONDS,
            **options,
        )
        problem = problem_of(response)
        operation = Operation(
            session=self.name,
            id=identity or secrets.token_hex(4),
            operation=kind,
            outcome=outcome_of(kind, response.status_code, problem),
            invoked_at=invoked_at,
            completed_at=time.time(),
            phase=phase,
            served_by=response.headers.get("Served-By") if response.headers else None,
            value=None if problem else _value(kind, response),
            problem=problem,
        )
        for cookie in response.cookies or ():
            if cookie.name.endswith("-session"):
                self._cookie = f"{cookie.name}={cookie.value}"
        self.promise.take(operation)
        self._record(operation)
        return operation


def problem_of(response: requests.Response) -> str | None:
    """The problem type's last word, or the status in words; None for success."""
    if 200 <= response.status_code < 300:
        return None
    if response.status_code == 0:
        return "no-answer"
    try:
        kind = str(response.json()["type"])
    except (ValueError, KeyError, TypeError):
        kind = "about:blank"
    return f"status-{response.status_code}" if kind == "about:blank" else kind.rpartition(":")[2]


def outcome_of(kind: Kind, status: int, problem: str | None) -> Outcome:
    """`info` where a write may have happened although its answer says otherwise, or never came."""
    if problem is None:
        return "ok"
    refused = 400 <= status < 500 or problem in NEVER_SENT
    return "fail" if refused or kind in {"read", "replay", "open"} else "info"


def _value(kind: Kind, response: requests.Response) -> Any:
    if kind == "visit":
        return response.json()["visits"]
    if kind in {"read", "replay"}:
        session = response.json()
        return {"items": sorted(session["items"]), "visits": session["visits"]}
    return None
