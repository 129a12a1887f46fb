"""The rungs of the ladder, from what is lost first to what is lost last, and what each is expected to
lose: said before it is measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Blow = Literal["process kill", "container kill", "power cut"]
BLOWS: tuple[Blow, ...] = ("process kill", "container kill", "power cut")
Kind = Literal["buffered", "sqlite", "redis"]
Depth = Literal["user-space buffer", "page cache", "disk"]
Lost = Literal["none", "some", "all"]
"""How much of what was acknowledged."""


@dataclass(frozen=True)
class Expected:
    """More than one only where chance decides between them, as `why` says.

    `at_most`: of how many milliseconds the lost writes may be; None is any.
    """

    lost: tuple[Lost, ...]
    why: str
    at_most: float | None = None

    def __str__(self) -> str:
        limit = f" of {self.at_most:.0f} ms" if self.at_most is not None else ""
        return f"{' or '.join(self.lost)}{limit}"


@dataclass(frozen=True)
class Rung:
    """A way to write. `setting` is SQLite's `synchronous` or the Redis's `appendfsync`.

    `depth` is how far a write has come when it is acknowledged.
    """

    name: str
    kind: Kind
    setting: str
    depth: Depth
    says: str
    expected: Mapping[Blow, Expected]


_IN_BUFFER = Expected(("some", "all"), "what the buffer held since it was last full died with the process")
_IN_BUFFER_OR_CACHE = Expected(
    ("some", "all"), "the buffer is gone, and what had left it was in the page cache alone"
)
_IN_CACHE = Expected(("none",), "write(2) came before the acknowledgement: the kernel has it")
_NOT_SYNCED = Expected(("some", "all"), "nothing asked the kernel to write it to the disk by then")
_SYNCED = Expected(("none",), "fsync(2) came before the acknowledgement: the disk has it")
_AT_CHECKPOINTS = Expected(("some", "all"), "in WAL mode only a checkpoint syncs, every 1,000 pages")
_EVERY_SECOND = Expected(
    ("none", "some", "all"),
    "synced once a second: a second's worth at most, and as much again as a sync lasts; it may last 2 s "
    "before Redis waits for it. Nothing if the cut came just after one",
    at_most=3000,
)
_POSTPONED = Expected(
    ("none", "some", "all"),
    "write(2) came before the acknowledgement, except while a sync lasts: Redis then holds the write back, "
    "for up to 2 s, and acknowledges all the same",
    at_most=2000,
)


def _losing(killed: Expected, cut: Expected) -> Mapping[Blow, Expected]:
    """A container's kill is to its processes what their own would be."""
    return {"process kill": killed, "container kill": killed, "power cut": cut}


_ALL = (
    Rung(
        *("buffered", "buffered", "", "user-space buffer"),
        says="a file written through a buffer of 8 KiB",
        expected=_losing(_IN_BUFFER, _IN_BUFFER_OR_CACHE),
    ),
    Rung(
        *("sqlite-off", "sqlite", "OFF", "page cache"),
        says="WAL, synchronous OFF: nothing is ever synced",
        expected=_losing(_IN_CACHE, _NOT_SYNCED),
    ),
    Rung(
        *("sqlite-normal", "sqlite", "NORMAL", "page cache"),
        says="WAL, synchronous NORMAL: only checkpoints sync",
        expected=_losing(_IN_CACHE, _AT_CHECKPOINTS),
    ),
    Rung(
        *("redis-no", "redis", "no", "page cache"),
        says="appendfsync no: when to sync is up to the kernel",
        expected=_losing(_IN_CACHE, _NOT_SYNCED),
    ),
    Rung(
        *("redis-everysec", "redis", "everysec", "page cache"),
        says="appendfsync everysec: synced once a second",
        expected=_losing(_POSTPONED, _EVERY_SECOND),
    ),
    Rung(
        *("sqlite-full", "sqlite", "FULL", "disk"),
        says="WAL, synchronous FULL: every commit syncs",
        expected=_losing(_IN_CACHE, _SYNCED),
    ),
    Rung(
        *("redis-always", "redis", "always", "disk"),
        says="appendfsync always: synced before each reply",
        expected=_losing(_IN_CACHE, _SYNCED),
    ),
)
RUNGS = {rung.name: rung for rung in _ALL}
REPEATED = ("redis-everysec", "sqlite-full", "redis-always")
"""Those whose power cut is worth repeating: they promise how little is lost."""
