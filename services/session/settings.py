"""The services' settings: read once, from the environment, and refused when they make no sense."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

_KNOWN = {
    "SESSION_SERVICE": "name of this service in cookies, tokens and `Served-By`",
    "SESSION_STORE": "where sessions live, as a URL",
    "SESSION_IDLE_SECONDS": "idle timeout (1800)",
    "SESSION_ABSOLUTE_SECONDS": "absolute timeout (43200)",
    "SESSION_KEYS": "directory of the key ring that seals tokens",
    "SESSION_REVOCATIONS": "Redis that remembers ended tokens, as a URL (none)",
    "SESSION_COOKIE_SECURE": "true, or false where the origin is plain local HTTP (true)",
}


REDIS = "redis://redis:6379/0"
"""What the URL of a Redis looks like."""
_NOT_OURS = "SESSION_MANAGER"
"""X11 sessions export it."""


class SettingsError(Exception):
    """The service cannot start like this. The message is one line and says what to change."""


@dataclass(frozen=True)
class Settings:
    service: str
    store: SplitResult
    idle_seconds: int
    absolute_seconds: int
    keys: Path | None
    revocations: SplitResult | None
    cookie_secure: bool

    @classmethod
    def read(cls, environ: Mapping[str, str], *, service: str, stores: Sequence[str]) -> "Settings":
        """Raises `SettingsError`. `stores` are examples of the store URLs that this service takes."""
        for name in environ:
            if name.startswith("SESSION_") and name not in {*_KNOWN, _NOT_OURS}:
                raise SettingsError(f"unknown setting {name}; known are {', '.join(_KNOWN)}")
        idle = _seconds(environ, "SESSION_IDLE_SECONDS", 1800)
        absolute = _seconds(environ, "SESSION_ABSOLUTE_SECONDS", 43200)
        if idle > absolute:
            raise SettingsError(f"SESSION_IDLE_SECONDS={idle} exceeds SESSION_ABSOLUTE_SECONDS={absolute}")
        store = _store(environ.get("SESSION_STORE", stores[0]), stores)
        revocations = _revocations(environ)
        if revocations and store.scheme != "token":
            raise SettingsError("SESSION_REVOCATIONS is for SESSION_STORE=token: alone: others end sessions")
        keys = environ.get("SESSION_KEYS")
        return cls(
            service=_service(environ.get("SESSION_SERVICE", service)),
            store=store,
            idle_seconds=idle,
            absolute_seconds=absolute,
            keys=Path(keys) if keys else None,
            revocations=revocations,
            cookie_secure=_flag(environ, "SESSION_COOKIE_SECURE"),
        )


def _service(name: str) -> str:
    if not (name.isascii() and name.replace("-", "").isalnum()):
        raise SettingsError(f"SESSION_SERVICE={name!r}: only letters, digits and hyphens can name a cookie")
    return name


def _store(url: str, examples: Sequence[str]) -> SplitResult:
    if not any(_is_like(url, urlsplit(example)) for example in examples):
        raise SettingsError(
            f"SESSION_STORE={without_secret(url)!r}: this service keeps sessions in {' or '.join(examples)}"
        )
    return urlsplit(url)


def _revocations(environ: Mapping[str, str]) -> SplitResult | None:
    url = environ.get("SESSION_REVOCATIONS")
    if url is None:
        return None
    if not _is_like(url, urlsplit(REDIS)):
        raise SettingsError(f"SESSION_REVOCATIONS={without_secret(url)!r}: a Redis is needed, as in {REDIS}")
    return urlsplit(url)


def without_secret(url: str) -> str:
    """The URL, fit to be shown: who and by what password is left out."""
    return re.sub(r"//.*@", "//***@", url)


def _is_like(url: str, example: SplitResult) -> bool:
    """Whether the URL has the example's scheme and no part that the example has not."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is none
    except ValueError:
        return False
    return (
        parts.scheme == example.scheme
        and bool(parts.netloc) == bool(example.netloc)
        and bool(parts.hostname) == bool(example.hostname)
        and (not parts.path or bool(example.path))
        and not (parts.query or parts.fragment)
    )


def _seconds(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and 0 < int(text) <= 10**9):
        raise SettingsError(f"{name}={text!r}: a whole number of seconds, 1 or more, is needed")
    return int(text)


def _flag(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "true")
    if text not in {"true", "false"}:
        raise SettingsError(f"{name}={text!r}: must be true or false")
    return text == "true"
