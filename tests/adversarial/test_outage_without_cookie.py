"""Without a cookie no store access: by the store's own counters, and with a store that is not there."""

from typing import Any

import requests

from services.stateless.redis import ANSWER_SECONDS
from tests.adversarial.stores import Store
from tests.contract.exchange import USES
from tests.contract.running import Client, Service

OPERATOR = ["/", "/healthz", "/placement", "/metrics", "/openapi.json", "/web/page.js"]
NO_CREDENTIAL = ["", "nonsense", "a.b", "." * 45, "a" * 45]


def everything_without_a_session(client: Client) -> list[requests.Response]:
    """Each use without a cookie and with cookies that were never given out, and what operators ask for."""
    name = "stateless-session"
    answers = [client.send(method, path, **body) for method, path, body in USES]
    for cookie in NO_CREDENTIAL:
        with_it: dict[str, Any] = {"headers": {"Cookie": f"{name}={cookie}"}}
        answers += [client.send(method, path, **body, **with_it) for method, path, body in USES]
    return answers + [client.send("GET", path) for path in OPERATOR]


def touched(store: Store) -> dict[str, int]:
    """What the server has counted so far, always by a connection of its own, which counts, too."""
    with store.admin() as admin:
        stats = admin.info("stats")
    counted = ("total_commands_processed", "total_connections_received", "total_net_input_bytes")
    return {name: stats[name] for name in counted}


def growth(store: Store, before: dict[str, int]) -> dict[str, int]:
    return {name: count - before[name] for name, count in touched(store).items()}


def test_request_without_a_cookie_touches_no_store_by_its_own_counters(
    store: Store, service: Service
) -> None:
    asking = growth(store, touched(store))
    before = touched(store)
    statuses = {answer.status_code for answer in everything_without_a_session(service.client())}
    assert growth(store, before) == asking
    assert statuses == {200, 401}


def test_counters_show_a_request_with_a_cookie(store: Store, member: Client) -> None:
    """That the counters would have told."""
    asking = growth(store, touched(store))
    before = touched(store)
    assert member.send("GET", "/session").status_code == 200
    assert growth(store, before)["total_commands_processed"] > asking["total_commands_processed"]


def test_request_without_a_cookie_does_not_wait_for_a_store_that_is_paused(
    store: Store, service: Service
) -> None:
    with store.paused():
        answers = everything_without_a_session(service.client())
    assert {answer.status_code for answer in answers} == {200, 401}
    assert max(answer.elapsed.total_seconds() for answer in answers) <= ANSWER_SECONDS
