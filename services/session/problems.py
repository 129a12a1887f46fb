"""Every error as a problem document (RFC 9457)."""

import logging

import msgspec
from flask import Flask, Response
from werkzeug.exceptions import HTTPException, InternalServerError

from services.session.store import SessionError, StoreUnavailable

TYPE_PREFIX = "urn:problem-type:sessionlab:"
RETRY_AFTER_SECONDS = 1

_BLANK = "about:blank"
_log = logging.getLogger("sessionlab")


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """`application/problem+json`. A type of `about:blank` says no more than the status does."""

    type: str
    title: str
    status: int
    detail: str = ""


class Invalid(Exception):
    """A request that is malformed. The message says what is wrong with it, and nothing internal."""

    slug = "invalid"
    status = 422


Refusal = type[SessionError | Invalid | HTTPException]
"""What an endpoint may raise instead of an answer."""


def type_of(refusal: Refusal) -> tuple[int, str]:
    """The status and the problem type by which a refusal is answered."""
    if issubclass(refusal, HTTPException):
        return refusal.code or 500, _BLANK
    return refusal.status, f"{TYPE_PREFIX}{refusal.slug}"


def respond(status: int, slug: str | None, title: str, detail: str) -> Response:
    """The problem as a response."""
    kind = f"{TYPE_PREFIX}{slug}" if slug else _BLANK
    body = msgspec.json.encode(Problem(kind, title, status, detail))
    return Response(body, status, content_type="application/problem+json")


def register(app: Flask) -> None:
    """Answer every error of the app in this form."""
    app.register_error_handler(SessionError, _refused)
    app.register_error_handler(Invalid, _invalid)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _refused(error: SessionError) -> Response:
    away = isinstance(error, StoreUnavailable)
    if away:
        _log.warning("store unavailable: %s", error)
    title = error.slug.replace("-", " ").capitalize()
    response = respond(error.status, error.slug, title, "try again soon" if away else str(error))
    if away:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Cookie realm="session"'
    return response


def _invalid(error: Invalid) -> Response:
    return respond(error.status, error.slug, "Invalid request", str(error))


def _http(error: HTTPException) -> Response:
    response = respond(error.code or 500, None, error.name, error.description or "")
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    _log.exception("unexpected error", exc_info=error)
    return _http(InternalServerError())
