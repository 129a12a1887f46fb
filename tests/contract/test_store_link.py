"""A second device joins a session with a code that the first was given."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.session import record
from services.session.credential import Credential
from services.session.store import CredentialRejected, LinkInvalid, SessionEnded, SessionStore
from services.session.upload import Upload, Visit
from services.stateless.token import TokenStore
from tests.contract.clock import Clock
from tests.contract.conftest import Replicas
from tests.contract.store_uses import opened

PHONE = "phone-0123456789"
UNTIL = 300


@pytest.fixture
def code(store: SessionStore) -> str:
    """Of a session with one visit, that of device PHONE."""
    credential = store.sync(opened(store), Upload(PHONE, (Visit(1),))).credential
    return store.link(credential).code


def test_joined_device_sees_the_session(store: SessionStore) -> None:
    first = store.sync(opened(store), Upload(PHONE, (Visit(1),)))
    joined = store.join(store.link(first.credential).code)
    assert joined.credential != first.credential
    assert joined.session == first.session == store.load(joined.credential).session


def test_joined_device_knows_what_was_applied_of_the_first(store: SessionStore, code: str) -> None:
    assert store.sync(store.join(code).credential, Upload(PHONE, (Visit(1),))).session.visits == 1


def test_what_one_device_uploads_the_other_one_receives(server_side_store: SessionStore) -> None:
    store, first = server_side_store, opened(server_side_store)
    second = store.join(store.link(first).code).credential
    store.sync(second, Upload(PHONE, (Visit(1),)))
    assert store.load(first).session.visits == 1


def test_token_gives_the_second_device_a_copy(token_store: TokenStore) -> None:
    first = opened(token_store)
    second = token_store.join(token_store.link(first).code)
    token_store.sync(second.credential, Upload(PHONE, (Visit(1),)))
    assert token_store.load(first).session.visits == 0


def test_code_is_used_up_by_joining(server_side_store: SessionStore) -> None:
    code = server_side_store.link(opened(server_side_store)).code
    server_side_store.join(code)
    with pytest.raises(LinkInvalid):
        server_side_store.join(code)


def test_code_lets_in_one_of_many_at_once(replicas: Replicas) -> None:
    code = replicas[0].link(opened(replicas[0])).code

    def joined(number: int) -> bool:
        try:
            return bool(replicas[number % 2].join(code))
        except LinkInvalid:
            return False

    with ThreadPoolExecutor(8) as devices:
        assert sum(devices.map(joined, range(16))) == 1


def test_new_code_voids_the_one_before(server_side_store: SessionStore) -> None:
    credential = opened(server_side_store)
    first, second = (server_side_store.link(credential).code for _ in range(2))
    with pytest.raises(LinkInvalid):
        server_side_store.join(first)
    assert server_side_store.join(second)


def test_code_is_good_until_its_time_is_up(store: SessionStore, clock: Clock) -> None:
    credential = opened(store)
    link = store.link(credential)
    assert link.expires_at == clock() + UNTIL
    for _ in range(4):
        clock.forward(74)
        credential = store.load(credential).credential
    clock.forward(3)
    assert store.join(link.code)


def test_code_is_refused_when_its_time_is_up(store: SessionStore, clock: Clock) -> None:
    credential = opened(store)
    link = store.link(credential)
    for _ in range(4):
        clock.forward(75)
        credential = store.load(credential).credential
    with pytest.raises(LinkInvalid):
        store.join(link.code)


def test_code_is_refused_when_the_session_has_expired(server_side_store: SessionStore, clock: Clock) -> None:
    code = server_side_store.link(opened(server_side_store)).code
    clock.forward(100)
    with pytest.raises(LinkInvalid):
        server_side_store.join(code)


def test_code_is_refused_when_the_session_has_ended(server_side_store: SessionStore) -> None:
    credential = opened(server_side_store)
    code = server_side_store.link(credential).code
    server_side_store.close(credential)
    with pytest.raises(LinkInvalid):
        server_side_store.join(code)


@pytest.mark.parametrize("alter", [lambda _: "", lambda c: c[:-1], lambda c: c + "A", lambda c: "A" * len(c)])
def test_code_that_nobody_gave_out_is_refused(
    store: SessionStore, code: str, alter: Callable[[str], str]
) -> None:
    with pytest.raises(LinkInvalid):
        store.join(alter(code))


def test_code_is_no_credential_and_a_credential_no_code(store: SessionStore) -> None:
    credential = opened(store)
    code = store.link(credential).code
    with pytest.raises(CredentialRejected):
        store.load(code)
    with pytest.raises(LinkInvalid):
        store.join(credential)


def test_renewing_one_devices_credential_leaves_the_others_alone(
    server_side_store: SessionStore, clock: Clock
) -> None:
    store, first = server_side_store, opened(server_side_store)
    second = store.join(store.link(first).code).credential
    store.renew(first)
    clock.forward(5)
    assert store.load(second)
    store.renew(second)
    clock.forward(5)
    for ended in (first, second):
        with pytest.raises(SessionEnded):
            store.load(ended)


def test_session_ends_for_all_its_devices(server_side_store: SessionStore) -> None:
    store, first = server_side_store, opened(server_side_store)
    second = store.join(store.link(first).code).credential
    store.close(second)
    with pytest.raises(SessionEnded):
        store.load(first)


def test_joining_does_not_extend_the_absolute_timeout(store: SessionStore, code: str, clock: Clock) -> None:
    opened_at = clock()
    clock.forward(50)
    assert store.join(code).session.expires_at == opened_at + 1000


def test_devices_of_one_session_are_bounded(server_side_store: SessionStore) -> None:
    store, credential = server_side_store, opened(server_side_store)
    for _ in range(record.DEVICES - 1):
        store.renew(store.join(store.link(credential).code).credential)
    with pytest.raises(LinkInvalid):
        store.join(store.link(credential).code)


def test_code_of_a_server_side_store_names_the_session_and_not_the_credential(
    server_side_store: SessionStore,
) -> None:
    credential = Credential.parse(opened(server_side_store))
    code = Credential.parse(server_side_store.link(str(credential)).code)
    assert (code.id, code.secret == credential.secret) == (credential.id, False)
