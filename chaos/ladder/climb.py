"""The same load on every rung, side by side, and then a blow to each: kill, kill the container, cut."""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial

from chaos.disk.disks import Disk, Disks
from chaos.engine import ClusterError, Engine
from chaos.ladder.ground import Ground, Images
from chaos.ladder.judging import Cell, Proof, Seen, judge, skipped
from chaos.ladder.rungs import BLOWS, Blow, Rung
from chaos.lessons.sandbox import Sandbox

MEGABYTES = 32
POWER_CUT: Blow = "power cut"


def climb(engine: Engine, rungs: Sequence[Rung], writes: int) -> Iterator[Sequence[Cell]]:
    """Every blow to every rung after so many acknowledged writes, blow by blow. Raises `ClusterError`."""
    images = _images(engine)
    for blow in BLOWS:
        if blow != POWER_CUT:
            yield _strike(engine, images, rungs, blow, writes)
        else:
            yield from cuts(engine, rungs, writes, 1)


def cuts(engine: Engine, rungs: Sequence[Rung], writes: int, runs: int) -> Iterator[Sequence[Cell]]:
    """Power cuts, one run after the other. Skipped where the engine cannot. Raises `ClusterError`."""
    images = _images(engine)
    if reason := Disks(engine).usable():
        yield [skipped(rung, POWER_CUT, reason) for rung in rungs]
        return
    for _ in range(runs):
        yield _strike(engine, images, rungs, POWER_CUT, writes)


def _strike(engine: Engine, images: Images, rungs: Sequence[Rung], blow: Blow, writes: int) -> Sequence[Cell]:
    """One blow to all rungs at once. What it is done to is gone afterwards, also on Ctrl-C."""
    with ExitStack() as stack:
        disks: Sequence[Disk | None] = [None] * len(rungs)
        if blow == POWER_CUT:
            names = [f"ladder-{rung.name}" for rung in rungs]
            disks = stack.enter_context(Disks(engine).make(names, MEGABYTES))
        prefix = f"sessionlab-ladder-{os.getpid()}-{secrets.token_hex(3)}"
        ground = Ground(stack.enter_context(Sandbox(engine, images.python, prefix)), images, writes)
        calls = [partial(_cell, ground, rung, blow, disk) for rung, disk in zip(rungs, disks, strict=True)]
        return ground.sandbox.at_once(*calls)


def _cell(ground: Ground, rung: Rung, blow: Blow, disk: Disk | None) -> Cell:
    holder = ground.holder(rung, disk.volume if disk else ground.sandbox.volume())
    log = ground.begin(rung, holder)
    if not ground.wait_acknowledged(log):
        return judge(rung, blow, _slow(ground, holder, log), ground.writes)
    before = ground.identity(holder)
    if disk:
        after, code = _cut(ground, rung, holder, disk)
    elif blow == "container kill":
        after, code = _kill(ground, holder)
    else:
        ground.kill(holder)
        after, code = holder, None
    proof = Proof(before, ground.identity(after), code)
    found, note = ground.found(rung, after)
    return judge(rung, blow, Seen(ground.acknowledged(log), found, proof, note), ground.writes)


def _slow(ground: Ground, holder: str, log: str) -> Seen:
    """Of a rung that did not get as far as to the blow."""
    now = ground.identity(holder)
    return Seen(ground.acknowledged(log), None, Proof(now, now, None), f"Last: {ground.last_line(log)!r}")


def _kill(ground: Ground, holder: str) -> tuple[str, int]:
    """Kill a container and start it again; it, and its exit code in between."""
    engine = ground.sandbox.engine
    engine.docker("kill", holder)
    code = int(engine.docker("wait", holder))
    engine.docker("start", holder)
    return holder, code


def _cut(ground: Ground, rung: Rung, holder: str, disk: Disk) -> tuple[str, int]:
    """Cut the power of a container's disk; a container on what had reached it, and the first's exit code."""
    engine = ground.sandbox.engine
    engine.pause([holder])
    copy = Disks(engine).cut(disk)
    engine.docker("kill", holder)
    code = int(engine.docker("wait", holder))
    return ground.holder(rung, copy.volume), code


def _images(engine: Engine) -> Images:
    """Raises `ClusterError` where the client's is not built yet."""
    services = engine.declared["services"]
    client = services["stateless"]["image"]
    try:
        engine.docker("image", "inspect", client)
    except ClusterError as error:
        raise ClusterError(f"there is no image {client}: `docker compose build` makes it") from error
    return Images(engine.base_image, services["redis"]["image"], client)
