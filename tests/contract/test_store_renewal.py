"""What every store promises (`services/session/store.py`) about `renew`.

Where a store differs by nature there is a test for each side of the difference.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.session.document import CountVisit, PutItem
from services.session.store import PreconditionFailed, SessionEnded, SessionStore
from services.stateless.token import TokenStore
from tests.contract.clock import Clock
from tests.contract.store_uses import TEA, each_use, opened  # noqa: F401 - a fixture


def test_store_renews_to_another_credential_of_the_same_state(store: SessionStore) -> None:
    credential = opened(store, PutItem("a1", TEA), CountVisit())
    renewed = store.renew(credential)
    assert renewed != credential
    assert store.load(renewed).session == store.load(credential).session


def test_store_takes_changes_by_a_renewed_credential(store: SessionStore) -> None:
    renewed = store.renew(opened(store, CountVisit()))
    assert store.apply(renewed, [CountVisit()]).results == (2,)


def test_store_serves_the_old_credential_within_the_grace(store: SessionStore, clock: Clock) -> None:
    credential = store.open().credential
    store.renew(credential)
    clock.forward(4)
    assert store.apply(credential, [CountVisit()]).results == (1,)


def test_server_side_store_ends_the_old_credential_after_the_grace(
    server_side_store: SessionStore, clock: Clock, use: Callable[[SessionStore, str], object]
) -> None:
    credential = server_side_store.open().credential
    server_side_store.renew(credential)
    clock.forward(5)
    with pytest.raises(SessionEnded):
        use(server_side_store, credential)


def test_token_store_cannot_end_the_old_credential_when_it_renews(
    token_store: TokenStore, clock: Clock
) -> None:
    """No server remembers which token is the old one: only its timeouts end it."""
    credential = token_store.open().credential
    token_store.renew(credential)
    clock.forward(5)
    assert token_store.load(credential).session.version == 1


def test_server_side_store_gives_the_same_credential_when_a_renewal_is_repeated_within_the_grace(
    server_side_store: SessionStore, clock: Clock
) -> None:
    credential = server_side_store.open().credential
    first = server_side_store.renew(credential)
    clock.forward(4)
    assert server_side_store.renew(credential) == first


def test_server_side_store_agrees_on_one_credential_when_renewals_are_parallel(
    server_side_store: SessionStore,
) -> None:
    credential = server_side_store.open().credential
    with ThreadPoolExecutor(8) as threads:
        renewed = set(threads.map(server_side_store.renew, [credential] * 40))
    assert len(renewed) == 1
    assert server_side_store.load(renewed.pop()).session.version == 1


def test_token_store_gives_each_of_two_renewals_its_own_credential(token_store: TokenStore) -> None:
    """Both open the same state, so parallel requests survive; they just cannot agree."""
    credential = token_store.open().credential
    first, second = token_store.renew(credential), token_store.renew(credential)
    assert first != second
    assert token_store.load(first).session == token_store.load(second).session


def test_server_side_store_ends_the_first_credential_when_its_successor_is_renewed(
    server_side_store: SessionStore,
) -> None:
    first = server_side_store.open().credential
    third = server_side_store.renew(server_side_store.renew(first))
    with pytest.raises(SessionEnded):
        server_side_store.load(first)
    assert server_side_store.load(third).session.version == 1


def test_server_side_store_does_not_start_the_grace_anew_when_a_renewal_is_repeated(
    server_side_store: SessionStore, clock: Clock
) -> None:
    credential = server_side_store.open().credential
    server_side_store.renew(credential)
    clock.forward(4)
    server_side_store.renew(credential)
    clock.forward(1)
    with pytest.raises(SessionEnded):
        server_side_store.load(credential)


def test_server_side_store_renews_nothing_when_the_version_is_another(
    server_side_store: SessionStore, clock: Clock
) -> None:
    credential = server_side_store.open().credential
    with pytest.raises(PreconditionFailed):
        server_side_store.renew(credential, if_versions={2})
    clock.forward(5)
    assert server_side_store.load(credential).session.version == 1


def test_store_refuses_a_renewal_when_the_version_is_another(store: SessionStore) -> None:
    with pytest.raises(PreconditionFailed):
        store.renew(store.open().credential, if_versions={2})
