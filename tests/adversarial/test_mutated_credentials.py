"""A hundred thousand credentials that nobody was given, over every store: none is accepted.

Each goes as the cookie of a request to the application as it is started, called in this process. All
answers of one kind are the same to the byte, so each kind is looked at once.
"""

from itertools import islice
from pathlib import Path

import pytest

from services.session.lifetime import Lifetime
from services.session.store import SessionStore
from services.stateful.app import create_app as create_stateful
from services.stateful.sqlite import SqliteStore
from services.stateless.app import create_app as create_stateless
from services.stateless.keyring import KeyRing, create_first, rotate
from services.stateless.token import TokenStore
from tests.adversarial.forgeries import WITHOUT_A_KEY, Forger
from tests.adversarial.mutants import BASE64URL, EVERYWHERE, Mutation, mutants, segments_exchanged
from tests.adversarial.target import REFUSALS, USES, Target, expect_refusals
from tests.contract.conftest import ALL, SERVER_SIDE

MUTANTS = 25_000
"""For each of the four stores."""
SEED = 20261126


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A ring whose first key is retired, and kept beside it."""
    directory = tmp_path / "keys"
    create_first(directory)
    create_first(tmp_path / "retired")
    (directory / "0001.jwk").replace(tmp_path / "retired/0001.jwk")
    rotate(directory)
    rotate(directory)
    return directory


@pytest.fixture
def target(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str, keys: Path) -> Target:
    """Each placement's application."""
    placements = {
        "memory": (create_stateful, {"SESSION_STORE": "memory:"}),
        "sqlite": (create_stateful, {"SESSION_STORE": f"sqlite:{tmp_path}/sessions.db"}),
        "redis": (create_stateless, {"SESSION_STORE": redis_url}),
        "token": (create_stateless, {"SESSION_STORE": "token:", "SESSION_KEYS": str(keys)}),
    }
    create, settings = placements[request.param]
    service = create.__module__.split(".")[1]
    return Target.of(create(settings | {"SESSION_COOKIE_SECURE": "false"}), f"{service}-session")


def mutations_of(target: Target, keys: Path) -> list[Mutation]:
    everywhere = [*EVERYWHERE, segments_exchanged(target.credentials)]
    if target.credentials[0].count(".") == 1:
        return everywhere
    return [*everywhere, *WITHOUT_A_KEY * 4, *Forger.holding(KeyRing(keys).sealing()).mutations()]


@pytest.mark.parametrize("target", SERVER_SIDE, indirect=True)
def test_server_side_store_accepts_none_of_25000_mutated_credentials(target: Target, keys: Path) -> None:
    """Most are malformed; hundreds are of the right form, with an id that is not known, or one that is."""
    made = mutants(target.credentials, mutations_of(target, keys), SEED)
    reasons = expect_refusals(target, islice(made, MUTANTS))
    assert reasons.total() == MUTANTS
    assert min(reasons[reason] for reason in REFUSALS) > MUTANTS // 100


@pytest.mark.parametrize("target", ["token"], indirect=True)
def test_token_store_accepts_none_of_25000_mutated_credentials(target: Target, keys: Path) -> None:
    made = mutants(target.credentials, mutations_of(target, keys), SEED)
    reasons = expect_refusals(target, islice(made, MUTANTS))
    assert reasons.total() == MUTANTS
    assert reasons["session-ended"] == 0
    assert reasons["credential-invalid"] > MUTANTS * 9 // 10, (
        "most are cookies: what is none has no credential"
    )


@pytest.mark.parametrize("target", ["token"], indirect=True)
def test_token_is_accepted_when_it_is_sealed_anew_with_nothing_changed(target: Target, keys: Path) -> None:
    """The control: what is sealed with the key is refused above for what was changed."""
    anew = Forger.holding(KeyRing(keys).sealing()).control(target.credentials[0])
    assert anew != target.credentials[0]
    assert target.send(anew).status == 200


@pytest.mark.parametrize("target", ALL, indirect=True)
def test_credential_has_one_spelling(target: Target) -> None:
    """The last character of a segment carries bits that decode to nothing: sixteen spellings of a secret."""
    credential = target.credentials[0]
    spellings = {
        f"{credential[:end]}{character}{credential[end + 1 :]}"
        for end in [i for i, c in enumerate(f"{credential[1:]}.") if c == "."]
        for character in BASE64URL
    } - {credential}
    assert len(spellings) >= 2 * 63
    expect_refusals(target, spellings)


@pytest.mark.parametrize("target", ALL, indirect=True)
def test_credential_in_quotes_is_the_credential(target: Target) -> None:
    """Quotes are the cookie's syntax (RFC 6265, 4.1.1), and leave what is in them as it is."""
    assert target.send(f'"{target.credentials[0]}"').status == 200


@pytest.mark.parametrize("target", ALL, indirect=True)
def test_credential_that_is_empty_or_odd_is_refused(target: Target) -> None:
    odd = [
        "",
        '""',
        ".",
        "....",
        "null",
        "undefined",
        "../../etc/passwd",
        "' OR 1=1 --",
        "*",
        "%",
        "x" * 60_000,
    ]
    expect_refusals(target, odd)


@pytest.mark.parametrize("target", ALL, indirect=True)
def test_two_cookies_of_one_name_are_refused_when_they_differ(target: Target) -> None:
    """Whichever comes first: a neighbouring host may have planted one, to have the victim use its session."""
    mine, planted, _ = target.credentials
    for first, second in [(mine, planted), (planted, mine), (mine, "x"), ("x", mine), ("", mine), (mine, "")]:
        expect_refusals(target, [f"{first}; {target.cookie}={second}"] * len(USES))


@pytest.mark.parametrize("target", ALL, indirect=True)
def test_two_cookies_of_one_name_are_one_when_they_are_the_same(target: Target) -> None:
    mine = target.credentials[0]
    answer = target.send(f"{mine}; {target.cookie}={mine}")
    assert (answer.status, answer.set_cookie) == (200, None)


@pytest.mark.parametrize("target", ALL, indirect=True)
def test_session_is_opened_with_one_cookie_when_several_came(target: Target) -> None:
    answer = target.send(f"x; {target.cookie}=y", "POST")
    assert answer.status == 201
    assert answer.set_cookie is not None


@pytest.mark.parametrize("target", ALL, indirect=True)
def test_sessions_stay_open_when_mutants_of_their_credentials_close(target: Target, keys: Path) -> None:
    """A credential of the right form that opens nothing is closed already: 204, and nothing happened."""
    before = target.sessions()
    for mutant in islice(mutants(target.credentials, mutations_of(target, keys), SEED + 1), 2000):
        assert target.send(mutant, "DELETE").status in {204, 401}
    assert target.sessions() == before


@pytest.mark.parametrize("target", ALL, indirect=True)
def test_credential_of_another_store_is_refused(target: Target, tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    create_first(tmp_path / "others/keys")
    others: list[SessionStore] = [
        SqliteStore(tmp_path / "others/sessions.db", Lifetime()),
        TokenStore(KeyRing(tmp_path / "others/keys"), "stateless", 4000, Lifetime()),
    ]
    expect_refusals(target, [store.open().credential for store in others for _ in USES])


@pytest.mark.parametrize("target", ["token"], indirect=True)
def test_token_is_refused_when_another_service_sealed_it_with_the_same_key(
    target: Target, keys: Path
) -> None:
    for service in ("stateful", "token", "Stateless", ""):
        store = TokenStore(KeyRing(keys), service, 4000, Lifetime())
        expect_refusals(target, [store.open().credential for _ in USES])


@pytest.mark.parametrize("target", ["token"], indirect=True)
def test_token_is_refused_when_its_key_is_retired(target: Target, tmp_path: Path) -> None:
    """Under the retired key's name, and under that of a key that is in the ring."""
    retired = TokenStore(KeyRing(tmp_path / "retired"), "stateless", 4000, Lifetime()).open().credential
    header, *rest = retired.split(".")
    current = target.credentials[0].partition(".")[0]
    assert header != current
    expect_refusals(target, [retired] * len(USES) + [".".join([current, *rest])] * len(USES))
