"""Sessions in the memory of this process: a dict under a lock. They die with the process."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from services.session import devices, document
from services.session.credential import Credential, nonce
from services.session.devices import Mark
from services.session.document import Item, Operation, Session
from services.session.idempotency import Answer, remember, repeated
from services.session.lifetime import Lifetime
from services.session.record import Grant, Record, admit_device, renew
from services.session.store import (
    Applied,
    Held,
    Link,
    LinkInvalid,
    Once,
    PreconditionFailed,
    SessionGone,
    SessionUnknown,
    Synced,
)
from services.session.upload import Upload


@dataclass
class _Entry:
    record: Record
    grants: dict[str, Grant]
    items: dict[str, Item] = field(default_factory=dict)
    visits: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)

    def change(self, operations: Sequence[Operation]) -> tuple[int, ...]:
        session, results = document.apply(self.session(), operations)
        self.items, self.visits = dict(session.items), session.visits
        self.record = replace(self.record, version=session.version)
        return results

    def session(self) -> Session:
        r = self.record
        return Session(r.version, self.items, self.visits, r.opened_at, r.idle_expires_at, r.expires_at)


class MemoryStore:
    """A `SessionStore` whose state is this object."""

    def __init__(self, lifetime: Lifetime) -> None:
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._sweep_at = 0

    def open(self) -> Held:
        credential = Credential.fresh()
        entry = _Entry(Record.begin(self._lifetime), {credential.digest: Grant()})
        with self._lock:
            self._sweep()
            self._entries[credential.id] = entry
        return Held(str(credential), entry.session())

    def load(self, credential: str) -> Held:
        with self._lock:
            entry, now = self._admitted(Credential.parse(credential))
            self._touch_if_due(entry, now)
            return Held(credential, entry.session())

    def apply(
        self,
        credential: str,
        operations: Sequence[Operation],
        *,
        if_versions: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Applied:
        with self._lock:
            entry, now = self._admitted(Credential.parse(credential))
            if once and (first := repeated(once, entry.answers.get(once.key))):
                return Applied(credential, first.version, first.results)
            PreconditionFailed.unless_at(if_versions, entry.record.version)
            results = entry.change(operations)
            if once:
                remember(entry.answers, once, entry.record.version, results)
            self._touch(entry, now)
            return Applied(credential, entry.record.version, results)

    def sync(self, credential: str, upload: Upload) -> Synced:
        with self._lock:
            entry, now = self._admitted(Credential.parse(credential))
            if operations := devices.due(
                upload, entry.marks.get(upload.device), entry.record.horizon, entry.record.version
            ):
                entry.change(operations)
                version = entry.record.version
                if devices.remember(entry.marks, upload, version):
                    entry.record = replace(entry.record, horizon=version)
                self._touch(entry, now)
            else:
                self._touch_if_due(entry, now)
            mark = entry.marks.get(upload.device, Mark())
            return Synced(credential, mark.acknowledged, entry.session())

    def link(self, credential: str) -> Link:
        with self._lock:
            held = Credential.parse(credential)
            entry, now = self._admitted(held)
            code, until = held.another(), now + self._lifetime.link
            entry.record = replace(entry.record, link=code.digest, link_until=until)
            self._touch(entry, now)
            return Link(str(code), until)

    def join(self, code: str) -> Held:
        held = Credential.of_link(code)
        with self._lock:
            entry, now = self._entries.get(held.id), self._lifetime.clock()
            if entry is None:
                raise LinkInvalid
            record, own = entry.record.joined(held, now), held.another()
            admit_device(entry.grants, own)
            entry.record = record
            self._touch(entry, now)
            return Held(str(own), entry.session())

    def renew(self, credential: str, *, if_versions: Collection[int] | None = None) -> str:
        held = Credential.parse(credential)
        with self._lock:
            entry, now = self._admitted(held)
            PreconditionFailed.unless_at(if_versions, entry.record.version)
            return str(renew(entry.grants, held, nonce(), now + self._lifetime.grace))

    def close(self, credential: str, *, if_versions: Collection[int] | None = None) -> bool:
        with self._lock:
            try:
                entry, _ = self._admitted(Credential.parse(credential))
            except SessionGone:
                return False
            PreconditionFailed.unless_at(if_versions, entry.record.version)
            entry.record = replace(entry.record, ended=True)
            entry.items, entry.answers, entry.marks = {}, {}, {}
            return True

    def check(self) -> None:
        """Memory is always there."""

    def _admitted(self, credential: Credential) -> tuple[_Entry, int]:
        entry, now = self._entries.get(credential.id), self._lifetime.clock()
        if entry is None:
            raise SessionUnknown("no such session is known here")
        entry.record.admit(entry.grants.get(credential.digest), now)
        return entry, now

    def _touch_if_due(self, entry: _Entry, now: int) -> None:
        if self._lifetime.touch_due(now, entry.record.idle_expires_at, entry.record.expires_at):
            self._touch(entry, now)

    def _touch(self, entry: _Entry, now: int) -> None:
        deadline = self._lifetime.touched(now, entry.record.idle_expires_at, entry.record.expires_at)
        entry.record = replace(entry.record, idle_expires_at=deadline)

    def _sweep(self) -> None:
        """Forget, once a minute, what expired or ended longer ago than the retention."""
        now = self._lifetime.clock()
        if 0 < self._sweep_at - now <= 60:  # further off: the clock was ahead for a while
            return
        self._sweep_at = now + 60
        horizon = now - self._lifetime.retention
        self._entries = {k: e for k, e in self._entries.items() if e.record.idle_expires_at > horizon}
