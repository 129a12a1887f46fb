"""All placements side by side: each keeps its state where its name says."""

from collections.abc import Iterator

import pytest
import requests

from chaos.cluster import Cluster
from chaos.placements import PLACEMENTS
from tests.e2e.conftest import project

KINDS = {
    "memory": "process-memory",
    "layer": "writable-layer",
    "anonymous": "volume",
    "volume": "volume",
    "bind": "bind",
    "tmpfs": "tmpfs",
    "token": "client",
    "redis-none": "redis",
    "redis-stock": "redis",
    "redis-everysec": "redis",
    "redis-always": "redis",
}


@pytest.fixture(scope="module")
def everywhere(images: None) -> Iterator[Cluster]:
    with project(placements=tuple(PLACEMENTS.values())) as cluster:
        cluster.up()
        yield cluster


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_placement_keeps_its_state_where_its_name_says(everywhere: Cluster, placement: str) -> None:
    where = requests.get(f"{everywhere.url()}/{placement}/placement", timeout=5).json()
    assert where["kind"] == KINDS[placement]


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_placement_serves_sessions(everywhere: Cluster, placement: str) -> None:
    client, base = requests.Session(), f"{everywhere.url()}/{placement}"
    assert client.post(f"{base}/session").status_code == 201
    assert client.post(f"{base}/session/visits").json() == {"visits": 1, "version": 2}
    assert client.get(f"{base}/session").json()["visits"] == 1


@pytest.mark.parametrize(
    ("store", "appendonly", "appendfsync", "save"),
    [
        ("store-none", "no", "everysec", ""),
        ("store-stock", "no", "everysec", "3600 1 300 100 60 10000"),
        ("redis", "yes", "everysec", ""),
        ("store-always", "yes", "always", ""),
    ],
)
def test_redis_persists_as_its_placement_says(
    everywhere: Cluster, store: str, appendonly: str, appendfsync: str, save: str
) -> None:
    said = everywhere.compose(
        *("exec", "-T", store, "redis-cli", "--raw", "CONFIG", "GET", "append[of]*", "save")
    ).splitlines()
    told = dict(zip(said[::2], said[1::2], strict=False))
    assert (told["appendonly"], told["appendfsync"], told.get("save", "")) == (appendonly, appendfsync, save)


def test_anonymous_placement_has_a_volume_without_a_name_of_ours(everywhere: Cluster) -> None:
    (instance,) = everywhere.snapshot(["anonymous"])["anonymous"]
    (volume,) = instance.volumes
    assert len(volume) == 64


def test_plain_up_does_not_bring_the_other_placements(everywhere: Cluster) -> None:
    plain = everywhere.docker("compose", "--profile", "", "config", "--services").split()
    assert sorted(plain) == ["gateway", "keys", "redis", "stateful", "stateless", "token"]
