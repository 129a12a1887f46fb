"""Who is measured: our services, and their peers. Data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Subject:
    """An application. `target` (`module:function`) makes it. In its settings `{redis}` and `{home}`
    stand for the URL of the Redis of this run, and for a folder of the subject's own.
    """

    name: str
    title: str
    target: str
    settings: Mapping[str, str] = field(default_factory=dict)
    counts: bool = True
    """Whether it keeps a session at all."""
    ours: bool = False

    def environment(self, redis_url: str, home: Path) -> Mapping[str, str]:
        """What its process is told."""
        return {name: text.format(redis=redis_url, home=home) for name, text in self.settings.items()}


def _peer(name: str, title: str, *, redis: bool = False, counts: bool = True) -> Subject:
    settings = {"BENCHMARK_REDIS": "{redis}"} if redis else {}
    return Subject(name, title, f"loadtests.benchmark.peers.{name}:create_app", settings, counts)


def _ours(name: str, title: str, service: str, store: str, **more: str) -> Subject:
    settings = {"SESSION_STORE": store, "SESSION_COOKIE_SECURE": "false", **more}
    return Subject(name, title, f"services.{service}.app:create_app", settings, ours=True)


SUBJECTS = {
    subject.name: subject
    for subject in (
        _peer("bare", "bare Flask, no session", counts=False),
        _peer("signed_cookie", "Flask's signed cookie"),
        _peer("server_side", "Flask-Session on Redis", redis=True),
        _peer("django", "Django's cache sessions on Redis", redis=True),
        _ours("token", "our sealed token", "stateless", "token:", SESSION_KEYS="{home}/keys"),
        _ours("redis", "our Redis store", "stateless", "{redis}"),
        _ours("sqlite", "our SQLite file", "stateful", "sqlite:{home}/sessions.db"),
        _ours("memory", "our process memory", "stateful", "memory:"),
    )
}
