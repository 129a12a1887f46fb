"""What goes over the wire: numbered operations up, the session and the device's mark down. Pure."""

from datetime import datetime

import msgspec
from msgspec.structs import replace

from services.session.document import Item, Session
from services.session.upload import OPERATIONS, Put, Remove, Upload, Visit

ROOM = 16 * 1024
"""A body has to be smaller than so many bytes."""

Numbered = Put | Remove | Visit


def fitting(device: str, since: int, operations: tuple[Numbered, ...], most: int = OPERATIONS) -> Upload:
    """An upload of as many of the first operations as fit into one request."""
    upload = Upload(device, (), since)
    size, count = len(msgspec.json.encode(upload)), 0
    for operation in operations[:most]:
        size += len(msgspec.json.encode(operation)) + 1
        if size >= ROOM:
            break
        count += 1
    return replace(upload, operations=operations[:count])


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
