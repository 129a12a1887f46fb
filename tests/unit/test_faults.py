"""What proves that a fault happened, and what does not."""

from collections.abc import Mapping

import pytest

from chaos.faults import FAULTS, Fault
from chaos.faults.fault import Witness
from chaos.faults.service import Kill, NoFault, Recreate, Restart, ScaleOut
from tests.unit.witnesses import instance, killed, witness

A1, A2 = instance("a", "b1"), instance("a", "b2")
B2 = instance("b", "b2")
B3, B4 = instance("b", "b3"), instance("b", "b4")
THREE = [A1, B2, instance("c", "b3")]
GONE_SILENT = instance("a", None, started="at b2")
RESTARTED_BY_WORD_ONLY = instance("a", "b2", started="at b1")
RESTARTED_BY_ENGINE_ONLY = instance("a", "b1", started="at b2")

NONE = {
    "proves": {"the same process all along": witness([A1], [A1], [A1])},
    "does not": {
        "nobody was there": witness([], [], []),
        "another process": witness([A1], [A1], [A2]),
        "another container": witness([A1], [A1], [B2]),
        "one more": witness([A1], [A1, B2], [A1]),
        "boot id missing": witness([GONE_SILENT], [GONE_SILENT], [GONE_SILENT]),
    },
}
RESTART = {
    "proves": {
        "the same container, a new process": witness([A1], [A2], [A2]),
        "not yet answering in between": witness([A1], [GONE_SILENT], [A2]),
        "two containers": witness([A1, B3], [A2, B4], [A2, B4]),
    },
    "does not": {
        "the same process": witness([A1], [A1], [A1]),
        "another container": witness([A1], [B2], [B2]),
        "nobody was there": witness([], [], []),
        "it did not come back": witness([A1], [A2], []),
        "boot id missing afterwards": witness([A1], [GONE_SILENT], [GONE_SILENT]),
        "new by its own word only": witness([A1], [A1], [RESTARTED_BY_WORD_ONLY]),
        "new by the engine's word only": witness([A1], [A1], [RESTARTED_BY_ENGINE_ONLY]),
        "only one of two": witness([A1, B3], [A2, B3], [A2, B3]),
    },
}
KILL = {
    "proves": {"killed, then a new process": witness([A1], [killed("a")], [A2])},
    "does not": {
        "it ended by itself": witness([A1], [killed("a", code=0)], [A2]),
        "it ended by SIGTERM": witness([A1], [killed("a", code=143)], [A2]),
        "it ran on": witness([A1], [A1], [A1]),
        "running in between": witness([A1], [A2], [A2]),
        "gone in between": witness([A1], [], [A2]),
        "another container": witness([A1], [killed("a")], [B2]),
        "not started again": witness([A1], [killed("a")], [killed("a")]),
        "only one of two": witness([A1, B3], [killed("a"), B3], [A2, B3]),
        "nobody was there": witness([], [], []),
    },
}
RECREATE = {
    "proves": {"a new container": witness([A1], [B2], [B2])},
    "does not": {
        "the same container": witness([A1], [A2], [A2]),
        "one of two is the same": witness([A1, instance("c")], [A1, B2], [A1, B2]),
        "nobody was there": witness([], [B2], [B2]),
        "it did not come back": witness([A1], [], []),
    },
}
SCALE_OUT = {
    "proves": {"three, the first among them": witness([A1], THREE, THREE)},
    "does not": {
        "still one": witness([A1], [A1], [A1]),
        "two only": witness([A1], THREE[:2], THREE[:2]),
        "three others": witness([instance("d")], THREE, THREE),
        "three already before": witness(THREE, THREE, THREE),
        "one of three has ended": witness([A1], [*THREE[:2], killed("c")], THREE),
        "nobody was there": witness([], THREE, THREE),
    },
}
CASES: Mapping[type[Fault], Mapping[str, Mapping[str, Witness]]] = {
    NoFault: NONE,
    Restart: RESTART,
    Kill: KILL,
    Recreate: RECREATE,
    ScaleOut: SCALE_OUT,
}


def cases(kind: str) -> Mapping[str, tuple[str, Witness]]:
    return {
        f"{fault.name}, {name}": (fault.name, seen)
        for fault, told in CASES.items()
        for name, seen in told[kind].items()
    }


def test_witnesses_are_here_for_every_fault() -> None:
    assert {fault.name for fault in CASES} == set(FAULTS)


@pytest.mark.parametrize(("fault", "seen"), cases("proves").values(), ids=cases("proves"))
def test_fault_is_proven_by_identities(fault: str, seen: Witness) -> None:
    assert FAULTS[fault].happened(seen)


@pytest.mark.parametrize(("fault", "seen"), cases("does not").values(), ids=cases("does not"))
def test_fault_is_not_proven_when_identities_say_something_else(fault: str, seen: Witness) -> None:
    assert not FAULTS[fault].happened(seen)
