"""What a fault is: something that is done to containers, is proven to have happened, and heals."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar, Protocol

from chaos.cluster import Cluster, Instance

Instances = Sequence[Instance]


@dataclass(frozen=True)
class Witness:
    """One service's containers before the fault, while it lasted, and after it."""

    before: Instances
    during: Instances
    after: Instances


class Fault(Protocol):
    """A frozen dataclass of its own settings."""

    name: ClassVar[str]
    says: ClassVar[str]
    lasting: ClassVar[bool]
    """Whether what it does to the state is seen while it lasts: then the final reads come before
    the healing, otherwise after it."""

    def inject(self, cluster: Cluster, services: Sequence[str]) -> AbstractContextManager[None]:
        """Do it to all containers of these services. Leaving the context heals, also on Ctrl-C."""

    def happened(self, witness: Witness) -> bool:
        """Whether the identities of one service's containers prove it."""
