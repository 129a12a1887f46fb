"""Runs other programs, always as a list, always bounded in time."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MISSING, LATE = 127, 124  # exit codes a shell and timeout(1) use too


class SetupFailed(Exception):
    """One line: what failed and what to do next."""


@dataclass(frozen=True)
class Result:
    """What a program left: `code` is its exit code, or MISSING, or LATE."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        return self.code == 0

    @property
    def reason(self) -> str:
        """The one line of the output that best says why it failed."""
        return last_error(self.err or self.out) or f"exit code {self.code}, no output"


def last_error(output: str) -> str:
    """The last line that calls itself an error, or else the last line; empty of empty output."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "e:"))]
    return (errors or lines or [""])[-1]


def run(arguments: Sequence[str], *, seconds: float, extra: Mapping[str, str] | None = None) -> Result:
    """Runs to the end or for `seconds`, with `extra` added to the environment. A failure is a result too."""
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, **(extra or {})},
        )
    except FileNotFoundError:
        return Result(MISSING, "", f"{arguments[0]}: not found")
    with process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            end(process)
            return Result(LATE, "", f"{arguments[0]}: no end after {seconds:.0f} s")
    return Result(process.returncode, out.strip(), err.strip())


def end(process: subprocess.Popen[str]) -> None:
    """Ends a program, gently first: some have mounts or locks to clean up."""
    process.terminate()
    try:
        process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
