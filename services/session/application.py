"""The Flask application around a store: the HTTP contract, and what an operator needs beside it."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any
from wsgiref.types import StartResponse, WSGIEnvironment

import msgspec
from flask import Blueprint, Flask, Request, Response, request, send_from_directory
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import BadRequest, LengthRequired, NotFound
from werkzeug.routing import MapAdapter
from werkzeug.sansio.http import parse_cookie
from werkzeug.utils import cached_property

from services.session import api, problems, reference
from services.session.cookie import Cookie
from services.session.drain import Draining
from services.session.endpoint import Answer, Query, endpoint
from services.session.metrics import MeasuredStore
from services.session.placement import Placement
from services.session.store import SessionStore, StoreUnavailable

BODY_LIMIT = 16 * 1024
Excluded = Annotated[
    str | None,
    Query(
        lambda request: request.args.get("exclude"),
        (),
        name="exclude",
        description="`store` leaves out whether the store can be reached",
        example="store",
    ),
]
_ALWAYS = [("Cache-Control", "no-store"), ("Vary", "Cookie"), ("X-Content-Type-Options", "nosniff")]
_WEB = Path(__file__).parents[1] / "web"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def build(store: SessionStore, cookie: Cookie, placed: Callable[[], Placement]) -> Flask:
    """An application that serves sessions from `store`; `placed` says where they are at this moment."""
    placement = placed()
    app = _Application(__name__, f"{placement.service}/{placement.instance}/{placement.boot}")
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
    return app


class _Request(Request):
    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """Werkzeug reads through the whole environment to find them."""
        return parse_cookie(self.environ.get("HTTP_COOKIE"), ImmutableMultiDict)  # type: ignore[return-value]


class _Application(Flask):
    """What every answer says is added on its way out: to look there for what is to be replaced, and to check
    it, costs a tenth of a request. So does looking whether a function is asynchronous: here none is.
    """

    request_class = _Request

    def __init__(self, name: str, served_by: str) -> None:
        super().__init__(name, static_folder=None)
        self.url_map.merge_slashes = False  # nothing is redirected: it would go past a gateway's prefix
        self._always = [*_ALWAYS, ("Served-By", served_by)]

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            own = [header for header in headers if header[0] != "Cache-Control"]  # a file's
            return start_response(status, own + self._always, *error)

        return super().wsgi_app(environ, start)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Flask's own also works out subdomains, WebSockets, and where to redirect to."""
        if request is None:
            return None
        return MapAdapter(self.url_map, "", "/", "", request.scheme, request.path, request.method)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def _read_body() -> None:
    """Also where no one asks for it: the server closes the connection on an answer that left a body
    unread, and now and then a client's next request on that connection comes to nothing.

    A body is read whole or not at all: the server passes on what came until the client was gone, and
    only the length that was told shows that it is not what was meant. One in chunks tells none.
    """
    environ = request.environ
    if "HTTP_TRANSFER_ENCODING" in environ:
        raise LengthRequired("say how long the body is: send Content-Length")
    if environ.get("CONTENT_LENGTH") and len(request.get_data()) < (request.content_length or 0):
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
        return _file("index.html")

    @routes.get("/web/<path:name>")
    @endpoint("A part of that page", {200: Answer("The part", str, "*/*")}, NotFound)
    def part_of_page(name: str) -> Response:
        response = _file(name)
        if name == "worker.js":  # it is there for the whole page, not for its folder alone
            response.headers["Service-Worker-Allowed"] = "../"
        return response

    return routes


def _file(name: str) -> Response:
    response = send_from_directory(_WEB, name)
    response.headers["Content-Security-Policy"] = _POLICY
    return response
