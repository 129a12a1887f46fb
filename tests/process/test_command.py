"""Commands run to their end: what comes of those that fail, hang, or are interrupted."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from chaos.command import CommandError, run
from tests.contract.running import ROOT, eventually
from tests.unit.processes import gone

WORK = """
import os, pathlib, time
pathlib.Path("pid").write_text(str(os.getpid()))
pathlib.Path("begun").touch()
while not pathlib.Path("enough").exists():
    time.sleep(0.01)
pathlib.Path("done").touch()
"""
LAB = """
import os, pathlib, sys
from chaos.command import run
work, whole = sys.argv[1], sys.argv[2] == "whole"
command = [sys.executable, "-c", work]
run(command, directory=pathlib.Path.cwd(), environ=os.environ, seconds=60, whole=whole)
"""
DEADLY_SECONDS = 0.3
"""In which a command has ended that an interrupt ends."""


def python(text: str, directory: Path = ROOT, seconds: float = 20) -> str:
    """What a Python of its own says."""
    return run([sys.executable, "-c", text], directory=directory, environ={"COLOUR": "red"}, seconds=seconds)


def lab(directory: Path, how: str = "whole") -> "subprocess.Popen[str]":
    """A lab with a command in hand, begun, that takes until it is enough."""
    process = subprocess.Popen(
        [sys.executable, "-c", LAB, WORK, how],
        cwd=directory,
        env={"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    eventually((directory / "begun").exists, "the command has begun", 60)
    return process


def ended(process: "subprocess.Popen[str]") -> Sequence[str]:
    """The last line of what it said, once it has ended."""
    return process.communicate(timeout=60)[1].splitlines()[-1:]


def enough(directory: Path) -> None:
    """Not before the command would have ended if an interrupt did that."""
    time.sleep(DEADLY_SECONDS)
    (directory / "enough").touch()


def test_command_gives_what_it_printed() -> None:
    assert python("print('hello')") == "hello\n"


def test_command_runs_in_the_given_directory(tmp_path: Path) -> None:
    assert python("import os; print(os.getcwd())", tmp_path).strip() == str(tmp_path)


def test_command_runs_in_the_given_environment() -> None:
    assert python("import os; print(os.environ['COLOUR'])") == "red\n"


def test_command_never_waits_for_somebody_to_type() -> None:
    assert python("import sys; print(repr(sys.stdin.read()))") == "''\n"


def test_command_gives_the_last_line_it_said_when_it_fails() -> None:
    with pytest.raises(CommandError, match=r"failed: there is no such thing$"):
        python("import sys; print('warning'); sys.exit('well\\nthere is no such thing')")


def test_command_says_what_it_was_when_it_fails() -> None:
    with pytest.raises(CommandError, match=r"^`false --really` failed: no output$"):
        run(["false", "--really"], directory=ROOT, environ=os.environ, seconds=5)


def test_command_is_given_up_when_its_time_is_over() -> None:
    with pytest.raises(CommandError, match="did not end within 0 s"):
        python("import time; time.sleep(60)", seconds=0.2)


def test_command_ends_with_all_that_it_started_when_its_time_is_over(tmp_path: Path) -> None:
    """`docker compose` is a process that `docker` starts: it must not go on alone."""
    script, pid = "sleep 90 >/dev/null 2>&1 & echo $! >pid; wait", tmp_path / "pid"
    for seconds in (0.5, 5, 50):  # a machine may pause before anything is started
        with pytest.raises(CommandError):
            run(["sh", "-c", script], directory=tmp_path, environ=os.environ, seconds=seconds)
        if pid.exists() and pid.read_text():
            break
    started = int(pid.read_text())
    eventually(lambda: gone(started), "what the command started has ended")


def test_command_is_an_error_when_it_is_not_installed() -> None:
    with pytest.raises(CommandError, match="sessionlab-no-such-program"):
        run(["sessionlab-no-such-program"], directory=ROOT, environ=os.environ, seconds=5)


def test_command_in_hand_is_finished_when_the_lab_is_interrupted(tmp_path: Path) -> None:
    process = lab(tmp_path)
    process.send_signal(signal.SIGINT)
    enough(tmp_path)
    ended(process)
    assert (tmp_path / "done").exists()


def test_interrupt_is_raised_once_the_command_in_hand_is_finished(tmp_path: Path) -> None:
    process = lab(tmp_path)
    process.send_signal(signal.SIGINT)
    enough(tmp_path)
    assert ended(process) == ["KeyboardInterrupt"]


def test_command_in_hand_is_finished_when_the_lab_is_interrupted_again_and_again(tmp_path: Path) -> None:
    process = lab(tmp_path)
    for _ in range(8):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    enough(tmp_path)
    ended(process)
    assert (tmp_path / "done").exists()


def test_command_in_hand_is_finished_when_the_interrupt_comes_from_a_terminal(tmp_path: Path) -> None:
    """A terminal's Ctrl-C goes to the whole process group."""
    process = lab(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    enough(tmp_path)
    ended(process)
    assert (tmp_path / "done").exists()


def test_command_that_need_not_be_whole_ends_when_the_lab_is_interrupted(tmp_path: Path) -> None:
    process = lab(tmp_path, how="in part")
    process.send_signal(signal.SIGINT)
    assert (ended(process), gone(int((tmp_path / "pid").read_text()))) == (["KeyboardInterrupt"], True)


def test_command_reads_what_it_is_given() -> None:
    assert run(["cat"], directory=ROOT, environ=os.environ, seconds=20, given="tea\n") == "tea\n"


def test_command_reads_nothing_when_it_is_given_nothing() -> None:
    assert run(["cat"], directory=ROOT, environ=os.environ, seconds=20) == ""
