"""A token that grows until it fills its cookie to the last byte."""

from collections.abc import Iterable
from itertools import product
from pathlib import Path

from flask import Flask

from services.session.cookie import LIMIT
from services.stateless.app import create_app
from tests.adversarial.called import Answer, call

HALF, WHOLE = 50, 100
"""Characters of a name: with the first the session is filled, then the names grow one by one."""


def put(app: Flask, cookie: str, item: str, length: int) -> Answer:
    """Put an item whose name has so many characters."""
    body = b'{"name": "%s", "quantity": 1}' % (b"x" * length)
    return call(app, "PUT", f"/session/items/{item}", cookie, body)


def put_all(app: Flask, names: Iterable[tuple[int, int]], cookies: list[str]) -> Answer:
    """Put items until one is refused: the refusal. Each cookie that was set is added to `cookies`."""
    for number, length in names:
        answer = put(app, cookies[-1].partition(";")[0], f"a{number:02}", length)
        if not answer.set_cookie:
            return answer
        cookies.append(answer.set_cookie)
    raise AssertionError("nothing was refused")


def grown(app: Flask) -> tuple[list[str], Answer]:
    """The cookies of a session that grows until a change is refused, byte by byte at last; the refusal."""
    cookies = [str(call(app, "POST", "/session").set_cookie)]
    put_all(app, product(range(50), [HALF]), cookies)
    return cookies, put_all(app, product(range(50), range(HALF, WHOLE + 1)), cookies)


def test_refusal_to_renew_a_full_token_is_documented(keys: Path) -> None:
    """The number of renewals is in it: the tenth takes one digit more, for which there is no room."""
    app = create_app({"SESSION_STORE": "token:", "SESSION_KEYS": str(keys), "SESSION_SERVICE": "a"})
    cookies = [str(call(app, "POST", "/session").set_cookie)]
    for _ in range(9):
        renewed = call(app, "POST", "/session/renew", cookies[-1].partition(";")[0])
        cookies.append(str(renewed.set_cookie))
    put_all(app, product(range(50), [HALF]), cookies)
    put_all(app, product(range(50), range(HALF, WHOLE + 1)), cookies)
    refusal = call(app, "POST", "/session/renew", cookies[-1].partition(";")[0])
    documented = call(app, "GET", "/openapi.json").json["paths"]["/session/renew"]["post"]["responses"]
    assert refusal.json["type"].endswith("session-too-large")
    assert "session-too-large" in str(documented["413"])


def test_token_fills_a_cookie_to_the_last_byte_and_not_beyond(keys: Path) -> None:
    """Base64 comes in steps of one byte or two: which lengths there are depends on the cookie's name."""
    fullest = []
    for name in ("a", "ab", "abc", "abcd"):
        settings = {"SESSION_STORE": "token:", "SESSION_KEYS": str(keys), "SESSION_SERVICE": name}
        app = create_app(settings)
        cookies, refusal = grown(app)
        before = call(app, "GET", "/session", cookies[-1].partition(";")[0])
        assert refusal.json["type"].endswith("session-too-large")
        assert refusal.set_cookie is None
        assert before.json["version"] == len(cookies)
        fullest.append(len(cookies[-1]))
    assert max(fullest) == LIMIT
    assert min(fullest) >= LIMIT - 1
