"""Run a command to its end. A Ctrl-C reaches the lab, and never a command half way."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from chaos.interrupt import deferred


class CommandError(Exception):
    """A command that could not be run, failed, or did not end. `errors` is what it said."""

    def __init__(self, command: Sequence[str], errors: str) -> None:
        self.command = command
        self.errors = errors
        lines = [line for line in errors.strip().splitlines() if line.strip()]
        said = [line for line in lines if not line.startswith("Run 'docker ")] or lines or ["no output"]
        super().__init__(f"`{' '.join(command[:8])}` failed: {said[-1]}")


def run(  # noqa: PLR0913
    command: Sequence[str],
    *,
    directory: Path,
    environ: Mapping[str, str],
    seconds: float,
    whole: bool = True,
    given: str | None = None,
) -> str:
    """Its standard output; `given` is its standard input. Raises `CommandError`.

    It runs in a session of its own. An interrupt is held back until it has ended or, where it need
    not be `whole`, ends it. At the end of its time it is killed, with all that it started.
    """
    with deferred() if whole else nullcontext():
        process = _start(
            command, directory, environ, subprocess.DEVNULL if given is None else subprocess.PIPE
        )
        try:
            output, errors = process.communicate(given, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise CommandError(command, f"did not end within {seconds:.0f} s") from error
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGTERM)
            process.communicate()
            raise
    if process.returncode:
        raise CommandError(command, errors or output)
    return output


def _start(
    command: Sequence[str], directory: Path, environ: Mapping[str, str], stdin: int
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            cwd=directory,
            env=environ,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except OSError as error:
        raise CommandError(command, str(error)) from error
