"""Sessions in a store that acknowledges more than it keeps."""

import itertools
import os
from collections.abc import Collection, Mapping, Sequence

from flask import Flask

from services.session import application, document, placement
from services.session.cookie import Cookie
from services.session.document import Operation
from services.session.lifetime import Lifetime
from services.session.placement import Instance
from services.session.settings import Settings
from services.session.store import Applied, Once
from services.stateful.memory import MemoryStore


class ForgetfulStore(MemoryStore):
    """Acknowledges every so many-th change without making it: 20, or `every`."""

    def __init__(self, lifetime: Lifetime, every: int = 20) -> None:
        super().__init__(lifetime)
        self._every = every
        self._changes = itertools.count(1)

    def apply(
        self,
        credential: str,
        operations: Sequence[Operation],
        *,
        if_versions: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Applied:
        if next(self._changes) % self._every:
            return super().apply(credential, operations, if_versions=if_versions, once=once)
        session, results = document.apply(self.load(credential).session, operations)
        return Applied(credential, session.version, results)


def create_app(environ: Mapping[str, str] = os.environ) -> Flask:
    settings = Settings.read(environ, service="control", stores=("memory:",))
    lifetime = Lifetime(settings.idle_seconds, settings.absolute_seconds)
    where = placement.of_kind("process-memory", settings.service, "memory", Instance.new(), None)
    cookie = Cookie(settings.service, settings.cookie_secure)
    return application.build(ForgetfulStore(lifetime), cookie, lambda: where)
