"""What seals a token: JWE in compact form (RFC 7516) with `dir` and `A256GCM` (RFC 7518).

The cryptography is that of the library `cryptography`; only the form around it is written here, as a
JOSE library takes most of a request's time for choices that are none here. There is one algorithm,
and one protected header for each key: what carries another is not parsed any further.
"""

import os
from dataclasses import dataclass
from functools import cached_property

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_TAG = 16
"""Bytes (RFC 7518, 5.3)."""


class Unsealed(ValueError):
    """Not what a key of ours sealed, or not any more."""


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alg: str
    enc: str
    kid: str


_headers = msgspec.json.Decoder(_Header)


@dataclass(frozen=True)
class Key:
    """A key of 256 bits, and its id. Seals at most 2**32 tokens, as its nonces are random."""

    kid: str
    raw_value: bytes

    @cached_property
    def header(self) -> str:
        """The protected header, encoded."""
        return _encode(msgspec.json.encode(_Header("dir", "A256GCM", self.kid)))

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self.raw_value)

    def seal(self, content: bytes) -> str:
        """The content as a token: encrypted and, with the header, authenticated."""
        nonce = os.urandom(_NONCE)
        sealed = self._cipher.encrypt(nonce, content, self.header.encode())
        return f"{self.header}..{_encode(nonce)}.{_encode(sealed[:-_TAG])}.{_encode(sealed[-_TAG:])}"

    def open(self, token: str) -> bytes:
        """The content. Raises `Unsealed`."""
        parts = token.split(".")
        if len(parts) != 5 or parts[:2] != [self.header, ""]:
            raise Unsealed("it has not five parts, or another header")
        nonce, content, tag = (_decode(part) for part in parts[2:])
        if (len(nonce), len(tag)) != (_NONCE, _TAG):
            raise Unsealed("its nonce or its tag is of another length")
        try:
            return self._cipher.decrypt(nonce, content + tag, self.header.encode())
        except InvalidTag as error:
            raise Unsealed("it is not authentic") from error


def kid_of(token: str) -> str:
    """The id of the key that a token says it was sealed with. Raises `Unsealed`."""
    try:
        return _headers.decode(_decode(token.partition(".")[0])).kid
    except msgspec.MsgspecError as error:
        raise Unsealed("its header is none of ours") from error


# msgspec's base64 takes a third of the standard library's time, and nothing that is none.


def _encode(content: bytes) -> str:
    encoded: str = msgspec.to_builtins(content)
    return encoded.rstrip("=").replace("+", "-").replace("/", "_")


def _decode(text: str) -> bytes:
    """Takes the one spelling that `_encode` gives. Raises `Unsealed`."""
    try:
        encoded = text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4)
        content = msgspec.convert(encoded, bytes)
    except (msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise Unsealed("a part of it is not base64url") from error
    if _encode(content) != text:
        raise Unsealed("a part of it is spelled in another way")
    return content
