"""The OpenAPI 3.1 document of an application, written from what its endpoints declare.

apispec would still need each path handed to it; spectree validates with msgspec too, but reads
every header and cookie of every request, decodes a body twice and takes `"2"` for 2.
"""

import re
from http import HTTPStatus
from typing import Any

import msgspec
from flask import Flask
from werkzeug.exceptions import BadRequest, Forbidden, HTTPException, LengthRequired, RequestEntityTooLarge
from werkzeug.routing import Rule

from services.session.endpoint import Answer, Body, Credential, Endpoint, Header, Parameter, Variable
from services.session.problems import Problem, Refusal, type_of

Json = dict[str, Any]

AUTOMATIC = {"HEAD", "OPTIONS"}
"""Methods that Flask adds to a route."""

_ANY: tuple[Refusal, ...] = (BadRequest, LengthRequired, RequestEntityTooLarge)
_UNSAFE: tuple[Refusal, ...] = (*_ANY, Forbidden)
"""What any request, and any that may change something, can meet before its view."""

_TEXT: Json = {"type": "string"}
_HEADERS: dict[str, Json] = {
    "Cache-Control": {"description": "Nothing here may be kept", "schema": {"const": "no-store"}},
    "ETag": {
        "description": "The session's version, quoted",
        "schema": _TEXT | {"pattern": '^"[1-9][0-9]*"$', "examples": ['"7"']},
    },
    "Retry-After": {"description": "Seconds", "schema": {"type": "integer", "minimum": 1}},
    "Served-By": {
        "description": "`<service>/<container id>/<boot id>`",
        "schema": _TEXT | {"pattern": "^[A-Za-z0-9-]+/[^/]+/[0-9a-f]{12}$"},
    },
    "Set-Cookie": {"description": "The credential", "schema": _TEXT},
    "WWW-Authenticate": {"description": "Which credential is missing", "schema": _TEXT},
}
_COOKIE = {
    "type": "apiKey",
    "in": "cookie",
    "description": "`POST /session` sets it, and a browser sends it by itself: there is nothing to fill in",
}
_EVERYWHERE = ("Served-By", "Cache-Control")
_OF_REFUSAL = {401: ("WWW-Authenticate",), 503: ("Retry-After",)}


class Undeclared(TypeError):
    """A route whose view is no `Endpoint`: its document would be incomplete."""


def document_of(app: Flask, service: str, cookie_name: str) -> Json:
    """The document of all routes of the app. Raises `Undeclared`."""
    schemas = _Schemas()
    paths: dict[str, Json] = {}
    for rule in app.url_map.iter_rules():
        declared = app.view_functions[rule.endpoint]
        if not isinstance(declared, Endpoint):
            raise Undeclared(
                f"{rule.rule}: {rule.endpoint} declares neither what it takes nor what it answers"
            )
        for method in sorted((rule.methods or set()) - AUTOMATIC):
            path = paths.setdefault(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {})
            path[method.lower()] = _operation(rule, method, declared, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"sessionlab: {service}",
            "version": "1",
            "description": "One HTTP contract over every place for session state.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "."}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "headers": {name: {"required": True} | header for name, header in _HEADERS.items()},
            "securitySchemes": {"session": _COOKIE | {"name": cookie_name}},
        },
    }


class _Schemas:
    """JSON Schemas of types; what they refer to gathers in `components`."""

    def __init__(self) -> None:
        self.components: Json = {}

    def of(self, kind: Any) -> Json:
        template = "#/components/schemas/{name}"
        (schema,), components = msgspec.json.schema_components([kind], ref_template=template)
        self.components |= components
        return schema


def _operation(rule: Rule, method: str, declared: Endpoint, schemas: _Schemas) -> Json:
    sources = declared.sources.values()
    refusals = (*declared.refusals, *(_ANY if method == "GET" else _UNSAFE))
    responses = {status: _response(answer, schemas) for status, answer in declared.answers.items()}
    responses |= {
        status: _refusal(status, [one for one in refusals if type_of(one)[0] == status], schemas)
        for status in sorted({type_of(one)[0] for one in refusals})
    }
    operation: Json = {
        "operationId": declared.__name__,
        "summary": declared.summary,
        "tags": [rule.endpoint.partition(".")[0]],
        "responses": {str(status): response for status, response in responses.items()},
    }
    if parameters := [_parameter(one, schemas) for one in sources if isinstance(one, Parameter | Variable)]:
        operation["parameters"] = parameters
    for source in sources:
        match source:
            case Credential():
                operation["security"] = [{"session": []}]
            case Body(kind=kind, required=required):
                content = {"application/json": {"schema": schemas.of(kind)}}
                operation["requestBody"] = {"required": required, "content": content}
    return operation


def _parameter(source: Parameter | Variable, schemas: _Schemas) -> Json:
    if isinstance(source, Variable):
        return {"name": source.name, "in": "path", "required": True, "schema": schemas.of(source.kind)}
    schema = schemas.of(source.kind) | {"examples": [source.example]}
    where = "header" if isinstance(source, Header) else "query"
    return {"name": source.name, "in": where, "description": source.description, "schema": schema}


def _response(answer: Answer, schemas: _Schemas) -> Json:
    response = _with_headers(answer.description, (*_EVERYWHERE, *answer.headers))
    if answer.body is not None:
        response["content"] = {answer.media: {"schema": schemas.of(answer.body)}}
    if answer.links:
        response["links"] = {
            target: {"operationId": target} | ({"parameters": dict(parameters)} if parameters else {})
            for target, parameters in answer.links.items()
        }
    return response


def _refusal(status: int, refusals: list[Refusal], schemas: _Schemas) -> Json:
    types = sorted({type_of(one)[1] for one in refusals})
    description = "; ".join(sorted({_reason(one) for one in refusals}))
    narrowed = {"properties": {"type": {"enum": types}, "status": {"const": status}}}
    response = _with_headers(description, (*_EVERYWHERE, *_OF_REFUSAL.get(status, ())))
    schema = {"allOf": [schemas.of(Problem), narrowed]}
    return response | {"content": {"application/problem+json": {"schema": schema}}}


def _reason(refusal: Refusal) -> str:
    status, _ = type_of(refusal)
    about = HTTPStatus(status).phrase if issubclass(refusal, HTTPException) else refusal.__doc__ or ""
    return about.partition(".")[0]


def _with_headers(description: str, names: tuple[str, ...]) -> Json:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return {"description": description, "headers": headers}
