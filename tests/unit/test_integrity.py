"""What a running load counts, told as literal histories: one session, seen by its client."""

from dataclasses import replace

import pytest

from loadtests.history import Kind, Operation, Outcome
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


def test_visit_is_doubled_when_two_looks_in_a_row_show_more_than_was_made() -> None:
    told, tally = lived(op("visit", 1), seen(3, visits=3), seen(5, visits=3))
    assert told == ["doubled write", "doubled write"]
    assert (tally.doubled, tally.verified, tally.lost, tally.stale) == (2, 1, 0, 0)


def test_visit_that_was_refused_and_counted_all_the_same_is_a_doubled_write() -> None:
    told, tally = lived(refused("visit", 1, "invalid"), seen(3, visits=1), seen(5, visits=1))
    assert (told, tally.doubled) == (["doubled write"], 1)


def test_surplus_that_one_look_showed_is_no_doubled_write() -> None:
    told, tally = lived(op("visit", 1), seen(3, visits=2), seen(5, visits=1), seen(7, visits=1))
    assert (told, tally.doubled) == ([], 0)


def test_doubled_write_is_told_once() -> None:
    looks = [seen(at, visits=2) for at in (3, 5, 7)]
    told, tally = lived(op("visit", 1), *looks, op("visit", 9), seen(11, visits=3), seen(13, visits=3))
    assert (told, tally.doubled) == (["doubled write"], 1)


def test_doubled_writes_are_the_most_that_were_there_when_some_went_again() -> None:
    counts = (2, 2, 1, 1, 2, 2, 3, 3)
    told, tally = lived(op("visit", 1), *(seen(3 + 2 * n, visits=many) for n, many in enumerate(counts)))
    assert (told, tally.doubled) == (["doubled write"] * 2, 2)


@pytest.mark.parametrize("outcome", ["ok", "info"])
def test_visit_whose_answer_is_on_its_way_is_no_doubled_write(outcome: Outcome) -> None:
    other_tab = op("visit", 2, outcome=outcome, completed_at=4.5)
    told, tally = lived(op("visit", 1), seen(3, visits=2), other_tab, seen(5, visits=2), seen(7, visits=2))
    assert (told, tally.doubled) == ([], 0)


def test_visits_of_which_each_was_on_its_way_at_another_look_are_no_doubled_writes() -> None:
    first, second = op("visit", 1, completed_at=4.5), op("visit", 4, completed_at=7)
    told, tally = lived(seen(3, visits=1), first, seen(5, visits=2), second, seen(8, visits=2))
    assert (told, tally.doubled) == ([], 0)


def test_doubled_write_is_taken_back_when_a_visit_ends_that_was_under_way_all_the_time() -> None:
    told, tally = lived(seen(2, visits=1), seen(4, visits=1), op("visit", 1, completed_at=6))
    assert (told, tally.doubled) == (["doubled write"], 0)


@pytest.mark.parametrize("other_tab", [refused("visit", 2, "invalid"), put("a", 2)])
def test_write_that_counts_nothing_explains_no_surplus_of_a_look_meanwhile(other_tab: Operation) -> None:
    late = replace(other_tab, completed_at=4.5)
    told, _ = lived(op("visit", 1), seen(3, visits=2), late, seen(5, "a", visits=2))
    assert told == ["doubled write"]


def test_doubled_write_is_no_stale_read_and_hides_no_lost_item() -> None:
    told, tally = lived(put("a", 1), op("visit", 3), seen(5, visits=2), seen(7, visits=2))
    assert told == ["lost write", "doubled write"]
    assert (tally.lost, tally.doubled, tally.stale) == (1, 1, 0)


def test_session_is_doubtful_until_another_look_has_told_what_a_surplus_is() -> None:
    ledgers, doubts = Ledgers(), []
    for operation in (op("open", 0), op("visit", 1), *(seen(at, visits=2) for at in (3, 5, 7))):
        ledgers.take(operation)
        doubts.append(ledgers.doubtful("s"))
    assert doubts == [False, False, True, False, False]


def test_closed_session_owes_nothing() -> None:
    told, tally = lived(put("a", 1), op("close", 3), refused("read", 5, "session-ended"))
    assert (told, tally.lost, tally.dropped) == ([], 0, 0)


@pytest.mark.parametrize("looks", [(seen(3), seen(5)), (refused("read", 3, "session-unknown"),)])
def test_what_was_lost_before_a_session_was_closed_stays_lost(looks: tuple[Operation, ...]) -> None:
    told, tally = lived(put("a", 1), *looks, op("close", 7))
    assert ("lost write" in told, tally.lost, tally.broken) == (True, 1, True)


def test_write_without_an_answer_is_indeterminate_whether_it_is_found_or_not() -> None:
    lost = op("visit", 1, outcome="info", problem="no-answer")
    for visits in (0, 1):
        told, tally = lived(lost, seen(3, visits=visits), seen(5, visits=visits))
        assert (told, tally.indeterminate, tally.acknowledged, tally.lost) == ([], 1, 0, 0)


def test_unavailable_store_loses_nothing() -> None:
    told, tally = lived(put("a", 1), refused("read", 3, "store-unavailable"), seen(5, "a"))
    assert (told, tally.verified) == ([], 1)


def test_tallies_add_up() -> None:
    assert Tally(*range(1, 10)) + Tally(*[1] * 9) == Tally(*range(2, 11))


@pytest.mark.parametrize(
    ("tallies", "code"),
    [
        pytest.param([OK, OK], 0, id="all verified"),
        pytest.param([OK, replace(OK, lost=1)], 1, id="a lost write"),
        pytest.param([OK, replace(OK, doubled=1)], 1, id="a doubled write"),
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
