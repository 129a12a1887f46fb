"""`python -m chaos where`."""

import sys
from collections.abc import Collection

from rich.console import Console

from chaos.cluster import Cluster
from chaos.placements import PLACEMENTS
from chaos.where import drawing
from chaos.where.look import chosen, look


def where(names: Collection[str], *, as_json: bool) -> int:
    """Show where the state of these services and placements is; the exit code. Without names, of all.

    Raises `ClusterError`.
    """
    found = look(Cluster(placements=tuple(PLACEMENTS.values())), chosen(names))
    if as_json:
        print(found.as_json())
    if not found.pictures:
        print(f"chaos: {drawing.nothing(found)}", file=sys.stderr)
    elif not as_json:
        console = Console(highlight=False)
        if not console.is_terminal:
            console.width = 100
        console.print(drawing.draw(found))
    return found.exit_code
