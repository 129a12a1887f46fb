"""The ratio table: what is compared with what, and when a goal is met."""

from dataclasses import replace

import pytest

from loadtests.benchmark.goals import FLAT, Goal, Line, Range, Spread, judge, race
from loadtests.benchmark.measured import CheckerSpeed, Measured, StoreUse, UserCost, Work
from tests.unit.benchmarks import ROUNDS, measured, run, with_rate

OURS, THEIRS = Line("services", "write", "redis"), Line("services", "write", "server_side")


def missed(whole: Measured) -> list[str]:
    return [goal.measure for goal in judge(whole) if goal.met is False]


def store(
    trips_of_write: float = 1, trips_of_read: float = 1, trips_of_health: float = 0, memory: int = 608
) -> Measured:
    trips: dict[Work, float] = {"write": trips_of_write, "read": trips_of_read, "health": trips_of_health}
    return measured(stores=[StoreUse("redis", 10, trips, memory, 470, 637)])


def test_spread_is_the_median_with_the_least_and_the_most() -> None:
    assert Spread.of([5.0, 1.0, 2.0]) == Spread(2.0, 1.0, 5.0)


def test_spread_of_nothing_is_none() -> None:
    assert Spread.of([]) is None


def test_ratio_is_taken_within_each_round() -> None:
    rates = {"redis": (100, 900, 300), "server_side": (50, 300, 300)}
    runs = [
        run("services", "write", name, round=number, requests=rate)
        for name, of_rounds in rates.items()
        for number, rate in enumerate(of_rounds, 1)
    ]
    assert race(measured(runs=runs), "", Range(), OURS, THEIRS).value == Spread(2.0, 1.0, 3.0)


def test_ratio_compares_no_rounds_of_which_only_one_line_has_a_run() -> None:
    runs = [
        run("services", "write", "redis", round=1, requests=100),
        run("services", "write", "redis", round=2, requests=900),
        run("services", "write", "server_side", round=1, requests=50),
    ]
    assert race(measured(runs=runs), "", Range(), OURS, THEIRS).value == Spread(2.0, 2.0, 2.0)


@pytest.mark.parametrize(
    "stranger",
    [
        run("growth", "write", "redis", requests=5000),
        run("services", "read", "redis", requests=5000),
        run("services", "write", "redis", items=100, requests=5000),
        run("services", "write", "redis", replicas=2, requests=5000),
    ],
)
def test_ratio_leaves_out_what_is_of_another_line(stranger: object) -> None:
    runs = [
        run("services", "write", "redis", requests=100),
        run("services", "write", "server_side", requests=50),
        stranger,
    ]
    assert race(measured(runs=runs), "", Range(), OURS, THEIRS).value == Spread(2.0, 2.0, 2.0)


def test_ratio_by_processor_time_is_that_of_requests_per_second_of_it() -> None:
    runs = [
        run("services", "write", "redis", requests=100, cpu_seconds=0.5),
        run("services", "write", "server_side", requests=100, cpu_seconds=2.0),
    ]
    goal = race(measured(runs=runs), "", Range(), OURS, THEIRS)
    assert (goal.value, goal.by_cpu) == (Spread(1.0, 1.0, 1.0), Spread(4.0, 4.0, 4.0))


@pytest.mark.parametrize(("reached", "met"), [(1.7, True), (1.69, False)])
def test_goal_is_met_when_the_median_reaches_it(reached: float, met: bool) -> None:
    assert Goal("", Range("x", 1.7), Spread(reached, 0.1, 9.0)).met is met


@pytest.mark.parametrize(("reached", "met"), [(1.5, True), (1.51, False)])
def test_goal_is_met_when_the_median_does_not_exceed_what_is_allowed(reached: float, met: bool) -> None:
    assert Goal("", Range("x", most=1.5), Spread(reached, 0.1, 9.0)).met is met


@pytest.mark.parametrize(
    ("reached", "met"), [(0.84, False), (0.85, True), (1.0, True), (1.15, True), (1.16, False)]
)
def test_write_cost_is_flat_when_it_is_neither_more_nor_less(reached: float, met: bool) -> None:
    assert Goal("", FLAT, Spread(reached, 0.1, 9.0)).met is met


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Range("x", 1.7), ">= 1.7 x"),
        (Range("s", most=10), "<= 10 s"),
        (Range(most=0), "<= 0"),
        (FLAT, "0.85 - 1.15 x"),
    ],
)
def test_goal_says_what_is_wanted(wanted: Range, said: str) -> None:
    assert str(wanted) == said


def test_goal_is_neither_met_nor_missed_when_nothing_was_measured() -> None:
    goal = Goal("", Range("x", 1.7), None)
    assert (goal.met, goal.verdict) == (None, "not measured")


def test_every_goal_is_met_by_figures_that_are_good_enough() -> None:
    goals = judge(measured())
    assert len(goals) == 16
    assert {goal.verdict for goal in goals} == {"met"}


def test_no_goal_is_met_when_nothing_was_measured() -> None:
    goals = judge(measured(runs=[], stores=[], users=[]))
    assert {goal.verdict for goal in goals[:-1]} == {"not measured"}


@pytest.mark.parametrize(
    ("whole", "measure"),
    [
        (
            with_rate(("services", "write", "signed_cookie", 10, 1), 3400),
            "token, write / Flask's signed cookie",
        ),
        (with_rate(("services", "write", "bare", 10, 1), 8700), "token, write / bare Flask"),
        (with_rate(("services", "write", "redis", 10, 1), 2500), "Redis, write / Flask-Session"),
        (with_rate(("services", "read", "redis", 10, 1), 2700), "Redis, read / Flask-Session"),
        (with_rate(("health", "health", "redis", 10, 1), 6400), "health check with a cookie / bare Flask"),
        (with_rate(("growth", "write", "redis", 10, 1), 2500), "Redis, write at 10 items / at 1 item"),
        (with_rate(("growth", "write", "redis", 100, 1), 3500), "Redis, write at 100 items / at 1 item"),
        (with_rate(("growth", "write", "redis", 1000, 1), 2500), "Redis, write at 1,000 items / at 1 item"),
        (
            with_rate(("growth", "write", "server_side", 1000, 1), 600),
            "Redis, write at 1,000 items / Flask-Session at 1,000",
        ),
        (with_rate(("replicas", "write", "redis", 10, 2), 2500), "replicas 1 -> 2, by processor time"),
        (store(trips_of_write=2), "Redis, write: round trips"),
        (store(trips_of_read=1.01), "Redis, read: round trips"),
        (store(trips_of_health=0.01), "Redis, health: round trips"),
        (store(memory=706), "Redis, memory of a session / its content"),
        (
            measured(users=[UserCost(number, 1000.0, 890.0) for number in ROUNDS]),
            "verifying users / users that count status codes",
        ),
        (measured(checker=CheckerSpeed(500_000, 5.1)), "verdict on a million operations"),
    ],
)
def test_goal_is_missed_by_the_figure_it_is_for(whole: Measured, measure: str) -> None:
    assert missed(whole) == [measure]


def test_replicas_are_judged_by_processor_time_and_not_by_throughput() -> None:
    whole = measured()
    runs = [replace(one, seconds=9.0) if one.replicas == 2 else one for one in whole.runs]
    assert missed(replace(whole, runs=runs)) == []
