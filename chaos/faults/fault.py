"""What a fault is: something that is done to containers, is proven to have happened, and heals."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

from chaos.cluster import Cluster
from chaos.instance import Instance
from loadtests.history import Operation
from loadtests.score import Habit

Instances = Sequence[Instance]

Victim = Literal["service", "store", "holder"]
"""Whom a fault is done to: the containers that serve a placement, those of the Redis behind it, or
whichever of the two holds the state.
"""

Findings = Mapping[str, Mapping[str, Any]]
"""What a fault measured while it was done, by the name and value of each figure, for each service."""


@dataclass(frozen=True)
class Witness:
    """The victim's containers before the fault, while it lasted, and after it.

    And those that hold the state, where they are others: the Redis behind a service. `findings` are
    what the fault measured on the victim, `history` is what the clients did meanwhile.
    """

    before: Instances
    during: Instances
    after: Instances
    holders_before: Instances = ()
    holders_after: Instances = ()
    findings: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Operation] = ()


class Fault(Protocol):
    """A frozen dataclass of its own settings."""

    @property
    def name(self) -> str: ...

    @property
    def says(self) -> str: ...

    @property
    def victim(self) -> Victim:
        return "service"

    lasting: ClassVar[bool] = False
    """Whether what it does to the state is seen while it lasts: then the final reads come before
    the healing, otherwise after it."""
    replicas: ClassVar[int] = 1
    """How many replicas the services need to have before."""
    habit: ClassVar[Habit] = "alone"
    """What clients do while it lasts."""

    def arranged(self, cluster: Cluster, targets: Sequence[str]) -> AbstractContextManager[Cluster]:
        """The cluster as this fault finds it, before any load; what was arranged is undone on leaving.

        Raises `NotHere` where this machine lacks what it takes.
        """
        del targets
        return nullcontext(cluster)

    def inject(
        self, cluster: Cluster, targets: Sequence[str]
    ) -> AbstractContextManager[Findings] | AbstractContextManager[None]:
        """Do it to all containers of these Compose services. Leaving the context heals, also on Ctrl-C."""
        ...

    def happened(self, witness: Witness) -> bool:
        """Whether the identities of one service's containers, and what was found, prove it."""
        ...
