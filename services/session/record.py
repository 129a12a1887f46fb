"""What a server-side store keeps of a session beside its content, and who may pass.

The memory and the SQLite store use this as it is; `services/stateless/session.lua` is the same
decision where Redis can take it atomically. The suite in `tests/contract` holds them together.
"""

import msgspec
from msgspec.structs import replace

from services.session.credential import Credential
from services.session.lifetime import Lifetime
from services.session.store import SessionEnded, SessionExpired


class Record(msgspec.Struct, frozen=True):
    """One session's life. Digests in hexadecimal, times in POSIX seconds."""

    secret: str
    version: int
    opened_at: int
    idle_expires_at: int
    expires_at: int
    previous: str = ""
    previous_until: int = 0
    nonce: str = ""
    ended: bool = False

    @classmethod
    def begin(cls, credential: Credential, lifetime: Lifetime) -> "Record":
        now = lifetime.clock()
        expires_at = now + lifetime.absolute
        return cls(credential.digest, 1, now, lifetime.idle_deadline(now, expires_at), expires_at)

    def admit(self, credential: Credential, now: int) -> None:
        """Raises unless this credential may act on the session now."""
        in_grace = credential.digest == self.previous and now < self.previous_until
        if self.ended or not (credential.digest == self.secret or in_grace):
            raise SessionEnded("this session, or this credential of it, has ended")
        if now >= min(self.idle_expires_at, self.expires_at):
            raise SessionExpired("the session has expired")

    def renewed(self, credential: Credential, nonce: str, now: int, grace: int) -> "Record":
        """After a renewal by an admitted credential; unchanged where it was renewed already."""
        if credential.digest != self.secret:
            return self
        successor = credential.successor(nonce)
        return replace(
            self,
            secret=successor.digest,
            previous=self.secret,
            previous_until=now + grace,
            nonce=nonce,
        )
