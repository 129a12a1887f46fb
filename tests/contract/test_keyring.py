"""The key ring: made once, read again at each rotation, refused when it is weak."""

import json
import multiprocessing
from collections.abc import Callable
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from joserfc.jwk import OctKey

from services.session.settings import SettingsError
from services.stateless.keyring import KeyRing, create_first, main

KEY = OctKey.generate_key(256, auto_kid=True).as_dict(private=True)
ROUNDS = 40
GARBAGE = {
    "nothing": b"",
    "no JSON": b"secret",
    "no UTF-8": b"\xff\xfe",
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "a raw secret": json.dumps("x" * 32).encode(),
    "no key type": json.dumps({"kid": "a", "k": KEY["k"]}).encode(),
    "no key": json.dumps({"kid": "a", "kty": "oct"}).encode(),
    "a key of another type": json.dumps({"kid": "a", "kty": "RSA", "n": "AQAB", "e": "AQAB"}).encode(),
    "no base64": json.dumps(KEY | {"k": "!" * 43}).encode(),
    "128 bits": json.dumps(KEY | {"k": "A" * 22}).encode(),
    "16 bits": json.dumps(KEY | {"k": "AAA"}).encode(),
    "512 bits": json.dumps(KEY | {"k": "A" * 86}).encode(),
    "no kid": json.dumps({name: value for name, value in KEY.items() if name != "kid"}).encode(),
    "an empty kid": json.dumps(KEY | {"kid": ""}).encode(),
    "a kid that is no text": json.dumps(KEY | {"kid": 5}).encode(),
    "a key for signing": json.dumps(KEY | {"use": "sig"}).encode(),
}


def one_line(error: pytest.ExceptionInfo[SettingsError]) -> str:
    text = str(error.value)
    assert text
    assert "\n" not in text
    return text


def make(directory: Path, start: Barrier, made: "SimpleQueue[int]") -> None:
    """What each process of the next test does: often, as one start alone rarely meets another."""
    for number in range(ROUNDS):
        start.wait(20)
        if create_first(directory / f"{number}"):
            made.put(number)


def test_keyring_is_made_by_exactly_one_of_eight_processes_that_start_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    start, made = context.Barrier(8), context.SimpleQueue()
    processes = [context.Process(target=make, args=(tmp_path, start, made)) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(20)
    assert [process.exitcode for process in processes] == [0] * 8
    assert sorted(made.get() for _ in range(ROUNDS)) == list(range(ROUNDS))
    assert made.empty()
    assert {file.name for file in tmp_path.glob("*/*")} == {"0001.jwk"}


def test_keyring_is_readable_once_it_is_made(tmp_path: Path) -> None:
    create_first(tmp_path)
    assert len(KeyRing(tmp_path).sealing().raw_value) == 32


def test_keyring_is_left_alone_when_it_is_there(tmp_path: Path) -> None:
    create_first(tmp_path)
    before = (tmp_path / "0001.jwk").read_bytes()
    assert create_first(tmp_path) is False
    assert (tmp_path / "0001.jwk").read_bytes() == before


def test_keyring_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    create_first(tmp_path)
    assert (tmp_path / "0001.jwk").stat().st_mode & 0o077 == 0


def test_keyring_command_makes_no_second_key_when_the_first_was_rotated_away(tmp_path: Path) -> None:
    (tmp_path / "0002.jwk").write_text(json.dumps(KEY))
    main([str(tmp_path)])
    assert [file.name for file in tmp_path.iterdir()] == ["0002.jwk"]


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("content", GARBAGE.values(), ids=GARBAGE.keys())
def test_keyring_refuses_a_file_that_is_no_good_key(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "0001.jwk").write_bytes(content)
    with pytest.raises(SettingsError) as error:
        KeyRing(tmp_path)
    assert "0001.jwk" in one_line(error)


@pytest.mark.parametrize(
    "prepare",
    [
        lambda _: None,
        lambda directory: directory.mkdir(),
        lambda directory: directory.write_text(""),
        lambda directory: (directory.mkdir(), (directory / "key.txt").write_text("{}")),
    ],
    ids=["no directory", "an empty one", "a file", "no key in it"],
)
def test_keyring_says_how_to_make_one_when_there_is_none(
    tmp_path: Path, prepare: Callable[[Path], object]
) -> None:
    prepare(tmp_path / "keys")
    with pytest.raises(SettingsError) as error:
        KeyRing(tmp_path / "keys")
    assert "python -m services.stateless.keyring" in one_line(error)


def test_keyring_seals_with_the_newest_key_by_file_name(tmp_path: Path) -> None:
    for name in ("0002", "0010", "0001"):
        (tmp_path / f"{name}.jwk").write_text(json.dumps(KEY | {"kid": name}))
    assert KeyRing(tmp_path).sealing().kid == "0010"


def test_keyring_opens_with_none_when_the_key_id_is_unknown(tmp_path: Path) -> None:
    create_first(tmp_path)
    assert KeyRing(tmp_path).opening("unknown") is None
