"""The HTTP contract (`contract.md`): the session's version, in `ETag`, `If-None-Match` and `If-Match`."""

from typing import Any

import pytest

from tests.contract.exchange import CHANGES, TEA, expect_problem, ids, read
from tests.contract.running import Client


def test_get_session_has_the_version_as_etag(member: Client) -> None:
    assert member.send("GET", "/session").headers["ETag"] == '"1"'


def test_get_session_is_304_when_the_version_is_the_known_one(member: Client) -> None:
    answer = member.send("GET", "/session", headers={"If-None-Match": '"1"'})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", '"1"')


def test_get_session_is_200_when_the_version_is_no_longer_the_known_one(member: Client) -> None:
    member.send("POST", "/session/visits")
    assert member.send("GET", "/session", headers={"If-None-Match": '"1"'}).status_code == 200


@pytest.mark.parametrize("known", ["*", 'W/"1"', '"7", "1"'])
def test_get_session_is_304_when_any_known_version_is_the_one(member: Client, known: str) -> None:
    assert member.send("GET", "/session", headers={"If-None-Match": known}).status_code == 304


def test_get_session_is_412_when_if_match_fails(member: Client) -> None:
    answer = member.send("GET", "/session", headers={"If-Match": '"2"'})
    expect_problem(answer, 412, "precondition-failed")
    assert member.send("GET", "/session", headers={"If-Match": '"1"'}).status_code == 200


@pytest.mark.parametrize(("method", "path", "more"), CHANGES, ids=ids(CHANGES))
def test_change_runs_when_if_match_holds(
    member: Client, method: str, path: str, more: dict[str, Any]
) -> None:
    assert member.send(method, path, headers={"If-Match": '"1"'}, **more).ok


@pytest.mark.parametrize(("method", "path", "more"), CHANGES, ids=ids(CHANGES))
def test_change_runs_when_if_match_takes_any_version(
    member: Client, method: str, path: str, more: dict[str, Any]
) -> None:
    assert member.send(method, path, headers={"If-Match": "*"}, **more).ok


@pytest.mark.parametrize(("method", "path", "more"), CHANGES, ids=ids(CHANGES))
def test_change_executes_nothing_when_if_match_fails(
    member: Client, method: str, path: str, more: dict[str, Any]
) -> None:
    member.send("PUT", "/session/items/a1", json=TEA | {"name": "jam"})
    before = read(member)
    answer = member.send(method, path, headers={"If-Match": '"1"'}, **more)
    expect_problem(answer, 412, "precondition-failed")
    assert "Set-Cookie" not in answer.headers
    assert read(member) == before


@pytest.mark.parametrize("tag", ['"2"', '"01"', 'W/"1"', '"x"', '""', '"-1"', '"+1"', f'"{10**30}"', "x"])
def test_visit_is_not_counted_when_if_match_names_no_version_it_has(member: Client, tag: str) -> None:
    answer = member.send("POST", "/session/visits", headers={"If-Match": tag})
    expect_problem(answer, 412, "precondition-failed")
    assert read(member)["visits"] == 0


@pytest.mark.parametrize("tags", ['"1", "2"', '"7","1"', 'W/"3", "1"'])
def test_change_runs_when_one_of_several_tags_in_if_match_holds(member: Client, tags: str) -> None:
    """RFC 9110, 13.1.1."""
    assert member.send("POST", "/session/visits", headers={"If-Match": tags}).json()["version"] == 2


@pytest.mark.parametrize("tags", ['"2", "3"', '"11", "10"', 'W/"1", "2"'])
def test_change_executes_nothing_when_none_of_several_tags_in_if_match_holds(
    member: Client, tags: str
) -> None:
    answer = member.send("POST", "/session/visits", headers={"If-Match": tags})
    expect_problem(answer, 412, "precondition-failed")
    assert read(member)["visits"] == 0
