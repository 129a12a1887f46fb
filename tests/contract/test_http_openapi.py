"""The HTTP contract (`contract.md`): the OpenAPI document, and the answers it promises."""

import re
from typing import Any

from tests.contract.exchange import TEA, USES
from tests.contract.running import Client, Service


def test_openapi_document_is_3_1_and_names_the_cookie(client: Client, service: Service) -> None:
    document = client.send("GET", "/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    assert document["components"]["securitySchemes"]["session"]["name"] == service.cookie


def test_openapi_document_has_no_dangling_reference(client: Client) -> None:
    answer = client.send("GET", "/openapi.json")
    references = set(re.findall(r'"\$ref":"#/components/schemas/(\w+)"', answer.text))
    assert references
    assert references <= set(answer.json()["components"]["schemas"])


def documented(client: Client) -> list[tuple[str, str, dict[str, Any]]]:
    paths = client.send("GET", "/openapi.json").json()["paths"]
    return [
        (path, method, operation)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method in {"get", "put", "post", "delete"}
    ]


def test_each_documented_operation_answers_as_documented(client: Client) -> None:
    for path, method, operation in documented(client):
        client.send("POST", "/session")
        body = {"json": TEA} if "requestBody" in operation else {}
        answer = client.send(method.upper(), path.replace("{item_id}", "a1"), **body)
        assert str(answer.status_code) in operation["responses"], (method, path)
        assert answer.ok, (method, path)


def test_every_route_of_the_api_is_documented(client: Client) -> None:
    known = {(method.upper(), path.replace("{item_id}", "a1")) for path, method, _ in documented(client)}
    assert {(method, path) for method, path, _ in USES} | {("POST", "/session")} <= known
