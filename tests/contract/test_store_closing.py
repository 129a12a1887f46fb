"""What every store promises (`services/session/store.py`) about `close`.

Where a store differs by nature there is a test for each side of the difference.
"""

from collections.abc import Callable

import pytest

from services.session.credential import Credential
from services.session.document import CountVisit, PutItem
from services.session.store import PreconditionFailed, SessionEnded, SessionStore
from services.stateless.token import TokenStore
from tests.contract.clock import Clock
from tests.contract.store_uses import TEA, each_use, opened  # noqa: F401 - a fixture


def test_server_side_store_ends_a_session_at_once_when_it_is_closed(
    server_side_store: SessionStore, use: Callable[[SessionStore, str], object]
) -> None:
    credential = opened(server_side_store, CountVisit())
    server_side_store.close(credential)
    with pytest.raises(SessionEnded):
        use(server_side_store, credential)


def test_token_store_cannot_end_a_session_when_it_is_closed(token_store: TokenStore) -> None:
    """Who kept the token still opens it: the limit of a state that only the client holds."""
    credential = opened(token_store, CountVisit())
    token_store.close(credential)
    assert token_store.load(credential).session.visits == 1


def test_server_side_store_never_resurrects_a_session_when_a_change_comes_late(
    server_side_store: SessionStore,
) -> None:
    credential = opened(server_side_store, PutItem("a1", TEA))
    server_side_store.close(credential)
    with pytest.raises(SessionEnded):
        server_side_store.apply(credential, [PutItem("late", TEA)])
    with pytest.raises(SessionEnded):
        server_side_store.load(credential)


def test_server_side_store_ends_every_credential_of_a_session_when_one_closes_it(
    server_side_store: SessionStore,
) -> None:
    old = server_side_store.open().credential
    new = server_side_store.renew(old)
    server_side_store.close(old)
    with pytest.raises(SessionEnded):
        server_side_store.load(new)


def test_store_closes_again_without_complaint(store: SessionStore) -> None:
    credential = store.open().credential
    store.close(credential)
    store.close(credential)


def test_store_closes_an_expired_session_without_complaint(store: SessionStore, clock: Clock) -> None:
    credential = store.open().credential
    clock.forward(100)
    store.close(credential)


def test_server_side_store_closes_an_unknown_session_without_complaint(
    server_side_store: SessionStore,
) -> None:
    server_side_store.close(str(Credential.fresh()))


def test_server_side_store_closes_nothing_when_an_ended_credential_asks_for_it(
    server_side_store: SessionStore, clock: Clock
) -> None:
    old = server_side_store.open().credential
    new = server_side_store.renew(old)
    clock.forward(5)
    server_side_store.close(old)
    assert server_side_store.load(new).session.version == 1


def test_store_closes_nothing_when_the_version_is_another(store: SessionStore) -> None:
    credential = store.open().credential
    with pytest.raises(PreconditionFailed):
        store.close(credential, if_versions={2})
    assert store.load(credential).session.version == 1
