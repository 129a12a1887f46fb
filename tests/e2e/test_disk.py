"""Disks that lose their power or are full, under real containers."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from chaos.disk.disks import IMAGE, LABEL, Disk, Disks
from chaos.engine import ROOT, ClusterError, Engine
from tests.e2e.conftest import PROJECT, project_name
from tests.e2e.poll import until
from tests.unit.processes import children, gone

USER = "10001:10001"
LAB = """
import sys, time
from chaos.disk.disks import Disks
from chaos.engine import Engine
from chaos.interrupt import interrupt_on_termination
interrupt_on_termination()
disks = Disks(Engine())
with disks.make(["one", "two"], 8) as made:
    disks.cut(made[0])
    print("made", flush=True)
    time.sleep(120)
"""
WRITER = """
import os, time
with open("/state/synced", "wb") as file:
    file.write(b"s" * 100_000)
    file.flush()
    os.fsync(file.fileno())
with open("/state/written", "wb") as file:
    file.write(b"w" * 100_000)
    file.flush()
    print("done", flush=True)
    time.sleep(120)
"""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(environ={"COMPOSE_PROJECT_NAME": project_name()})


@pytest.fixture(scope="module")
def disks(engine: Engine) -> Iterator[Disks]:
    """Of a project of the tests' own, on a machine that can make any."""
    _remove_leftovers()
    found = Disks(engine)
    if reason := found.usable():
        pytest.skip(reason)
    yield found
    found.clear_left()


@pytest.fixture(scope="module")
def shelf(disks: Disks) -> Iterator[Mapping[str, Disk]]:
    """Disks that are not in the way of what is left of others: one for each test that spoils it."""
    names = ("cut", "late", "twice", "again", "full", "room")
    with Disks(shelved(disks.engine)).make(names, 12, USER) as made:
        yield dict(zip(names, made, strict=True))


@pytest.fixture(scope="module")
def inside(disks: Disks) -> Iterator[str]:
    """A container to look at the engine's devices from."""
    name = f"{disks.engine.project}-inside"
    labels = ("--label", "sessionlab=container", "--network", "none", "--init")
    disks.engine.docker("run", "--detach", "--name", name, *labels, "--entrypoint", "sleep", IMAGE, "600")
    yield name
    disks.engine.docker("rm", "--force", name)


def shelved(engine: Engine) -> Engine:
    return Engine(environ={"COMPOSE_PROJECT_NAME": f"{engine.project}x"})


@dataclass(frozen=True)
class Guarded(Engine):
    """Lets no container use a device: what `docker run` was to allow is left out."""

    def docker(
        self, *arguments: str, seconds: float = 60, whole: bool = True, given: str | None = None
    ) -> str:
        allowed = [a for a in arguments if a not in {"--device-cgroup-rule", "b 7:* rmw", "c 10:237 rmw"}]
        return super().docker(*allowed, seconds=seconds, whole=whole, given=given)


@contextmanager
def writer(engine: Engine, disk: Disk) -> Iterator[str]:
    """A container that has just written to /state: `synced`, then `written`, which it did not sync."""
    name = f"{engine.project}-writer"
    try:
        engine.docker("run", "--detach", "--name", name, *on(disk), "python3", IMAGE, "-c", WRITER)
        until(lambda: "done" in engine.docker("logs", name), 60, "the writer has written")
        yield name
    finally:
        engine.docker("rm", "--force", name)


def on(disk: Disk) -> tuple[str, ...]:
    return (
        *("--label", "sessionlab=container", "--network", "none", "--user", USER),
        *("--volume", f"{disk.volume}:/state", "--entrypoint"),
    )


def run(engine: Engine, disk: Disk, line: str) -> str:
    """What a line of shell prints, run in a container with the disk at /state."""
    return engine.docker("run", "--rm", *on(disk), "sh", IMAGE, "-c", line).strip()


def left_of(engine: Engine, inside: str) -> list[str]:
    """Everything there is of a project's disks: containers, volumes, and devices as the kernel tells it."""
    which = ("--quiet", "--filter", f"label={LABEL}={engine.project}")
    found = [*engine.docker("ps", "--all", *which).split(), *engine.docker("volume", "ls", *which).split()]
    told = engine.docker("exec", inside, "sh", "-c", "cat /sys/block/loop*/loop/backing_file 2>&1; true")
    return [*found, *(line for line in told.splitlines() if f"/{engine.project}_disks/" in line)]


def start(engine: Engine) -> subprocess.Popen[str]:
    """A lab in a process of its own, that makes disks and cuts one of them."""
    environ = {**os.environ, **engine.environ}
    return subprocess.Popen(
        [sys.executable, "-c", LAB], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True
    )


def lab(engine: Engine) -> subprocess.Popen[str]:
    """The same, when it has."""
    process = start(engine)
    assert process.stdout
    assert process.stdout.readline() == "made\n"
    return process


def end(process: subprocess.Popen[str], number: signal.Signals) -> None:
    process.send_signal(number)
    process.communicate(timeout=120)


def kill_in_its_work(process: subprocess.Popen[str]) -> None:
    """What the lab has just asked the engine for is done all the same: it is waited for."""
    process.send_signal(signal.SIGSTOP)
    asked = children(process.pid)
    end(process, signal.SIGKILL)
    until(lambda: all(map(gone, asked)), 120, "the engine did what it was asked for")


def test_cut_takes_what_was_written_and_leaves_what_was_synced(
    engine: Engine, shelf: Mapping[str, Disk]
) -> None:
    with writer(engine, shelf["cut"]) as container:
        engine.docker("pause", container)
        before = run(engine, shelf["cut"], "cat /state/synced /state/written | wc -c")
        after = Disks(shelved(engine)).cut(shelf["cut"])
        engine.docker("kill", container)
        sizes = run(engine, after, "for name in synced written; do cat /state/$name | wc -c; done")
    assert (before, sizes.split()) == ("200000", ["100000", "0"])


def test_writes_after_a_cut_reach_neither_disk(engine: Engine, shelf: Mapping[str, Disk]) -> None:
    """Also not those of a program that was not frozen."""
    with writer(engine, shelf["late"]) as container:
        after = Disks(shelved(engine)).cut(shelf["late"])
        with pytest.raises(ClusterError, match=r"[Ii]nput/output error|I/O error"):
            engine.docker("exec", container, "sh", "-c", "echo late >/state/late")
    seen = [run(engine, disk, "ls /state") for disk in (shelf["late"], after)]
    assert all("synced" in names and "late" not in names for names in seen)


def test_disk_is_cut_but_once(engine: Engine, shelf: Mapping[str, Disk]) -> None:
    disks = Disks(shelved(engine))
    disks.cut(shelf["twice"])
    with pytest.raises(ClusterError, match="File exists"):
        disks.cut(shelf["twice"])


def test_copy_can_be_cut_in_its_turn(engine: Engine, shelf: Mapping[str, Disk]) -> None:
    disks = Disks(shelved(engine))
    run(engine, shelf["again"], "echo kept >/state/file; sync /state/file")
    again = disks.cut(disks.cut(shelf["again"]))
    assert run(engine, again, "cat /state/file") == "kept"


def test_full_disk_refuses_a_write_until_it_is_freed(engine: Engine, shelf: Mapping[str, Disk]) -> None:
    disks, disk = Disks(shelved(engine)), shelf["full"]
    assert disks.fill(disk) > 4 << 20
    write = "dd if=/dev/zero of=/state/$size bs=$size count=1 conv=fsync 2>&1"
    writes = f"for size in 64K 1; do {write}; done; ls /state"
    full = run(engine, disk, writes)
    disks.free(disk)
    freed = run(engine, disk, writes)
    assert full.count("No space left on device") == 2
    assert "No space left on device" not in freed
    assert "65536 bytes" in freed
    assert "junk" in full
    assert "junk" not in freed


def test_filled_disk_has_about_so_many_bytes_left_as_asked_for(
    engine: Engine, shelf: Mapping[str, Disk]
) -> None:
    Disks(shelved(engine)).fill(shelf["room"], leave_bytes=1 << 20)
    blocks, size = map(int, run(engine, shelf["room"], "stat -f -c '%a %S' /state").split())
    assert abs(blocks * size - (1 << 20)) <= 8192


def test_nothing_is_done_to_a_disk_that_is_not_the_one_meant(
    engine: Engine, shelf: Mapping[str, Disk]
) -> None:
    wrong = replace(shelf["room"], volume=shelf["twice"].volume)
    with pytest.raises(ClusterError, match=r"not on .*/room\.ext4"):
        Disks(shelved(engine)).cut(wrong)


def test_nothing_is_done_to_an_ordinary_volume(engine: Engine, shelf: Mapping[str, Disk]) -> None:
    plain = f"{engine.project}-plain"
    engine.docker("volume", "create", "--label", "sessionlab=volume", plain)
    try:
        with pytest.raises(ClusterError, match="is on no loop device"):
            Disks(shelved(engine)).free(replace(shelf["room"], volume=plain))
    finally:
        engine.docker("volume", "rm", plain)


def test_disk_belongs_to_its_owner(engine: Engine, shelf: Mapping[str, Disk]) -> None:
    assert run(engine, shelf["room"], "stat -c %u:%g /state") == USER


def test_owner_is_found_in_an_image(disks: Disks) -> None:
    assert disks.user(IMAGE, "daemon") == "1:1"


def test_nothing_is_left_when_the_disks_are_done_with(disks: Disks, inside: str) -> None:
    with disks.make(["one", "two"], 8) as (one, _):
        disks.cut(one)
        assert len(left_of(disks.engine, inside)) == 7  # three devices, three volumes, that of the files
    assert left_of(disks.engine, inside) == []


def test_disks_leave_those_alone_that_were_made_before(disks: Disks, inside: str) -> None:
    with disks.make(["outer"], 8):
        with disks.make(["inner"], 8):
            pass
        assert len(left_of(disks.engine, inside)) == 3


def test_nothing_is_left_when_the_work_fails(disks: Disks, inside: str) -> None:
    with pytest.raises(LookupError), disks.make(["one"], 8):
        raise LookupError
    assert left_of(disks.engine, inside) == []


def test_nothing_is_left_when_they_cannot_be_made(disks: Disks, inside: str) -> None:
    """A file system of no size."""
    with pytest.raises(ClusterError, match="failed"), disks.make(["one"], 0):
        pass
    assert left_of(disks.engine, inside) == []


def test_reason_is_given_and_nothing_left_when_the_engine_refuses(disks: Disks, inside: str) -> None:
    guarded = Disks(Guarded(environ=disks.engine.environ))
    assert guarded.usable().startswith("the engine cannot make disks: it does not let a container use loop")
    assert left_of(disks.engine, inside) == []


def test_nothing_is_left_when_the_lab_is_interrupted(disks: Disks, inside: str) -> None:
    end(lab(disks.engine), signal.SIGINT)
    assert left_of(disks.engine, inside) == []


def test_what_a_killed_lab_left_is_found_and_removed_and_nothing_else(
    disks: Disks, shelf: Mapping[str, Disk], inside: str
) -> None:
    end(lab(disks.engine), signal.SIGKILL)
    others = left_of(shelved(disks.engine), inside)
    assert len(left_of(disks.engine, inside)) == 7
    disks.clear_left()
    assert left_of(disks.engine, inside) == []
    assert left_of(shelved(disks.engine), inside) == others
    assert others


def test_what_a_lab_left_is_removed_when_it_was_killed_while_making(disks: Disks, inside: str) -> None:
    process = start(disks.engine)
    until(lambda: left_of(disks.engine, inside), 120, "something is made")
    kill_in_its_work(process)
    disks.clear_left()
    assert left_of(disks.engine, inside) == []


def test_disks_of_a_killed_lab_are_made_anew_under_their_names(disks: Disks, inside: str) -> None:
    end(lab(disks.engine), signal.SIGKILL)
    with disks.make(["one", "two"], 8):
        assert len(left_of(disks.engine, inside)) == 5


def test_disk_that_is_still_mounted_is_told_and_removed_once_it_is_not(disks: Disks, inside: str) -> None:
    with pytest.raises(ClusterError, match="state is still mounted: remove what `docker ps"):
        leave_mounted(disks)
    disks.engine.docker("rm", "--force", f"{disks.engine.project}-user")
    disks.clear_left()
    assert left_of(disks.engine, inside) == []


def leave_mounted(disks: Disks) -> None:
    """Leave the context of a disk that a container uses."""
    name = f"{disks.engine.project}-user"
    with disks.make(["state"], 8) as (disk,):
        disks.engine.docker("run", "--detach", "--name", name, *on(disk), "sleep", IMAGE, "120")


def _remove_leftovers() -> None:
    """Disks of test processes that are gone."""
    told = Engine().docker(
        "volume", "ls", "--filter", f"label={LABEL}", "--format", f'{{{{.Label "{LABEL}"}}}}'
    )
    for name in set(told.split()):
        owner = PROJECT.match(name)
        if owner and not Path("/proc", owner[1]).exists():
            Disks(Engine(environ={"COMPOSE_PROJECT_NAME": name})).clear_left()
