"""What every store promises: `services/session/store.py`, clause by clause.

Where a store differs by nature there is a test for each side of the difference.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.session.credential import Credential
from services.session.document import CountVisit, Item, Operation, PutItem, RemoveItem
from services.session.lifetime import Lifetime
from services.session.store import (
    CredentialInvalid,
    CredentialRejected,
    PreconditionFailed,
    SessionEnded,
    SessionExpired,
    SessionStore,
    SessionTooLarge,
    SessionUnknown,
)
from services.stateful.memory import MemoryStore
from services.stateful.sqlite import SqliteStore
from services.stateless.keyring import KeyRing, create_first
from services.stateless.token import TokenStore
from tests.contract.clock import Clock

TEA = Item("tea", 2)
MALFORMED = [
    "",
    ".",
    "....",
    "none",
    "a.b",
    "a.b.c.d.e",
    f"{'a' * 22}.{'b' * 21}",
    f"{'a' * 22}.{'b' * 22}\n",
    f"{'a' * 22}.{'b' * 21}=",
    f"{'a' * 22}{'b' * 23}",
    f"{'a' * 22}.{'b' * 21}é",
    f"{'a' * 22}.{'b' * 21}\0",
    f"{'a' * 22}.{'b' * 21}\ud800",
    "x" * 100_000,
]
USES: dict[str, Callable[[SessionStore, str], object]] = {
    "load": lambda store, credential: store.load(credential),
    "apply": lambda store, credential: store.apply(credential, [CountVisit()]),
    "renew": lambda store, credential: store.renew(credential),
}


def opened(store: SessionStore, *operations: Operation) -> str:
    """The credential of a new session, after these operations."""
    credential = store.open().credential
    return store.apply(credential, operations).credential if operations else credential


@pytest.fixture(params=USES)
def use(request: pytest.FixtureRequest) -> Callable[[SessionStore, str], object]:
    """Each use of a session that needs it to be there."""
    return USES[request.param]


# open


def test_store_opens_an_empty_session_at_version_1(store: SessionStore) -> None:
    session = store.open().session
    assert (session.version, session.items, session.visits) == (1, {}, 0)


def test_store_opens_a_session_with_both_its_deadlines(store: SessionStore, clock: Clock) -> None:
    session = store.open().session
    times = (session.opened_at, session.idle_expires_at, session.expires_at)
    assert times == (clock.now, clock.now + 100, clock.now + 1000)


def test_store_opens_each_session_under_its_own_credential(store: SessionStore) -> None:
    assert len({store.open().credential for _ in range(100)}) == 100


def test_store_loads_the_session_it_opened(store: SessionStore) -> None:
    held = store.open()
    assert store.load(held.credential) == held


def test_store_keeps_sessions_apart(store: SessionStore) -> None:
    mine, other = opened(store, PutItem("a1", TEA)), opened(store)
    assert store.load(mine).session.items == {"a1": TEA}
    assert store.load(other).session.items == {}


# apply


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
    assert store.apply(store.open().credential, [CountVisit()], if_version=1).version == 2


@pytest.mark.parametrize("if_version", [0, 1, 3, 999_999_999_999_999])
def test_store_executes_nothing_when_the_version_is_another(store: SessionStore, if_version: int) -> None:
    credential = opened(store, PutItem("a1", TEA))
    before = store.load(credential)
    with pytest.raises(PreconditionFailed):
        store.apply(credential, [CountVisit(), RemoveItem("a1")], if_version=if_version)
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


# timeouts


def test_store_expires_a_session_after_the_idle_timeout(
    store: SessionStore, clock: Clock, use: Callable[[SessionStore, str], object]
) -> None:
    credential = store.open().credential
    clock.forward(100)
    with pytest.raises(SessionExpired):
        use(store, credential)


def test_store_serves_a_session_in_the_last_second_before_the_idle_timeout(
    store: SessionStore, clock: Clock
) -> None:
    credential = store.open().credential
    clock.forward(99)
    assert store.load(credential).session.version == 1


def test_store_moves_the_idle_timeout_with_a_change(store: SessionStore, clock: Clock) -> None:
    credential = store.open().credential
    clock.forward(1)
    credential = store.apply(credential, [CountVisit()]).credential
    assert store.load(credential).session.idle_expires_at == clock.now + 100


def test_store_moves_the_idle_timeout_with_a_read_when_it_is_due(store: SessionStore, clock: Clock) -> None:
    credential = store.open().credential
    clock.forward(10)
    held = store.load(credential)
    assert held.session.idle_expires_at == clock.now + 100
    clock.forward(99)
    assert store.load(held.credential).session.version == 1


def test_store_does_not_write_with_a_read_when_the_touch_is_not_due(
    store: SessionStore, clock: Clock
) -> None:
    held = store.open()
    clock.forward(9)
    assert store.load(held.credential) == held


def test_store_expires_a_session_after_the_absolute_timeout_when_it_is_in_use(
    store: SessionStore, clock: Clock
) -> None:
    credential = store.open().credential
    for _ in range(19):
        clock.forward(50)
        credential = store.apply(credential, [CountVisit()]).credential
    clock.forward(50)
    with pytest.raises(SessionExpired):
        store.load(credential)


def test_store_never_moves_the_idle_timeout_beyond_the_absolute_one(
    store: SessionStore, clock: Clock
) -> None:
    held = store.open()
    credential = held.credential
    for _ in range(10):
        clock.forward(95)
        credential = store.load(credential).credential
    assert store.load(credential).session.idle_expires_at == held.session.expires_at


def test_store_does_not_extend_the_absolute_timeout_with_a_renewal(store: SessionStore, clock: Clock) -> None:
    held = store.open()
    clock.forward(50)
    renewed = store.load(store.renew(held.credential))
    assert renewed.session.expires_at == held.session.expires_at


# renew


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
        server_side_store.renew(credential, if_version=2)
    clock.forward(5)
    assert server_side_store.load(credential).session.version == 1


def test_store_refuses_a_renewal_when_the_version_is_another(store: SessionStore) -> None:
    with pytest.raises(PreconditionFailed):
        store.renew(store.open().credential, if_version=2)


# close


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
        store.close(credential, if_version=2)
    assert store.load(credential).session.version == 1


# credentials


@pytest.mark.parametrize("credential", MALFORMED, ids=range(len(MALFORMED)))
def test_store_calls_a_malformed_credential_invalid(
    store: SessionStore, credential: str, use: Callable[[SessionStore, str], object]
) -> None:
    with pytest.raises(CredentialInvalid):
        use(store, credential)


@pytest.mark.parametrize("credential", MALFORMED, ids=range(len(MALFORMED)))
def test_store_refuses_to_close_by_a_malformed_credential(store: SessionStore, credential: str) -> None:
    with pytest.raises(CredentialInvalid):
        store.close(credential)


def test_server_side_store_does_not_know_a_credential_it_never_gave_out(
    server_side_store: SessionStore, use: Callable[[SessionStore, str], object]
) -> None:
    with pytest.raises(SessionUnknown):
        use(server_side_store, str(Credential.fresh()))


def test_token_store_calls_a_credential_invalid_when_another_ring_sealed_it(
    token_store: TokenStore,
    use: Callable[[SessionStore, str], object],
    lifetime: Lifetime,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    create_first(elsewhere)
    foreign = TokenStore(KeyRing(elsewhere), "stateless", 4000, lifetime).open().credential
    with pytest.raises(CredentialInvalid):
        use(token_store, foreign)


def test_server_side_store_never_adopts_an_unknown_credential(server_side_store: SessionStore) -> None:
    chosen = str(Credential.fresh())
    for use in USES.values():
        with pytest.raises(CredentialRejected):
            use(server_side_store, chosen)
    server_side_store.close(chosen)
    with pytest.raises(SessionUnknown):
        server_side_store.load(chosen)


def test_server_side_store_refuses_the_id_of_a_session_with_another_secret(
    server_side_store: SessionStore, use: Callable[[SessionStore, str], object]
) -> None:
    known = Credential.parse(server_side_store.open().credential)
    guess = str(known._replace(secret=Credential.fresh().secret))
    with pytest.raises(SessionEnded):
        use(server_side_store, guess)
    assert server_side_store.load(str(known)).session.version == 1


def test_server_side_store_gives_out_at_least_128_random_bits(server_side_store: SessionStore) -> None:
    """22 characters of base64url carry 132 bits, of which 128 are drawn."""
    assert len(Credential.parse(server_side_store.open().credential).secret) == 22


# readiness and forgetting


def test_store_is_ready_when_it_can_be_reached(store: SessionStore) -> None:
    store.check()


def test_store_says_expired_not_unknown_within_the_retention(
    server_side_store: SessionStore, clock: Clock
) -> None:
    credential = server_side_store.open().credential
    clock.forward(149)
    server_side_store.open()
    with pytest.raises(SessionExpired):
        server_side_store.load(credential)


def test_store_forgets_a_session_after_the_retention(
    memory_store: MemoryStore, sqlite_store: SqliteStore, clock: Clock
) -> None:
    """Redis does so by its own clock: see `test_redis_store_lets_a_session_expire_in_redis`."""
    stores: tuple[SessionStore, ...] = (memory_store, sqlite_store)
    credentials = [store.open().credential for store in stores]
    clock.forward(150)
    for store, credential in zip(stores, credentials, strict=True):
        store.open()
        with pytest.raises(SessionUnknown):
            store.load(credential)
