"""The faults, by name."""

from chaos.faults.fault import Fault
from chaos.faults.service import Kill, NoFault, Recreate, Restart, ScaleOut

FAULTS: dict[str, Fault] = {
    fault.name: fault for fault in (NoFault(), Restart(), Kill(), Recreate(), ScaleOut())
}

__all__ = ["FAULTS", "Fault"]
