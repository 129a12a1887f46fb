"""What is in a token, and in the code with which another device gets a copy of it."""

from typing import ClassVar, TypeVar

import msgspec

from services.session.devices import Mark
from services.session.document import Session
from services.session.idempotency import Answer
from services.session.store import CredentialInvalid
from services.stateless.keyring import KeyRing
from services.stateless.seal import Key, Unsealed, kid_of


class Content(msgspec.Struct, frozen=True, array_like=True):
    """What anything sealed begins with, so that nothing sealed for something else passes."""

    PURPOSE: ClassVar[str]
    purpose: str
    service: str


class Sealed(Content, frozen=True, array_like=True):
    """A session, with what is remembered of it."""

    PURPOSE = "session"
    session: Session
    id: str
    generation: int = 0
    """How often the credential was renewed: all tokens since the last renewal are of one generation."""
    answers: dict[str, Answer] = {}
    marks: dict[str, Mark] = {}
    """Of its devices."""
    horizon: int = 0


class SealedLink(Content, frozen=True, array_like=True):
    """A copy of a session on its way to another device."""

    PURPOSE = "link"
    copied: Sealed
    id: str
    expires_at: int


C = TypeVar("C", bound=Content)


class Seals:
    """Seals for one service, with the newest key of the ring, and opens what any of its keys sealed."""

    def __init__(self, keys: KeyRing, service: str) -> None:
        self._keys = keys
        self.service = service

    def seal(self, content: Content) -> str:
        return self._keys.sealing().seal(msgspec.json.encode(content))

    def open(self, token: str, kind: type[C]) -> C:
        """What is in a token that is authentic and meant for here. Raises `CredentialInvalid`."""
        try:
            content = msgspec.json.decode(self._key_of(token).open(token), type=kind)
        except (Unsealed, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise CredentialInvalid("the session token was not sealed by this service") from error
        if (content.purpose, content.service) != (kind.PURPOSE, self.service):
            raise CredentialInvalid("the session token was sealed for something else")
        return content

    def _key_of(self, token: str) -> Key:
        key = self._keys.opening(kid_of(token))
        if key is None:
            raise CredentialInvalid("the session token names a key that is not, or no longer, in the ring")
        return key

    def check(self) -> None:
        """Raises `StoreUnavailable` where there is no key to seal with."""
        self._keys.sealing()
