"""The key ring: made once, read again at each rotation, refused when it is weak."""

import json
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import OctKey

from services.session.settings import SettingsError
from services.session.store import StoreUnavailable
from services.stateless import keyring
from services.stateless.app import create_app
from services.stateless.keyring import KeyRing, create_first, main, replace, retire, rotate
from services.stateless.seal import Key

KEY = OctKey.generate_key(256, auto_kid=True).as_dict(private=True)
ROUNDS = 40
END_SECONDS = 120
"""Of what takes one or two where no disk pauses."""
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
        start.wait(END_SECONDS)
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
        process.join(END_SECONDS)
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


def names(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


def test_rotation_adds_a_key_that_seals_while_the_older_one_still_opens(tmp_path: Path) -> None:
    create_first(tmp_path)
    old = KeyRing(tmp_path).sealing().kid
    rotate(tmp_path)
    ring = KeyRing(tmp_path)
    assert ring.sealing().kid != old
    assert ring.opening(str(old)) is not None


def test_rotation_comes_after_the_highest_number_however_many_digits_it_has(tmp_path: Path) -> None:
    for name in ("9999", "0002", "10000"):
        (tmp_path / f"{name}.jwk").write_text(json.dumps(KEY | {"kid": name}))
    assert KeyRing(tmp_path).sealing().kid == "10000"
    assert rotate(tmp_path).name == "10001.jwk"


def test_rotation_is_newer_than_keys_that_are_named_in_another_way(tmp_path: Path) -> None:
    (tmp_path / "summer.jwk").write_text(json.dumps(KEY | {"kid": "summer"}))
    assert rotate(tmp_path).name == "0001.jwk"
    assert KeyRing(tmp_path).sealing().kid != "summer"


def test_retirement_leaves_the_newest_key_alone(tmp_path: Path) -> None:
    create_first(tmp_path)
    rotate(tmp_path)
    rotate(tmp_path)
    assert [file.name for file in retire(tmp_path)] == ["0001.jwk", "0002.jwk"]
    assert names(tmp_path) == ["0003.jwk"]


def test_retirement_takes_nothing_when_the_newest_key_is_no_good(tmp_path: Path) -> None:
    create_first(tmp_path)
    (tmp_path / "0002.jwk").write_text("secret")
    with pytest.raises(SettingsError, match="0002"):
        retire(tmp_path)
    assert names(tmp_path) == ["0001.jwk", "0002.jwk"]


def test_replacement_never_shows_the_old_keys_beside_the_new_one(tmp_path: Path) -> None:
    """A service that saw both would seal every token again that it is sent."""
    create_first(tmp_path)
    seen: set[tuple[str, ...]] = set()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            seen.add(tuple(sorted(file.name for file in tmp_path.glob("*.jwk"))))

    watcher = threading.Thread(target=look)
    watcher.start()
    for _ in range(30):
        replace(tmp_path)
    over.set()
    watcher.join()
    assert {len(files) for files in seen} <= {0, 1}


def test_keyring_finds_a_key_at_once_that_another_replica_seals_with_already(tmp_path: Path) -> None:
    create_first(tmp_path)
    one, other = KeyRing(tmp_path), KeyRing(tmp_path)
    rotate(tmp_path)
    one._looked_at = float("-inf")
    other._looked_at -= 0.2
    assert other.opening(str(one.sealing().kid)) is not None


def test_keyring_refuses_no_new_key_while_another_thread_is_about_to_find_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_first(tmp_path)
    ring = KeyRing(tmp_path)
    rotate(tmp_path)
    kid = KeyRing(tmp_path).sealing().kid
    reads, may_end = threading.Event(), threading.Event()

    def slow(file: Path, read: Callable[[Path], Key] = keyring._read_key) -> Key:
        reads.set()
        may_end.wait(END_SECONDS)
        return read(file)

    monkeypatch.setattr(keyring, "_read_key", slow)
    ring._looked_at = float("-inf")
    with ThreadPoolExecutor() as threads:
        first = threads.submit(ring.opening, kid)
        reads.wait(END_SECONDS)
        second = threads.submit(ring.opening, kid)
        wait([second], timeout=0.2)
        may_end.set()
        found = [first.result(), second.result()]
    assert [key and key.kid for key in found] == [kid, kid]


def test_keyring_that_is_empty_is_no_reason_to_refuse_a_token(tmp_path: Path) -> None:
    create_first(tmp_path)
    ring = KeyRing(tmp_path)
    (tmp_path / "0001.jwk").unlink()
    ring._looked_at = float("-inf")
    with pytest.raises(StoreUnavailable):
        ring.opening("unknown")


def test_retirement_leaves_an_empty_ring_as_it_is(tmp_path: Path) -> None:
    assert retire(tmp_path) == []


def test_keyring_command_replaces_the_keys_when_it_rotates_and_retires_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    create_first(tmp_path)
    main([str(tmp_path), "--rotate", "--retire"])
    assert names(tmp_path) == ["0002.jwk"]
    assert capsys.readouterr().out == "0002.jwk seals from now on\nretired: 0001.jwk\n"


def test_keyring_command_rotates_a_ring_that_it_had_to_make(tmp_path: Path) -> None:
    main([str(tmp_path / "keys"), "--rotate"])
    assert names(tmp_path / "keys") == ["0001.jwk", "0002.jwk"]


def source(client: FlaskClient) -> object:
    return json.loads(client.get("/placement").data)["source"]


def test_placement_of_tokens_names_the_key_that_seals_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_first(tmp_path)
    client = create_app({"SESSION_STORE": "token:", "SESSION_KEYS": str(tmp_path)}).test_client()
    before = source(client)
    rotate(tmp_path)
    monkeypatch.setattr("services.stateless.keyring.time.monotonic", lambda: float("inf"))
    assert before == f"key {json.loads((tmp_path / '0001.jwk').read_text())['kid']}"
    assert source(client) == f"key {json.loads((tmp_path / '0002.jwk').read_text())['kid']}"
