"""The HTTP contract (`contract.md`): a session is opened, read, counted in, renewed and ended."""

from datetime import datetime

from services.session.credential import Credential
from tests.contract.exchange import TEA, expect_problem, read
from tests.contract.running import Client, Service


def test_post_session_opens_an_empty_one(client: Client) -> None:
    answer = client.send("POST", "/session")
    assert answer.status_code == 201
    assert {k: v for k, v in answer.json().items() if k in {"version", "items", "visits"}} == {
        "version": 1,
        "items": {},
        "visits": 0,
    }


def test_post_session_tells_both_deadlines_in_utc(client: Client) -> None:
    session = client.send("POST", "/session").json()
    opened, idle, absolute = (
        datetime.fromisoformat(session[name]) for name in ("opened_at", "idle_expires_at", "expires_at")
    )
    assert session["opened_at"].endswith("Z")
    assert (idle - opened).total_seconds() == 1800
    assert (absolute - opened).total_seconds() == 43200


def test_post_session_takes_an_empty_object(client: Client) -> None:
    assert client.send("POST", "/session", json={}).status_code == 201


def test_post_session_opens_another_when_there_is_one_already(member: Client) -> None:
    member.send("POST", "/session/visits")
    first = {**member.jar.cookies}
    assert member.send("POST", "/session").status_code == 201
    assert read(member)["visits"] == 0
    assert {**member.jar.cookies} != first


def test_post_session_adopts_no_credential_that_comes_along(client: Client, service: Service) -> None:
    chosen = str(Credential.fresh())
    answer = client.send("POST", "/session", headers={"Cookie": f"{service.cookie}={chosen}"})
    assert answer.status_code == 201
    assert chosen not in answer.headers["Set-Cookie"]
    by_chosen = service.client().send("GET", "/session", headers={"Cookie": f"{service.cookie}={chosen}"})
    assert by_chosen.status_code == 401


def test_get_session_reads_what_was_put_and_counted(member: Client) -> None:
    member.send("PUT", "/session/items/a1", json=TEA)
    member.send("POST", "/session/visits")
    session = read(member)
    assert (session["version"], session["items"], session["visits"]) == (3, {"a1": TEA}, 1)


def test_session_never_contains_the_credential(member: Client) -> None:
    (credential,) = member.jar.cookies.values()
    answer = member.send("GET", "/session")
    assert set(answer.json()) == {
        "version",
        "items",
        "visits",
        "opened_at",
        "idle_expires_at",
        "expires_at",
    }
    assert credential not in answer.text


def test_post_visits_counts_each(member: Client) -> None:
    answers = [member.send("POST", "/session/visits") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert [answer.json() for answer in answers] == [{"visits": n, "version": n + 1} for n in (1, 2, 3)]


def test_post_renew_changes_the_cookie_and_not_the_session(member: Client) -> None:
    member.send("PUT", "/session/items/a1", json=TEA)
    before, cookie = read(member), member.jar.cookies.values()
    answer = member.send("POST", "/session/renew")
    assert (answer.status_code, answer.content) == (204, b"")
    assert member.jar.cookies.values() != cookie
    assert read(member) == before


def test_post_renew_leaves_the_old_cookie_a_grace(member: Client, service: Service) -> None:
    (old,) = member.jar.cookies.values()
    member.send("POST", "/session/renew")
    answer = service.client().send("GET", "/session", headers={"Cookie": f"{service.cookie}={old}"})
    assert answer.status_code == 200


def test_delete_session_makes_the_client_forget_it(member: Client) -> None:
    answer = member.send("DELETE", "/session")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert not member.jar.cookies
    assert member.send("GET", "/session").status_code == 401


def test_delete_session_ends_the_credential_where_the_server_keeps_the_state(
    member: Client, service: Service
) -> None:
    """A kept token still opens: nobody but the client could have forgotten it."""
    (kept,) = member.jar.cookies.values()
    member.send("DELETE", "/session")
    answer = service.client().send("GET", "/session", headers={"Cookie": f"{service.cookie}={kept}"})
    if service.name == "token":
        assert answer.status_code == 200
    else:
        expect_problem(answer, 401, "session-ended")


def test_delete_session_is_204_when_it_is_repeated(member: Client, service: Service) -> None:
    (kept,) = member.jar.cookies.values()
    for _ in range(2):
        again = service.client().send("DELETE", "/session", headers={"Cookie": f"{service.cookie}={kept}"})
        assert again.status_code == 204
