"""What is in flight when a session ends, or when it is renewed: a thousand times on each server-side store.

Two replicas act on one session at the same moment. Each side begins after a pause of its own, drawn from
a seed, and whichever came first has to start a little later the next time: so each comes first about as often
as the other, however long a store takes for it here. A check that no race was lost proves something only if
races were run. Memory has no second replica: there two threads share the store.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest

from services.session.document import CountVisit
from services.session.store import CredentialRejected, SessionEnded, SessionStore
from tests.contract.clock import Clock
from tests.contract.conftest import Replicas
from tests.contract.store_uses import USES

RACES = 1000
SEED = 20261126
LEAD_SECONDS = 0.0005
HANDICAP_SECONDS = 0.00005

Race = Callable[[Callable[[], object], Callable[[], object], float], tuple[object, object]]


@contextmanager
def racing() -> Iterator[Race]:
    """Runs two calls at the same moment, the first one later by a handicap in seconds; what each gave, or
    the rejection it met.

    Threads take turns as often as they can meanwhile: between any two steps, not once in 5 ms.
    """
    dice, start = random.Random(SEED), Barrier(2)

    def run(call: Callable[[], object], pause: float) -> object:
        start.wait(30)
        begin = time.perf_counter() + pause
        while time.perf_counter() < begin:
            pass
        try:
            return call()
        except CredentialRejected as rejection:
            return rejection

    def race(
        first: Callable[[], object], second: Callable[[], object], handicap: float
    ) -> tuple[object, object]:
        lead = handicap + dice.uniform(-LEAD_SECONDS, LEAD_SECONDS)
        one = threads.submit(run, first, max(0.0, lead))
        other = threads.submit(run, second, max(0.0, -lead))
        return one.result(), other.result()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(2) as threads:
            yield race
    finally:
        sys.setswitchinterval(interval)


def expect_ended(replicas: Replicas, credential: str) -> None:
    """Everything that a credential can be used for, on both replicas, says that its session has ended."""
    for store in replicas:
        for use in USES.values():
            with pytest.raises(SessionEnded):
                use(store, credential)


def against_close(
    replicas: Replicas, use: Callable[[SessionStore, str], object], clock: Clock
) -> Counter[bool]:
    """Race `use` with the end of a session; how often it came before the end, and how often not."""
    in_time: Counter[bool] = Counter()
    handicap = 0.0
    with racing() as race:
        for _ in range(RACES):
            credential = replicas[0].open().credential
            clock.forward(10)  # so that a read moves the idle timeout
            used, closed = race(
                lambda held=credential: use(replicas[0], held),  # type: ignore[misc]
                lambda held=credential: replicas[1].close(held),  # type: ignore[misc]
                handicap,
            )
            assert closed is True
            came_first = not isinstance(used, SessionEnded)
            in_time[came_first] += 1
            handicap += HANDICAP_SECONDS if came_first else -HANDICAP_SECONDS
            expect_ended(replicas, credential)
            if isinstance(used, str):
                expect_ended(replicas, used)
    return in_time


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_session_is_never_resurrected_when_it_is_in_use_at_its_end(
    replicas: Replicas, use: Callable[[SessionStore, str], object], clock: Clock
) -> None:
    in_time = against_close(replicas, use, clock)
    assert in_time.total() == RACES
    assert min(in_time[True], in_time[False]) > RACES / 10, f"hardly anything raced: {in_time}"


def test_renewals_agree_on_one_credential_when_they_race(replicas: Replicas, clock: Clock) -> None:
    with racing() as race:
        for _ in range(RACES):
            credential = replicas[0].open().credential
            one, other = race(
                lambda held=credential: replicas[0].renew(held),  # type: ignore[misc]
                lambda held=credential: replicas[1].renew(held),  # type: ignore[misc]
                0.0,
            )
            assert one == other != credential
            assert replicas[1].apply(str(one), [CountVisit()]).version == 2
            clock.forward(5)
            expect_ended(replicas, credential)
