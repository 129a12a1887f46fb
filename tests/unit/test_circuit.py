"""When a circuit lets through and when it refuses, by a clock in the test's hand."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, Event

import pytest

from services.stateless.circuit import Circuit, CircuitOpen
from tests.contract.running import eventually


class Silence(Exception):
    """Nobody answered."""


class Refusal(Exception):
    """An answer, though not what was asked for."""


class Bench:
    """A circuit, its clock, and what it does in the background, which is done when a test says so.

    `answers` is what comes of asking, one after the other: whether somebody answers, or an error.
    """

    def __init__(self, *answers: bool | Exception) -> None:
        self.now = 1000.0
        self.asked_at: list[float] = []
        self.background: list[Callable[[], None]] = []
        self._answers = iter(answers)
        self.circuit = Circuit(
            lambda error: isinstance(error, Silence),
            self._ask,
            pause=1,
            clock=lambda: self.now,
            sleep=self.forward,
            begin=self.background.append,
        )

    def forward(self, seconds: float) -> None:
        self.now += seconds

    def _ask(self) -> bool:
        self.asked_at.append(self.now)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def call(self, outcome: BaseException | None = None) -> None:
        """A call that ends so. Raises `CircuitOpen` where it is refused."""
        with suppress(Silence, Refusal, KeyboardInterrupt), self.circuit.call():
            if outcome:
                raise outcome

    @property
    def closed(self) -> bool:
        try:
            self.call()
        except CircuitOpen:
            return False
        return True


@pytest.mark.parametrize("outcome", [None, Refusal(), KeyboardInterrupt()])
def test_circuit_stays_closed_when_a_call_does_not_end_in_silence(outcome: BaseException | None) -> None:
    bench = Bench()
    bench.call(outcome)
    assert (bench.closed, bench.background) == (True, [])


def test_circuit_raises_what_the_call_raised() -> None:
    with pytest.raises(Silence, match="mine"), Bench().circuit.call():
        raise Silence("mine")


def test_circuit_refuses_when_a_call_ended_in_silence() -> None:
    bench = Bench()
    bench.call(Silence())
    bench.forward(100)
    assert not bench.closed


@pytest.mark.parametrize("answer", [None, Refusal()])
def test_circuit_stays_closed_when_another_call_was_answered_within_the_pause(
    answer: Exception | None,
) -> None:
    """One dead connection among many that work is nobody else's business."""
    bench = Bench()
    bench.call(answer)
    bench.forward(1)
    bench.call(Silence())
    assert bench.closed


def test_circuit_opens_when_the_last_answer_is_older_than_the_pause() -> None:
    bench = Bench()
    bench.call()
    bench.forward(1.1)
    bench.call(Silence())
    assert not bench.closed


def test_circuit_asks_after_each_pause_until_somebody_answers() -> None:
    bench = Bench(False, False, True)
    bench.call(Silence())
    bench.background[0]()
    assert bench.asked_at == [1001, 1002, 1003]
    assert bench.closed


def test_circuit_refuses_while_it_asks() -> None:
    bench = Bench()
    seen = []

    def ask() -> bool:
        seen.append(bench.closed)
        return len(seen) > 1

    bench.circuit.answers = ask
    bench.call(Silence())
    bench.background[0]()
    assert seen == [False, False]


def test_circuit_asks_on_when_asking_fails() -> None:
    bench = Bench(ValueError("unheard of"), True)
    bench.call(Silence())
    bench.background[0]()
    assert bench.closed


def test_circuit_asks_once_at_a_time_when_many_calls_end_in_silence() -> None:
    bench = Bench()
    with suppress(Silence), bench.circuit.call():
        bench.call(Silence())
        raise Silence
    assert len(bench.background) == 1


def test_circuit_opens_again_when_the_answers_end_again() -> None:
    bench = Bench(True)
    bench.call(Silence())
    bench.background[0]()
    bench.forward(1.1)
    bench.call(Silence())
    assert (bench.closed, len(bench.background)) == (False, 2)


def test_circuit_stays_closed_when_a_call_from_before_the_outage_ends_in_silence_just_after_it() -> None:
    bench = Bench(True)
    with suppress(Silence), bench.circuit.call():
        bench.call(Silence())
        bench.background[0]()
        raise Silence
    assert bench.closed


def test_circuit_stays_closed_when_it_cannot_ask() -> None:
    def no_thread(_: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    bench = Bench()
    bench.circuit.begin = no_thread
    with pytest.raises(RuntimeError):
        bench.call(Silence())
    assert bench.closed


def test_circuit_holds_nobody_up_while_others_are_under_way() -> None:
    """Eight calls that each end only when all eight have begun."""
    circuit, together = Bench().circuit, Barrier(8, timeout=20)

    def meet(_: int) -> None:
        with circuit.call():
            together.wait()

    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(meet, range(8)))) == 8


def test_circuit_asks_in_the_background_by_itself() -> None:
    answered = Event()
    circuit = Circuit(lambda _: True, answered.is_set, pause=0.001)
    with suppress(Silence), circuit.call():
        raise Silence

    def lets_through() -> bool:
        with suppress(CircuitOpen), circuit.call():
            return True
        return False

    assert not lets_through()
    answered.set()
    eventually(lets_through, "the circuit is closed", 20)
