"""Prometheus metrics: a store that measures the store inside it."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram

from services.session.document import Operation
from services.session.store import Applied, Held, Once, SessionError, SessionStore

_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class MeasuredStore:
    """A `SessionStore` that adds nothing but counts: what was asked, how long it took, what failed."""

    def __init__(self, store: SessionStore, registry: CollectorRegistry) -> None:
        self._store = store
        self._seconds = Histogram(
            "session_store_seconds",
            "Time a store operation took, whatever its outcome",
            ["operation"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._refused = Counter(
            "session_refused",
            "Store operations refused, by problem type",
            ["operation", "problem"],
            registry=registry,
        )

    def open(self) -> Held:
        with self._measured("open"):
            return self._store.open()

    def load(self, credential: str) -> Held:
        with self._measured("load"):
            return self._store.load(credential)

    def apply(
        self,
        credential: str,
        operations: Sequence[Operation],
        *,
        if_versions: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Applied:
        with self._measured("apply"):
            return self._store.apply(credential, operations, if_versions=if_versions, once=once)

    def renew(self, credential: str, *, if_versions: Collection[int] | None = None) -> str:
        with self._measured("renew"):
            return self._store.renew(credential, if_versions=if_versions)

    def close(self, credential: str, *, if_versions: Collection[int] | None = None) -> bool:
        with self._measured("close"):
            return self._store.close(credential, if_versions=if_versions)

    def check(self) -> None:
        with self._measured("check"):
            self._store.check()

    @contextmanager
    def _measured(self, operation: str) -> Iterator[None]:
        with self._seconds.labels(operation).time():
            try:
                yield
            except SessionError as error:
                self._refused.labels(operation, error.slug).inc()
                raise
