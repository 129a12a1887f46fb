"""The cause of a loss, in one sentence, from identities and from who answered."""

from collections.abc import Sequence

import pytest

from chaos import evidence
from chaos.cluster import Instance
from chaos.faults.service import Kill, Recreate, ScaleOut
from chaos.verdict import judge
from loadtests.history import Operation
from tests.unit.histories import opened, put, read, refused, visit
from tests.unit.witnesses import instance, killed, witness

OLD, NEW = instance("a1b2c3d4e5f6", "b1"), instance("f6e5d4c3b2a1", "b2")
THIRD = instance("0123456789ab", "b3")
OLD_ONE = f"stateful/{OLD.short}/b1"
NEW_ONE = f"stateful/{NEW.short}/b2"
THIRD_ONE = f"stateful/{THIRD.short}/b3"

BEFORE = (opened(), put("a"), put("b"), visit(), opened("t"), put("c", "t"), visit("t", phase="fault"))
KEPT = (*BEFORE, read("a b", 1, by=NEW_ONE), read("c", 1, "t", by=NEW_ONE))
LOST = (*BEFORE, refused(by=NEW_ONE), refused("t", by=NEW_ONE))
SPLIT = (
    *(*BEFORE, read("a b", 1, by=OLD_ONE), refused(by=NEW_ONE), refused(by=THIRD_ONE)),
    *(read("c", 1, "t", by=OLD_ONE), refused("t", by=NEW_ONE), refused("t", by=THIRD_ONE)),
)


def recreated(history: Sequence[Operation], old: Instance = OLD, new: Instance = NEW) -> str:
    return evidence.cause(Recreate(), judge(history), witness([old], [new], [new]), history)


def scaled(history: Sequence[Operation]) -> str:
    three = [OLD, NEW, THIRD]
    return evidence.cause(ScaleOut(), judge(history), witness([OLD], three, three), history)


@pytest.mark.parametrize(
    "said", ["container a1b2c3d4e5f6", "deleted", "f6e5d4c3b2a1 began with an empty one"]
)
def test_cause_of_a_loss_names_the_container_that_was_deleted_and_the_new_one(said: str) -> None:
    assert said in recreated(LOST)


def test_cause_of_a_loss_counts_sessions_and_acknowledged_writes() -> None:
    assert recreated(LOST).startswith("2 sessions (5 acknowledged writes) were in the writable layer of ")


def test_cause_of_a_loss_names_the_fault() -> None:
    assert "`recreate`" in recreated(LOST)


def test_cause_of_a_split_names_the_container_that_knows_the_sessions() -> None:
    assert "2 of 2 sessions are known to container a1b2c3d4e5f6 only" in scaled(SPLIT)


def test_cause_of_a_split_names_the_containers_that_do_not() -> None:
    assert "0123456789ab and f6e5d4c3b2a1 answered that there is no such session" in scaled(SPLIT)


def test_cause_of_a_split_counts_the_containers() -> None:
    assert scaled(SPLIT).startswith("each of the 3 containers has a writable layer of its own")


def test_cause_is_empty_when_all_was_kept() -> None:
    assert recreated(KEPT) == ""


def test_cause_is_empty_when_nothing_is_known() -> None:
    assert recreated(BEFORE) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(OLD, instance("a1b2c3d4e5f6", "b2"), id="the same container"),
        pytest.param(instance("a1b2c3d4e5f6", kind="volume"), NEW, id="the state was on a volume"),
        pytest.param(instance("a1b2c3d4e5f6", None), NEW, id="where the state was is not known"),
    ],
)
def test_cause_says_that_the_evidence_does_not_explain_it(old: Instance, new: Instance) -> None:
    assert recreated(LOST, old, new).startswith("the evidence does not explain it: ")


def test_cause_gives_the_identities_when_it_explains_nothing() -> None:
    said = recreated(LOST, instance("a1b2c3d4e5f6", kind="volume"))
    assert said.endswith("state in volume, container a1b2c3d4e5f6 before and f6e5d4c3b2a1 after.")


def test_identities_tell_containers_processes_and_mounts_apart() -> None:
    (told,) = evidence.identities([OLD])
    names = ("container", "image", "started_at", "status", "exit_code", "boot", "mounts")
    assert [told[name] for name in names] == [OLD.id, "sha256:1", "at b1", "running", 0, "b1", []]


def test_identities_say_where_the_state_is() -> None:
    (told,) = evidence.identities([OLD])
    assert (told["state"]["kind"], told["state"]["path"]) == ("writable-layer", "/state/sessions.db")


def test_identities_say_how_a_killed_container_ended() -> None:
    (told,) = evidence.identities([killed("a1b2c3d4e5f6")])
    assert (told["status"], told["exit_code"], told["boot"]) == ("exited", 137, None)


def test_cause_of_a_loss_without_a_fault_is_not_explained() -> None:
    """A kill keeps container and layer: what is lost all the same has another cause."""
    after = instance("a1b2c3d4e5f6", "b2")
    seen = witness([OLD], [killed("a1b2c3d4e5f6")], [after])
    assert "does not explain" in evidence.cause(Kill(), judge(LOST), seen, LOST)
