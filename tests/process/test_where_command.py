"""`python -m chaos where`, as far as it needs no engine."""

import pytest

from chaos.engine import ClusterError
from chaos.where.look import SERVICES, chosen
from tests.process.lab import chaos


def test_where_says_what_its_exit_codes_mean_when_asked_for_help() -> None:
    said = " ".join(chaos("where", "--help").stdout.split())
    assert "0 all agree, 1 a disagreement, 2 something not known, 3 nothing is up" in said


def test_where_exits_with_3_and_one_line_when_no_engine_answers() -> None:
    refused = chaos("where", COMPOSE_PROJECT_NAME="sessionlab-nowhere")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr == "chaos: no Docker engine answers: start it (`make setup` can), then try again\n"


def test_where_exits_with_3_and_names_what_it_knows_when_a_service_is_unheard_of() -> None:
    refused = chaos("where", "volume", "cloud")
    assert refused.returncode == 3
    assert refused.stderr.startswith("chaos: no service or placement is named cloud; known are memory, ")


@pytest.mark.parametrize(
    ("names", "services"),
    [
        ((), SERVICES),
        (("stateful",), ("stateful",)),
        (("layer",), ("stateful",)),
        (("redis-everysec",), ("stateless", "redis")),
        (("redis", "volume"), ("volume", "redis")),
    ],
)
def test_where_takes_names_of_services_and_of_placements_with_their_store(
    names: tuple[str, ...], services: tuple[str, ...]
) -> None:
    assert chosen(names) == services


def test_where_refuses_a_name_that_is_neither() -> None:
    with pytest.raises(ClusterError, match="no service or placement is named cloud"):
        chosen(["cloud"])
