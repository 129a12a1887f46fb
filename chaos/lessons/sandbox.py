"""Small containers, volumes, networks, images and folders that are gone when a lesson is over."""

import os
import re
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from chaos.engine import Engine
from chaos.interrupt import deferred

LABEL = "sessionlab=lesson"
PULL_SECONDS = 300.0
STAY = ("sh", "-c", 'trap "exit 0" TERM; sleep infinity & wait')
"""A process that does nothing, and ends when it is told to."""

Answer = TypeVar("Answer")
_PREFIX = re.compile(r"sessionlab-(?:lesson|ladder)-(\d+)-[0-9a-f]{6}")


def _alive(process: int) -> bool:
    """Whether there is such a process, be it somebody else's."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass
class Sandbox:
    """A context. All that is made in it has `prefix` in its name; leaving it removes exactly that."""

    engine: Engine
    base: str
    """The image that containers and images are made from."""
    prefix: str = field(default_factory=lambda: f"sessionlab-lesson-{os.getpid()}-{secrets.token_hex(3)}")
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def __enter__(self) -> Self:
        self._clear_left()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with deferred():
            self._clear()

    def name(self, kind: str) -> str:
        """A new one; what bears it is removed at the end."""
        return f"{self.prefix}-{kind}-{next(self._numbers)}"

    def container(
        self, *options: str, image: str = "", command: Sequence[str] = STAY, network: str = "none"
    ) -> str:
        """Start one, with these options of `docker run`; its name."""
        name = self.name("container")
        given = ("--name", name, "--label", LABEL, "--network", network, *options)
        self.engine.docker(
            *("run", "--detach", *given, image or self.base, *command),
            seconds=PULL_SECONDS,
        )
        return name

    def twins(self, *options: str, image: str = "") -> list[str]:
        """Two alike."""
        start = partial(self.container, *options, image=image)
        return self.at_once(start, start)

    def sh(self, container: str, script: str, *arguments: str) -> str:
        """What a shell script prints in a container. Raises `ClusterError` where it fails."""
        return self.engine.docker("exec", container, "sh", "-ec", script, "sh", *arguments)

    def python(self, container: str, program: str, *arguments: str, detach: bool = False) -> str:
        """What a program of `chaos/lessons/inside` prints in a container; `detach` does not wait for it."""
        text = (Path(__file__).parent / "inside" / f"{program}.py").read_text()
        options = ["--detach"] if detach else []
        return self.engine.docker("exec", *options, container, "python", "-c", text, *arguments)

    def write(self, container: str, path: str, text: str) -> None:
        """Put a line into a file, in a directory that is made if need be."""
        self.sh(container, 'mkdir -p "$(dirname "$1")"; printf "%s\\n" "$2" > "$1"', path, text)

    def read(self, container: str, path: str) -> str | None:
        """A file's text without the last line's end; None without such a file."""
        said = self.sh(container, 'if test -e "$1"; then printf +; cat "$1"; fi', path)
        return said[1:].rstrip("\n") if said else None

    def names(self, container: str, folder: str) -> tuple[str, ...]:
        """What is in a directory."""
        return tuple(sorted(self.sh(container, 'ls -A "$1"', folder).split()))

    def remove(self, container: str) -> None:
        """Its anonymous volumes go with it."""
        self.engine.docker("rm", "--force", "--volumes", container)

    def volume(self, *options: str) -> str:
        name = self.name("volume")
        self.engine.docker("volume", "create", "--label", LABEL, *options, name)
        return name

    def mounted(self, container: str) -> tuple[str, ...]:
        """The volumes a container has mounted, by name."""
        form = "{{range .Mounts}}{{.Name}} {{end}}"
        return tuple(self.engine.docker("inspect", "--format", form, container).split())

    def network(self) -> str:
        """One that leads nowhere else."""
        name = self.name("network")
        self.engine.docker("network", "create", "--internal", "--label", LABEL, name)
        return name

    def image(self, script: str, *changes: str, base: str = "") -> str:
        """One layer, made by a shell script, on top of the base; its name. `changes` are Dockerfile lines."""
        name, container = self.name("image"), self.name("container")
        made = ("--name", container, "--label", LABEL, "--network", "none")
        self.engine.docker("run", *made, base or self.base, "sh", "-ec", script, seconds=PULL_SECONDS)
        said = [part for change in (f"LABEL {LABEL}", *changes) for part in ("--change", change)]
        self.engine.docker("commit", *said, container, name)
        return name

    def folder(self) -> Path:
        """An empty directory of the host, where the engine can mount it."""
        path = self._home / self.name("folder")
        path.mkdir(parents=True)
        path.chmod(0o777)  # a container's root is another user of the host where the engine maps users
        return path

    def at_once(self, *calls: Callable[[], Answer]) -> list[Answer]:
        """What these return, run side by side; the first error, when all have ended."""
        return self.engine.together(lambda call: call(), calls, hands=len(calls))

    @property
    def _home(self) -> Path:
        return self.engine.directory / ".state" / "lessons" / self.prefix

    def _clear(self) -> None:
        """Containers first, as they hold the rest."""
        ours = ("--filter", f"label={LABEL}", "--filter", f"name={self.prefix}")
        containers = self._listed("ps", "--all", *ours, "--format", "{{.Names}}")
        self._gone("rm", "--force", "--volumes", names=containers)
        self._gone("volume", "rm", names=self._listed("volume", "ls", *ours, "--format", "{{.Name}}"))
        self._gone("network", "rm", names=self._listed("network", "ls", *ours, "--format", "{{.Name}}"))
        images = self._listed("image", "ls", f"{self.prefix}-*", "--format", "{{.Repository}}")
        self._gone("image", "rm", names=images)
        if self._home.exists():
            shutil.rmtree(self._home)

    def _clear_left(self) -> None:
        """Remove what labs that were killed have left: names with the ids of dead processes."""
        command = ("ps", "--all", "--filter", f"label={LABEL}", "--format", "{{.Names}}")
        found = {match for name in self.engine.docker(*command).split() if (match := _PREFIX.match(name))}
        for prefix in {match[0] for match in found if not _alive(int(match[1]))}:
            with deferred():
                Sandbox(self.engine, self.base, prefix)._clear()

    def _listed(self, *command: str) -> list[str]:
        return [name for name in self.engine.docker(*command).split() if name.startswith(self.prefix)]

    def _gone(self, *command: str, names: Sequence[str]) -> None:
        if names:
            self.engine.docker(*command, *names)
