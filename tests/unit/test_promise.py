"""What a client was promised, and what of it a read does not honour."""

import pytest

from loadtests.history import Operation
from loadtests.promise import Promise, Shortfall
from tests.unit.histories import opened, put, read, refused, visit

HONOURED = Shortfall(frozenset(), 0, 0)


def promised(*operations: Operation) -> Promise:
    promise = Promise()
    for operation in operations:
        promise.take(operation)
    return promise


def shortfall(promise: Promise, items: str, visits: int) -> Shortfall:
    return promise.shortfall(frozenset(items.split()), visits)


def test_promise_is_honoured_when_all_that_was_acknowledged_is_there() -> None:
    assert shortfall(promised(put("a"), put("b"), visit()), "a b", 1) == HONOURED


def test_promise_misses_an_acknowledged_item_when_it_is_not_there() -> None:
    assert shortfall(promised(put("a"), put("b")), "a", 0) == Shortfall(frozenset({"b"}), 0, 0)


def test_promise_misses_an_acknowledged_visit_when_the_count_is_lower() -> None:
    assert shortfall(promised(visit(), visit(), visit()), "", 1) == Shortfall(frozenset(), 2, 0)


@pytest.mark.parametrize("found", ["", "a"])
def test_promise_is_honoured_with_an_indeterminate_item_there_or_not(found: str) -> None:
    assert shortfall(promised(put("a", outcome="info")), found, 0) == HONOURED


@pytest.mark.parametrize("count", [2, 3, 4])
def test_promise_is_honoured_with_a_count_from_acknowledged_to_that_plus_indeterminate(count: int) -> None:
    promise = promised(visit(), visit(), visit(outcome="info"), visit(outcome="info"))
    assert shortfall(promise, "", count) == HONOURED


def test_promise_has_a_surplus_when_a_visit_was_counted_twice() -> None:
    promise = promised(visit(), visit(), visit(outcome="info"))
    assert shortfall(promise, "", 5) == Shortfall(frozenset(), 0, 2)


def test_promise_has_a_surplus_when_a_refused_visit_was_counted() -> None:
    assert shortfall(promised(visit(outcome="fail")), "", 1) == Shortfall(frozenset(), 0, 1)


def test_promise_expects_nothing_of_refused_writes_and_of_reads() -> None:
    nothing = promised(opened(), put("a", outcome="fail"), read("b", 3), refused())
    assert (nothing.acknowledged, nothing.indeterminate) == (0, 0)


def test_promise_counts_acknowledged_and_indeterminate_writes_apart() -> None:
    promise = promised(put("a"), visit(), visit(), put("b", outcome="info"))
    assert (promise.acknowledged, promise.indeterminate) == (3, 1)


@pytest.mark.parametrize(
    ("items", "visits", "recovered"),
    [
        pytest.param("a", 1, 0, id="neither"),
        pytest.param("a b", 1, 1, id="the item"),
        pytest.param("a", 2, 1, id="the visit"),
        pytest.param("a b", 2, 2, id="both"),
        pytest.param("a b", 9, 2, id="a surplus is nobody's"),
        pytest.param("", 0, 0, id="not even the acknowledged"),
    ],
)
def test_promise_recovers_indeterminate_writes_that_turn_out_to_have_happened(
    items: str, visits: int, recovered: int
) -> None:
    promise = promised(put("a"), visit(), put("b", outcome="info"), visit(outcome="info"))
    assert promise.recovered(frozenset(items.split()), visits) == recovered


@pytest.mark.parametrize(
    ("short", "broken"),
    [
        (HONOURED, False),
        (Shortfall(frozenset({"a"}), 0, 0), True),
        (Shortfall(frozenset(), 1, 0), True),
        (Shortfall(frozenset(), 0, 1), True),
    ],
)
def test_shortfall_is_true_when_anything_is_not_honoured(short: Shortfall, broken: bool) -> None:
    assert bool(short) == broken


def test_shortfall_says_how_much_is_missing_and_too_much() -> None:
    assert str(Shortfall(frozenset("ab"), 3, 4)) == "2 items and 3 visits missing, 4 visits too many"
