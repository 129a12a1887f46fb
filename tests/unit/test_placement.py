"""Where state lives, from literal lines of `/proc/self/mountinfo`."""

from pathlib import Path

import pytest

from services.session.placement import (
    DIES_WITH,
    Instance,
    Kind,
    Mount,
    mount_of,
    of_file,
    of_kind,
)

OVERLAY = (
    "612 540 0:54 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/AB:"
    "/var/lib/docker/overlay2/l/CD,upperdir=/var/lib/docker/overlay2/9f/diff,"
    "workdir=/var/lib/docker/overlay2/9f/work"
)
FUSE = "700 650 0:61 / / rw,nodev,relatime - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0"
EXT4_ROOT = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard"
PROC = "613 612 0:57 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw"
VOLUME = (
    "640 612 254:0 /var/lib/docker/volumes/sessionlab_state/_data /state rw,relatime master:1 "
    "- ext4 /dev/vda rw,discard"
)
ANONYMOUS = "640 612 254:0 /var/lib/docker/volumes/3fa9c0/_data /state rw,relatime - ext4 /dev/vda rw,discard"
VOLUME_ON_ITS_OWN_DISK = "640 612 8:16 /volumes/state/_data /state rw,relatime - xfs /dev/sdb rw"
VOLUME_THAT_IS_A_LOOP_DEVICE = "640 612 7:3 / /state rw,relatime - ext4 /dev/loop3 rw"
BIND = "641 612 254:0 /srv/session\\040state /state rw,relatime - ext4 /dev/vda rw,discard"
BIND_OF_A_LOOKALIKE = "641 612 254:0 /srv/volumes/state/_data/deep /state rw,relatime - ext4 /dev/vda rw"
TMPFS = "642 612 0:60 / /state rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,size=65536k"
NFS = "643 612 0:62 / /state rw,relatime - nfs4 files.example:/export/state rw,vers=4.2"
SSHFS = "644 612 0:63 / /state rw,nosuid,nodev - fuse.sshfs me@files.example:/state rw,user_id=0"
CIFS = "645 612 0:64 / /state rw,relatime - cifs //files.example/state rw,vers=3.1.1"
OPTIONAL_FIELDS = "646 612 254:0 /srv/s /state rw shared:3 master:1 propagate_from:2 - ext4 /dev/vda rw"
NESTED = "650 640 0:70 / /state/cache rw,relatime - tmpfs tmpfs rw"
OVERMOUNT = "660 640 0:71 / /state rw,relatime - tmpfs tmpfs rw"
NEIGHBOUR = "661 612 0:72 / /state-of-others rw,relatime - tmpfs tmpfs rw"
STATE = Path("/state/sessions.db")


def mountinfo(*lines: str) -> str:
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("line", "kind", "origin"),
    [
        (OVERLAY, "writable-layer", "overlay"),
        (FUSE, "writable-layer", "fuse-overlayfs"),
        (EXT4_ROOT, "writable-layer", "/dev/vda"),
        (VOLUME, "volume", "sessionlab_state"),
        (ANONYMOUS, "volume", "3fa9c0"),
        (VOLUME_ON_ITS_OWN_DISK, "volume", "state"),
        (VOLUME_THAT_IS_A_LOOP_DEVICE, "volume", "/dev/loop3"),
        (BIND, "bind", "/srv/session state"),
        (BIND_OF_A_LOOKALIKE, "bind", "/srv/volumes/state/_data/deep"),
        (OPTIONAL_FIELDS, "bind", "/srv/s"),
        (TMPFS, "tmpfs", "tmpfs"),
        (NFS, "network", "files.example:/export/state"),
        (SSHFS, "network", "me@files.example:/state"),
        (CIFS, "network", "//files.example/state"),
    ],
)
def test_mount_tells_its_kind_and_origin(line: str, kind: Kind, origin: str) -> None:
    mount = Mount.parse(line)
    assert (mount.kind, mount.origin) == (kind, origin)


def test_mount_is_the_root_when_nothing_else_holds_the_path() -> None:
    assert mount_of(STATE, mountinfo(OVERLAY, PROC, NEIGHBOUR)).kind == "writable-layer"


def test_mount_is_the_deepest_that_holds_the_path() -> None:
    table = mountinfo(OVERLAY, NESTED, VOLUME, PROC)
    assert mount_of(STATE, table).kind == "volume"
    assert mount_of(Path("/state/cache/sessions.db"), table).kind == "tmpfs"


def test_mount_is_the_last_of_several_on_one_point() -> None:
    assert mount_of(STATE, mountinfo(OVERLAY, VOLUME, OVERMOUNT)).kind == "tmpfs"


def test_mount_does_not_hold_a_path_that_only_begins_like_it() -> None:
    assert mount_of(Path("/state-of-mine/x"), mountinfo(OVERLAY, VOLUME)).kind == "writable-layer"


def test_mount_point_is_unescaped() -> None:
    line = "641 612 254:0 /srv/a /my\\040state\\134x\\011y rw - ext4 /dev/vda rw"
    assert mount_of(Path("/my state\\x\ty/sessions.db"), mountinfo(OVERLAY, line)).kind == "bind"


def test_placement_of_a_file_comes_from_this_machine(tmp_path: Path) -> None:
    instance = Instance.new()
    found = of_file(tmp_path / "sessions.db", "stateful", "sqlite", instance)
    assert (found.path, found.instance, found.boot) == (
        str(tmp_path / "sessions.db"),
        instance.container,
        instance.boot,
    )
    assert found.filesystem
    assert found.dies_with == DIES_WITH[found.kind]


def test_placement_of_a_file_follows_links(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/proc/self")
    assert of_file(tmp_path / "link" / "x", "stateful", "sqlite", Instance.new()).filesystem == "proc"


def test_placement_outside_files_has_no_path() -> None:
    found = of_kind("redis", "stateless", "redis", Instance.new(), "redis://redis:6379/0")
    assert (found.path, found.filesystem, found.source) == (None, None, "redis://redis:6379/0")
    assert found.dies_with == "what Redis keeps its data on"


def test_instance_has_a_boot_id_of_its_own() -> None:
    assert len({Instance.new().boot for _ in range(20)}) == 20
