"""Sessions in Redis: one hash each, changed by one script in one round trip.

Client retries are off: an answer that was lost leaves it open whether the change happened, and a
second try could count a visit twice. Whether Redis keeps what it accepted is Redis's configuration.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from services.session.credential import Credential, nonce
from services.session.document import CountVisit, Item, Operation, PutItem, RemoveItem, Session
from services.session.lifetime import Lifetime
from services.session.store import (
    Applied,
    Held,
    PreconditionFailed,
    SessionEnded,
    SessionExpired,
    SessionGone,
    SessionUnknown,
    StoreUnavailable,
)
from services.stateless.circuit import Circuit, CircuitOpen

CONNECT_SECONDS = 0.3
ANSWER_SECONDS = 0.5

_NO_LIMIT = 2**31  # the server's threads are the limit
# A new connection is ready with no round trip, and no notice from Redis can lengthen our time-outs.
_NO_GREETING: dict[str, Any] = {"protocol": 2, "driver_info": None}

_SCRIPT = Path(__file__).with_name("session.lua").read_text()
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
_GONE: dict[bytes, tuple[type[SessionGone], str]] = {
    b"unknown": (SessionUnknown, "no such session is known here"),
    b"ended": (SessionEnded, "this session, or this credential of it, has ended"),
    b"expired": (SessionExpired, "the session has expired"),
}


class RedisStore:
    """A `SessionStore` in the Redis at `url`. Needs no connection until its first use."""

    def __init__(self, url: str, lifetime: Lifetime) -> None:
        self._lifetime = lifetime
        self._redis = redis.Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
            max_connections=_NO_LIMIT,
            **_NO_GREETING,
        )
        self._circuit = Circuit(_silent, self._answers)

    def open(self) -> Held:
        credential, now = Credential.fresh(), self._lifetime.clock()
        idle_expires_at, expires_at = self._step(credential, None, "open", self._lifetime.absolute)
        return Held(str(credential), Session(1, {}, 0, now, idle_expires_at, expires_at))

    def load(self, credential: str) -> Held:
        (flat,) = self._step(Credential.parse(credential), None, "load")
        return Held(credential, _session(dict(zip(flat[::2], flat[1::2], strict=True))))

    def apply(
        self, credential: str, operations: Sequence[Operation], *, if_version: int | None = None
    ) -> Applied:
        steps = [part for operation in operations for part in _arguments(operation)]
        version, results = self._step(Credential.parse(credential), if_version, "apply", *steps)
        return Applied(credential, version, tuple(results))

    def renew(self, credential: str, *, if_version: int | None = None) -> str:
        held, proposed = Credential.parse(credential), nonce()
        successor = held.successor(proposed)
        (agreed,) = self._step(held, if_version, "renew", successor.digest, proposed)
        return str(held.successor(agreed.decode()))

    def close(self, credential: str, *, if_version: int | None = None) -> None:
        held = Credential.parse(credential)
        try:
            self._step(held, if_version, "close")
        except SessionGone:
            return

    def check(self) -> None:
        with self._answering():
            self._redis.ping()

    def _step(
        self, credential: Credential, if_version: int | None, verb: str, *arguments: str | bytes | int
    ) -> list[Any]:
        """Run one verb of the script; what it answers behind `ok`."""
        life = self._lifetime
        status, *answer = self._run(
            f"session:{credential.id}",
            *(life.clock(), life.idle, life.throttle, life.grace, life.retention),
            *(credential.digest, "" if if_version is None else if_version),
            *(verb, *arguments),
        )
        if status == b"precondition":
            raise PreconditionFailed(f"the session is at version {answer[0]}, not {if_version}")
        if status != b"ok":
            error_type, text = _GONE[status]
            raise error_type(text)
        return list(answer)

    def _run(self, key: str, *arguments: str | bytes | int) -> Any:
        """Run the script in one round trip; two where Redis does not have it, as after a restart."""
        with self._answering():
            try:
                return self._redis.evalsha(_SHA, 1, key, *arguments)
            except redis.exceptions.NoScriptError:
                return self._redis.eval(_SCRIPT, 1, key, *arguments)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Around what needs an answer. Raises `StoreUnavailable`: at once while there are none.

        Nothing of what is refused at once has reached Redis, where it could still be done later.
        """
        try:
            with self._circuit.call():
                yield
        except (redis.RedisError, CircuitOpen) as error:
            raise StoreUnavailable(f"Redis did not do it: {error}") from error

    def _answers(self) -> bool:
        """Whether Redis answers on a new connection: an outage leaves dead ones in the pool."""
        self._redis.connection_pool.disconnect(inuse_connections=False)
        try:
            self._redis.ping()
        except redis.RedisError as error:
            return not _silent(error)
        return True


def _silent(error: Exception) -> bool:
    """Whether an error is silence, and not the answer of a Redis that is full, read-only, loading, busy."""
    answers = (redis.BusyLoadingError, redis.AuthenticationError, redis.exceptions.AuthorizationError)
    silence = (redis.ConnectionError, redis.TimeoutError, redis.InvalidResponse)
    return isinstance(error, silence) and not isinstance(error, answers)


def _arguments(operation: Operation) -> tuple[str | bytes, ...]:
    match operation:
        case PutItem(id=key, item=item):
            return "put", key, msgspec.json.encode((item.name, item.quantity))
        case RemoveItem(id=key):
            return "remove", key
        case CountVisit():
            return ("visit",)


def _session(fields: dict[bytes, bytes]) -> Session:
    items = {}
    for field, value in fields.items():
        if field.startswith(b"item:"):
            name, quantity = msgspec.json.decode(value, type=tuple[str, int])
            items[field[5:].decode()] = Item(name, quantity)
    return Session(
        version=int(fields[b"version"]),
        items=items,
        visits=int(fields[b"visits"]),
        opened_at=int(fields[b"opened_at"]),
        idle_expires_at=int(fields[b"idle_expires_at"]),
        expires_at=int(fields[b"expires_at"]),
    )
