"""What the cluster makes of what Docker and Compose said. Without an engine."""

import sys
from pathlib import Path

import pytest

from chaos.cluster import ROOT, Cluster, ClusterError, explain
from chaos.command import CommandError

UP = ("docker", "compose", "--ansi", "never", "up", "--detach", "--no-build")
PORT_IN_USE = (
    "failed to set up container networking: Bind for 0.0.0.0:8080 failed: port is already allocated",
    "listen tcp4 127.0.0.1:8080: bind: address already in use",
)
NO_ENGINE = (
    "Cannot connect to the Docker daemon at unix:///nonexistent. Is the docker daemon running?",
    "error during connect: Get http://docker:2375/info: dial tcp: lookup docker: no such host",
    "failed to connect to the docker API at unix:///nonexistent; check if the daemon is running",
)


def said(errors: str) -> str:
    return explain(CommandError(UP, errors))


@pytest.mark.parametrize("errors", PORT_IN_USE)
def test_explanation_names_the_port_and_the_setting_when_it_is_in_use(
    errors: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATEWAY_PORT", raising=False)
    assert said(errors).startswith("port 8080 is in use on 127.0.0.1: free it, or set GATEWAY_PORT")


def test_explanation_names_the_port_that_was_chosen() -> None:
    error = CommandError(UP, PORT_IN_USE[0])
    assert explain(error, "9191").startswith("port 9191 is in use")


@pytest.mark.parametrize("errors", NO_ENGINE)
def test_explanation_says_how_to_start_an_engine_when_none_answers(errors: str) -> None:
    assert said(errors).startswith("no Docker engine answers: start it (`make setup` can)")


def test_explanation_gives_the_command_and_its_last_line_when_it_is_anything_else() -> None:
    assert said("time=... level=warning\nno such service: nobody\n\n") == (
        "`docker compose --ansi never up --detach --no-build` failed: no such service: nobody"
    )


def test_explanation_says_so_when_a_command_said_nothing() -> None:
    assert said(" \n").endswith(" failed: no output")


def test_cluster_runs_commands_in_the_projects_directory() -> None:
    assert Cluster()._run("pwd", seconds=20).strip() == str(ROOT)


def test_cluster_adds_its_settings_to_the_labs_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOUR", "red")
    cluster = Cluster(environ={"SHAPE": "round"})
    assert cluster._run("sh", "-c", "echo $COLOUR $SHAPE", seconds=20) == "red round\n"


def test_cluster_explains_a_command_that_fails() -> None:
    with pytest.raises(ClusterError, match="failed: there is no such thing"):
        Cluster()._run(sys.executable, "-c", "import sys; sys.exit('there is no such thing')", seconds=20)


def test_cluster_explains_a_command_that_does_not_end() -> None:
    with pytest.raises(ClusterError, match="did not end within 0 s"):
        Cluster()._run("sleep", "60", seconds=0.1)


def test_cluster_explains_a_command_that_is_not_installed() -> None:
    with pytest.raises(ClusterError, match="sessionlab-no-such-program"):
        Cluster()._run("sessionlab-no-such-program", seconds=5)


def test_cluster_explains_a_project_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ClusterError):
        Cluster(tmp_path / "nowhere")._run("pwd", seconds=5)
