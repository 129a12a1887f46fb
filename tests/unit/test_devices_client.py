"""What the lab's devices put on record: each write as it ended, whatever else the same upload brought."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from chaos.verdict import judge
from loadtests.devices import DevicesClient
from loadtests.history import Operation, Phase
from services.session import devices
from services.session.lifetime import Lifetime
from services.session.store import SessionStore, SessionTooLarge, Synced
from services.session.upload import Remove, Upload, Visit
from services.stateful.memory import MemoryStore
from tests.unit.serving import application_of, jarless, served


class FullForVisits(MemoryStore):
    """Has no room for one visit more."""

    def sync(self, credential: str, upload: Upload) -> Synced:
        if any(isinstance(operation, Visit) for operation in upload.operations):
            raise SessionTooLarge("there is no room for a visit")
        return super().sync(credential, upload)


class Lab:
    """A session of one device, what is on record of it, and a way on which requests can get lost."""

    def __init__(self, store: SessionStore, origin: str, log: Path) -> None:
        self.history: list[Operation] = []
        self._store = store
        self._send = jarless()
        self._cookie = ""
        self._losing = False
        self.phase: Phase = "steady"
        base = f"{origin}/stateful"
        self.client = DevicesClient(self._request, base, self.history.append, lambda: self.phase, [log])
        self.client.open()

    @contextmanager
    def losing(self) -> Iterator[None]:
        self._losing = True
        yield
        self._losing = False

    def crowd_out(self) -> None:
        """Others upload until the session has forgotten the device."""
        credential = self._cookie.partition("=")[2]
        for number in range(devices.REMEMBERED + 1):
            since = self._store.load(credential).session.version
            self._store.sync(credential, Upload(f"another-{number:016}", (Remove(1, "nothing"),), since))

    def writes(self) -> dict[str, str]:
        return {op.id: op.outcome for op in self.history if op.is_write}

    def _request(self, method: str, path: str, **options: Any) -> requests.Response:
        self._cookie = options["headers"].get("Cookie", self._cookie)
        if self._losing:
            lost = requests.Response()
            lost.status_code = 0
            return lost
        return self._send(method, path, **options)


@contextmanager
def lab_on(store: SessionStore, log: Path) -> Iterator[Lab]:
    with served(application_of(store)) as origin:
        lab = Lab(store, origin, log)
        yield lab
        lab.client.settle()


def test_write_in_doubt_is_not_taken_for_the_one_that_was_acknowledged_after_it(tmp_path: Path) -> None:
    with lab_on(MemoryStore(Lifetime()), tmp_path / "phone.db") as lab:
        lab.client.visit()
        lab.phase = "fault"
        with lab.losing():
            lab.client.put()
        lab.crowd_out()
        lab.client.put()
        lab.phase = "final"
        lab.client.settle()
        lab.client.read()
    assert list(lab.writes().values()) == ["ok", "info", "ok"]
    judgement = judge(lab.history)
    assert (judgement.observed, judgement.acknowledged, judgement.lost) == ("kept", 2, 0)


def test_refused_visit_is_not_taken_for_an_acknowledged_one(tmp_path: Path) -> None:
    with lab_on(FullForVisits(Lifetime()), tmp_path / "phone.db") as lab:
        lab.client.put()
        lab.client.visit()
        lab.client.put()
    assert list(lab.writes().values()) == ["ok", "fail", "ok"]
