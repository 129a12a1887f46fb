"""What the services' code may not reach for."""

import ast
from pathlib import Path

import pytest

from chaos.engine import ROOT

MODULES = sorted((ROOT / "services").rglob("*.py"))
UNPICKLING = {"pickle", "shelve", "marshal", "dill", "cloudpickle", "jsonpickle"}


def imported(module: Path) -> set[str]:
    """The top-level names of what a module imports."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_services_never_unpickle(module: Path) -> None:
    assert not imported(module) & UNPICKLING
