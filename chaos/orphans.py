"""`python -m chaos orphans`: volumes that no container uses any more, and what is in them."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from chaos import inspection, recovery
from chaos.engine import ClusterError, Engine
from chaos.inventory import CONTAINERS, Inventory, Orphan, Project, age, candidates, take, unused
from chaos.recovery import Export, Recovery

UNKNOWN = 2
_ATTEMPTS = 5
_SHORT = 12
_ANONYMOUS = 64
"""Characters of the name that an engine gives."""


def command(options: argparse.Namespace, engine: Engine) -> int:
    """List; or bring sessions back or out, where asked to. Its exit code."""
    if options.into and not options.recover:
        raise ClusterError("--into SERVICE says where --recover VOLUME brings its sessions: give both")
    found = find(engine)
    if not (options.recover or options.export):
        print(json.dumps(found.as_json(), indent=1)) if options.json else show(found, Console())
        return UNKNOWN if found.unseen else 0
    done = _done(engine, found, options)
    if options.json:
        print(json.dumps([asdict(one) for one in done], indent=1))
    else:
        for one in done:
            print(one, flush=True)
    return 0


def _done(engine: Engine, found: Inventory, options: argparse.Namespace) -> Iterator[Recovery | Export]:
    """All that was asked for, one after the other; nothing where one of the names is wrong."""
    chosen = [recovery.chosen(found, name) for name in options.recover or ()]
    if options.export:
        name, file = options.export
        yield recovery.export(engine, found.project, recovery.chosen(found, name), Path(file))
    for orphan in chosen:
        yield recovery.recover(engine, found.project, orphan, options.into)


def find(engine: Engine) -> Inventory:
    """Every orphan of the engine's project. Raises `ClusterError`."""
    project = Project.read(engine.compose("config", "--format", "json"))
    volumes = candidates(_unused(engine), project.name)
    return take(project, volumes, inspection.look(engine, project, volumes))


def _unused(engine: Engine) -> str:
    """What the engine says of the volumes that no container mounts, but to look into them."""
    for _ in range(_ATTEMPTS):
        names = engine.docker("volume", "ls", "--quiet").split()
        names = unused(names, engine.docker("ps", "--all", "--no-trunc", "--format", CONTAINERS))
        try:
            return engine.docker("volume", "inspect", *names) if names else "[]"
        except ClusterError as error:
            if not removed_meanwhile(error):
                raise
    raise ClusterError("volumes come and go on this engine faster than they can be listed: try again")


def removed_meanwhile(error: ClusterError) -> bool:
    """Whether a volume was there when it was listed, and no more when it was asked for."""
    return "no such volume" in str(error).lower()


def show(found: Inventory, console: Console) -> None:
    """Print a table, and what to do next; one line where there is nothing."""
    if not console.is_terminal:
        console.width = 110
    if found.orphans:
        console.print(table(found.orphans, datetime.now(UTC)))
    else:
        console.print(f"no volume of {found.project.name} is without a container", highlight=False)
    if any(orphan.sessions for orphan in found.orphans):
        console.print("bring sessions back: python -m chaos orphans --recover VOLUME", highlight=False)
    for volume, why in found.unseen.items():
        console.print(f"UNKNOWN whose volume {volume} is: {why}", highlight=False, soft_wrap=True)


def table(orphans: Sequence[Orphan], now: datetime) -> Table:
    """A row each; long names are cut where what is left is still a name for `--recover`."""
    shown = Table(caption="volumes that no container uses, running or stopped; sessions: live ones, of all")
    shown.add_column("volume", no_wrap=True)
    shown.add_column("left by")
    for heading in ("made", "written", "size"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("inside")
    for orphan in orphans:
        shown.add_row(
            _name(orphan),
            ", ".join(orphan.services) or "?",
            f"{age(orphan.made_at, now)} ago",
            f"{age(orphan.written_at, now)} ago" if orphan.written_at else "-",
            "?" if orphan.bytes is None else decimal(orphan.bytes),
            _inside(orphan),
        )
    return shown


def _name(orphan: Orphan) -> str:
    return orphan.volume[:_SHORT] if len(orphan.volume) == _ANONYMOUS else orphan.volume


def _inside(orphan: Orphan) -> str:
    if orphan.sessions is None:
        return orphan.reason or ""
    its = orphan.sessions
    return f"{its.live} of {its.total} sessions, {its.items} items, {its.visits} visits"
