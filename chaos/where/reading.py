"""What `docker` and the container's own commands print -> what was found. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chaos.where.found import Change, File, Image, Mounted
from services.session.placement import Kind, Mount

_OF_EVERY_CONTAINER = re.compile(
    r"/(proc|sys|dev)(/.*)?|/etc/(resolv\.conf|hostname|hosts)|(/usr)?/sbin/docker-init"
)
_BESIDE = re.compile(r"-(wal|shm|journal)$")
_OPEN_TO_WRITE = re.compile(r"^l.w.* -> (/.*)$")
_PASSING = re.compile(r"/(proc|sys|dev)/|/memfd:|.*/etilqs_|.*-(wal|shm|journal) \(deleted\)$")
"""No files, SQLite's scratch files, and what it removes beside a database that it closes."""


@dataclass(frozen=True)
class _Engine:
    """The engine's words for a mount; `driver` is that of a volume."""

    kind: str = ""
    name: str = ""
    driver: str = ""


def image(inspected: str, name: str) -> Image:
    """From `docker image inspect`. `name` is what the container was made of: it may be another's by now."""
    seen = json.loads(inspected)[0]
    return Image(
        id=seen["Id"].removeprefix("sha256:"),
        name=name,
        layers=len(seen["RootFS"].get("Layers") or ()),
        size=seen["Size"],
    )


def size(printed: str) -> int | None:
    """From `docker inspect --size --format '{{json .SizeRw}}'`."""
    number = json.loads(printed)
    return None if number is None else int(number)


def changes(diff: str) -> tuple[Change, ...]:
    """From `docker diff`, by path."""
    lines = (line.split(" ", 1) for line in diff.splitlines() if line)
    return tuple(sorted((Change(how, path) for how, path in lines), key=lambda change: change.path))


def files(printed: str) -> tuple[File, ...]:
    """From `stat -c '%s %n'`, by path."""
    lines = (line.split(" ", 1) for line in printed.splitlines() if line)
    return tuple(sorted((File(path, int(number)) for number, path in lines), key=lambda file: file.path))


def written(listing: str) -> tuple[str, ...]:
    """The files that are open for writing, from `ls -l /proc/[0-9]*/fd`: the kernel's word.

    A file that is open and has been removed ends in ` (deleted)`.
    """
    paths = (match[1] for line in listing.splitlines() if (match := _OPEN_TO_WRITE.match(line)))
    return tuple(sorted({path for path in paths if not _PASSING.match(path)}))


def databases(paths: Iterable[str]) -> tuple[str, ...]:
    """The same without the files that SQLite keeps beside a database."""
    return tuple(sorted({_BESIDE.sub("", path) for path in paths}))


def settings(printed: str) -> Mapping[str, str]:
    """From `redis-cli --raw CONFIG GET`: a name and a value in turn."""
    lines = printed.splitlines()
    return dict(zip(lines[::2], lines[1::2], strict=False))


def users(listed: str) -> Mapping[str, tuple[str, ...]]:
    """The containers by what they mount (a volume's name, a bound path).

    From `docker ps --all --no-trunc --format '{{.Names}}\\t{{.Status}}\\t{{.Mounts}}'`.
    """
    found: dict[str, tuple[str, ...]] = {}
    for line in listed.splitlines():
        name, status, mounts = line.split("\t")
        state = "" if status.startswith("Up") else " (not running)"
        for mount in mounts.split(",") if mounts else ():
            found[mount] = (*found.get(mount, ()), f"{name}{state}")
    return found


def mounts(
    table: str, inspected: Mapping[str, Any], users: Mapping[str, tuple[str, ...]], holder: str | None
) -> tuple[Mounted, ...]:
    """What `/proc/self/mountinfo` shows, beside what every container has, with the engine's words for it.

    The root comes first, the others by their point; of several on one point the last, which hides the
    others. `holder` is a point that is shown in any case.
    """
    lines = {Mount.parse(line).point: line for line in table.splitlines()}
    engine = _by_point(inspected)
    shown = {p for p in lines if p in engine or p == holder or not _OF_EVERY_CONTAINER.fullmatch(p)}
    own = inspected["Name"].lstrip("/")
    return tuple(_mounted(lines[point], engine.get(point, _Engine()), users, own) for point in sorted(shown))


def unmounted(table: str, inspected: Mapping[str, Any]) -> tuple[str, ...]:
    """Points where the engine says that something is mounted, and the container's table has nothing."""
    points = {Mount.parse(line).point for line in table.splitlines()}
    return tuple(sorted(set(_by_point(inspected)) - points))


def server(source: str | None, own: Mapping[str, Any], everyone: Iterable[Mapping[str, Any]]) -> str | None:
    """The container that answers to the URL's host name on a network of `own`."""
    if not (host := urlsplit(source or "").hostname):
        return None
    networks = {seen["NetworkID"] for seen in own["NetworkSettings"]["Networks"].values()}
    for other in everyone:
        for seen in other["NetworkSettings"]["Networks"].values():
            known = {*(seen.get("Aliases") or ()), *(seen.get("DNSNames") or ())}
            if seen["NetworkID"] in networks and host in known:
                return str(other["Name"]).lstrip("/")
    return None


def _by_point(inspected: Mapping[str, Any]) -> Mapping[str, _Engine]:
    """What the engine has mounted; `--tmpfs` is not among its mounts."""
    by_option = {_path(point): _Engine("tmpfs") for point in inspected["HostConfig"].get("Tmpfs") or {}}
    told = {
        _path(m["Destination"]): _Engine(
            m["Type"], m.get("Name") or m.get("Source") or "", m.get("Driver") or ""
        )
        for m in inspected["Mounts"]
    }
    return {**by_option, **told}


def _path(point: str) -> str:
    return str(Path(point))


def _mounted(line: str, engine: _Engine, users: Mapping[str, tuple[str, ...]], own: str) -> Mounted:
    mount = Mount.parse(line)
    return Mounted(
        point=mount.point,
        seen=mount.kind,
        kind=_kind(mount, engine.kind),
        origin=mount.origin,
        filesystem=mount.filesystem,
        read_only="ro" in line.split()[5].split(","),
        engine=engine.kind,
        name=engine.name,
        others=tuple(user for user in users.get(engine.name, ()) if user.split()[0] != own),
        whole=mount.root == "/",
        alias=engine.driver == "local"
        and mount.kind != "tmpfs"
        and (mount.root == "/" or mount.kind != "volume"),
    )


def _kind(mount: Mount, engine: str) -> Kind:
    """A bound file system and a volume on a disk of its own look alike in the table."""
    if mount.kind == "volume" and engine == "bind":
        return "bind"
    return "volume" if mount.kind == "bind" and engine == "volume" else mount.kind
