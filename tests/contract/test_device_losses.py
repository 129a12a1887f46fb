"""What a device makes of a service that lost what it had acknowledged, and of answers that are none."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from services.device.device import Device
from services.device.errors import Refused, Unavailable
from services.device.state import Loss
from services.session.document import CountVisit
from services.session.lifetime import Lifetime
from services.stateful.sqlite import SqliteStore
from tests.contract.scissors import Scissors
from tests.unit.serving import application_of, served


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The file in which the service keeps its sessions."""
    return tmp_path / "sessions.db"


@pytest.fixture
def origin(kept: Path) -> Iterator[str]:
    with served(application_of(SqliteStore(kept, Lifetime()))) as origin:
        yield origin


@pytest.fixture
def base(origin: str) -> str:
    return f"{origin}/stateful"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "phone.db"


@pytest.fixture
def device(path: Path, base: str) -> Iterator[Device]:
    """One whose first two visits are on the service."""
    with Device(path, base) as device:
        device.visit()
        device.visit()
        device.sync()
        yield device


def copy_of(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def roll_back(device: Device, kept: Path, visits: int) -> None:
    """The service acknowledges so many more visits, and is then brought back to where it was before."""
    before = kept.with_name("before.db")
    copy_of(kept, before)
    for _ in range(visits):
        device.visit()
    device.sync()
    copy_of(before, kept)


@pytest.mark.parametrize("pending", [0, 1, 150])
def test_loss_is_told_by_its_numbers_and_what_is_pending_goes_on(
    device: Device, kept: Path, pending: int
) -> None:
    roll_back(device, kept, 3)
    for _ in range(pending):
        device.visit()
    assert device.sync().visits == 2 + pending
    (loss,) = device.losses
    assert (loss.first, loss.last) == (3, 5)
    assert (device.pending, device.in_doubt, device.acknowledged) == ((), (), pending)


def test_loss_ends_the_doubt_on_what_was_sent(
    device: Device, kept: Path, path: Path, base: str, origin: str
) -> None:
    before = kept.with_name("before.db")
    copy_of(kept, before)
    device.visit()
    device.sync()
    device.visit()
    with (
        Scissors.running([origin], every=2) as scissors,
        Device(path, f"{scissors.url}/stateful") as cut_off,
        pytest.raises(Unavailable),
    ):
        cut_off.sync()
    copy_of(before, kept)
    assert device.sync().visits == 3
    assert (len(device.losses), device.in_doubt, device.pending) == (1, (), ())


def test_each_loss_is_told(device: Device, kept: Path) -> None:
    for visits in (3, 4):
        roll_back(device, kept, visits)
        device.sync()
    one, other = device.losses
    assert (one.first, one.last, other.first, other.last) == (3, 5, 1, 4)
    assert one.device != other.device
    assert isinstance(one, Loss)


@pytest.mark.parametrize(("visits", "doubtful"), [(1, 1), (3, 3), (5, 3)])
def test_copy_of_a_log_goes_on_under_an_id_of_its_own(
    device: Device, path: Path, base: str, visits: int, doubtful: int
) -> None:
    """A device restored from a backup: the service would skip what it has numbered twice."""
    copy = path.with_name("copy.db")
    copy_of(path, copy)
    for _ in range(3):
        device.visit()
    device.sync()
    with Device(copy, base) as restored:
        for _ in range(visits):
            restored.visit()
        assert restored.sync().visits == 5 + visits - doubtful
        assert [doubt.operation.intent for doubt in restored.in_doubt] == [CountVisit()] * doubtful
        for doubt in restored.in_doubt:
            restored.settle(doubt, again=True)
        assert restored.sync().visits == 5 + visits


class Portal(BaseHTTPRequestHandler):
    """What stands between a device and its service in a hotel."""

    answer: tuple[int, dict[str, str], bytes]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - its base class calls it so

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


@pytest.fixture
def portal(request: pytest.FixtureRequest) -> Iterator[str]:
    handler = type("Answering", (Portal,), {"answer": request.param})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    "portal",
    [
        (200, HTML, b"<h1>Welcome! Room number?</h1>"),
        (200, {}, b'{"acknowledged": 99}'),
        (200, {}, b'{"acknowledged": 2, "session": null}'),
        (200, {}, b"\xff"),
        (302, {"Location": "http://127.0.0.1:1/"}, b""),
        (502, HTML, b"<h1>Bad Gateway</h1>"),
        (503, {"Retry-After": "7"}, b"{}"),
    ],
    indirect=True,
)
def test_answer_that_says_nothing_changes_nothing(
    device: Device, path: Path, portal: str, request: pytest.FixtureRequest
) -> None:
    device.visit()
    with Device(path, portal) as elsewhere, pytest.raises(Unavailable) as caught:
        elsewhere.sync()
    assert caught.value.reached
    assert caught.value.retry_after == (7 if "7" in request.node.callspec.params["portal"][1].values() else 0)
    assert len(device.pending) == 1
    assert device.sync().visits == 3
    assert (device.losses, device.in_doubt) == ((), ())


@pytest.mark.parametrize("portal", [(403, HTML, b"no"), (404, {}, b"{}"), (413, HTML, b"")], indirect=True)
def test_refusal_of_somebody_elses_does_not_put_an_empty_upload_aside(
    device: Device, path: Path, portal: str
) -> None:
    with Device(path, portal) as elsewhere, pytest.raises(Refused):
        elsewhere.sync()
    assert (device.trouble or "").startswith("status-4")
    device.visit()
    assert device.sync().visits == 3
    assert (device.trouble, device.refused) == (None, ())
