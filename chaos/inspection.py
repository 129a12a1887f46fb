"""Looks inside volumes from a container that cannot write to them, reach a network, or outlive the look."""

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress

from chaos.engine import ClusterError, Engine
from chaos.interrupt import deferred
from chaos.inventory import Found, Project, Volume, read_found

AT_ONCE = 32
"""Volumes of one container, side by side."""
ROOM = "1g"
"""For a copy of the largest database: of memory, and only while it is looked at."""
_KEPT = "/kept"
_SECONDS = 60.0
_CONFINED = (
    *("--network", "none", "--read-only", "--tmpfs", f"/tmp:size={ROOM},noexec", "--pids-limit", "32"),  # noqa: S108
    # It reads what any user wrote, and can do nothing else that root can.
    *("--user", "0:0", "--cap-drop", "ALL", "--cap-add", "DAC_READ_SEARCH"),
    *("--security-opt", "no-new-privileges:true"),
)


class InspectionError(ClusterError):
    """Nothing can be looked into, whatever the volume."""


def look(engine: Engine, project: Project, volumes: Sequence[Volume]) -> dict[str, Found]:
    """What is in these volumes, as far as they hold a sessions database or are the project's own."""
    found: dict[str, Found] = {}
    for first in range(0, len(volumes), AT_ONCE):
        found |= _look(engine, project, volumes[first : first + AT_ONCE])
    return found


def sessions(engine: Engine, project: Project, volume: str) -> str:
    """The sessions in a volume that have not ended, as JSON."""
    return _inside(engine, project, {volume: _KEPT}, "--sessions")


def _look(engine: Engine, project: Project, volumes: Sequence[Volume]) -> dict[str, Found]:
    """One that cannot be mounted keeps the container from starting: halve, until it is alone."""
    mounts = {volume.name: f"{_KEPT}/{volume.name}" for volume in volumes}
    try:
        return read_found(_inside(engine, project, mounts, *(v.name for v in volumes if v.ours)))
    except InspectionError:
        raise
    except ClusterError as error:
        if len(volumes) == 1:
            return {volumes[0].name: Found(problem=str(error))}
    half = len(volumes) // 2
    return _look(engine, project, volumes[:half]) | _look(engine, project, volumes[half:])


def _inside(engine: Engine, project: Project, mounts: Mapping[str, str], *asked: str) -> str:
    """What `services.stateful.kept` says of these volumes, mounted at these places."""
    name = f"{project.name}-inspection-{secrets.token_hex(4)}"
    run = ("run", "--rm", "--pull", "never", "--name", name, "--label", "sessionlab=inspection", *_CONFINED)
    mounted = [
        f"--mount=type=volume,src={volume},dst={at},readonly,volume-nocopy,volume-label=sessionlab={name}"
        for volume, at in mounts.items()
    ]
    kept = (project.image, "python", "-m", "services.stateful.kept", _KEPT, *asked)
    with deferred():
        try:
            return engine.docker(*run, *mounted, *kept, seconds=_SECONDS)
        except ClusterError as error:
            with suppress(ClusterError):
                engine.docker("rm", "--force", name)
            raise _advised(error, project.image) from error
        finally:
            _unmake(engine, name)


def _unmake(engine: Engine, label: str) -> None:
    """A volume that was removed at that very moment was made anew by mounting it: only then has it this
    label.
    """
    with suppress(ClusterError):
        listed = engine.docker("volume", "ls", "--quiet", "--filter", f"label=sessionlab={label}")
        engine.remove_volumes(listed.split())


def _advised(error: ClusterError, image: str) -> ClusterError:
    said = str(error)
    if "No such image" in said or "No module named" in said:
        return InspectionError(
            f"volumes are looked into with the image {image} of this checkout: `make up` builds it"
        )
    if "no Docker engine" in said or "did not end within" in said:
        return InspectionError(f"looking into volumes: {said}")
    return error
