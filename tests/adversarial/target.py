"""An application that is attacked by the credentials of its requests, and how it has to take that."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from flask import Flask

from tests.adversarial.called import Answer, call
from tests.contract.exchange import INTERNAL

TEA = b'{"name": "tea", "quantity": 2}'
USES = [
    *[("GET", "/session", b"")] * 7,
    ("POST", "/session/visits", b""),
    ("PUT", "/session/items/a1", b'{"name": "poison", "quantity": 9}'),
    ("DELETE", "/session/items/a1", b""),
    ("POST", "/session/renew", b""),
]
REFUSALS = {"credential-invalid", "session-unknown", "session-ended"}


@dataclass(frozen=True)
class Target:
    """An application, the name of its cookie, and some sessions that were opened on it."""

    app: Flask
    cookie: str
    credentials: tuple[str, ...]

    @classmethod
    def of(cls, app: Flask, cookie: str) -> "Target":
        return cls(app, cookie, tuple(_opened(app, cookie, number) for number in range(3)))

    def send(self, credential: str, method: str = "GET", path: str = "/session", body: bytes = b"") -> Answer:
        return call(self.app, method, path, f"{self.cookie}={credential}", body)

    def sessions(self) -> list[dict[str, Any]]:
        """What is in them, without the deadline that reading moves."""
        answers = [self.send(credential) for credential in self.credentials]
        assert [answer.status for answer in answers] == [200] * len(answers)
        return [answer.json | {"idle_expires_at": ""} for answer in answers]


def _opened(app: Flask, cookie: str, visits: int) -> str:
    """A session with an item and so many visits: the credential of it."""
    held = _held(call(app, "POST", "/session"), "")
    header = f"{cookie}={held}"
    held = _held(call(app, "PUT", "/session/items/a1", header, TEA), held)
    for _ in range(visits):
        held = _held(call(app, "POST", "/session/visits", f"{cookie}={held}"), held)
    return held


def _held(answer: Answer, before: str) -> str:
    assert answer.status < 300
    return answer.set_cookie.partition("=")[2].partition(";")[0] if answer.set_cookie else before


def expect_refusals(target: Target, credentials: Iterable[str]) -> Counter[str]:
    """Each is refused as a credential, with nothing said beside that, and nothing done. How often, by why."""
    before, kinds, met = target.sessions(), Counter[Answer](), dict[Answer, str]()
    for credential, (method, path, body) in zip(credentials, cycle(USES), strict=False):
        answer = target.send(credential, method, path, body)
        kinds[answer] += 1
        met.setdefault(answer, credential)
        assert len(kinds) <= 8, f"an answer for each credential, not for each reason: {list(kinds)}"
    reasons = Counter[str]()
    for answer, count in kinds.items():
        reasons[expect_refusal(answer, met[answer])] += count
    assert target.sessions() == before
    return reasons


def expect_refusal(answer: Answer, credential: str) -> str:
    """Its reason: the end of the problem's type."""
    assert (answer.status, answer.content_type) == (401, "application/problem+json"), repr(credential)
    assert answer.set_cookie is None
    assert set(answer.json) == {"type", "title", "status", "detail"}
    assert not INTERNAL.search(answer.body.decode())
    reason: str = answer.json["type"].rpartition(":")[2]
    assert reason in REFUSALS
    return reason
