"""The pictures, from literal values."""

import io

import pytest
from rich.console import Console

from chaos.where.drawing import draw, nothing
from chaos.where.folding import folded
from chaos.where.found import Change, File, Found, Image, Mounted, Picture, State

ROOT = Mounted("/", "writable-layer", "writable-layer", "overlay", "overlay", False)
VOLUME = Mounted(
    *("/state", "volume", "volume", "lab_state", "ext4", False, "volume", "lab_state"), others=("lab-app-2",)
)
DISK = Mounted(
    *("/disk", "volume", "volume", "/dev/loop3", "ext4", False, "volume", "lab_disk"), whole=True, alias=True
)
CONF = Mounted("/etc/redis.conf", "bind", "bind", "/srv/redis.conf", "ext4", True, "bind", "/srv/redis.conf")
SHARE = Mounted("/share", "network", "network", "files:/x", "nfs4", False, "bind", "/mnt/share")
SCRATCH = Mounted("/scratch", "tmpfs", "tmpfs", "tmpfs", "tmpfs", False, "tmpfs")
STRANGE = Mounted("/strange", "network", "network", "me@files:/x", "fuse.sshfs", False)
IMAGE = Image("9f25b975063a63b8", "sessionlab/stateful", 7, 174879425)
DATABASE = (File("/state/sessions.db", 16384), File("/state/sessions.db-wal", 57712))


def picture(
    state: State = State("writable-layer", "/state/sessions.db", "/", DATABASE),  # noqa: B008 - frozen
    mounts: tuple[Mounted, ...] = (ROOT,),
    changes: tuple[Change, ...] = (),
    disagreements: tuple[str, ...] = (),
    unknown: tuple[str, ...] = (),
) -> Picture:
    return Picture(
        *("lab-app-1", "stateful", "7974d3baadb55b7e", IMAGE, 74096, changes, mounts, state),
        fates={"process ends": "kept", "container removed": "lost", "host gone": "lost"},
        told={"kind": "writable-layer"},
        disagreements=disagreements,
        unknown=unknown,
    )


def shown(*pictures: Picture, width: int = 100, colour: bool = False, **other: tuple[str, ...]) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else "auto",
        highlight=False,
    )
    console.print(draw(Found("lab", "overlay2", pictures, **other)))
    return out.getvalue()


def line_with(text: str, drawn: str) -> str:
    (line,) = [line for line in drawn.splitlines() if text in line]
    return " ".join(line.split())


def test_drawing_marks_the_layer_that_holds_the_state_and_no_other() -> None:
    drawn = shown(picture(mounts=(ROOT, VOLUME, CONF)))
    assert [line.split()[1] for line in drawn.splitlines() if line.startswith("▶")] == ["writable"]
    drawn = shown(picture(State("volume", "/state/sessions.db", "/state", DATABASE), (ROOT, VOLUME, CONF)))
    assert [line.split()[1] for line in drawn.splitlines() if line.startswith("▶")] == ["volume"]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State("process-memory"), "▶ process memory in no file the process"),
        (
            State("redis", "redis://r:1/0", container="lab-r-1"),
            "▶ redis lab-r-1 redis://r:1/0; nothing of it is",
        ),
        (State("client"), "▶ client sealed in the client's cookie; nothing"),
        (State("client", "key k98Mi-aXdX"), "▶ client sealed in the client's cookie by key"),
    ],
)
def test_drawing_has_a_line_of_its_own_for_a_state_that_is_on_no_layer(state: State, words: str) -> None:
    assert line_with("▶", shown(picture(state))).startswith(words)


@pytest.mark.parametrize(
    ("mount", "words"),
    [
        (VOLUME, "volume /state lab_state, ext4 the volume"),
        (DISK, "volume /disk lab_disk, /dev/loop3, ext4 what it is made of"),
        (CONF, "bind /etc/redis.conf /srv/redis.conf, ext4, read-only the host's directory"),
        (SHARE, "network /share /mnt/share, files:/x, nfs4 the file server"),
        (SCRATCH, "tmpfs /scratch tmpfs the container's stop"),
    ],
)
def test_drawing_tells_of_a_mount_what_it_is_and_dies_with(mount: Mounted, words: str) -> None:
    assert line_with(f" {mount.point} ", shown(picture(mounts=(ROOT, mount)))) == words


def test_drawing_names_who_else_mounts_the_same() -> None:
    assert "also mounted by lab-app-2" in shown(picture(mounts=(ROOT, VOLUME)))


def test_drawing_tells_that_a_mount_is_not_the_engines() -> None:
    assert "not mounted by the engine" in shown(picture(mounts=(ROOT, STRANGE)))
    assert "not mounted by the engine" not in shown(picture(mounts=(ROOT, SHARE)))


def test_drawing_shortens_the_name_of_an_anonymous_volume() -> None:
    name = "3fa9c0de" * 8
    volume = Mounted("/state", "volume", "volume", name, "ext4", False, "volume", name)
    assert line_with(" /state ", shown(picture(mounts=(ROOT, volume)))).startswith(
        "volume /state 3fa9c0de3fa9... (anonymous), ext4"
    )


def test_drawing_tells_image_and_writable_layer_with_their_sizes() -> None:
    drawn = shown(picture())
    assert line_with("image", drawn) == "image 7 layers 174.9 MB, sessionlab/stateful the image"
    assert line_with("writable", drawn) == "▶ writable layer / 74.1 kB, overlay the container"


def test_drawing_tells_how_large_the_state_is() -> None:
    assert line_with("state:", shown(picture())) == (
        "state: /state/sessions.db 74.1 kB (database 16.4 kB, -wal 57.7 kB)"
    )


def test_drawing_tells_how_a_redis_writes() -> None:
    state = State("volume", "/state", "/state", (File("/state/a.aof", 7703),), "append-only", "everysec")
    drawn = shown(picture(state, (ROOT, VOLUME)))
    assert line_with("state:", drawn) == "state: /state 7.7 kB (in 1 file); append-only file, synced everysec"
    assert "agrees: INFO, " in drawn


def test_drawing_tells_what_dies_with_what() -> None:
    assert line_with("kept", shown(picture())) == (
        "kept when process ends; lost when container removed, host gone"
    )


def test_drawing_says_that_all_agree_only_when_they_do() -> None:
    assert "agrees: GET /placement" in shown(picture())
    for other in (picture(disagreements=("it is not so",)), picture(unknown=("who knows",))):
        assert "agrees" not in shown(other)


def test_drawing_is_red_where_something_disagrees() -> None:
    assert "\x1b[1;31mDISAGREES: it is not so\x1b[0m" in shown(
        picture(disagreements=("it is not so",)), colour=True
    )
    assert "1 instance of project lab (overlay2): 1 disagree" in shown(picture(disagreements=("no",)))


def test_drawing_colours_the_layer_that_holds_the_state() -> None:
    lines = shown(picture(mounts=(ROOT, VOLUME)), colour=True).splitlines()
    assert [
        word for line in lines for word in ("writable layer", "volume ") if f"\x1b[1;35m{word}" in line
    ] == ["writable layer"]


def test_drawing_is_plain_and_within_its_width_when_piped() -> None:
    long = tuple(Change("A", f"/{'deep/' * 30}{number}") for number in range(9))
    drawn = shown(picture(mounts=(ROOT, VOLUME, CONF), changes=long))
    assert "\x1b" not in drawn
    assert max(len(line) for line in drawn.splitlines()) <= 100


def test_drawing_names_what_was_left_out() -> None:
    assert "not up, so left out: lab-app-2 (exited)" in shown(picture(), left_out=("lab-app-2 (exited)",))


def test_nothing_up_says_what_to_do() -> None:
    assert nothing(Found("lab", "", (), ("lab-app-1 (exited)",))) == (
        "no instance of project lab is up (lab-app-1 (exited)): start the pair by `docker compose up -d`"
    )


def test_folded_shows_a_database_in_one_line_without_its_directory() -> None:
    changes = [
        Change("C", "/state"),
        Change("A", "/state/s.db"),
        Change("A", "/state/s.db-shm"),
        Change("A", "/state/s.db-wal"),
    ]
    assert folded(changes) == ["A /state/s.db -wal -shm"]


def test_folded_leaves_out_what_the_engine_made_to_mount_on() -> None:
    assert folded([Change("C", "/etc"), Change("A", "/etc/redis.conf")], [ROOT, CONF]) == []


def test_folded_keeps_a_file_beside_what_the_engine_made() -> None:
    changes = [Change("C", "/etc"), Change("A", "/etc/redis.conf"), Change("C", "/etc/passwd")]
    assert folded(changes, [CONF]) == ["C /etc/passwd"]


def test_folded_counts_by_directory_when_there_are_many() -> None:
    changes = [Change("A", f"/app/cache/{number}") for number in range(12)] + [Change("D", "/etc/motd")]
    assert folded(changes) == ["A /app/cache/ (12 files)", "D /etc/ (1 file)"]


def test_folded_counts_directories_when_there_are_many_of_them() -> None:
    changes = [Change("A", f"/app/{number}/file") for number in range(12)]
    assert folded(changes, lines=3) == [
        "A /app/0/ (1 file)",
        "A /app/1/ (1 file)",
        "and in 10 more directories",
    ]
