"""The HTTP contract (`contract.md`): the operator's routes, placement, health and metrics."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.contract.running import Client, Service

KINDS = {"memory": {"process-memory"}, "token": {"client"}, "redis": {"redis"}}
FILES = {"writable-layer", "volume", "bind", "network", "tmpfs"}


def test_placement_tells_where_the_state_lives(client: Client, service: Service) -> None:
    answer = client.send("GET", "/placement")
    where = answer.json()
    assert (where["service"], where["store"]) == (service.service, service.name)
    assert where["kind"] in KINDS.get(service.name, FILES)
    assert answer.headers["Served-By"] == f"{where['service']}/{where['instance']}/{where['boot']}"


def test_placement_names_a_file_only_where_there_is_one(client: Client, service: Service) -> None:
    where = client.send("GET", "/placement").json()
    expected = service.name == "sqlite"
    assert bool(where["path"]) is bool(where["filesystem"]) is expected


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/"])
def test_operator_route_is_200_and_sets_no_cookie(client: Client, path: str) -> None:
    answer = client.send("GET", path)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_metrics_count_store_operations(member: Client) -> None:
    families = {f.name: f for f in text_string_to_metric_families(member.send("GET", "/metrics").text)}
    opened = [
        sample.value
        for sample in families["session_store_seconds"].samples
        if sample.name.endswith("_count") and sample.labels == {"operation": "open"}
    ]
    assert opened[0] >= 1


def test_metrics_count_refusals_by_problem(client: Client, service: Service) -> None:
    client.send("GET", "/session", headers={"Cookie": f"{service.cookie}=nonsense"})
    families = {f.name: f for f in text_string_to_metric_families(client.send("GET", "/metrics").text)}
    labels = [sample.labels for sample in families["session_refused"].samples]
    assert {"operation": "load", "problem": "credential-invalid"} in labels
