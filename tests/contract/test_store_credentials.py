"""What every store promises (`services/session/store.py`) about credentials it did not give out.

Where a store differs by nature there is a test for each side of the difference.
"""

from collections.abc import Callable

import pytest

from services.session.credential import Credential
from services.session.lifetime import Lifetime
from services.session.store import (
    CredentialInvalid,
    CredentialRejected,
    SessionEnded,
    SessionStore,
    SessionUnknown,
)
from services.stateless.keyring import KeyRing, create_first
from services.stateless.token import TokenStore
from tests.contract.store_uses import USES, each_use  # noqa: F401 - a fixture

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
