"""Sealed tokens: what is in them, what opens them, and what never does."""

import json
import random
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey

from services.session.document import CountVisit, Item, PutItem
from services.session.lifetime import Lifetime
from services.session.store import CredentialInvalid, SessionTooLarge, StoreUnavailable
from services.stateless.keyring import KeyRing
from services.stateless.token import TokenStore
from tests.contract.clock import Clock
from tests.contract.conftest import ROOM
from tests.contract.running import eventually

NAME = "a very recognisable name"
ALPHABET = string.ascii_letters + string.digits + "-_.=+/ \n\0é"
PERMISSIVE = jwe.JWERegistry(algorithms=["dir", "A256KW", "A256GCM", "A128CBC-HS256", "DEF"])


def text(value: object) -> str:
    """A header as it stands in a token."""
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def header_of(token: str) -> dict[str, Any]:
    first = token.partition(".")[0]
    header: dict[str, Any] = json.loads(urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    return header


def content_of(token: str, key: OctKey) -> list[Any]:
    content: list[Any] = json.loads(jwe.decrypt_compact(token, key, registry=PERMISSIVE).plaintext or b"")
    return content


def reseal(token: str, key: OctKey, *, content: Any = None, **header: str) -> str:
    """What is in the token, sealed with the true key in another way."""
    changed = header_of(token) | header
    inside = content_of(token, key) if content is None else content
    return jwe.encrypt_compact(changed, json.dumps(inside), key, registry=PERMISSIVE)


def add_key(directory: Path, name: str) -> OctKey:
    key = OctKey.generate_key(256, auto_kid=True)
    draft = directory / f".{name}"
    draft.write_text(json.dumps(key.as_dict(private=True)))
    draft.rename(directory / f"{name}.jwk")
    return key


@pytest.fixture
def key(keys: Path) -> OctKey:
    """The ring's only key."""
    ours = KeyRing(keys).sealing()
    return OctKey.import_key(ours.raw_value, {"kid": ours.kid})


@pytest.fixture
def token(token_store: TokenStore) -> str:
    return token_store.apply(token_store.open().credential, [PutItem("a1", Item(NAME, 2))]).credential


def test_token_shows_nothing_of_the_session(token: str) -> None:
    raw = b"".join(urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split("."))
    assert NAME.encode() not in raw
    assert b"a1" not in raw.partition(b"}")[2]


def test_token_is_a_five_part_jwe_with_its_key_id(token: str, key: OctKey) -> None:
    parts = token.split(".")
    assert (len(parts), parts[1]) == (5, "")
    assert header_of(token) == {"alg": "dir", "enc": "A256GCM", "kid": key.kid}


def test_token_is_another_one_each_time_the_same_state_is_sealed(token_store: TokenStore) -> None:
    credential = token_store.open().credential
    assert len({token_store.renew(credential).split(".")[2] for _ in range(50)}) == 50


def test_token_binds_purpose_and_service(token: str, key: OctKey) -> None:
    assert content_of(token, key)[:2] == ["session", "stateless"]


def test_token_store_opens_what_the_test_reseals_unchanged(
    token_store: TokenStore, token: str, key: OctKey
) -> None:
    """The control of the tests below: they are refused for what they change."""
    assert token_store.load(reseal(token, key)).session.version == 2


def test_token_store_refuses_a_token_of_another_service(
    token_store: TokenStore, keys: Path, lifetime: Lifetime
) -> None:
    foreign = TokenStore(KeyRing(keys), "other", ROOM, lifetime).open().credential
    with pytest.raises(CredentialInvalid):
        token_store.load(foreign)


def test_token_store_refuses_a_token_of_another_purpose(
    token_store: TokenStore, token: str, key: OctKey
) -> None:
    content = ["backup", *content_of(token, key)[1:]]
    with pytest.raises(CredentialInvalid):
        token_store.load(reseal(token, key, content=content))


@pytest.mark.parametrize("content", [[], {}, "x", 5, ["session", "stateless"], ["session", "stateless", {}]])
def test_token_store_refuses_authentic_content_of_another_form(
    token_store: TokenStore, token: str, key: OctKey, content: Any
) -> None:
    with pytest.raises(CredentialInvalid):
        token_store.load(reseal(token, key, content=content))


@pytest.mark.parametrize("header", [{"alg": "A256KW"}, {"enc": "A128CBC-HS256"}, {"zip": "DEF"}])
def test_token_store_refuses_another_algorithm_when_the_key_is_the_true_one(
    token_store: TokenStore, token: str, key: OctKey, header: dict[str, str]
) -> None:
    with pytest.raises(CredentialInvalid):
        token_store.load(reseal(token, key, **header))


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": None},
        {"alg": []},
        {"alg": "PBES2-HS512+A256KW", "p2c": 10**9, "p2s": "AAAA"},
        {"enc": None},
        {"enc": {}},
        {"enc": ["A256GCM"]},
        {"kid": None},
        {"kid": []},
        {"kid": "../0001"},
        {"zip": {}},
        {"crit": 5},
        {"crit": [{}]},
        {"crit": ["exp"]},
        {"epk": {}},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
    ],
)
def test_token_store_calls_a_forged_header_invalid(
    token_store: TokenStore, token: str, change: dict[str, Any]
) -> None:
    forged = text(header_of(token) | change)
    for encrypted_key in ("", "AAAA"):
        rest = token.split(".")[2:]
        with pytest.raises(CredentialInvalid):
            token_store.load(".".join([forged, encrypted_key, *rest]))


@pytest.mark.parametrize(
    "header", [None, 5, "alg enc kid", [], ["alg", "enc", "kid"], {}, {"alg": "dir"}, [["alg", "enc"]]]
)
def test_token_store_calls_a_header_of_another_form_invalid(
    token_store: TokenStore, token: str, header: Any
) -> None:
    with pytest.raises(CredentialInvalid):
        token_store.load(".".join([text(header), *token.split(".")[1:]]))


def mutated(token: str, dice: random.Random) -> str:
    """The token with something changed, put in, taken out, cut off or swapped."""
    place, other = sorted(dice.sample(range(len(token)), 2))
    character = dice.choice(ALPHABET)
    return dice.choice(
        [
            token[:place] + character + token[place + 1 :],
            token[:place] + character + token[place:],
            token[:place] + token[place + 1 :],
            token[:place] + token[other:],
            token[:place],
            token[place:],
            token[:place] + token[place:].swapcase(),
            ".".join(dice.sample(token.split("."), 5)),
            token + character,
        ]
    )


def test_token_store_accepts_none_of_2000_mutated_tokens(token_store: TokenStore, token: str) -> None:
    dice = random.Random(20261124)
    mutants = {mutated(token, dice) for _ in range(4000)} - {token}
    assert len(mutants) >= 2000
    for mutant in mutants:
        with pytest.raises(CredentialInvalid):
            token_store.load(mutant)


def test_token_store_accepts_no_token_with_another_last_character(
    token_store: TokenStore, token: str
) -> None:
    """Its lowest bits carry nothing: a lenient decoder would take sixteen spellings of one token."""
    for character in set(ALPHABET) - {token[-1]}:
        with pytest.raises(CredentialInvalid):
            token_store.load(token[:-1] + character)


@pytest.mark.parametrize("parts", [0, 1, 2, 3, 4, 6])
def test_token_store_calls_a_token_of_another_number_of_parts_invalid(
    token_store: TokenStore, token: str, parts: int
) -> None:
    """The first of them is what every token of the key begins with."""
    with pytest.raises(CredentialInvalid):
        token_store.load(".".join([*token.split("."), "AAAA"][:parts]))


def test_renewal_gives_out_no_token_that_fits_no_cookie(keys: Path, lifetime: Lifetime) -> None:
    roomy = TokenStore(KeyRing(keys), "stateless", ROOM, lifetime)
    token = roomy.open().credential
    for _ in range(9):
        token = roomy.renew(token)
    full = TokenStore(KeyRing(keys), "stateless", len(token), lifetime)
    with pytest.raises(SessionTooLarge):
        full.renew(token)


def test_full_session_is_read_when_its_touched_token_would_fit_no_cookie(
    keys: Path, lifetime: Lifetime, clock: Clock
) -> None:
    token = TokenStore(KeyRing(keys), "stateless", ROOM, lifetime).open().credential
    cramped = TokenStore(KeyRing(keys), "stateless", len(token) - 1, lifetime)
    clock.forward(50)
    assert cramped.load(token).credential == token


def test_token_store_is_not_ready_when_its_last_key_is_removed(token_store: TokenStore, keys: Path) -> None:
    for file in keys.glob("*.jwk"):
        file.unlink()
    eventually(lambda: not is_ready(token_store), "the store says that it has no key")


def is_ready(store: TokenStore) -> bool:
    try:
        store.check()
    except StoreUnavailable:
        return False
    return True


def test_key_ring_seals_and_opens_with_a_new_key_without_a_restart(
    token_store: TokenStore, keys: Path, lifetime: Lifetime
) -> None:
    """To open is for what a replica sealed that saw the rotation first."""
    new = add_key(keys, "0002")
    sealed = TokenStore(KeyRing(keys), "stateless", ROOM, lifetime).open().credential
    eventually(lambda: opens(token_store, sealed), "the new key opens", seconds=3)
    assert header_of(token_store.open().credential)["kid"] == new.kid


def test_key_ring_opens_with_an_old_key_after_a_rotation(keys: Path, token: str, lifetime: Lifetime) -> None:
    add_key(keys, "0002")
    assert opens(TokenStore(KeyRing(keys), "stateless", ROOM, lifetime), token)


def test_key_ring_refuses_with_a_removed_key_without_a_restart(
    token_store: TokenStore, keys: Path, token: str
) -> None:
    add_key(keys, "0002")
    (keys / "0001.jwk").unlink()
    eventually(lambda: not opens(token_store, token), "the removed key refuses", seconds=3)


def test_key_ring_is_unavailable_and_seals_nothing_when_its_last_key_is_removed(
    token_store: TokenStore, keys: Path, token: str
) -> None:
    """Not that the token were no good: a ring that is mounted again, or replaced, is empty for a moment."""
    (keys / "0001.jwk").unlink()
    eventually(lambda: unavailable(token_store, token), "the ring is empty", seconds=3)
    with pytest.raises(StoreUnavailable):
        token_store.open()


def test_key_ring_keeps_a_key_when_its_file_becomes_unreadable(
    token_store: TokenStore, keys: Path, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    (keys / "0001.jwk").write_text("garbage")
    eventually(
        lambda: opens(token_store, token) and "key_unreadable" in caplog.messages,
        "it was read again and refused",
        seconds=3,
    )
    assert opens(token_store, token)


def unavailable(store: TokenStore, token: str) -> bool:
    try:
        store.load(token)
    except StoreUnavailable:
        return True
    return False


def opens(store: TokenStore, token: str) -> bool:
    try:
        store.load(token)
    except CredentialInvalid:
        return False
    return True


def put_long_item(store: TokenStore, credential: str, key: str) -> str | None:
    """The credential after it, or None where it does not fit."""
    try:
        return store.apply(credential, [PutItem(key, Item("x" * 100, 999))]).credential
    except SessionTooLarge:
        return None


def test_token_store_refuses_a_change_that_does_not_fit(token_store: TokenStore) -> None:
    credential, items = token_store.open().credential, 0
    while grown := put_long_item(token_store, credential, f"a{items}"):
        credential, items = grown, items + 1
    assert ROOM - 300 < len(credential) <= ROOM
    assert len(token_store.load(credential).session.items) == items


def test_token_store_fills_the_room_to_the_last_byte(token: str, keys: Path, lifetime: Lifetime) -> None:
    after = TokenStore(KeyRing(keys), "stateless", ROOM, lifetime).apply(token, [CountVisit()]).credential
    exact = TokenStore(KeyRing(keys), "stateless", len(after), lifetime)
    assert len(exact.apply(token, [CountVisit()]).credential) == len(after)


def test_token_store_refuses_one_byte_beyond_the_room(token: str, keys: Path, lifetime: Lifetime) -> None:
    after = TokenStore(KeyRing(keys), "stateless", ROOM, lifetime).apply(token, [CountVisit()]).credential
    tight = TokenStore(KeyRing(keys), "stateless", len(after) - 1, lifetime)
    with pytest.raises(SessionTooLarge):
        tight.apply(token, [CountVisit()])


def test_token_store_stays_within_the_room_when_it_moves_the_idle_timeout(
    token_store: TokenStore, token: str, clock: Clock
) -> None:
    clock.forward(50)
    touched = token_store.load(token).credential
    assert touched != token
    assert len(touched) == len(token)
