"""A service that cannot work like this does not start: one clear line, and no traceback.

All nonsense is tried on `create_app`; some of each kind, and what only a process meets, on processes.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from flask import Flask

from services.session.settings import SettingsError
from services.stateful.app import create_app as create_stateful
from services.stateless.app import create_app as create_stateless
from tests.contract.running import ROOT, environment, free_port

KEY = {"kty": "oct", "kid": "a", "k": "A" * 43}

NONSENSE = {
    "a fifth kind of store": ("stateful", {"SESSION_STORE": "mysql://db/sessions"}, "SESSION_STORE"),
    "the other service's store": ("stateless", {"SESSION_STORE": "memory:"}, "SESSION_STORE"),
    "no store": ("stateful", {"SESSION_STORE": ""}, "SESSION_STORE"),
    "a store that is no URL": ("stateful", {"SESSION_STORE": "//[x"}, "SESSION_STORE"),
    "an unknown setting": ("stateful", {"SESSION_IDEL_SECONDS": "60"}, "SESSION_IDEL_SECONDS"),
    "idle in words": ("stateful", {"SESSION_IDLE_SECONDS": "soon"}, "SESSION_IDLE_SECONDS"),
    "idle of nothing": ("stateful", {"SESSION_IDLE_SECONDS": "0"}, "SESSION_IDLE_SECONDS"),
    "idle of 5,000 digits": ("stateful", {"SESSION_IDLE_SECONDS": "9" * 5000}, "SESSION_IDLE_SECONDS"),
    "absolute negative": ("stateless", {"SESSION_ABSOLUTE_SECONDS": "-1"}, "SESSION_ABSOLUTE_SECONDS"),
    "idle beyond absolute": (
        "stateful",
        {"SESSION_IDLE_SECONDS": "61", "SESSION_ABSOLUTE_SECONDS": "60"},
        "SESSION_ABSOLUTE_SECONDS",
    ),
    "a cookie half secure": ("stateful", {"SESSION_COOKIE_SECURE": "yes"}, "SESSION_COOKIE_SECURE"),
    "a name for no cookie": ("stateful", {"SESSION_SERVICE": "a;b"}, "SESSION_SERVICE"),
    "a relative path": ("stateful", {"SESSION_STORE": "sqlite:state/sessions.db"}, "absolute"),
    "a path that is a host": ("stateful", {"SESSION_STORE": "sqlite://state/sessions.db"}, "SESSION_STORE"),
    "an unwritable directory": ("stateful", {"SESSION_STORE": "sqlite:/proc/sessions.db"}, "writable"),
    "no SESSION_KEYS": ("stateless", {"SESSION_STORE": "token:"}, "SESSION_KEYS"),
    "no key ring": ("stateless", {"SESSION_STORE": "token:", "SESSION_KEYS": "/nowhere"}, "keyring"),
    "a weak key": ("stateless", {"SESSION_STORE": "token:", "SESSION_KEYS": "WEAK"}, "256"),
    "a Redis port in words": ("stateless", {"SESSION_STORE": "redis://redis:port/0"}, "SESSION_STORE"),
    "a Redis of no host": ("stateless", {"SESSION_STORE": "redis:"}, "SESSION_STORE"),
    "a Redis database in words": ("stateless", {"SESSION_STORE": "redis://redis/main"}, "number"),
    "a Redis with options": ("stateless", {"SESSION_STORE": "redis://redis/0?x=1"}, "SESSION_STORE"),
}
ON_PROCESSES = {
    **{
        name: NONSENSE[name]
        for name in (
            "a fifth kind of store",
            "an unknown setting",
            "idle of 5,000 digits",
            "an unwritable directory",
            "no SESSION_KEYS",
            "a weak key",
            "a Redis port in words",
        )
    },
    "a log level that is none": ("stateful", {"SESSION_STORE": "memory:", "LOG_LEVEL": "loud"}, "LOG_LEVEL"),
    "a port that is none": ("stateful", {"SESSION_STORE": "memory:", "PORT": "http"}, "PORT"),
}
SERVICES: dict[str, Callable[[Mapping[str, str]], Flask]] = {
    "stateful": create_stateful,
    "stateless": create_stateless,
}


@pytest.fixture(scope="module")
def weak(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key ring that nobody should trust."""
    directory = tmp_path_factory.mktemp("weak")
    (directory / "0001.jwk").write_text(json.dumps(KEY | {"k": "AAAA"}))
    return directory


@pytest.fixture(scope="module")
def starts(weak: Path) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """All of them at the same time: a start takes a second, and each is a process of its own."""
    processes = {name: start(module, values, weak) for name, (module, values, _) in ON_PROCESSES.items()}
    yield processes
    for process in processes.values():
        if process.poll() is None:
            process.kill()
            process.communicate()


def with_key_ring(values: dict[str, str], weak: Path) -> dict[str, str]:
    return {name: value.replace("WEAK", str(weak)) for name, value in values.items()}


def start(module: str, values: dict[str, str], weak: Path) -> subprocess.Popen[str]:
    settings = {"HOST": "127.0.0.1", "PORT": str(free_port())} | with_key_ring(values, weak)
    return subprocess.Popen(
        [sys.executable, "-m", f"services.{module}"],
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("name", NONSENSE)
def test_settings_that_make_no_sense_are_refused_with_one_line(name: str, weak: Path) -> None:
    module, values, hint = NONSENSE[name]
    with pytest.raises(SettingsError) as error:
        SERVICES[module](with_key_ring(values, weak))
    assert hint in str(error.value)
    assert "\n" not in str(error.value)


def test_setting_of_a_desktop_session_is_none_of_ours() -> None:
    assert create_stateful({"SESSION_STORE": "memory:", "SESSION_MANAGER": "local/x:@/tmp/.ICE-unix/1"})


@pytest.mark.parametrize("password", ["hunter2", "hun/ter2", "hun@ter2"])
def test_refusal_does_not_show_the_password_of_the_store(password: str) -> None:
    with pytest.raises(SettingsError) as refused:
        create_stateless({"SESSION_STORE": f"redis://user:{password}@redis/main"})
    assert "ter2" not in str(refused.value)


def test_keyring_says_in_one_line_when_it_cannot_be_made() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "services.stateless.keyring", "/proc/keys"],
        cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert made.returncode != 0
    assert made.stderr.startswith("cannot make a key ring in /proc/keys")
    assert len(made.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ON_PROCESSES)
def test_service_does_not_start_but_says_why_in_one_line(
    starts: dict[str, subprocess.Popen[str]], name: str
) -> None:
    module, _, hint = ON_PROCESSES[name]
    output, errors = starts[name].communicate(timeout=30)
    assert starts[name].returncode not in {0, None}
    assert len(errors.splitlines()) == 1, errors
    assert errors.startswith(f"services.{module} cannot start: ")
    assert hint in errors
    assert output == ""
