"""What the session routes answer: the bodies, and each answer's headers and the requests it leads to."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from services.session.document import Item, Session
from services.session.endpoint import Answer
from services.session.store import Link


class SessionView(msgspec.Struct, frozen=True):
    """A session as clients see it. Times are UTC (RFC 3339)."""

    version: int
    items: dict[str, Item]
    visits: int
    opened_at: datetime
    idle_expires_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, session: Session) -> "SessionView":
        return cls(
            version=session.version,
            items=dict(session.items),
            visits=session.visits,
            opened_at=datetime.fromtimestamp(session.opened_at, UTC),
            idle_expires_at=datetime.fromtimestamp(session.idle_expires_at, UTC),
            expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        )


class Version(msgspec.Struct, frozen=True):
    """The version that a change led to."""

    version: int


class Visits(msgspec.Struct, frozen=True):
    """The visits counted so far, and the version that counting this one led to."""

    visits: int
    version: int


class SyncedView(msgspec.Struct, frozen=True):
    """The device's last operation that was applied (0: none so far), and the session right after."""

    acknowledged: int
    session: SessionView


class LinkView(msgspec.Struct, frozen=True):
    """A code with which one more device joins, once, until then (UTC, RFC 3339)."""

    link: str
    expires_at: datetime

    @classmethod
    def of(cls, link: Link) -> "LinkView":
        return cls(link.code, datetime.fromtimestamp(link.expires_at, UTC))


_ETAG = ("ETag",)
_SAME_ITEM = {"item_id": "$request.path.item_id"}
_IF_UNCHANGED = {"If-Match": "$response.header.ETag"}
_IF_CHANGED = {"If-None-Match": "$response.header.ETag"}
_CHANGES = ("put_item", "remove_item", "count_visit", "renew_session", "close_session")
_ON_WITH_ITEM = {"put_item": _SAME_ITEM, "remove_item": _SAME_ITEM, "read_session": {}}

OPENED = Answer(
    "The session",
    SessionView,
    headers=("ETag", "Set-Cookie"),
    links={name: {} for name in ("read_session", "sync_device", "link_device", *_CHANGES)},
)
READ = Answer(
    "The session",
    SessionView,
    headers=_ETAG,
    links={"read_session": _IF_CHANGED, **dict.fromkeys(_CHANGES, _IF_UNCHANGED)},
)
NOT_CHANGED = Answer("Still at the version that the client knows", headers=_ETAG)
PUT = Answer("New", Version, headers=_ETAG, links=_ON_WITH_ITEM)
REPLACED = replace(PUT, description="Replaced")
REMOVED = Answer("It is not there (any more)", headers=_ETAG, links=_ON_WITH_ITEM)
COUNTED = Answer("Counted", Visits, headers=_ETAG, links={"count_visit": _IF_UNCHANGED, "read_session": {}})
SYNCED = Answer("What was not yet applied, is", SyncedView, headers=_ETAG, links={"read_session": {}})
LINKED = Answer("The code", LinkView, links={"open_session": {}})
RENEWED = Answer("The cookie holds the new credential", links={"read_session": {}, "renew_session": {}})
ENDED = Answer("The credential is dead, the cookie deleted", links={"read_session": {}, "count_visit": {}})
