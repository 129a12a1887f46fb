"""The Flask application around a store: the HTTP contract, and what an operator needs beside it."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
from flask import Blueprint, Flask, Response, request, send_from_directory
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from werkzeug.exceptions import BadRequest, LengthRequired, NotFound

from services.session import api, problems, reference
from services.session.cookie import Cookie
from services.session.drain import Draining
from services.session.endpoint import Answer, Query, endpoint
from services.session.metrics import MeasuredStore
from services.session.placement import Instance, Placement
from services.session.store import SessionStore, StoreUnavailable

BODY_LIMIT = 16 * 1024
Excluded = Annotated[
    str | None,
    Query(
        lambda: request.args.get("exclude"),
        (),
        name="exclude",
        description="`store` leaves out whether the store can be reached",
        example="store",
    ),
]
_WEB = Path(__file__).parents[1] / "web"
_PAGE_POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"


def build(store: SessionStore, cookie: Cookie, placed: Callable[[], Placement]) -> Flask:
    """An application that serves sessions from `store`; `placed` says where they are at this moment."""
    placement = placed()
    app = _Application(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    measured = MeasuredStore(store, registry)
    app.extensions["session"] = api.Parts(measured, cookie)
    problems.register(app)
    app.before_request(_read_body)
    app.register_blueprint(api.routes)
    app.register_blueprint(_operations(measured, placed, registry))
    app.register_blueprint(_pages())
    app.register_blueprint(reference.routes_for(app, placement.service, cookie.name))
    _identify(app, placement.service, Instance(placement.instance, placement.boot))
    return app


class _Application(Flask):
    """All it calls is synchronous: to look each time whether it is costs a tenth of a request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def _read_body() -> None:
    """Also where no one asks for it: the server closes the connection on an answer that left a body
    unread, and now and then a client's next request on that connection comes to nothing.

    A body is read whole or not at all: the server passes on what came until the client was gone, and
    only the length that was told shows that it is not what was meant. One in chunks tells none.
    """
    if "HTTP_TRANSFER_ENCODING" in request.environ:
        raise LengthRequired("say how long the body is: send Content-Length")
    if request.environ.get("CONTENT_LENGTH") and len(request.get_data()) < (request.content_length or 0):
        raise BadRequest("the body ended before its Content-Length")


def _operations(
    store: SessionStore, placed: Callable[[], Placement], registry: CollectorRegistry
) -> Blueprint:
    routes = Blueprint("operations", __name__)

    @routes.get("/healthz")
    @endpoint("Alive", {200: Answer("Alive", str, "text/plain")})
    def alive() -> Response:
        return Response("alive\n", content_type="text/plain")

    @routes.get("/readyz")
    @endpoint(
        "The store can be reached, and it is not about to stop",
        {200: Answer("Ready", str, "text/plain")},
        StoreUnavailable,
        Draining,
    )
    def ready(exclude: Excluded) -> Response:
        if exclude != "store":
            store.check()
        return Response("ready\n", content_type="text/plain")

    @routes.get("/placement")
    @endpoint(
        "Where this instance's state lives",
        {200: Answer("From its own mount table", Placement)},
        StoreUnavailable,
    )
    def where_state_lives() -> Response:
        return Response(msgspec.json.encode(placed()), content_type="application/json")

    @routes.get("/metrics")
    @endpoint("Metrics for Prometheus", {200: Answer("Its text format", str, "text/plain")})
    def metrics() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    return routes


def _pages() -> Blueprint:
    routes = Blueprint("pages", __name__)

    @routes.get("/")
    @endpoint("The page for people", {200: Answer("The page", str, "text/html")})
    def page() -> Response:
        response = send_from_directory(_WEB, "index.html")
        response.headers["Content-Security-Policy"] = _PAGE_POLICY
        return response

    @routes.get("/web/<path:name>")
    @endpoint("A part of that page", {200: Answer("The part", str, "*/*")}, NotFound)
    def part_of_page(name: str) -> Response:
        return send_from_directory(_WEB, name)

    return routes


def _identify(app: Flask, service: str, instance: Instance) -> None:
    served_by = f"{service}/{instance.container}/{instance.boot}"

    @app.after_request
    def identify(response: Response) -> Response:
        headers = response.headers
        if "Cache-Control" in headers:  # a file's
            del headers["Cache-Control"]
        headers.add("Cache-Control", "no-store")
        headers.add("Served-By", served_by)
        headers.add("X-Content-Type-Options", "nosniff")
        if response.status_code in {411, 413}:  # what is left of the body is not read: say so
            response.headers["Connection"] = "close"
        return response
