"""Whose answer is read on which connection, by a Redis that answers when the test wants it to."""

import select
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

import hiredis
import pytest

from services.session.store import StoreUnavailable
from services.stateless.script import Script


class Echo(BaseRequestHandler):
    """Answers a command with its last word: `late...` only when it is asked again."""

    def handle(self) -> None:
        reader = hiredis.Reader()
        with suppress(OSError):
            while data := self.request.recv(65536):
                reader.feed(data)
                while (command := reader.gets()) is not False:
                    if command[-1].startswith(b"late"):
                        select.select([self.request], [], [], 5)
                    self.request.sendall(b"+%s\r\n" % command[-1])


@pytest.fixture
def script() -> Iterator[Script]:
    with ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield Script(f"redis://127.0.0.1:{server.server_address[1]}/0", "")
        server.shutdown()


def answer(script: Script, word: str) -> bytes | None:
    """None where it is said that there was none."""
    try:
        given: bytes = script.run([], word)
    except StoreUnavailable:
        return None
    return given


def test_late_answer_is_never_read_as_that_to_the_next_request(script: Script) -> None:
    """Others are answered meanwhile, so the circuit stays closed; then all connections are used at once."""
    with ThreadPoolExecutor(2) as others:
        late = others.submit(answer, script, "late-1")
        while not late.done():
            assert answer(script, "quick") in {b"quick", None}
        assert [late.result(), *others.map(partial(answer, script), ["late-2", "late-3"])] == [None] * 3
