"""Stores that are broken on purpose, each in a way that real session libraries are.

`test_broken.py` shows that the suite catches them. A check that nothing can fail proves nothing.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from threading import Event

from msgspec.structs import replace

from services.session import document
from services.session.credential import Credential
from services.session.document import Operation
from services.session.lifetime import Lifetime
from services.session.record import Grant
from services.session.store import Applied, Held, Once, PreconditionFailed, SessionEnded
from services.stateful.memory import MemoryStore
from services.stateful.sqlite import SqliteStore


class WriteBehindStore(SqliteStore):
    """Acknowledges a change and writes it with the next call: a crash in between loses it."""

    def __init__(self, path: Path, lifetime: Lifetime) -> None:
        super().__init__(path, lifetime)
        self._behind: list[tuple[str, Sequence[Operation]]] = []

    def load(self, credential: str) -> Held:
        self._catch_up()
        return super().load(credential)

    def apply(
        self,
        credential: str,
        operations: Sequence[Operation],
        *,
        if_versions: Collection[int] | None = None,  # noqa: ARG002
        once: Once | None = None,  # noqa: ARG002
    ) -> Applied:
        session, results = document.apply(self.load(credential).session, operations)
        self._behind.append((credential, operations))
        return Applied(credential, session.version, results)

    def _catch_up(self) -> None:
        while self._behind:
            super().apply(*self._behind.pop(0))


class ResurrectingStore(MemoryStore):
    """Writes a session whether or not it is still there, as a save at the request's end does."""

    def apply(
        self,
        credential: str,
        operations: Sequence[Operation],
        *,
        if_versions: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Applied:
        try:
            return super().apply(credential, operations, if_versions=if_versions, once=once)
        except SessionEnded:
            entry = self._entries[Credential.parse(credential).id]
            entry.record = replace(entry.record, ended=False)
            return super().apply(credential, operations, if_versions=if_versions, once=once)


class LastWriterStore(MemoryStore):
    """Reads the session, changes it and writes it back whole: of two at a time one is lost."""

    def apply(
        self,
        credential: str,
        operations: Sequence[Operation],
        *,
        if_versions: Collection[int] | None = None,  # noqa: ARG002
        once: Once | None = None,  # noqa: ARG002
    ) -> Applied:
        session, results = document.apply(self.load(credential).session, operations)
        Event().wait(0.0001)
        entry = self._entries[Credential.parse(credential).id]
        entry.items, entry.visits = dict(session.items), session.visits
        entry.record = replace(entry.record, version=session.version)
        return Applied(credential, session.version, results)


class EagerStore(MemoryStore):
    """Changes first and looks at the precondition afterwards."""

    def apply(
        self,
        credential: str,
        operations: Sequence[Operation],
        *,
        if_versions: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Applied:
        applied = super().apply(credential, operations, once=once)
        PreconditionFailed.unless_at(if_versions, applied.version - 1)
        return applied


class AdoptingStore(MemoryStore):
    """Opens a session under whatever credential comes along: session fixation."""

    def load(self, credential: str) -> Held:
        key = Credential.parse(credential)
        if key.id not in self._entries:
            opened = Credential.parse(self.open().credential)
            entry = self._entries.pop(opened.id)
            entry.grants[key.digest] = Grant()
            self._entries[key.id] = entry
        return super().load(credential)


class ImmortalStore(MemoryStore):
    """Lets a renewal move the absolute timeout, so that a stolen session lives as long as it is used."""

    def renew(self, credential: str, *, if_versions: Collection[int] | None = None) -> str:
        renewed = super().renew(credential, if_versions=if_versions)
        entry = self._entries[Credential.parse(renewed).id]
        expires_at = self._lifetime.clock() + self._lifetime.absolute
        entry.record = replace(entry.record, expires_at=expires_at)
        return renewed
