"""SIGTERM to a running service: what was begun is answered, the gateway is told, and the process ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.contract.running import ROOT, Service, environment, eventually, free_port

END_SECONDS = 30
"""When a service must be gone. What it takes is a second of drain, and 5 more where a client hangs."""
FOR_LONG = 600
SLOW_START = f"""
import pathlib, sys, time
from flask import Flask
from services.session import serve
serve.FINISH_SECONDS = {FOR_LONG}
asked = []
def create_app():
    asked.append(1)
    if len(asked) > 1:
        pathlib.Path(sys.argv[1]).touch()
        time.sleep({FOR_LONG})
    return Flask("slow")
serve.serve(create_app, "slow.app:create_app")
"""
"""A service that is not made in time a second time, by its worker."""


@contextmanager
def started(home: Path, drain_seconds: int) -> Iterator[Service]:
    """A service that drains for so long."""
    settings = {"SESSION_STORE": "memory:", "DRAIN_SECONDS": str(drain_seconds)}
    service = Service.start("memory", "stateful", settings, home / "service.log")
    try:
        service.await_health()
        yield service
    finally:
        kill(service.process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """It, and its worker."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def draining(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with a drain that outlasts the tests."""
    with started(tmp_path_factory.mktemp("drain"), FOR_LONG) as service:
        service.process.send_signal(signal.SIGTERM)
        eventually(lambda: status(service, "/readyz") == 503, "it is draining", END_SECONDS)
        yield service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with started(tmp_path, 1) as service:
        yield service


def status(service: Service, path: str) -> int:
    return service.client().send("GET", path).status_code


def connected(service: Service, said: str) -> socket.socket:
    """A connection on which so much was said."""
    host, _, port = service.url.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=END_SECONDS)
    connection.sendall(said.encode())
    return connection


def refuses(service: Service) -> bool:
    """Whether it accepts no connection any more."""
    try:
        connected(service, "").close()
    except ConnectionRefusedError:
        return True
    return False


def member(service: Service) -> str:
    """The cookie of somebody who has opened a session."""
    client = service.client()
    assert client.send("POST", "/session").status_code == 201
    return "; ".join(f"{name}={value}" for name, value in client.jar.cookies.items())


@pytest.mark.parametrize("path", ["/readyz", "/readyz?exclude=store"])
def test_draining_service_is_not_ready(draining: Service, path: str) -> None:
    answer = draining.client().send("GET", path)
    assert answer.status_code == 503
    assert answer.json()["type"].endswith("draining")


def test_draining_service_is_alive(draining: Service) -> None:
    assert status(draining, "/healthz") == 200


def test_draining_service_answers_new_connections(draining: Service) -> None:
    client = draining.client()
    assert client.send("POST", "/session").status_code == 201
    assert client.send("POST", "/session/visits").json()["visits"] == 1


def test_draining_service_keeps_no_connection(draining: Service) -> None:
    assert draining.client().send("GET", "/healthz").headers["Connection"] == "close"


def test_service_keeps_connections_until_it_drains(service: Service) -> None:
    assert "Connection" not in service.client().send("GET", "/healthz").headers


def test_request_in_flight_is_answered_after_the_drain(service: Service) -> None:
    head = f"POST /session/visits HTTP/1.1\r\nHost: x\r\nCookie: {member(service)}\r\n"
    slow = connected(service, head + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{")
    service.process.send_signal(signal.SIGTERM)
    eventually(lambda: refuses(service), "it accepts nothing new", END_SECONDS)
    slow.sendall(b"}")
    with slow, slow.makefile("rb") as answer:
        told = answer.read()
    assert told.startswith(b"HTTP/1.1 200 ")
    assert b'"visits":1' in told
    assert service.process.wait(END_SECONDS) == 0


@pytest.mark.parametrize(
    "said",
    ["", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: x\r\n"],
    ids=["nothing", "a request", "half a request"],
)
def test_service_ends_when_a_client_keeps_its_connection_after(service: Service, said: str) -> None:
    with connected(service, said):
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(END_SECONDS) == 0


def test_service_ends_at_once_when_it_is_told_twice(tmp_path: Path) -> None:
    with started(tmp_path, FOR_LONG) as service:
        service.process.send_signal(signal.SIGTERM)
        eventually(lambda: status(service, "/readyz") == 503, "it is draining", END_SECONDS)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(END_SECONDS) == 0


def test_service_ends_when_its_worker_is_still_starting(tmp_path: Path) -> None:
    starting = tmp_path / "starting"
    settings = {"HOST": "127.0.0.1", "PORT": str(free_port())}
    service = subprocess.Popen(
        [sys.executable, "-c", SLOW_START, starting],
        cwd=ROOT, env=environment(settings), stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        eventually(starting.exists, "the worker starts", END_SECONDS)
        service.terminate()
        assert service.wait(END_SECONDS) == 0
    finally:
        kill(service)
