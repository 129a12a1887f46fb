"""A store whose doings can be seen from outside: in Prometheus metrics and in the log.

docs/operations.md says what each metric means, and what it cannot count.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram

from services.session.document import Operation
from services.session.logs import fingerprint, log
from services.session.outage import Outage
from services.session.store import (
    Applied,
    CredentialInvalid,
    CredentialRejected,
    Held,
    Link,
    LinkInvalid,
    Once,
    PreconditionFailed,
    SessionEnded,
    SessionError,
    SessionExpired,
    SessionStore,
    SessionUnknown,
    StoreUnavailable,
    Synced,
)
from services.session.upload import Upload

_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_REASONS = tuple(kind.slug for kind in (CredentialInvalid, SessionUnknown, SessionExpired, SessionEnded))


class Metrics:
    """What is counted. Every series with known labels begins at 0, so that its first increase shows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, text: str, **labels: Sequence[str]) -> Counter:
            made = Counter(name, text, list(labels), registry=registry)
            for name_of_label, values in labels.items():
                for value in values:
                    made.labels(**{name_of_label: value})
            return made

        changes = ("apply", "renew", "close")
        self.late = late = ("apply", "sync", "link", "renew")
        self.opened = counter("session_opened_total", "Sessions opened")
        self.ended = counter("session_ended_total", "Sessions ended by their client")
        self.expired = counter("session_expired_total", "Requests whose session was seen to have expired")
        self.conflicts = counter(
            "session_conflicts_total", "Changes refused: no longer at the version", operation=changes
        )
        self.resurrections = counter(
            "session_resurrections_blocked_total",
            "Changes refused: they came after the end",
            operation=late,
        )
        self.rejected = counter(
            "session_credentials_rejected_total", "Credentials that opened no session", reason=_REASONS
        )
        self.refused = Counter(
            "session_refused_total",
            "Store operations refused, by problem type",
            ["operation", "problem"],
            registry=registry,
        )
        seconds = Histogram(
            "session_store_seconds",
            "Time a store operation took, whatever its outcome",
            ["operation"],
            buckets=_BUCKETS,
            registry=registry,
        )
        operations = ("open", "join", "load", *late, "close", "check")
        self.seconds = {one: seconds.labels(one) for one in operations}

    def count_refusal(self, operation: str, error: SessionError) -> None:
        self.refused.labels(operation, error.slug).inc()
        if isinstance(error, CredentialRejected):
            self.rejected.labels(error.slug).inc()
        if isinstance(error, SessionExpired):
            self.expired.inc()
        if isinstance(error, SessionEnded) and operation in self.late:
            self.resurrections.labels(operation).inc()
        if isinstance(error, PreconditionFailed):
            self.conflicts.labels(operation).inc()


class MeasuredStore:
    """A `SessionStore` that adds nothing but what there is to see of the store in it."""

    def __init__(
        self, store: SessionStore, registry: CollectorRegistry, outage: Outage | None = None
    ) -> None:
        self._store = store
        self._metrics = Metrics(registry)
        self._outage = outage or Outage()

    def open(self) -> Held:
        with self._observed("open"):
            held = self._store.open()
        self._metrics.opened.inc()
        log.info("session_created", extra={"credential": fingerprint(held.credential)})
        return held

    def load(self, credential: str) -> Held:
        with self._observed("load", credential):
            return self._store.load(credential)

    def apply(
        self,
        credential: str,
        operations: Sequence[Operation],
        *,
        if_versions: Collection[int] | None = None,
        once: Once | None = None,
    ) -> Applied:
        with self._observed("apply", credential):
            return self._store.apply(credential, operations, if_versions=if_versions, once=once)

    def sync(self, credential: str, upload: Upload) -> Synced:
        with self._observed("sync", credential):
            return self._store.sync(credential, upload)

    def link(self, credential: str) -> Link:
        with self._observed("link", credential):
            link = self._store.link(credential)
        fields = {"credential": fingerprint(credential), "link": fingerprint(link.code)}
        log.info("session_link_created", extra=fields)
        return link

    def join(self, code: str) -> Held:
        with self._observed("join", code):
            held = self._store.join(code)
        fields = {"credential": fingerprint(held.credential), "link": fingerprint(code)}
        log.info("session_joined", extra=fields)
        return held

    def renew(self, credential: str, *, if_versions: Collection[int] | None = None) -> str:
        with self._observed("renew", credential):
            renewed = self._store.renew(credential, if_versions=if_versions)
        fields = {"credential": fingerprint(credential), "successor": fingerprint(renewed)}
        log.info("session_renewed", extra=fields)
        return renewed

    def close(self, credential: str, *, if_versions: Collection[int] | None = None) -> bool:
        with self._observed("close", credential):
            ended = self._store.close(credential, if_versions=if_versions)
        if ended:
            self._metrics.ended.inc()
            fields = {"credential": fingerprint(credential), "reason": "logout"}
            log.info("session_expired", extra=fields)
        return ended

    def check(self) -> None:
        with self._observed("check"):
            self._store.check()

    @contextmanager
    def _observed(self, operation: str, credential: str | None = None) -> Iterator[None]:
        with self._metrics.seconds[operation].time():
            try:
                yield
            except SessionError as error:
                self._refused(operation, credential, error)
                raise
        if operation not in {"open", "join"}:  # for which not every store is asked
            self._outage.answered()

    def _refused(self, operation: str, credential: str | None, error: SessionError) -> None:
        self._metrics.count_refusal(operation, error)
        if isinstance(error, StoreUnavailable):
            self._outage.failed(operation, error)
        elif not isinstance(error, CredentialInvalid | LinkInvalid):  # which no store needs to be asked about
            self._outage.answered()
        if credential is not None and isinstance(error, CredentialRejected | LinkInvalid):
            dead = isinstance(error, SessionEnded | SessionExpired)
            fields = {"operation": operation, "reason": error.slug, "credential": fingerprint(credential)}
            log.warning("session_use_after_expire" if dead else "credential_refused", extra=fields)
