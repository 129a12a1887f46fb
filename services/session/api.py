"""The HTTP contract, the same over every store."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import Forbidden, UnsupportedMediaType

from services.session.cookie import Cookie
from services.session.document import CountVisit, Item, ItemId, Operation, PutItem, RemoveItem, Session
from services.session.idempotency import once
from services.session.problems import Invalid
from services.session.store import Applied, Once, SessionStore, SessionUnknown

T = TypeVar("T")

routes = Blueprint("session", __name__)

_VERSION = re.compile(r"[1-9][0-9]{0,14}")
_KEY = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True)
class Parts:
    """What the routes work with. Kept at `app.extensions["session"]`."""

    store: SessionStore
    cookie: Cookie


class SessionView(msgspec.Struct, frozen=True):
    """A session as clients see it. Times are UTC (RFC 3339)."""

    version: int
    items: dict[str, Item]
    visits: int
    opened_at: datetime
    idle_expires_at: datetime
    expires_at: datetime


class Version(msgspec.Struct, frozen=True):
    """The version that a change led to."""

    version: int


class Visits(msgspec.Struct, frozen=True):
    """The visits counted so far, and the version that counting this one led to."""

    visits: int
    version: int


@routes.before_request
def _same_site() -> None:
    """No page of another site changes anything here (Fetch Metadata; `Origin` where it is missing)."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign = urlsplit(origin).netloc != request.host if origin and not site else False
    if foreign or site not in {None, "same-origin", "none"}:
        raise Forbidden("a page of another site cannot change sessions here")


@routes.post("/session")
def open_session() -> Response:
    _body(_Empty, required=False)
    parts = _parts()
    held = parts.store.open()
    response = _json(_view(held.session), 201)
    response.set_etag(str(held.session.version))
    parts.cookie.keep(response, request, held.credential)
    return response


@routes.get("/session")
def read_session() -> Response:
    parts = _parts()
    held = parts.store.load(_credential())
    response = _json(_view(held.session))
    response.set_etag(str(held.session.version))
    response.make_conditional(request)
    parts.cookie.keep(response, request, held.credential)
    return response


@routes.put("/session/items/<item_id>")
def put_item(item_id: str) -> Response:
    applied = _apply(PutItem(_item_id(item_id), _body(Item)))
    return _changed(applied, Version(applied.version), 201 if applied.results[0] else 200)


@routes.delete("/session/items/<item_id>")
def remove_item(item_id: str) -> Response:
    applied = _apply(RemoveItem(_item_id(item_id)))
    return _changed(applied, None, 204)


@routes.post("/session/visits")
def count_visit() -> Response:
    _body(_Empty, required=False)
    applied = _apply(CountVisit())
    return _changed(applied, Visits(applied.results[0], applied.version), 200)


@routes.post("/session/renew")
def renew_session() -> Response:
    _body(_Empty, required=False)
    parts = _parts()
    credential = parts.store.renew(_credential(), if_versions=_if_versions())
    response = Response(status=204)
    parts.cookie.keep(response, request, credential)
    return response


@routes.delete("/session")
def close_session() -> Response:
    parts = _parts()
    parts.store.close(_credential(), if_versions=_if_versions())
    response = Response(status=204)
    response.headers["Clear-Site-Data"] = '"cache"'
    parts.cookie.drop(response)
    return response


@routes.after_request
def _private(response: Response) -> Response:
    response.headers["Vary"] = "Cookie"
    return response


class _Empty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request that needs none."""


def _parts() -> Parts:
    parts: Parts = current_app.extensions["session"]
    return parts


def _credential() -> str:
    credential = _parts().cookie.read(request)
    if credential is None:
        raise SessionUnknown(f"no session cookie came along; POST {request.script_root}/session gives one")
    return credential


def _apply(operation: Operation) -> Applied:
    return _parts().store.apply(_credential(), [operation], if_versions=_if_versions(), once=_once(operation))


def _changed(applied: Applied, body: Any, status: int) -> Response:
    response = Response(status=status) if body is None else _json(body, status)
    response.set_etag(str(applied.version))
    _parts().cookie.keep(response, request, applied.credential)
    return response


def _if_versions() -> frozenset[int] | None:
    """The versions that `If-Match` names; None without one, or for `*`. Weak tags match nothing."""
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    return frozenset(int(tag) for tag in request.if_match.as_set() if _VERSION.fullmatch(tag or ""))


def _once(operation: Operation) -> Once | None:
    """What `Idempotency-Key` says is to be done once."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise Invalid("an Idempotency-Key is 1 to 255 visible ASCII characters")
    return once(key, [operation])


def _item_id(text: str) -> str:
    try:
        return msgspec.convert(text, ItemId)
    except msgspec.ValidationError as error:
        raise Invalid("an item id is 1 to 64 of A-Z a-z 0-9 . _ -") from error


def _body(kind: type[T], *, required: bool = True) -> T:
    """The JSON body, validated. Raises `Invalid`, or 415 for another media type."""
    raw = request.get_data(cache=False)
    if not raw and not required:
        return kind()
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send application/json")
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid(f"the body is not as it should be: {error}") from error


def _json(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, content_type="application/json")


def _view(session: Session) -> SessionView:
    return SessionView(
        version=session.version,
        items=dict(session.items),
        visits=session.visits,
        opened_at=datetime.fromtimestamp(session.opened_at, UTC),
        idle_expires_at=datetime.fromtimestamp(session.idle_expires_at, UTC),
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
    )
