"""Whose disk a device is, and what an engine that cannot make any says. From literal outputs."""

import json
import os
from pathlib import Path

import pytest

from chaos.command import CommandError
from chaos.disk.disks import Disks
from chaos.disk.inside import duplicate
from chaos.disk.loops import backed, chosen, is_of
from chaos.disk.reading import incapable
from chaos.engine import ClusterError, Engine
from chaos.explanation import explain

OURS, NAME = "sessionlab_disks", "redis"
LISTED = """
{
   "loopdevices": [
      {
         "name": "/dev/loop0",
         "sizelimit": 0,
         "offset": 0,
         "autoclear": false,
         "ro": false,
         "back-file": "/sessionlab_disks/redis.ext4",
         "dio": false,
         "log-sec": 512
      },{
         "name": "/dev/loop1",
         "sizelimit": 0,
         "offset": 0,
         "autoclear": false,
         "ro": true,
         "back-file": "/var/lib/snapd/snaps/core18_2128.snap",
         "dio": false,
         "log-sec": 512
      },{
         "name": "/dev/loop12",
         "sizelimit": 0,
         "offset": 0,
         "autoclear": false,
         "ro": false,
         "back-file": "/disks/sessionlab_disks/redis.cut.ext4",
         "dio": false,
         "log-sec": 512
      }
   ]
}
"""
BUILT = (
    "E: Unable to locate package e2fsprogs\n"
    "The command '/bin/sh -c (command -v losetup) || (apt-get update)' returned a non-zero code: 100\n"
)
BUILT_BY_BUILDKIT = (
    'failed to solve: process "/bin/sh -c (command -v losetup) || (apt-get update)" '
    "did not complete successfully: exit code: 100\n"
)
UNKNOWN_FILE_SYSTEM = """\
docker: Error response from daemon: error while mounting volume '/var/lib/docker/volumes/x/_data': \
failed to mount local volume: mount /dev/loop0:/var/lib/docker/volumes/x/_data: no such device

Run 'docker run --help' for more information
"""
SHUTDOWN_UNKNOWN = """\
Traceback (most recent call last):
  File "/lab/chaos/disk/inside.py", line 55, in cut
    fcntl.ioctl(disk, _EXT4_IOC_SHUTDOWN, _NO_LOG_FLUSH)
OSError: [Errno 25] Inappropriate ioctl for device
"""


def listing(file: str | None, **said: object) -> str:
    """Of one device."""
    return json.dumps(
        {"loopdevices": [{"name": "/dev/loop3", "back-file": file, "autoclear": False, **said}]}
    )


def test_devices_of_a_project_are_found_wherever_its_volume_was_mounted() -> None:
    assert backed(LISTED, OURS) == ["/dev/loop0", "/dev/loop12"]


def test_devices_of_a_disk_are_its_own_and_its_copies() -> None:
    assert backed(LISTED, OURS, ["redis"]) == ["/dev/loop0", "/dev/loop12"]


def test_devices_of_a_disk_are_not_those_of_another() -> None:
    assert backed(LISTED, OURS, ["red"]) == []


@pytest.mark.parametrize(
    "file",
    [
        "/sessionlab_disks2/redis.ext4",
        "/my-sessionlab_disks/redis.ext4",
        "/sessionlab_disks/backup/redis.ext4",
        "/home/me/sessionlab_disks/redis.iso",
        "/sessionlab_disks.ext4",
        "",
        None,
    ],
)
def test_device_is_not_the_projects_when_its_file_only_looks_alike(file: str | None) -> None:
    assert backed(listing(file), OURS) == []


def test_device_is_the_projects_when_its_file_is_already_deleted() -> None:
    assert backed(listing("/sessionlab_disks/redis.ext4 (deleted)"), OURS) == ["/dev/loop3"]


@pytest.mark.parametrize("said", [True, 1, "1"])
def test_device_is_not_detached_again_when_it_goes_away_by_itself(said: object) -> None:
    file = "/sessionlab_disks/redis.ext4"
    assert backed(listing(file, autoclear=said), OURS) == []
    assert backed(listing(file, autoclear=said), OURS, leaving=True) == ["/dev/loop3"]


def test_there_are_no_devices_when_nothing_is_listed() -> None:
    assert backed("", OURS) == []


@pytest.mark.parametrize(
    ("disk", "names", "is_chosen"),
    [
        ("redis", ["volume", "redis"], True),
        ("redis.cut", ["redis"], True),
        ("redis.cut.cut", ["redis"], True),
        ("redis-always", ["redis"], False),
        ("redis", ["redis-always"], False),
        ("redis", [], True),
    ],
)
def test_disk_is_chosen_by_the_name_it_was_made_with(disk: str, names: list[str], is_chosen: bool) -> None:
    assert chosen(disk, names) is is_chosen


@pytest.mark.parametrize("backing", ["/sessionlab_disks/redis.ext4", "/disks/sessionlab_disks/redis.ext4"])
def test_disk_is_known_by_the_end_of_its_files_path(backing: str) -> None:
    assert is_of(backing, OURS, NAME)


@pytest.mark.parametrize(
    "backing",
    [
        "",
        "/redis.ext4",
        "/sessionlab_disks/redis.cut.ext4",
        "/other_disks/redis.ext4",
        "/srv/sessionlab_disks/redis.ext4/root.img",
    ],
)
def test_disk_is_not_taken_for_another_file_system(backing: str) -> None:
    assert not is_of(backing, OURS, NAME)


@pytest.mark.parametrize(
    "written", [{}, {0: b"first"}, {4_000_000: b"last"}, {0: b"a", 70_000: b"b" * 90_000}]
)
def test_duplicate_of_a_file_with_holes_has_the_same_bytes_and_no_holes(
    tmp_path: Path, written: dict[int, bytes]
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    with source.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 4 << 20)
        for at, content in written.items():
            os.pwrite(file.fileno(), content, at)
    target.touch()
    duplicate(source, target)
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_blocks * 512 >= 4 << 20


@pytest.mark.parametrize(
    ("errors", "reason"),
    [
        ("FileNotFoundError: [Errno 2] No such file or directory: '/dev/loop-control'", "no loop devices"),
        ("OSError: [Errno 19] No such device: '/dev/loop-control'", "no loop devices"),
        (
            "PermissionError: [Errno 1] Operation not permitted: '/dev/loop-control'",
            "does not let a container",
        ),
        ("PermissionError: [Errno 13] Permission denied: '/dev/loop-control'", "does not let a container"),
        (
            "losetup: /dev/loop0: failed to set up loop device: Operation not permitted",
            "does not let a container",
        ),
        (
            "docker: Error response from daemon: authorization denied by plugin opa: no devices.",
            "does not let a container",
        ),
        (UNKNOWN_FILE_SYSTEM, "does not mount an ext4 file system"),
        (SHUTDOWN_UNKNOWN, "cannot shut an ext4 file system down"),
        (BUILT, "cannot be installed"),
        (BUILT_BY_BUILDKIT, "cannot be installed"),
    ],
)
def test_engine_that_cannot_make_disks_is_told_from_what_it_says(errors: str, reason: str) -> None:
    assert reason in incapable(errors)


def test_reason_ends_with_what_was_said_rather_than_with_dockers_advice() -> None:
    assert incapable(UNKNOWN_FILE_SYSTEM).endswith("/_data: no such device")


@pytest.mark.parametrize(
    "errors",
    [
        "",
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
        "OSError: [Errno 28] No space left on device",
        "losetup: /dev/loop0: failed to set up loop device: Device or resource busy",
        "docker: Error response from daemon: Conflict. The container name is already in use.",
        "/disk is on no loop device, not on sessionlab_disks/redis.ext4",
    ],
)
def test_anything_else_is_no_reason_why_an_engine_cannot_make_disks(errors: str) -> None:
    assert incapable(errors) == ""


def test_trial_fails_rather_than_gives_a_reason_when_no_engine_answers() -> None:
    engine = Engine(environ={"DOCKER_HOST": "unix:///nonexistent", "COMPOSE_PROJECT_NAME": "nobody"})
    with pytest.raises(ClusterError, match="no Docker engine answers"):
        Disks(engine).usable()


@pytest.mark.parametrize(
    ("names", "owner"),
    [
        ([], "999:999"),
        ([""], "999:999"),
        (["redis.cut"], "999:999"),
        (["../redis"], "999:999"),
        (["-redis"], "999:999"),
        (["redis"], "redis"),
        (["redis"], "999:999,nodiscard"),
    ],
)
def test_disks_are_not_made_when_a_name_or_an_owner_would_mean_something_else(
    names: list[str], owner: str
) -> None:
    disks = Disks(Engine(environ={"DOCKER_HOST": "unix:///nonexistent", "COMPOSE_PROJECT_NAME": "nobody"}))
    with pytest.raises(ValueError, match="disks need names"), disks.make(names, 4, owner):
        pass


def test_explanation_gives_dockers_reason_rather_than_its_advice() -> None:
    assert explain(CommandError(("docker", "run"), UNKNOWN_FILE_SYSTEM)).endswith("/_data: no such device")
