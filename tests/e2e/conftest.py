"""Real containers, in Compose projects of the tests' own: they pass beside a pair that is up."""

import os
import re
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from chaos.cluster import Cluster
from chaos.engine import ROOT, ClusterError
from chaos.placements import PAIR, PLACEMENTS, Placement
from tests.contract.running import free_port

PROJECT = re.compile(r"sessionlab-e2e-(\d+)-[0-9a-f]+")


@pytest.fixture(scope="session")
def images() -> None:
    """The services' images, built from this checkout; and nothing left of test runs that died."""
    _remove_leftovers()
    Cluster().build()


@pytest.fixture(scope="module")
def pair(images: None) -> Iterator[Cluster]:
    """The pair, up and ready."""
    with project() as cluster:
        cluster.up()
        yield cluster


@pytest.fixture(scope="module")
def crowd(images: None) -> Iterator[Cluster]:
    """Three replicas of each service; those of the stateful one share a volume."""
    with project("tests/e2e/shared-volume.yaml") as cluster:
        cluster.up()
        cluster.scale(["stateful", "stateless"], 3)
        yield cluster


@contextmanager
def project(
    *overlays: str, placements: Sequence[Placement] = tuple(PLACEMENTS[name] for name in PAIR)
) -> Iterator[Cluster]:
    """A Compose project with a name and a port of its own; removed with its volumes at the end."""
    files = ":".join(("compose.yaml", *overlays))
    name = project_name()
    cluster = Cluster(
        environ={
            "COMPOSE_PROJECT_NAME": name,
            "COMPOSE_FILE": files,
            "GATEWAY_PORT": str(free_port()),
        },
        placements=placements,
    )
    try:
        yield cluster
    finally:
        remove(cluster)


def remove(cluster: Cluster) -> None:
    """All of it. Some engines let go of a network a little later than of what was on it: then once more."""
    down = partial(
        cluster.compose, "--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "3"
    )
    try:
        down()
    except ClusterError as error:
        if "active endpoints" not in str(error):
            raise
        down()


def project_name() -> str:
    """A new one, that tells whose it is."""
    return f"sessionlab-e2e-{os.getpid()}-{secrets.token_hex(3)}"


def _remove_leftovers() -> None:
    """Projects of test processes that are gone."""
    listed = subprocess.run(
        ["docker", "ps", "--all", "--filter", "label=sessionlab", "--format",
         '{{.Label "com.docker.compose.project"}}'],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in set(listed.stdout.split()):
        owner = PROJECT.fullmatch(name)
        if owner and not Path("/proc", owner[1]).exists():
            remove(Cluster(directory=ROOT, environ={"COMPOSE_PROJECT_NAME": name}))
