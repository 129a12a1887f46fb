"""The base images: those that are there, the official ones, or stand-ins made from Debian packages."""

import os
import select
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from setup import apt, debian, dotenv
from setup.command import SetupFailed, end, last_error, run
from setup.line import say, working

ANSWER_SECONDS = 40.0  # for a registry to say that it has the image
PULL_SECONDS = 900.0


@dataclass(frozen=True)
class Base:
    """A variable of compose.yaml, the official image it defaults to, and our own stand-in for that."""

    variable: str
    official: str
    homemade: str

    def acceptable(self, settings: Mapping[str, str]) -> tuple[str, ...]:
        """Names that will do, best first, given .env: a name that a person chose has no substitute."""
        if chosen := os.environ.get(
            self.variable
        ):  # Compose prefers it to .env, so writing there cannot help
            return (chosen,)
        name = settings.get(self.variable) or self.official
        known = (self.official, self.homemade)
        return (name, *(other for other in known if other != name)) if name in known else (name,)


BASES = (
    Base("PYTHON_IMAGE", "python:3.13-slim", "sessionlab/python:3.13-debian"),
    Base("REDIS_IMAGE", "redis:8", "sessionlab/redis:8-debian"),
    Base("HAPROXY_IMAGE", "haproxy:3.0", "sessionlab/haproxy:3.0-debian"),
)


def ensure(root: Path) -> str:
    """Makes three base images present in the engine, named in .env where they are not the wanted ones."""
    file = root / ".env"
    names = {base: base.acceptable(dotenv.read(file)) for base in BASES}
    settled = {base: name for base in BASES if (name := first_present(names[base]))}
    settled |= pull_missing({base: names[base] for base in BASES if base not in settled})
    settled |= make_missing([base for base in BASES if base not in settled])
    if changed := {base.variable: settled[base] for base in BASES if settled[base] != names[base][0]}:
        dotenv.write(file, changed)
    official = all(name == base.official for base, name in settled.items())
    return "base images" if official else "base images named in .env"


def first_present(names: tuple[str, ...]) -> str | None:
    return next((name for name in names if run(["docker", "image", "inspect", name], seconds=30).ok), None)


def pull_missing(missing: Mapping[Base, tuple[str, ...]]) -> dict[Base, str]:
    """Those that a registry gave; official ones are tried until the first refusal.

    Raises SetupFailed where one was refused that has no stand-in, or none that can be made here.
    """
    pulled: dict[Base, str] = {}
    refusal: str | None = None
    for base, names in missing.items():
        name = next((name for name in names if name != base.homemade), base.homemade)
        if name == base.homemade or (name == base.official and refusal):
            need_substitute(base, names, refusal)
        elif reason := pull(name):
            need_substitute(base, names, reason)
            say("images", f"  not pulled: {reason}")
            refusal = reason
        else:
            pulled[base] = name
    return pulled


def pull(name: str) -> str | None:
    """Pulls an image; returns why not, or None. A registry that says nothing at all is given up early."""
    with working("images", f"pulling {name}"), pulling(name) as process:
        seconds = PULL_SECONDS if speaks(process) else 0.1
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            end(process)
            return "the registry took too long"
    return None if process.returncode == 0 else last_error(output)


def pulling(name: str) -> subprocess.Popen[str]:
    """`docker pull`, under way: it prints its first line when the registry has answered."""
    return subprocess.Popen(
        ["docker", "pull", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def speaks(process: subprocess.Popen[str]) -> bool:
    """Whether anything comes from the program within ANSWER_SECONDS."""
    streams = [process.stdout] if process.stdout else []
    return bool(select.select(streams, [], [], ANSWER_SECONDS)[0])


def need_substitute(base: Base, names: tuple[str, ...], refusal: str | None) -> None:
    """Returns only where the stand-in both will do and can be made; else raises SetupFailed."""
    if base.homemade not in names:
        raise SetupFailed(
            f"{base.variable}={names[0]} is not here and cannot be pulled ({refusal}): "
            f"correct or unset {base.variable}, then run this again"
        )
    if not apt.usable():
        raise SetupFailed(
            f"cannot pull {base.official} ({refusal}), and a stand-in can only be made by root on Debian: "
            f"mend the network, or name an image you have as {base.variable} in .env, then run this again"
        )


def make_missing(missing: list[Base]) -> dict[Base, str]:
    """Stand-ins for these, made from Debian packages."""
    if not missing:
        return {}
    names = {base: base.homemade for base in missing}
    with working("images", f"making {', '.join(names.values())} from Debian packages"):
        debian.make(list(names.values()))
    return names
