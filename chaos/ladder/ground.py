"""Containers on which a rung is written, hit and read again, and what the engine tells of them."""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.engine import ClusterError
from chaos.ladder.judging import Identity
from chaos.ladder.rungs import Rung
from chaos.lessons.sandbox import Sandbox

RATE = 200
"""Writes a second, of every rung."""
READY_SECONDS = 30.0
DATA = "/data"
_VICTIM = "/run/victim"
_BEGIN = 'echo $$ > "$0"; exec "$@" > /proc/1/fd/1 2>&1'
_TOGETHER = ("sh", "-c", 'exec "$@" 2>&1', "sh")
"""So that what a program complains of is in the same log."""
_ACKNOWLEDGED = re.compile(r"^(\d+) (\d+\.\d+)$", re.MULTILINE)
_PROCESS = f"read -r pid < {_VICTIM} && cut -d ' ' -f 1,22 /proc/$pid/stat || true"
_KILL = f"kill -9 $(cat {_VICTIM}) || true"
_TOLD = (
    "{{.Id}} {{.State.StartedAt}} "
    f'{{{{range .Mounts}}}}{{{{if eq .Destination "{DATA}"}}}}{{{{.Name}}}}{{{{end}}}}{{{{end}}}}'
)


@dataclass(frozen=True)
class Images:
    """What compose.yaml and .env name: for the writers, for Redis, and for its client."""

    python: str
    redis: str
    client: str


@dataclass(frozen=True)
class Ground:
    """A holder is a container that has a volume, and does nothing by itself: what writes is started in
    it, so that it can be killed alone, and is not started again with the container.
    """

    sandbox: Sandbox
    images: Images
    writes: int
    """How many are to be acknowledged before a blow."""

    def holder(self, rung: Rung, volume: str) -> str:
        options = ("--init", "--log-driver", "json-file", "--volume", f"{volume}:{DATA}")
        image = self.images.redis if rung.kind == "redis" else self.images.python
        return self.sandbox.container(*options, image=image)

    def begin(self, rung: Rung, holder: str) -> str:
        """Start to write; the container whose log has the acknowledgements."""
        if rung.kind != "redis":
            settings = [rung.setting] if rung.setting else []
            self._start(holder, *self._writer(rung.kind, f"{DATA}/{rung.name}", *settings))
            return holder
        if not self.serve(rung, holder):
            raise ClusterError(
                f"Redis does not answer in {holder}: its last words were {self.last_line(holder)!r}"
            )
        return self.sandbox.container(
            *("--log-driver", "json-file"),
            image=self.images.client,
            command=(*_TOGETHER, *self._writer("redis", "127.0.0.1")),
            network=f"container:{holder}",
        )

    def serve(self, rung: Rung, holder: str) -> bool:
        """Start the Redis; whether it answers in time, with all that it has loaded."""
        options = ("--appendonly", "yes", "--appendfsync", rung.setting, "--save", "", "--dir", DATA)
        self._start(holder, "docker-entrypoint.sh", "redis-server", *options)
        return until(lambda: self._says(holder, "redis-cli", "ping") == "PONG", READY_SECONDS)

    def acknowledged(self, log: str) -> Mapping[int, float]:
        """The client's seconds by number."""
        told = _ACKNOWLEDGED.findall(self.sandbox.engine.docker("logs", log))
        return {int(number): float(at) for number, at in told}

    def wait_acknowledged(self, log: str) -> bool:
        """Whether as many were acknowledged as were to be, in time."""
        return until(lambda: self._last(log) >= self.writes, self._seconds)

    def last_line(self, log: str) -> str:
        return self.sandbox.engine.docker("logs", "--tail", "1", log).strip()

    def kill(self, holder: str) -> None:
        """SIGKILL what was started in a holder, and wait until it is gone. Raises `ClusterError`."""
        self.sandbox.sh(holder, _KILL)
        if not until(lambda: not self._process(holder), READY_SECONDS):
            raise ClusterError(f"what {_VICTIM} names in {holder} is there still after SIGKILL")

    def identity(self, holder: str) -> Identity:
        container, started_at, volume = self.sandbox.engine.docker(
            "inspect", "--format", _TOLD, holder
        ).split()
        return Identity(container[:12], started_at, volume, self._process(holder))

    def found(self, rung: Rung, holder: str) -> tuple[Sequence[int] | None, str]:
        """Which records are there, None where it cannot be told, and what was odd."""
        if rung.kind != "redis":
            told = json.loads(
                self.sandbox.engine.inside(holder, *_program("read", rung.kind, f"{DATA}/{rung.name}"))
            )
            return told["found"], told["damage"]
        if not self.serve(rung, holder):
            return None, f"Redis did not start on what is left: {self.last_line(holder)!r}"
        told = self.sandbox.engine.inside(holder, "redis-cli", "--raw", "lrange", "records", "0", "-1")
        return [int(line.split()[0]) for line in told.splitlines() if line], ""

    def _start(self, holder: str, *command: str) -> None:
        """Its output goes into the container's log."""
        self.sandbox.engine.docker("exec", "--detach", holder, "sh", "-c", _BEGIN, _VICTIM, *command)

    def _process(self, holder: str) -> str:
        """The number and the start of what was started last in a holder; empty where it is gone."""
        return self.sandbox.sh(holder, f"({_PROCESS}) 2> /dev/null").strip()

    def _last(self, log: str) -> int:
        told = _ACKNOWLEDGED.match(self.last_line(log))
        return int(told[1]) if told else 0

    def _writer(self, kind: str, *arguments: str) -> Sequence[str]:
        return _program("write", str(RATE), str(self._seconds + READY_SECONDS), kind, *arguments)

    @property
    def _seconds(self) -> float:
        """For a load that takes four times as long as it should."""
        return READY_SECONDS + 4 * self.writes / RATE

    def _says(self, holder: str, *command: str) -> str:
        try:
            return self.sandbox.engine.inside(holder, *command).strip()
        except ClusterError as error:
            return str(error)


def _program(name: str, *arguments: str) -> Sequence[str]:
    text = (Path(__file__).parent / "inside" / f"{name}.py").read_text()
    return ("python", "-c", text, *arguments)


def until(done: Callable[[], bool], seconds: float) -> bool:
    """Whether it came to be in time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
