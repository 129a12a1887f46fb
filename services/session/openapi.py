"""`GET /openapi.json`: the schemas come from the types that the requests are validated with."""

from typing import Any

import msgspec

from services.session import api, document, placement, problems

_TYPES = (
    document.Item,
    api.SessionView,
    api.Version,
    api.Visits,
    placement.Placement,
    problems.Problem,
    document.ItemId,
)

_ETAG = {"ETag": {"description": 'The version, quoted: `"7"`', "schema": {"type": "string"}}}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "Only if the session is still at this version, else 412",
    "schema": {"type": "string", "examples": ['"7"']},
}
_IF_NONE_MATCH = {**_IF_MATCH, "name": "If-None-Match", "description": "304 if it still is"}
_EXCLUDE = {
    "name": "exclude",
    "in": "query",
    "description": "`store` leaves out whether the store can be reached",
    "schema": {"type": "string", "examples": ["store"]},
}
_COOKIE: list[dict[str, list[str]]] = [{"session": []}]


def document_for(service: str, cookie_name: str) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a service whose credential travels in this cookie."""
    schemas, components = msgspec.json.schema_components(_TYPES, ref_template="#/components/schemas/{name}")
    refs = dict(zip((*(kind.__name__ for kind in _TYPES[:-1]), "ItemId"), schemas, strict=True))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"sessionlab: {service}",
            "version": "1",
            "description": "One HTTP contract over every place for session state.",
        },
        "servers": [{"url": "."}],
        "paths": _paths(refs),
        "components": {
            "schemas": components,
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": cookie_name}},
        },
    }


def _paths(refs: dict[str, Any]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": refs["Problem"]}}
    session = _answer("The session", refs["SessionView"], _ETAG)
    version = _answer("The version it led to", refs["Version"], _ETAG)
    visits = _answer("The visits counted", refs["Visits"], _ETAG)

    def operation(
        summary: str, answers: dict[str, Any], *, cookie: bool = True, **more: Any
    ) -> dict[str, Any]:
        failure = {"default": {"description": "A problem document (RFC 9457)", "content": problem}}
        return {"summary": summary, "responses": answers | failure, "security": _COOKIE * cookie} | more

    item = {"required": True, "content": {"application/json": {"schema": refs["Item"]}}}
    item_id = {"name": "item_id", "in": "path", "required": True, "schema": refs["ItemId"]}
    done = {"204": {"description": "Done"}}
    change: dict[str, Any] = {"parameters": [_IF_MATCH]}
    return {
        "/session": {
            "post": operation("Open a session; sets the cookie", {"201": session}, cookie=False),
            "get": operation(
                "Read it",
                {"200": session, "304": {"description": "Not changed"}},
                parameters=[_IF_NONE_MATCH],
            ),
            "delete": operation("End it", done, **change),
        },
        "/session/items/{item_id}": {
            "parameters": [item_id],
            "put": operation("Put an item", {"200": version, "201": version}, requestBody=item, **change),
            "delete": operation("Remove an item", done, **change),
        },
        "/session/visits": {"post": operation("Count one visit", {"200": visits}, **change)},
        "/session/renew": {"post": operation("A new credential, the same state", done, **change)},
        "/placement": {
            "get": operation(
                "Where this instance's state lives", {"200": _answer("", refs["Placement"])}, cookie=False
            )
        },
        "/healthz": {"get": operation("Alive", {"200": {"description": "Alive"}}, cookie=False)},
        "/readyz": {
            "get": operation(
                "Store reachable, and not about to stop",
                {"200": {"description": "Ready"}},
                cookie=False,
                parameters=[_EXCLUDE],
            )
        },
        "/metrics": {"get": operation("Prometheus", {"200": {"description": "Metrics"}}, cookie=False)},
    }


def _answer(description: str, schema: Any, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = {
        "description": description or "An answer",
        "content": {"application/json": {"schema": schema}},
    }
    return answer | ({"headers": headers} if headers else {})
