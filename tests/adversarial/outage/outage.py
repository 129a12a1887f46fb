"""An outage under the load of a crowd, and what was seen of it."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Event

from tests.adversarial.outage.crowd import MEMBERS, Answer, Crowd, timed
from tests.contract.running import Client, eventually

OUTAGE_SECONDS = 3
STEADY_ANSWERS = 200


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
            ends_at = time.monotonic()
            stop.set()
        outage = Outage(crowd, before, looks, began_at, ends_at, time.monotonic())
        eventually(lambda: len(outage.later) > STEADY_ANSWERS, "the crowd was at work after it", 20)
        looking.result()
    return outage
