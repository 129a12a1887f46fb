"""Lines of the log that take a store out of reach, a broken one, or a writer gone mad: in-process."""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.session import application, placement
from services.session.cookie import Cookie
from services.session.credential import Credential
from services.session.lifetime import Lifetime
from services.session.logs import JsonLines, fingerprint, level
from services.session.metrics import MeasuredStore
from services.session.outage import QUIET_SECONDS, Outage
from services.session.placement import Instance
from services.session.settings import SettingsError
from services.session.store import CredentialRejected, Held, StoreUnavailable
from services.stateful.memory import MemoryStore
from services.stateless.app import create_app as create_stateless
from tests.contract.clock import Clock
from tests.contract.running import free_port

PASSWORD = "hunter2-of-the-store"  # noqa: S105


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator["Lines"]:
    """What is written from now on."""
    with caplog.at_level(logging.DEBUG, "sessionlab"):
        yield Lines(caplog)


class Lines:
    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog

    def of(self, event: str) -> list[dict[str, Any]]:
        records = [record for record in self._caplog.records if record.name == "sessionlab"]
        lines = [json.loads(JsonLines().format(record)) for record in records]
        return [line for line in lines if line["event"] == event]


class CrashingStore(MemoryStore):
    """Fails in a way that nobody foresaw, and says in the error what it was given."""

    def load(self, credential: str) -> Held:
        raise ValueError(f"cannot make sense of {credential} nor of {Credential.parse(credential)!r}")


class WaveringStore(MemoryStore):
    """Out of reach when told to be."""

    away = False

    def load(self, credential: str) -> Held:
        if self.away:
            raise StoreUnavailable("away")
        return super().load(credential)


def over(store: MemoryStore) -> Any:
    where = placement.of_kind("process-memory", "any", "any", Instance.new(), None)
    return application.build(store, Cookie("any", secure=False), lambda: where).test_client()


def record(**extra: object) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "sessionlab", "msg": "x", "levelname": "INFO"} | extra)


# The form


@pytest.mark.parametrize(
    "text",
    [
        "a\nb",
        "a\r\nb",
        "\x1b[2J",
        "a\x00b",
        "a\x85b",
        "a\u2028b",
        "a\x9bb",
        '"}\n{"event": "forged"}',
        "\ud800",
    ],
)
def test_line_is_one_line_of_printable_ascii_whatever_is_in_it(text: str) -> None:
    line = JsonLines().format(record(sent=text, traceback=text))
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["sent"] == text


@pytest.mark.parametrize("text", ["loud", "", "10", "info\n", "notset"])
def test_log_level_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"LOG_LEVEL=.*debug, info, warning, error"):
        level({"LOG_LEVEL": text})


@pytest.mark.parametrize(("environ", "expected"), [({}, "info"), ({"LOG_LEVEL": "DEBUG"}, "debug")])
def test_log_level_is_info_unless_told_otherwise(environ: dict[str, str], expected: str) -> None:
    assert level(environ) == expected


# An error that nobody foresaw


def test_unexpected_error_is_one_line_with_the_traceback_and_without_the_credential(
    lines: Lines, lifetime: Lifetime
) -> None:
    client = over(CrashingStore(lifetime))
    client.post("/session")
    credential = client.get_cookie("any-session").value
    assert client.get("/session").status_code == 500
    (line,) = lines.of("unexpected_error")
    assert (line["level"], line["method"], line["route"]) == ("error", "GET", "/session")
    assert line["traceback"].startswith("Traceback")
    assert "ValueError: cannot make sense of ***" in line["traceback"]
    assert [part for part in (credential, *credential.split(".")) if part in json.dumps(line)] == []


# A store out of reach


def test_outage_is_told_of_once_however_many_requests_it_fails(lines: Lines) -> None:
    client = create_stateless(
        {"SESSION_STORE": f"redis://127.0.0.1:{free_port()}/0", "SESSION_COOKIE_SECURE": "false"}
    ).test_client()
    client.set_cookie("stateless-session", str(Credential.fresh()))
    assert [client.get("/session").status_code for _ in range(50)] == [503] * 50
    (line,) = lines.of("store_unavailable")
    assert (line["level"], line["operation"]) == ("error", "load")
    assert "Redis did not do it" in line["reason"]


def test_credential_is_not_refused_by_a_store_out_of_reach(lines: Lines) -> None:
    client = create_stateless(
        {"SESSION_STORE": f"redis://127.0.0.1:{free_port()}/0", "SESSION_COOKIE_SECURE": "false"}
    ).test_client()
    client.set_cookie("stateless-session", str(Credential.fresh()))
    client.get("/session")
    assert lines.of("credential_refused") == lines.of("session_use_after_expire") == []


def test_end_of_an_outage_is_told_of_once_with_what_it_cost(lines: Lines, clock: Clock) -> None:
    outage = Outage(clock)
    for _ in range(3):
        outage.failed("load", StoreUnavailable("gone"))
        clock.forward(5)
    outage.answered()
    outage.answered()
    assert [(line["level"], line["failures"], line["seconds"]) for line in lines.of("store_available")] == [
        ("warning", 3, 10)
    ]


def test_store_that_wavers_is_told_of_once(lines: Lines) -> None:
    """Under load some get through and some do not: two lines for each would be a flood."""
    now = [0.0]
    outage = Outage(lambda: now[0])
    for _ in range(100):
        outage.failed("apply", StoreUnavailable("busy"))
        now[0] += QUIET_SECONDS / 2
        outage.answered()
    assert (len(lines.of("store_unavailable")), lines.of("store_available")) == (1, [])


def test_second_outage_is_told_of_again(lines: Lines, clock: Clock) -> None:
    outage = Outage(clock)
    for _ in range(2):
        outage.failed("load", StoreUnavailable("gone"))
        clock.forward(2)
        outage.answered()
    assert (len(lines.of("store_unavailable")), len(lines.of("store_available"))) == (2, 2)


@pytest.mark.parametrize(
    ("credential", "ended"),
    [("held", True), (str(Credential.fresh()), True), ("nonsense", False)],
    ids=["served", "refused by the store", "refused without asking it"],
)
def test_outage_ends_with_the_first_request_that_the_store_answers(
    lines: Lines, lifetime: Lifetime, clock: Clock, credential: str, ended: bool
) -> None:
    wavering = WaveringStore(lifetime)
    store = MeasuredStore(wavering, CollectorRegistry(), Outage(clock))
    held = store.open().credential
    wavering.away = True
    with pytest.raises(StoreUnavailable):
        store.load(held)
    wavering.away = False
    clock.forward(1)
    with suppress(CredentialRejected):
        store.load(held if credential == "held" else credential)
    assert bool(lines.of("store_available")) is ended


def test_password_that_the_store_refuses_is_not_told(lines: Lines, redis_url: str) -> None:
    url = redis_url.replace("://", f"://nobody:{PASSWORD}@")
    client = create_stateless({"SESSION_STORE": url, "SESSION_COOKIE_SECURE": "false"}).test_client()
    assert client.post("/session").status_code == 503
    (line,) = lines.of("store_unavailable")
    assert "invalid username-password pair" in line["reason"]
    assert PASSWORD not in json.dumps(lines.of("store_unavailable") + lines.of("sys_startup"))


# Fingerprints


def test_fingerprint_is_the_first_64_bits_of_sha256() -> None:
    assert fingerprint("abc") == "ba7816bf8f01cfea"


def test_outage_does_not_end_with_a_session_that_is_opened(
    lines: Lines, lifetime: Lifetime, clock: Clock
) -> None:
    """A token is sealed without asking the record that cannot be reached."""
    wavering = WaveringStore(lifetime)
    store = MeasuredStore(wavering, CollectorRegistry(), Outage(clock))
    held = store.open().credential
    wavering.away = True
    with pytest.raises(StoreUnavailable):
        store.load(held)
    clock.forward(1)
    wavering.away = False
    store.open()
    assert not lines.of("store_available")
