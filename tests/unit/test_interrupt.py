"""Ctrl-C and SIGTERM: held back while the lab heals, and not forgotten."""

import signal
from collections.abc import Iterator

import pytest

from chaos.interrupt import deferred, interrupt_on_termination

BOTH = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The lab's own; afterwards what the test runner had."""
    before = {number: signal.getsignal(number) for number in BOTH}
    interrupt_on_termination()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def interrupted(*numbers: signal.Signals) -> list[str]:
    """What was done in spite of these signals, once they have interrupted."""
    done: list[str] = []

    def work() -> None:
        for number in numbers:
            signal.raise_signal(number)
        done.append("all of it")

    with pytest.raises(KeyboardInterrupt), deferred():
        work()
    return done


def fail_while_interrupted() -> None:
    signal.raise_signal(signal.SIGINT)
    raise LookupError


@pytest.mark.parametrize("number", BOTH)
def test_interrupt_is_held_back_until_the_work_is_done(number: signal.Signals) -> None:
    assert interrupted(number) == ["all of it"]


def test_interrupt_is_raised_once_when_it_came_many_times() -> None:
    assert interrupted(*BOTH, *BOTH) == ["all of it"]


def test_interrupt_is_held_back_by_the_outer_of_two_until_all_is_done() -> None:
    done: list[str] = []

    def work() -> None:
        with deferred():
            signal.raise_signal(signal.SIGINT)
        done.append("what comes after the inner one")

    with pytest.raises(KeyboardInterrupt), deferred():
        work()
    assert done == ["what comes after the inner one"]


def test_nothing_is_raised_when_no_interrupt_came() -> None:
    with deferred():
        done = True
    assert done


@pytest.mark.parametrize("number", BOTH)
def test_handler_is_restored_when_no_interrupt_came(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with deferred():
        pass
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", BOTH)
def test_handler_is_restored_when_an_interrupt_came(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), deferred():
        signal.raise_signal(number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", BOTH)
def test_handler_is_restored_when_the_work_fails(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(LookupError), deferred():
        raise LookupError
    assert signal.getsignal(number) is before


def test_failure_is_told_rather_than_the_interrupt_when_the_work_fails() -> None:
    with pytest.raises(LookupError), deferred():
        fail_while_interrupted()


def test_termination_interrupts_as_ctrl_c_does() -> None:
    interrupt_on_termination()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
