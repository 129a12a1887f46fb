"""The HTTP contract, the same over every store."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from flask import Blueprint, Request, Response, current_app, request
from werkzeug.exceptions import Forbidden

from services.session import answers, devices
from services.session.answers import LinkView, SessionView, SyncedView, Version, Visits
from services.session.cookie import Cookie
from services.session.document import CountVisit, Item, ItemId, Operation, PutItem, RemoveItem
from services.session.endpoint import Credential, endpoint
from services.session.idempotency import once
from services.session.preconditions import IdempotencyKey, IfMatch, IfNoneMatch
from services.session.reply import Reply
from services.session.store import (
    Applied,
    CredentialInvalid,
    DeviceForgotten,
    LinkInvalid,
    PreconditionFailed,
    SequenceGap,
    SessionEnded,
    SessionExpired,
    SessionStore,
    SessionTooLarge,
    SessionUnknown,
    StoreUnavailable,
)
from services.session.upload import Upload

routes = Blueprint("session", __name__)


@dataclass(frozen=True)
class Parts:
    """What the routes work with. Kept at `app.extensions["session"]`."""

    store: SessionStore
    cookie: Cookie


class Joining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With which code to join a session; without one, a session of its own."""

    link: str | None = None


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request that needs none."""


def _parts() -> Parts:
    parts: Parts = current_app.extensions["session"]
    return parts


def _credential(request: Request) -> str:
    credential = _parts().cookie.read(request)
    if credential is None:
        raise SessionUnknown(f"no session cookie came along; POST {request.script_root}/session gives one")
    return credential


_REJECTED = (CredentialInvalid, SessionUnknown, SessionExpired, SessionEnded)
Known = Annotated[str, Credential(_credential, (*_REJECTED, StoreUnavailable))]


@routes.before_request
def _same_site() -> None:
    """No page of another site changes anything here (Fetch Metadata; `Origin` where it is missing)."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    sent = request.environ
    site, origin = sent.get("HTTP_SEC_FETCH_SITE"), sent.get("HTTP_ORIGIN")
    if site is None:
        ours = origin is None or origin in {f"http://{request.host}", f"https://{request.host}"}
    else:
        ours = site in {"same-origin", "none"}
    if not ours:
        raise Forbidden("a page of another site cannot change sessions here")


@routes.post("/session")
@endpoint(
    "Open a session, or join one; sets the cookie",
    {201: answers.OPENED},
    LinkInvalid,
    SessionTooLarge,
    StoreUnavailable,
)
def open_session(joining: Joining) -> Response:
    store = _parts().store
    held = store.open() if joining.link is None else store.join(joining.link)
    return _held(_json(SessionView.of(held.session), 201), held.session.version, held.credential)


@routes.get("/session")
@endpoint("Read it", {200: answers.READ, 304: answers.NOT_CHANGED})
def read_session(credential: Known, if_versions: IfMatch, known: IfNoneMatch) -> Response:
    held = _parts().store.load(credential)
    version = held.session.version
    PreconditionFailed.unless_at(if_versions, version)
    response = (
        Response(status=304) if known.contains_weak(str(version)) else _json(SessionView.of(held.session))
    )
    return _held(response, version, held.credential)


@routes.put("/session/items/<item_id>")
@endpoint("Put an item; repeatable", {201: answers.PUT, 200: answers.REPLACED}, SessionTooLarge)
def put_item(
    credential: Known, item_id: ItemId, item: Item, if_versions: IfMatch, key: IdempotencyKey
) -> Response:
    applied = _apply(credential, PutItem(item_id, item), if_versions, key)
    return _changed(applied, Version(applied.version), 201 if applied.results[0] else 200)


@routes.delete("/session/items/<item_id>")
@endpoint("Remove an item; repeatable", {204: answers.REMOVED}, SessionTooLarge)
def remove_item(credential: Known, item_id: ItemId, if_versions: IfMatch, key: IdempotencyKey) -> Response:
    applied = _apply(credential, RemoveItem(item_id), if_versions, key)
    return _changed(applied, None, 204)


@routes.post("/session/visits")
@endpoint("Count one visit", {200: answers.COUNTED}, SessionTooLarge)
def count_visit(credential: Known, _: Nothing, if_versions: IfMatch, key: IdempotencyKey) -> Response:
    applied = _apply(credential, CountVisit(), if_versions, key)
    return _changed(applied, Visits(applied.results[0], applied.version), 200)


@routes.post("/session/sync")
@endpoint(
    "Upload what a device did, each operation exactly once; and see the session",
    {200: answers.SYNCED},
    SequenceGap,
    DeviceForgotten,
    SessionTooLarge,
)
def sync_device(credential: Known, upload: Upload) -> Response:
    devices.expect_numbered(upload)
    synced = _parts().store.sync(credential, upload)
    response = _json(SyncedView(synced.acknowledged, SessionView.of(synced.session)))
    return _held(response, synced.session.version, synced.credential)


@routes.post("/session/link")
@endpoint("Get a code with which one more device joins", {201: answers.LINKED})
def link_device(credential: Known, _: Nothing) -> Response:
    return _json(LinkView.of(_parts().store.link(credential)), 201)


@routes.post("/session/renew")
@endpoint("Get a new credential for the same state", {204: answers.RENEWED}, SessionTooLarge)
def renew_session(credential: Known, _: Nothing, if_versions: IfMatch) -> Response:
    parts = _parts()
    renewed = parts.store.renew(credential, if_versions=if_versions)
    response = Response(status=204)
    parts.cookie.keep(response, request, renewed)
    return response


@routes.delete("/session")
@endpoint("End it for good", {204: answers.ENDED})
def close_session(credential: Known, if_versions: IfMatch) -> Response:
    parts = _parts()
    parts.store.close(credential, if_versions=if_versions)
    response = Response(status=204)
    response.headers["Clear-Site-Data"] = '"cache"'
    parts.cookie.drop(response)
    return response


def _apply(credential: str, operation: Operation, if_versions: IfMatch, key: IdempotencyKey) -> Applied:
    asked = None if key is None else once(key, [operation])
    return _parts().store.apply(credential, [operation], if_versions=if_versions, once=asked)


def _changed(applied: Applied, body: Any, status: int) -> Response:
    response = Response(status=status) if body is None else _json(body, status)
    return _held(response, applied.version, applied.credential)


def _held(response: Response, version: int, credential: str) -> Response:
    """The answer about a session at this version, to who holds this credential from now on."""
    response.set_etag(str(version))
    _parts().cookie.keep(response, request, credential)
    return response


def _json(body: Any, status: int = 200) -> Response:
    return Reply(msgspec.json.encode(body), status, content_type="application/json")
