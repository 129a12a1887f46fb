"""What a lesson is: a claim about where containers keep bytes, made a check on real containers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any, Literal, Protocol, TypeVar

from chaos.engine import ClusterError
from chaos.lessons.sandbox import Sandbox

Result = Literal["holds", "fails", "unobserved"]


class NotObservable(Exception):
    """This machine cannot show it. The message says what is lacking, and what to do about it."""


@contextmanager
def needing(what: str) -> Iterator[None]:
    """Where the engine refuses something in here, the lesson cannot be observed, for the lack of this."""
    try:
        yield
    except ClusterError as error:
        raise NotObservable(f"{what}: {error}") from error


class Observation(Protocol):
    """A frozen dataclass of the facts of one lesson; as a string, a sentence that tells them."""

    def __str__(self) -> str: ...


def quoted(text: str | None, absent: str = "nothing") -> str:
    """What was read, for a sentence; None where there was no file."""
    return absent if text is None else repr(text)


Facts = TypeVar("Facts")


class Lesson(Protocol[Facts]):
    """A frozen dataclass. Its settings are its premise: the claim is about the defaults."""

    @property
    def name(self) -> str: ...

    @property
    def claim(self) -> str: ...

    @property
    def did(self) -> str: ...

    def observe(self, sandbox: Sandbox) -> Facts:
        """Do it. Raises `NotObservable`, and `ClusterError` where the engine failed."""

    def holds(self, seen: Facts) -> bool:
        """Whether the claim is what was seen. Pure."""


@dataclass(frozen=True)
class Outcome:
    """What came of one lesson. `observation` is None, and `reason` says why, where it is unobserved."""

    name: str
    claim: str
    did: str
    result: Result
    seconds: float
    observation: Observation | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """The facts are under `facts`, and told in `observed`."""
        seen = self.observation
        return {
            "name": self.name,
            "claim": self.claim,
            "did": self.did,
            "observed": str(seen) if seen else "",
            "facts": asdict(seen) if is_dataclass(seen) and not isinstance(seen, type) else {},
            "result": self.result,
            "reason": self.reason,
            "seconds": round(self.seconds, 2),
        }


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """0 all hold, 1 one does not, 2 one could not be observed; nothing at all was not observed either."""
    results = {outcome.result for outcome in outcomes}
    if "fails" in results:
        return 1
    return 0 if results == {"holds"} else 2
