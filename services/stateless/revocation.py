"""Tokens that no longer open anything, though they are authentic and in time: a small record in Redis.

It holds no session, only what a token cannot say of itself: that its session was ended, or that it was
renewed away. It is as durable as that Redis: what it loses opens again, until the token's timeouts.
"""

from pathlib import Path

from services.session.lifetime import Lifetime
from services.session.store import SessionEnded
from services.stateless.script import Script

_ANY_GENERATION = 2**53
"""Later than any there is, and still exact in Lua."""
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

    def check(self, session: str, generation: int) -> int:
        """The newest generation, which a token of this one, if only within the grace, may go on as."""
        return self._ask(session, "check", generation)

    def expect_going_on(self, session: str) -> None:
        """Of all tokens of the session none was ended but by a renewal."""
        self._ask(session, "check", _ANY_GENERATION)

    def renew(self, session: str, generation: int, expires_at: int) -> None:
        """The next generation is the newest from now on. A repeat within the grace changes nothing."""
        self._ask(session, "renew", generation, self._forget_at(expires_at), self._lifetime.grace)

    def end(self, session: str, generation: int, expires_at: int) -> None:
        """No token of the session opens it any more."""
        self._ask(session, "end", generation, self._forget_at(expires_at))

    def reach(self) -> None:
        """Raise `StoreUnavailable` unless the record can be reached."""
        self._script.check()

    def _forget_at(self, expires_at: int) -> int:
        """Some time after the last token has expired, as Redis's clock may be ahead."""
        return expires_at + self._lifetime.retention

    def _ask(self, session: str, verb: str, generation: int, *more: int) -> int:
        now = self._lifetime.clock()
        newest: int = self._script.run([f"revoked:{session}"], verb, now, generation, *more)
        if newest < 0:
            raise SessionEnded("this session, or this token of it, has ended")
        return newest
