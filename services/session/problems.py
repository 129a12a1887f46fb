"""Every error as a problem document (RFC 9457)."""

import traceback

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import Forbidden, HTTPException, InternalServerError

from services.session.logs import log, without_credentials
from services.session.reply import Reply
from services.session.store import SequenceGap, SessionError, StoreUnavailable

TYPE_PREFIX = "urn:problem-type:sessionlab:"
RETRY_AFTER_SECONDS = 1

_BLANK = "about:blank"
_SHOWN = 200
"""How many characters of what a client sent fit in one field of the log."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """`application/problem+json`. A type of `about:blank` says no more than the status does."""

    type: str
    title: str
    status: int
    detail: str = ""
    expected: int | None = None
    """The number that a device's next operation has to have (`sequence-gap`)."""


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


def respond(status: int, slug: str | None, title: str, detail: str, expected: int | None = None) -> Response:
    """The problem as a response."""
    log.debug("request_refused", extra=_where() | {"status": status, "problem": slug or title})
    kind = f"{TYPE_PREFIX}{slug}" if slug else _BLANK
    body = msgspec.json.encode(Problem(kind, title, status, detail, expected))
    response = Reply(body, status, content_type="application/problem+json")
    if status in {411, 413}:  # what is left of the body is not read: say so
        response.headers["Connection"] = "close"
    return response


def register(app: Flask) -> None:
    """Answer every error of the app in this form."""
    app.register_error_handler(SessionError, _refused)
    app.register_error_handler(Invalid, _invalid)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _refused(error: SessionError) -> Response:
    away = isinstance(error, StoreUnavailable)
    title = error.slug.replace("-", " ").capitalize()
    detail = "try again soon" if away else str(error)
    expected = error.expected if isinstance(error, SequenceGap) else None
    response = respond(error.status, error.slug, title, detail, expected)
    if error.status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Cookie realm="session"'
    return response


def _invalid(error: Invalid) -> Response:
    return respond(error.status, error.slug, "Invalid request", str(error))


def _http(error: HTTPException) -> Response:
    if isinstance(error, Forbidden):  # nothing else is forbidden here
        sent = {name: request.headers.get(name, "")[:_SHOWN] for name in ("Origin", "Sec-Fetch-Site")}
        log.warning("malicious_csrf", extra=_where() | {"sent": sent})
    response = respond(error.code or 500, None, error.name, error.description or "")
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    text = "".join(traceback.format_exception(error))
    fields = {
        "traceback": without_credentials(text, (value for _, value in request.cookies.items(multi=True)))
    }
    log.error("unexpected_error", extra=_where() | fields)
    return _http(InternalServerError())


def _where() -> dict[str, object]:
    """The route, not the path: what a client wrote there stays out of the log."""
    return {"method": request.method[:_SHOWN], "route": request.url_rule.rule if request.url_rule else None}
