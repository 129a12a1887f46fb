"""What a session is, and what can be done to one. Pure: no clock, no store, no HTTP."""

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

# `(?!\n)`: Python's `$` alone takes a newline at the end; JSON Schema has no `\Z`.
ItemId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}(?!\n)$", description="Chosen by the client")]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Quantity = Annotated[int, Meta(ge=1, le=999)]


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What lies in the cart under one item id."""

    name: Name
    quantity: Quantity


class Session(msgspec.Struct, frozen=True):
    """The state of one session. Times are POSIX seconds, UTC."""

    version: int
    items: Mapping[str, Item]
    visits: int
    opened_at: int
    idle_expires_at: int
    expires_at: int


class PutItem(msgspec.Struct, frozen=True):
    """Put an item under an id, in place of what was there. Result: 1 new, 0 replaced."""

    id: ItemId
    item: Item


class RemoveItem(msgspec.Struct, frozen=True):
    """Remove an item. Result: 1 removed, 0 was not there."""

    id: ItemId


class CountVisit(msgspec.Struct, frozen=True):
    """Count one visit. Result: the count after it."""


Operation = PutItem | RemoveItem | CountVisit


def apply(session: Session, operations: Sequence[Operation]) -> tuple[Session, tuple[int, ...]]:
    """The session after the operations, one version later, and each operation's result."""
    items, visits, results = dict(session.items), session.visits, []
    for operation in operations:
        match operation:
            case PutItem(id=key, item=item):
                results.append(int(key not in items))
                items[key] = item
            case RemoveItem(id=key):
                results.append(int(items.pop(key, None) is not None))
            case CountVisit():
                visits += 1
                results.append(visits)
    changed = msgspec.structs.replace(session, version=session.version + 1, items=items, visits=visits)
    return changed, tuple(results)
