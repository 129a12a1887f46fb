"""What a fault is: something that is done to containers, is proven to have happened, and heals."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from chaos.cluster import Cluster
from chaos.instance import Instance

Instances = Sequence[Instance]

Victim = Literal["service", "store"]
"""Whom a fault is done to: the containers that serve a placement, or those of the Redis behind it."""


@dataclass(frozen=True)
class Witness:
    """The victim's containers before the fault, while it lasted, and after it.

    And those that hold the state, where they are others: the Redis behind a service.
    """

    before: Instances
    during: Instances
    after: Instances
    holders_before: Instances = ()
    holders_after: Instances = ()


class Fault(Protocol):
    """A frozen dataclass of its own settings."""

    @property
    def name(self) -> str: ...

    @property
    def victim(self) -> Victim: ...

    @property
    def says(self) -> str: ...

    lasting: ClassVar[bool]
    """Whether what it does to the state is seen while it lasts: then the final reads come before
    the healing, otherwise after it."""
    replicas: ClassVar[int]
    """How many replicas the services need to have before."""

    def inject(self, cluster: Cluster, targets: Sequence[str]) -> AbstractContextManager[None]:
        """Do it to all containers of these Compose services. Leaving the context heals, also on Ctrl-C."""

    def happened(self, witness: Witness) -> bool:
        """Whether the identities of one service's containers prove it."""
