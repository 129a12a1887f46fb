"""One Lua script on one Redis: atomic, in one round trip, behind a circuit.

Commands go straight to a connection: what a client of redis-py does around it, for retries, metrics and
its pool, takes more of the processor than the round trip. Nothing is tried again: an answer that was lost
leaves it open whether the change happened, and a second try could count a visit twice. Whether Redis keeps
what it accepted is Redis's configuration.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import redis
from hiredis import pack_command
from redis.backoff import NoBackoff
from redis.connection import ConnectionInterface
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
        self._circuit = Circuit(_silent, self._answers)
        self._connections = redis.ConnectionPool.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
            max_connections=_NO_LIMIT,
            **_NO_GREETING,
        )
        self._idle: list[ConnectionInterface] = []

    def run(self, keys: Sequence[str], *arguments: str | bytes | int) -> Any:
        """What it returns. A Redis that does not have it, as after a restart, costs a second round trip.

        Raises `StoreUnavailable`.
        """
        with self._answering():
            try:
                return self._ask("EVALSHA", self._sha, len(keys), *keys, *arguments)
            except redis.exceptions.NoScriptError:
                return self._ask("EVAL", self._text, len(keys), *keys, *arguments)

    def check(self) -> None:
        """Raise `StoreUnavailable` unless Redis answers."""
        with self._answering():
            self._ask("PING")

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

    def _ask(self, *command: str | bytes | int) -> Any:
        connection = self._connection()
        try:
            packed = pack_command(command)  # type: ignore[arg-type]  # declared for tuples of one
            connection.send_packed_command([packed], check_health=False)
            return connection.read_response()
        finally:
            if connection.is_connected:  # it hangs up where an answer might still come
                self._idle.append(connection)

    def _connection(self) -> ConnectionInterface:
        """Nobody else's. Not one that Redis has closed since, as it does when it restarts."""
        with suppress(IndexError, redis.ConnectionError):
            connection = self._idle.pop()
            if not connection.can_read():
                return connection
        return self._connections.make_connection()

    def _answers(self) -> bool:
        """Whether Redis answers on a new connection: an outage leaves dead ones behind."""
        self._idle.clear()
        try:
            self._ask("PING")
        except redis.RedisError as error:
            return not _silent(error)
        return True


def _silent(error: Exception) -> bool:
    """Whether an error is silence, and not the answer of a Redis that is full, read-only, loading, busy."""
    answers = (redis.BusyLoadingError, redis.AuthenticationError, redis.exceptions.AuthorizationError)
    silence = (redis.ConnectionError, redis.TimeoutError, redis.InvalidResponse)
    return isinstance(error, silence) and not isinstance(error, answers)
