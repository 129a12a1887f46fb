"""A device's process is killed again and again, at random moments, while it accepts and uploads.

Every 5th answer to it is cut as well, and every 7th of its requests lost. What it accepted it must not lose,
nor have applied twice.
"""

import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.device.device import Device
from services.device.log import Log
from services.device.uploader import Uploader
from services.session.document import CountVisit, Item, Operation, PutItem, RemoveItem, Session, apply
from tests.contract.exchange import read
from tests.contract.running import ROOT, Service, environment, eventually
from tests.contract.scissors import Scissors

KILLS = 50
MOST_KILLS = 3 * KILLS
"""Where a machine is so slow that too little was accepted, cut or lost between them."""
PACE = 0.002
"""Seconds between two operations, so that uploads keep up."""
EMPTY = Session(version=1, items={}, visits=0, opened_at=0, idle_expires_at=0, expires_at=0)


class Life:
    """One run of the device's process: lines in, numbers out, until it is killed."""

    in_flight: Operation

    def __init__(self, path: Path, base: str) -> None:
        self.accepted: dict[int, Operation] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "services.device", "--base", base, "--log", path, "run"],
            cwd=ROOT,
            env=environment({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def live(self, wishes: Iterator[Operation], seconds: float, *, from_start: bool) -> None:
        """Have it accept one operation after the other, until it is killed after so many seconds."""
        death = threading.Timer(seconds, self._process.kill)
        if from_start:
            death.start()
        for wish in wishes:
            self.in_flight = wish
            if not (number := self._ask(wish)):
                break
            self.accepted[number] = wish
            if not death.ident:
                death.start()
            time.sleep(PACE)
        assert self._process.wait(10) == -signal.SIGKILL
        death.join()

    def _ask(self, wish: Operation) -> int | None:
        """The number it was accepted under; none after a kill."""
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(f"{line_of(wish)}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        answer = self._process.stdout.readline()
        return int(answer) if answer.endswith("\n") else None


def line_of(operation: Operation) -> str:
    match operation:
        case PutItem(id=item_id, item=item):
            return f"put {item.name} {item.quantity} {item_id}"
        case RemoveItem(id=item_id):
            return f"remove {item_id}"
        case CountVisit():
            return "visit"


def wishes(dice: random.Random) -> Iterator[Operation]:
    while True:
        item_id = f"i{dice.randrange(12)}"
        item = Item("tea", dice.randint(1, 999))
        choices: list[Operation] = [CountVisit(), PutItem(item_id, item), RemoveItem(item_id)]
        yield dice.choice(choices)


def content(session: Session) -> dict[str, Any]:
    return {"items": msgspec.to_builtins(session.items), "visits": session.visits}


def read_by_another(device: Device, service: Service) -> dict[str, Any]:
    """What somebody reads who joined the session by a link: the service's word for it."""
    somebody = service.client()
    answer = somebody.send("POST", "/session", json={"link": device.link().link})
    assert answer.status_code == 201
    session = read(somebody)
    return {"items": session["items"], "visits": session["visits"]}


def last_number(path: Path, aside: Path) -> int:
    """The number the log has come to. Of a copy: the log itself is for the next life to recover."""
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, aside / file.name)
    with closing(Log(aside / path.name)) as log:
        return log.last()


@pytest.fixture
def dice() -> random.Random:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    return random.Random(seed)


@pytest.mark.parametrize("name", ["redis"])
def test_device_killed_50_times_has_all_applied_once_that_it_accepted(
    services: dict[str, Service], name: str, tmp_path: Path, dice: random.Random
) -> None:
    home, aside = tmp_path / "device", tmp_path / "aside"
    home.mkdir()
    aside.mkdir()
    path, stream, accepted = home / "device.db", wishes(dice), list[Operation]()
    unheard = 0
    with Scissors.running([services[name].url], every=5, lose=7) as scissors:
        for kill in range(MOST_KILLS):
            if kill >= KILLS and len(accepted) > 5 * KILLS and min(scissors.count()[1:]) > KILLS / 5:
                break
            life = Life(path, scissors.url)
            life.live(stream, dice.uniform(0, 0.5), from_start=kill % 5 == 0)
            assert list(life.accepted) == list(
                range(len(accepted) + 1, len(accepted) + len(life.accepted) + 1)
            )
            accepted += life.accepted.values()
            if last_number(path, aside) == len(accepted) + 1:  # it was about to say so
                accepted.append(life.in_flight)
                unheard += 1
            assert last_number(path, aside) == len(accepted)
        with Device(path, scissors.url) as device, Uploader(device, first=0.05):
            left = len(device.pending)
            eventually(lambda: not device.pending, "all is acknowledged", 60)
        answers, cuts, lost = scissors.count()
    print(
        f"{kill} kills: {len(accepted)} accepted, {unheard} of them unheard of, {left} left at the last; "
        f"{answers} answers, {cuts} cut; {lost} requests lost"
    )
    assert len(accepted) > 5 * KILLS
    assert min(cuts, lost) > KILLS / 5
    expected, _ = apply(EMPTY, accepted)
    with Device(path, services[name].url) as device:
        assert device.acknowledged == len(accepted)
        assert content(device.view()) == content(expected)
        assert (device.in_doubt, device.refused, device.losses) == ((), (), ())
        assert read_by_another(device, services[name]) == content(expected)
