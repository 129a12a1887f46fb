"""What every store promises (`services/session/store.py`) about the operations of `apply`.

Where a store differs by nature there is a test for each side of the difference.
"""

from collections.abc import Sequence

import pytest

from services.session.document import CountVisit, Item, Operation, PutItem, RemoveItem
from services.session.store import PreconditionFailed, SessionStore, SessionTooLarge
from services.stateless.token import TokenStore
from tests.contract.store_uses import TEA, opened


def test_store_applies_operations_in_their_order(store: SessionStore) -> None:
    operations = (PutItem("a1", TEA), RemoveItem("a1"), PutItem("a1", Item("jam", 1)))
    assert store.load(opened(store, *operations)).session.items == {"a1": Item("jam", 1)}


@pytest.mark.parametrize(
    ("operations", "results"),
    [
        ([PutItem("a1", TEA)], (1,)),
        ([PutItem("a1", TEA), PutItem("a1", TEA)], (1, 0)),
        ([PutItem("a1", TEA), RemoveItem("a1")], (1, 1)),
        ([RemoveItem("a1")], (0,)),
        ([PutItem("a1", TEA), RemoveItem("a1"), PutItem("a1", TEA)], (1, 1, 1)),
        ([CountVisit(), CountVisit()], (1, 2)),
        ([], ()),
    ],
)
def test_store_answers_one_result_per_operation(
    store: SessionStore, operations: Sequence[Operation], results: tuple[int, ...]
) -> None:
    assert store.apply(store.open().credential, operations).results == results


def test_store_counts_one_version_per_apply(store: SessionStore) -> None:
    applied = store.apply(store.open().credential, [PutItem("a1", TEA), CountVisit(), CountVisit()])
    assert applied.version == store.load(applied.credential).session.version == 2


def test_store_counts_every_one_of_200_visits(store: SessionStore) -> None:
    credential = store.open().credential
    for _ in range(200):
        credential = store.apply(credential, [CountVisit()]).credential
    assert store.load(credential).session.visits == 200


@pytest.mark.parametrize("name", ["x", "ü" * 100, "🫖" * 100, 'quo"te', "a\0b", "{'; DROP", "\u2028", " "])
def test_store_keeps_a_name_exactly(store: SessionStore, name: str) -> None:
    credential = opened(store, PutItem("a1", Item(name, 999)))
    assert store.load(credential).session.items == {"a1": Item(name, 999)}


@pytest.mark.parametrize("key", ["version", "secret", "item:x", "a" * 64, ".", "..", "-", "_", "0"])
def test_store_takes_any_item_id_for_what_it_is(store: SessionStore, key: str) -> None:
    session = store.load(opened(store, PutItem(key, TEA))).session
    assert (session.items, session.version) == ({key: TEA}, 2)


def test_store_applies_when_the_version_is_the_one_asked_for(store: SessionStore) -> None:
    assert store.apply(store.open().credential, [CountVisit()], if_versions={1}).version == 2


@pytest.mark.parametrize("if_version", [0, 1, 3, 999_999_999_999_999])
def test_store_executes_nothing_when_the_version_is_another(store: SessionStore, if_version: int) -> None:
    credential = opened(store, PutItem("a1", TEA))
    before = store.load(credential)
    with pytest.raises(PreconditionFailed):
        store.apply(credential, [CountVisit(), RemoveItem("a1")], if_versions={if_version})
    assert store.load(credential) == before


def test_store_applies_nothing_of_what_does_not_fit(token_store: TokenStore) -> None:
    """Only a token can be too large: the size of a session is not what a server-side store costs."""
    credential = token_store.open().credential
    too_much: list[Operation] = [CountVisit(), *(PutItem(f"a{n}", Item("x" * 100, 1)) for n in range(50))]
    with pytest.raises(SessionTooLarge):
        token_store.apply(credential, too_much)
    assert token_store.load(credential).session.version == 1


def test_server_side_store_takes_more_than_a_cookie_could(server_side_store: SessionStore) -> None:
    much = [PutItem(f"a{n}", Item("x" * 100, 1)) for n in range(500)]
    credential = opened(server_side_store, *much)
    assert len(server_side_store.load(credential).session.items) == 500


def test_server_side_store_keeps_the_credential_over_a_change(server_side_store: SessionStore) -> None:
    credential = server_side_store.open().credential
    assert server_side_store.apply(credential, [CountVisit()]).credential == credential


def test_token_store_gives_another_credential_after_a_change(token_store: TokenStore) -> None:
    credential = token_store.open().credential
    assert token_store.apply(credential, [CountVisit()]).credential != credential
