"""The HTTP contract: no page of another site changes anything (Fetch Metadata, `Origin`)."""

from typing import Any

import pytest

from tests.contract.exchange import CHANGES, expect_problem, ids, read
from tests.contract.running import Client

FOREIGN = {
    "cross-site": {"Sec-Fetch-Site": "cross-site"},
    "same-site, another origin": {"Sec-Fetch-Site": "same-site"},
    "a foreign origin": {"Origin": "https://evil.example"},
    "an opaque origin": {"Origin": "null"},
    "an empty origin": {"Origin": ""},
    "an origin that is none": {"Origin": "http://["},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize(("method", "path", "options"), CHANGES, ids=ids(CHANGES))
def test_change_from_another_site_is_403_and_changes_nothing(
    member: Client, method: str, path: str, options: dict[str, Any], headers: dict[str, str]
) -> None:
    expect_problem(member.send(method, path, headers=headers, **options), 403)
    assert read(member)["version"] == 1


def test_session_is_not_opened_from_another_site(client: Client) -> None:
    answer = client.send("POST", "/session", headers={"Sec-Fetch-Site": "cross-site"})
    expect_problem(answer, 403)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_change_from_the_same_origin_is_done(member: Client, site: str) -> None:
    answer = member.send("POST", "/session/visits", headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 200


def test_reading_from_another_site_is_not_refused(member: Client) -> None:
    answer = member.send("GET", "/session", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
