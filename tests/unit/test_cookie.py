"""The cookie that carries the credential."""

import pytest
from flask import Request, Response
from werkzeug.test import EnvironBuilder

from services.session.cookie import LIMIT, Cookie
from services.session.store import CredentialInvalid

SECURE = Cookie("stateless", secure=True)
PLAIN = Cookie("stateless", secure=False)


def request(header: str | None = None) -> Request:
    headers = [("Cookie", header)] if header is not None else []
    return Request(EnvironBuilder(headers=headers).get_environ())


def kept(cookie: Cookie, credential: str, held: str | None = None) -> str | None:
    """The `Set-Cookie` header that comes of keeping a credential."""
    response = Response()
    cookie.keep(response, request(held), credential)
    return response.headers.get("Set-Cookie")


def test_secure_cookie_is_named_for_the_host_and_has_every_attribute() -> None:
    first, *attributes = str(kept(SECURE, "abc")).split("; ")
    assert first == "__Host-stateless-session=abc"
    assert set(attributes) == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def test_plain_cookie_claims_nothing_that_needs_https() -> None:
    first, *attributes = str(kept(PLAIN, "abc")).split("; ")
    assert first == "stateless-session=abc"
    assert set(attributes) == {"HttpOnly", "Path=/", "SameSite=Lax"}


def test_cookie_is_not_sent_when_the_client_holds_just_that() -> None:
    assert kept(PLAIN, "abc", held="stateless-session=abc") is None


@pytest.mark.parametrize(
    "held", ["stateless-session=abd", "other-session=abc", "__Host-stateless-session=abc"]
)
def test_cookie_is_sent_when_the_client_holds_another(held: str) -> None:
    assert kept(PLAIN, "abc", held=held)


def test_cookie_is_read_among_others() -> None:
    assert PLAIN.read(request("a=b; stateless-session=abc; c=d")) == "abc"


@pytest.mark.parametrize("header", [None, "", ";", "=", "stateless-session2=abc", "Stateless-Session=abc"])
def test_cookie_is_none_when_it_did_not_come(header: str | None) -> None:
    assert PLAIN.read(request(header)) is None


@pytest.mark.parametrize("cookie", [SECURE, PLAIN])
def test_cookie_is_dropped_with_the_attributes_it_was_set_with(cookie: Cookie) -> None:
    response = Response()
    cookie.drop(response)
    first, *attributes = response.headers["Set-Cookie"].split("; ")
    assert first == f"{cookie.name}="
    assert set(str(kept(cookie, "abc")).split("; ")[1:]) <= set(attributes)
    assert "Max-Age=0" in attributes


@pytest.mark.parametrize("cookie", [SECURE, PLAIN, Cookie("a", secure=True)])
def test_cookie_room_is_what_name_and_attributes_leave_of_the_limit(cookie: Cookie) -> None:
    assert len(str(kept(cookie, "x" * cookie.room))) == LIMIT == 4096


def test_cookie_never_names_a_domain() -> None:
    assert "domain" not in str(kept(SECURE, "abc")).lower()


def test_cookie_refuses_two_that_differ() -> None:
    with pytest.raises(CredentialInvalid):
        PLAIN.read(request("stateless-session=abc; stateless-session=def"))


def test_cookie_is_sent_when_the_client_holds_another_beside_it() -> None:
    assert kept(PLAIN, "abc", held="stateless-session=abc; stateless-session=def") is not None
