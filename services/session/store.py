"""The central contract: what every place for session state must do, and how it fails.

What a client holds is a *credential*: an opaque random id where the server keeps the state, the
sealed state itself where it does not. A store never sees HTTP, and the HTTP contract never knows
which store it has, so the two services differ in one variable only: where the state lives.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

from services.session.document import Operation, Session
from services.session.upload import Upload


@dataclass(frozen=True)
class Held:
    """A credential to hold from now on (often the one that was given), and what it stands for."""

    credential: str
    session: Session


@dataclass(frozen=True)
class Applied:
    """The credential to hold from now on, the version reached, one result per operation."""

    credential: str
    version: int
    results: tuple[int, ...]


@dataclass(frozen=True)
class Synced:
    """The credential to hold from now on, the device's high-water mark, and the session right then."""

    credential: str
    acknowledged: int
    session: Session


class Link(NamedTuple):
    """A code with which one more device joins a session, once, until then (POSIX seconds)."""

    code: str
    expires_at: int


class Once(NamedTuple):
    """A change to make once: digests of the client's key, and of what the key was sent with."""

    key: str
    payload: str


class SessionStore(Protocol):
    """Where sessions live. Each method is atomic and safe to call from any thread and replica.

    All but `open`, `join` and `check` raise a `CredentialRejected` for a credential that opens nothing
    (`close` only `CredentialInvalid`), and any may raise `StoreUnavailable`. Whatever raises has
    changed nothing, with one exception: after `StoreUnavailable` a change may or may not have
    happened (its answer was lost).
    `if_versions` makes a change conditional: `PreconditionFailed` unless the session is at one of them.
    """

    def open(self) -> Held:
        """Begin an empty session at version 1."""

    def load(self, credential: str) -> Held:
        """Read a session; now and then also moves its idle timeout."""

    def apply(
        self,
        credential: str,
        operations: Sequence[Operation],
        *,
        if_versions: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Applied:
        """Apply all operations or none, as one version. Raises `SessionTooLarge`.

        What was asked for `once` is answered as it was the first time, and not done again, whatever
        became of the session's version. Raises `IdempotencyMismatch`.
        """

    def sync(self, credential: str, upload: Upload) -> Synced:
        """Apply, in order, what this device has not had applied yet: all of it or none, as one version.

        Its operations are numbered one after the other. Raises `SequenceGap`, `DeviceForgotten`,
        `SessionTooLarge`.
        """

    def link(self, credential: str) -> Link:
        """A code for one more device; one that was given out before is void."""

    def join(self, code: str) -> Held:
        """One more device's own credential of a session. Raises `LinkInvalid`, `SessionTooLarge`."""

    def renew(self, credential: str, *, if_versions: Collection[int] | None = None) -> str:
        """A new credential for the same state; the old one ends after a short grace.

        Within the grace a repeat gives the same new credential, so parallel renewals agree.
        Raises `SessionTooLarge`.
        """

    def close(self, credential: str, *, if_versions: Collection[int] | None = None) -> bool:
        """End the session for good: nothing, also nothing in flight, brings it back.

        Whether this call ended it. Idempotent: one that is unknown, expired or ended is closed already.
        """

    def check(self) -> None:
        """Raise `StoreUnavailable` unless the store can be reached."""


class SessionError(Exception):
    """A request that a store refuses. `slug` and `status` are part of the HTTP contract."""

    slug: ClassVar[str]
    status: ClassVar[int]


class CredentialRejected(SessionError):
    """The credential opens no session."""

    status = 401


class CredentialInvalid(CredentialRejected):
    """Not a credential that this service ever gave out."""

    slug = "credential-invalid"


class SessionGone(CredentialRejected):
    """A credential of the right form whose session is not, or no longer, to be had."""


class SessionUnknown(SessionGone):
    """No such session is known here."""

    slug = "session-unknown"


class SessionExpired(SessionGone):
    """The session passed its idle or its absolute timeout."""

    slug = "session-expired"


class SessionEnded(SessionGone):
    """The session was closed, or this credential of it was renewed away."""

    slug = "session-ended"


class PreconditionFailed(SessionError):
    """The session is no longer at a version the request was made for."""

    slug = "precondition-failed"
    status = 412

    @classmethod
    def unless_at(cls, if_versions: Collection[int] | None, version: int) -> None:
        """Raises unless this version is asked for, or none is."""
        if if_versions is not None and version not in if_versions:
            raise cls(f"the session is at version {version}")


class IdempotencyMismatch(SessionError):
    """The key of this change came with another change before."""

    slug = "idempotency-mismatch"
    status = 422


class SequenceGap(SessionError):
    """The device's operations before these are missing."""

    slug = "sequence-gap"
    status = 409

    def __init__(self, expected: int) -> None:
        super().__init__(f"the next operation of this device has to be number {expected}")
        self.expected = expected


class DeviceForgotten(SessionError):
    """The session may have known this device, and no longer knows what of it was applied."""

    slug = "device-forgotten"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            "the session may have known this device, and does not any more: whether operations that it never "
            "had an answer to were applied is not known; go on as a new device"
        )


class LinkInvalid(SessionError):
    """A code that nobody gave out, or that was used, or is too old."""

    slug = "link-invalid"
    status = 401

    def __init__(self) -> None:
        super().__init__("this link is not, or no longer, valid: have the other device make a new one")


class SessionTooLarge(SessionError):
    """The state would no longer fit into what the client can hold."""

    slug = "session-too-large"
    status = 413


class StoreUnavailable(SessionError):
    """The store did not answer in time. A change that was asked for may or may not have happened."""

    slug = "store-unavailable"
    status = 503
