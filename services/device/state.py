"""What a device knows, beside what is pending."""

import secrets

import msgspec

from services.device.wire import Numbered
from services.session.document import Session


def _fresh_id() -> str:
    return secrets.token_urlsafe(16)


class State(msgspec.Struct, frozen=True):
    """Where a device stands with its session. `cookie` is `name=value`, the credential.

    `sent`: no operation above this number was ever in a request of unknown fate.
    """

    device: str = msgspec.field(default_factory=_fresh_id)
    link: str | None = None
    cookie: str | None = None
    since: int | None = None
    acknowledged: int = 0
    sent: int = 0
    session: Session | None = None
    trouble: str | None = None

    def under_new_id(self) -> "State":
        """The same session, seen by a device that it has not heard of."""
        return State(cookie=self.cookie, session=self.session)


class Aside(msgspec.Struct, frozen=True):
    """An operation that is not uploaded any more: why, and under which device id it would have been."""

    key: int
    device: str
    why: str
    operation: Numbered


class Loss(msgspec.Struct, frozen=True):
    """Acknowledged operations of a device id, the first and the last, that the service has no more."""

    device: str
    first: int
    last: int
