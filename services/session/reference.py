"""What there is to read about the contract: `/openapi.json`, and `/docs`, which draws it."""

from functools import cache
from pathlib import Path
from typing import Any

import flask_swagger_ui
import msgspec
from flask import Blueprint, Flask, Response, send_from_directory
from werkzeug.exceptions import NotFound

from services.session.endpoint import Answer, endpoint
from services.session.openapi import document_of

_WEB = Path(__file__).parents[1] / "web"
_SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def routes_for(app: Flask, service: str, cookie_name: str) -> Blueprint:
    """The routes; the document is of all that the app has when somebody first asks for it."""
    routes = Blueprint("reference", __name__)

    @cache
    def document() -> bytes:
        return msgspec.json.encode(document_of(app, service, cookie_name))

    @routes.get("/openapi.json")
    @endpoint("This document", {200: Answer("OpenAPI 3.1", dict[str, Any])})
    def openapi_document() -> Response:
        return Response(document(), content_type="application/json")

    @routes.get("/docs")
    @endpoint("A page that draws this document", {200: Answer("The page", str, "text/html")})
    def docs() -> Response:
        response = send_from_directory(_WEB, "docs.html")
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    @routes.get("/docs/<name>")
    @endpoint("A part of that page", {200: Answer("The part", str, "*/*")}, NotFound)
    def part_of_docs(name: str) -> Response:
        return send_from_directory(_SWAGGER_UI, name)

    return routes
