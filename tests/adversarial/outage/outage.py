"""An outage under the load of a crowd, and what was seen of it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count
from threading import Event

from tests.adversarial.outage.crowd import MEMBERS, Answer, Crowd, percentile, timed
from tests.contract.running import Client, eventually
from tests.measured import expect_at_most

OUTAGE_SECONDS = 3
STEADY_ANSWERS = 200
LEAST_LOOKS = 5


@dataclass(frozen=True)
class Outage:
    """What a crowd, and somebody who only looks, saw of one outage.

    Monotonic times: it is whole from `began_at` to `ends_at`, and over at `ended_at`.
    """

    crowd: Crowd
    cookies_before: list[dict[str, str]]
    looks: dict[str, list[Answer]]
    began_at: float
    ends_at: float
    ended_at: float

    def within(self, answers: list[Answer]) -> list[Answer]:
        """Those that were asked for and given in the outage."""
        return [each for each in answers if self.began_at < each.sent_at and each.done_at < self.ends_at]

    @property
    def answers(self) -> list[Answer]:
        return self.within(self.crowd.answers)

    @property
    def touched(self) -> list[Answer]:
        """Those that any part of the outage can have made late."""
        return [
            each
            for each in self.crowd.answers
            if self.began_at < each.done_at and each.sent_at < self.ended_at
        ]

    def looked(self, name: str) -> list[Answer]:
        """What was seen of it by who only looks."""
        return self.within(self.looks[name])

    @property
    def slowest_in_a_hundred(self) -> float:
        """Seconds within which 99 of 100 answers came that it can have made late."""
        return percentile(self.touched, 99)

    @property
    def return_seconds(self) -> float:
        """From its end to the first answer that was served again."""
        served = (each.done_at for each in self.crowd.since(self.began_at) if each.served)
        return min(served) - self.ended_at

    @property
    def refused_later(self) -> float:
        """The share of those that were refused more than a second after it."""
        return sum(not each.served for each in self.later) / len(self.later)

    @property
    def later(self) -> list[Answer]:
        """Those that were asked for more than a second after it."""
        return self.crowd.since(self.ended_at + 1)


LOOKS = {"live": "/healthz", "ready": "/readyz", "without a cookie": "/session"}


def look(client: Client, looks: dict[str, list[Answer]], stop: Event) -> None:
    while not stop.wait(0.05):
        for name, path in LOOKS.items():
            looks[name].append(timed(client, "GET", path))


def suffered(url: str, plight: AbstractContextManager[None], members: int = MEMBERS) -> Outage:
    """The service at `url` under load, which its store is out of reach for as long as the context lasts."""
    crowd, stop = Crowd.of(url, members), Event()
    before, looks = crowd.cookies, {name: list[Answer]() for name in LOOKS}
    with ThreadPoolExecutor(1) as looker, crowd.at_work():
        eventually(lambda: len(crowd.answers) > STEADY_ANSWERS, "the crowd is at work", 20)
        with plight:
            began_at = time.monotonic()
            looking = looker.submit(look, Client(url), looks, stop)
            stop.wait(OUTAGE_SECONDS)
            eventually(lambda: len(crowd.since(began_at)) > STEADY_ANSWERS, "the crowd was at work in it", 30)
            eventually(lambda: min(map(len, looks.values())) >= LEAST_LOOKS, "somebody looked", 30)
            ends_at = time.monotonic()
            stop.set()
        outage = Outage(crowd, before, looks, began_at, ends_at, time.monotonic())
        eventually(lambda: len(outage.later) > STEADY_ANSWERS, "the crowd was at work after it", 20)
        looking.result()
    return outage


class Outages:
    """Of one kind, one after the other, each suffered when it is first asked for."""

    def __init__(self, suffer: Callable[[], Outage]) -> None:
        self._suffer = suffer
        self._suffered: list[Outage] = []

    def __iter__(self) -> Iterator[Outage]:
        for number in count():
            if number == len(self._suffered):
                self._suffered.append(self._suffer())
            yield self._suffered[number]

    def expect_at_most(self, most: float, measure: Callable[[Outage], float]) -> None:
        """Of the first outage or, where this machine may have spoilt that figure, of the next."""
        suffered = iter(self)
        expect_at_most(most, lambda: measure(next(suffered)))
