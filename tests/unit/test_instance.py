"""A container at one moment, from literal output of `docker inspect`."""

import json
from typing import Any

import pytest

from chaos.instance import Instance, read

ID = "a3f6c062f1d6" + "0" * 52
ANONYMOUS = "33f4bd91c18e" + "1" * 52
MOUNTS = [
    {
        "Type": "volume",
        "Name": ANONYMOUS,
        "Source": f"/var/lib/docker/volumes/{ANONYMOUS}/_data",
        "Destination": "/state",
        "Driver": "local",
        "Mode": "",
        "RW": True,
        "Propagation": "",
    },
    {
        "Type": "bind",
        "Source": "/srv/sessionlab/redis.conf",
        "Destination": "/etc/redis.conf",
        "Mode": "",
        "RW": False,
        "Propagation": "rprivate",
    },
    {
        "Type": "volume",
        "Name": "sessionlab_keys",
        "Source": "/var/lib/docker/volumes/sessionlab_keys/_data",
        "Destination": "/keys",
        "Driver": "local",
        "Mode": "z",
        "RW": True,
        "Propagation": "",
    },
]
INSPECTED: dict[str, Any] = {
    "Id": ID,
    "Created": "2026-11-24T08:06:21.000000001Z",
    "Path": "python",
    "State": {
        "Status": "running",
        "Running": True,
        "Paused": False,
        "ExitCode": 0,
        "OOMKilled": False,
        "StartedAt": "2026-11-24T08:06:21.514902161Z",
        "FinishedAt": "0001-01-01T00:00:00Z",
        "Health": {"Status": "healthy", "FailingStreak": 0},
    },
    "Image": "sha256:8d0c",
    "Name": "/sessionlab-anonymous-1",
    "Mounts": MOUNTS,
    "HostConfig": {"RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0}},
    "Config": {
        "Image": "sessionlab/anonymous",
        "Labels": {"com.docker.compose.project": "sessionlab", "com.docker.compose.service": "anonymous"},
    },
    "NetworkSettings": {"Networks": {"sessionlab_front": {}, "sessionlab_back": {}, "bridge": {}}},
}


def inspected(**changed: Any) -> Instance:
    """The one container that the engine tells of, with some of it changed."""
    (instance,) = read(json.dumps([INSPECTED | changed]), "sessionlab")
    return instance


def in_state(**changed: Any) -> Instance:
    return inspected(State=INSPECTED["State"] | changed)


def test_instance_is_told_by_id_name_service_and_image() -> None:
    one = inspected()
    assert (one.id, one.name, one.service, one.image) == (
        ID,
        "sessionlab-anonymous-1",
        "anonymous",
        "sha256:8d0c",
    )


def test_instance_is_short_as_it_calls_itself() -> None:
    """A container's host name, which its answers carry, is its id's first twelve digits."""
    assert inspected().short == "a3f6c062f1d6"


def test_instance_says_when_its_process_began() -> None:
    assert inspected().started_at == "2026-11-24T08:06:21.514902161Z"


def test_instance_says_how_its_process_ended() -> None:
    one = in_state(Status="exited", Running=False, ExitCode=137)
    assert (one.status, one.exit_code) == ("exited", 137)


@pytest.mark.parametrize(
    ("status", "running"),
    [
        ("running", True),
        ("paused", False),
        ("exited", False),
        ("created", False),
        ("restarting", False),
        ("dead", False),
    ],
)
def test_instance_runs_when_its_process_is_there_and_goes_on(status: str, running: bool) -> None:
    assert in_state(Status=status).running == running


def test_instance_names_what_is_mounted_where_in_an_order_of_its_own() -> None:
    """The engine's is another one each time."""
    assert inspected().mounts == (
        "bind /srv/sessionlab/redis.conf on /etc/redis.conf",
        f"volume {ANONYMOUS} on /state",
        "volume sessionlab_keys on /keys",
    )


def test_instance_names_its_volumes_and_nothing_else_that_is_mounted() -> None:
    assert inspected().volumes == (ANONYMOUS, "sessionlab_keys")


def test_instance_has_no_volumes_when_nothing_is_mounted() -> None:
    one = inspected(Mounts=[])
    assert (one.mounts, one.volumes) == ((), ())


def test_instance_names_its_networks_as_the_compose_file_does() -> None:
    assert set(inspected().networks) == {"front", "back", "bridge"}


@pytest.mark.parametrize(
    "name", ["front", "bridge", "other_front", "another-sessionlab_front", "sessionlabfront"]
)
def test_instance_names_a_network_as_it_is_when_it_is_not_the_projects(name: str) -> None:
    assert inspected(NetworkSettings={"Networks": {name: {}}}).networks == (name,)


def test_instance_is_on_no_network_when_it_is_cut_off() -> None:
    assert inspected(NetworkSettings={"Networks": {}}).networks == ()


def test_instance_says_nothing_of_itself_before_it_is_asked() -> None:
    one = inspected()
    assert (one.where, one.boot) == ({}, None)


def test_instances_are_as_many_as_the_engine_tells_of() -> None:
    other = INSPECTED | {"Id": "b" * 64}
    assert [one.id for one in read(json.dumps([INSPECTED, other]), "sessionlab")] == [ID, "b" * 64]


def test_instances_are_none_when_the_engine_tells_of_none() -> None:
    assert read("[]\n", "sessionlab") == []


@pytest.mark.parametrize("killed", [True, False])
def test_instance_says_whether_the_kernel_killed_it_for_want_of_memory(killed: bool) -> None:
    assert in_state(OOMKilled=killed).oom_killed is killed


def test_instance_says_what_the_engine_does_when_it_ends() -> None:
    assert inspected().restarts == "unless-stopped"
