"""What proves that devices were cut off, and what else happened meanwhile: literal witnesses."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chaos.faults.devices import STARTED_BETWEEN
from chaos.faults.fault import Witness
from chaos.instance import Instance
from loadtests.history import Operation, Outcome, Phase
from tests.unit.histories import operation, put
from tests.unit.witnesses import instance, redis, witness

Proofs = tuple[Mapping[str, Witness], Mapping[str, Witness]]


def sync(outcome: Outcome = "ok", phase: Phase = "fault", session: str = "s") -> Operation:
    """An upload, in case nobody answered."""
    made = operation("sync", session=session, outcome=outcome, phase=phase)
    return made if outcome == "ok" else replace(made, served_by=None, problem="no-answer")


ALONE = (put("a", phase="fault"), sync("fail"), sync("ok", "recovery"))
"""A device that found nobody there, and worked on."""


def seen(one: Witness, history: Sequence[Operation], between: str = "") -> Witness:
    return replace(one, history=history, findings={STARTED_BETWEEN: between} if between else {})


def offline() -> Proofs:
    a1, a2 = instance("a", "b1"), instance("a", "b2")
    calm = witness([a1], [a1], [a1])
    return {
        "nobody was there, and it worked on": seen(calm, ALONE),
    }, {
        "it was answered all along": seen(calm, (put("a", phase="fault"), sync())),
        "it did nothing meanwhile": seen(calm, (sync("fail"),)),
        "nobody was there only before": seen(calm, (sync("fail", "steady"), put("a", phase="fault"))),
        "an answer was lost": seen(calm, (put("a", phase="fault"), sync("info"))),
        "another process": seen(witness([a1], [a1], [a2]), ALONE),
        "nobody was there at all": seen(calm, ()),
    }


def recreated() -> Proofs:
    a, b, c = (started(instance(name, f"b-{name}"), name) for name in "abc")
    twice = witness([a], [b], [c])
    return {
        "another container in between, and another one at last": seen(twice, ALONE, "b"),
    }, {
        "devices were never cut off": seen(twice, (put("a", phase="fault"), sync()), "b"),
        "once only": seen(witness([a], [b], [b]), ALONE, "b"),
        "not before they were back": seen(witness([a], [a], [c]), ALONE, "a"),
        "not known what was in between": seen(twice, ALONE),
        "the same container": seen(witness([a], [a], [a]), ALONE, "a"),
    }


def killed() -> Proofs:
    a1, a2, a3 = (started(redis("a", f"b{n}"), str(n)) for n in (1, 2, 3))
    dead = replace(a1, status="exited", exit_code=137, where={})
    return {
        "killed, and killed again": seen(witness([a1], [dead], [a3]), ALONE, "2"),
    }, {
        "once only": seen(witness([a1], [dead], [a2]), ALONE, "2"),
        "it ran on": seen(witness([a1], [a1], [a1]), ALONE, "1"),
        "it was stopped": seen(witness([a1], [replace(dead, exit_code=0)], [a3]), ALONE, "2"),
        "devices were never cut off": seen(witness([a1], [dead], [a3]), (sync(),), "2"),
    }


def lost_answer() -> Proofs:
    a1, a2 = instance("a", "b1"), instance("a", "b2")
    calm = witness([a1], [a1], [a1])
    return {
        "an answer was lost, and came when it uploaded again": seen(calm, (sync("info"), sync("ok"))),
    }, {
        "every answer came": seen(calm, (sync("ok"), sync("ok"))),
        "it never uploaded again": seen(calm, (sync("info"),)),
        "another session uploaded": seen(calm, (sync("info"), sync("ok", session="t"))),
        "it was answered only before": seen(calm, (sync("ok", "steady"), sync("info"))),
        "nobody was there": seen(calm, (sync("fail"), sync("ok"))),
        "another process": seen(witness([a1], [a1], [a2]), (sync("info"), sync("ok"))),
    }


def started(one: Instance, at: str) -> Instance:
    return replace(one, started_at=at)


PROOFS: Mapping[str, Proofs] = {
    "offline": offline(),
    "offline-recreate": recreated(),
    "offline-redis-kill": killed(),
    "lost-answer": lost_answer(),
}
