"""The HTTP contract (`contract.md`): the OpenAPI document, and the answers it promises."""

import re
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.session import openapi
from services.stateful.app import create_app
from tests.contract.exchange import TEA, UNCONDITIONAL, UPLOAD, USES, expect_problem
from tests.contract.running import Client, Service

METHODS = {"get", "put", "post", "delete"}
PARTS = {"/web/{name}": "/page.js", "/docs/{name}": "/swagger-ui.css"}


@pytest.fixture
def app() -> Flask:
    return create_app({"SESSION_STORE": "memory:"})


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    """The document of a running service."""
    written: dict[str, Any] = client.send("GET", "/openapi.json").json()
    return written


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_openapi_document_is_valid_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_openapi_document_names_the_cookie(document: dict[str, Any], service: Service) -> None:
    assert document["components"]["securitySchemes"]["session"]["name"] == service.cookie


def test_every_route_is_documented_and_nothing_else(app: Flask) -> None:
    routes = {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method.lower() in METHODS
    }
    written = operations(openapi.document_of(app, "any", "any"))
    documented = {(path.replace("{", "<").replace("}", ">"), method.upper()) for path, method, _ in written}
    assert documented == {(re.sub(r"\w+:", "", path), method) for path, method in routes}
    assert {(method, path.replace("a1", "<item_id>")) for method, path, _ in USES} <= {
        (method, path) for path, method in documented
    }


def test_route_that_declares_nothing_is_refused(app: Flask) -> None:
    app.add_url_rule("/forgotten", view_func=lambda: "")
    with pytest.raises(openapi.Undeclared, match="/forgotten"):
        openapi.document_of(app, "any", "any")


def test_every_link_leads_to_an_operation_and_to_parameters_it_has(document: dict[str, Any]) -> None:
    taken = {
        operation["operationId"]: {parameter["name"] for parameter in operation.get("parameters", ())}
        for _, _, operation in operations(document)
    }
    links = [
        link
        for _, _, operation in operations(document)
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert len(links) > 10
    for link in links:
        assert set(link.get("parameters", ())) <= taken[link["operationId"]]


def test_each_documented_operation_answers_as_documented(client: Client, document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        client.send("POST", "/session")
        needed = operation.get("requestBody", {}).get("required")
        body = {"json": UPLOAD if path.endswith("/sync") else TEA} if needed else {}
        url = path.replace("{item_id}", "a1").replace("/{name}", PARTS.get(path, ""))
        answer = client.send(method.upper(), url, **body)
        assert answer.ok, (method, path)
        promised = operation["responses"][str(answer.status_code)]
        assert all(name in answer.headers for name in promised["headers"]), (method, path)
        media = answer.headers.get("Content-Type", "").partition(";")[0]
        assert answer.status_code == 204 or {media, "*/*"} & set(promised["content"]), (method, path)


@pytest.mark.parametrize(("method", "path", "more"), USES, ids=[f"{m} {p}" for m, p, _ in USES])
def test_use_of_a_session_documents_the_problem_it_meets(
    client: Client, document: dict[str, Any], method: str, path: str, more: dict[str, Any]
) -> None:
    problem = expect_problem(client.send(method, path, **more), 401, "session-unknown")
    operation = document["paths"][path.replace("a1", "{item_id}")][method.lower()]
    assert operation["security"] == [{"session": []}]
    conditional = set() if (method, path, more) in UNCONDITIONAL else {"412"}
    assert {"401", "503", *conditional} <= set(operation["responses"])
    narrowed = operation["responses"]["401"]["content"]["application/problem+json"]["schema"]["allOf"][1]
    assert problem["type"] in narrowed["properties"]["type"]["enum"]


def test_documented_limits_are_those_that_validate(document: dict[str, Any]) -> None:
    item = document["components"]["schemas"]["Item"]
    assert (item["properties"]["name"]["maxLength"], item["properties"]["quantity"]["maximum"]) == (100, 999)
    assert item["additionalProperties"] is False
    parameters = document["paths"]["/session/items/{item_id}"]["put"]["parameters"]
    pattern = next(one["schema"]["pattern"] for one in parameters if one["in"] == "path")
    assert re.search(pattern, "a" * 64)
    assert not re.search(pattern, "a" * 65)
    assert not re.search(pattern, "a\n")
