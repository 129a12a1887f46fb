"""Sessions in the client's hands: the state, sealed, is the credential. The server keeps nothing.

A token is a JWE in compact form (RFC 7516), `dir` with `A256GCM`: encrypted and authenticated. Its
header, authenticated too, names the key; inside, purpose and service are bound in, so that nothing
sealed for something else passes. What a client-held state cannot promise: of two parallel requests
the last cookie wins, and an old token that somebody kept opens until its timeouts, unless a revocation
record says that its session was ended or that it was renewed away.
"""

import secrets
from collections.abc import Collection, Sequence

from msgspec.structs import replace

from services.session import devices, document
from services.session.devices import Mark
from services.session.document import Operation, Session
from services.session.idempotency import remember, repeated
from services.session.lifetime import Lifetime
from services.session.store import (
    Applied,
    CredentialInvalid,
    Held,
    Link,
    LinkInvalid,
    Once,
    PreconditionFailed,
    SessionEnded,
    SessionExpired,
    SessionGone,
    SessionTooLarge,
    Synced,
)
from services.session.upload import Upload
from services.stateless.keyring import KeyRing
from services.stateless.revocation import Revocations
from services.stateless.sealed import Sealed, SealedLink, Seals

REMEMBERED = 4
"""How many answers a token remembers of its session's keyed changes: each takes some 70 of its bytes."""
DEVICES_REMEMBERED = 4
"""How many devices a token remembers."""


class TokenStore:
    """A `SessionStore` that keeps nothing but a key ring, and a record of revocations if it is given one.

    `room` is how many bytes of a cookie the token may fill: beyond it, `SessionTooLarge`.
    """

    def __init__(
        self,
        keys: KeyRing,
        service: str,
        room: int,
        lifetime: Lifetime,
        revocations: Revocations | None = None,
    ) -> None:
        self._seals = Seals(keys, service)
        self._room = room
        self._lifetime = lifetime
        self._revocations = revocations

    def open(self) -> Held:
        now = self._lifetime.clock()
        expires_at = now + self._lifetime.absolute
        session = Session(1, {}, 0, now, self._lifetime.idle_deadline(now, expires_at), expires_at)
        sealed = self._seal(Sealed(Sealed.PURPOSE, self._seals.service, session, secrets.token_urlsafe(16)))
        return Held(sealed, session)

    def load(self, credential: str) -> Held:
        return self._read(credential, self._admitted(credential))

    def _read(self, credential: str, sealed: Sealed) -> Held:
        session, now = sealed.session, self._lifetime.clock()
        if not self._lifetime.touch_due(now, session.idle_expires_at, session.expires_at):
            return Held(credential, session)
        touched = self._touched(session, now)
        try:
            return Held(self._seal(replace(sealed, session=touched)), touched)
        except SessionTooLarge:  # as with a key whose id is longer: it is read all the same
            return Held(credential, session)

    def apply(
        self,
        credential: str,
        operations: Sequence[Operation],
        *,
        if_versions: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Applied:
        sealed = self._admitted(credential)
        if once and (first := repeated(once, sealed.answers.get(once.key))):
            return Applied(credential, first.version, first.results)
        PreconditionFailed.unless_at(if_versions, sealed.session.version)
        session, results = document.apply(sealed.session, operations)
        if once:
            remember(sealed.answers, once, session.version, results, REMEMBERED)
        session = self._touched(session, self._lifetime.clock())
        return Applied(self._seal(replace(sealed, session=session)), session.version, results)

    def sync(self, credential: str, upload: Upload) -> Synced:
        sealed = self._admitted(credential)
        marks = sealed.marks
        operations = devices.due(upload, marks.get(upload.device), sealed.horizon, sealed.session.version)
        if not operations:
            held = self._read(credential, sealed)
            acknowledged = marks.get(upload.device, Mark()).acknowledged
            return Synced(held.credential, acknowledged, held.session)
        session, _ = document.apply(sealed.session, operations)
        forgotten = devices.remember(marks, upload, session.version, DEVICES_REMEMBERED)
        horizon = session.version if forgotten else sealed.horizon
        session = self._touched(session, self._lifetime.clock())
        return Synced(self._seal(replace(sealed, session=session, horizon=horizon)), upload.last, session)

    def link(self, credential: str) -> Link:
        """A copy: what becomes of one of the two from here on, the other does not learn."""
        sealed, until = self._admitted(credential), self._lifetime.clock() + self._lifetime.link
        link = SealedLink(SealedLink.PURPOSE, sealed.service, sealed, secrets.token_urlsafe(16), until)
        return Link(self._seals.seal(link), until)

    def join(self, code: str) -> Held:
        """Only a revocation record knows whether a code was used before, or its session ended since."""
        try:
            link = self._seals.open(code, SealedLink)
        except CredentialInvalid as error:
            raise LinkInvalid from error
        copied, now = link.copied, self._lifetime.clock()
        if now >= min(link.expires_at, copied.session.expires_at):
            raise LinkInvalid
        session = self._touched(copied.session, now)
        own = self._seal(replace(copied, session=session, id=secrets.token_urlsafe(16), generation=0))
        if self._revocations:
            _use_up(link, self._revocations)
        return Held(own, session)

    def renew(self, credential: str, *, if_versions: Collection[int] | None = None) -> str:
        """A fresh token. Only a revocation record can end the old one before its timeouts."""
        sealed = self._unseal(credential)
        self._expect(sealed, if_versions)
        renewed = self._seal(replace(sealed, generation=sealed.generation + 1))
        if self._revocations:
            self._revocations.renew(sealed.id, sealed.generation, sealed.session.expires_at)
        return renewed

    def close(self, credential: str, *, if_versions: Collection[int] | None = None) -> bool:
        """Without a revocation record, all that can be done is that the client forgets it."""
        try:
            sealed = self._unseal(credential)
            self._expect(sealed, if_versions)
            if self._revocations:
                self._revocations.end(sealed.id, sealed.generation, sealed.session.expires_at)
        except SessionGone:
            return False
        return True

    def check(self) -> None:
        """A store that is nowhere is always there; its keys and its revocation record need not be."""
        self._seals.check()
        if self._revocations:
            self._revocations.reach()

    def _seal(self, sealed: Sealed) -> str:
        token = self._seals.seal(sealed)
        if len(token) > self._room:
            raise SessionTooLarge(
                f"the sealed session would take {len(token)} bytes, a cookie has room for {self._room}: "
                "remove items first"
            )
        return token

    def _admitted(self, token: str) -> Sealed:
        """What is in a token that still opens its session."""
        sealed = self._unseal(token)
        if self._revocations:
            newest = self._revocations.check(sealed.id, sealed.generation)
            sealed = replace(sealed, generation=newest)
        return sealed

    def _expect(self, sealed: Sealed, if_versions: Collection[int] | None) -> None:
        """Raises `PreconditionFailed` but for a token that has ended: that one is at no version."""
        if if_versions is not None and self._revocations:
            self._revocations.check(sealed.id, sealed.generation)
        PreconditionFailed.unless_at(if_versions, sealed.session.version)

    def _unseal(self, token: str) -> Sealed:
        """What is in a token that is authentic, meant for here, and in time."""
        sealed = self._seals.open(token, Sealed)
        if self._lifetime.clock() >= min(sealed.session.idle_expires_at, sealed.session.expires_at):
            raise SessionExpired("the session has expired")
        return sealed

    def _touched(self, session: Session, now: int) -> Session:
        deadline = self._lifetime.touched(now, session.idle_expires_at, session.expires_at)
        return replace(session, idle_expires_at=deadline)


def _use_up(link: SealedLink, revocations: Revocations) -> None:
    """Raises `LinkInvalid` where it was used before, or what it was copied from has ended."""
    try:
        revocations.expect_going_on(link.copied.id)
        revocations.end(link.id, 0, link.expires_at)
    except SessionEnded as error:
        raise LinkInvalid from error
