"""When a circuit lets through and when it refuses, by a clock in the test's hand."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Barrier

import pytest

from services.stateless.circuit import Circuit, CircuitOpen


class Silence(Exception):
    """Nobody answered."""


class Refusal(Exception):
    """An answer, though not what was asked for."""


class Clock:
    """Seconds that pass only where the test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Circuit:
    return Circuit(lambda error: isinstance(error, Silence), pause=1, clock=clock)


def end(circuit: Circuit, outcome: Exception | None = None) -> None:
    """A call that ends so."""
    with suppress(Silence, Refusal), circuit.call():
        if outcome:
            raise outcome


def lets_through(circuit: Circuit) -> bool:
    """Whether a call would be let through; it ends without an answer."""
    try:
        end(circuit, Silence())
    except CircuitOpen:
        return False
    return True


@contextmanager
def trial(circuit: Circuit, clock: Clock) -> Iterator[None]:
    """In the middle of a trial, which ends without an answer."""
    end(circuit, Silence())
    clock.forward(1)
    with suppress(Silence), circuit.call() as is_trial:
        assert is_trial
        yield
        raise Silence


def test_circuit_lets_every_call_through_when_all_are_answered(circuit: Circuit) -> None:
    for outcome in (None, Refusal(), None):
        end(circuit, outcome)
    with circuit.call() as is_trial:
        assert not is_trial


def test_circuit_raises_what_the_call_raised(circuit: Circuit) -> None:
    with pytest.raises(Silence, match="mine"), circuit.call():
        raise Silence("mine")


def test_circuit_refuses_when_a_call_was_not_answered(circuit: Circuit) -> None:
    end(circuit, Silence())
    assert not lets_through(circuit)


def test_circuit_stays_closed_when_others_were_answered_within_the_pause(
    circuit: Circuit, clock: Clock
) -> None:
    """One dead connection among many that work is nobody else's business."""
    end(circuit)
    clock.forward(1)
    end(circuit, Silence())
    assert lets_through(circuit)


def test_circuit_opens_when_the_last_answer_is_older_than_the_pause(circuit: Circuit, clock: Clock) -> None:
    end(circuit)
    clock.forward(1.1)
    end(circuit, Silence())
    assert not lets_through(circuit)


def test_circuit_refuses_until_the_pause_is_over(circuit: Circuit, clock: Clock) -> None:
    end(circuit, Silence())
    clock.forward(0.9)
    assert not lets_through(circuit)


def test_circuit_lets_a_trial_through_after_the_pause(circuit: Circuit, clock: Clock) -> None:
    end(circuit, Silence())
    clock.forward(1)
    with circuit.call() as is_trial:
        assert is_trial


def test_circuit_refuses_everybody_else_during_a_trial(circuit: Circuit, clock: Clock) -> None:
    with trial(circuit, clock):
        clock.forward(100)
        assert not lets_through(circuit)


def test_circuit_pauses_again_when_a_trial_is_not_answered(circuit: Circuit, clock: Clock) -> None:
    with trial(circuit, clock):
        pass
    assert not lets_through(circuit)
    clock.forward(1)
    assert lets_through(circuit)


@pytest.mark.parametrize("outcome", [None, Refusal()])
def test_circuit_closes_when_a_trial_is_answered(
    circuit: Circuit, clock: Clock, outcome: Exception | None
) -> None:
    end(circuit, Silence())
    clock.forward(1)
    end(circuit, outcome)
    with circuit.call() as is_trial:
        assert not is_trial


def test_circuit_closes_when_a_call_from_before_is_answered(circuit: Circuit) -> None:
    with circuit.call():
        end(circuit, Silence())
    assert lets_through(circuit)


def test_circuit_lets_no_second_trial_through_when_a_call_from_before_fails_during_one(
    circuit: Circuit, clock: Clock
) -> None:
    before = circuit.call()
    before.__enter__()
    with trial(circuit, clock):
        with suppress(Silence):
            before.__exit__(Silence, Silence(), None)
        clock.forward(1)
        assert not lets_through(circuit)


def test_circuit_tries_again_when_a_trial_was_broken_off(circuit: Circuit, clock: Clock) -> None:
    end(circuit, Silence())
    clock.forward(1)
    with pytest.raises(KeyboardInterrupt), circuit.call():
        raise KeyboardInterrupt
    assert not lets_through(circuit)
    clock.forward(1)
    assert lets_through(circuit)


def test_circuit_holds_nobody_up_while_others_are_under_way(circuit: Circuit) -> None:
    """Eight calls that each end only when all eight have begun."""
    together = Barrier(8, timeout=20)

    def meet(_: int) -> None:
        with circuit.call():
            together.wait()

    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(meet, range(8)))) == 8


def test_circuit_lets_one_of_eight_parallel_calls_be_the_trial(circuit: Circuit, clock: Clock) -> None:
    end(circuit, Silence())
    clock.forward(1)
    together = Barrier(8, timeout=20)

    def attempt(_: int) -> bool:
        together.wait()
        try:
            with circuit.call():
                together.wait()
        except CircuitOpen:
            together.wait()
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(8))) == 1
