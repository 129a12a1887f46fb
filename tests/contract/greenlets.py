"""Devices as a load test has them: greenlets, and Locust's own client to send with.

`python -m tests.contract.greenlets BASE DIRECTORY` prints what became of them; importing Locust patches the
process, so it is one of its own.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import gevent
from locust.clients import HttpSession
from locust.env import Environment

from services.device.device import Device
from services.device.errors import Unavailable
from services.device.uploader import Uploader

DEVICES = 20
VISITS = 10


def live(base: str, path: Path) -> tuple[int, int]:
    """The visits that one device sees at the end, and what of it is acknowledged."""
    environment = Environment()
    http = HttpSession(base, environment.events.request, SimpleNamespace(context=dict))
    with Device(path, base, http=http) as device, Uploader(device, first=0.05):
        for _ in range(VISITS):
            device.visit()
            gevent.sleep(0.01)
        with gevent.Timeout(100):
            while device.pending:
                gevent.sleep(0.01)
        return device.view().visits, device.acknowledged


def offline(path: Path) -> bool:
    """Whether a device that cannot reach its service knows that nothing was sent, through Locust too."""
    environment = Environment()
    http = HttpSession("", environment.events.request, SimpleNamespace(context=dict))
    with Device(path, "http://127.0.0.1:1", http=http) as device:
        try:
            device.sync()
        except Unavailable as unavailable:
            return not unavailable.reached
    return False


def main(base: str, home: Path) -> None:
    living = [gevent.spawn(live, base, home / f"{number}.db") for number in range(DEVICES)]
    ended = [one.get() for one in living]
    print(json.dumps({"ended": ended, "offline": offline(home / "offline.db")}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
