"""What tests do with a store: they open sessions and use them."""

from collections.abc import Callable

import pytest

from services.session.document import CountVisit, Item, Operation
from services.session.store import SessionStore
from services.session.upload import Upload, Visit

TEA = Item("tea", 2)
USES: dict[str, Callable[[SessionStore, str], object]] = {
    "load": lambda store, credential: store.load(credential),
    "apply": lambda store, credential: store.apply(credential, [CountVisit()]),
    "sync": lambda store, credential: store.sync(credential, Upload("phone-0123456789", (Visit(1),))),
    "link": lambda store, credential: store.link(credential),
    "renew": lambda store, credential: store.renew(credential),
}


def opened(store: SessionStore, *operations: Operation) -> str:
    """The credential of a new session, after these operations."""
    credential = store.open().credential
    return store.apply(credential, operations).credential if operations else credential


@pytest.fixture(name="use", params=USES)
def each_use(request: pytest.FixtureRequest) -> Callable[[SessionStore, str], object]:
    """Each use of a session that needs it to be there."""
    return USES[request.param]
