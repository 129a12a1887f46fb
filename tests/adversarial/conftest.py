"""The stores, the clock and the running services of the contract's suite, to be attacked."""

from collections.abc import Iterator

import pytest

from tests.adversarial.raw import request, send
from tests.adversarial.steps import YEAR
from tests.contract.clock import Clock
from tests.contract.conftest import (  # noqa: F401 - fixtures
    client,
    clock,
    keys,
    lifetime,
    member,
    memory_store,
    patient_redis_url,
    redis_store,
    redis_url,
    replicas,
    server_side_store,
    service,
    services,
    sqlite_store,
    store,
    token_store,
)
from tests.contract.running import Service


@pytest.fixture
def alive(services: dict[str, Service]) -> Iterator[None]:  # noqa: F811 - the fixture
    """The services answer afterwards, and are the same processes as before."""
    before = [_boot(each) for each in services.values()]
    yield
    assert [_boot(each) for each in services.values()] == before


def _boot(running: Service) -> str:
    answer = send(running, request("GET /healthz"))
    assert answer.status == 200
    return answer.headers["served-by"]


@pytest.fixture
def ahead(clock: Clock) -> None:  # noqa: F811 - the fixture
    """Well ahead of the true time, so that Redis finds no time past that the tests step back to."""
    clock.forward(5 * YEAR)
