"""What each lesson makes of literal observations, and what becomes of their outcomes."""

import json
from dataclasses import replace
from typing import Any

import pytest

from chaos.lessons import LESSONS
from chaos.lessons.builders import Kept, by_classic
from chaos.lessons.command import as_document, summary, told
from chaos.lessons.distributed import DistributedMount, Shared
from chaos.lessons.layers import CopyUp, Ends, Stacked, Twins
from chaos.lessons.lesson import Outcome, exit_code
from chaos.lessons.mounts import BothWays, Contents, Pinned, Refused
from chaos.lessons.sharing import Counted
from chaos.lessons.volumes import Successor, Updated, Volumes

COPIED = CopyUp(file_size=1000, grown=1024, original="aa", changed="bb", sibling="aa", newcomer="aa")
STACKED = Stacked(below=("lower", "lower"), on_top=("upper", None))
OWN = Volumes(first=("v1",), second=("v2",), read_by_first="mine", read_by_second=None)
KEPT = Kept(classic=("by-copy",), buildkit=("by-copy", "by-run"))
UPDATED = Updated(state="state", seed_on_volume="old", seed_in_image="new")
COUNTED = Counted(made_without_lock=200, counted_without_lock=120, made_with_lock=200, counted_with_lock=200)
REFUSED = Refused(read="from the host", attempt="EROFS", on_host="from the host")
CONTENTS = Contents(image=("seed",), bound=("of-the-host",), volume=("seed",))
PINNED = Pinned(edited="edited", rename_inside="EBUSY", replaced="edited", on_host="replaced")

SHARED = Shared(
    file="shared",
    configuration="configured",
    written="EROFS",
    lock_beside="refused",
    lock_elsewhere="granted",
    committed=100,
    counted=70,
)

HOLDING = {
    "own-layer": Twins(writer="mine", other=None),
    "stop-keeps-rm-destroys": Ends(stopped="mine", removed=None),
    "volume-carries-state": Successor(wrote="handed on", read="handed on", first_is_gone=True),
    "bind-is-two-way": BothWays(inside="from the host", on_host="from the container"),
    "copy-on-write": COPIED,
    "upper-layer-wins": STACKED,
    "volume-instruction": OWN,
    "change-after-volume": KEPT,
    "volume-hides-new-seed": UPDATED,
    "shared-volume-needs-a-lock": COUNTED,
    "read-only-refuses": REFUSED,
    "mount-hides-volume-fills": CONTENTS,
    "single-file-pins-inode": PINNED,
    "distributed-mount-lacks-locks": SHARED,
}
FAILING = [
    ("own-layer", "the other sees it", Twins(writer="mine", other="mine")),
    ("own-layer", "the writer does not see it", Twins(writer=None, other=None)),
    ("stop-keeps-rm-destroys", "lost at the stop", Ends(stopped=None, removed=None)),
    ("stop-keeps-rm-destroys", "outlived the removal", Ends(stopped="mine", removed="mine")),
    ("volume-carries-state", "not found", Successor(wrote="handed on", read=None, first_is_gone=True)),
    ("volume-carries-state", "something else", Successor(wrote="handed on", read="x", first_is_gone=True)),
    (
        "volume-carries-state",
        "the first container is there",
        Successor(wrote="handed on", read="handed on", first_is_gone=False),
    ),
    ("bind-is-two-way", "host unseen", BothWays(inside=None, on_host="from the container")),
    ("bind-is-two-way", "container unseen", BothWays(inside="from the host", on_host=None)),
    ("copy-on-write", "less than the file copied", replace(COPIED, grown=999)),
    ("copy-on-write", "nothing changed", replace(COPIED, changed="aa")),
    ("copy-on-write", "the sibling changed too", replace(COPIED, sibling="bb")),
    ("copy-on-write", "the image changed too", replace(COPIED, newcomer="bb")),
    ("copy-on-write", "an empty file", replace(COPIED, file_size=0, grown=0)),
    ("upper-layer-wins", "the lower file won", replace(STACKED, on_top=("lower", None))),
    ("upper-layer-wins", "the deleted file is seen", replace(STACKED, on_top=("upper", "lower"))),
    ("upper-layer-wins", "nothing was deleted", replace(STACKED, below=("lower", None))),
    ("upper-layer-wins", "the lower layer was changed", replace(STACKED, below=("upper", "lower"))),
    ("volume-instruction", "one volume for both", replace(OWN, second=("v1",))),
    ("volume-instruction", "no volume", replace(OWN, first=(), second=())),
    ("volume-instruction", "the second reads it", replace(OWN, read_by_second="mine")),
    ("volume-instruction", "the first does not read it", replace(OWN, read_by_first=None)),
    ("change-after-volume", "classic keeps it", replace(KEPT, classic=("by-copy", "by-run"))),
    ("change-after-volume", "BuildKit drops it", replace(KEPT, buildkit=("by-copy",))),
    ("change-after-volume", "COPY is dropped too", replace(KEPT, classic=())),
    ("volume-hides-new-seed", "state lost", replace(UPDATED, state=None)),
    ("volume-hides-new-seed", "new seed on the volume", replace(UPDATED, seed_on_volume="new")),
    ("volume-hides-new-seed", "volume not filled", replace(UPDATED, seed_on_volume=None)),
    ("volume-hides-new-seed", "the image is the old one", replace(UPDATED, seed_in_image="old")),
    ("shared-volume-needs-a-lock", "nothing lost", replace(COUNTED, counted_without_lock=200)),
    ("shared-volume-needs-a-lock", "lost in spite of it", replace(COUNTED, counted_with_lock=199)),
    ("shared-volume-needs-a-lock", "one too many", replace(COUNTED, counted_with_lock=201)),
    (
        "shared-volume-needs-a-lock",
        "nothing counted",
        Counted(made_without_lock=0, counted_without_lock=0, made_with_lock=0, counted_with_lock=0),
    ),
    ("read-only-refuses", "written", Refused(read="from the host", attempt="done", on_host="x")),
    ("read-only-refuses", "refused for another reason", replace(REFUSED, attempt="EACCES")),
    ("read-only-refuses", "refused, and written", replace(REFUSED, on_host="from the container")),
    ("read-only-refuses", "not readable", replace(REFUSED, read=None)),
    ("mount-hides-volume-fills", "volume not filled", replace(CONTENTS, volume=())),
    ("mount-hides-volume-fills", "bind mount hides not", replace(CONTENTS, bound=("of-the-host", "seed"))),
    ("mount-hides-volume-fills", "no seed", replace(CONTENTS, image=(), volume=())),
    ("single-file-pins-inode", "replacement seen", replace(PINNED, replaced="replaced")),
    ("single-file-pins-inode", "rename possible inside", replace(PINNED, rename_inside="done")),
    ("single-file-pins-inode", "edit not seen", replace(PINNED, edited="first")),
    ("single-file-pins-inode", "not replaced on the host", replace(PINNED, on_host="edited")),
    ("distributed-mount-lacks-locks", "file not shared", replace(SHARED, file=None)),
    ("distributed-mount-lacks-locks", "no configuration", replace(SHARED, configuration=None)),
    ("distributed-mount-lacks-locks", "configuration written", replace(SHARED, written="done")),
    ("distributed-mount-lacks-locks", "lock respected", replace(SHARED, lock_elsewhere="refused")),
    ("distributed-mount-lacks-locks", "no lock at all", replace(SHARED, lock_beside="granted")),
    ("distributed-mount-lacks-locks", "nothing lost", replace(SHARED, counted=100)),
    ("distributed-mount-lacks-locks", "nothing counted", replace(SHARED, committed=0, counted=0)),
]
"""Lesson, the way in which it fails, and what was seen then."""


def outcome(result: Any, **told: Any) -> Outcome:
    return Outcome(*("own-layer", "each has its own", "two containers", result), **{"seconds": 1.25, **told})


HOLDS = outcome("holds", observation=Twins(writer="mine", other=None))
FAILS = outcome("fails", observation=Twins(writer="mine", other="mine"))
UNOBSERVED = outcome("unobserved", reason="no /dev/fuse")


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_holds_when_what_it_claims_was_seen(name: str) -> None:
    assert LESSONS[name].holds(HOLDING[name])


@pytest.mark.parametrize(
    ("name", "seen"), [pytest.param(name, seen, id=f"{name}: {way}") for name, way, seen in FAILING]
)
def test_lesson_does_not_hold_when_anything_else_was_seen(name: str, seen: Any) -> None:
    assert not LESSONS[name].holds(seen)


def test_distributed_mount_holds_when_the_database_is_damaged() -> None:
    assert DistributedMount().holds(replace(SHARED, counted=None))


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_has_an_observation_in_which_it_fails(name: str) -> None:
    assert name in {failing for failing, _, _ in FAILING}


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        pytest.param([HOLDS, HOLDS], 0, id="all hold"),
        pytest.param([HOLDS, FAILS], 1, id="one does not"),
        pytest.param([HOLDS, UNOBSERVED], 2, id="one was not observed"),
        pytest.param([UNOBSERVED, FAILS], 1, id="one does not, one was not observed"),
        pytest.param([], 2, id="nothing was looked at"),
    ],
)
def test_exit_code_tells_the_worst_outcome(outcomes: list[Outcome], code: int) -> None:
    assert exit_code(outcomes) == code


def test_lesson_is_told_by_claim_deed_and_observation() -> None:
    assert told(HOLDS).plain.splitlines() == [
        "own-layer  holds  (1.2 s)",
        "  claim     each has its own",
        "  done      two containers",
        "  observed  the one that wrote it reads 'mine', the other one nothing",
    ]


def test_lesson_that_fails_is_told_with_what_was_seen_instead() -> None:
    first, *_, last = told(FAILS).plain.splitlines()
    assert first.startswith("own-layer  DOES NOT HOLD")
    assert last == "  observed  the one that wrote it reads 'mine', the other one 'mine'"


def test_lesson_that_could_not_be_observed_is_told_with_its_reason() -> None:
    first, *_, last = told(UNOBSERVED).plain.splitlines()
    assert first.startswith("own-layer  could not be observed here")
    assert last == "  observed  no /dev/fuse"


def test_summary_counts_each_result() -> None:
    said = summary([HOLDS, HOLDS, FAILS, UNOBSERVED])
    assert said == "2 of 4 hold, 1 do not, 1 could not be observed, in 5 s"


def test_document_carries_facts_and_reasons() -> None:
    document = json.loads(as_document([HOLDS, UNOBSERVED]))
    first, second = document["lessons"]
    assert document["summary"] == {"holds": 1, "fails": 0, "unobserved": 1}
    assert (first["result"], first["facts"]) == ("holds", {"writer": "mine", "other": None})
    assert (second["result"], second["reason"], second["facts"]) == ("unobserved", "no /dev/fuse", {})


@pytest.mark.parametrize(
    ("said", "classic"),
    [
        pytest.param(
            "Sending build context to Docker daemon  3.072kB\nStep 1/4 : FROM base\n ---> 7a78\n",
            True,
            id="classic",
        ),
        pytest.param("#1 [internal] load build definition\n#5 [1/3] FROM base\n", False, id="BuildKit"),
        pytest.param("", False, id="nothing on standard output"),
    ],
)
def test_classic_builder_is_known_by_how_it_counts_its_steps(said: str, classic: bool) -> None:
    assert by_classic(said) is classic
