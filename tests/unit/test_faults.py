"""What proves that a fault happened, and what does not; whom it is done to, and when it is judged."""

from collections.abc import Mapping

import pytest

from chaos.faults import FAULTS, HEADLINES
from chaos.faults.fault import Witness
from tests.unit.proofs import PROOFS


def cases(which: int) -> Mapping[str, tuple[str, Witness]]:
    return {
        f"{fault}, {name}": (fault, seen)
        for fault, proofs in PROOFS.items()
        for name, seen in proofs[which].items()
    }


PROVEN, UNPROVEN = cases(0), cases(1)


def test_proofs_are_here_for_every_fault() -> None:
    assert set(PROOFS) == set(FAULTS)


@pytest.mark.parametrize(("fault", "seen"), PROVEN.values(), ids=PROVEN)
def test_fault_is_proven_by_identities(fault: str, seen: Witness) -> None:
    assert FAULTS[fault].happened(seen)


@pytest.mark.parametrize(("fault", "seen"), UNPROVEN.values(), ids=UNPROVEN)
def test_fault_is_not_proven_when_identities_say_something_else(fault: str, seen: Witness) -> None:
    assert not FAULTS[fault].happened(seen)


def test_fault_is_done_to_the_redis_when_its_name_says_so() -> None:
    wrong = {n: f.victim for n, f in FAULTS.items() if (f.victim == "store") != ("redis" in n.split("-"))}
    assert wrong == {}


def test_faults_that_are_undone_by_healing_are_judged_while_they_last() -> None:
    assert {name for name, fault in FAULTS.items() if fault.lasting} == {
        *("commit", "scale-out", "redis-aof-switch", "redis-aof-online", "power-loss")
    }


def test_scale_in_begins_with_three_replicas_and_everything_else_with_one() -> None:
    assert {name: f.replicas for name, f in FAULTS.items() if f.replicas > 1} == {"scale-in": 3}


def test_clients_do_something_else_only_where_that_is_the_fault() -> None:
    habits = {name: fault.habit for name, fault in FAULTS.items() if fault.habit != "alone"}
    assert habits == {
        "concurrent-writes": "two-tabs",
        "replay-token": "replay",
        "offline": "two-devices",
        **dict.fromkeys(("offline-recreate", "offline-redis-kill", "lost-answer"), "device"),
    }


def test_headlines_are_faults() -> None:
    assert set(HEADLINES) <= set(FAULTS)
