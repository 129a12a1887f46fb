"""What goes over the wire: numbered operations up, the session and the device's mark down. Pure."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from services.session.document import (
    CountVisit,
    Item,
    ItemId,
    Name,
    Operation,
    PutItem,
    Quantity,
    RemoveItem,
    Session,
)

MOST = 100
"""Operations in one upload, at most."""
ROOM = 16 * 1024
"""A body has to be smaller than so many bytes."""


class _Numbered(msgspec.Struct, frozen=True, tag_field="operation", forbid_unknown_fields=True):
    sequence: int


class Put(_Numbered, frozen=True, tag="put"):
    id: ItemId
    name: Name
    quantity: Quantity

    @property
    def intent(self) -> Operation:
        return PutItem(self.id, Item(self.name, self.quantity))


class Remove(_Numbered, frozen=True, tag="remove"):
    id: ItemId

    @property
    def intent(self) -> Operation:
        return RemoveItem(self.id)


class Visit(_Numbered, frozen=True, tag="visit"):
    @property
    def intent(self) -> Operation:
        return CountVisit()


Numbered = Put | Remove | Visit


class Upload(msgspec.Struct, frozen=True):
    """The body of `POST /session/sync`. `since`: the session's version when this device first saw it."""

    device: str
    since: int
    operations: Sequence[Numbered]

    def fitting(self, most: int = MOST) -> "Upload":
        """The same with as many of its first operations as fit into one request."""
        size, count = len(msgspec.json.encode(replace(self, operations=()))), 0
        for operation in self.operations[:most]:
            size += len(msgspec.json.encode(operation)) + 1
            if size >= ROOM:
                break
            count += 1
        return replace(self, operations=self.operations[:count])


class Shown(msgspec.Struct, frozen=True):
    """A session as a service shows it."""

    version: int
    items: dict[str, Item]
    visits: int
    opened_at: datetime
    idle_expires_at: datetime
    expires_at: datetime

    @property
    def session(self) -> Session:
        times = (self.opened_at, self.idle_expires_at, self.expires_at)
        return Session(self.version, self.items, self.visits, *(int(time.timestamp()) for time in times))


class Synced(msgspec.Struct, frozen=True):
    """The answer to an upload: the highest number that the service has of this device, and its session."""

    acknowledged: int
    session: Shown


class Link(msgspec.Struct, frozen=True):
    """A code with which one other device may join the session, once."""

    link: str
    expires_at: datetime


class Problem(msgspec.Struct, frozen=True):
    """What of a problem document (RFC 9457) a device goes by."""

    type: str = "about:blank"
    detail: str = ""
    expected: int | None = None
