"""Leaving without losing a request: what a service says between SIGTERM and its end.

It goes on serving. But it is not ready any more, so that whoever spreads requests looks elsewhere, and
each answer is the last on its connection, so that no request is on its way on one when it closes.
"""

import ctypes
import multiprocessing

from flask import Flask, Response, request

from services.session.store import SessionError


class Draining(SessionError):
    """This replica is about to stop."""

    slug = "draining"
    status = 503


class Drain:
    """Whether the service is leaving; what one process begins, those that it forked see."""

    def __init__(self) -> None:
        self._begun = multiprocessing.RawValue(ctypes.c_bool, False)

    @property
    def begun(self) -> bool:
        return self._begun.value

    def begin(self) -> None:
        """Safe in a signal handler: nobody waits for a lock."""
        self._begun.value = True


def announce(drain: Drain, app: Flask) -> Flask:
    """The same app, which says in its answers when the service is leaving."""

    @app.before_request
    def not_ready() -> None:
        if drain.begun and request.path == "/readyz":
            raise Draining("this replica is about to stop")

    @app.after_request
    def last_on_its_connection(response: Response) -> Response:
        if drain.begun:
            response.headers["Connection"] = "close"
        return response

    return app
