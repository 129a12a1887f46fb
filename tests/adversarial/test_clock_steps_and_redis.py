"""Clocks that step, and Redis, which has one of its own.

Redis forgets by its own clock, at the time that the service told it. A service whose clock is behind by
more than the idle timeout and the retention opens sessions that Redis holds to be over: they are unknown
with the next request.
"""

import pytest

from services.session.document import CountVisit
from services.session.store import SessionEnded, SessionUnknown
from services.stateless.redis import RedisStore
from tests.adversarial.steps import YEAR
from tests.contract.clock import Clock
from tests.contract.store_uses import USES


def test_redis_store_does_not_know_what_it_opens_when_its_clock_is_far_behind_that_of_redis(
    redis_store: RedisStore, clock: Clock
) -> None:
    """Nobody is let in who should not be; but the answer 201 promised a session that there is not."""
    clock.forward(-100 - 50 - 30)
    credential = redis_store.open().credential
    for use in USES.values():
        with pytest.raises(SessionUnknown):
            use(redis_store, credential)
    redis_store.close(credential)


def test_redis_store_serves_what_it_opens_when_its_clock_is_behind_by_less_than_the_idle_timeout(
    redis_store: RedisStore, clock: Clock
) -> None:
    clock.forward(-100)
    assert redis_store.apply(redis_store.open().credential, [CountVisit()]).results == (1,)


def test_redis_store_remembers_what_it_closed_when_its_clock_is_far_behind_that_of_redis(
    redis_store: RedisStore, clock: Clock
) -> None:
    """What says that it has ended stays for as long as the session would have been remembered."""
    credential = redis_store.open().credential
    clock.forward(-YEAR)
    redis_store.close(credential)
    with pytest.raises(SessionEnded):
        redis_store.apply(credential, [CountVisit()])
