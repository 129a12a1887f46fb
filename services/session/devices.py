"""What a session knows of the devices that upload to it: each of their operations happens exactly once.

A session keeps each device's high-water mark beside its content, changed in the same atomic step: so a
lost answer, a repeated upload, two at once or another replica never apply anything twice.

It remembers a bounded number of devices. Of those it forgot it keeps one number, the *horizon*: the
version at which it last forgot one. A device says since which version it has known the session; one that
is not known, but may have been before the horizon, is told so, as what it uploads may be there already; and
so is one that knew a later version than there is, after a store was brought back to an earlier state.

Operations of several devices merge in the order in which the server gets them. Visits add up, items of
different ids coexist, and of one id the later *upload* wins, not the later act: who puts two teas at noon,
offline, and uploads at two replaces the five that another device put, and uploaded, at one.
"""

from typing import NamedTuple

from services.session.document import Operation
from services.session.store import DeviceForgotten, SequenceGap
from services.session.upload import Upload

REMEMBERED = 32
"""How many devices a server-side store remembers of one session."""


class Mark(NamedTuple):
    """How far a device has come: its last operation that was applied, and the version that led to."""

    acknowledged: int = 0
    version: int = 0


def expect_numbered(upload: Upload) -> None:
    """Raises `SequenceGap` unless its operations are numbered one after the other."""
    for expected, operation in enumerate(upload.operations, upload.first):
        if operation.sequence != expected:
            raise SequenceGap(expected)


def due(upload: Upload, mark: Mark | None, horizon: int, version: int) -> list[Operation]:
    """What of an upload, numbered as it should be, is still to be applied to a session at this version.

    Raises `SequenceGap` and `DeviceForgotten`.
    """
    if mark is None and upload.since < horizon:
        raise DeviceForgotten
    expected = (mark or Mark()).acknowledged + 1
    if upload.first > expected:
        raise SequenceGap(expected)
    if mark is None and upload.operations and upload.since > version:
        raise DeviceForgotten  # the session went back: later on, this device would look new once more
    return [operation.intent for operation in upload.operations[expected - upload.first :]]


def remember(marks: dict[str, Mark], upload: Upload, version: int, limit: int = REMEMBERED) -> list[str]:
    """Note that all of it was applied. The devices beyond the limit, that uploaded longest ago: forgotten."""
    marks[upload.device] = Mark(upload.last, version)
    forgotten = sorted(marks, key=lambda device: marks[device].version)[: max(0, len(marks) - limit)]
    for device in forgotten:
        del marks[device]
    return forgotten
