"""Somebody with one session, who knows how many visits of it were acknowledged."""

import json
from http.client import HTTPConnection
from typing import Any

from loadtests.benchmark.error import BenchmarkError

SECONDS = 10.0


class Visitor:
    """One connection to 127.0.0.1:`port`, one cookie."""

    def __init__(self, port: int) -> None:
        self.cookie = "session=none"
        self.visits = 0
        self._connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and body of the answer; a cookie that comes with it is kept. Raises `OSError`."""
        headers = {"Cookie": self.cookie}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        if cookie := response.getheader("Set-Cookie"):
            self.cookie = cookie.partition(";")[0]
        return response.status, response.read()

    def open(self, items: int) -> None:
        """Begin a session with so many items."""
        self._expect(201, "POST", "/session")
        for number in range(items):
            self._expect(201, "PUT", f"/session/items/item-{number}", item(number))

    def visit(self) -> None:
        """Count one visit."""
        self._expect(200, "POST", "/session/visits")
        self.visits += 1

    def read(self) -> dict[str, Any]:
        """The session as the service says it is."""
        session: dict[str, Any] = json.loads(self._expect(200, "GET", "/session"))
        return session

    def hang_up(self) -> None:
        """The next request opens a new connection."""
        self._connection.close()

    def _expect(self, wanted: int, method: str, path: str, body: Any = None) -> bytes:
        status, answer = self.send(method, path, body)
        if status != wanted:
            raise BenchmarkError(f"{method} {path} was answered {status}, not {wanted}: {answer[:200]!r}")
        return answer


def item(number: int) -> dict[str, Any]:
    """What lies in the cart under the id `item-<number>`."""
    return {"name": f"tea of garden {number}", "quantity": number % 9 + 1}
