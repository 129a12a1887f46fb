"""What the services write to their log, and what never gets there: on processes, over every store."""

import json
import re
import socket
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis
import requests

from services.session.credential import Credential
from services.session.logs import fingerprint
from services.stateless.keyring import create_first
from tests.contract.conftest import ALL
from tests.contract.exchange import TEA
from tests.contract.running import Client, Service, eventually

PASSWORD = "hunter2-of-the-store"  # noqa: S105
ITEM = "a-gift-for-somebody"
FORGED = '{"event": "forged"}'
COMMON = ["time", "level", "event", "service", "instance", "boot"]


@dataclass(frozen=True)
class Told:
    """All that a service wrote, from its start to its end, and what it was that it could have let out."""

    service: Service
    log: bytes
    metrics: str
    served_by: str
    held: dict[str, str]
    secrets: list[str]

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.splitlines()]

    def events(self, *names: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] in names]


@dataclass
class Story:
    """Somebody's life with one service, and the credentials that this somebody held."""

    service: Service
    client: Client
    held: dict[str, str] = field(default_factory=dict)

    def keep(self, name: str) -> str:
        """The credential held now, under this name."""
        self.held[name] = self.client.jar.cookies[self.service.cookie]
        return self.held[name]

    def send(self, method: str, path: str, status: int, **more: Any) -> requests.Response:
        answer = self.client.send(method, path, **more)
        assert answer.status_code == status, (method, path, answer.text)
        return answer

    def try_credential(self, credential: str) -> int:
        stranger = self.service.client()
        with stranger.jar:
            cookie = {"Cookie": f"{self.service.cookie}={credential}"}
            return stranger.send("POST", "/session/visits", headers=cookie).status_code


def live(story: Story) -> None:
    """Open, read and write much, renew, close; then all that is refused."""
    story.send("POST", "/session", 201)
    story.keep("opened")
    for number in range(20):
        story.send("PUT", f"/session/items/{ITEM}", 201 if number == 0 else 200, json={**TEA, "name": ITEM})
        story.send("GET", "/session", 200)
    story.keep("written")
    story.send("POST", "/session/renew", 204)
    closing = story.keep("renewed")
    story.send("PUT", f"/session/items/{ITEM}", 422, json={"name": ITEM, "quantity": 0})
    story.send("PUT", f"/session/items/{ITEM}", 413, data="x" * 20_000)
    story.send("DELETE", "/session", 204)
    story.try_credential(closing)
    for name, credential in {
        "malformed": f"nonsense-and-{ITEM}",
        "unknown": str(Credential.fresh()),
        "altered": closing[:-8] + "AAAAAAAA",
    }.items():
        assert story.try_credential(credential) == 401
        story.held[name] = credential
    story.send("POST", "/session", 403, headers={"Origin": "https://evil.example"})


def forge(service: Service) -> None:
    """Requests that would begin a line of their own in a log that writes down what it is sent."""
    host, port = service.url.removeprefix("http://").split(":")
    quoted = FORGED.replace('"', '\\"')
    for head in (
        f"GET /%0a%0d{quote(FORGED)} HTTP/1.1\r\n".encode(),
        b"GET /session/items/a%0aforged HTTP/1.1\r\n",
        b"FORGED GET /session HTTP/1.1\r\n",
        b"forged /session HTTP/1.1\r\n",
        f"POST /session HTTP/1.1\r\nOrigin: {FORGED}\r\n".encode(),
        b"POST /session HTTP/1.1\r\nOrigin: https://evil\x85\x9b2J\xe2\x80\xa8" + FORGED.encode() + b"\r\n",
        b"POST /session HTTP/1.1\r\nSec-Fetch-Site: \x85" + FORGED.encode() + b"\r\n",
        b"POST /session HTTP/1.1\r\nSec-Fetch-Site: \r" + FORGED.encode() + b"\r\n",
        f'GET /session HTTP/1.1\r\nCookie: {service.cookie}="\\012{quoted}\\012"\r\n'.encode(),
    ):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(head + b"Host: x\r\nConnection: close\r\n\r\n")
            while connection.recv(65536):
                pass


@pytest.fixture(scope="module")
def guarded_redis(redis_url: str) -> str:
    """The Redis of all tests, for a user with a password."""
    with redis.Redis.from_url(redis_url) as admin:
        admin.acl_setuser("app", enabled=True, passwords=[f"+{PASSWORD}"], keys=["*"], categories=["+@all"])
    return redis_url.replace("://", f"://app:{PASSWORD}@")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, guarded_redis: str) -> dict[str, Told]:
    """Every store's service, at the level at which it says most, through all that can happen to it."""
    home = tmp_path_factory.mktemp("told")
    create_first(home / "keys")
    settings = {
        "memory": ("stateful", {"SESSION_STORE": "memory:"}),
        "sqlite": ("stateful", {"SESSION_STORE": f"sqlite:{home}/sessions.db"}),
        "redis": ("stateless", {"SESSION_STORE": guarded_redis}),
        "token": ("stateless", {"SESSION_STORE": "token:", "SESSION_KEYS": f"{home}/keys"}),
    }
    known = [PASSWORD, ITEM, json.loads((home / "keys/0001.jwk").read_text())["k"]]
    running: dict[str, Service] = {}
    told: dict[str, Told] = {}
    with ExitStack() as stops:
        for name, (module, values) in settings.items():
            values = {**values, "LOG_LEVEL": "debug", "TZ": "Asia/Tokyo"}  # noqa: PLW2901
            running[name] = Service.start(name, module, values, home / f"{name}.log")
            stops.callback(running[name].stop)
        stories = {name: Story(service, service.client()) for name, service in running.items()}
        seen: dict[str, requests.Response] = {}
        for name, story in stories.items():
            story.service.await_health()
            with story.client.jar:
                live(story)
                forge(story.service)
                seen[name] = story.send("GET", "/metrics", 200)
    for name, story in stories.items():
        secrets = {part for held in story.held.values() for part in (held, *held.split(".")) if len(part) > 7}
        told[name] = Told(
            story.service,
            (home / f"{name}.log").read_bytes(),
            seen[name].text,
            seen[name].headers["Served-By"],
            story.held,
            [*known, *secrets],
        )
    return told


@pytest.fixture(params=ALL)
def one(request: pytest.FixtureRequest, told: dict[str, Told]) -> Told:
    """What each store's service wrote."""
    return told[request.param]


# The form of the lines


def test_every_line_is_a_json_object_that_says_when_what_and_who(one: Told) -> None:
    """Granian's lines too; and no client begins a line, nor sends a control character through."""
    assert re.fullmatch(rb"([ -~]+\n)+", one.log)
    for line in one.lines:
        assert list(line)[: len(COMMON)] == COMMON
        assert all(isinstance(line[name], str) for name in COMMON)
        assert datetime.strptime(line["time"], "%Y-%m-%dT%H:%M:%S.%fZ")
        assert line["level"] in {"debug", "info", "warning", "error"}


def test_time_of_a_line_is_utc(one: Told) -> None:
    (started,) = one.events("sys_startup")
    age = datetime.now(UTC) - datetime.fromisoformat(started["time"])
    assert 0 < age.total_seconds() < 600


def test_no_client_forges_an_event(one: Told) -> None:
    assert b"forged" in one.log  # it came through to where it does no harm
    assert one.events("forged") == []


def test_lines_of_the_server_have_the_same_form(one: Told) -> None:
    messages = [line["message"] for line in one.events("message") if line["logger"].startswith("_granian")]
    assert any(message.startswith("Listening at: http://127.0.0.1:") for message in messages)


# What is told


def test_start_tells_the_settings_and_the_boot_that_serves(one: Told) -> None:
    (line,) = one.events("sys_startup")
    assert "/".join((line["service"], line["instance"], line["boot"])) == one.served_by
    assert line["store"].partition(":")[0] in {one.service.name, "redis"}
    settings = {
        name: line[name] for name in ("idle_seconds", "absolute_seconds", "cookie_secure", "log_level")
    }
    assert settings == {
        "idle_seconds": 1800,
        "absolute_seconds": 43200,
        "cookie_secure": False,
        "log_level": "debug",
    }


def test_stop_is_the_last_of_the_services_own_events(one: Told) -> None:
    assert [line for line in one.lines if line["event"] != "message"][-1]["event"] == "sys_shutdown"


def test_session_is_told_of_when_it_is_opened_renewed_and_ended_and_not_when_it_is_used(one: Told) -> None:
    marks = {name: fingerprint(credential) for name, credential in one.held.items()}
    life = [
        ("session_created", "info", marks["opened"], None),
        ("session_renewed", "info", marks["written"], marks["renewed"]),
        ("session_expired", "info", marks["renewed"], None),
    ]
    fields = ("event", "level", "credential", "successor")
    lines = one.events("session_created", "session_renewed", "session_expired")[:3]  # then come the forgers
    assert [tuple(line.get(name) for name in fields) for line in lines] == life


def test_use_of_a_session_writes_no_line_even_at_debug_level(one: Told) -> None:
    """20 reads and 20 writes lie between these two."""
    events = [line["event"] for line in one.lines]
    assert events[events.index("session_created") + 1] == "session_renewed"


def test_refused_credential_is_told_of_with_its_reason_and_fingerprint(one: Told) -> None:
    lines = one.events("credential_refused", "session_use_after_expire")
    told = {line["credential"]: (line["event"], line["level"], line["reason"]) for line in lines}
    refused = ("credential_refused", "warning")
    ended = ("session_use_after_expire", "warning", "session-ended")
    keeps_state = one.service.name != "token"
    assert told[fingerprint(one.held["malformed"])] == (*refused, "credential-invalid")
    assert told[fingerprint(one.held["unknown"])] == (
        *refused,
        "session-unknown" if keeps_state else "credential-invalid",
    )
    assert told[fingerprint(one.held["altered"])] == (
        ended if keeps_state else (*refused, "credential-invalid")
    )
    if keeps_state:
        assert told[fingerprint(one.held["renewed"])] == ended


def test_change_from_another_site_is_told_of(one: Told) -> None:
    first = one.events("malicious_csrf")[0]
    assert (first["level"], first["method"], first["route"]) == ("warning", "POST", "/session")
    assert first["sent"] == {"Origin": "https://evil.example", "Sec-Fetch-Site": ""}


def test_malformed_request_is_told_of_at_debug_level_alone(one: Told) -> None:
    told = [line for line in one.lines if line.get("status") in {404, 413, 422}]
    assert {line["status"] for line in told} == {404, 413, 422}
    assert {line["level"] for line in told} == {"debug"}


# What is never told


def test_no_credential_secret_key_or_password_is_in_the_log_or_the_metrics(one: Told) -> None:
    """Nor either half of a credential, any part of a token, or what is in a cart."""
    assert len(one.secrets) > 8
    assert [secret for secret in one.secrets if secret.encode() in one.log] == []
    assert [secret for secret in one.secrets if secret in one.metrics] == []


# The level


def test_log_level_keeps_quiet_what_is_below_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    service = Service.start("memory", "stateful", {"SESSION_STORE": "memory:", "LOG_LEVEL": "warning"}, log)
    try:
        service.await_health()
        client = service.client()
        with client.jar:
            client.send("POST", "/session")
            client.send("POST", "/session", headers={"Origin": "https://evil.example"})
        eventually(lambda: b"malicious_csrf" in log.read_bytes(), "the warning is written", 10)
    finally:
        service.stop()
    assert {json.loads(line)["level"] for line in log.read_bytes().splitlines()} == {"warning"}
