"""The running services of the contract's suite."""

from tests.contract.conftest import client, redis_url, service, services  # noqa: F401 - fixtures
