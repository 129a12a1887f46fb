"""What a server-side store keeps of a session beside its content, and who may pass.

The memory and the SQLite store use this as it is; `services/stateless/session.lua` is the same
decision where Redis can take it atomically. The suite in `tests/contract` holds them together.
"""

from collections.abc import MutableMapping

import msgspec
from msgspec.structs import replace

from services.session.credential import Credential
from services.session.lifetime import Lifetime
from services.session.store import LinkInvalid, SessionEnded, SessionExpired


class Record(msgspec.Struct, frozen=True):
    """One session's life. Times in POSIX seconds."""

    version: int
    opened_at: int
    idle_expires_at: int
    expires_at: int
    ended: bool = False
    horizon: int = 0
    """The version at which a device was last forgotten."""
    link: str = ""
    """The digest of the code with which one more device may join; none where it is empty."""
    link_until: int = 0

    @classmethod
    def begin(cls, lifetime: Lifetime) -> "Record":
        now = lifetime.clock()
        expires_at = now + lifetime.absolute
        return cls(1, now, lifetime.idle_deadline(now, expires_at), expires_at)

    def admit(self, grant: "Grant | None", now: int) -> None:
        """Raises unless the credential of this grant may act on the session now."""
        if self.ended or grant is None or not grant.holds(now):
            raise SessionEnded("this session, or this credential of it, has ended")
        if now >= min(self.idle_expires_at, self.expires_at):
            raise SessionExpired("the session has expired")

    def joined(self, code: Credential, now: int) -> "Record":
        """After one more device joined, by which the code is used up. Raises `LinkInvalid`."""
        good = code.digest == self.link and now < min(self.link_until, self.idle_expires_at, self.expires_at)
        if self.ended or not good:
            raise LinkInvalid
        return replace(self, link="", link_until=0)


class Grant(msgspec.Struct, frozen=True):
    """What a store keeps of a credential: each device that joined a session has one of its own."""

    until: int = 0
    """When it ends, as it was renewed away; 0 where it was not."""
    nonce: str = ""
    """What its renewal derived the next credential with."""
    replaced: str = ""
    """The digest of the credential that it was renewed from."""

    def holds(self, now: int) -> bool:
        return not self.until or now < self.until


DEVICES = 32
"""How many credentials of one session there may be side by side: one a device."""

Grants = MutableMapping[str, Grant]
"""By the digests of their credentials."""


def renew(grants: Grants, held: Credential, proposed: str, until: int) -> Credential:
    """The credential after the held one; the same one where it was renewed already."""
    grant = grants[held.digest]
    if grant.nonce:
        return held.successor(grant.nonce)
    successor = held.successor(proposed)
    grants.pop(grant.replaced, None)
    grants[held.digest] = Grant(until, proposed)
    grants[successor.digest] = Grant(replaced=held.digest)
    return successor


def admit_device(grants: Grants, credential: Credential) -> None:
    """Grant a device that joins a credential of its own. Raises `LinkInvalid` where there are too many."""
    if sum(not grant.until for grant in grants.values()) >= DEVICES:
        raise LinkInvalid
    grants[credential.digest] = Grant()
