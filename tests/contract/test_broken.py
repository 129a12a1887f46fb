"""The suite's key checks catch stores that are broken on purpose."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaos.control.app import ForgetfulStore
from services.session.lifetime import Lifetime
from services.stateful.sqlite import SqliteStore
from tests.contract import (
    broken,
    test_concurrency,
    test_store_closing,
    test_store_credentials,
    test_store_operations,
    test_store_timeouts,
)
from tests.contract.clock import Clock
from tests.contract.test_sqlite_store import expect_others_to_see_every_acknowledged_visit


@contextmanager
def caught() -> Iterator[None]:
    """Passes if the check in it fails."""
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        yield


def test_suite_catches_a_store_that_forgets_every_50th_change(lifetime: Lifetime) -> None:
    with caught():
        test_store_operations.test_store_counts_every_one_of_200_visits(ForgetfulStore(lifetime, every=50))


def test_suite_catches_a_store_that_acknowledges_before_it_writes(tmp_path: Path, lifetime: Lifetime) -> None:
    path = tmp_path / "sessions.db"
    hasty, other = broken.WriteBehindStore(path, lifetime), SqliteStore(path, lifetime)
    with caught():
        expect_others_to_see_every_acknowledged_visit(hasty, other)


def test_a_store_that_acknowledges_before_it_writes_looks_right_when_nobody_else_reads(
    tmp_path: Path, lifetime: Lifetime
) -> None:
    """Why the check above needs a second store: from inside the loss cannot be seen."""
    hasty = broken.WriteBehindStore(tmp_path / "sessions.db", lifetime)
    expect_others_to_see_every_acknowledged_visit(hasty, hasty)


def test_suite_catches_a_store_that_resurrects_a_session_after_its_end(lifetime: Lifetime) -> None:
    check = test_store_closing.test_server_side_store_never_resurrects_a_session_when_a_change_comes_late
    with caught():
        check(broken.ResurrectingStore(lifetime))


def test_suite_catches_a_store_that_loses_one_of_two_parallel_changes(lifetime: Lifetime) -> None:
    check = test_concurrency.test_store_counts_800_when_two_replicas_take_400_parallel_visits_each
    store = broken.LastWriterStore(lifetime)
    with caught():
        check((store, store))


def test_suite_catches_a_store_that_changes_before_it_looks_at_the_precondition(lifetime: Lifetime) -> None:
    check = test_store_operations.test_store_executes_nothing_when_the_version_is_another
    with caught():
        check(broken.EagerStore(lifetime), if_version=1)


def test_suite_catches_a_store_that_adopts_an_unknown_credential(lifetime: Lifetime) -> None:
    check = test_store_credentials.test_server_side_store_never_adopts_an_unknown_credential
    with caught():
        check(broken.AdoptingStore(lifetime))


def test_suite_catches_a_store_whose_renewal_moves_the_absolute_timeout(
    lifetime: Lifetime, clock: Clock
) -> None:
    check = test_store_timeouts.test_store_does_not_extend_the_absolute_timeout_with_a_renewal
    with caught():
        check(broken.ImmortalStore(lifetime), clock)
