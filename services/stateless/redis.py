"""Sessions in Redis: one hash each, changed by one script in one round trip."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import msgspec

from services.session import devices
from services.session.credential import Credential, nonce
from services.session.document import CountVisit, Item, Operation, PutItem, RemoveItem, Session
from services.session.idempotency import MISMATCH, REMEMBERED
from services.session.lifetime import Lifetime
from services.session.record import DEVICES
from services.session.store import (
    Applied,
    DeviceForgotten,
    Held,
    IdempotencyMismatch,
    Link,
    LinkInvalid,
    Once,
    PreconditionFailed,
    SequenceGap,
    SessionEnded,
    SessionError,
    SessionExpired,
    SessionGone,
    SessionUnknown,
    Synced,
)
from services.session.upload import Upload
from services.stateless.script import Script

_item = msgspec.json.Decoder(tuple[str, int])
_SCRIPT = Path(__file__).with_name("session.lua").read_text()
_REFUSALS: dict[bytes, Callable[..., SessionError]] = {
    b"unknown": lambda: SessionUnknown("no such session is known here"),
    b"ended": lambda: SessionEnded("this session, or this credential of it, has ended"),
    b"expired": lambda: SessionExpired("the session has expired"),
    b"precondition": lambda version: PreconditionFailed(f"the session is at version {version}"),
    b"mismatch": lambda: IdempotencyMismatch(MISMATCH),
    b"forgotten": DeviceForgotten,
    b"gap": SequenceGap,
    b"link": LinkInvalid,
}
"""By what the script answers in place of `ok`, and with what stands behind it."""


class RedisStore:
    """A `SessionStore` in the Redis at `url`. Needs no connection until its first use."""

    def __init__(self, url: str, lifetime: Lifetime) -> None:
        self._lifetime = lifetime
        self._script = Script(url, _SCRIPT)

    def open(self) -> Held:
        credential, now = Credential.fresh(), self._lifetime.clock()
        idle_expires_at, expires_at = self._step(credential, "open", self._lifetime.absolute)
        return Held(str(credential), Session(1, {}, 0, now, idle_expires_at, expires_at))

    def load(self, credential: str) -> Held:
        (flat,) = self._step(Credential.parse(credential), "load")
        return Held(credential, _session(flat))

    def apply(
        self,
        credential: str,
        operations: Sequence[Operation],
        *,
        if_versions: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Applied:
        steps = [part for operation in operations for part in _arguments(operation)]
        asked = once or Once("", "")
        version, results = self._step(
            Credential.parse(credential), "apply", REMEMBERED, *asked, *steps, if_versions=if_versions
        )
        return Applied(credential, version, tuple(results))

    def sync(self, credential: str, upload: Upload) -> Synced:
        steps = [part for one in upload.operations for part in _arguments(one.intent)]
        known = (devices.REMEMBERED, upload.device, upload.since, upload.first)
        acknowledged, flat = self._step(Credential.parse(credential), "sync", *known, *steps)
        return Synced(credential, acknowledged, _session(flat))

    def link(self, credential: str) -> Link:
        held = Credential.parse(credential)
        code, until = held.another(), self._lifetime.clock() + self._lifetime.link
        self._step(held, "link", code.digest, until)
        return Link(str(code), until)

    def join(self, code: str) -> Held:
        held = Credential.of_link(code)
        own = held.another()
        (flat,) = self._step(held, "join", DEVICES, own.digest)
        return Held(str(own), _session(flat))

    def renew(self, credential: str, *, if_versions: Collection[int] | None = None) -> str:
        held, proposed = Credential.parse(credential), nonce()
        successor = held.successor(proposed)
        (agreed,) = self._step(held, "renew", successor.digest, proposed, if_versions=if_versions)
        return str(held.successor(agreed.decode()))

    def close(self, credential: str, *, if_versions: Collection[int] | None = None) -> bool:
        held = Credential.parse(credential)
        try:
            self._step(held, "close", if_versions=if_versions)
        except SessionGone:
            return False
        return True

    def check(self) -> None:
        self._script.check()

    def _step(
        self,
        credential: Credential,
        verb: str,
        *arguments: str | bytes | int,
        if_versions: Collection[int] | None = None,
    ) -> list[Any]:
        """Run one verb of the script; what it answers behind `ok`."""
        life = self._lifetime
        status, *answer = self._script.run(
            [f"session:{credential.id}", f"answers:{credential.id}"],
            *(life.clock(), life.idle, life.throttle, life.grace, life.retention),
            *(credential.digest, "" if if_versions is None else f",{','.join(map(str, if_versions))},"),
            *(verb, *arguments),
        )
        if status != b"ok":
            raise _REFUSALS[status](*answer)
        return list(answer)


def _arguments(operation: Operation) -> tuple[str | bytes, ...]:
    match operation:
        case PutItem(id=key, item=item):
            return "put", key, msgspec.json.encode((item.name, item.quantity))
        case RemoveItem(id=key):
            return "remove", key
        case CountVisit():
            return ("visit",)


def _session(flat: Sequence[bytes]) -> Session:
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    items = {}
    for field, value in fields.items():
        if field.startswith(b"item:"):
            items[field[5:].decode()] = Item(*_item.decode(value))
    return Session(
        version=int(fields[b"version"]),
        items=items,
        visits=int(fields[b"visits"]),
        opened_at=int(fields[b"opened_at"]),
        idle_expires_at=int(fields[b"idle_expires_at"]),
        expires_at=int(fields[b"expires_at"]),
    )
