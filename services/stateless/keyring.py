"""The key ring that seals tokens: a directory of JSON Web Keys, oldest to newest by file name.

The newest seals, all open; a key that is taken out of the directory opens nothing any more. The
directory is looked at again at most once a second, so a rotation needs no restart. This ring is the
one piece of state a stateless service has: lose it, and every session out there is lost with it.

`python -m services.stateless.keyring DIRECTORY` makes the first key where there is none, once, also
when several containers try at the same time. With `--rotate` it adds a newer one, which seals from
then on while the older ones still open; with `--retire` it takes all but the newest out of the ring.
Both at once replace the keys: every token out there is refused from then on, and none is sealed again.
"""

import argparse
import errno
import json
import os
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OctKey

from services.session.logs import log
from services.session.settings import SettingsError
from services.session.store import StoreUnavailable
from services.stateless.seal import Key

KEY_BITS = 256
LOOK_SECONDS = 1.0
UNKNOWN_SECONDS = 0.1
"""How often the directory is looked at, at most: as a rule, and for a key that is not known."""

# joserfc warns of weak keys, on two lines; here they are refused, on one.
warnings.simplefilter("ignore", SecurityWarning)


class KeyRing:
    """The keys in `directory`. Raises `SettingsError` where there is no usable key at the start.

    Later, a file that is gone takes its key along at once; one that is there and cannot be read
    leaves the key that was read from it before.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._keys = {file: _read_key(file) for file in _files(directory)}
        self._looked_at = time.monotonic()
        self._looking = threading.Lock()
        if not self._keys:
            raise SettingsError(
                f"no key ring: {directory} holds no *.jwk; "
                f"make one with `python -m services.stateless.keyring {directory}`"
            )

    def sealing(self) -> Key:
        """The newest key. Raises `StoreUnavailable` where all were taken away."""
        keys = list(self._current().values())
        if not keys:
            raise StoreUnavailable(f"{self._directory} holds no key any more")
        return keys[-1]

    def opening(self, kid: str) -> Key | None:
        """The key with this id, or None where it was never here or is retired.

        An unknown one may be a moment old, and already in use by another replica: it is looked for at
        once. Raises `StoreUnavailable` where all keys were taken away.
        """
        keys = self._current()
        if all(key.kid != kid for key in keys.values()):
            with self._looking:  # whoever looks at this moment may be about to find it
                self._look_again(UNKNOWN_SECONDS)
            keys = self._keys
        if not keys:
            raise StoreUnavailable(f"{self._directory} holds no key any more")
        return next((key for key in keys.values() if key.kid == kid), None)

    def _current(self) -> dict[Path, Key]:
        """One looks again, nobody else waits for that."""
        if self._looking.acquire(blocking=False):
            try:
                self._look_again(LOOK_SECONDS)
            finally:
                self._looking.release()
        return self._keys

    def _look_again(self, seconds: float) -> None:
        if time.monotonic() - self._looked_at >= seconds:
            self._looked_at = time.monotonic()
            again = ((file, self._read_again(file)) for file in _files(self._directory))
            self._keys = {file: key for file, key in again if key is not None}

    def _read_again(self, file: Path) -> Key | None:
        try:
            return _read_key(file)
        except SettingsError as error:
            if not file.exists():
                return None
            log.warning("key_unreadable", extra={"reason": str(error)})
            return self._keys.get(file)


def _files(directory: Path) -> list[Path]:
    """Oldest to newest: numbers by their value, after all other names."""
    return sorted(directory.glob("*.jwk"), key=_age) if directory.is_dir() else []


def _age(file: Path) -> tuple[int, str]:
    return (int(file.stem) if file.stem.isdecimal() else -1, file.stem)


def _read_key(file: Path) -> Key:
    try:
        key = OctKey.import_key(dict(json.loads(file.read_text())))
        key.check_use("enc")
    except (OSError, ValueError, TypeError, JoseError) as error:
        raise SettingsError(f"{file} is not a readable JSON Web Key: {error}") from error
    if len(key.raw_value) * 8 != KEY_BITS:
        raise SettingsError(f"{file} has {len(key.raw_value) * 8} bits; a token key needs {KEY_BITS}")
    if not key.kid:
        raise SettingsError(f"{file} has no `kid`")
    return Key(key.kid, key.raw_value)


def create_first(directory: Path) -> bool:
    """Make `0001.jwk` unless it is there; True for the one that made it."""
    directory.mkdir(parents=True, exist_ok=True)
    return _create(directory / "0001.jwk")


def rotate(directory: Path) -> Path:
    """Add a key that is newer than all others, which seals from now on; the file it is in."""
    while True:
        if _create(file := _next(directory)):
            return file


def retire(directory: Path) -> list[Path]:
    """Take all keys but the newest out of the ring: tokens they sealed open no more. Their files.

    Raises `SettingsError` where the newest is no usable key: then nothing is taken.
    """
    files = _files(directory)
    for newest in files[-1:]:
        _read_key(newest)
    return _remove(directory, files[:-1])


def replace(directory: Path) -> tuple[Path, list[Path]]:
    """A new key instead of all there are: the file it is in, and theirs.

    They go before it comes: a service that looks in between has no key and says so, while one that saw
    both for a moment would seal every token that it is sent again with the new one.
    """
    file, older = _next(directory), _files(directory)
    if not _create(file, lambda: _remove(directory, older)):
        raise FileExistsError(errno.EEXIST, f"{file} was made by somebody else meanwhile: try again")
    return file, older


def _next(directory: Path) -> Path:
    number = max([_age(file)[0] for file in _files(directory)], default=0)
    return directory / f"{max(number, 0) + 1:04}.jwk"


def _remove(directory: Path, files: Sequence[Path]) -> list[Path]:
    for file in files:
        file.unlink(missing_ok=True)
    _sync(directory)
    return list(files)


def _create(file: Path, before: Callable[[], object] = lambda: None) -> bool:
    """A new key in `file`, written and synced under another name, then linked; what comes `before` that
    is done when the key is safely on the disk.

    Linking fails where the name exists, so of several that try one wins, and no one ever reads half
    a key. True for the one that made it.
    """
    key = OctKey.generate_key(KEY_BITS, auto_kid=True)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=".new-") as draft:
        draft.write(json.dumps(key.as_dict(private=True)))
        draft.flush()
        os.fsync(draft.fileno())
        before()
        try:
            file.hardlink_to(draft.name)
        except FileExistsError:
            return False
    _sync(file.parent)
    return True


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m services.stateless.keyring", description="Make, rotate or retire the keys of a ring."
    )
    parser.add_argument("directory", type=Path, metavar="DIRECTORY")
    parser.add_argument("--rotate", action="store_true", help="add a key that seals from now on")
    parser.add_argument(
        "--retire", action="store_true", help="take all older keys out: tokens that they sealed are refused"
    )
    options = parser.parse_args(arguments)
    try:
        _tend(options.directory, options.rotate, options.retire)
    except SettingsError as error:
        sys.exit(f"nothing was retired: {error}")
    except OSError as error:
        sys.exit(
            f"cannot make a key ring in {options.directory}: {error.strerror}; "
            "it must be writable by this user"
        )


def _tend(directory: Path, add: bool, remove: bool) -> None:
    if not _files(directory) and create_first(directory):
        print(f"made the first key of the key ring in {directory}")
    elif not (add or remove):
        print(f"the key ring in {directory} is there already")
    retired: list[Path] | None = None
    if add and remove:
        added, retired = replace(directory)
    elif add:
        added = rotate(directory)
    elif remove:
        retired = retire(directory)
    if add:
        print(f"{added.name} seals from now on")
    if retired is not None:
        print(f"retired: {', '.join(file.name for file in retired) or 'none'}")


if __name__ == "__main__":
    main(sys.argv[1:])
