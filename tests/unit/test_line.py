"""The line between devices and the gateway, on real sockets."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from chaos.line import Line
from tests.contract.running import eventually, free_port

SECONDS = 30
"""Of patience with this machine."""


class Gateway(ThreadingHTTPServer):
    """Counts what was done."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counting)
        self.done = 0
        self.url = f"http://127.0.0.1:{self.server_port}"


class Counting(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gateway

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.done += 1
        body = b"x" * 200_000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as server:
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def line(gateway: Gateway) -> Iterator[Line]:
    with Line(gateway.url) as line:
        yield line


def post(line: Line, session: requests.Session | None = None) -> int:
    return len((session or requests).post(line.url, data=b"y" * 100_000, timeout=SECONDS).content)


def test_line_carries_requests_and_answers(line: Line, gateway: Gateway) -> None:
    assert (post(line), gateway.done, line.carried, line.lost) == (200_000, 1, 1, 0)


def test_line_carries_many_at_once_and_on_connections_that_stay(line: Line) -> None:
    def twice(_: int) -> int:
        with requests.Session() as session:
            return post(line, session) + post(line, session)

    with ThreadPoolExecutor(16) as devices:
        assert set(devices.map(twice, range(32))) == {400_000}
    assert line.carried == 64


def test_cut_line_refuses_connections(line: Line, gateway: Gateway) -> None:
    port = int(line.url.rpartition(":")[2])
    with line.cut(), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), SECONDS)
    assert gateway.done == 0


def test_cut_line_ends_connections_that_were_open(line: Line, gateway: Gateway) -> None:
    with requests.Session() as session:
        post(line, session)
        with line.cut(), pytest.raises(requests.ConnectionError):
            post(line, session)
    assert gateway.done == 1


def test_cut_line_lets_nobody_through_who_had_just_arrived(line: Line, gateway: Gateway) -> None:
    """Accepted by the kernel, and at any stage of being accepted by the line."""
    port = int(line.url.rpartition(":")[2])
    with contextlib.ExitStack() as arrived:
        for _ in range(10):
            sockets = [
                arrived.enter_context(socket.create_connection(("127.0.0.1", port), SECONDS))
                for _ in range(20)
            ]
            with line.cut():
                for one in sockets:
                    with contextlib.suppress(ConnectionError):
                        one.sendall(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
                        assert one.recv(1) == b""
    assert gateway.done == 0


def open_files() -> set[str]:
    return {file.name for file in Path("/proc/self/fd").iterdir()}


def test_line_leaves_nothing_open(gateway: Gateway) -> None:
    before = open_files()
    with requests.Session() as session, Line(gateway.url) as line:
        post(line, session)
    eventually(lambda: open_files() == before, "the gateway has closed its ends, too")


def test_line_is_at_the_same_place_after_each_cut(line: Line) -> None:
    for _ in range(3):
        with line.cut():
            pass
        assert post(line) == 200_000


def test_losing_line_loses_every_second_answer_after_the_work_was_done(line: Line, gateway: Gateway) -> None:
    answered = 0
    with line.losing(every=2):
        for _ in range(6):
            with contextlib.suppress(requests.ConnectionError):
                answered += bool(post(line))
    assert (answered, line.lost, gateway.done) == (3, 3, 6)
    assert (post(line), line.lost) == (200_000, 3)


def test_line_to_nobody_ends_the_connection() -> None:
    with Line(f"http://127.0.0.1:{free_port()}") as line, pytest.raises(requests.ConnectionError):
        post(line)
