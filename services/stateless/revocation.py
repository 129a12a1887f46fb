"""Tokens that no longer open anything, though they are authentic and in time: a small record in Redis.

It holds no session, only what a token cannot say of itself: that its session was ended, or that it was
renewed away. It is as durable as that Redis: what it loses opens again, until the token's timeouts.
"""

from pathlib import Path

from services.session.lifetime import Lifetime
from services.session.store import SessionEnded
from services.stateless.script import Script

_SCRIPT = Path(__file__).with_name("revocation.lua").read_text()


class Revocations:
    """The record in the Redis at `url`. One round trip a question.

    All but `reach` raise `SessionEnded` for a session that was ended, and for a generation of its
    tokens that was renewed away longer ago than the grace; and `StoreUnavailable`, as what the record
    cannot vouch for is not honoured.
    """

    def __init__(self, url: str, lifetime: Lifetime) -> None:
        self._script = Script(url, _SCRIPT)
        self._lifetime = lifetime

    def check(self, session: str, generation: int) -> None:
        """Raise unless a token of this generation still opens the session."""
        self._ask(session, "check", generation)

    def renew(self, session: str, generation: int, expires_at: int) -> int:
        """The generation to go on with. A repeat within the grace leads to the same one."""
        self._ask(session, "renew", generation, expires_at, self._lifetime.grace)
        return generation + 1

    def end(self, session: str, generation: int, expires_at: int) -> None:
        """No token of the session opens it any more."""
        self._ask(session, "end", generation, expires_at)

    def reach(self) -> None:
        """Raise `StoreUnavailable` unless the record can be reached."""
        self._script.check()

    def _ask(self, session: str, verb: str, generation: int, *more: int) -> None:
        if not self._script.run([f"revoked:{session}"], verb, self._lifetime.clock(), generation, *more):
            raise SessionEnded("this session, or this token of it, has ended")
