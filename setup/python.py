"""The virtual environment `.venv`: made from the running interpreter, filled from the lock file."""

import hashlib
import importlib.util
import sys
from pathlib import Path

from setup import apt
from setup.command import SetupFailed, run
from setup.line import working

LOCK = "requirements-dev.txt"
STAMP = "lock.sha256"
MINUTE = 60.0


def ensure(root: Path) -> str:
    """Makes `root`/.venv agree with the lock file; returns what there is. That folder is wholly ours."""
    environment, lock = root / ".venv", root / LOCK
    if not ready(environment, lock):
        need_venv()
        create(environment)
        with working("python", f"installing {LOCK} into .venv"):
            install(environment, lock)
        stamp(environment, lock)
    return ".venv"


def ready(environment: Path, lock: Path) -> bool:
    """Whether a finished environment for just this lock file is there, and its interpreter still works."""
    mark = environment / STAMP
    if not mark.is_file() or mark.read_text("utf-8") != content(environment, lock):
        return False
    return run([str(python(environment)), "-I", "-c", "import pip"], seconds=MINUTE).ok


def stamp(environment: Path, lock: Path) -> None:
    """Marks the environment as finished. Done last, so that an interrupted one is never believed."""
    (environment / STAMP).write_text(content(environment, lock), "utf-8")


def content(environment: Path, lock: Path) -> str:
    """What the stamp says: the lock file's digest, and the place, as an environment cannot be moved."""
    try:
        return f"{hashlib.sha256(lock.read_bytes()).hexdigest()} {environment.resolve()}\n"
    except FileNotFoundError:
        raise SetupFailed(f"{lock} is missing: restore it with `git checkout {lock.name}`") from None


def python(environment: Path) -> Path:
    return environment / "bin" / "python"


def need_venv() -> None:
    """Debian ships Python without ensurepip; fetches the package that has it where we may."""
    if importlib.util.find_spec("ensurepip"):
        return
    package = f"python3.{sys.version_info.minor}-venv"
    if not apt.usable():
        raise SetupFailed(
            f"this Python cannot make virtual environments: "
            f"`sudo apt-get install {package}`, then run this again"
        )
    with working("python", f"installing {package}"):
        apt.install([package])


def create(environment: Path) -> None:
    """An empty environment, whatever was there before."""
    done = run([interpreter(), "-m", "venv", "--clear", str(environment)], seconds=5 * MINUTE)
    if not done.ok:
        raise SetupFailed(
            f"could not make {environment} ({done.reason}): remove that folder, then run this again"
        )


def interpreter() -> str:
    """The system's interpreter, also when we run inside an environment: it may be the one to replace."""
    if sys.prefix == sys.base_prefix:
        return sys.executable
    return str(Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}"))


def install(environment: Path, lock: Path) -> None:
    """Installs exactly what the lock file pins. Raises SetupFailed with pip's own reason."""
    pip = [str(python(environment)), "-m", "pip", "install", "--require-hashes", "-r", str(lock)]
    done = run([*pip, "--quiet", "--no-input", "--disable-pip-version-check"], seconds=20 * MINUTE)
    if not done.ok:
        raise SetupFailed(
            f"pip could not install {lock.name} ({done.reason}): see `{' '.join(pip)}`, then run this again"
        )
