"""The HTTP contract (`contract.md`): the operator's routes, placement, health and metrics."""

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.contract.running import Client, Service

KINDS = {"memory": {"process-memory"}, "token": {"client"}, "redis": {"redis"}}
SECOND = timedelta(seconds=1)  # a Date has no fractions
FILES = {"writable-layer", "volume", "bind", "network", "tmpfs"}


def test_placement_tells_where_the_state_lives(client: Client, service: Service) -> None:
    answer = client.send("GET", "/placement")
    where = answer.json()
    assert (where["service"], where["store"]) == (service.service, service.name)
    assert where["kind"] in KINDS.get(service.name, FILES)
    assert answer.headers["Served-By"] == f"{where['service']}/{where['instance']}/{where['boot']}"


def test_placement_tells_when_the_process_started(client: Client) -> None:
    answer = client.send("GET", "/placement")
    started = datetime.fromisoformat(answer.json()["started_at"])
    assert (
        timedelta() <= parsedate_to_datetime(answer.headers["Date"]) + SECOND - started < timedelta(hours=1)
    )


def test_placement_names_a_file_only_where_there_is_one(client: Client, service: Service) -> None:
    where = client.send("GET", "/placement").json()
    expected = service.name == "sqlite"
    assert bool(where["path"]) is bool(where["filesystem"]) is expected


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/"])
def test_operator_route_is_200_and_sets_no_cookie(client: Client, path: str) -> None:
    answer = client.send("GET", path)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/web/page.js", "/web/worker.js"])
def test_page_runs_and_reaches_only_what_is_its_own(client: Client, path: str) -> None:
    policy = client.send("GET", path).headers["Content-Security-Policy"]
    directives = dict(directive.strip().split(" ", 1) for directive in policy.split(";"))
    assert directives.pop("default-src") == "'none'"
    assert set(directives.values()) == {"'self'", "'none'"}


def test_only_the_worker_may_work_for_the_whole_page(client: Client) -> None:
    assert client.send("GET", "/web/worker.js").headers["Service-Worker-Allowed"] == "../"
    assert "Service-Worker-Allowed" not in client.send("GET", "/web/page.js").headers


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
