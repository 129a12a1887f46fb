"""What devices carried out offline, on its way into a session.

A device numbers its operations 1, 2, 3, ... and keeps them until they are acknowledged.
`services/session/devices.py` says what becomes of them.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from services.session.document import CountVisit, Item, ItemId, Name, Operation, PutItem, Quantity, RemoveItem

OPERATIONS = 100
"""How many fit in one upload."""

DeviceId = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9_-]{16,36}(?!\n)$", description="Random, the device's own")
]
Sequence = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Since = Annotated[int, Meta(ge=0, description="The session's version when this device first saw it")]


class Numbered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="operation"):
    """One of a device's operations."""

    sequence: Sequence


class Put(Numbered, frozen=True, tag="put"):
    """Put an item."""

    id: ItemId
    name: Name
    quantity: Quantity

    @property
    def intent(self) -> Operation:
        return PutItem(self.id, Item(self.name, self.quantity))


class Remove(Numbered, frozen=True, tag="remove"):
    """Remove an item."""

    id: ItemId

    @property
    def intent(self) -> Operation:
        return RemoveItem(self.id)


class Visit(Numbered, frozen=True, tag="visit"):
    """Count a visit."""

    @property
    def intent(self) -> Operation:
        return CountVisit()


class Upload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A device's operations, numbered one after the other. Without any it is a download."""

    device: DeviceId
    operations: Annotated[tuple[Put | Remove | Visit, ...], Meta(max_length=OPERATIONS)]
    since: Since = 0

    @property
    def first(self) -> int:
        return self.operations[0].sequence if self.operations else 1

    @property
    def last(self) -> int:
        return self.operations[-1].sequence if self.operations else 0
