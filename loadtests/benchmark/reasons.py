"""Why a goal may be missed: what the time goes into, in the figures of the same run. Pure."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from loadtests.benchmark.goals import Goal, Line
from loadtests.benchmark.measured import Measured


def missed(judged: Sequence[Goal], measured: Measured) -> Sequence[str]:
    """A line for each of these goals that is missed and of which it is known."""
    named = [goal.measure for goal in judged if goal.met is False]
    return [f"{name}: {REASONS[name](measured)}" for name in named if name in REASONS]


def _token(measured: Measured) -> str:
    bare, memory, token = (
        _cpu(Line("services", "write", name), measured) for name in ("bare", "memory", "token")
    )
    return (
        f"Of {token:.0f} us of processor time bare Flask takes {bare:.0f}, the contract {memory - bare:.0f} "
        "(as with our process memory: origin, body, preconditions, measuring), and the token "
        f"{token - memory:.0f}: it is opened and sealed, and comes in and goes out as a cookie of a kilobyte."
    )


def _largest_write(measured: Measured) -> str:
    ours, theirs = (_cpu(Line("growth", "write", name, 1000), measured) for name in ("redis", "server_side"))
    bare = _cpu(Line("services", "write", "bare"), measured)
    return (
        f"A fifth of Flask-Session's {theirs:.0f} us of processor time is {theirs / 5:.0f}. Ours takes "
        f"{ours:.0f}, of which bare Flask, which asks no store, takes {bare:.0f}. The peer's cost grows with "
        "the items and ours does not: with more of them the goal is met."
    )


def _verifying(measured: Measured) -> str:
    counting, verifying = (
        median(1e6 / getattr(cost, kind) for cost in measured.users) for kind in ("counting", "verifying")
    )
    return (
        f"An operation takes {counting:.0f} us of processor time to be sent and counted, and {verifying:.0f} "
        "where its promise is kept, each read compared with that, and each operation written to a file at "
        "once: a load that is killed leaves its history."
    )


def _cpu(line: Line, measured: Measured) -> float:
    """Microseconds of processor time of one request."""
    return median(1e6 / run.rate_of_cpu for run in line.of(measured))


REASONS: Mapping[str, Callable[[Measured], str]] = {
    "token, write / bare Flask": _token,
    "Redis, write at 1,000 items / Flask-Session at 1,000": _largest_write,
    "verifying users / users that count status codes": _verifying,
}
"""By the goal's measure."""
