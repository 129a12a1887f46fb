"""The log of a device: what it accepted, and where it stands with its session."""

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.device.device import Device
from services.device.errors import Busy, OperationInvalid, Unavailable
from services.device.lock import alone
from services.device.log import Log
from services.device.state import Loss, State
from services.device.uploader import pause
from services.session.document import Item, Session
from services.session.upload import Put, Remove, Visit
from tests.contract.running import free_port

KNOWN = Session(
    version=7, items={"a": Item("tea", 2)}, visits=3, opened_at=1, idle_expires_at=2, expires_at=3
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "device.db"


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    with closing(Log(path)) as log:
        yield log


@pytest.fixture
def nowhere() -> str:
    """Where nothing listens."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture
def device(path: Path, nowhere: str) -> Iterator[Device]:
    """A device that is offline."""
    with Device(path, nowhere) as device:
        yield device


def numbers(log: Log) -> list[int]:
    return [operation.sequence for operation in log.read()[1]]


def test_device_numbers_what_it_accepts_and_keeps_it_over_a_restart(path: Path, nowhere: str) -> None:
    with Device(path, nowhere) as device:
        assert [device.put("a1", "tea", 2), device.remove("a1"), device.visit()] == [1, 2, 3]
    with Device(path, nowhere) as device:
        assert device.pending == (Put(1, "a1", "tea", 2), Remove(2, "a1"), Visit(3))
        assert device.visit() == 4


def test_numbers_go_on_after_all_was_acknowledged(path: Path, log: Log) -> None:
    for _ in range(3):
        log.append(Visit(1))
    log.acknowledge("c=1", 3, KNOWN)
    assert (numbers(log), log.last()) == ([], 3)
    with closing(Log(path)) as again:
        assert again.append(Visit(1)) == 4


def test_two_handles_on_one_file_give_each_number_once(path: Path, nowhere: str) -> None:
    with Device(path, nowhere) as one, Device(path, nowhere) as other, ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(lambda device: device.visit(), [one, other] * 50))
        assert sorted(taken) == list(range(1, 101))
        assert len(one.pending) == len(other.pending) == 100


def test_log_is_its_owners_alone_as_it_holds_the_credential(path: Path, device: Device) -> None:
    device.visit()
    kept = [file for file in path.parent.iterdir() if file.stat().st_size]
    assert path in kept
    assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}


@pytest.mark.parametrize(
    ("item_id", "name", "quantity"),
    [
        ("a b", "tea", 1),
        ("", "tea", 1),
        ("a", "", 1),
        ("a", "x" * 101, 1),
        ("a", "tea", 0),
        ("a", "tea", 1000),
    ],
)
def test_device_refuses_what_no_service_takes_before_it_is_logged(
    device: Device, item_id: str, name: str, quantity: int
) -> None:
    with pytest.raises(OperationInvalid):
        device.put(item_id, name, quantity)
    assert (device.pending, device.view().items) == ((), {})


@pytest.mark.parametrize("wrong", [True, "2", 2.5, None])
def test_device_refuses_a_quantity_of_another_type(device: Device, wrong: Any) -> None:
    with pytest.raises(OperationInvalid, match="quantity"):
        device.put("a", "tea", wrong)


def test_view_is_the_known_session_and_all_that_is_pending(log: Log, device: Device) -> None:
    log.update(session=KNOWN)
    device.put("b", "jam", 1)
    device.remove("a")
    device.visit()
    device.visit()
    assert device.view() == msgspec.structs.replace(KNOWN, items={"b": Item("jam", 1)}, visits=5)
    assert device.session == KNOWN


def test_view_of_a_device_that_was_never_online_is_what_it_did(device: Device) -> None:
    device.put("b", "jam", 1)
    assert (device.session, device.view().items, device.view().version) == (None, {"b": Item("jam", 1)}, 0)


def test_view_counts_nothing_twice_when_a_part_is_acknowledged(log: Log, device: Device) -> None:
    for _ in range(5):
        device.visit()
    log.acknowledge("c=1", 2, msgspec.structs.replace(KNOWN, visits=2))
    assert (numbers(log), device.view().visits) == ([3, 4, 5], 5)
    assert (device.accepted, device.acknowledged) == (5, 2)


def test_offline_device_does_not_take_for_sent_what_never_left(log: Log, device: Device) -> None:
    log.update(cookie="stateful-session=x", since=1)
    device.visit()
    with pytest.raises(Unavailable) as caught:
        device.sync()
    assert not caught.value.reached
    assert (log.read()[0].sent, device.trouble, len(device.pending)) == (0, None, 1)


def test_start_over_keeps_in_doubt_aside_and_numbers_the_rest_anew(log: Log, device: Device) -> None:
    for number in range(1, 6):
        device.put(f"i{number}", "tea", number)
    log.acknowledge("c=1", 1, KNOWN)
    log.update(sent=3)
    old = log.read()[0]
    log.start_over(old.under_new_id(), doubt=True)
    state, pending = log.read()
    assert [(aside.device, aside.operation) for aside in device.in_doubt] == [
        (old.device, Put(2, "i2", "tea", 2)),
        (old.device, Put(3, "i3", "tea", 3)),
    ]
    assert pending == (Put(1, "i4", "tea", 4), Put(2, "i5", "tea", 5))
    assert state.device != old.device
    assert (state.since, state.acknowledged, state.sent) == (None, 0, 0)
    assert (state.cookie, state.session) == ("c=1", KNOWN)


def test_start_over_without_doubt_takes_all_along_and_keeps_the_loss(log: Log) -> None:
    log.append(Visit(1))
    log.acknowledge("c=1", 1, KNOWN)
    log.append(Remove(1, "a"))
    log.update(sent=2)
    loss = Loss(log.read()[0].device, 1, 1)
    log.start_over(State(), doubt=False, loss=loss)
    assert (log.read()[1], log.aside(), log.losses()) == ((Remove(1, "a"),), (), (loss,))


@pytest.mark.parametrize(("again", "pending"), [(True, [1]), (False, [])])
def test_what_is_aside_is_settled_once(log: Log, device: Device, again: bool, pending: list[int]) -> None:
    device.visit()
    log.update(sent=1)
    log.start_over(State(), doubt=True)
    (doubt,) = device.in_doubt
    for _ in range(2):
        device.settle(doubt, again=again)
    assert (numbers(log), device.in_doubt) == (pending, ())


def test_begin_takes_all_into_a_session_of_its_own(log: Log, device: Device) -> None:
    device.visit()
    log.update(sent=1, cookie="c=1", session=KNOWN, trouble="session-unknown")
    device.begin()
    assert (numbers(log), device.in_doubt, device.session, device.trouble) == ([1], (), None, None)


def test_join_keeps_in_doubt_aside_as_it_may_lead_to_the_same_session(log: Log, device: Device) -> None:
    device.visit()
    log.update(sent=1, cookie="c=1")
    device.put("a", "tea", 1)
    device.join("a-code")
    state, pending = log.read()
    assert (state.link, state.cookie, pending) == ("a-code", None, (Put(1, "a", "tea", 1),))
    assert [doubt.operation for doubt in device.in_doubt] == [Visit(1)]


def test_refused_operation_is_kept_aside_and_leaves_no_gap(log: Log, device: Device) -> None:
    device.put("a", "tea", 1)
    device.visit()
    log.refuse(log.read()[1][0], "session-too-large")
    assert [(aside.why, aside.operation) for aside in device.refused] == [
        ("session-too-large", Put(1, "a", "tea", 1))
    ]
    assert (numbers(log), device.view().items, device.view().visits) == ([1, 2], {}, 1)


def test_sync_is_busy_while_another_one_uploads_and_logging_is_not(path: Path, nowhere: str) -> None:
    with Device(path, nowhere, lock_seconds=0.05) as device:
        with alone(path, "talking", 1):
            with pytest.raises(Busy):
                device.sync()
            assert device.visit() == 1
        with pytest.raises(Unavailable):
            device.sync()


def test_pause_is_drawn_below_a_limit_that_grows_and_is_no_shorter_than_the_service_wished() -> None:
    for failures, limit in enumerate([0.5, 1, 2, 4, 5, 5]):
        drawn = [pause(failures, 0.5, 5) for _ in range(200)]
        assert 0 <= min(drawn) < limit / 2 < max(drawn) <= limit
    assert min(pause(10**6, 0.5, 5, wish=1) for _ in range(200)) >= 1


def test_pause_is_bounded_whatever_stands_on_the_way_wished() -> None:
    """A thread that is to wait for more than some 292 years does not wait: it ends."""
    assert max(pause(0, 0.5, 5, wish=float("9" * 400)) for _ in range(200)) <= 5.5
