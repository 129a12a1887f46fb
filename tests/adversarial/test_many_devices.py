"""200 devices come back online at once: three replicas on one state, and every 5th answer is cut.

Each did 20 operations while it was offline. Every 7th request gets lost as well: whether it was the request
or the answer no device can see, and each operation has to be applied exactly once all the same.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from services.device.device import Device
from services.device.errors import Unavailable
from services.device.server import jarless
from services.device.uploader import Uploader
from tests.contract.exchange import read
from tests.contract.running import Service, eventually
from tests.contract.scissors import Scissors

SESSIONS = 10
DEVICES = 20
OPERATIONS = 20
REPLICAS = 3
SECONDS = 120

T = TypeVar("T")


@dataclass
class Person:
    """What somebody did on one device, and so what has to be there."""

    name: str
    path: Path
    visits: int = 0
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    shared: int = 0
    """The quantity last put under the one id that all of a session's devices use."""

    def act(self, device: Device, dice: random.Random) -> None:
        """Do something: most of it on items of its own."""
        match dice.choice(["visit", "visit", "put", "put", "remove", "share"]):
            case "visit":
                device.visit()
                self.visits += 1
            case "remove" if self.items:
                device.remove(self.items.popitem()[0])
            case "share":
                self.shared = dice.randint(1, 999)
                device.put("shared", self.name, self.shared)
            case _:
                item_id = f"{self.name}.{dice.randrange(5)}"
                self.items[item_id] = {"name": "tea", "quantity": dice.randint(1, 999)}
                device.put(item_id, **self.items[item_id])


@pytest.fixture
def replicas(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str) -> Iterator[list[Service]]:
    """Three processes of one service on one state."""
    module, settings = {
        "sqlite": ("stateful", {"SESSION_STORE": f"sqlite:{tmp_path}/sessions.db"}),
        "redis": ("stateless", {"SESSION_STORE": redis_url}),
    }[request.param]
    running = [
        Service.start(request.param, module, settings, tmp_path / f"{number}.log")
        for number in range(REPLICAS)
    ]
    try:
        for replica in running:
            replica.await_health()
        yield running
    finally:
        for replica in running:
            replica.stop()


def joined(home: Path, base: str) -> list[Person]:
    """The devices of one session: one opened it, the others joined by a link each."""
    home.mkdir()
    people = [Person(f"d{number}", home / f"{number}.db") for number in range(DEVICES)]
    with jarless() as http, Device(people[0].path, base, http=http) as first:
        for person in people[1:]:
            with Device(person.path, base, http=http) as other:
                other.join(patiently(first.link).link)
                patiently(other.sync)
    return people


def patiently(ask: Callable[[], T]) -> T:
    """On a busy machine SQLite may turn away who waited in vain, as nothing was done: that one asks again."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return ask()
        except Unavailable:
            assert time.monotonic() < deadline


def offline(people: Sequence[Person], base: str, dice: random.Random) -> None:
    """What they do without a network, in an order of all of them."""
    for person in people:
        with Device(person.path, base) as device:
            for _ in range(OPERATIONS):
                person.act(device, dice)


def expect_each_operation_once(people: Sequence[Person], service: Service) -> None:
    with ExitStack() as stack:
        devices = [stack.enter_context(Device(person.path, service.url)) for person in people]
        session = seen_by_another(devices[0], service)
        assert session["visits"] == sum(person.visits for person in people)
        shared = session["items"].pop("shared")
        assert shared in [{"name": person.name, "quantity": person.shared} for person in people]
        assert session["items"] == {key: item for person in people for key, item in person.items.items()}
        views = [msgspec.to_builtins(patiently(device.sync)) for device in devices]
        assert [device.acknowledged for device in devices] == [OPERATIONS] * DEVICES
        assert not [device for device in devices if device.in_doubt or device.refused or device.losses]
        for view, device in zip(views, devices, strict=True):
            assert msgspec.to_builtins(device.view()) == view
            assert (view["items"], view["visits"]) == (
                session["items"] | {"shared": shared},
                session["visits"],
            )


def seen_by_another(device: Device, service: Service) -> dict[str, Any]:
    """What somebody reads who joins by a link: the service's word for it."""
    somebody = service.client()
    with somebody.jar:
        link = patiently(device.link).link
        assert somebody.send("POST", "/session", json={"link": link}).status_code == 201
        return read(somebody)


@pytest.mark.parametrize("replicas", ["redis", "sqlite"], indirect=True)
def test_200_devices_upload_at_once_and_each_operation_is_applied_once(
    replicas: list[Service], tmp_path: Path
) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    with ThreadPoolExecutor(4) as threads:
        homes = [tmp_path / f"session-{number}" for number in range(SESSIONS)]
        bases = [replicas[number % REPLICAS].url for number in range(SESSIONS)]
        sessions = list(threads.map(joined, homes, bases))
    for people in sessions:
        offline(people, replicas[0].url, dice)
    with Scissors.running([replica.url for replica in replicas], every=5, lose=7) as scissors:
        with ExitStack() as stack:
            devices = [
                stack.enter_context(Device(person.path, scissors.url))
                for people in sessions
                for person in people
            ]
            assert sum(len(device.pending) for device in devices) == SESSIONS * DEVICES * OPERATIONS
            for device in devices:
                stack.enter_context(Uploader(device, first=0.1))
            eventually(lambda: not any(device.pending for device in devices), "all is uploaded", SECONDS)
        answers, cuts, lost = scissors.count()
    print(f"{len(devices)} devices; {answers} answers, {cuts} cut; {lost} requests lost")
    assert cuts >= SESSIONS * DEVICES / 5
    assert lost >= SESSIONS * DEVICES / 7
    for number, people in enumerate(sessions):
        expect_each_operation_once(people, replicas[number % REPLICAS])
