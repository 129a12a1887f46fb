"""The HTTP contract (`contract.md`): the cookie that is set, and what is made of the one that comes."""

from typing import Any

import pytest

from services.session.credential import Credential
from tests.contract.exchange import USES, expect_problem, ids
from tests.contract.running import Client, Service


def test_post_session_sets_the_cookie_with_every_attribute(client: Client, service: Service) -> None:
    cookie = client.send("POST", "/session").headers["Set-Cookie"]
    first, *attributes = cookie.split("; ")
    assert first.partition("=")[0] == service.cookie
    assert set(attributes) == {"HttpOnly", "Path=/", "SameSite=Lax"}


def test_delete_session_deletes_the_cookie_with_the_attributes_it_was_set_with(
    member: Client, service: Service
) -> None:
    first, *attributes = member.send("DELETE", "/session").headers["Set-Cookie"].split("; ")
    assert first == f"{service.cookie}="
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=0"} <= set(attributes)


def test_unchanged_cookie_is_not_sent_again_with_a_read(member: Client) -> None:
    assert "Set-Cookie" not in member.send("GET", "/session").headers


def test_cookie_is_sent_with_a_change_only_where_it_changed(member: Client, service: Service) -> None:
    """A token is another one after each change; the id of a server-side session stays."""
    answer = member.send("POST", "/session/visits")
    assert ("Set-Cookie" in answer.headers) is (service.name == "token")


@pytest.mark.parametrize(("method", "path", "more"), USES, ids=ids(USES))
def test_request_without_a_cookie_is_401(
    client: Client, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = client.send(method, path, **more)
    expect_problem(answer, 401, "session-unknown")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(("method", "path", "more"), USES, ids=ids(USES))
def test_request_with_a_malformed_credential_is_401(
    client: Client, service: Service, method: str, path: str, more: dict[str, Any]
) -> None:
    answer = client.send(method, path, headers={"Cookie": f"{service.cookie}=nonsense"}, **more)
    expect_problem(answer, 401, "credential-invalid")


@pytest.mark.parametrize("value", ["", '"x"', "a=b; c", "%00", "." * 44, "x" * 4000])
def test_credential_of_another_form_is_401(client: Client, service: Service, value: str) -> None:
    answer = client.send("GET", "/session", headers={"Cookie": f"{service.cookie}={value}"})
    expect_problem(answer, 401, "credential-invalid")


@pytest.mark.parametrize("value", ['"', "\xff", "a b", '"\\'])
def test_cookie_that_is_no_cookie_is_as_none(client: Client, service: Service, value: str) -> None:
    answer = client.send("GET", "/session", headers={"Cookie": f"{service.cookie}={value}"})
    expect_problem(answer, 401, "session-unknown")


def test_request_with_an_unknown_credential_is_401(client: Client, service: Service) -> None:
    """For the token store it is no credential at all: there is nothing to look it up in."""
    cookie = {"Cookie": f"{service.cookie}={Credential.fresh()}"}
    slug = "credential-invalid" if service.name == "token" else "session-unknown"
    expect_problem(client.send("GET", "/session", headers=cookie), 401, slug)


def test_request_ignores_other_cookies(member: Client) -> None:
    member.jar.cookies.set("other", "x; y")
    assert member.send("GET", "/session").status_code == 200
