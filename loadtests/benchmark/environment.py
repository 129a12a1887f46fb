"""On what a benchmark ran."""

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import redis

PACKAGES = ("granian", "flask", "flask-session", "django", "redis")


def environment(redis_url: str) -> Mapping[str, Any]:
    """For the result file. The load is the average of the minute before."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "kernel": platform.release(),
        "python": platform.python_version(),
        **{name.replace("-", "_"): version(name) for name in PACKAGES},
        "redis_server": _redis(redis_url),
        "wrk": _wrk(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _redis(url: str) -> str:
    with redis.Redis.from_url(url) as store:
        told: Any = store.info("server")
    return f"{told.get('server_name', 'redis')} {told.get('valkey_version', told['redis_version'])}"


def _wrk() -> str:
    said = subprocess.run(["wrk", "--version"], capture_output=True, text=True, timeout=10, check=False)
    words = said.stdout.split()
    return words[1] if len(words) > 1 else "unknown"
