"""What every store promises (`services/session/store.py`) about changes that are asked for once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.session.document import CountVisit, Item, Operation, PutItem, RemoveItem
from services.session.idempotency import REMEMBERED, once
from services.session.lifetime import Lifetime
from services.session.store import (
    Applied,
    IdempotencyMismatch,
    PreconditionFailed,
    SessionEnded,
    SessionStore,
    SessionTooLarge,
)
from services.stateless import token
from services.stateless.keyring import KeyRing
from services.stateless.token import TokenStore
from tests.contract.clock import Clock
from tests.contract.conftest import Replicas
from tests.contract.store_uses import TEA, opened


def change(store: SessionStore, credential: str, key: str, *operations: Operation) -> Applied:
    return store.apply(credential, operations, once=once(key, operations))


def test_store_makes_a_repeated_change_once(store: SessionStore) -> None:
    credential = change(store, opened(store), "k", CountVisit()).credential
    credential = change(store, credential, "k", CountVisit()).credential
    session = store.load(credential).session
    assert (session.visits, session.version) == (1, 2)


@pytest.mark.parametrize("operation", [CountVisit(), PutItem("a1", TEA), RemoveItem("a1")])
def test_store_answers_a_repeat_as_it_did_first_when_more_has_happened_since(
    store: SessionStore, operation: Operation
) -> None:
    first = change(store, opened(store), "k", operation)
    later = store.apply(first.credential, [PutItem("a1", Item("jam", 9)), CountVisit()])
    again = change(store, later.credential, "k", operation)
    assert (again.version, again.results) == (first.version, first.results)


def test_store_leaves_what_has_happened_since_when_a_change_is_repeated(store: SessionStore) -> None:
    credential = change(store, opened(store), "k", PutItem("a1", TEA)).credential
    credential = store.apply(credential, [PutItem("a1", Item("jam", 9))]).credential
    credential = change(store, credential, "k", PutItem("a1", TEA)).credential
    assert store.load(credential).session.items == {"a1": Item("jam", 9)}


def test_store_makes_equal_changes_when_their_keys_differ(store: SessionStore) -> None:
    credential = opened(store)
    for key in ("a", "b", "A"):
        credential = change(store, credential, key, CountVisit()).credential
    assert store.load(credential).session.visits == 3


def test_store_refuses_a_key_that_came_with_another_change(store: SessionStore) -> None:
    credential = change(store, opened(store), "k", PutItem("a1", TEA)).credential
    before = store.load(credential).session
    for other in (PutItem("a1", Item("tea", 3)), PutItem("a2", TEA), RemoveItem("a1"), CountVisit()):
        with pytest.raises(IdempotencyMismatch):
            change(store, credential, "k", other)
    assert store.load(credential).session == before


def test_store_answers_a_repeat_when_the_version_it_was_made_for_is_gone(store: SessionStore) -> None:
    """What was lost was the answer: the change itself moved the session on."""
    visit = [CountVisit()]
    first = store.apply(opened(store), visit, if_versions={1}, once=once("k", visit))
    again = store.apply(first.credential, visit, if_versions={1}, once=once("k", visit))
    assert (again.version, again.results) == (first.version, first.results)


def test_store_forgets_the_key_of_a_change_that_it_refused(store: SessionStore) -> None:
    credential, visit = opened(store), [CountVisit()]
    with pytest.raises(PreconditionFailed):
        store.apply(credential, visit, if_versions={9}, once=once("k", visit))
    assert store.apply(credential, visit, once=once("k", visit)).results == (1,)


def test_store_keeps_the_keys_of_sessions_apart(store: SessionStore) -> None:
    change(store, opened(store), "k", CountVisit())
    assert change(store, opened(store), "k", PutItem("a1", TEA)).version == 2


def test_store_remembers_a_key_when_the_credential_was_renewed(store: SessionStore) -> None:
    credential = store.renew(change(store, opened(store), "k", CountVisit()).credential)
    assert change(store, credential, "k", CountVisit()).version == 2


def test_server_side_store_refuses_a_repeat_when_the_session_has_ended(
    server_side_store: SessionStore,
) -> None:
    credential = change(server_side_store, opened(server_side_store), "k", CountVisit()).credential
    server_side_store.close(credential)
    with pytest.raises(SessionEnded):
        change(server_side_store, credential, "k", CountVisit())


def limit_of(store: SessionStore) -> int:
    return token.REMEMBERED if isinstance(store, TokenStore) else REMEMBERED


def test_store_remembers_its_latest_keys_and_no_more(store: SessionStore) -> None:
    """The first of one more than it remembers is forgotten, so it is made again."""
    credential, limit = opened(store), limit_of(store)
    for number in range(limit + 1):
        credential = change(store, credential, str(number), CountVisit()).credential
    assert change(store, credential, "1", CountVisit()).results == (2,)
    assert change(store, credential, str(limit), CountVisit()).results == (limit + 1,)
    assert change(store, credential, "0", CountVisit()).results == (limit + 2,)


def test_server_side_store_remembers_a_key_as_long_as_an_unused_session(
    server_side_store: SessionStore, clock: Clock
) -> None:
    credential = change(server_side_store, opened(server_side_store), "k", CountVisit()).credential
    clock.forward(99)
    assert change(server_side_store, credential, "k", CountVisit()).results == (1,)


def test_replicas_make_a_change_once_when_they_get_it_at_the_same_time(replicas: Replicas) -> None:
    for number in range(20):
        credential = opened(replicas[0])
        with ThreadPoolExecutor(8) as threads:
            answers = list(
                threads.map(lambda n: change(replicas[n % 2], credential, "k", CountVisit()), range(8))  # noqa: B023
            )
        assert {(answer.version, answer.results) for answer in answers} == {(2, (1,))}, number
        assert replicas[1].load(credential).session.visits == 1


def test_token_gives_the_same_answer_when_the_first_one_was_lost(token_store: TokenStore) -> None:
    """The client still has the token from before: the change is made anew on what it was made on."""
    credential = opened(token_store)
    first = change(token_store, credential, "k", CountVisit())
    again = change(token_store, credential, "k", CountVisit())
    assert (again.version, again.results) == (first.version, first.results)


def test_token_refuses_a_change_when_there_is_no_room_to_remember_it(keys: Path, lifetime: Lifetime) -> None:
    room = len(opened(TokenStore(KeyRing(keys), "stateless", 4000, lifetime))) + 8
    store = TokenStore(KeyRing(keys), "stateless", room, lifetime)
    credential = store.apply(opened(store), [CountVisit()]).credential
    with pytest.raises(SessionTooLarge):
        change(store, credential, "k", CountVisit())
