"""Where the bytes are, on real containers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests

from chaos.cluster import Cluster
from chaos.engine import ROOT
from chaos.placements import PLACEMENTS
from chaos.where.found import Found, Mounted, Picture
from chaos.where.look import look
from tests.e2e.conftest import project
from tests.e2e.poll import until

HERE = ("layer", "token", "redis-everysec", "volume", "tmpfs", "redis-stock", "memory")
BY_HAND = "/tmp/written-by-hand"  # noqa: S108 - in a container


@pytest.fixture(scope="module")
def several(images: None) -> Iterator[Cluster]:
    """The pair with three stateful replicas, two on one volume, and others; some sessions in each; a
    file written by hand into a writable layer.
    """
    with project(placements=tuple(PLACEMENTS[name] for name in HERE)) as cluster:
        cluster.up()
        cluster.scale(["stateful"], 3)
        cluster.scale(["volume"], 2)
        for name in HERE:
            for _ in range(6):
                answer = requests.post(f"{cluster.url()}/{name}/session", timeout=5)
                assert answer.status_code == 201
        container = cluster.snapshot(["stateful"])["stateful"][0]
        cluster.docker("exec", container.id, "sh", "-c", f"head -c 50000 /dev/zero > {BY_HAND}")
        yield cluster


@pytest.fixture(scope="module")
def found(several: Cluster) -> Found:
    return look(several)


def pictures(found: Found, service: str) -> list[Picture]:
    return [picture for picture in found.pictures if picture.service == service]


def holder(picture: Picture) -> Mounted:
    (mount,) = [mount for mount in picture.mounts if mount.point == picture.state.mount]
    return mount


def where(cluster: Cluster, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chaos", "where", *arguments],
        cwd=ROOT,
        env={**os.environ, **cluster.environ},
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )


def test_where_finds_every_running_instance_and_nothing_else(found: Found) -> None:
    up = [picture.service for picture in found.pictures]
    assert {service: up.count(service) for service in up} == {
        "stateful": 3,
        "volume": 2,
        "token": 1,
        "stateless": 1,
        "redis": 1,
        "tmpfs": 1,
        "memory": 1,
        "redis-stock": 1,
        "store-stock": 1,
    }


def test_where_agrees_with_every_instance(found: Found) -> None:
    assert [(p.name, p.disagreements, p.unknown) for p in found.pictures] == [
        (p.name, (), ()) for p in found.pictures
    ]
    assert found.exit_code == 0


def test_where_was_told_by_every_instance(found: Found) -> None:
    assert all(picture.told["boot"] for picture in found.pictures)


@pytest.mark.parametrize(
    ("service", "kind", "path", "mount"),
    [
        ("stateful", "writable-layer", "/state/sessions.db", "/"),
        ("volume", "volume", "/state/sessions.db", "/state"),
        ("tmpfs", "tmpfs", "/state/sessions.db", "/state"),
        ("redis", "volume", "/data", "/data"),
        ("store-stock", "volume", "/data", "/data"),
        ("memory", "process-memory", None, None),
        ("stateless", "redis", "redis://redis:6379/0", None),
    ],
)
def test_where_says_what_holds_the_state(
    found: Found, service: str, kind: str, path: str | None, mount: str | None
) -> None:
    states = {(p.state.kind, p.state.path, p.state.mount) for p in pictures(found, service)}
    assert states == {(kind, path, mount)}


def test_where_names_the_key_that_seals_what_is_on_the_client(found: Found) -> None:
    ((kind, key),) = {(p.state.kind, (p.state.path or "")[:4]) for p in pictures(found, "token")}
    assert (kind, key) == ("client", "key ")


def test_where_measures_a_database_as_its_container_does(several: Cluster, found: Found) -> None:
    for picture in pictures(found, "stateful"):
        said = several.docker("exec", picture.id, "stat", "-c", "%s", "/state/sessions.db")
        assert [f.size for f in picture.state.files if f.path == "/state/sessions.db"] == [int(said)]
        assert picture.state.size > int(said) > 0


def test_where_measures_the_append_only_directory(found: Found) -> None:
    (redis,) = pictures(found, "redis")
    assert any(file.path.endswith(".aof") and file.size > 500 for file in redis.state.files)


def test_where_names_the_container_that_a_stateless_service_keeps_its_state_in(found: Found) -> None:
    (stateless,), (redis,) = pictures(found, "stateless"), pictures(found, "redis")
    assert stateless.state.container == redis.name


def test_where_names_who_else_mounts_the_same_volume(found: Found) -> None:
    one, other = pictures(found, "volume")
    assert (holder(one).others, holder(other).others) == ((other.name,), (one.name,))
    assert holder(one).name == f"{found.project}_volume-state"


def test_where_shows_a_file_that_was_written_by_hand_into_one_writable_layer(found: Found) -> None:
    had = [BY_HAND in {change.path for change in p.changes} for p in pictures(found, "stateful")]
    assert had.count(True) == 1
    (picture,) = [p for p, has in zip(pictures(found, "stateful"), had, strict=True) if has]
    assert (picture.writable or 0) > 50000


def test_where_shows_the_database_among_the_changes_only_where_it_is_in_the_layer(found: Found) -> None:
    changed = {
        p.service: "/state/sessions.db" in {change.path for change in p.changes} for p in found.pictures
    }
    assert [service for service, has in changed.items() if has] == ["stateful"]


def test_where_counts_image_layers_as_the_engine_does(several: Cluster, found: Found) -> None:
    for picture in found.pictures:
        image = json.loads(several.docker("inspect", picture.id))[0]["Image"]
        seen = json.loads(several.docker("image", "inspect", image))[0]
        assert picture.image is not None
        assert (picture.image.layers, picture.image.size) == (len(seen["RootFS"]["Layers"]), seen["Size"])


def test_where_says_what_dies_with_what(found: Found) -> None:
    lost = {p.service: [event for event, fate in p.fates.items() if fate == "lost"] for p in found.pictures}
    assert lost["stateful"] == ["container removed", "host gone"]
    assert lost["volume"] == ["volume removed", "host gone"]
    assert lost["tmpfs"] == ["container stops", "container removed", "host gone"]
    assert lost["memory"] == ["process ends", "container stops", "container removed", "host gone"]
    (stock,) = pictures(found, "store-stock")
    assert (stock.fates["process ends"], stock.fates["container removed"]) == ("partly", "orphaned")


def test_where_prints_what_it_found_as_json(several: Cluster) -> None:
    printed = where(several, "--json", "volume", "tmpfs")
    told: Mapping[str, Any] = json.loads(printed.stdout)
    assert (printed.returncode, [p["service"] for p in told["pictures"]]) == (
        0,
        ["volume", "volume", "tmpfs"],
    )
    assert [p["state"]["kind"] for p in told["pictures"]] == ["volume", "volume", "tmpfs"]


def test_where_draws_plainly_for_a_pipe_and_marks_the_holder(several: Cluster) -> None:
    printed = where(several, "tmpfs")
    assert (printed.returncode, printed.stderr, "\x1b" in printed.stdout) == (0, "", False)
    (marked,) = [line for line in printed.stdout.splitlines() if line.startswith("▶")]
    assert marked.split()[1:3] == ["tmpfs", "/state"]


def test_where_exits_with_3_and_one_line_when_nothing_is_up(images: None) -> None:
    with project() as cluster:
        printed = where(cluster)
    assert (printed.returncode, printed.stdout, len(printed.stderr.splitlines())) == (3, "", 1)
    assert "`docker compose up -d`" in printed.stderr


def test_where_exits_with_1_when_the_state_is_not_where_the_service_says(several: Cluster) -> None:
    """Its database is moved under it: what it has open is not what it says. It changes the fixture, so
    it comes last.
    """
    (tmpfs,) = several.snapshot(["tmpfs"])["tmpfs"]
    several.docker("exec", tmpfs.id, "mv", "/state/sessions.db", "/state/moved.db")
    until(lambda: look(several, ["tmpfs"]).exit_code == 1, 60, "a disagreement")
    printed = where(several, "tmpfs")
    assert printed.returncode == 1
    assert (
        "DISAGREES: GET /placement says /state/sessions.db; its process writes /state/moved.db"
        in " ".join(printed.stdout.split())
    )
