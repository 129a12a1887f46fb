"""On what a run of the lab ran, as the engine and the containers say."""

import os
import platform
from collections.abc import Mapping
from typing import Any

from chaos.cluster import Cluster


def environment(cluster: Cluster) -> Mapping[str, Any]:
    """For the result file. `redis` is absent where no Redis was part of it."""
    engine, driver = cluster.docker("info", "--format", "{{.ServerVersion}} {{.Driver}}").split()
    told = {
        "engine": engine,
        "compose": cluster.compose("version", "--short").strip(),
        "storage_driver": driver,
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
    }
    for store in cluster.stores[:1]:
        version = cluster.compose("exec", "-T", store, "redis-server", "--version")
        told["redis"] = version.partition("v=")[2].split()[0]
    return told
