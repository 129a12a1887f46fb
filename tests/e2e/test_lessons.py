"""The lessons on real containers: each holds, and fails when its premise is broken."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from chaos.engine import ROOT, Engine
from chaos.lessons import LESSONS
from chaos.lessons.builders import CHANGE, DECLARE, ChangeAfterVolume, Kept
from chaos.lessons.course import take
from chaos.lessons.distributed import DistributedMount, Shared
from chaos.lessons.layers import CopyOnWrite, CopyUp, Ends, OwnLayer, Precedence, Stacked, StopKeeps, Twins
from chaos.lessons.mounts import (
    BindTwoWays,
    BothWays,
    Contents,
    HidesOrFills,
    Pinned,
    ReadOnly,
    Refused,
    SingleFile,
)
from chaos.lessons.sandbox import LABEL, Sandbox
from chaos.lessons.sharing import Counted, SharedVolume
from chaos.lessons.volumes import ImageUpdate, Successor, Updated, VolumeCarries, VolumeInstruction, Volumes
from tests.e2e.poll import until

ENGINE = Engine()
KINDS = {
    "containers": ("ps", "--all", "--format", "{{.Names}}"),
    "volumes": ("volume", "ls", "--format", "{{.Name}}"),
    "networks": ("network", "ls", "--format", "{{.Name}}"),
    "images": ("image", "ls", "--format", "{{.Repository}}"),
}


@contextmanager
def volume() -> Iterator[str]:
    """A volume beside those of a sandbox."""
    name = f"sessionlab-lesson-beside-{os.getpid()}"
    ENGINE.docker("volume", "create", "--label", LABEL, name)
    try:
        yield name
    finally:
        ENGINE.docker("volume", "rm", name)


def left(prefix: str) -> dict[str, list[str]]:
    """All that is there whose name begins so."""
    listed = {kind: ENGINE.docker(*command).split() for kind, command in KINDS.items()}
    folders = ROOT.glob(f".state/lessons/{prefix}*")
    seen = {**listed, "folders": [folder.name for folder in folders]}
    return {
        kind: found for kind, names in seen.items() if (found := [n for n in names if n.startswith(prefix)])
    }


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "chaos", "lessons", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def base() -> str:
    return ENGINE.base_image


@pytest.fixture(scope="module")
def taught() -> dict[str, Any]:
    """All lessons, as a person or a script has them checked."""
    process = start("--json")
    printed, errors = process.communicate(timeout=600)
    assert printed, errors
    return {"exit code": process.returncode, **{one["name"]: one for one in json.loads(printed)["lessons"]}}


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_holds_on_real_containers(name: str, taught: dict[str, Any]) -> None:
    assert (taught[name]["result"], taught[name]["reason"]) == ("holds", ""), taught[name]["observed"]


def test_lessons_exit_with_0_when_all_hold(taught: dict[str, Any]) -> None:
    assert taught["exit code"] == 0


BROKEN: list[Any] = [
    pytest.param(
        StopKeeps(options=("--tmpfs", "/lesson")), Ends(stopped=None, removed=None), id="files in memory"
    ),
    pytest.param(
        VolumeCarries(same=False), Successor("handed on", read=None, first_is_gone=True), id="two volumes"
    ),
    pytest.param(BindTwoWays(bound=False), BothWays(inside=None, on_host=None), id="a volume instead"),
    pytest.param(
        Precedence(layers=tuple(reversed(Precedence.layers))),
        Stacked(below=("upper", None), on_top=("lower", "lower")),
        id="layers the other way round",
    ),
    pytest.param(
        ChangeAfterVolume(lines=(*CHANGE, DECLARE)),
        Kept(classic=("by-copy", "by-run"), buildkit=("by-copy", "by-run")),
        id="VOLUME after the change",
    ),
    pytest.param(
        ImageUpdate(same=False),
        Updated(state=None, seed_on_volume="new", seed_in_image="new"),
        id="a new volume for the new image",
    ),
    pytest.param(
        ReadOnly(mode="rw"),
        Refused(read="from the host", attempt="done", on_host="from the container"),
        id="a writable mount",
    ),
    pytest.param(
        HidesOrFills(options=",volume-nocopy"),
        Contents(image=("seed",), bound=("of-the-host",), volume=()),
        id="a volume that is not filled",
    ),
    pytest.param(
        SingleFile(single=False),
        Pinned(edited="edited", rename_inside="done", replaced="replaced", on_host="replaced"),
        id="the directory mounted",
    ),
]
"""A lesson with its premise broken, and what is seen then."""


@pytest.mark.parametrize(("lesson", "seen"), BROKEN)
def test_lesson_fails_when_its_premise_is_broken(lesson: Any, seen: Any, base: str) -> None:
    outcome = take(lesson, ENGINE, base)
    assert (outcome.result, outcome.observation) == ("fails", seen)


def test_own_layer_fails_when_both_containers_share_a_volume(base: str) -> None:
    with volume() as shared:
        outcome = take(OwnLayer(options=("--volume", f"{shared}:/lesson")), ENGINE, base)
    assert (outcome.result, outcome.observation) == ("fails", Twins(writer="mine", other="mine"))


def test_rm_destroys_fails_when_the_file_is_on_a_volume(base: str) -> None:
    with volume() as shared:
        outcome = take(StopKeeps(options=("--volume", f"{shared}:/lesson")), ENGINE, base)
    assert (outcome.result, outcome.observation) == ("fails", Ends(stopped="mine", removed="mine"))


def test_copy_on_write_fails_when_the_file_is_on_a_shared_volume(base: str) -> None:
    with volume() as shared:
        outcome = take(CopyOnWrite(options=("--volume", f"{shared}:/lesson"), size=100_000), ENGINE, base)
    seen = outcome.observation
    assert (outcome.result, isinstance(seen, CopyUp) and seen.grown) == ("fails", 0)
    assert isinstance(seen, CopyUp)
    assert seen.sibling == seen.newcomer == seen.changed != seen.original


def test_volume_instruction_fails_when_a_named_volume_is_mounted_there(base: str) -> None:
    with volume() as shared:
        outcome = take(VolumeInstruction(options=("--volume", f"{shared}:/lesson")), ENGINE, base)
    assert outcome.result == "fails"
    assert outcome.observation == Volumes((shared,), (shared,), read_by_first="mine", read_by_second="mine")


def test_shared_volume_fails_when_the_containers_come_one_after_the_other(base: str) -> None:
    outcome = take(SharedVolume(at_once=False, seconds=0.1), ENGINE, base)
    seen = outcome.observation
    assert isinstance(seen, Counted)
    assert (outcome.result, seen.counted_without_lock) == ("fails", seen.made_without_lock)


def test_shared_volume_fails_when_each_container_locks_a_file_of_its_own(base: str) -> None:
    outcome = take(SharedVolume(lock="/tmp/lock"), ENGINE, base)  # noqa: S108 - in the container
    seen = outcome.observation
    assert isinstance(seen, Counted)
    assert (outcome.result, seen.counted_with_lock < seen.made_with_lock) == ("fails", True)


def test_distributed_mount_fails_when_both_containers_have_a_local_volume(base: str) -> None:
    outcome = take(DistributedMount(local=True, seconds=0.5), ENGINE, base)
    seen = outcome.observation
    assert isinstance(seen, Shared)
    assert (outcome.result, seen.lock_beside, seen.lock_elsewhere) == ("fails", "refused", "refused")
    assert seen.counted == seen.committed > 0


def test_distributed_mount_is_not_observed_where_a_container_has_no_fuse_device(base: str) -> None:
    outcome = take(DistributedMount(device="/dev/nowhere"), ENGINE, base)
    assert (outcome.result, outcome.observation) == ("unobserved", None)
    assert outcome.reason.startswith(
        "no container could mount by sshfs, which takes /dev/nowhere and SYS_ADMIN"
    )


def test_distributed_mount_is_not_observed_where_its_image_cannot_be_built() -> None:
    outcome = take(DistributedMount(), ENGINE, "localhost:1/sessionlab/nowhere")
    assert (outcome.result, outcome.observation) == ("unobserved", None)
    assert outcome.reason.startswith("no image with sshfs could be built: ")


def test_sandbox_removes_what_a_killed_lab_left_and_nothing_of_one_that_lives(base: str) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    dead, alive = (f"sessionlab-lesson-{pid}-abcdef" for pid in (ended.pid, os.getpid()))
    for prefix in (dead, alive):
        ENGINE.docker("volume", "create", "--label", LABEL, f"{prefix}-volume-1")
        labelled = ("--label", LABEL, "--volume", f"{prefix}-volume-1:/state")
        ENGINE.docker("create", "--name", f"{prefix}-container-2", *labelled, base, "true")
    try:
        with Sandbox(ENGINE, base):
            assert not any(left(dead).values())
            assert [len(left(alive)[kind]) for kind in ("containers", "volumes")] == [1, 1]
    finally:
        ENGINE.docker("rm", f"{alive}-container-2")
        ENGINE.docker("volume", "rm", f"{alive}-volume-1")


def test_sandbox_leaves_nothing_behind_when_a_lesson_breaks_off(base: str) -> None:
    sandbox = Sandbox(ENGINE, base)
    with suppress(RuntimeError), sandbox:
        image = sandbox.image("true", "VOLUME /lesson")
        network, (anonymous,) = sandbox.network(), sandbox.mounted(sandbox.container(image=image))
        sandbox.container("--volume", f"{sandbox.folder()}:/lesson", network=network)
        sandbox.container("--volume", f"{sandbox.volume()}:/lesson")
        assert set(left(sandbox.prefix)) == {*KINDS, "folders"}
        raise RuntimeError
    assert (left(sandbox.prefix), anonymous in ENGINE.volumes()) == ({}, False)


def test_lessons_leave_nothing_behind_when_interrupted() -> None:
    process = start("stop-keeps-rm-destroys")
    prefix = f"sessionlab-lesson-{process.pid}-"
    until(lambda: left(prefix), 30, "the lesson has begun")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=180)
    assert (process.returncode, left(prefix)) == (130, {})


def test_lessons_exit_with_3_when_the_engine_fails() -> None:
    """An image that is nowhere to be had."""
    process = subprocess.run(
        [sys.executable, "-m", "chaos", "lessons", "own-layer"],
        cwd=ROOT,
        env={**os.environ, "PYTHON_IMAGE": "localhost:1/sessionlab/nowhere"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (process.returncode, process.stderr[:7]) == (3, "chaos: ")
