"""A Redis of each module's own, and a service that uses it."""

from collections.abc import Iterator

import pytest

from tests.adversarial.stores import Store
from tests.contract.running import Client, Service


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Reached by the proxy."""
    with Store.running(tmp_path_factory.mktemp("store"), by_proxy=True) as running:
        yield running


@pytest.fixture(scope="module")
def service(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("service") / "log"
    running = Service.start("redis", "stateless", {"SESSION_STORE": store.url}, log)
    try:
        running.await_health()
        yield running
    finally:
        running.stop()


@pytest.fixture
def member(service: Service) -> Iterator[Client]:
    """Somebody with a session."""
    client = service.client()
    with client.jar:
        assert client.send("POST", "/session").status_code == 201
        yield client
