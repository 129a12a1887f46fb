"""One Lua script on one Redis: atomic, in one round trip, behind a circuit.

Client retries are off: an answer that was lost leaves it open whether the change happened, and a
second try could count a visit twice. Whether Redis keeps what it accepted is Redis's configuration.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from services.session.store import StoreUnavailable
from services.stateless.circuit import Circuit, CircuitOpen

CONNECT_SECONDS = 0.3
ANSWER_SECONDS = 0.5

_NO_LIMIT = 2**31  # the server's threads are the limit
# A new connection is ready with no round trip, and no notice from Redis can lengthen our time-outs.
_NO_GREETING: dict[str, Any] = {"protocol": 2, "driver_info": None}


class Script:
    """`text` on the Redis at `url`. Needs no connection until its first use."""

    def __init__(self, url: str, text: str) -> None:
        self._text = text
        self._sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        self._circuit = Circuit(_unanswered)
        self._redis = redis.Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
            max_connections=_NO_LIMIT,
            **_NO_GREETING,
        )

    def run(self, keys: Sequence[str], *arguments: str | bytes | int) -> Any:
        """What it returns. A Redis that does not have it, as after a restart, costs a second round trip.

        Raises `StoreUnavailable`.
        """
        with self._answering():
            try:
                return self._redis.evalsha(self._sha, len(keys), *keys, *arguments)
            except redis.exceptions.NoScriptError:
                return self._redis.eval(self._text, len(keys), *keys, *arguments)

    def check(self) -> None:
        """Raise `StoreUnavailable` unless Redis answers."""
        with self._answering():
            self._redis.ping()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Around what needs an answer. Raises `StoreUnavailable`: at once while there are none.

        A trial begins with a new connection, as an outage leaves dead ones in the pool, and with a
        PING, so that nothing that is refused has reached Redis, where it could still be done later.
        """
        try:
            with self._circuit.call() as trial:
                if trial:
                    self._redis.connection_pool.disconnect(inuse_connections=False)
                    self._redis.ping()
                yield
        except (redis.RedisError, CircuitOpen) as error:
            raise StoreUnavailable(f"Redis did not do it: {error}") from error


def _unanswered(error: Exception) -> bool:
    """Whether an error is silence, and not the answer of a Redis that is full, read-only, loading, busy."""
    answers = (redis.BusyLoadingError, redis.AuthenticationError, redis.exceptions.AuthorizationError)
    silence = (redis.ConnectionError, redis.TimeoutError, redis.InvalidResponse)
    return isinstance(error, silence) and not isinstance(error, answers)
