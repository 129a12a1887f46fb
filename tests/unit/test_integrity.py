"""What a running load counts, told as literal histories: one session, seen by its client."""

from dataclasses import replace

import pytest

from loadtests.history import Kind, Operation
from loadtests.integrity import Anomaly, Ledgers, Tally, exit_code

OK = Tally(sessions=1, acknowledged=2, verified=2)


def op(kind: Kind, at: float, **details: object) -> Operation:
    """One that took a second and ended well."""
    some = Operation("s", f"{kind}{at:g}", kind, "ok", at, at + 1, "steady", served_by="stateful/a/1")
    return replace(some, **details)  # type: ignore[arg-type]


def put(item: str, at: float) -> Operation:
    return op("put", at, id=item)


def seen(at: float, *items: str, visits: int = 0) -> Operation:
    return op("read", at, value={"items": list(items), "visits": visits})


def refused(kind: Kind, at: float, problem: str = "session-unknown") -> Operation:
    return op(kind, at, outcome="fail", problem=problem)


def lived(*operations: Operation) -> tuple[list[Anomaly], Tally]:
    """The anomalies of a session that was opened first, in their order, and its counts."""
    ledgers = Ledgers()
    told = [anomaly for operation in (op("open", 0), *operations) for anomaly in ledgers.take(operation)]
    return told, ledgers.tally


def test_tally_counts_an_acknowledged_write_as_verified_once_it_was_read() -> None:
    _, before = lived(put("a", 1), op("visit", 3))
    _, after = lived(put("a", 1), op("visit", 3), seen(5, "a", visits=1))
    assert (before.acknowledged, before.verified, before.lost) == (2, 0, 0)
    assert (after.acknowledged, after.verified, after.lost) == (2, 2, 0)


def test_tally_counts_what_was_read_before_and_not_what_was_written_since() -> None:
    _, tally = lived(put("a", 1), seen(3, "a"), put("b", 5))
    assert (tally.acknowledged, tally.verified) == (2, 1)


def test_write_is_lost_when_two_looks_in_a_row_miss_it() -> None:
    told, tally = lived(put("a", 1), op("visit", 3), seen(5), seen(7))
    assert told == ["lost write", "lost write"]
    assert (tally.lost, tally.verified, tally.lost_updates) == (2, 0, 0)


def test_write_that_one_look_missed_is_no_loss_yet() -> None:
    for write in (put("a", 1), op("visit", 1)):
        told, tally = lived(write, seen(3))
        assert (told, tally.lost, tally.verified) == ([], 0, 0)


def test_loss_is_told_once() -> None:
    told, _ = lived(put("a", 1), seen(3), seen(5), seen(7), put("b", 9), seen(11, "b"))
    assert told == ["lost write"]


def test_write_that_was_verified_can_be_lost_later() -> None:
    told, tally = lived(
        put("a", 1), op("visit", 2), seen(3, "a", visits=1), seen(5, visits=1), seen(7, visits=1)
    )
    assert told == ["lost write"]
    assert (tally.verified, tally.lost) == (1, 1)


def test_read_was_stale_when_the_next_one_finds_what_it_missed() -> None:
    told, tally = lived(put("a", 1), seen(3), seen(5, "a"))
    assert told == ["stale read"]
    assert (tally.stale, tally.lost, tally.verified) == (1, 0, 1)


def test_loss_is_taken_back_when_a_later_read_finds_it() -> None:
    told, tally = lived(put("a", 1), seen(3), seen(5), seen(7, "a"))
    assert told == ["lost write", "stale read"]
    assert (tally.stale, tally.lost, tally.verified) == (1, 0, 1)


def test_lost_write_is_a_lost_update_when_another_write_overlapped_it() -> None:
    told, tally = lived(op("visit", 1), op("visit", 1.5), seen(3, visits=1), seen(5, visits=1))
    assert told == ["lost update"]
    assert (tally.acknowledged, tally.verified, tally.lost, tally.lost_updates) == (2, 1, 1, 1)


def test_lost_write_is_no_lost_update_when_a_good_read_came_after_the_overlap() -> None:
    overlap = (op("visit", 1), op("visit", 1.5), seen(3, visits=2))
    told, _ = lived(*overlap, put("a", 5), seen(7, visits=2), seen(9, visits=2))
    assert told == ["lost write"]


@pytest.mark.parametrize("kind", ["put", "visit", "read"])
def test_session_is_dropped_with_all_its_writes_when_it_is_unknown(kind: Kind) -> None:
    told, tally = lived(put("a", 1), op("visit", 3), seen(5, "a", visits=1), refused(kind, 7))
    assert told == ["dropped session", "lost write", "lost write"]
    assert (tally.dropped, tally.lost, tally.verified) == (1, 2, 0)


def test_dropped_session_is_told_once() -> None:
    told, _ = lived(put("a", 1), refused("read", 3), refused("read", 5))
    assert told == ["dropped session", "lost write"]


def test_dropped_session_that_another_replica_knows_was_a_stale_read() -> None:
    told, tally = lived(put("a", 1), refused("read", 3), seen(5, "a"))
    assert told[-1] == "stale read"
    assert (tally.dropped, tally.lost, tally.stale, tally.verified) == (0, 0, 1, 1)


def test_closed_session_owes_nothing() -> None:
    told, tally = lived(put("a", 1), op("close", 3), refused("read", 5, "session-ended"))
    assert (told, tally.lost, tally.dropped) == ([], 0, 0)


def test_write_without_an_answer_is_indeterminate_whether_it_is_found_or_not() -> None:
    lost = op("visit", 1, outcome="info", problem="no-answer")
    for visits in (0, 1):
        told, tally = lived(lost, seen(3, visits=visits), seen(5, visits=visits))
        assert (told, tally.indeterminate, tally.acknowledged, tally.lost) == ([], 1, 0, 0)


def test_unavailable_store_loses_nothing() -> None:
    told, tally = lived(put("a", 1), refused("read", 3, "store-unavailable"), seen(5, "a"))
    assert (told, tally.verified) == ([], 1)


def test_tallies_add_up() -> None:
    assert Tally(1, 2, 3, 4, 5, 6, 7, 8) + Tally(1, 1, 1, 1, 1, 1, 1, 1) == Tally(2, 3, 4, 5, 6, 7, 8, 9)


@pytest.mark.parametrize(
    ("tallies", "code"),
    [
        pytest.param([OK, OK], 0, id="all verified"),
        pytest.param([OK, replace(OK, lost=1)], 1, id="a lost write"),
        pytest.param([OK, replace(OK, stale=1)], 1, id="a stale read"),
        pytest.param(
            [replace(OK, dropped=1), Tally()], 1, id="a dropped session, whatever was not looked at"
        ),
        pytest.param(
            [OK, Tally(sessions=1, acknowledged=2)], 2, id="a placement of which nothing was verified"
        ),
        pytest.param([Tally()], 2, id="errors alone"),
        pytest.param([], 2, id="nobody"),
    ],
)
def test_exit_code_says_what_became_of_acknowledged_data(tallies: list[Tally], code: int) -> None:
    assert exit_code(tallies) == code
