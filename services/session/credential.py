"""Opaque credentials of the server-side stores: `<session id>.<secret>`, each 128 random bits.

A store keeps the id in clear, to find the session, and of the secret only a digest. A renewal
replaces the secret by one derived from the old secret and a random nonce that the store keeps: who
still holds the old one within its grace derives the same new one, and what the store holds opens
nothing.
"""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from typing import NamedTuple

from services.session.store import CredentialInvalid, LinkInvalid

_FORM = re.compile(r"\A([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{22})\Z")


class Credential(NamedTuple):
    """A session's id, and the secret that proves it was given out."""

    id: str
    secret: str

    @classmethod
    def fresh(cls) -> "Credential":
        return cls(secrets.token_urlsafe(16), secrets.token_urlsafe(16))

    @classmethod
    def of_link(cls, code: str) -> "Credential":
        """What a link's code stands for. Raises `LinkInvalid`."""
        try:
            return cls.parse(code)
        except CredentialInvalid as error:
            raise LinkInvalid from error

    @classmethod
    def parse(cls, text: str) -> "Credential":
        """Raises `CredentialInvalid` for anything that `str()` of a credential never looks like."""
        match = _FORM.match(text)
        if match is None:
            raise CredentialInvalid("the session credential is malformed")
        return cls(*match.groups())

    def another(self) -> "Credential":
        """One more of the same session: a device's own, or a code to join with."""
        return self._replace(secret=secrets.token_urlsafe(16))

    def __str__(self) -> str:
        return f"{self.id}.{self.secret}"

    @property
    def digest(self) -> str:
        """What a store keeps of the secret: its SHA-256, in 43 characters."""
        return in_base64(hashlib.sha256(self.secret.encode()).digest())

    def successor(self, nonce: str) -> "Credential":
        """The credential that a renewal with this nonce leads to."""
        derived = hmac.digest(self.secret.encode(), nonce.encode(), "sha256")[:16]
        return self._replace(secret=in_base64(derived))


def nonce() -> str:
    """A random nonce for one renewal."""
    return secrets.token_urlsafe(16)


def in_base64(digest: bytes) -> str:
    """Short, and safe in every place: base64url without padding."""
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
