"""The load in containers: one master, two workers, and a container that is replaced under them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from chaos import results
from chaos.cluster import Cluster
from loadtests import judge, recording
from loadtests.__main__ import main as loadtests
from loadtests.judge import Judged
from tests.contract.running import free_port
from tests.e2e.conftest import project, remove
from tests.e2e.poll import until

USERS = 4
"""For each of the three placements: two on each worker."""


class Master:
    """Locust's page, as a browser uses it."""

    def __init__(self, cluster: Cluster, url: str) -> None:
        self.cluster = cluster
        self.url = url

    def workers(self) -> int:
        try:
            count: int = requests.get(f"{self.url}/worker-count", timeout=30).json()["worker_count"]
        except requests.RequestException:
            return 0
        return count

    def start(self) -> None:
        form = {"user_count": 3 * USERS, "spawn_rate": 100, "host": "http://gateway:8080"}
        assert requests.post(f"{self.url}/swarm", data=form, timeout=30).json()["success"]

    def stop(self) -> None:
        requests.post(f"{self.url}/stop", timeout=60)

    def integrity(self) -> Mapping[str, Mapping[str, Any]]:
        """The rows of the tab "Integrity", by placement."""
        (table,) = requests.get(f"{self.url}/stats/requests", timeout=30).json()["extended_stats"]
        return {row["placement"]: row for row in table["data"]}

    def failures(self) -> set[str]:
        errors = requests.get(f"{self.url}/stats/requests", timeout=30).json()["errors"]
        return {error["name"] for error in errors if error["method"] == "INTEGRITY"}


@pytest.fixture(scope="module")
def master(images: None) -> Iterator[Master]:
    port = free_port()
    with project() as pair:
        pair.up()
        more = {"LOAD_PORT": str(port), "LOADTEST_RATE": "10"}
        cluster = replace(pair, environ={**pair.environ, **more})
        cluster.compose("build", "--quiet", "load-master", seconds=600)
        cluster.start("load-master", "load-worker", options=["--scale", "load-worker=2"])
        try:
            yield Master(cluster, f"http://127.0.0.1:{port}")
        finally:
            remove(cluster)


@pytest.fixture(scope="module")
def run(master: Master, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The histories of a run in whose middle the stateful container was recreated."""
    until(lambda: master.workers() == 2, 120, "both workers are there")
    master.start()
    until(lambda: everybody_verified(master.integrity()), 120, "all users have been verifying")
    master.cluster.start("stateful", options=["--force-recreate"])
    until(lambda: master.integrity()["layer"]["dropped"] == USERS, 120, "the loss shows")
    went_on = master.integrity()["layer"]["verified"]
    until(lambda: master.integrity()["layer"]["verified"] > went_on, 120, "users go on")
    master.stop()
    folder = tmp_path_factory.mktemp("load")
    master.cluster.compose("cp", "load-master:/histories", str(folder))
    return recording.latest(folder / "histories")


def everybody_verified(rows: Mapping[str, Mapping[str, Any]]) -> bool:
    placements = [rows.get(name, {}) for name in ("layer", "token", "redis-everysec")]
    return all(row.get("sessions", 0) >= USERS and row["verified"] >= 12 * USERS for row in placements)


@pytest.fixture(scope="module")
def judged(run: Path) -> Mapping[str, Judged]:
    return judge.judge(run)


def test_each_worker_leaves_its_part_of_every_history(run: Path) -> None:
    parts = {path.name: len(list(path.glob("*.jsonl"))) for path in run.iterdir()}
    assert parts == {"layer": 2, "token": 2, "redis-everysec": 2}


@pytest.mark.parametrize(
    ("placement", "observed"), [("layer", "lost"), ("token", "kept"), ("redis-everysec", "kept")]
)
def test_merged_history_is_judged_like_that_of_one_process(
    judged: Mapping[str, Judged], placement: str, observed: str
) -> None:
    judgement = judged[placement].judgement
    assert (judgement.observed, judgement.reason) == (observed, "")
    assert judgement.sessions == USERS


def test_page_counts_what_the_merged_history_does(master: Master, judged: Mapping[str, Judged]) -> None:
    shown = master.integrity()
    for name, one in judged.items():
        tally = one.tally
        counted = (tally.acknowledged, tally.verified, tally.lost, tally.dropped)
        assert counted == tuple(shown[name][key] for key in ("acknowledged", "verified", "lost", "dropped"))


def test_loss_is_a_failure_of_its_own_name_and_of_no_other_placement(run: Path, master: Master) -> None:
    assert master.failures() == {"layer: dropped session", "layer: lost write"}


def test_load_measures_what_is_up_and_reports_it_like_the_lab(
    run: Path,
    master: Master,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in master.cluster.environ.items():
        monkeypatch.setenv(name, value)
    chosen = ("--placement", "layer", "--placement", "redis-everysec", "--seconds", "10")
    code = loadtests([*chosen, "--results", str(tmp_path)])
    (row, other) = results.load(tmp_path / "latest").cells
    assert (row.fault, row.placement, other.placement) == ("load", "layer", "redis-everysec")
    assert (tmp_path / "latest" / "report.html").exists()
    said = capsys.readouterr().out
    assert said.splitlines()[1].split()[-1] == row.observed
    assert (code, row.observed, other.observed) == (0, "kept", "kept"), said


def test_verdict_is_given_inside_the_container_too(run: Path, master: Master) -> None:
    command = "python -m loadtests.judge; echo exit $?"
    said = master.cluster.compose("exec", "-T", "load-master", "sh", "-c", command).splitlines()
    observed = {line.split()[0]: line.split()[-1] for line in said[1:4]}
    assert observed == {"layer": "lost", "token": "kept", "redis-everysec": "kept"}
    assert said[-1] == "exit 1"
