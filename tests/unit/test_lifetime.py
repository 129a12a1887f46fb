"""Timeouts as arithmetic."""

import time

import pytest

from services.session.lifetime import Lifetime, wall_clock


def test_lifetime_has_the_documented_defaults() -> None:
    lifetime = Lifetime()
    assert (lifetime.idle, lifetime.absolute) == (1800, 43200)


@pytest.mark.parametrize(
    ("now", "deadline"), [(0, 100), (899, 999), (900, 1000), (901, 1000), (1000, 1000), (5000, 1000)]
)
def test_idle_deadline_moves_with_use_up_to_the_absolute_one(now: int, deadline: int) -> None:
    assert Lifetime(idle=100, absolute=1000).idle_deadline(now, expires_at=1000) == deadline


@pytest.mark.parametrize(
    ("idle", "throttle"), [(1, 1), (9, 1), (10, 1), (100, 10), (599, 59), (600, 60), (1800, 60), (10**9, 60)]
)
def test_touch_is_throttled_to_a_tenth_of_the_idle_timeout_within_a_minute(idle: int, throttle: int) -> None:
    assert Lifetime(idle=idle, absolute=10**9).throttle == throttle


@pytest.mark.parametrize(("now", "due"), [(0, False), (9, False), (10, True), (99, True)])
def test_touch_is_due_once_it_moves_the_deadline_by_the_throttle(now: int, due: bool) -> None:
    assert Lifetime(idle=100, absolute=1000).touch_due(now, idle_expires_at=100, expires_at=1000) is due


def test_touch_is_never_due_when_the_absolute_deadline_is_reached_already() -> None:
    assert not Lifetime(idle=100, absolute=1000).touch_due(999, idle_expires_at=1000, expires_at=1000)


def test_wall_clock_is_whole_posix_seconds() -> None:
    before = int(time.time())
    assert before <= wall_clock() <= time.time()
