"""Bring what is in the log to the service, and its session into the log.

Whoever is killed between any two lines here leaves a log from which the next one goes on: what is to be
sent is marked first, what was answered is kept in one transaction, and the service skips what it has.
"""

from msgspec.structs import replace

from services.device.errors import Refused, Unavailable
from services.device.log import Log
from services.device.server import Server
from services.device.state import Loss, State
from services.device.wire import Numbered, Synced, fitting
from services.session.document import Session
from services.session.upload import OPERATIONS, Upload

_FOR_GOOD = {"session-too-large", "invalid"}
"""Refusals that an operation would meet with each time."""
_TOO_MUCH = {*_FOR_GOOD, "status-413"}
"""Refusals that a part of the upload may not meet with."""


class Exchange:
    """One run, from what is in the log at its begin to when all of that was answered.

    Where `looks_first`, it uploads nothing before it has asked how far the service knows this device: of a
    log that is an old copy of itself the service would skip what it knows by the same numbers.
    """

    def __init__(self, log: Log, server: Server, *, looks_first: bool) -> None:
        self._log = log
        self._server = server
        self._goal = log.last()
        self._most = 0 if looks_first else OPERATIONS
        self._new_id = False

    def run(self) -> Session:
        """The session as the service has it then. Raises a `DeviceError`."""
        while True:
            state, pending = self._log.read(OPERATIONS)
            if state.cookie is None:
                self._open(state)
            elif state.since is None:
                self._look(state.cookie)
            elif session := self._upload(state, state.cookie, state.since, pending):
                return session

    @property
    def has_looked(self) -> bool:
        """Whether it needs not look first any more."""
        return self._most > 0

    def _open(self, state: State) -> None:
        cookie, session = self._server.open(state.link)
        self._log.update(cookie=cookie, session=session, since=session.version, link=None)
        self._most = OPERATIONS

    def _look(self, cookie: str) -> None:
        """A device that the session has not heard of says from which version on it might have."""
        cookie, session = self._server.read(cookie)
        self._log.update(cookie=cookie, session=session, since=session.version)
        self._most = OPERATIONS

    def _upload(self, state: State, cookie: str, since: int, pending: tuple[Numbered, ...]) -> Session | None:
        """The session, once all is answered that was pending at the begin."""
        upload = fitting(state.device, since, pending, self._most)
        sent = max(state.sent, upload.last)
        self._mark(sent, state.sent)
        try:
            cookie, synced = self._server.sync(cookie, upload)
        except Refused as refused:
            self._mark(state.sent, sent)
            self._follow(refused, state, upload)
            return None
        except Unavailable as unavailable:
            if not unavailable.reached:
                self._mark(state.sent, sent)
            raise
        self._most = self._most or OPERATIONS
        return self._take(replace(state, cookie=cookie, sent=sent), cookie, upload, synced)

    def _mark(self, sent: int, before: int) -> None:
        if sent != before:
            self._log.update(sent=sent)

    def _take(self, state: State, cookie: str, upload: Upload, synced: Synced) -> Session | None:
        mark, session = synced.acknowledged, synced.session.session
        if mark < state.acknowledged:
            self._go_on_after_loss(state, mark)
        elif mark > max(state.sent, state.acknowledged):  # a copy of this log was at work under this id
            self._mark(mark, state.sent)
            self._start_over(state, doubt=True)
        elif mark < upload.last:
            raise Unavailable(
                f"the service took operations up to {mark} only, and did not say why", reached=True
            )
        else:
            self._log.acknowledge(cookie, mark, session)
            return session if mark >= self._goal else None
        return None

    def _follow(self, refused: Refused, state: State, upload: Upload) -> None:
        """Do what makes the next request another one, or raise."""
        expected = refused.expected
        if refused.kind == "device-forgotten":
            self._start_over(state, doubt=True)
        elif refused.kind == "sequence-gap" and expected and expected <= state.acknowledged:
            self._go_on_after_loss(state, expected - 1)
        elif refused.kind in _TOO_MUCH and len(upload.operations) > 1:
            self._most = len(upload.operations) // 2
        elif not (
            refused.kind in _FOR_GOOD
            and upload.operations
            and self._log.refuse(upload.operations[0], refused.kind)
        ):
            raise refused

    def _go_on_after_loss(self, state: State, mark: int) -> None:
        """The service went back to an earlier state, which has none of what is pending: no doubt is left.

        The numbers after the mark are not used again, as a late request may still bring the old ones.
        """
        self._start_over(state, doubt=False, loss=Loss(state.device, mark + 1, state.acknowledged))

    def _start_over(self, state: State, *, doubt: bool, loss: Loss | None = None) -> None:
        if self._new_id:
            raise Unavailable("the service forgot two device ids in a row", reached=True)
        self._log.start_over(state.under_new_id(), doubt=doubt, loss=loss)
        self._goal, self._new_id = self._log.last(), True
