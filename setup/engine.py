"""The Docker engine: the one that answers, or Debian's own, installed and started where we may."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from setup import apt
from setup.command import MISSING, Result, SetupFailed, run
from setup.line import working

LOG = Path("/var/log/sessionlab-dockerd.log")
START_SECONDS = 60.0
SOCKET = "unix:///var/run/docker.sock"
AGAIN = "then run this again"


def ensure(_root: Path) -> str:
    """Makes a Docker engine answer; returns its version."""
    asked = ask()
    if not asked.ok:
        need_local(asked)
        with working("engine", "starting Docker"):
            install()
            start()
        asked = ask()
    return f"Docker Engine {asked.out}"


def ask() -> Result:
    """The engine's version; not ok where none answers."""
    asked = run(["docker", "version", "--format", "{{.Server.Version}}"], seconds=20)
    return asked if asked.out or not asked.ok else Result(1, "", "no version in its answer")


def need_local(asked: Result) -> None:
    """Returns only where installing or starting an engine here can help; else raises SetupFailed."""
    if host := os.environ.get("DOCKER_HOST"):
        why = "the docker command is missing" if asked.code == MISSING else "start it or unset DOCKER_HOST"
        raise SetupFailed(f"no Docker engine answers at DOCKER_HOST={host}: {why}, {AGAIN}")
    if (context := selected_context()) != "default":
        raise SetupFailed(
            f"no Docker engine answers in context {context}: "
            f"start it or `docker context use default`, {AGAIN}"
        )
    if "permission denied" in asked.err.lower():
        raise SetupFailed(f"Docker refuses this user: `sudo usermod -aG docker $USER`, log in anew, {AGAIN}")
    if apt.usable():
        return
    if asked.code == MISSING:
        raise SetupFailed(f"the docker command is missing: install Docker Engine or Docker Desktop, {AGAIN}")
    raise SetupFailed(
        f"no Docker engine answers at {SOCKET}: "
        f"start Docker Desktop or `sudo systemctl start docker`, {AGAIN}"
    )


def selected_context() -> str:
    shown = run(["docker", "context", "show"], seconds=20)
    return shown.out if shown.ok and shown.out else "default"


def install() -> None:
    """Debian's engine, where command or daemon is missing."""
    if shutil.which("docker") and shutil.which("dockerd"):
        return
    # Newer releases have the command in a package of its own; fuse-overlayfs serves where overlayfs does not.
    wanted = ["docker.io", "docker-cli", "fuse-overlayfs"]
    apt.refresh()
    apt.install([name for name in wanted if apt.known(name)])


def start() -> None:
    """Starts the daemon by the system's own means, or else detached with a log; waits until it answers."""
    systemd = Path("/run/systemd/system").exists()
    run(
        ["systemctl", "start", "docker"] if systemd else ["service", "docker", "start"], seconds=START_SECONDS
    )
    if answers_within(5):
        return
    daemon = detach()
    if not answers_within(START_SECONDS, daemon):
        raise SetupFailed(f"dockerd does not answer ({last_line()}): read {LOG}, mend what it says, {AGAIN}")


def detach() -> subprocess.Popen[bytes]:
    """dockerd as a process that outlives us."""
    with LOG.open("wb") as log:
        return subprocess.Popen(
            ["dockerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def answers_within(seconds: float, daemon: subprocess.Popen[bytes] | None = None) -> bool:
    """Waits until the engine answers; gives up early when `daemon` has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ask().ok:
            return True
        if daemon and daemon.poll() is not None:
            return False
        time.sleep(0.2)
    return False


def last_line() -> str:
    lines = LOG.read_text("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "its log is empty")
