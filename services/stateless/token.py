"""Sessions in the client's hands: the state, sealed, is the credential. The server keeps nothing.

A token is a JWE in compact form (RFC 7516), `dir` with `A256GCM`: encrypted and authenticated. Its
header, authenticated too, names the key; inside, purpose and service are bound in, so that nothing
sealed for something else passes. What a client-held state cannot promise: of two parallel changes
the last cookie wins, and an old token that somebody kept opens until its timeouts.
"""

from collections.abc import Sequence

import msgspec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OctKey

from services.session import document
from services.session.document import Operation, Session
from services.session.lifetime import Lifetime
from services.session.store import (
    Applied,
    CredentialInvalid,
    Held,
    PreconditionFailed,
    SessionExpired,
    SessionTooLarge,
)
from services.stateless.keyring import KeyRing

_PURPOSE = "session"
_REGISTRY = jwe.JWERegistry(algorithms=["dir", "A256GCM"])


class _Sealed(msgspec.Struct, frozen=True, array_like=True):
    purpose: str
    service: str
    session: Session


_decoder = msgspec.json.Decoder(_Sealed)


class TokenStore:
    """A `SessionStore` that keeps nothing but a key ring.

    `room` is how many bytes of a cookie the token may fill: beyond it, `SessionTooLarge`.
    """

    def __init__(self, keys: KeyRing, service: str, room: int, lifetime: Lifetime) -> None:
        self._keys = keys
        self._service = service
        self._room = room
        self._lifetime = lifetime

    def open(self) -> Held:
        now = self._lifetime.clock()
        expires_at = now + self._lifetime.absolute
        session = Session(1, {}, 0, now, self._lifetime.idle_deadline(now, expires_at), expires_at)
        return Held(self._seal(session), session)

    def load(self, credential: str) -> Held:
        session, now = self._unseal(credential), self._lifetime.clock()
        if not self._lifetime.touch_due(now, session.idle_expires_at, session.expires_at):
            return Held(credential, session)
        session = self._touched(session, now)
        return Held(self._seal(session), session)

    def apply(
        self, credential: str, operations: Sequence[Operation], *, if_version: int | None = None
    ) -> Applied:
        session, results = document.apply(self._unseal(credential, if_version), operations)
        sealed = self._seal(self._touched(session, self._lifetime.clock()))
        if len(sealed) > self._room:
            raise SessionTooLarge(
                f"the sealed session would take {len(sealed)} bytes, a cookie has room for {self._room}: "
                "remove items first"
            )
        return Applied(sealed, session.version, results)

    def renew(self, credential: str, *, if_version: int | None = None) -> str:
        """A fresh token. Nothing can end the old one before its timeouts: no server remembers it."""
        return self._seal(self._unseal(credential, if_version))

    def close(self, credential: str, *, if_version: int | None = None) -> None:
        """All that can be done is that the client forgets it, which is the cookie's affair."""
        try:
            self._unseal(credential, if_version)
        except SessionExpired:
            return

    def check(self) -> None:
        """A store that is nowhere is always there."""

    def _seal(self, session: Session) -> str:
        key = self._keys.sealing()
        header = {"alg": "dir", "enc": "A256GCM", "kid": key.kid}
        content = msgspec.json.encode(_Sealed(_PURPOSE, self._service, session))
        return jwe.encrypt_compact(header, content, key, registry=_REGISTRY)

    def _unseal(self, token: str, if_version: int | None = None) -> Session:
        """The session of a token that is authentic, meant for here, in time, at this version."""
        try:
            content = jwe.decrypt_compact(token, self._key_of, registry=_REGISTRY).plaintext
            sealed = _decoder.decode(content or b"")
        except (JoseError, msgspec.MsgspecError, ValueError, TypeError) as error:
            raise CredentialInvalid("the session token was not sealed by this service") from error
        if (sealed.purpose, sealed.service) != (_PURPOSE, self._service):
            raise CredentialInvalid("the session token was sealed for something else")
        session = sealed.session
        if self._lifetime.clock() >= min(session.idle_expires_at, session.expires_at):
            raise SessionExpired("the session has expired")
        if if_version is not None and if_version != session.version:
            raise PreconditionFailed(f"the session is at version {session.version}, not {if_version}")
        return session

    def _key_of(self, token: GuestProtocol) -> OctKey:
        key = self._keys.opening(str(token.headers().get("kid")))
        if key is None:
            raise CredentialInvalid("the session token names a key that is not, or no longer, in the ring")
        return key

    def _touched(self, session: Session, now: int) -> Session:
        deadline = self._lifetime.touched(now, session.idle_expires_at, session.expires_at)
        return msgspec.structs.replace(session, idle_expires_at=deadline)
