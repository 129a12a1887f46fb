"""What must hold when several replicas, threads and processes work on one session."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, repeat
from pathlib import Path
from threading import Barrier

from services.session.document import CountVisit, Item, PutItem
from services.session.lifetime import Lifetime
from services.session.store import PreconditionFailed, SessionStore, StoreUnavailable
from services.stateful.sqlite import SqliteStore
from tests.contract.conftest import Replicas

PROCESSES = 3
END_SECONDS = 120
"""Of what takes one or two where no disk pauses."""
VISITS = 100


def visit(store: SessionStore, credential: str) -> int:
    return store.apply(credential, [CountVisit()]).results[0]


def test_store_counts_800_when_two_replicas_take_400_parallel_visits_each(replicas: Replicas) -> None:
    credential = replicas[0].open().credential
    alternating = chain.from_iterable(repeat(replicas, 400))
    with ThreadPoolExecutor(16) as threads:
        counts = list(threads.map(visit, alternating, repeat(credential, 800)))
    session = replicas[1].load(credential).session
    assert sorted(counts) == list(range(1, 801))
    assert (session.visits, session.version) == (800, 801)


def test_store_lets_one_of_eight_parallel_changes_through_when_all_ask_for_one_version(
    replicas: Replicas,
) -> None:
    credential = replicas[0].open().credential

    def attempt(number: int) -> bool:
        try:
            replicas[number % 2].apply(credential, [CountVisit()], if_versions={1})
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(8))) == 1


def test_store_keeps_every_item_when_two_replicas_put_them_in_parallel(replicas: Replicas) -> None:
    credential = replicas[0].open().credential

    def put(number: int) -> None:
        replicas[number % 2].apply(credential, [PutItem(f"a{number}", Item("tea", 1))])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, range(100)))
    assert len(replicas[0].load(credential).session.items) == 100


def test_store_agrees_over_replicas_when_renewals_are_parallel(replicas: Replicas) -> None:
    credential = replicas[0].open().credential
    with ThreadPoolExecutor(8) as threads:
        renewed = {*threads.map(lambda n: replicas[n % 2].renew(credential), range(40))}
    assert len(renewed) == 1


def visit_often(path: Path, credential: str) -> None:
    """What each process of the next test does, with a store of its own."""
    store = SqliteStore(path, Lifetime())
    for _ in range(VISITS):
        while not visited(store, credential):
            pass


def visited(store: SessionStore, credential: str) -> bool:
    """False where the file was busy for too long: nothing has changed then, as no change was begun."""
    try:
        visit(store, credential)
    except StoreUnavailable:
        return False
    return True


def begin(directory: Path, start: Barrier) -> None:
    """What each process of the last test does: often, as one start alone rarely meets another."""
    for number in range(80):
        start.wait(END_SECONDS)
        SqliteStore(directory / f"{number}.db", Lifetime())


def in_processes(*calls: tuple[Callable[..., None], tuple[object, ...]]) -> list[int | None]:
    """Each call in a process of its own, all at once; their exit codes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    processes = [context.Process(target=function, args=arguments) for function, arguments in calls]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=END_SECONDS)
    return [process.exitcode for process in processes]


def test_sqlite_store_counts_every_visit_when_three_processes_share_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    store = SqliteStore(path, Lifetime())
    credential = store.open().credential
    assert in_processes(*[(visit_often, (path, credential))] * PROCESSES) == [0] * PROCESSES
    assert store.load(credential).session.visits == PROCESSES * VISITS


def test_sqlite_store_begins_once_when_eight_processes_find_no_file(tmp_path: Path) -> None:
    start = multiprocessing.get_context("forkserver").Barrier(8)
    assert in_processes(*[(begin, (tmp_path, start))] * 8) == [0] * 8
