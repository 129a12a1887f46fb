"""Operations on a session: pure."""

from typing import Any

import msgspec
import pytest

from services.session.document import (
    CountVisit,
    Item,
    ItemId,
    Operation,
    PutItem,
    RemoveItem,
    Session,
    apply,
)

TEA = Item("tea", 2)
JAM = Item("jam", 1)
EMPTY = Session(version=1, items={}, visits=0, opened_at=10, idle_expires_at=20, expires_at=30)


@pytest.mark.parametrize(
    ("operations", "items", "results"),
    [
        ([], {}, ()),
        ([PutItem("a", TEA)], {"a": TEA}, (1,)),
        ([PutItem("a", TEA), PutItem("a", JAM)], {"a": JAM}, (1, 0)),
        ([PutItem("a", TEA), PutItem("b", JAM)], {"a": TEA, "b": JAM}, (1, 1)),
        ([RemoveItem("a")], {}, (0,)),
        ([PutItem("a", TEA), RemoveItem("a"), RemoveItem("a")], {}, (1, 1, 0)),
    ],
)
def test_apply_works_on_items_in_order(
    operations: list[Operation], items: dict[str, Item], results: tuple[int, ...]
) -> None:
    session, answered = apply(EMPTY, operations)
    assert (session.items, answered) == (items, results)


def test_apply_counts_visits_and_answers_each_count() -> None:
    session, results = apply(EMPTY, [CountVisit(), CountVisit()])
    assert (session.visits, results) == (2, (1, 2))


def test_apply_is_one_version_later_whatever_the_number_of_operations() -> None:
    assert apply(EMPTY, [CountVisit()] * 3)[0].version == apply(EMPTY, [])[0].version == 2


def test_apply_leaves_the_times_alone() -> None:
    session, _ = apply(EMPTY, [CountVisit()])
    assert (session.opened_at, session.idle_expires_at, session.expires_at) == (10, 20, 30)


def test_apply_leaves_the_given_session_alone() -> None:
    before = msgspec.structs.replace(EMPTY, items={"a": TEA})
    apply(before, [RemoveItem("a"), PutItem("b", JAM), CountVisit()])
    assert before == msgspec.structs.replace(EMPTY, items={"a": TEA})


@pytest.mark.parametrize("text", ["a", "A.z_0-9", "x" * 64, "..", "-"])
def test_item_id_is_taken(text: str) -> None:
    assert msgspec.convert(text, ItemId) == text


@pytest.mark.parametrize("text", ["", "x" * 65, "a b", "a/b", "a\n", "\n", "ä", "a\0", "٣", 5, None])
def test_item_id_is_refused(text: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, ItemId)


@pytest.mark.parametrize("fields", [{"name": "x", "quantity": 1}, {"name": "🫖" * 100, "quantity": 999}])
def test_item_is_taken_at_its_limits(fields: dict[str, Any]) -> None:
    assert msgspec.to_builtins(msgspec.convert(fields, Item)) == fields


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "x"},
        {"quantity": 1},
        {"name": "", "quantity": 1},
        {"name": "x" * 101, "quantity": 1},
        {"name": "x", "quantity": 0},
        {"name": "x", "quantity": 1000},
        {"name": "x", "quantity": True},
        {"name": "x", "quantity": 1.5},
        {"name": "x", "quantity": "1"},
        {"name": None, "quantity": 1},
        {"name": "x", "quantity": 1, "price": 1},
    ],
)
def test_item_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(fields, Item)
