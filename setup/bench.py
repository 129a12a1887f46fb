"""What only the benchmark needs: the peers' packages in .venv, and the load generator wrk."""

import shutil
from pathlib import Path

from setup import apt, python
from setup.command import SetupFailed
from setup.line import working

LOCK = "requirements-bench.txt"
STAMP = "bench.sha256"
LOAD_GENERATOR = "wrk"


def ensure(root: Path) -> str:
    """Makes both present; returns what there is."""
    environment, lock = root / ".venv", root / LOCK
    if not python.ready(environment, root / python.LOCK):
        raise SetupFailed(".venv is missing or out of date: run `python3 -m setup python bench`")
    if not ready(environment, lock):
        with working("bench", f"installing {LOCK} into .venv"):
            python.install(environment, lock)
        stamp(environment, lock)
    need_load_generator()
    return f"the benchmark's peers, {LOAD_GENERATOR}"


def ready(environment: Path, lock: Path) -> bool:
    """Whether just this lock file was installed to its end. A new environment has no mark."""
    mark = environment / STAMP
    return mark.is_file() and mark.read_text("utf-8") == python.content(environment, lock)


def stamp(environment: Path, lock: Path) -> None:
    """Marks this lock file as installed. Done last, so that an interrupted one is never believed."""
    (environment / STAMP).write_text(python.content(environment, lock), "utf-8")


def need_load_generator() -> None:
    """wrk, installed where we may."""
    if shutil.which(LOAD_GENERATOR):
        return
    if not apt.usable():
        raise SetupFailed(
            f"the load generator {LOAD_GENERATOR} is missing, and only root on Debian can install it here: "
            f"`sudo apt-get install {LOAD_GENERATOR}`, then run this again"
        )
    with working("bench", f"installing {LOAD_GENERATOR}"):
        apt.install([LOAD_GENERATOR])
