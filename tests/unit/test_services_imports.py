"""What the services' code may not reach for."""

import ast
from pathlib import Path

import pytest

from chaos.engine import ROOT

MODULES = sorted((ROOT / "services").rglob("*.py"))
DEVICE = ROOT / "services" / "device"
PURE = {"services.session.document", "services.session.upload"}
UNPICKLING = {"pickle", "shelve", "marshal", "dill", "cloudpickle", "jsonpickle"}


def modules_of(module: Path) -> set[str]:
    """The full names of the modules that a module imports, or imports from."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def imported(module: Path) -> set[str]:
    """The top-level names of what a module imports."""
    return {name.partition(".")[0] for name in modules_of(module)}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_services_never_unpickle(module: Path) -> None:
    assert not imported(module) & UNPICKLING


def test_device_is_a_client_that_knows_no_more_of_the_services_than_what_a_session_is() -> None:
    ours = {name for module in DEVICE.glob("*.py") for name in modules_of(module)}
    of_services = {name for name in ours if name.startswith("services.")}
    assert {name for name in of_services if not name.startswith("services.device.")} == PURE
    assert not {name.partition(".")[0] for name in ours} & {"flask", "werkzeug", "redis", "locust", "chaos"}
    for name in PURE:
        assert (
            modules_of(ROOT / f"{name.replace('.', '/')}.py")
            <= {"collections.abc", "typing", "msgspec"} | PURE
        )


def test_services_know_nothing_of_devices() -> None:
    others = [module for module in MODULES if DEVICE not in module.parents]
    assert others
    assert not [path for path in others for name in modules_of(path) if name.startswith("services.device")]
