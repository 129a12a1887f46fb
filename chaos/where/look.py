"""Asks the engine, and the containers themselves, where the bytes are."""

import json
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from chaos.cluster import Cluster
from chaos.engine import ClusterError
from chaos.instance import Instance
from chaos.interrupt import deferred
from chaos.placements import PLACEMENTS
from chaos.where import judging, reading
from chaos.where.found import Change, File, Found, Image, Picture

SERVICES = tuple(dict.fromkeys(s for p in PLACEMENTS.values() for s in (p.service, p.store) if s))
"""What keeps session state, or says where it is kept."""

_KNOWN = tuple(dict.fromkeys((*SERVICES, *PLACEMENTS)))
STORES = {p.store for p in PLACEMENTS.values()}

_OPEN = 'readlink -f -- "$1" || echo "$1"; ls -l /proc/[0-9]*/fd 2>/dev/null; true'
_SIZES = "find \"$@\" -type f -exec stat -c '%s %n' {} + 2>/dev/null; true"
_USERS = "{{.Names}}\t{{.Status}}\t{{.Mounts}}"
_HANDS = 8
_ANSWER_SECONDS = 10.0
"""For a machine that is busy, and a replica that the gateway has only just heard of."""


def chosen(names: Collection[str]) -> tuple[str, ...]:
    """The services that are meant by names of services and placements; without any, all.

    Raises `ClusterError`.
    """
    if strange := [name for name in names if name not in SERVICES and name not in PLACEMENTS]:
        raise ClusterError(f"no service or placement is named {strange[0]}; known are {', '.join(_KNOWN)}")
    meant = [PLACEMENTS[n] for n in names if n in PLACEMENTS]
    held = {service for p in meant for service in (p.service, p.store) if service}
    return tuple(s for s in SERVICES if not names or s in {*names, *held})


def look(cluster: Cluster, services: Collection[str] = SERVICES) -> Found:
    """Every running instance of these services. Raises `ClusterError`."""
    there = _told(cluster, services)
    shown = [instance for instance in there if instance.service in services]
    up = [instance for instance in shown if instance.running]
    out = tuple(f"{instance.name} ({instance.status})" for instance in shown if not instance.running)
    if not up:
        return Found(cluster.project, "", (), out)
    told = json.loads(cluster.docker("inspect", *(instance.id for instance in there)))
    users = reading.users(cluster.docker("ps", "--all", "--no-trunc", "--format", _USERS))
    engine = _Engine({one["Id"]: one for one in told}, users)
    with deferred(), ThreadPoolExecutor(_HANDS) as hands:
        layers = [hands.submit(_layers, cluster, i, engine) for i in up]
        inside = [hands.submit(_inside, cluster, i) for i in up]
    pictures = tuple(
        _picture(i, engine, layer.result(), one.result())
        for i, layer, one in zip(up, layers, inside, strict=True)
    )
    return Found(cluster.project, str(told[0].get("Driver", "")), pictures, out)


def _told(cluster: Cluster, services: Collection[str]) -> list[Instance]:
    """Every instance, up or not; those of these services with their own word, if they give it in time."""
    deadline = time.monotonic() + _ANSWER_SECONDS
    while True:
        seen = cluster.snapshot(SERVICES)
        there = [instance for service in SERVICES for instance in seen[service]]
        silent = [i for i in there if i.service in services and i.running and not i.where]
        if not silent or time.monotonic() > deadline:
            return there
        time.sleep(0.1)


@dataclass(frozen=True)
class _Engine:
    """`inspected` by container, `users` by what they mount."""

    inspected: Mapping[str, Mapping[str, Any]]
    users: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Layers:
    image: Image | None
    writable: int | None
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class _Inside:
    """What a container says of itself. `real` is the file of its placement, all links followed."""

    table: str
    real: str | None
    written: tuple[str, ...]
    settings: Mapping[str, str]
    files: tuple[File, ...]


def _layers(cluster: Cluster, instance: Instance, engine: _Engine) -> _Layers:
    name = str(engine.inspected[instance.id]["Config"]["Image"])
    image = _image(cluster, instance.image, name)
    changes = reading.changes(cluster.docker("diff", instance.id))
    if not changes:  # to ask for the size would take some engines another second
        return _Layers(image, 0, changes)
    size = cluster.docker("inspect", "--size", "--format", "{{json .SizeRw}}", instance.id)
    return _Layers(image, reading.size(size), changes)


def _image(cluster: Cluster, image: str, name: str) -> Image | None:
    """None where it has been removed under its containers, as newer engines allow."""
    with suppress(ClusterError):
        return reading.image(cluster.docker("image", "inspect", image), name)
    return None


def _inside(cluster: Cluster, instance: Instance) -> _Inside:
    ask = partial(cluster.docker, "exec", instance.id)
    table = ask("cat", "/proc/self/mountinfo")
    real, listing = ask("sh", "-c", _OPEN, "sh", str(instance.where.get("path") or "/")).split("\n", 1)
    written = reading.written(listing)
    if instance.service in STORES:
        settings = reading.settings(ask("redis-cli", "--raw", "CONFIG", "GET", "dir", "append*", "save"))
        where = [settings["dir"]] if "dir" in settings else []
    else:
        settings = {}
        path = judging.path_of(instance.where, real, written)
        where = [f"{path}{beside}" for beside in ("", "-wal", "-shm", "-journal")] if path else []
    files = reading.files(ask("sh", "-c", _SIZES, "sh", *where)) if where else ()
    return _Inside(table, real, written, settings, files)


def _picture(instance: Instance, engine: _Engine, layers: _Layers, inside: _Inside) -> Picture:
    own, told, table = engine.inspected[instance.id], instance.where, inside.table
    if instance.service in STORES:
        state = judging.state_of_redis(inside.settings, inside.written, table, inside.files)
        against = judging.against_redis(told, state)
    else:
        path = judging.path_of(told, inside.real, inside.written)
        server = reading.server(told.get("source"), own, engine.inspected.values())
        state = judging.state_of_service(told, path, table, inside.files, server)
        against = judging.against_service(told, state, inside.real, table, inside.written)
    mounts = reading.mounts(table, own, engine.users, state.mount)
    state = judging.resolved(state, mounts)
    return Picture(
        name=instance.name,
        service=instance.service,
        id=instance.id,
        image=layers.image,
        writable=layers.writable,
        changes=layers.changes,
        mounts=mounts,
        state=state,
        fates=judging.fates(state, mounts),
        told=told,
        disagreements=(*against, *judging.against_engine(mounts, reading.unmounted(table, own))),
        unknown=tuple(judging.unchecked(told, state, layers.writable)),
    )
