"""The lab itself, as people run it: `python -m chaos`."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from chaos import predictions
from chaos.cluster import Cluster
from chaos.engine import ROOT
from chaos.placements import PAIR
from tests.contract.running import free_port
from tests.e2e.conftest import project
from tests.e2e.poll import until

Cells = dict[str, dict[str, Any]]


def start(cluster: Cluster, results: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "chaos", *arguments, "--results", str(results)],
        cwd=ROOT,
        env={**os.environ, **cluster.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def loads_of(results: Path) -> list[str]:
    """Locust processes that write their histories below this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environ = (process / "environ").read_text()
        except OSError:
            continue
        if f"LOADTEST_LOG={results}" in environ:
            found.append(process.name)
    return found


def replicas(cluster: Cluster, service: str = "stateful") -> int:
    return len(cluster.compose("ps", "--quiet", service).split())


@pytest.fixture(scope="module")
def lab() -> Iterator[Cluster]:
    with project() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def recreated(images: None, lab: Cluster, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """One real recreate of all three placements, from nothing: its results and what was printed."""
    results = tmp_path_factory.mktemp("results")
    process = start(lab, results, "run", "recreate", *(f"--placement={name}" for name in PAIR))
    printed, errors = process.communicate(timeout=300)
    assert process.returncode == 0, printed + errors
    return results, printed


@pytest.fixture(scope="module")
def cells(recreated: tuple[Path, str]) -> Cells:
    matrix = json.loads((recreated[0] / "latest" / "matrix.json").read_text())
    return {cell["placement"]: cell for cell in matrix["cells"]}


def test_recreate_loses_every_acknowledged_write_of_the_writable_layer(cells: Cells) -> None:
    assert cells["layer"]["observed"] == "lost"
    assert cells["layer"]["lost"] == cells["layer"]["acknowledged"] >= 200


@pytest.mark.parametrize("placement", ["token", "redis-everysec"])
def test_recreate_loses_nothing_outside_the_container(cells: Cells, placement: str) -> None:
    assert (cells[placement]["observed"], cells[placement]["lost"]) == ("kept", 0)
    assert cells[placement]["acknowledged"] >= 200


def test_recreate_is_proven_by_another_container(cells: Cells) -> None:
    for cell in cells.values():
        (before,), (after,) = cell["proof"]["before"], cell["proof"]["after"]
        assert before["container"] != after["container"]
        assert before["boot"] != after["boot"]


def test_cause_names_the_container_that_was_deleted(cells: Cells) -> None:
    (before,) = cells["layer"]["proof"]["before"]
    assert before["container"][:12] in cells["layer"]["cause"]


def test_history_is_kept_beside_the_results(recreated: tuple[Path, str], cells: Cells) -> None:
    lines = (recreated[0] / "latest" / cells["layer"]["evidence"] / "history.jsonl").read_text()
    assert len(lines.splitlines()) == cells["layer"]["operations"]


def test_table_and_cause_are_printed(recreated: tuple[Path, str]) -> None:
    assert "as predicted" in recreated[1]
    assert "recreate x layer: 10 sessions" in recreated[1]


def test_wrong_prediction_is_a_surprise(images: None, lab: Cluster, tmp_path: Path) -> None:
    flipped = tmp_path / "predictions.toml"
    flipped.write_text(predictions.FILE.read_text().replace('layer = "split"', 'layer = "kept"'))
    process = start(
        *(lab, tmp_path, "run", "scale-out", "--placement", "layer", "--predictions", str(flipped))
    )
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "SURPRISE scale-out x layer: predicted kept" in printed
    folder = tmp_path / "latest"
    (failure,) = ElementTree.parse(folder / "junit.xml").iter("failure")  # noqa: S314 - our own
    assert failure.get("message") == "predicted kept, observed split"
    page = (folder / "report.html").read_text()
    assert "1 surprise" in page
    assert "predicted kept" in " ".join(page.split())


def test_run_that_nothing_was_measured_in_says_why_and_leaves_the_latest_results_alone(
    images: None, lab: Cluster, tmp_path: Path
) -> None:
    process = start(lab, tmp_path, "run", "redis-kill", "--placement", "layer")
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "not measured: not applicable: no Redis behind it" in printed
    assert not (tmp_path / "latest").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_in_the_middle_of_a_fault_heals(
    images: None, lab: Cluster, tmp_path: Path, number: signal.Signals
) -> None:
    process = start(lab, tmp_path, "run", "scale-out", "--placement", "layer")
    until(lambda: replicas(lab) == 3, 180, "the fault is on")
    process.send_signal(number)
    _, errors = process.communicate(timeout=180)
    assert (process.returncode, errors) == (130, "chaos: interrupted; what was broken is healed\n")
    assert replicas(lab) == 1
    assert requests.get(f"{lab.url()}/layer/readyz", timeout=5).status_code == 200
    assert not loads_of(tmp_path)


def test_next_command_heals_when_the_lab_was_killed(images: None, lab: Cluster, tmp_path: Path) -> None:
    process = start(lab, tmp_path, "run", "scale-out", "--placement", "layer")
    until(lambda: replicas(lab) == 3, 180, "the fault is on")
    process.kill()
    process.communicate()
    until(lambda: not loads_of(tmp_path), 60, "the load ended by itself")
    again = start(lab, tmp_path, "run", "none", "--placement", "layer")
    printed, errors = again.communicate(timeout=300)
    assert again.returncode == 0, printed + errors
    assert replicas(lab) == 1


def test_port_in_use_is_one_clear_line(images: None, tmp_path: Path) -> None:
    with project() as cluster, socket.create_server(("127.0.0.1", free_port())) as taken:
        port = str(taken.getsockname()[1])
        other = Cluster(environ={**cluster.environ, "GATEWAY_PORT": port})
        process = start(other, tmp_path, "run", "none", "--placement", "layer")
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 3
    assert (
        errors == f"chaos: port {port} is in use on 127.0.0.1: free it, or set GATEWAY_PORT to another one\n"
    )
