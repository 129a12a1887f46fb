"""Which layer holds the state, what dies with what, who contradicts whom. From literal values."""

from collections.abc import Mapping

import pytest

from chaos.where import judging
from chaos.where.found import Fate, File, Found, Mounted, Picture, State
from services.session.placement import Kind

TABLE = """\
150 75 0:40 / / rw,noatime - fuse.fuse-overlayfs fuse-overlayfs rw
246 150 254:0 /var/lib/docker/volumes/lab_state/_data /data rw - ext4 /dev/vda rw
247 150 0:60 / /scratch rw - tmpfs tmpfs rw"""
DATABASE = "/state/sessions.db"
FILES = (File(DATABASE, 16384), File(f"{DATABASE}-wal", 57712))
SAID = {
    "kind": "writable-layer",
    "path": DATABASE,
    "filesystem": "fuse.fuse-overlayfs",
    "source": "fuse-overlayfs",
}
LAYER = State("writable-layer", DATABASE, "/", FILES)
ROOT = Mounted("/", "writable-layer", "writable-layer", "fuse-overlayfs", "fuse.fuse-overlayfs", False)
VOLUME = Mounted("/data", "volume", "volume", "lab_state", "ext4", False, "volume", "lab_state")
DISK = Mounted(
    *("/data", "volume", "volume", "/dev/loop3", "ext4", False, "volume", "lab_s"), whole=True, alias=True
)
ANONYMOUS = Mounted("/data", "volume", "volume", "3f" * 32, "ext4", False, "volume", "3f" * 32)
AOF = ("/data/appendonlydir/appendonly.aof.1.incr.aof",)


@pytest.mark.parametrize(
    ("told", "real", "written", "path"),
    [
        pytest.param(SAID, DATABASE, (DATABASE, f"{DATABASE}-wal"), DATABASE, id="both"),
        pytest.param(SAID, DATABASE, (), DATABASE, id="no connection at the moment"),
        pytest.param(SAID, "/data/s.db", ("/data/s.db",), "/data/s.db", id="through a link"),
        pytest.param(SAID, DATABASE, ("/data/other.db",), "/data/other.db", id="another one is open"),
        pytest.param(SAID, DATABASE, ("/data/other.db", DATABASE), DATABASE, id="another one is open too"),
        pytest.param({}, "/", ("/data/other.db-wal",), "/data/other.db", id="no answer"),
        pytest.param({}, "/", (), None, id="nothing known"),
        pytest.param({"kind": "client", "path": None}, "/", (), None, id="in no file"),
    ],
)
def test_path_is_what_the_process_has_open_before_its_word(
    told: Mapping[str, str], real: str, written: tuple[str, ...], path: str | None
) -> None:
    assert judging.path_of(told, real, written) == path


@pytest.mark.parametrize(
    ("path", "kind", "mount"),
    [
        (DATABASE, "writable-layer", "/"),
        ("/data/s.db", "volume", "/data"),
        ("/scratch/s.db", "tmpfs", "/scratch"),
    ],
)
def test_state_of_a_service_is_on_the_mount_that_holds_its_file(path: str, kind: Kind, mount: str) -> None:
    state = judging.state_of_service({}, path, TABLE, FILES, None)
    assert (state.kind, state.mount, state.size) == (kind, mount, 74096)


def test_state_of_a_service_is_elsewhere_when_it_has_no_file() -> None:
    told = {"kind": "redis", "source": "redis://redis:6379/0", "path": None}
    state = judging.state_of_service(told, None, TABLE, (), "lab-redis-1")
    assert (state.kind, state.path, state.container) == ("redis", "redis://redis:6379/0", "lab-redis-1")


def test_state_of_a_service_is_unknown_when_nothing_tells() -> None:
    assert judging.state_of_service({}, None, TABLE, (), None) == State(None)


@pytest.mark.parametrize(
    ("settings", "written", "kind", "persistence", "sync"),
    [
        ({"dir": "/data", "appendfsync": "always", "save": ""}, AOF, "volume", "append-only", "always"),
        ({"dir": "/data", "appendfsync": "no", "save": "60 1"}, (), "volume", "snapshots", "60 1"),
        ({"dir": "/scratch", "save": "60 1"}, AOF, "tmpfs", "snapshots", "60 1"),
        ({"dir": "/data", "appendfsync": "always", "save": ""}, (), "process-memory", "none", ""),
        ({}, (), None, "", ""),
    ],
)
def test_state_of_a_redis_is_where_it_writes(
    settings: Mapping[str, str], written: tuple[str, ...], kind: Kind | None, persistence: str, sync: str
) -> None:
    state = judging.state_of_redis(settings, written, TABLE, ())
    assert (state.kind, state.persistence, state.sync) == (kind, persistence, sync)


def test_state_has_the_kind_that_the_engine_tells_of_its_mount() -> None:
    bound = Mounted("/state", "volume", "bind", "/dev/sdb", "ext4", False, "bind", "/mnt/disk", whole=True)
    state = State("volume", DATABASE, "/state", FILES)
    assert judging.resolved(state, [ROOT, bound]) == State("bind", DATABASE, "/state", FILES)


@pytest.mark.parametrize(
    ("state", "mounts", "fates"),
    [
        pytest.param(State("process-memory"), [ROOT], ("lost", "lost", "lost", "", "lost"), id="memory"),
        pytest.param(State("tmpfs", mount="/s"), [ROOT], ("kept", "lost", "lost", "", "lost"), id="tmpfs"),
        pytest.param(LAYER, [ROOT, VOLUME], ("kept", "kept", "lost", "", "lost"), id="layer"),
        pytest.param(
            State("volume", mount="/data"),
            [ROOT, VOLUME],
            ("kept", "kept", "kept", "lost", "lost"),
            id="volume",
        ),
        pytest.param(
            State("volume", mount="/data"),
            [ROOT, DISK],
            ("kept", "kept", "kept", "kept", "lost"),
            id="volume made of a disk",
        ),
        pytest.param(
            State("volume", mount="/data"),
            [ROOT, ANONYMOUS],
            ("kept", "kept", "orphaned", "lost", "lost"),
            id="anonymous volume",
        ),
        pytest.param(State("bind", mount="/b"), [ROOT], ("kept", "kept", "kept", "", "lost"), id="bind"),
        pytest.param(
            State("network", mount="/n"), [ROOT], ("kept", "kept", "kept", "", "kept"), id="network"
        ),
        pytest.param(State("client"), [ROOT], ("kept", "kept", "kept", "", "lost"), id="token"),
        pytest.param(
            State("client"),
            [ROOT, VOLUME],
            ("kept", "kept", "kept", "lost", "lost"),
            id="token, keys on a volume",
        ),
        pytest.param(
            State("volume", "/data", "/data", (), "snapshots"),
            [ROOT, VOLUME],
            ("partly", "kept", "kept", "lost", "lost"),
            id="redis with snapshots",
        ),
        pytest.param(
            State("redis", container="r"),
            [ROOT],
            ("kept", "kept", "kept", "elsewhere", "elsewhere"),
            id="redis",
        ),
        pytest.param(State(None), [ROOT], (), id="unknown"),
    ],
)
def test_fates_follow_from_what_holds_the_state(
    state: State, mounts: list[Mounted], fates: tuple[Fate, ...]
) -> None:
    assert tuple(judging.fates(state, mounts).values()) == fates


def test_engine_and_table_agree_on_what_may_look_like_it() -> None:
    disk = Mounted("/s", "volume", "volume", "/dev/loop3", "ext4", False, "volume", "lab_s", whole=True)
    share = Mounted("/n", "network", "network", "host:/x", "nfs4", False, "volume", "lab_n")
    own = Mounted("/o", "tmpfs", "tmpfs", "tmpfs", "tmpfs", False)
    assert judging.against_engine([ROOT, VOLUME, ANONYMOUS, disk, share, own], []) == []


@pytest.mark.parametrize(
    ("mount", "says"),
    [
        pytest.param(
            Mounted("/data", "volume", "volume", "lab_old", "ext4", False, "volume", "lab_state"),
            "/data: the engine says volume lab_state; the mount table says volume lab_old",
            id="another volume",
        ),
        pytest.param(
            Mounted("/data", "tmpfs", "tmpfs", "tmpfs", "tmpfs", False, "bind", "/run/x"),
            "/data: the engine says bind /run/x; the mount table says tmpfs tmpfs",
            id="another kind",
        ),
    ],
)
def test_engine_and_table_disagree(mount: Mounted, says: str) -> None:
    assert judging.against_engine([ROOT, mount], []) == [says]


def test_engine_and_table_disagree_when_a_mount_is_missing() -> None:
    (line,) = judging.against_engine([ROOT], ["/data"])
    assert line.startswith(
        "/data: the engine says that it mounts something there; the mount table has nothing"
    )


def test_service_agrees_when_file_and_mount_are_as_it_says() -> None:
    written = (DATABASE, f"{DATABASE}-wal")
    assert judging.against_service(SAID, LAYER, DATABASE, TABLE, written) == []


def test_service_agrees_when_it_says_that_it_has_no_file_and_writes_none() -> None:
    assert judging.against_service({"kind": "client"}, State("client"), "/", TABLE, ()) == []


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("kind", "volume", "GET /placement says kind volume; the mount table says writable-layer"),
        (
            "filesystem",
            "overlay",
            "GET /placement says filesystem overlay; the mount table says fuse.fuse-overlayfs",
        ),
        ("source", "lab_state", "GET /placement says source lab_state; the mount table says fuse-overlayfs"),
    ],
)
def test_service_disagrees_when_the_mount_is_another(name: str, value: str, says: str) -> None:
    assert judging.against_service({**SAID, name: value}, LAYER, DATABASE, TABLE, (DATABASE,)) == [says]


def test_service_disagrees_when_its_process_writes_another_file() -> None:
    moved = State("writable-layer", "/state/moved.db", "/", (File("/state/moved.db", 1),))
    assert judging.against_service(SAID, moved, DATABASE, TABLE, ("/state/moved.db",)) == [
        "GET /placement says /state/sessions.db; its process writes /state/moved.db"
    ]


def test_service_disagrees_when_its_process_writes_another_file_too() -> None:
    assert judging.against_service(SAID, LAYER, DATABASE, TABLE, (DATABASE, "/state/moved.db")) == [
        "GET /placement says /state/sessions.db; its process writes /state/moved.db"
    ]


def test_service_disagrees_when_its_file_is_not_there() -> None:
    gone = State("writable-layer", DATABASE, "/", ())
    assert judging.against_service(SAID, gone, DATABASE, TABLE, ()) == [
        "GET /placement says /state/sessions.db; there is no such file in the container"
    ]


def test_service_disagrees_when_it_says_that_it_has_no_file_and_writes_one() -> None:
    told = {"kind": "client", "path": None}
    assert judging.against_service(told, LAYER, "/", TABLE, (DATABASE,)) == [
        "GET /placement says client; its process writes /state/sessions.db"
    ]


@pytest.mark.parametrize(
    ("enabled", "persistence", "says"),
    [
        ("1", "append-only", []),
        ("0", "snapshots", []),
        ("0", "none", []),
        ("1", "none", ["INFO says aof_enabled:1; of append-only files its process has none open"]),
        ("0", "append-only", ["INFO says aof_enabled:0; of append-only files its process has one open"]),
    ],
)
def test_redis_disagrees_when_it_does_not_write_as_it_says(
    enabled: str, persistence: str, says: list[str]
) -> None:
    state = State("volume", "/data", "/data", (), persistence)  # type: ignore[arg-type]
    assert judging.against_redis({"aof_enabled": enabled}, state) == says


@pytest.mark.parametrize(
    ("told", "state", "writable", "says"),
    [
        (SAID, LAYER, 1, []),
        ({}, LAYER, 1, ["it did not say where its state is: no answer"]),
        (SAID, LAYER, None, ["the engine does not tell the size of the writable layer"]),
        (SAID, State(None), 1, ["no file is open for writing, and nothing says where the state is"]),
        (
            SAID,
            State("redis", "redis://gone:6379"),
            1,
            ["no container of this project answers to the name in redis://gone:6379"],
        ),
    ],
)
def test_unchecked_is_said(
    told: Mapping[str, str], state: State, writable: int | None, says: list[str]
) -> None:
    assert judging.unchecked(told, state, writable) == says


def picture(disagreements: tuple[str, ...] = (), unknown: tuple[str, ...] = ()) -> Picture:
    return Picture("a", "a", "1", None, 0, (), (ROOT,), LAYER, {}, {}, disagreements, unknown)


@pytest.mark.parametrize(
    ("pictures", "code"),
    [
        ((picture(),), 0),
        ((picture(), picture(("no",), ("who knows",))), 1),
        ((picture(unknown=("who knows",)), picture()), 2),
        ((), 3),
    ],
)
def test_exit_code_tells_agreement_from_disagreement_from_nothing(
    pictures: tuple[Picture, ...], code: int
) -> None:
    assert Found("lab", "overlay2", pictures).exit_code == code
