"""A session on a device: the same calls online and offline.

What is done here is in the log when the call returns, shows in the view at once, and is uploaded
later, each operation exactly once. A device never guesses: where it cannot know what became of an
operation, it keeps it aside and says so.
"""

import threading
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path
from typing import Self

import msgspec
from msgspec.structs import replace

from services.device.errors import OperationInvalid, Refused
from services.device.exchange import Exchange
from services.device.lock import alone
from services.device.log import IN_DOUBT, Log
from services.device.server import Http, Server, Timeout, jarless
from services.device.state import Aside, Loss, State
from services.device.wire import Link, Numbered
from services.session.document import Session, apply

_NOTHING = Session(version=0, items={}, visits=0, opened_at=0, idle_expires_at=0, expires_at=0)


class Device:
    """A device whose log is the file at `path`, with a session on the service at `base_url`.

    Usable from several threads; several processes may use one log. Of all that talk to the service
    on its behalf one does at a time, the others wait up to `lock_seconds` and then raise `Busy`.
    """

    def __init__(
        self,
        path: Path,
        base_url: str,
        *,
        http: Http | None = None,
        timeout: Timeout = (3, 10),
        lock_seconds: float = 30,
    ) -> None:
        self._path = path
        self._closing = ExitStack()
        self._log = self._closing.enter_context(closing(Log(path)))
        self._server = Server(base_url, http or self._closing.enter_context(jarless()), timeout)
        self._lock_seconds = lock_seconds
        self._has_looked = False
        self.logged = threading.Event()
        """Set whenever something was logged through this object."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._closing.close()

    def put(self, item_id: str, name: str, quantity: int) -> int:
        """Put an item. The number under which it was accepted. Raises `OperationInvalid`."""
        return self._accept({"operation": "put", "id": item_id, "name": name, "quantity": quantity})

    def remove(self, item_id: str) -> int:
        """Remove an item. The number under which it was accepted. Raises `OperationInvalid`."""
        return self._accept({"operation": "remove", "id": item_id})

    def visit(self) -> int:
        """Count a visit. The number under which it was accepted."""
        return self._accept({"operation": "visit"})

    @property
    def session(self) -> Session | None:
        """The session as the service had it when it last answered."""
        return self._log.read(0)[0].session

    def view(self) -> Session:
        """The session as it will be once all that is pending is applied; the version is the last known."""
        state, pending = self._log.read()
        known = state.session or _NOTHING
        expected, _ = apply(known, [operation.intent for operation in pending])
        return replace(expected, version=known.version)

    @property
    def credential(self) -> str | None:
        """The cookie that it holds, as `name=value`."""
        return self._log.read(0)[0].cookie

    @property
    def pending(self) -> tuple[Numbered, ...]:
        """What was accepted and is not acknowledged."""
        return self._log.read()[1]

    @property
    def accepted(self) -> int:
        """The highest number that was given out under the device's present id."""
        return self._log.last()

    @property
    def acknowledged(self) -> int:
        """The highest number of this device that the service has acknowledged."""
        return self._log.read(0)[0].acknowledged

    @property
    def in_doubt(self) -> tuple[Aside, ...]:
        """What was sent, and nobody knows any more whether it was applied. `settle` each."""
        return tuple(aside for aside in self._log.aside() if aside.why == IN_DOUBT)

    @property
    def refused(self) -> tuple[Aside, ...]:
        """What the service would not take, even alone, and why. It was not applied."""
        return tuple(aside for aside in self._log.aside() if aside.why != IN_DOUBT)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What the service had acknowledged, and then lost."""
        return self._log.losses()

    @property
    def trouble(self) -> str | None:
        """Why the service refused the last exchange, until one succeeds. Being offline is none."""
        return self._log.read(0)[0].trouble

    def settle(self, aside: Aside, *, again: bool) -> None:
        """Decide on an operation that was kept aside: log it again, or let it go."""
        self._log.settle(aside, again=again)
        self.logged.set()

    def sync(self) -> Session:
        """Upload what is pending now, and get the session as it is then. Opens one if there is none.

        Raises `Unavailable` (later it may work), `SessionLost` and `LinkInvalid` (see `begin` and
        `join`), any other `Refused`, or `Busy`.
        """
        with self._talking():
            exchange = Exchange(self._log, self._server, looks_first=not self._has_looked)
            try:
                return exchange.run()
            except Refused as refused:
                self._log.update(trouble=str(refused))
                raise
            finally:
                self._has_looked = exchange.has_looked

    def link(self) -> Link:
        """A code with which another device joins this session, once. Raises as `sync`, which goes first."""
        self.sync()
        with self._talking():
            cookie, link = self._server.link(self._log.read(0)[0].cookie or "")
            self._log.update(cookie=cookie)
            return link

    def begin(self) -> None:
        """Leave the session for a new one, into which all goes that is pending.

        That may have been applied to the session before, and is so to the new one once.
        """
        with self._talking():
            self._log.start_over(State(), doubt=False)

    def join(self, code: str) -> None:
        """Leave the session for that of the device which gave the code; what is pending comes along.

        What may have been applied is kept aside: this may be the session to which it was.
        """
        with self._talking():
            self._log.start_over(State(link=code), doubt=True)

    def _accept(self, fields: dict[str, object]) -> int:
        try:
            operation = msgspec.convert({**fields, "sequence": 1}, Numbered)
        except msgspec.ValidationError as error:
            raise OperationInvalid(f"not accepted: {error}") from error
        number = self._log.append(operation)
        self.logged.set()
        return number

    def _talking(self) -> AbstractContextManager[None]:
        return alone(self._path, "talking", self._lock_seconds)
