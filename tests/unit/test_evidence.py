"""The cause of a loss, in one sentence, from identities and from who answered; and what is orphaned."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from chaos import evidence
from chaos.faults.fault import Witness
from chaos.instance import Instance
from chaos.verdict import Judgement, judge
from loadtests.history import PENDING, Operation
from tests.unit.histories import closed, opened, put, read, refused, replayed, visit
from tests.unit.witnesses import behind, instance, killed, redis, witness

OLD, NEW = instance("a1b2c3d4e5f6", "b1"), instance("f6e5d4c3b2a1", "b2")
THIRD = instance("0123456789ab", "b3")
OLD_ONE = f"stateful/{OLD.short}/b1"
NEW_ONE = f"stateful/{NEW.short}/b2"
THIRD_ONE = f"stateful/{THIRD.short}/b3"
FIRST, SECOND = "9dd4bfcfab87".ljust(64, "1"), "33f4bd91c18e".ljust(64, "2")
"""Anonymous volumes."""

BEFORE = (opened(), put("a"), put("b"), visit(), opened("t"), put("c", "t"), visit("t", phase="fault"))
KEPT = (*BEFORE, read("a b", 1, by=NEW_ONE), read("c", 1, "t", by=NEW_ONE))
LOST = (*BEFORE, refused(by=NEW_ONE), refused("t", by=NEW_ONE))
PARTLY = (*BEFORE, read("a b", 1, by=NEW_ONE), refused("t", by=NEW_ONE))
SEALED = (
    *(*BEFORE, refused(by=NEW_ONE, problem="credential-invalid")),
    refused("t", by=NEW_ONE, problem="credential-invalid"),
)
SPLIT = (
    *(*BEFORE, read("a b", 1, by=OLD_ONE), refused(by=NEW_ONE), refused(by=THIRD_ONE)),
    *(read("c", 1, "t", by=OLD_ONE), refused("t", by=NEW_ONE), refused("t", by=THIRD_ONE)),
)


def caused(seen: Witness, history: Sequence[Operation] = LOST, fault: str = "recreate") -> str:
    return evidence.cause(fault, judge(history), replace(seen, history=history))


def replaced(kind: str = "writable-layer", *volumes: Sequence[str], anew: bool = False) -> Witness:
    """A container, then another one, with these volumes before and after, or `anew` of that name."""
    before, after = volumes or ((), ())
    old = instance("a1b2c3d4e5f6", "b1", kind=kind, volumes=before, made="first")
    new = instance("f6e5d4c3b2a1", "b2", kind=kind, volumes=after, made="second" if anew else "first")
    return witness([old], [new], [new])


def restarted(kind: str = "writable-layer", boot: str = "b2") -> Witness:
    """A container, then the same one with this process."""
    old, new = instance("a1b2c3d4e5f6", "b1", kind=kind), instance("a1b2c3d4e5f6", boot, kind=kind)
    return witness([old], [new], [new])


def scaled(history: Sequence[Operation] = SPLIT, kind: str = "writable-layer") -> str:
    """Why, from one container to three."""
    one, *more = (instance(i.short, i.boot, kind=kind) for i in (OLD, NEW, THIRD))
    return caused(witness([one], [one, *more], [one, *more]), history, "scale-out")


def stale(seen: Witness, volumes: set[str], history: Sequence[Operation] = LOST) -> Judgement:
    """The judgement, with these volumes still on the engine."""
    return evidence.orphaned(judge(history), seen, volumes)


@pytest.mark.parametrize("history", [KEPT, BEFORE], ids=["kept", "unknown"])
@pytest.mark.parametrize("kind", ["writable-layer", "process-memory", "redis", "client"])
def test_cause_is_empty_when_nothing_is_known_to_be_lost(kind: str, history: Sequence[Operation]) -> None:
    assert caused(replaced(kind), history) == ""


@pytest.mark.parametrize("kind", ["writable-layer", "process-memory", "tmpfs", "volume", "redis"])
def test_cause_of_a_loss_counts_sessions_and_acknowledged_writes(kind: str) -> None:
    assert caused(replaced(kind)).startswith("2 sessions (5 acknowledged writes) ")


def test_cause_of_a_loss_counts_the_lost_sessions_only_when_others_were_kept() -> None:
    assert caused(replaced(), PARTLY).startswith("1 session (2 acknowledged writes) ")


@pytest.mark.parametrize("kind", ["writable-layer", "process-memory", "tmpfs", "redis"])
def test_cause_of_a_loss_names_the_container_that_had_it_and_the_new_one(kind: str) -> None:
    before, _, after = caused(replaced(kind)).partition("container f6e5d4c3b2a1 began ")
    assert ("container a1b2c3d4e5f6" in before, bool(after)) == (True, True)


@pytest.mark.parametrize("kind", ["process-memory", "tmpfs"])
def test_cause_of_a_loss_says_that_the_container_is_the_same_when_it_is(kind: str) -> None:
    assert "the same container began " in caused(restarted(kind), fault="restart")


def test_cause_says_that_the_layer_was_deleted_with_its_container() -> None:
    said = caused(replaced("writable-layer"))
    assert "were in the writable layer of container a1b2c3d4e5f6, which `recreate` deleted" in said


def test_cause_says_that_the_fault_ended_the_process_whose_memory_it_was() -> None:
    said = caused(restarted("process-memory"), fault="kill")
    assert "were in the memory of a process in container a1b2c3d4e5f6; `kill` ended it" in said


def test_cause_says_that_a_tmpfs_ends_with_every_stop() -> None:
    said = caused(restarted("tmpfs"), fault="stop-start")
    assert "were on a tmpfs of container a1b2c3d4e5f6, which ends with every stop" in said


def test_cause_names_the_volume_that_the_new_container_has_not() -> None:
    said = caused(replaced("volume", [FIRST], [SECOND]), fault="remove")
    assert said.endswith(
        "were on volume 9dd4bfcfab87 of container a1b2c3d4e5f6; "
        "container f6e5d4c3b2a1 has another one since `remove`."
    )


def test_cause_says_that_the_redis_ended_before_it_wrote_to_its_disk() -> None:
    """Not the service that asked it: that one went on."""
    old, new = redis("a1b2c3d4e5f6", "r1", aof="0"), redis("a1b2c3d4e5f6", "r2", aof="0")
    assert caused(behind([old], [new]), fault="redis-kill").endswith(
        "were in the memory of the Redis in container a1b2c3d4e5f6, which ended before they were on its "
        "disk; the same container began without them."
    )


def test_cause_names_the_volume_of_the_redis_behind_the_service() -> None:
    old, new = redis("a1b2c3d4e5f6", "r1", volumes=[FIRST]), redis("f6e5d4c3b2a1", "r2", volumes=[SECOND])
    said = caused(behind([old], [new]), fault="down-up")
    assert "were on volume 9dd4bfcfab87 of container a1b2c3d4e5f6; container f6e5d4c3b2a1 has" in said


def test_cause_does_not_say_that_a_redis_had_it_in_memory_only_when_it_has_an_append_only_file() -> None:
    """As when its named volume is taken, and made again under the same name."""
    old, new = redis("a1b2c3d4e5f6", "r1"), redis("f6e5d4c3b2a1", "r2")
    assert "before they were on its disk" not in caused(behind([old], [new]), fault="redis-volume-lost")


def test_cause_looks_at_a_memory_first_when_the_volume_seems_to_be_another_one() -> None:
    """The engine's `CreatedAt` of an empty volume moves on whenever a container mounts it."""
    old = redis("a1b2c3d4e5f6", "r1", aof="0", made="first")
    new = redis("f6e5d4c3b2a1", "r2", aof="0", made="second")
    said = caused(behind([old], [new]), fault="redis-recreate")
    assert "were in the memory of the Redis in container a1b2c3d4e5f6" in said


def test_cause_names_a_volume_that_was_removed_and_made_again() -> None:
    said = caused(replaced("volume", ["state"], ["state"], anew=True), fault="down-volumes-up")
    assert "were on volume state of container a1b2c3d4e5f6, which `down-volumes-up` removed" in said
    assert "a new one of that name began empty with container f6e5d4c3b2a1" in said


def test_cause_says_that_the_key_is_gone_when_every_token_is_refused() -> None:
    said = caused(replaced("client"), SEALED, "down-volumes-up")
    assert said == (
        "2 sessions (5 acknowledged writes) were sealed with a key that is no longer in the key ring: "
        "their tokens are refused."
    )


def test_cause_does_not_blame_the_keys_when_a_token_is_refused_for_another_reason() -> None:
    mixed = (*BEFORE, refused(by=NEW_ONE), refused("t", by=NEW_ONE, problem="credential-invalid"))
    assert "key ring" not in caused(replaced("client"), mixed)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(restarted("writable-layer"), id="the same container has the same layer"),
        pytest.param(restarted("process-memory", "b1"), id="the same process has the same memory"),
        pytest.param(restarted("tmpfs", "b1"), id="nothing stopped that had a tmpfs"),
        pytest.param(replaced("volume", ["state"], ["state"]), id="the volume is the same"),
        pytest.param(replaced("bind"), id="the host's directory is the same"),
        pytest.param(replaced("client"), id="the client has it"),
        pytest.param(
            behind([redis("a1b2c3d4e5f6", "r1")], [redis("a1b2c3d4e5f6", "r1")]), id="the Redis went on"
        ),
        pytest.param(
            witness([instance("a1b2c3d4e5f6", None)], [NEW], [NEW]), id="where the state was is not known"
        ),
        pytest.param(witness([OLD, instance("c", kind="tmpfs")], [NEW], [NEW]), id="two kinds of places"),
    ],
)
def test_cause_says_so_when_the_evidence_explains_nothing(seen: Witness) -> None:
    assert " lost, and the evidence does not explain it: state in " in caused(seen)


def test_cause_gives_the_identities_when_it_explains_nothing() -> None:
    said = caused(replaced("bind"))
    assert said.endswith("state in bind, container a1b2c3d4e5f6 before and f6e5d4c3b2a1 after.")


def test_cause_of_a_loss_by_fewer_replicas_names_those_that_went() -> None:
    three = [OLD, NEW, THIRD]
    said = caused(witness(three, [OLD], [OLD]), PARTLY, "scale-in")
    assert ("0123456789ab and f6e5d4c3b2a1" in said, "a1b2c3d4e5f6" in said) == (True, False)


@pytest.mark.parametrize("kind", ["process-memory", "tmpfs"])
def test_cause_of_a_loss_by_fewer_replicas_does_not_say_that_the_one_that_stayed_began_anew(
    kind: str,
) -> None:
    three = [instance(i.short, i.boot, kind=kind) for i in (OLD, NEW, THIRD)]
    assert "began" not in caused(witness(three, three[:1], three[:1]), PARTLY, "scale-in")


def test_cause_of_a_split_names_the_container_that_knows_the_sessions() -> None:
    assert "2 of 2 sessions are known to container a1b2c3d4e5f6 only" in scaled()


def test_cause_of_a_split_names_the_containers_that_do_not() -> None:
    assert "0123456789ab and f6e5d4c3b2a1 answered that there is no such session" in scaled()


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("writable-layer", "writable layer"),
        ("process-memory", "process memory"),
        ("volume", "volume"),
        ("tmpfs", "tmpfs"),
    ],
)
def test_cause_of_a_split_says_what_each_of_the_containers_has_for_itself(kind: str, place: str) -> None:
    assert scaled(kind=kind).startswith(f"each of the 3 containers has a {place} of its own: ")


def test_cause_of_a_split_of_tokens_is_that_each_device_has_a_copy() -> None:
    history = (opened(), put("a"), visit(phase="fault"), read("a", 0), read("", 1))
    told = caused(replaced("client"), history, "offline")
    assert told.startswith("each device holds a copy of its own since it joined: of 1 of 1 sessions")


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1 more write, not acknowledged, is"), (2, "2 more writes, not acknowledged, are")],
)
def test_cause_of_a_loss_says_what_is_safe_on_devices(number: int, said: str) -> None:
    pending = [replace(visit(outcome="info", phase="fault"), problem=PENDING)] * number
    assert caused(replaced(), (*BEFORE, *pending, *LOST[len(BEFORE) :])).endswith(f" {said} safe on devices.")
    assert "devices" not in caused(replaced())


def test_cause_of_a_split_leaves_out_who_answered_sessions_that_were_opened_afterwards() -> None:
    later = (opened("u", "fault"), read("", 0, "u", by=NEW_ONE))
    assert "known to container a1b2c3d4e5f6 only" in scaled((*SPLIT, *later))


def test_cause_of_two_tabs_is_that_the_last_cookie_wins() -> None:
    seen = restarted("client", "b1")
    said = caused(seen, (*BEFORE, read("a b", 0), read("c", 0, "t")), "concurrent-writes")
    assert said.startswith("2 acknowledged writes were in tokens that no client holds any more: of two ")


def test_cause_of_a_replay_counts_who_came_back_and_what_that_took() -> None:
    history = (
        *(*BEFORE, closed("t"), replayed("a b", 0), replayed("c", 0, "t")),
        *(read("a b", 0), read("c", 0, "t")),
    )
    said = caused(restarted("client", "b1"), history, "replay-token")
    assert said.startswith(
        "2 clients came back with an older token, and it opened: "
        "1 ended session live again, 1 acknowledged write was taken back."
    )


def test_cause_counts_the_keys_that_a_full_redis_forgot() -> None:
    one = redis("a1b2c3d4e5f6", "r1")
    seen = replace(behind([one], [one]), findings={"evicted keys": 79})
    assert "ran full: by its policy it forgot 79 keys" in caused(seen, fault="redis-evict")


def test_cause_counts_the_bytes_that_an_append_only_file_lost() -> None:
    old, new = redis("a1b2c3d4e5f6", "r1"), redis("a1b2c3d4e5f6", "r2")
    seen = replace(behind([old], [new]), findings={"bytes before": 9000, "bytes after": 4904})
    said = caused(seen, PARTLY, "redis-torn-aof")
    assert said.startswith("2 acknowledged writes were in the last 4096 of 9000 bytes of the append-only")


def test_cause_is_what_was_not_synced_when_the_power_went() -> None:
    old = redis("a1b2c3d4e5f6", "r1", volumes=["p_disk-redis"])
    new = redis("f6e5d4c3b2a1", "r2", volumes=["p_disk-redis.cut"])
    assert caused(behind([old], [new]), PARTLY, "power-loss") == (
        "2 acknowledged writes were in the page cache for container a1b2c3d4e5f6 when the power went, and "
        "not synced: those of the last 0 ms."
    )


def test_loss_is_not_orphaned_when_the_disk_is_what_its_power_left_of_it() -> None:
    old = redis("a1b2c3d4e5f6", "r1", volumes=["p_disk-redis"], aof="0")
    new = redis("f6e5d4c3b2a1", "r2", volumes=["p_disk-redis.cut"], aof="0")
    assert stale(behind([old], [new]), {"p_disk-redis", "p_disk-redis.cut"}).observed == "lost"


def test_cause_says_that_redis_reads_its_new_append_only_file_alone() -> None:
    old, new = redis("a1b2c3d4e5f6", "r1", aof="0"), redis("f6e5d4c3b2a1", "r2")
    said = caused(behind([old], [new]), fault="redis-aof-switch")
    assert said.endswith(
        "container f6e5d4c3b2a1 has an append-only file, which was empty, and read that one alone."
    )


def test_cause_is_the_store_when_its_process_was_there_all_along_and_only_writes_are_missing() -> None:
    said = caused(restarted("process-memory", "b1"), (*BEFORE, read("a", 1), read("c", 1, "t")), "none")
    assert said == (
        "1 acknowledged write was never made: the process in container a1b2c3d4e5f6 was there all along, "
        "and its store said yes to what it did not keep."
    )


def test_proof_holds_identities_at_each_moment_and_what_the_fault_measured() -> None:
    proof = evidence.proof(replace(replaced(), findings={"evicted keys": 7}))
    assert [proof[moment][0]["container"] for moment in ("before", "during", "after")] == [
        OLD.id,
        NEW.id,
        NEW.id,
    ]
    assert proof["findings"] == [{"evicted keys": 7}]


def test_proof_leaves_out_what_there_was_not() -> None:
    assert set(evidence.proof(replaced())) == {"before", "during", "after"}


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(replaced("volume", [FIRST], [SECOND]), id="of the service"),
        pytest.param(
            behind([redis("a", "r1", volumes=[FIRST])], [redis("b", "r2", volumes=[SECOND])]),
            id="of the Redis behind it",
        ),
        pytest.param(replaced("volume", [FIRST, "keys"], [SECOND, "keys"]), id="one of two"),
    ],
)
def test_loss_is_orphaned_when_the_volume_is_still_there_and_not_mounted(seen: Witness) -> None:
    assert stale(seen, {FIRST, SECOND, "keys"}).observed == "orphaned"


@pytest.mark.parametrize(
    ("seen", "volumes"),
    [
        pytest.param(replaced("volume", [FIRST], [SECOND]), {SECOND, "keys"}, id="the volume is gone"),
        pytest.param(replaced("volume", [FIRST], [FIRST]), {FIRST}, id="the volume is still mounted"),
        pytest.param(replaced(), {FIRST, SECOND}, id="there was no volume"),
        pytest.param(replaced("volume", [FIRST], [SECOND]), set(), id="no volume at all"),
    ],
)
def test_loss_stays_a_loss_when_no_volume_holds_it_any_more(seen: Witness, volumes: set[str]) -> None:
    assert stale(seen, volumes).observed == "lost"


def test_volume_of_the_service_is_not_the_state_when_a_redis_holds_it() -> None:
    front = instance("5e5510000000", kind="redis", volumes=[FIRST])
    anew = instance("5e5510000001", "b2", kind="redis")
    stored = (redis("a", "r1"),), (redis("a", "r2"),)
    seen = Witness((front,), (anew,), (anew,), *stored)
    assert stale(seen, {FIRST, "data"}).observed == "lost"


@pytest.mark.parametrize(("history", "observed"), [(KEPT, "kept"), (PARTLY, "partly"), (BEFORE, "unknown")])
def test_only_a_loss_is_orphaned(history: Sequence[Operation], observed: str) -> None:
    assert stale(replaced("volume", [FIRST], [SECOND]), {FIRST}, history).observed == observed


def test_orphaned_loss_keeps_its_numbers() -> None:
    found = stale(replaced("volume", [FIRST], [SECOND]), {FIRST})
    assert (found.lost, found.acknowledged, found.dropped_sessions) == (5, 5, 2)


def test_orphaned_loss_has_a_cause() -> None:
    seen = replaced("volume", [FIRST], [SECOND])
    assert "volume 9dd4bfcfab87" in evidence.cause("remove", stale(seen, {FIRST}), seen)


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


def test_identities_are_one_for_each_container() -> None:
    assert [told["container"] for told in evidence.identities([OLD, NEW])] == [OLD.id, NEW.id]


def test_identities_name_the_mounts() -> None:
    mounted: Instance = instance("a", volumes=[FIRST])
    assert evidence.identities([mounted])[0]["mounts"] == list(mounted.mounts)
