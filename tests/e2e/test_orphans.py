"""Scaling in leaves volumes behind: each is found, and each session in them is served again."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from chaos import inspection
from chaos.cluster import Cluster
from chaos.engine import ROOT
from chaos.inventory import Project, Volume
from chaos.orphans import find
from chaos.placements import PLACEMENTS
from tests.e2e.conftest import project

SESSIONS = 30
LOOK = """
cd /volumes
find . -type f -exec sha256sum {} + | sort -k 2
find . -mindepth 1 -printf '%p %y %m %U %G %s %T@ %C@ %A@\\n' | sort
"""
OTHERS = """
import sqlite3
from services.stateful.app import create_app
create_app({"COMPOSE_PROJECT_NAME": "somebody-elses", "SESSION_STORE": "sqlite:/volumes/0/sessions.db"})
sqlite3.connect("/volumes/1/sessions.db").execute("CREATE TABLE sessions (token, data)")
open("/volumes/2/sessions.db", "w").write("no database")
"""


@dataclass(frozen=True)
class Opened:
    """A session, by the replica that knows it."""

    cookie: str
    replica: str
    state: Mapping[str, Any]


@dataclass(frozen=True)
class Left:
    """What scaling in left: the replica whose volume it was by the volume, and what is not the project's."""

    cluster: Cluster
    opened: tuple[Opened, ...]
    replicas: Mapping[str, str]
    foreign: Sequence[str]
    originals: str

    def sessions(self, volume: str) -> list[Opened]:
        return [session for session in self.opened if session.replica == self.replicas[volume]]


@pytest.fixture(scope="module")
def left(images: None) -> Iterator[Left]:
    with ExitStack() as removal, project(placements=(PLACEMENTS["anonymous"],)) as cluster:
        cluster.start("gateway", "anonymous", options=["--scale", "anonymous=3"])
        cluster.wait_ready()
        instances = cluster.snapshot(["anonymous"])["anonymous"]
        volumes = {volume: i.short for i in instances for volume in i.volumes}
        removal.callback(cluster.remove_volumes, list(volumes))
        base = f"{cluster.url()}/anonymous"
        fresh = [requests.post(f"{base}/session", timeout=30) for _ in range(SESSIONS)]
        with ThreadPoolExecutor(6) as clients:
            opened = tuple(clients.map(partial(filled, base), range(SESSIONS), fresh))
        cluster.start("anonymous", options=["--scale", "anonymous=1"])
        cluster.wait_ready()
        (kept,) = cluster.snapshot(["anonymous"])["anonymous"]
        replicas = {volume: short for volume, short in volumes.items() if volume not in kept.volumes}
        foreign = volumes_of_others(cluster, removal)
        yield Left(cluster, opened, replicas, foreign, content(cluster, (*replicas, *foreign)))


@pytest.fixture(scope="module")
def listed(left: Left) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(chaos(left.cluster, "--json"))
    return told


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where sessions are exported to."""
    return tmp_path_factory.mktemp("exported") / "sessions.json"


@pytest.fixture(scope="module")
def recovered(left: Left, listed: dict[str, Any], file: Path) -> list[dict[str, Any]]:
    """Of each volume, all sessions; those of one were exported before."""
    wanted = [part for volume in left.replicas for part in ("--recover", volume)]
    export = ("--export", min(left.replicas), str(file))
    told: list[dict[str, Any]] = json.loads(
        chaos(left.cluster, *export, *wanted, "--into", "anonymous", "--json")
    )
    assert told[0]["file"] == str(file)
    return told[1:]


def filled(base: str, number: int, answer: requests.Response) -> Opened:
    """A session that was just opened gets two items and up to two visits, by its number."""
    assert answer.status_code == 201
    with requests.Session() as client:
        cookie = "; ".join(f"{c.name}={c.value}" for c in answer.cookies)

        def done(method: str, path: str, **more: Any) -> requests.Response:
            """By the replica that knows the session: the gateway asks them in turn."""
            deadline, header = time.monotonic() + 60, {"Cookie": cookie}
            while not (said := client.request(method, base + path, headers=header, timeout=30, **more)).ok:
                assert time.monotonic() < deadline, said.text
            return said

        for item in ("a1", "a2"):
            done("PUT", f"/session/items/{item}", json={"name": f"tea {number}", "quantity": number + 1})
        for _ in range(number % 3):
            done("POST", "/session/visits")
        state = done("GET", "/session").json()
    return Opened(cookie, answer.headers["Served-By"].split("/")[1], state)


def volumes_of_others(cluster: Cluster, removal: ExitStack) -> list[str]:
    """Anonymous ones: another project's, another application's, one with no database, an empty one."""
    create = ("volume", "create", "--label", "sessionlab=e2e")
    volumes = [cluster.docker(*create).strip() for _ in range(4)]
    removal.callback(cluster.remove_volumes, volumes)
    inside(cluster, volumes, "python", "-c", OTHERS)
    return volumes


def content(cluster: Cluster, volumes: Iterable[str]) -> str:
    """Checksum, mode, owner, size and all times of every file in these volumes."""
    return inside(cluster, sorted(volumes), "sh", "-c", LOOK, mode="readonly,")


def inside(cluster: Cluster, volumes: Sequence[str], *command: str, mode: str = "") -> str:
    """Run a command with volumes side by side."""
    run = ("run", "--rm", "--network", "none", "--label", "sessionlab=e2e", "--user", "0:0")
    mounts = [
        f"--mount=type=volume,src={volume},dst=/volumes/{number},{mode}volume-nocopy"
        for number, volume in enumerate(volumes)
    ]
    return cluster.docker(*run, *mounts, "sessionlab/stateful", *command)


def chaos(cluster: Cluster, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "chaos", "orphans", *arguments],
        cwd=ROOT,
        env={**os.environ, **cluster.environ},
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def in_named_volumes(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [its for its in told["orphans"] if its["volume"].startswith(told["project"])]


def anonymous(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {its["volume"]: its for its in told["orphans"] if its not in in_named_volumes(told)}


def test_every_volume_that_scaling_in_left_is_found(left: Left, listed: dict[str, Any]) -> None:
    assert len(left.replicas) == 2
    assert anonymous(listed).keys() == left.replicas.keys()


def test_volumes_of_others_are_not_mentioned(left: Left, listed: dict[str, Any]) -> None:
    assert len(left.foreign) == 4
    assert not [volume for volume in left.foreign if volume in json.dumps(listed)]


def test_every_session_in_an_orphan_is_counted(left: Left, listed: dict[str, Any]) -> None:
    assert min(Counter(session.replica for session in left.opened).values()) >= 5
    for volume, its in anonymous(listed).items():
        sessions = left.sessions(volume)
        assert its["services"] == ["anonymous"]
        assert its["sessions"] == {
            "total": len(sessions),
            "live": len(sessions),
            "ended": 0,
            "items": 2 * len(sessions),
            "visits": sum(session.state["visits"] for session in sessions),
        }


def test_orphan_has_a_size_and_a_time(left: Left, listed: dict[str, Any]) -> None:
    made = left.cluster.made(left.replicas)
    for volume, its in anonymous(listed).items():
        assert its["bytes"] > 4096
        assert its["made_at"] == made[volume]
        assert its["written_at"] >= made[volume]


def test_table_names_every_orphan(left: Left, listed: dict[str, Any]) -> None:
    printed = chaos(left.cluster)
    assert all(volume[:12] in printed for volume in left.replicas)
    assert not [volume for volume in left.foreign if volume[:12] in printed]


def test_export_has_every_session_of_the_volume(
    left: Left, file: Path, recovered: list[dict[str, Any]]
) -> None:
    volume, exported = min(left.replicas), json.loads(file.read_text())
    names = {item["name"] for session in exported["sessions"] for item in session["items"].values()}
    assert (exported["volume"], file.stat().st_mode & 0o077) == (volume, 0)
    assert names == {session.state["items"]["a1"]["name"] for session in left.sessions(volume)}


def test_every_session_is_recovered(left: Left, recovered: list[dict[str, Any]]) -> None:
    told = {its["volume"]: (its["recovered"], its["present"], its["expired"]) for its in recovered}
    assert told == {volume: (len(left.sessions(volume)), 0, 0) for volume in left.replicas}
    assert not [note for its in recovered for note in its["notes"]]


def test_every_session_is_readable_with_its_old_cookie(left: Left, recovered: list[dict[str, Any]]) -> None:
    url, read = f"{left.cluster.url()}/anonymous/session", 0
    for session in left.opened:
        answer = requests.get(url, headers={"Cookie": session.cookie}, timeout=5)
        assert answer.status_code == 200, answer.text
        seen = answer.json()
        assert {**seen, "idle_expires_at": ""} == {**session.state, "idle_expires_at": ""}
        read += 1
    assert read == SESSIONS


def test_recovering_again_recovers_nothing(left: Left, recovered: list[dict[str, Any]]) -> None:
    volume = min(left.replicas)
    (again,) = json.loads(chaos(left.cluster, "--recover", volume[:12], "--json"))
    assert (again["into"], again["recovered"], again["present"]) == (
        "anonymous",
        0,
        len(left.sessions(volume)),
    )


def test_originals_are_as_they_were(left: Left, recovered: list[dict[str, Any]]) -> None:
    assert left.originals.count("sessions.db-wal") >= 2 * len(left.replicas)
    assert content(left.cluster, (*left.replicas, *left.foreign)) == left.originals


def test_volumes_are_found_while_another_lab_looks_into_them(left: Left, listed: dict[str, Any]) -> None:
    look = f"{left.cluster.project}-look"
    mounts = [f"--mount=type=volume,src={volume},dst=/{volume},readonly" for volume in left.replicas]
    left.cluster.docker(
        "create", "--name", look, "--label", "sessionlab=inspection", *mounts, "sessionlab/stateful"
    )
    try:
        assert anonymous(find(left.cluster).as_json()).keys() == left.replicas.keys()
    finally:
        left.cluster.docker("rm", look)


def test_volume_of_a_stopped_container_is_no_orphan(left: Left, listed: dict[str, Any]) -> None:
    user, (volume, other) = f"{left.cluster.project}-user", sorted(left.replicas)
    mount = f"--mount=type=volume,src={volume},dst=/kept"
    left.cluster.docker("create", "--name", user, "--label", "sessionlab=e2e", mount, "sessionlab/stateful")
    try:
        assert anonymous(find(left.cluster).as_json()).keys() == {other}
    finally:
        left.cluster.docker("rm", user)


def test_look_leaves_nothing_behind(left: Left, recovered: list[dict[str, Any]]) -> None:
    of_looks = f"name={left.cluster.project}-inspection"
    assert not left.cluster.docker("ps", "--all", "--quiet", "--filter", of_looks)


def test_volume_that_is_removed_meanwhile_is_not_made_anew(left: Left) -> None:
    """Mounting a volume that is not there makes it."""
    gone = secrets.token_hex(32)
    its = Project(left.cluster.project, "sessionlab/stateful", frozenset(), {})
    assert not inspection.look(left.cluster, its, [Volume(gone, "2026-11-26T02:00:00Z", ours=False)])
    assert gone not in left.cluster.volumes()


def test_volume_that_cannot_be_mounted_does_not_hide_the_others(left: Left, tmp_path: Path) -> None:
    nowhere = f"{left.cluster.project}-nowhere"
    options = [f"--opt={option}" for option in ("type=none", "o=bind", f"device={tmp_path}/nowhere")]
    left.cluster.docker("volume", "create", "--label", "sessionlab=e2e", *options, nowhere)
    try:
        its = Project(left.cluster.project, "sessionlab/stateful", frozenset(), {})
        volumes = [Volume(name, "2026-11-26T02:00:00Z", ours=False) for name in (*left.replicas, nowhere)]
        found = inspection.look(left.cluster, its, volumes)
    finally:
        left.cluster.remove_volumes([nowhere])
    assert found.keys() == {*left.replicas, nowhere}
    assert found[nowhere].problem
    assert all(found[volume].sessions for volume in left.replicas)
