"""Which layer holds the state, what dies with what, and whether all who were asked agree. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chaos.where import reading
from chaos.where.found import Fate, File, Mounted, State
from services.session.placement import Kind, Mount, mount_of

EVENTS = ("process ends", "container stops", "container removed", "volume removed", "host gone")

_FATES: Mapping[Kind, tuple[Fate, Fate, Fate, Fate, Fate]] = {
    "process-memory": ("lost", "lost", "lost", "", "lost"),
    "tmpfs": ("kept", "lost", "lost", "", "lost"),
    "writable-layer": ("kept", "kept", "lost", "", "lost"),
    "volume": ("kept", "kept", "kept", "lost", "lost"),
    "bind": ("kept", "kept", "kept", "", "lost"),
    "network": ("kept", "kept", "kept", "", "kept"),
    "client": ("kept", "kept", "kept", "", "lost"),
    "redis": ("kept", "kept", "kept", "elsewhere", "elsewhere"),
}
_MAY_BE: Mapping[str, set[Kind]] = {
    "volume": {"volume", "bind", "network", "tmpfs"},
    "bind": {"bind", "volume", "network"},
    "tmpfs": {"tmpfs"},
}
"""What a mount of the engine's may be by the container's table: volumes may be made of anything."""


def path_of(told: Mapping[str, Any], real: str | None, written: Sequence[str]) -> str | None:
    """The database: what the process has open counts for more than its word. `real` is the file that
    it says, with all links followed."""
    open_now = reading.databases(written)
    if real in open_now or (told.get("path") and not open_now):
        return real
    return open_now[0] if open_now else None


def state_of_service(
    told: Mapping[str, Any], path: str | None, table: str, files: tuple[File, ...], server: str | None
) -> State:
    """Of an instance of a service. Without an open file, its own word is all there is."""
    if path:
        mount = mount_of(Path(path), table)
        return State(mount.kind, path, mount.point, files)
    kind = told.get("kind")
    if kind in {"process-memory", "client", "redis"}:
        return State(kind, told.get("source"), container=server)
    return State(None)


def state_of_redis(
    settings: Mapping[str, str], written: Sequence[str], table: str, files: tuple[File, ...]
) -> State:
    """Of a Redis: in its memory, and in what it writes to its directory."""
    if not (folder := settings.get("dir")):
        return State(None)
    mount = mount_of(Path(folder), table)
    if _append_only(written, folder):
        return State(mount.kind, folder, mount.point, files, "append-only", settings.get("appendfsync", ""))
    if settings.get("save"):
        return State(mount.kind, folder, mount.point, files, "snapshots", settings["save"])
    return State("process-memory", persistence="none")


def resolved(state: State, mounts: Iterable[Mounted]) -> State:
    """The same, with the kind of its mount once the engine has been asked."""
    kinds = {mount.point: mount.kind for mount in mounts}
    if state.mount not in kinds:
        return state
    return State(**{**vars(state), "kind": kinds[state.mount]})


def fates(state: State, mounts: Sequence[Mounted]) -> Mapping[str, Fate]:
    """What becomes of the state at each event. A host that is gone took its disk along.

    A token is on the client, but not to be read without the key ring: what a service that keeps no
    state has on a volume.
    """
    if state.kind is None:
        return {}
    fate = dict(zip(EVENTS, _FATES[state.kind], strict=True))
    holder = next((mount for mount in mounts if mount.point == state.mount), None)
    if holder and holder.anonymous:
        fate["container removed"] = "orphaned"
    keys = state.kind == "client" and any(mount.kind == "volume" for mount in mounts)
    if keys or (holder and holder.engine == "volume"):
        fate["volume removed"] = "kept" if holder and holder.alias else "lost"
    if state.persistence == "snapshots" and state.kind != "tmpfs":
        fate["process ends"] = "partly"
    return fate


def against_engine(mounts: Iterable[Mounted], unmounted: Iterable[str]) -> list[str]:
    """Where the container's mount table contradicts the engine."""
    found = [
        f"{point}: the engine says that it mounts something there; the mount table has nothing"
        for point in unmounted
    ]
    for mount in mounts:
        other_kind = mount.engine in _MAY_BE and mount.seen not in _MAY_BE[mount.engine]
        other_volume = (
            mount.engine == mount.seen == "volume" and not mount.whole and mount.origin != mount.name
        )
        if other_kind or other_volume:
            found.append(
                f"{mount.point}: the engine says {mount.engine} {mount.name}; "
                f"the mount table says {mount.seen} {mount.origin}"
            )
    return found


def against_service(
    told: Mapping[str, Any], state: State, real: str | None, table: str, written: Sequence[str]
) -> list[str]:
    """Where `GET /placement` contradicts what its process has open, and the mount table."""
    if not told:
        return []
    said = real if told.get("path") else None
    others = [path for path in reading.databases(written) if path != said]
    found = [
        f"GET /placement says {told.get('path') or told.get('kind')}; its process writes {other}"
        for other in others
    ]
    if said is None or state.path != said:
        return found
    if not any(file.path == said for file in state.files):
        found.append(f"GET /placement says {told['path']}; there is no such file in the container")
    return found + _of_mount(told, mount_of(Path(said), table))


def _of_mount(told: Mapping[str, Any], mount: Mount) -> list[str]:
    seen = {"kind": mount.kind, "filesystem": mount.filesystem, "source": mount.origin}
    return [
        f"GET /placement says {name} {told.get(name)}; the mount table says {value}"
        for name, value in seen.items()
        if told.get(name) != value
    ]


def against_redis(told: Mapping[str, Any], state: State) -> list[str]:
    """Where `INFO` contradicts what its process has open."""
    if not told or (told.get("aof_enabled") == "1") == (state.persistence == "append-only"):
        return []
    has = "has one open" if state.persistence == "append-only" else "has none open"
    return [f"INFO says aof_enabled:{told.get('aof_enabled')}; of append-only files its process {has}"]


def unchecked(told: Mapping[str, Any], state: State, writable: int | None) -> list[str]:
    """What could not be found out about an instance."""
    found = []
    if not told:
        found.append("it did not say where its state is: no answer")
    if state.kind is None:
        found.append("no file is open for writing, and nothing says where the state is")
    if state.kind == "redis" and not state.container:
        found.append(f"no container of this project answers to the name in {state.path}")
    if writable is None:
        found.append("the engine does not tell the size of the writable layer")
    return found


def _append_only(written: Iterable[str], folder: str) -> bool:
    return any(path.endswith(".aof") and Path(path).is_relative_to(folder) for path in written)
