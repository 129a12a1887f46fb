"""What Docker and a container's own commands print, read. From literal outputs."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from chaos.where import reading
from chaos.where.found import Change, File, Image, Mounted

OVERLAY = "612 540 0:54 / / rw,relatime - overlay overlay rw,lowerdir=/l/AB:/l/CD,upperdir=/9f/diff"
FUSE = "150 75 0:40 / / ro,noatime master:3 - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0"
OF_EVERY_CONTAINER = """\
153 150 0:54 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw
155 150 0:56 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755
170 155 0:61 / /dev/shm rw,nosuid,nodev,noexec,relatime - tmpfs shm rw,size=65536k
159 158 0:60 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,mode=755
184 150 254:0 /var/lib/docker/containers/79/resolv.conf /etc/resolv.conf rw,relatime - ext4 /dev/vda rw
186 150 254:0 /var/lib/docker/containers/79/hostname /etc/hostname rw,relatime - ext4 /dev/vda rw
189 150 254:0 /var/lib/docker/containers/79/hosts /etc/hosts rw,relatime - ext4 /dev/vda rw
190 150 254:0 /usr/bin/tini-static /usr/sbin/docker-init ro,relatime - ext4 /dev/vda rw"""
VOLUME = "246 229 254:0 /var/lib/docker/volumes/lab_data/_data /data ro,relatime master:1 - ext4 /dev/vda rw"
LOOP = "246 229 7:3 / /state rw,relatime - ext4 /dev/loop3 rw"
BIND = "183 148 254:0 /srv/lab/redis.conf /etc/redis.conf ro,relatime - ext4 /dev/vda rw"
TMPFS = "642 612 0:60 / /state rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,mode=700"
NFS = "643 612 0:62 / /state rw,relatime - nfs4 files.example:/export/state rw,vers=4.2"
SSHFS = "644 612 0:63 / /state rw,nosuid,nodev - fuse.sshfs me@files.example:/state rw,user_id=0"


def inspected(*mounts: Mapping[str, Any], tmpfs: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    return {"Name": "/lab-app-1", "HostConfig": {"Tmpfs": tmpfs}, "Mounts": mounts}


def of_volume(name: str, point: str) -> Mapping[str, Any]:
    source = f"/var/lib/docker/volumes/{name}/_data"
    return {"Type": "volume", "Name": name, "Source": source, "Destination": point, "Driver": "local"}


def of_bind(source: str, point: str) -> Mapping[str, Any]:
    return {"Type": "bind", "Source": source, "Destination": point}


def mount(line: str, *engine: Mapping[str, Any], tmpfs: Mapping[str, str] | None = None) -> Mounted:
    """The mount beside the root."""
    root, other = reading.mounts(f"{OVERLAY}\n{line}\n", inspected(*engine, tmpfs=tmpfs), {}, None)
    assert root.point == "/"
    return other


@pytest.mark.parametrize(
    ("line", "filesystem", "read_only"), [(OVERLAY, "overlay", False), (FUSE, "fuse.fuse-overlayfs", True)]
)
def test_mounts_have_the_writable_layer_whatever_the_driver(
    line: str, filesystem: str, read_only: bool
) -> None:
    (root,) = reading.mounts(line, inspected(), {}, None)
    assert (root.point, root.kind, root.filesystem) == ("/", "writable-layer", filesystem)
    assert root.read_only == read_only


def test_mounts_leave_out_what_every_container_has() -> None:
    found = reading.mounts(f"{FUSE}\n{OF_EVERY_CONTAINER}\n{VOLUME}", inspected(), {}, None)
    assert [m.point for m in found] == ["/", "/data"]


def test_mounts_have_what_every_container_has_when_the_engine_mounted_something_there() -> None:
    engine = inspected(of_bind("/srv/hosts", "/etc/hosts"))
    found = reading.mounts(f"{FUSE}\n{OF_EVERY_CONTAINER}", engine, {}, None)
    assert [m.point for m in found] == ["/", "/etc/hosts"]


def test_mounts_have_what_every_container_has_when_the_state_is_on_it() -> None:
    found = reading.mounts(f"{FUSE}\n{OF_EVERY_CONTAINER}", inspected(), {}, "/dev/shm")  # noqa: S108
    assert [(m.point, m.kind) for m in found] == [("/", "writable-layer"), ("/dev/shm", "tmpfs")]  # noqa: S108


def test_mounts_have_of_several_on_one_point_the_last() -> None:
    found = reading.mounts(f"{FUSE}\n{LOOP}\n{TMPFS}", inspected(), {}, None)
    assert [m.kind for m in found] == ["writable-layer", "tmpfs"]


def test_mount_of_a_volume_has_its_name() -> None:
    found = mount(VOLUME, of_volume("lab_data", "/data"))
    assert (found.kind, found.engine, found.name) == ("volume", "volume", "lab_data")
    assert (found.filesystem, found.read_only, found.anonymous) == ("ext4", True, False)


def test_mount_of_a_volume_is_anonymous_when_nobody_chose_its_name() -> None:
    name = "3fa9c0de" * 8
    assert mount(VOLUME.replace("lab_data", name), of_volume(name, "/data")).anonymous


def test_mount_of_a_volume_on_a_disk_of_its_own_is_the_volume() -> None:
    found = mount(LOOP, of_volume("lab_state", "/state"))
    assert (found.kind, found.name, found.origin, found.whole) == ("volume", "lab_state", "/dev/loop3", True)


def test_mount_of_a_whole_file_system_is_bound_when_the_engine_says_so() -> None:
    found = mount(LOOP, of_bind("/mnt/disk", "/state"))
    assert (found.seen, found.kind, found.name) == ("volume", "bind", "/mnt/disk")


def test_mount_of_a_volume_made_of_a_directory_is_the_volume() -> None:
    line = "183 148 254:0 /srv/state /state rw - ext4 /dev/vda rw"
    found = mount(line, of_volume("lab_state", "/state"))
    assert (found.seen, found.kind, found.origin) == ("bind", "volume", "/srv/state")


@pytest.mark.parametrize(
    ("line", "alias"), [(LOOP, True), (NFS, True), (TMPFS, False), (VOLUME.replace("/data", "/state"), False)]
)
def test_mount_of_a_volume_is_an_alias_when_its_bytes_are_not_the_engines(line: str, alias: bool) -> None:
    engine = of_volume("lab_data", "/state")
    assert mount(line, engine).alias is alias
    assert not mount(line, {**engine, "Driver": "of-somebody-else"}).alias


def test_mount_of_a_bound_file_has_its_path() -> None:
    found = mount(BIND, of_bind("/srv/lab/redis.conf", "/etc/redis.conf"))
    assert (found.kind, found.name, found.read_only) == ("bind", "/srv/lab/redis.conf", True)


def test_mount_of_a_tmpfs_is_the_engines_when_it_is_an_option_of_the_container() -> None:
    found = mount(TMPFS, tmpfs={"/state/": "mode=0700"})
    assert (found.kind, found.engine) == ("tmpfs", "tmpfs")


@pytest.mark.parametrize(
    ("line", "filesystem", "server"),
    [(NFS, "nfs4", "files.example:/export/state"), (SSHFS, "fuse.sshfs", "me@files.example:/state")],
)
def test_mount_over_the_network_is_no_local_one_whatever_the_engine_calls_it(
    line: str, filesystem: str, server: str
) -> None:
    for engine in (of_bind("/mnt/share", "/state"), of_volume("share", "/state")):
        found = mount(line, engine)
        assert (found.kind, found.filesystem, found.origin) == ("network", filesystem, server)


def test_mount_that_is_not_the_engines_has_no_word_of_it() -> None:
    assert (mount(SSHFS).engine, mount(SSHFS).name) == ("", "")


def test_mount_names_the_others_that_mount_the_same() -> None:
    listed = (
        "lab-app-1\tUp 2 minutes (healthy)\tlab_data\n"
        "lab-app-2\tUp 2 minutes\tlab_data,/srv/x\n"
        "lab-keys-1\tExited (0) 2 minutes ago\tlab_data\n"
        "else-1\tUp 1 second\tlab_data2\n"
        "none-1\tUp 1 second\t\n"
    )
    engine = inspected(of_volume("lab_data", "/data"))
    _, volume = reading.mounts(f"{FUSE}\n{VOLUME}", engine, reading.users(listed), None)
    assert volume.others == ("lab-app-2", "lab-keys-1 (not running)")


def test_unmounted_is_what_the_engine_mounts_and_the_table_lacks() -> None:
    engine = inspected(of_volume("lab_data", "/data"), of_bind("/srv", "/srv"), tmpfs={"/t": ""})
    assert reading.unmounted(f"{FUSE}\n{VOLUME}", engine) == ("/srv", "/t")


def test_image_tells_its_layers_and_size() -> None:
    told = json.dumps(
        [{"Id": "sha256:9f25b975", "Size": 174879425, "RootFS": {"Type": "layers", "Layers": ["a", "b"]}}]
    )
    assert reading.image(told, "lab/app") == Image("9f25b975", "lab/app", 2, 174879425)


@pytest.mark.parametrize(("printed", "size"), [("106864\n", 106864), ("0\n", 0), ("null\n", None)])
def test_size_of_the_writable_layer_is_unknown_when_the_engine_does_not_tell(
    printed: str, size: int | None
) -> None:
    assert reading.size(printed) == size


def test_changes_are_the_lines_of_docker_diff_by_path() -> None:
    diff = "C /state\nA /state/with space\nD /etc/motd\n"
    assert reading.changes(diff) == (
        Change("D", "/etc/motd"),
        Change("C", "/state"),
        Change("A", "/state/with space"),
    )


def test_files_have_their_sizes() -> None:
    printed = "57712 /state/sessions.db-wal\n16384 /state/sessions.db\n"
    assert reading.files(printed) == (
        File("/state/sessions.db", 16384),
        File("/state/sessions.db-wal", 57712),
    )


def test_written_are_the_files_that_are_open_for_writing() -> None:
    listing = """\
/proc/7/fd:
total 0
lrwx------ 1 app app 64 Nov 26 03:03 0 -> /dev/null
l-wx------ 1 app app 64 Nov 26 03:03 1 -> pipe:[25386]
lrwx------ 1 app app 64 Nov 26 03:03 11 -> socket:[27377]
lr-x------ 1 app app 64 Nov 26 03:03 12 -> /app/services/web/index.html
lrwx------ 1 app app 64 Nov 26 03:03 13 -> /memfd:granian (deleted)
lrwx------ 1 app app 64 Nov 26 03:03 21 -> /state/sessions.db
lrwx------ 1 app app 64 Nov 26 03:03 22 -> /state/sessions.db-wal
lrwx------ 1 app app 64 Nov 26 03:03 23 -> /state/sessions.db-shm (deleted)
lrwx------ 1 app app 64 Nov 26 03:03 24 -> /state/sessions.db
lrwx------ 1 app app 64 Nov 26 03:03 25 -> /var/tmp/etilqs_4c1d (deleted)
l-wx------ 1 app app 64 Nov 26 03:03 26 -> /data/appendonlydir/appendonly.aof.1.incr.aof
"""
    written = reading.written(listing)
    assert written == (
        "/data/appendonlydir/appendonly.aof.1.incr.aof",
        "/state/sessions.db",
        "/state/sessions.db-wal",
    )
    assert reading.databases(written) == (written[0], "/state/sessions.db")


def test_written_tells_that_a_database_has_been_removed() -> None:
    line = "lrwx------ 1 app app 64 Nov 26 03:03 21 -> /state/sessions.db (deleted)"
    assert reading.written(line) == ("/state/sessions.db (deleted)",)


def test_settings_of_a_redis_may_be_empty() -> None:
    assert reading.settings("dir\n/data\nappendonly\nno\nsave\n\n") == {
        "dir": "/data",
        "appendonly": "no",
        "save": "",
    }


def on_network(name: str, network: str, **known: object) -> Mapping[str, Any]:
    return {"Name": f"/{name}", "NetworkSettings": {"Networks": {"back": {"NetworkID": network, **known}}}}


@pytest.mark.parametrize("known", [{"Aliases": ["redis"]}, {"Aliases": None, "DNSNames": ["redis"]}])
def test_server_is_the_container_that_has_the_name(known: Mapping[str, object]) -> None:
    app = on_network("app-1", "n1", Aliases=["app"])
    everyone = [app, on_network("other-1", "n1"), on_network("redis-1", "n1", **known)]
    assert reading.server("redis://redis:6379/0", app, everyone) == "redis-1"


def test_server_is_nobody_when_the_name_is_on_another_network() -> None:
    app = on_network("app-1", "n1")
    assert reading.server("redis://redis:6379/0", app, [on_network("r", "n2", Aliases=["redis"])]) is None
