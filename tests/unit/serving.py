"""The services' HTTP applications, really served, and somebody who sends without a cookie jar."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server

from loadtests.client import Send
from services.session import application, placement
from services.session.cookie import Cookie
from services.session.placement import Instance
from services.session.store import SessionStore


def application_of(store: SessionStore) -> Flask:
    """The HTTP contract over this store."""
    where = placement.of_kind("process-memory", "stateful", "memory", Instance.new(), None)
    return application.build(store, Cookie("stateful", secure=False), lambda: where)


@contextmanager
def served(app: Flask, route: str = "/stateful") -> Iterator[str]:
    """Serve the app below `route`, as the gateway does; gives the origin."""
    nothing = Flask(__name__)
    server = make_server(
        "127.0.0.1", 0, DispatcherMiddleware(nothing, {route: app}), threaded=True, request_handler=_Quiet
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def jarless() -> Send:
    """Sends what it is given and keeps no cookies: those that come along are the client's own."""
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def send(method: str, path: str, **options: Any) -> requests.Response:
        return session.request(method, path, **options)

    return send


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of each request."""
