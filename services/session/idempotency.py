"""Changes that may be sent again: what a store remembers of them, to answer a repeat as it did first.

A store decides and remembers in the same atomic step as the change, so a repeat finds the answer on
every replica, also when both arrive at once. Source of the terms: the IETF draft "The Idempotency-Key
HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header).
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence

import msgspec

from services.session.document import Operation
from services.session.store import IdempotencyMismatch, Once

REMEMBERED = 32
"""How many answers a server-side store remembers of one session: those of its latest keyed changes."""
MISMATCH = "this Idempotency-Key came with another change before: use a new one"


def once(key: str, operations: Sequence[Operation]) -> Once:
    """These operations under a client's key."""
    return Once(_digest(key.encode()), _digest(msgspec.json.encode(operations)))


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What a change led to, and for what payload."""

    payload: str
    version: int
    results: tuple[int, ...]


def repeated(asked: Once, first: Answer | None) -> Answer | None:
    """The answer to give again; None where the change is to be made. Raises `IdempotencyMismatch`."""
    if first is not None and first.payload != asked.payload:
        raise IdempotencyMismatch(MISMATCH)
    return first


def remember(
    answers: dict[str, Answer], asked: Once, version: int, results: tuple[int, ...], limit: int = REMEMBERED
) -> None:
    """Add this answer; the oldest beyond the limit are forgotten."""
    answers[asked.key] = Answer(asked.payload, version, results)
    while len(answers) > limit:
        del answers[next(iter(answers))]


def _digest(content: bytes) -> str:
    """72 bits of SHA-256, in 12 characters: enough to tell one client's own few keys apart."""
    return urlsafe_b64encode(hashlib.sha256(content).digest()[:9]).decode()
