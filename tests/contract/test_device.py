"""A device against every placement, running."""

import json
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.device.device import Device
from services.device.errors import LinkInvalid, Refused, SessionLost, Unavailable
from services.device.uploader import Uploader
from services.session.document import CountVisit, Item, Operation, PutItem
from tests.contract.conftest import SERVER_SIDE
from tests.contract.exchange import read
from tests.contract.running import ROOT, Client, Service, environment, eventually, free_port
from tests.contract.scissors import NEVER, Scissors

LONGEST = "\u0001" * 100
TEA = Item("tea", 2)

MakeDevice = Callable[..., Device]


@pytest.fixture
def make_device(tmp_path: Path) -> Iterator[MakeDevice]:
    """Devices by name; one name again is the same log, opened again."""
    with ExitStack() as stack:

        def make(base: str, name: str = "phone") -> Device:
            return stack.enter_context(Device(tmp_path / f"{name}.db", base))

        yield make


@pytest.fixture
def device(service: Service, make_device: MakeDevice) -> Device:
    return make_device(service.url)


@pytest.fixture(params=SERVER_SIDE)
def keeper(request: pytest.FixtureRequest, services: dict[str, Service]) -> Service:
    """Each placement that keeps the state itself, running."""
    return services[request.param]


def holder(device: Device, service: Service) -> Client:
    """Somebody who sends what the device sends."""
    assert device.credential
    client = service.client()
    client.jar.cookies.set(*device.credential.split("=", 1))
    return client


def intents(operations: tuple[object, ...]) -> list[Operation]:
    return [operation.intent for operation in operations]  # type: ignore[attr-defined]


def crowd_out(client: Client, devices: int) -> None:
    """So many other devices upload to the session."""
    for _ in range(devices):
        upload = {
            "device": secrets.token_urlsafe(16),
            "since": read(client)["version"],
            "operations": [{"sequence": 1, "operation": "remove", "id": "nothing"}],
        }
        assert client.send("POST", "/session/sync", json=upload).status_code == 200


def test_device_brings_what_it_did_offline(device: Device, service: Service) -> None:
    device.put("a1", "tea", 2)
    device.put("a2", "jam", 1)
    device.remove("a2")
    device.visit()
    session = device.sync()
    assert (session.items, session.visits) == ({"a1": TEA}, 1)
    assert device.view() == device.session == session
    assert (device.pending, device.acknowledged) == ((), 4)
    there = read(holder(device, service))
    assert (there["items"], there["visits"]) == ({"a1": {"name": "tea", "quantity": 2}}, 1)


def test_device_goes_on_with_its_session_after_a_restart(
    device: Device, service: Service, make_device: MakeDevice
) -> None:
    device.visit()
    device.sync()
    device.visit()
    again = make_device(service.url)
    assert (again.view().visits, again.sync().visits, again.acknowledged) == (2, 2, 2)


def test_device_sees_what_is_done_elsewhere_when_it_syncs(device: Device, service: Service) -> None:
    device.sync()
    somebody = holder(device, service)
    assert somebody.send("POST", "/session/visits").status_code == 200
    kept_by_the_client = service.name == "token"
    assert device.sync().visits == (0 if kept_by_the_client else 1)


def test_device_uploads_many_and_long_operations_in_several_requests(
    keeper: Service, make_device: MakeDevice
) -> None:
    with Scissors.running([keeper.url], every=NEVER) as scissors:
        device = make_device(scissors.url)
        for number in range(150):
            device.put(f"i{number % 50}", LONGEST, number + 1)
        session = device.sync()
        assert len(session.items) == 50
        assert {item.quantity for item in session.items.values()} == set(range(101, 151))
        assert (device.acknowledged, device.pending) == (150, ())
        assert scissors.count()[0] > 1 + 150 // 100


def test_answer_that_was_cut_leaves_operations_pending_and_the_next_one_tells(
    service: Service, make_device: MakeDevice
) -> None:
    device = make_device(service.url)
    device.sync()
    device.visit()
    device.visit()
    with Scissors.running([service.url], every=1) as scissors:
        for _ in range(4):
            with pytest.raises(Unavailable) as caught:
                make_device(scissors.url).sync()
            assert caught.value.reached
    assert (len(device.pending), device.view().visits) == (2, 2)
    device.visit()
    assert device.sync().visits == 3
    assert (device.acknowledged, device.in_doubt) == (3, ())


def test_linked_device_has_the_same_session(keeper: Service, make_device: MakeDevice) -> None:
    phone, tablet = make_device(keeper.url, "phone"), make_device(keeper.url, "tablet")
    phone.put("a1", "tea", 2)
    tablet.visit()
    tablet.join(phone.link().link)
    assert (tablet.sync().items, phone.sync().visits) == ({"a1": TEA}, 1)


def test_linked_device_has_a_copy_of_a_token(services: dict[str, Service], make_device: MakeDevice) -> None:
    phone, tablet = (make_device(services["token"].url, name) for name in ("phone", "tablet"))
    phone.put("a1", "tea", 2)
    tablet.visit()
    tablet.join(phone.link().link)
    session = tablet.sync()
    assert (session.items, session.visits, phone.sync().visits) == ({"a1": TEA}, 1, 0)


def test_link_that_is_not_valid_is_said_and_costs_nothing(
    device: Device, service: Service, make_device: MakeDevice
) -> None:
    device.visit()
    device.join("no-such-code")
    for _ in range(2):
        with pytest.raises(LinkInvalid):
            device.sync()
    assert device.trouble
    assert device.trouble.startswith("link-invalid")
    assert intents(device.pending) == [CountVisit()]
    device.join(make_device(service.url, "tablet").link().link)
    assert device.sync().visits == 1
    assert device.trouble is None


def test_lost_session_is_said_and_what_is_pending_waits_for_a_new_one(
    keeper: Service, make_device: MakeDevice
) -> None:
    device = make_device(keeper.url)
    device.put("old", "tea", 2)
    device.sync()
    assert holder(device, keeper).send("DELETE", "/session").status_code == 204
    device.put("new", "tea", 2)
    for _ in range(2):
        with pytest.raises(SessionLost):
            device.sync()
    assert (device.trouble or "").startswith("session-ended")
    assert intents(device.pending) == [PutItem("new", TEA)]
    assert set(device.view().items) == {"old", "new"}
    device.begin()
    assert (device.sync().items, device.trouble, device.pending) == ({"new": TEA}, None, ())


def test_forgotten_device_goes_on_and_keeps_aside_what_it_cannot_know(
    keeper: Service, make_device: MakeDevice
) -> None:
    device = make_device(keeper.url)
    device.sync()
    device.visit()
    with Scissors.running([keeper.url], every=2) as scissors, pytest.raises(Unavailable):
        make_device(scissors.url).sync()  # it looks first; counted, and the device cannot know
    device.put("a1", "tea", 2)
    crowd_out(holder(device, keeper), 33)
    session = device.sync()
    assert (session.items, session.visits) == ({"a1": TEA}, 1)
    (doubt,) = device.in_doubt
    assert (doubt.operation.intent, device.pending) == (CountVisit(), ())
    device.settle(doubt, again=False)
    assert (device.sync().visits, device.in_doubt) == (1, ())


def test_forgotten_device_doubts_nothing_that_it_had_not_sent(
    keeper: Service, make_device: MakeDevice
) -> None:
    device = make_device(keeper.url)
    device.visit()
    device.sync()
    crowd_out(holder(device, keeper), 33)
    device.visit()
    assert (device.sync().visits, device.in_doubt, device.losses) == (2, (), ())


def test_what_a_token_has_no_room_for_is_kept_aside_and_the_rest_goes_on(
    services: dict[str, Service], make_device: MakeDevice
) -> None:
    device = make_device(services["token"].url)
    names = {f"i{number}": secrets.token_hex(50) for number in range(60)}
    for item_id, name in names.items():
        device.put(item_id, name, 1)
    device.visit()
    session = device.sync()
    refused = {aside.operation.intent.id for aside in device.refused}  # type: ignore[union-attr]
    assert {aside.why for aside in device.refused} == {"session-too-large"}
    assert (device.pending, session.visits, device.in_doubt) == ((), 1, ())
    assert set(session.items) | refused == set(names)
    assert not set(session.items) & refused
    assert device.view() == session


def test_full_token_that_does_not_even_take_a_new_device_is_said_and_nothing_hangs(
    services: dict[str, Service], make_device: MakeDevice
) -> None:
    phone, tablet = (make_device(services["token"].url, name) for name in ("phone", "tablet"))
    for length in (50, 25, 10, 5, 2, 1):
        for number in range(60):
            phone.put(f"i{length}.{number}", secrets.token_hex(length), 1)
    phone.sync()
    tablet.join(phone.link().link)
    tablet.visit()
    for _ in range(2):
        with pytest.raises(Refused):
            tablet.sync()
    assert (tablet.trouble or "").startswith("session-too-large")
    assert [aside.operation.intent for aside in tablet.refused] == [CountVisit()]
    tablet.begin()
    tablet.settle(tablet.refused[0], again=True)
    assert (tablet.sync().visits, tablet.refused, tablet.trouble) == (1, (), None)


def test_uploader_brings_what_is_logged_once_the_service_can_be_reached(
    service: Service, make_device: MakeDevice
) -> None:
    port = free_port()
    device = make_device(f"http://127.0.0.1:{port}")
    with Uploader(device, first=0.02, longest=0.2):
        for _ in range(3):
            device.visit()
        with Scissors.running([service.url], every=2, port=port):
            eventually(lambda: device.acknowledged == 3, "what was done offline is acknowledged")
            device.put("a1", "tea", 2)
            eventually(lambda: not device.pending, "what is done online is acknowledged")
    there = read(holder(device, service))
    assert (there["items"], there["visits"]) == ({"a1": {"name": "tea", "quantity": 2}}, 3)


def test_uploader_goes_on_with_a_new_session_after_the_old_one_was_lost(
    keeper: Service, make_device: MakeDevice
) -> None:
    device = make_device(keeper.url)
    device.sync()
    holder(device, keeper).send("DELETE", "/session")
    with Uploader(device, first=0.02, longest=0.05):
        device.visit()
        eventually(lambda: device.trouble, "it is said that the session is lost")
        device.begin()
        eventually(lambda: not device.pending, "what was pending is in the new session")
    assert device.view().visits == 1
    assert device.trouble is None


def test_uploader_goes_on_once_its_lock_can_be_opened_again(
    services: dict[str, Service], make_device: MakeDevice, tmp_path: Path
) -> None:
    """As where the process had no file descriptors left for a while."""
    lock = tmp_path / "phone.db-talking"
    lock.mkdir()
    device = make_device(services["memory"].url)
    with Uploader(device, first=0.02, longest=0.05):
        device.visit()
        eventually(lambda: not device.logged.is_set(), "it has tried")
        lock.rmdir()
        eventually(lambda: not device.pending, "it is acknowledged")


def test_uploader_brings_what_another_process_logs(
    services: dict[str, Service], make_device: MakeDevice
) -> None:
    device, other = (make_device(services["memory"].url) for _ in range(2))
    with Uploader(device):
        assert other.visit() == 1
        eventually(lambda: not other.pending, "it is acknowledged")
    assert other.session == device.session
    assert other.view().visits == 1


def test_devices_work_as_greenlets_of_a_load_test(services: dict[str, Service], tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.contract.greenlets", services["redis"].url, str(tmp_path)],
        check=True,
        cwd=ROOT,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=120,
    )
    became = json.loads(ran.stdout)
    assert became["ended"] == [[10, 10]] * 20
    assert became["offline"]
