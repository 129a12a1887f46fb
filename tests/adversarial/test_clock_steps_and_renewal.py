"""Clocks that step within the grace of a renewal: see `test_clock_steps.py` for what cannot be promised."""

import pytest

from services.session.store import SessionEnded, SessionStore
from tests.adversarial.steps import SIZES
from tests.contract.clock import Clock

pytestmark = pytest.mark.usefixtures("ahead")


@pytest.mark.parametrize("step", [5, 30])
def test_grace_is_over_when_the_clock_steps_past_it(
    server_side_store: SessionStore, clock: Clock, step: int
) -> None:
    old = server_side_store.open().credential
    new = server_side_store.renew(old)
    clock.forward(step)
    with pytest.raises(SessionEnded):
        server_side_store.load(old)
    assert server_side_store.load(new).session.version == 1


@pytest.mark.parametrize("back", SIZES)
def test_grace_ends_at_the_time_it_was_given_when_the_clock_steps_back(
    server_side_store: SessionStore, clock: Clock, back: int
) -> None:
    """By a true clock it lasts longer by the step: no store knows one."""
    old, ends = server_side_store.open().credential, clock.now + 5
    new = server_side_store.renew(old)
    clock.forward(-back)
    assert server_side_store.renew(old) == new
    clock.now = ends
    with pytest.raises(SessionEnded):
        server_side_store.load(old)


@pytest.mark.parametrize("back", SIZES)
def test_second_renewal_ends_the_first_credential_when_the_clock_steps_back(
    server_side_store: SessionStore, clock: Clock, back: int
) -> None:
    first = server_side_store.open().credential
    second = server_side_store.renew(first)
    clock.forward(-back)
    third = server_side_store.renew(second)
    with pytest.raises(SessionEnded):
        server_side_store.load(first)
    assert server_side_store.load(third).session.version == 1
