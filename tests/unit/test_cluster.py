"""What the cluster makes of what Docker and Compose said. Without an engine."""

import sys
from pathlib import Path

import pytest

from chaos.cluster import Cluster
from chaos.command import CommandError
from chaos.engine import ROOT, ClusterError
from chaos.explanation import explain
from chaos.placements import PAIR, PLACEMENTS

NOWHERE = {"DOCKER_HOST": "unix:///nonexistent"}
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


def said_by(cluster: Cluster, *names: str) -> str:
    """What these variables are to the commands that a cluster runs."""
    return cluster._run("sh", "-c", "echo " + " ".join(f"${name}" for name in names), seconds=20).strip()


def test_cluster_is_of_the_pair_when_nothing_else_is_said() -> None:
    assert [placement.name for placement in Cluster().placements] == list(PAIR)


def test_cluster_has_a_service_for_each_placement() -> None:
    cluster = Cluster(placements=[PLACEMENTS[name] for name in ("layer", "redis-everysec", "memory")])
    assert cluster.services == ["stateful", "stateless", "memory"]


def test_cluster_has_a_store_for_each_placement_with_a_redis() -> None:
    cluster = Cluster(placements=[PLACEMENTS[name] for name in ("layer", "redis-everysec", "redis-none")])
    assert cluster.stores == ["redis", "store-none"]


def test_cluster_finds_the_labs_placements_behind_their_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPOSE_PROFILES", raising=False)
    assert said_by(Cluster(), "COMPOSE_PROFILES") == "placements"


def test_cluster_names_networks_by_the_project_that_was_chosen() -> None:
    assert Cluster(environ={"COMPOSE_PROJECT_NAME": "other"}).network("back") == "other_back"


@pytest.mark.parametrize("theirs", ["compose.yaml", "compose.yaml:mine.yaml"])
def test_overlaid_cluster_has_one_more_compose_file(theirs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_FILE", theirs)
    assert said_by(Cluster().overlaid(Path("/more.json")), "COMPOSE_FILE") == f"{theirs}:/more.json"


def test_overlaid_cluster_begins_with_the_projects_file_when_no_other_is_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("COMPOSE_FILE", raising=False)
    assert said_by(Cluster().overlaid(Path("/more.json")), "COMPOSE_FILE") == "compose.yaml:/more.json"


def test_overlaid_cluster_adds_to_the_file_of_its_settings_rather_than_to_the_labs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COMPOSE_FILE", "theirs.yaml")
    cluster = Cluster(environ={"COMPOSE_FILE": "own.yaml"}).overlaid(Path("/more.json"))
    assert said_by(cluster, "COMPOSE_FILE") == "own.yaml:/more.json"


def test_overlaid_cluster_is_the_same_project_on_the_same_placements() -> None:
    cluster = Cluster(environ={"COMPOSE_PROJECT_NAME": "other"}, placements=[PLACEMENTS["token"]])
    overlaid = cluster.overlaid(Path("/more.json"))
    assert (overlaid.network("front"), overlaid.services) == ("other_front", ["token"])


def test_cluster_is_left_as_it_is_when_it_is_overlaid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPOSE_FILE", "theirs.yaml")
    cluster = Cluster()
    cluster.overlaid(Path("/more.json"))
    assert said_by(cluster, "COMPOSE_FILE") == "theirs.yaml"


def test_removing_nothing_asks_for_no_engine() -> None:
    """`docker compose rm` without a name would remove everything."""
    Cluster(environ=NOWHERE).remove([])


def test_healing_undoes_what_was_done_when_the_work_fails() -> None:
    undone: list[str] = []
    with pytest.raises(ClusterError), Cluster(environ=NOWHERE).healing(lambda: undone.append("all of it")):
        raise LookupError
    assert undone == ["all of it"]


def test_healing_brings_everything_up_when_the_work_is_done() -> None:
    """It asks for the engine, which is not there."""
    with pytest.raises(ClusterError, match="no Docker engine answers"), Cluster(environ=NOWHERE).healing():
        pass
