"""The stores, the clock and the running services of the contract's suite, to be attacked."""

from tests.contract.conftest import (  # noqa: F401 - fixtures
    clock,
    keys,
    lifetime,
    memory_store,
    redis_store,
    redis_url,
    replicas,
    server_side_store,
    services,
    sqlite_store,
    store,
    token_store,
)
