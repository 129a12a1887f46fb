"""What a device sends and understands: pure."""

import json
from typing import Any

import msgspec
import pytest

from services.device.wire import ROOM, Numbered, Shown, fitting
from services.session.document import CountVisit, Item, PutItem, RemoveItem
from services.session.upload import OPERATIONS, Put, Remove, Upload, Visit

LONGEST = "\u0001" * 100  # six bytes of JSON each
DEVICE = "d" * 22


def puts(count: int, name: str) -> tuple[Numbered, ...]:
    return tuple(Put(number, "i" * 64, name, 999) for number in range(1, count + 1))


@pytest.mark.parametrize(
    ("operation", "wire", "intent"),
    [
        (
            Put(4, "a1", "tea", 2),
            {"sequence": 4, "operation": "put", "id": "a1", "name": "tea", "quantity": 2},
            PutItem("a1", Item("tea", 2)),
        ),
        (Remove(5, "a1"), {"sequence": 5, "operation": "remove", "id": "a1"}, RemoveItem("a1")),
        (Visit(6), {"sequence": 6, "operation": "visit"}, CountVisit()),
    ],
)
def test_operation_is_written_as_the_contract_says(
    operation: Numbered, wire: dict[str, Any], intent: Any
) -> None:
    assert json.loads(msgspec.json.encode(operation)) == wire
    assert msgspec.convert(wire, Numbered) == operation
    assert operation.intent == intent


def test_upload_holds_no_more_than_a_hundred_operations() -> None:
    upload = fitting(DEVICE, 1, tuple(Visit(number) for number in range(1, 202)))
    assert [operation.sequence for operation in upload.operations] == list(range(1, OPERATIONS + 1))


def test_upload_is_smaller_than_a_body_may_be_and_one_more_would_not_fit() -> None:
    operations = puts(100, LONGEST)
    upload = fitting(DEVICE, 10**9, operations)
    count = len(upload.operations)
    assert 1 < count < 100
    one_more = Upload(DEVICE, operations[: count + 1], 10**9)
    assert len(msgspec.json.encode(upload)) < ROOM <= len(msgspec.json.encode(one_more))


@pytest.mark.parametrize("name", ["x", "🫖" * 100, LONGEST, '"\\' * 50])
def test_upload_takes_the_longest_operations_one_by_one_at_least(name: str) -> None:
    upload = fitting(DEVICE, 1, puts(100, name))
    assert upload.operations
    assert len(msgspec.json.encode(upload)) < ROOM


def test_upload_of_nothing_is_a_download() -> None:
    assert fitting(DEVICE, 1, ()) == Upload(DEVICE, (), 1)


def test_session_is_understood_as_a_service_shows_it() -> None:
    shown = {
        "version": 7,
        "items": {"a1": {"name": "tea", "quantity": 2}},
        "visits": 12,
        "opened_at": "1970-01-01T00:00:10Z",
        "idle_expires_at": "1970-01-01T00:00:20Z",
        "expires_at": "1970-01-01T00:01:00Z",
        "a_later_member": True,
    }
    session = msgspec.convert(shown, Shown).session
    assert (session.version, session.items, session.visits) == (7, {"a1": Item("tea", 2)}, 12)
    assert (session.opened_at, session.idle_expires_at, session.expires_at) == (10, 20, 60)
