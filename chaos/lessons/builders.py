"""What the two builders of images make of one Dockerfile."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chaos.lessons.lesson import NotObservable, needing
from chaos.lessons.sandbox import LABEL, Sandbox

FOLDER = "/lesson"
BUILD_SECONDS = 180.0
DECLARE = f"VOLUME {FOLDER}"
CHANGE = (f"COPY by-copy {FOLDER}/by-copy", f"RUN mkdir -p {FOLDER} && touch {FOLDER}/by-run")


@dataclass(frozen=True)
class Kept:
    """The files that are in the image of each builder."""

    classic: tuple[str, ...]
    buildkit: tuple[str, ...]

    def __str__(self) -> str:
        classic, buildkit = (", ".join(names) or "neither" for names in (self.classic, self.buildkit))
        return f"in the classic builder's image: {classic}; in BuildKit's: {buildkit}"


@dataclass(frozen=True)
class ChangeAfterVolume:
    """`lines` are the Dockerfile's after FROM: a change before VOLUME is kept by either."""

    lines: Sequence[str] = (DECLARE, *CHANGE)
    name: str = "change-after-volume"
    claim: str = (
        "what RUN changes after VOLUME in a Dockerfile is dropped by the classic builder, kept by BuildKit"
    )
    did: str = (
        "one Dockerfile, VOLUME and then COPY and RUN, built by docker build and by docker compose build"
    )

    def observe(self, sandbox: Sandbox) -> Kept:
        folder = sandbox.folder()
        (folder / "by-copy").touch()
        (folder / "Dockerfile").write_text("\n".join((f"FROM {sandbox.base}", *self.lines)) + "\n")
        with needing("BuildKit did not build: docker compose build needs an engine with it"):
            buildkit = _names(sandbox, _by_buildkit(sandbox, folder))
        with needing(f"the classic builder did not build (BuildKit kept: {', '.join(buildkit)})"):
            classic = _by_classic(sandbox, folder)
        if classic is None:
            kept = ", ".join(buildkit)
            raise NotObservable(f"this engine has no classic builder any more; BuildKit kept: {kept}")
        return Kept(_names(sandbox, classic), buildkit)

    def holds(self, seen: Kept) -> bool:
        return seen == Kept(classic=("by-copy",), buildkit=("by-copy", "by-run"))


def by_classic(said: str) -> bool:
    """Whether it was the classic builder that printed this: it alone counts its steps so."""
    return said.startswith("Step 1/") or "\nStep 1/" in said


def _names(sandbox: Sandbox, image: str) -> tuple[str, ...]:
    return sandbox.names(sandbox.container(image=image), FOLDER)


def _by_classic(sandbox: Sandbox, folder: Path) -> str | None:
    """The image; None where another builder stepped in."""
    image = sandbox.name("image")
    engine = replace(sandbox.engine, environ={**sandbox.engine.environ, "DOCKER_BUILDKIT": "0"})
    said = engine.docker("build", "--label", LABEL, "--tag", image, str(folder), seconds=BUILD_SECONDS)
    return image if by_classic(said) else None


def _by_buildkit(sandbox: Sandbox, folder: Path) -> str:
    image, file = sandbox.name("image"), folder / "compose.json"
    build = {"context": ".", "labels": [LABEL]}
    file.write_text(json.dumps({"services": {"lesson": {"image": image, "build": build}}}))
    engine = replace(sandbox.engine, environ={**sandbox.engine.environ, "DOCKER_BUILDKIT": "1"})
    engine.compose(
        *("--project-name", sandbox.prefix, "--file", str(file), "build", "--quiet"), seconds=BUILD_SECONDS
    )
    return image
