"""Bytes sent to a running service, whatever they are, and what comes back."""

import socket
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from tests.contract.running import Service

SECONDS = 30


class RawAnswer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """Raises where it is no problem document."""
        assert self.headers["content-type"] == "application/problem+json", self
        return msgspec.json.decode(self.body, type=dict[str, Any])


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    """A request after which the connection is closed. Its headers are taken as they are."""
    head = "\r\n".join([f"{line} HTTP/1.1", "Host: x", "Connection: close", *headers, "", ""])
    return head.encode("latin-1") + body


def send(service: Service, data: bytes, *, half_closed: bool = False) -> RawAnswer:
    """The answer, also where the service closes the connection before it has read everything.

    `half_closed` ends the sending side behind the data, as a client does that goes away.
    """
    parts = urlsplit(service.url)
    with socket.create_connection((parts.hostname, parts.port), SECONDS) as connection:
        try:
            connection.sendall(data)
            if half_closed:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered by then
        return _parsed(_received(connection))


def _received(connection: socket.socket) -> bytes:
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass  # what is unread at the other end takes the end of the answer along, not its beginning
    return received


def _parsed(received: bytes) -> RawAnswer:
    head, _, body = received.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    assert line.startswith("HTTP/1.1 "), f"no answer, but {received[:200]!r}"
    headers = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
    return RawAnswer(int(line.split()[1]), headers, body[: int(headers.get("content-length", len(body)))])
