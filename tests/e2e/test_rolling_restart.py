"""What a deployment does to three replicas, one after the other, while 200 requests a second come in."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from chaos.cluster import Cluster
from chaos.instance import SIGKILLED
from chaos.load import Intensity, Load
from chaos.placements import PLACEMENTS
from chaos.verdict import judge
from loadtests.history import Operation
from tests.e2e.conftest import project

REPLICAS = 3
RATE = 200
PLACEMENT = PLACEMENTS["redis-everysec"]
USERS = Intensity(users=60, rate=RATE, together=1.5 * RATE, together_in_fault=1.5 * RATE)
"""They pause between their requests for so long that some more than `RATE` would come with answers in no
time at all.
"""


@pytest.fixture(scope="module")
def cluster(images: None) -> Iterator[Cluster]:
    with project(placements=[PLACEMENT]) as cluster:
        cluster.up()
        cluster.scale([PLACEMENT.service], REPLICAS)
        yield cluster


@pytest.fixture(scope="module")
def history(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Operation]:
    """All that the users did: before, during and after a rolling restart, and their final reads."""
    home = tmp_path_factory.mktemp("rolling-restart")
    with Load(cluster.url(), [PLACEMENT.name], home / "locust.log", USERS) as load:
        load.begin(home / "history", [PLACEMENT.name])
        load.until_acknowledged(2 * RATE, 3.0, print)
        load.phase("fault")
        restart_in_turn(cluster)
        load.phase("recovery")
        load.hold(1.0)
        load.finish({PLACEMENT.name: REPLICAS})
        return load.histories()[PLACEMENT.name]


def restart_in_turn(cluster: Cluster) -> None:
    """Each when the one before serves again; all of them are new processes then."""
    before = starts(cluster)
    for container in before:
        cluster.docker("restart", container)
        cluster.wait_ready([PLACEMENT.service])
    after = starts(cluster)
    assert len(before) == REPLICAS
    assert after.keys() == before.keys()
    assert all(after[container] > before[container] for container in before)


def starts(cluster: Cluster) -> Mapping[str, str]:
    """When the engine started each replica, by its container."""
    return {replica.id: replica.started_at for replica in cluster.seen([PLACEMENT.service])}


def rate(history: Sequence[Operation]) -> float:
    """Requests a second while the replicas were restarted."""
    during = [operation.invoked_at for operation in history if operation.phase == "fault"]
    return len(during) / (max(during) - min(during))


def test_rolling_restart_leaves_no_request_without_a_replica_that_answers(
    history: Sequence[Operation],
) -> None:
    astray = [operation for operation in history if operation.served_by is None]
    assert not astray, f"{len(astray)} of {len(history)}: {astray[:3]}"


def test_rolling_restart_fails_no_request_of_200_a_second(history: Sequence[Operation]) -> None:
    if rate(history) < RATE:
        pytest.skip(f"this machine has no more than {rate(history):.0f} requests a second in it")
    failed = [operation for operation in history if operation.outcome != "ok"]
    assert not failed, f"{len(failed)} of {len(history)}: {failed[:3]}"


def test_rolling_restart_loses_no_write(history: Sequence[Operation]) -> None:
    judgement = judge(history, REPLICAS)
    assert (judgement.observed, judgement.lost) == ("kept", 0), judgement
    assert judgement.acknowledged > 1000


def test_container_that_has_only_just_started_ends_by_its_stop_signal(cluster: Cluster) -> None:
    """Before the service has a handler for it: to the first process of a container that is no signal."""
    container = next(iter(starts(cluster)))
    cluster.docker("stop", container)
    cluster.docker("start", container)
    cluster.docker("stop", container)
    stopped = next(replica for replica in cluster.seen([PLACEMENT.service]) if replica.id == container)
    assert (stopped.status, stopped.exit_code != SIGKILLED) == ("exited", True)
