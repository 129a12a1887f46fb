"""From literal histories to what was kept and lost: accepted, rejected and inconclusive ones.

Where it says nothing else, session s puts a and b and counts one visit before the fault.
"""

import timeit
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest

from chaos.verdict import Observed, judge, unavailable_seconds
from loadtests.history import PENDING, Operation
from tests.unit.histories import ONE, TWO, closed, opened, operation, put, read, refused, replayed, visit

BEFORE = (opened(), put("a"), put("b"), visit())
DURING = (read("a b", 1, phase="fault"),)
STEADY = (*BEFORE, *DURING)

ACCEPTED = {
    "all is there": (*STEADY, read("a b", 1)),
    "all is there on two replicas": (*STEADY, read("a b", 1), read("a b", 1, by=TWO)),
    "a replica could not answer": (*STEADY, refused(problem="store-unavailable"), read("a b", 1)),
    "the gateway had no replica at first": (*STEADY, refused(by=None, problem="no-answer"), read("a b", 1)),
    "writes under the fault are there": (*STEADY, put("c", phase="fault"), read("a b c", 1)),
    "an indeterminate item is absent": (*STEADY, put("c", outcome="info", phase="fault"), read("a b", 1)),
    "an indeterminate item is present": (*STEADY, put("c", outcome="info", phase="fault"), read("a b c", 1)),
    "an indeterminate visit is absent": (*STEADY, visit(outcome="info", phase="fault"), read("a b", 1)),
    "an indeterminate visit is present": (*STEADY, visit(outcome="info", phase="fault"), read("a b", 2)),
    "a refused write is absent": (*STEADY, put("c", outcome="fail", phase="fault"), read("a b", 1)),
    "the fault refused reads for a while": (*BEFORE, refused(phase="fault"), read("a b", 1)),
    "an ended session is gone": (*STEADY, closed(), refused(problem="session-ended")),
    "an end that may not have been": (*STEADY, closed(outcome="info"), read("a b", 1)),
    "an older credential opened, and all is there": (*STEADY, replayed("a b", 1), read("a b", 1)),
    "a refused item is there after all": (*STEADY, put("c", outcome="fail", phase="fault"), read("a b c", 1)),
    "a later session is there too": (
        *STEADY,
        opened("later", "recovery"),
        put("c", "later", phase="recovery"),
        read("a b", 1),
        read("c", 0, "later"),
    ),
}

REJECTED: dict[str, tuple[Observed, Sequence[Operation]]] = {
    "the session is unknown": ("lost", (*STEADY, refused())),
    "the session has expired": ("lost", (*STEADY, refused(problem="session-expired"))),
    "the session has ended": ("lost", (*STEADY, refused(problem="session-ended"))),
    "the token is no longer accepted": ("lost", (*STEADY, refused(problem="credential-invalid"))),
    "the session is there and empty": ("lost", (*STEADY, read("", 0))),
    "two replicas, and neither knows it": ("lost", (*STEADY, refused(), refused(by=TWO))),
    "an ended session is read again": ("partly", (*STEADY, closed(), read("a b", 1))),
    "an ended session opens with an older credential": (
        "partly",
        (*STEADY, closed(), replayed("a b", 1), refused(problem="session-ended")),
    ),
    "an older credential takes a write back": (
        "partly",
        (*STEADY, put("c", phase="fault"), replayed("a b", 1), read("a b", 1)),
    ),
    "another session's item is shown": ("partly", (*STEADY, read("a b x", 1))),
    "another session's item was shown for a while": (
        "partly",
        (*STEADY, read("a b x", 1, phase="fault"), read("a b", 1)),
    ),
    "a later session came back after its end": (
        "partly",
        (*STEADY, opened("u", "fault"), closed("u"), read("", 0, "u"), read("a b", 1)),
    ),
    "one item is missing": ("partly", (*STEADY, read("a", 1))),
    "one visit is missing": ("partly", (*STEADY, read("a b", 0))),
    "one session of two is missing": (
        "partly",
        (*STEADY, opened("t"), put("c", "t"), read("a b", 1), refused("t")),
    ),
    "a session without writes is missing": ("partly", (*STEADY, opened("t"), read("a b", 1), refused("t"))),
    "a write under the fault is missing": ("partly", (*STEADY, put("c", phase="fault"), read("a b", 1))),
    "a visit was counted twice": ("partly", (*STEADY, read("a b", 2))),
    "more visits than even the indeterminate ones": (
        "partly",
        (*STEADY, visit(outcome="info", phase="fault"), read("a b", 3)),
    ),
    "another replica does not know it": ("split", (*STEADY, read("a b", 1), refused(by=TWO))),
    "another replica knows less of it": ("split", (*STEADY, read("a b", 1), read("a", 1, by=TWO))),
    "two replicas know a part each": ("split", (*STEADY, read("a", 1), read("b", 1, by=TWO))),
    "a later session is missing": (
        "partly",
        (
            *STEADY,
            opened("later", "recovery"),
            put("c", "later", phase="recovery"),
            read("a b", 1),
            refused("later"),
        ),
    ),
    "a later session misses a write": (
        "partly",
        (
            *STEADY,
            opened("later", "fault"),
            put("c", "later", phase="fault"),
            read("a b", 1),
            read("", 0, "later"),
        ),
    ),
    "a later session is split": (
        "partly",
        (
            *(*STEADY, opened("later", "fault"), put("c", "later", phase="fault")),
            *(read("a b", 1), read("a b", 1, by=TWO), read("c", 0, "later"), refused("later", by=TWO)),
        ),
    ),
}

INCONCLUSIVE = {
    "nothing at all": ((), "no write was acknowledged"),
    "no session was opened": ((put("a"), *DURING, read("a", 0)), "no write was acknowledged"),
    "no write was acknowledged": (
        (opened(), put("a", outcome="info"), *DURING, read("a", 0)),
        "no write was acknowledged",
    ),
    "writes only after the fault": (
        (opened(), *DURING, put("a", phase="recovery"), read("a", 0)),
        "no write was acknowledged",
    ),
    "no load while the fault happened": ((*BEFORE, read("a b", 1)), "no load"),
    "a session without a final read": (
        (*STEADY, opened("t"), put("c", "t"), read("a b", 1)),
        "1 sessions have no final read",
    ),
    "final reads without an answer": (
        (*STEADY, refused(by=None, problem="no-answer")),
        "1 sessions have no final read",
    ),
    "final reads that the store could not answer": (
        (*STEADY, refused(problem="store-unavailable")),
        "1 sessions have no final read",
    ),
    "a later session without a final read": (
        (*STEADY, opened("later", "recovery"), read("a b", 1)),
        "1 sessions have no final read",
    ),
    "reads of before count as no final read": (
        (*STEADY, read("a b", 1, phase="recovery")),
        "1 sessions have no final read",
    ),
}


@pytest.mark.parametrize("history", ACCEPTED.values(), ids=ACCEPTED)
def test_verdict_is_kept_when_nothing_acknowledged_is_missing(history: Sequence[Operation]) -> None:
    judgement = judge(history)
    assert (judgement.observed, judgement.lost, judgement.reason) == ("kept", 0, "")


@pytest.mark.parametrize(("observed", "history"), REJECTED.values(), ids=REJECTED)
def test_verdict_is_not_kept_when_something_is_missing(
    observed: Observed, history: Sequence[Operation]
) -> None:
    assert judge(history).observed == observed


@pytest.mark.parametrize(("history", "reason"), INCONCLUSIVE.values(), ids=INCONCLUSIVE)
def test_verdict_is_unknown_when_the_history_proves_nothing(
    history: Sequence[Operation], reason: str
) -> None:
    judgement = judge(history)
    assert (judgement.observed, reason in judgement.reason) == ("unknown", True)


def test_judgement_counts_every_acknowledged_write_as_lost_when_the_session_is_gone() -> None:
    judgement = judge((*STEADY, refused()))
    assert (judgement.acknowledged, judgement.lost, judgement.dropped_sessions) == (3, 3, 1)


def test_judgement_counts_what_each_final_read_misses() -> None:
    history = (*STEADY, opened("t"), put("c", "t"), visit("t"), visit("t"), read("a", 1), read("c", 0, "t"))
    assert judge(history).lost == 3


def test_judgement_counts_no_loss_when_any_replica_still_has_it() -> None:
    judgement = judge((*STEADY, read("a", 1), read("b", 1, by=TWO)))
    assert (judgement.lost, judgement.split_sessions) == (0, 1)


def test_judgement_counts_split_sessions_only_where_answers_differ() -> None:
    history = (
        *(*STEADY, opened("t"), put("c", "t")),
        *(read("a b", 1), read("a b", 1, by=TWO), read("c", 0, "t"), refused("t", by=TWO)),
    )
    assert (judge(history).sessions, judge(history).split_sessions) == (2, 1)


def test_judgement_calls_an_indeterminate_write_recovered_when_it_is_there() -> None:
    writes = (put("c", outcome="info", phase="fault"), visit(outcome="info", phase="fault"))
    judgement = judge((*STEADY, *writes, read("a b c", 2)))
    assert (judgement.indeterminate, judgement.recovered, judgement.lost) == (2, 2, 0)


def test_judgement_calls_an_indeterminate_write_not_lost_when_it_is_absent() -> None:
    writes = (put("c", outcome="info", phase="fault"), visit(outcome="info", phase="fault"))
    judgement = judge((*STEADY, *writes, read("a b", 1)))
    assert (judgement.indeterminate, judgement.recovered, judgement.lost) == (2, 0, 0)


def test_judgement_counts_a_lost_update_when_the_counter_is_too_low() -> None:
    judgement = judge((*STEADY, visit(), visit(), read("a b", 1)))
    assert (judgement.lost_updates, judgement.lost) == (2, 2)


def test_judgement_counts_no_lost_update_when_the_whole_session_is_gone() -> None:
    assert judge((*STEADY, refused())).lost_updates == 0


def test_judgement_counts_a_surplus_when_visits_were_made_by_nobody() -> None:
    judgement = judge((*STEADY, read("a b", 3)))
    assert (judgement.surplus, judgement.lost) == (2, 0)


def test_judgement_counts_a_stale_read_when_it_missed_what_was_found_later() -> None:
    assert judge((*STEADY, read("a", 1, phase="fault"), read("a b", 1))).stale == 1


def test_judgement_counts_a_stale_read_when_it_missed_a_visit_that_was_found_later() -> None:
    assert judge((*STEADY, read("a b", 0, phase="fault"), read("a b", 1))).stale == 1


def test_judgement_counts_no_stale_read_when_what_it_missed_is_never_found() -> None:
    assert judge((*STEADY, read("a", 1, phase="fault"), read("a", 1))).stale == 0


def test_judgement_counts_no_stale_read_when_the_write_came_after_it() -> None:
    history = (opened(), put("a"), read("a", 0, phase="fault"), put("b", phase="fault"), read("a b", 0))
    assert judge(history).stale == 0


def test_judgement_leaves_later_sessions_out_of_its_counts() -> None:
    later = (opened("later", "recovery"), put("c", "later", phase="recovery"))
    judgement = judge((*STEADY, *later, read("a b", 1), read("c", 0, "later")))
    assert (judgement.sessions, judgement.acknowledged) == (1, 3)


def test_judgement_says_that_later_sessions_lost_something_too() -> None:
    later = (opened("later", "recovery"), put("c", "later", phase="recovery"))
    judgement = judge((*STEADY, *later, read("a b", 1), refused("later")))
    assert judgement.reason == "1 sessions opened after the fault lost something too"


def test_judgement_counts_all_operations() -> None:
    assert judge((*STEADY, read("a b", 1))).operations == 6


@pytest.mark.parametrize(
    ("history", "seconds"),
    [
        pytest.param((), 0.0, id="nothing"),
        pytest.param((operation("put", at=5.0),), 0.0, id="one answer"),
        pytest.param([operation("put", at=at) for at in (1.0, 1.25, 3.5, 4.0)], 2.25, id="the longest gap"),
        pytest.param([operation("put", at=at) for at in (4.0, 1.0, 3.5)], 2.5, id="in any order"),
        pytest.param(
            (operation("put", at=1.0), operation("put", at=2.0, outcome="info"), operation("put", at=4.0)),
            3.0,
            id="an indeterminate write is no answer",
        ),
        pytest.param(
            (
                operation("put", at=1.0),
                operation("put", at=2.0, outcome="fail", by=None),
                operation("put", at=4.0),
            ),
            3.0,
            id="the gateway is no service",
        ),
        pytest.param(
            (operation("put", at=1.0), operation("put", at=2.0, outcome="fail"), operation("put", at=4.0)),
            2.0,
            id="a refusal is an answer",
        ),
        pytest.param(
            (operation("put", at=1.0), operation("put", at=2.0), operation("read", at=9.0, phase="final")),
            1.0,
            id="final reads do not count",
        ),
    ],
)
def test_unavailability_is_the_longest_time_without_an_answer(
    history: Sequence[Operation], seconds: float
) -> None:
    assert unavailable_seconds(history) == seconds


def long_history(operations: int) -> list[Operation]:
    """Sessions of 20 operations each, two replicas' final reads included."""
    history: list[Operation] = []
    for number in count():
        if len(history) >= operations:
            return history
        name = f"s{number}"
        items = [f"{name}.{item}" for item in range(8)]
        history += [opened(name), *(put(item, name) for item in items), *(visit(name) for _ in range(5))]
        history += [read(" ".join(items), 5, name, "fault") for _ in range(4)]
        history += [read(" ".join(items), 5, name, by=by) for by in (ONE, TWO)]
    return history


def seconds_to_judge(history: Sequence[Operation]) -> float:
    """The better of two times, without the garbage collector's part."""
    return min(timeit.repeat(lambda: judge(history), number=1, repeat=2))


def test_judging_takes_time_in_proportion_to_the_history() -> None:
    """Ten times the operations; a hundred times the time would be quadratic."""
    assert seconds_to_judge(long_history(200_000)) < 30 * seconds_to_judge(long_history(20_000))


def test_verdict_is_unknown_when_a_replica_was_not_asked_at_the_end() -> None:
    judgement = judge((*STEADY, read("a b", 1)), replicas=2)
    assert (judgement.observed, judgement.reason) == (
        "unknown",
        "1 sessions have no final read by each of 2 replicas",
    )


def test_verdict_is_kept_when_every_replica_has_it() -> None:
    assert judge((*STEADY, read("a b", 1), read("a b", 1, by=TWO)), replicas=2).observed == "kept"


def test_session_is_resurrected_when_it_is_read_after_its_close_was_acknowledged() -> None:
    assert judge((*STEADY, closed(), read("a b", 1))).resurrected == 1
    assert judge((*STEADY, closed(), refused(problem="session-ended"))).resurrected == 0


def test_session_that_ended_owes_nothing() -> None:
    judgement = judge((*STEADY, closed(), refused(problem="session-ended")))
    assert (judgement.acknowledged, judgement.lost, judgement.dropped_sessions) == (3, 0, 0)


def test_session_bleeds_when_it_shows_what_was_put_into_another() -> None:
    judgement = judge((*STEADY, opened("t"), put("c", "t"), read("a b c", 1), read("c", 0, "t")))
    assert (judgement.bleeding_sessions, judgement.lost) == (1, 0)


def counted(*visits: tuple[float, int]) -> list[Operation]:
    """Acknowledged visits: when, and which count each was told."""
    return [replace(visit(), completed_at=at, value=count) for at, count in visits]


@pytest.mark.parametrize(
    ("visits", "last", "milliseconds"),
    [
        pytest.param([(1.0, 1), (2.0, 2), (2.5, 3)], 3, 0, id="none"),
        pytest.param([(1.0, 1), (2.0, 2), (2.5, 3)], 1, 500, id="the last ones"),
        pytest.param([(1.0, 1), (2.0, 2), (2.5, 3), (9.0, 2)], 2, 500, id="their counts were given again"),
        pytest.param([(1.0, 1), (2.0, 2), (9.0, 2)], 2, 0, id="only one"),
        pytest.param([(1.0, 1), (2.0, 2), (2.5, 3)], 0, 1500, id="all"),
    ],
)
def test_lost_writes_span_the_time_from_the_first_to_the_last_of_them(
    visits: Sequence[tuple[float, int]], last: int, milliseconds: int
) -> None:
    history = (opened(), *counted(*visits), read("", 0, phase="fault"), read("", last))
    assert judge(history).lost_milliseconds == milliseconds


def test_lost_items_count_into_the_time_that_was_lost() -> None:
    early, late = (replace(put(name), completed_at=at) for name, at in (("a", 1.0), ("b", 1.25)))
    assert judge((opened(), early, late, *DURING, read("", 0))).lost_milliseconds == 250


def test_writes_that_are_pending_on_a_device_are_counted_and_not_lost() -> None:
    pending = replace(visit(outcome="info", phase="fault"), problem=PENDING)
    judgement = judge((opened(), visit(), pending, read("", 1)))
    assert (judgement.observed, judgement.pending, judgement.acknowledged) == ("kept", 1, 1)


def test_write_that_is_pending_and_was_applied_is_recovered() -> None:
    pending = replace(visit(outcome="info", phase="fault"), problem=PENDING)
    judgement = judge((opened(), visit(), pending, read("", 2)))
    assert (judgement.observed, judgement.pending, judgement.recovered, judgement.surplus) == (
        "kept",
        1,
        1,
        0,
    )
