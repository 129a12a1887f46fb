"""A session as devices live it: operations are logged on the device first, and uploaded when that works.

It has the calls of `SessionClient`. A write is in the history when its fate is known: acknowledged, or at
last still pending on the device, where it is safe, and may have happened all the same.
"""

import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests

from loadtests.client import TIMEOUT_SECONDS, Send, SessionClient, problem_of
from loadtests.history import PENDING, Kind, Operation, Outcome, Phase
from services.device.device import Device
from services.device.errors import DeviceError, Refused, Unavailable
from services.device.state import Aside
from services.session.upload import Put

LOCK_SECONDS = 30.0


class DevicesClient:
    """A session at `base` with a device for each of these logs; none of them knows more of the others than
    what the service tells it.

    `base` is an absolute URL: where the line of the devices begins. The final reads go there too.
    """

    def __init__(
        self,
        send: Send,
        base: str,
        record: Callable[[Operation], None],
        phase: Callable[[], Phase],
        logs: Sequence[Path],
    ) -> None:
        self.name = secrets.token_hex(4)
        self._send = send
        self._base = base
        self._record = record
        self._phase = phase
        self._devices = [_Held(send, base, log) for log in logs]
        self._turn = 0

    def open(self) -> Operation:
        """The first device opens it, the others join with a code each. None of them has done anything yet."""
        first, *others = self._devices
        opened = self._upload(first, "open")
        for other in others:
            if opened.outcome == "ok":
                opened = self._join(first, other)
        self._record(opened)
        return opened

    def put(self) -> Operation:
        item = secrets.token_hex(4)
        return self._do("put", lambda device: device.put(item, "tea", 1), item)

    def visit(self) -> Operation:
        return self._do("visit", lambda device: device.visit(), secrets.token_hex(4))

    def read(self) -> tuple[Operation, None]:
        """What each device reads, once it has settled; that of the last one is returned."""
        return [self._read(held) for held in self._devices][-1], None

    def _read(self, held: "_Held") -> Operation:
        reader = SessionClient(self._send, self._base, self._record, self._phase, held.credential)
        reader.name = self.name
        return reader.read()[0]

    def settle(self) -> None:
        """Upload what is pending, and put on record what could not be."""
        for held in self._devices:
            if held.waiting:
                self._sync(held)
            while held.waiting:
                self._record(replace(held.waiting.popleft(), problem=PENDING, completed_at=time.time()))
            held.close()

    def _do(self, kind: Kind, act: Callable[[Device], int], identity: str) -> Operation:
        """One device after the other does something, and tries to upload it at once."""
        self._turn = (self._turn + 1) % len(self._devices)
        held, now = self._devices[self._turn], time.time()
        act(held.device)
        held.waiting.append(Operation(self.name, identity, kind, "info", now, now, self._phase()))
        return self._sync(held)

    def _sync(self, held: "_Held") -> Operation:
        operation = self._upload(held, "sync")
        for write in held.settled():
            self._record(replace(write, completed_at=time.time(), served_by=operation.served_by))
        self._record(operation)
        return operation

    def _join(self, first: "_Held", other: "_Held") -> Operation:
        try:
            other.device.join(first.device.link().link)
        except DeviceError as error:
            return self._ended(first, "open", time.time(), error)
        return self._upload(other, "open")

    def _upload(self, held: "_Held", kind: Kind) -> Operation:
        began, error = time.time(), None
        try:
            held.device.sync()
        except DeviceError as met:
            error = met
        return self._ended(held, kind, began, error)

    def _ended(self, held: "_Held", kind: Kind, began: float, error: DeviceError | None) -> Operation:
        lost = kind == "sync" and isinstance(error, Unavailable) and error.reached
        problem = error.kind if isinstance(error, Refused) else held.problem if error else None
        return Operation(
            session=self.name,
            id=secrets.token_hex(4),
            operation=kind,
            outcome="ok" if error is None else "info" if lost else "fail",
            invoked_at=began,
            completed_at=time.time(),
            phase=self._phase(),
            served_by=held.served_by,
            problem=problem,
        )


class _Held:
    """A device, what it has not had acknowledged yet, and how its last request ended.

    In place of the device's own connection it sends through what is to count it.
    """

    def __init__(self, send: Send, base: str, log: Path) -> None:
        self._send = send
        log.parent.mkdir(parents=True, exist_ok=True)
        timeout = TIMEOUT_SECONDS, TIMEOUT_SECONDS
        self.device = Device(log, base, http=self, timeout=timeout, lock_seconds=LOCK_SECONDS)
        self.waiting: deque[Operation] = deque()
        self.credential: str | None = None
        """What it held when it was closed."""
        self.served_by: str | None = None
        self.problem: str | None = None
        self._noted: set[int] = set()
        self._aside: defaultdict[str, list[Outcome]] = defaultdict(list)
        """How those ended that the device set aside, and that have not left its log: by item, or visits."""

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        response = self._send(method, url, **options)
        self.served_by = response.headers.get("Served-By") if response.headers else None
        self.problem = problem_of(response)
        return response

    def close(self) -> None:
        """Its log stays."""
        if self.credential is None:
            self.credential = self.device.credential
            self.device.close()

    def settled(self) -> Sequence[Operation]:
        """Those whose fate is known since the last time: they leave the log in the order they came."""
        left = [self.waiting.popleft() for _ in range(len(self.waiting) - len(self.device.pending))]
        self._note("info", self.device.in_doubt)
        self._note("fail", self.device.refused)
        return [replace(write, outcome=self._fate(write)) for write in left]

    def _note(self, outcome: Outcome, asides: Sequence[Aside]) -> None:
        for aside in asides:
            if aside.key not in self._noted:
                self._noted.add(aside.key)
                operation = aside.operation
                self._aside[operation.id if isinstance(operation, Put) else "visit"].append(outcome)

    def _fate(self, write: Operation) -> Outcome:
        """How a write ended that left the log: acknowledged, unless set aside. One visit is like another."""
        aside = self._aside[write.id if write.operation == "put" else "visit"]
        return aside.pop() if aside else "ok"
