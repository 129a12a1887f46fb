"""The key ring that seals tokens: a directory of JSON Web Keys, oldest to newest by file name.

The newest seals, all open; a key that is taken out of the directory opens nothing any more. The
directory is looked at again at most once a second, so a rotation needs no restart. This ring is the
one piece of state a stateless service has: lose it, and every session out there is lost with it.

`python -m services.stateless.keyring DIRECTORY` makes the first key where there is none, once, also
when several containers try at the same time.
"""

import json
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OctKey

from services.session.settings import SettingsError
from services.session.store import StoreUnavailable

KEY_BITS = 256

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
        if not self._keys:
            raise SettingsError(
                f"no key ring: {directory} holds no *.jwk; "
                f"make one with `python -m services.stateless.keyring {directory}`"
            )

    def sealing(self) -> OctKey:
        """The newest key. Raises `StoreUnavailable` where all were taken away."""
        keys = list(self._current().values())
        if not keys:
            raise StoreUnavailable(f"{self._directory} holds no key any more")
        return keys[-1]

    def opening(self, kid: str) -> OctKey | None:
        """The key with this id, or None where it was never here or is retired."""
        return next((key for key in self._current().values() if key.kid == kid), None)

    def _current(self) -> dict[Path, OctKey]:
        if time.monotonic() - self._looked_at >= 1:
            self._looked_at = time.monotonic()
            again = ((file, self._read_again(file)) for file in _files(self._directory))
            self._keys = {file: key for file, key in again if key is not None}
        return self._keys

    def _read_again(self, file: Path) -> OctKey | None:
        try:
            return _read_key(file)
        except SettingsError as error:
            print(f"left out of the key ring, or kept as it was: {error}", file=sys.stderr)
            return self._keys.get(file)


def _files(directory: Path) -> list[Path]:
    """Oldest to newest."""
    return sorted(directory.glob("*.jwk")) if directory.is_dir() else []


def _read_key(file: Path) -> OctKey:
    try:
        key = OctKey.import_key(dict(json.loads(file.read_text())))
        key.check_use("enc")
    except (OSError, ValueError, TypeError, JoseError) as error:
        raise SettingsError(f"{file} is not a readable JSON Web Key: {error}") from error
    if len(key.raw_value) * 8 != KEY_BITS:
        raise SettingsError(f"{file} has {len(key.raw_value) * 8} bits; a token key needs {KEY_BITS}")
    if not key.kid:
        raise SettingsError(f"{file} has no `kid`")
    return key


def create_first(directory: Path) -> bool:
    """Make `0001.jwk` unless it is there: written and synced under another name, then linked.

    Linking fails where the name exists, so of several that try one wins, and no one ever reads half
    a key. True for the one that made it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    key = OctKey.generate_key(KEY_BITS, auto_kid=True)
    with tempfile.NamedTemporaryFile("w", dir=directory, prefix=".new-") as draft:
        draft.write(json.dumps(key.as_dict(private=True)))
        draft.flush()
        os.fsync(draft.fileno())
        try:
            Path(directory, "0001.jwk").hardlink_to(draft.name)
        except FileExistsError:
            return False
    descriptor = os.open(directory, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return True


def main(arguments: list[str]) -> None:
    if len(arguments) != 1:
        sys.exit("usage: python -m services.stateless.keyring DIRECTORY")
    directory = Path(arguments[0])
    try:
        made = not list(directory.glob("*.jwk")) and create_first(directory)
    except OSError as error:
        sys.exit(f"cannot make a key ring in {directory}: {error.strerror}; it must be writable by this user")
    if made:
        print(f"made the first key of the key ring in {directory}")
    else:
        print(f"the key ring in {directory} is there already")


if __name__ == "__main__":
    main(sys.argv[1:])
