"""Requests to a running service, and what its answers have to look like."""

import re
from typing import Any

import requests

from tests.contract.running import Client

TEA = {"name": "tea", "quantity": 2}
CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("PUT", "/session/items/a1", {"json": TEA}),
    ("DELETE", "/session/items/a1", {}),
    ("POST", "/session/visits", {}),
    ("POST", "/session/renew", {}),
    ("DELETE", "/session", {}),
]
DEVICE = "phone-0123456789"
UPLOAD = {"device": DEVICE, "operations": [{"sequence": 1, "operation": "visit"}]}
UNCONDITIONAL: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/session/sync", {"json": UPLOAD}),
    ("POST", "/session/link", {}),
]
USES = [*CHANGES, ("GET", "/session", {}), *UNCONDITIONAL]
INTERNAL = re.compile(r"Traceback|\.py\b|services\.|0x[0-9a-f]{6}")
"""What no answer may show."""


def ids(requests_made: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
    return [f"{method} {path}" for method, path, _ in requests_made]


def expect_problem(answer: requests.Response, status: int, slug: str | None = None) -> dict[str, Any]:
    """The problem document, which says no less and nothing internal."""
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert set(problem) <= {"type", "title", "status", "detail", "expected"}
    assert (problem["status"], bool(problem["title"])) == (status, True)
    assert problem["type"].endswith(slug) if slug else problem["type"] == "about:blank"
    assert not INTERNAL.search(answer.text)
    return problem


def read(client: Client) -> dict[str, Any]:
    answer = client.send("GET", "/session")
    assert answer.status_code == 200
    session: dict[str, Any] = answer.json()
    return session
