"""What a client was promised for one session, and what a read says about it."""

from dataclasses import dataclass, field

from loadtests.history import Operation


@dataclass(frozen=True)
class Shortfall:
    """What a read did not honour: items and visits that are missing, visits that nobody made."""

    items: frozenset[str]
    visits: int
    surplus: int

    def __bool__(self) -> bool:
        return bool(self.items or self.visits or self.surplus)

    def __str__(self) -> str:
        return f"{len(self.items)} items and {self.visits} visits missing, {self.surplus} visits too many"


@dataclass
class Promise:
    """The model of one session, built from its writes as they end.

    An acknowledged write must be there. An indeterminate one may be. A counter is therefore right
    from the acknowledged visits up to these plus the indeterminate ones.
    """

    items: set[str] = field(default_factory=set)
    visits: int = 0
    indeterminate_items: set[str] = field(default_factory=set)
    indeterminate_visits: int = 0

    def take(self, operation: Operation) -> None:
        """Take a write into account; reads and refused writes promise nothing."""
        if operation.operation == "put":
            if operation.outcome == "ok":
                self.items.add(operation.id)
            elif operation.outcome == "info":
                self.indeterminate_items.add(operation.id)
        elif operation.operation == "visit":
            self.visits += operation.outcome == "ok"
            self.indeterminate_visits += operation.outcome == "info"

    @property
    def acknowledged(self) -> int:
        return len(self.items) + self.visits

    @property
    def indeterminate(self) -> int:
        return len(self.indeterminate_items) + self.indeterminate_visits

    def shortfall(self, items: frozenset[str], visits: int) -> Shortfall:
        """What of the promise a read with these items and visits does not honour."""
        return Shortfall(
            items=frozenset(self.items - items),
            visits=max(0, self.visits - visits),
            surplus=max(0, visits - self.visits - self.indeterminate_visits),
        )

    def recovered(self, items: frozenset[str], visits: int) -> int:
        """How many indeterminate writes turn out to have happened."""
        extra = min(self.indeterminate_visits, max(0, visits - self.visits))
        return len(self.indeterminate_items & items) + extra
