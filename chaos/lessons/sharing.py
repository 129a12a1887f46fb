"""Two containers on one volume."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from chaos.lessons.sandbox import Sandbox

FOLDER = "/lesson"


@dataclass(frozen=True)
class Counted:
    """Increments that two containers made together, and the number in the file afterwards."""

    made_without_lock: int
    counted_without_lock: int
    made_with_lock: int
    counted_with_lock: int

    def __str__(self) -> str:
        lost = self.made_without_lock - self.counted_without_lock
        return (
            f"without a lock {self.made_without_lock:,} increments count {self.counted_without_lock:,} "
            f"({lost:,} lost updates), with one {self.made_with_lock:,} count {self.counted_with_lock:,}"
        )


@dataclass(frozen=True)
class SharedVolume:
    """`lock` is the path both lock: in a writable layer it is not one lock, but two."""

    lock: str = f"{FOLDER}/lock"
    at_once: bool = True
    seconds: float = 0.8
    name: str = "shared-volume-needs-a-lock"
    claim: str = "two containers on one volume break an application without locking, and not one that locks"
    did: str = "a number in a file read, increased, written back by two containers at once; with flock too"

    def observe(self, sandbox: Sandbox) -> Counted:
        containers = sandbox.twins("--volume", f"{sandbox.volume()}:{FOLDER}")
        return Counted(
            *self._count(sandbox, containers, "careless", ""),
            *self._count(sandbox, containers, "careful", self.lock),
        )

    def holds(self, seen: Counted) -> bool:
        careful = 0 < seen.made_with_lock == seen.counted_with_lock
        return careful and 0 < seen.counted_without_lock < seen.made_without_lock

    def _count(self, sandbox: Sandbox, containers: Sequence[str], file: str, lock: str) -> tuple[int, int]:
        path = f"{FOLDER}/{file}"
        sandbox.sh(containers[0], 'printf %08d 0 > "$1"', path)
        names = [f"{file}-{container}" for container in containers]
        counting = ("count", "text", path, str(self.seconds), lock, FOLDER)
        calls = [
            partial(sandbox.python, container, *counting, *awaited)
            for container, awaited in zip(containers, self._awaited(names), strict=True)
        ]
        made = sandbox.at_once(*calls) if self.at_once else [call() for call in calls]
        return sum(map(int, made)), int(sandbox.sh(containers[0], 'cat "$1"', path))

    def _awaited(self, names: Sequence[str]) -> list[list[str]]:
        """For each its own name, and the other's where they begin together."""
        first, second = names
        return [[first, second], [second, first]] if self.at_once else [[first], [second]]
