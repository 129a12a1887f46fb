"""The faults that are more than a restart or a new container, on real ones: each as it was predicted."""

import json
from typing import Any

import pytest

from tests.e2e.conftest import project
from tests.e2e.test_lab import start

PLACEMENTS = ("memory", "volume", "token", "redis-stock", "redis-everysec")
OBSERVED = {
    "oom": "lost kept kept kept kept",
    "wrong-mount": "- lost - - kept",
    "replace-keys": "kept kept lost kept kept",
    "rotate-keys": "kept kept kept kept kept",
    "concurrent-writes": "kept kept partly kept kept",
    "replay-token": "- - partly - -",
    "redis-evict": "- - - less less",
    "redis-torn-aof": "- - - - partly",
    "redis-aof-switch": "- - - lost -",
    "redis-aof-online": "- - - kept -",
    "redis-disk-full": "- - - - kept",
    "power-loss": "- kept - - most",
    "offline": "kept kept split kept kept",
    "offline-recreate": "lost kept kept kept kept",
    "offline-redis-kill": "- - - lost most",
    "lost-answer": "kept kept kept kept kept",
}
CHANCE = {"less": {"partly", "lost"}, "most": {"partly", "kept"}}
"""Where chance decides: which sessions are evicted, whether the last second had a write in it."""
MEASURED = [
    (fault, placement, observed)
    for fault, row in OBSERVED.items()
    for placement, observed in zip(PLACEMENTS, row.split(), strict=True)
    if observed != "-"
]
Cells = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def cells(images: None, tmp_path_factory: pytest.TempPathFactory) -> Cells:
    """One run of all these faults on all these placements."""
    results = tmp_path_factory.mktemp("results")
    chosen = [f"--fault={fault}" for fault in OBSERVED] + [f"--placement={name}" for name in PLACEMENTS]
    with project() as cluster:
        process = start(cluster, results, "matrix", *chosen)
        printed, errors = process.communicate(timeout=1200)
    assert process.returncode == 0, printed + errors
    matrix = json.loads((results / "latest" / "matrix.json").read_text())
    return {(cell["fault"], cell["placement"]): cell for cell in matrix["cells"]}


@pytest.mark.parametrize(("fault", "placement", "observed"), MEASURED)
def test_fault_does_to_the_state_what_was_predicted(
    cells: Cells, fault: str, placement: str, observed: str
) -> None:
    cell = cells[fault, placement]
    if cell["reason"].startswith("not here: "):
        pytest.skip(cell["reason"])
    assert cell["observed"] in CHANCE.get(observed, {observed})
    assert cell["acknowledged"] >= 100
    assert cell["proof"]


@pytest.mark.parametrize(
    ("fault", "placement", "said"),
    [
        ("oom", "memory", "`oom` ended it"),
        ("wrong-mount", "volume", "in the writable layer of container"),
        ("replace-keys", "token", "sealed with a key that is no longer in the key ring"),
        ("concurrent-writes", "token", "the cookie that came last is the session"),
        ("replay-token", "token", "ended sessions live again"),
        ("redis-evict", "redis-stock", "by its policy it forgot"),
        ("redis-torn-aof", "redis-everysec", "in the last 4096 of"),
        ("redis-aof-switch", "redis-stock", "read that one alone"),
        ("offline", "token", "each device holds a copy of its own"),
        ("offline-recreate", "memory", "more writes, not acknowledged, are safe on devices"),
    ],
)
def test_loss_has_its_cause(cells: Cells, fault: str, placement: str, said: str) -> None:
    assert said in cells[fault, placement]["cause"]


@pytest.mark.parametrize("fault", ["offline", "offline-recreate", "offline-redis-kill", "lost-answer"])
def test_nothing_that_a_device_did_is_applied_twice(cells: Cells, fault: str) -> None:
    counts = {name: cell["surplus"] for (of, name), cell in cells.items() if of == fault}
    assert len(counts) == len(PLACEMENTS)
    assert set(counts.values()) == {0}


def test_fault_that_does_not_apply_is_skipped_with_its_reason(cells: Cells) -> None:
    cell = cells["redis-evict", "token"]
    assert (cell["verdict"], cell["reason"]) == ("skipped", "not applicable: no Redis behind it")


def test_control_is_caught_in_its_container(images: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    results = tmp_path_factory.mktemp("results")
    with project() as cluster:
        process = start(cluster, results, "run", "none", "--placement=control", "--placement=layer")
        printed, errors = process.communicate(timeout=300)
    assert process.returncode == 0, printed + errors
    control, layer = json.loads((results / "latest" / "matrix.json").read_text())["cells"]
    assert (control["observed"], layer["observed"]) == ("partly", "kept")
    assert 0 < control["lost"] <= control["acknowledged"] / 10
    assert "its store said yes to what it did not keep" in control["cause"]
