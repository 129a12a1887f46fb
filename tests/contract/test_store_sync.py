"""Devices upload what they did offline: every store applies each operation exactly once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.session import devices
from services.session.document import Item, PutItem
from services.session.store import DeviceForgotten, SequenceGap, SessionStore
from services.session.upload import Put, Remove, Upload, Visit
from services.stateless import token
from tests.contract.clock import Clock
from tests.contract.conftest import Replicas
from tests.contract.store_uses import opened

PHONE, TABLET = "phone-0123456789", "tablet-0123456789"


def visits(first: int, last: int, device: str = PHONE, since: int = 0) -> Upload:
    return Upload(device, tuple(Visit(n) for n in range(first, last + 1)), since)


def nth_device(n: int) -> str:
    return f"device-{n:016}"


def limit_of(store: SessionStore) -> int:
    return token.DEVICES_REMEMBERED if isinstance(store, token.TokenStore) else devices.REMEMBERED


def test_upload_is_applied_in_order_as_one_version(store: SessionStore) -> None:
    operations = (Put(1, "a1", "tea", 2), Visit(2), Put(3, "a2", "jam", 1), Remove(4, "a1"), Visit(5))
    synced = store.sync(opened(store), Upload(PHONE, operations))
    assert synced.acknowledged == 5
    assert synced.session == store.load(synced.credential).session
    assert (synced.session.version, synced.session.visits) == (2, 2)
    assert synced.session.items == {"a2": Item("jam", 1)}


def test_repeated_upload_changes_nothing(store: SessionStore) -> None:
    first = store.sync(opened(store), visits(1, 3))
    again = store.sync(first.credential, visits(1, 3))
    assert (again.acknowledged, again.session) == (3, first.session)


def test_upload_that_overlaps_applies_only_what_is_new(store: SessionStore) -> None:
    first = store.sync(opened(store), visits(1, 3))
    second = store.sync(first.credential, Upload(PHONE, (Visit(3), Put(4, "a1", "tea", 1), Visit(5))))
    assert (second.acknowledged, second.session.visits, len(second.session.items)) == (5, 4, 1)


@pytest.mark.parametrize("last", [1, 2])
def test_upload_of_the_past_is_answered_with_the_mark(store: SessionStore, last: int) -> None:
    first = store.sync(opened(store), visits(1, 3))
    assert store.sync(first.credential, visits(1, last)).acknowledged == 3


@pytest.mark.parametrize(("held", "sent", "expected"), [(0, 2, 1), (3, 5, 4), (3, 1000, 4)])
def test_gap_is_refused_with_the_number_expected(
    store: SessionStore, held: int, sent: int, expected: int
) -> None:
    before = store.sync(opened(store), visits(1, held))
    with pytest.raises(SequenceGap) as refused:
        store.sync(before.credential, visits(sent, sent))
    assert refused.value.expected == expected
    assert store.load(before.credential).session == before.session


def test_upload_of_nothing_is_a_download(store: SessionStore) -> None:
    before = store.sync(opened(store), visits(1, 2))
    for device, acknowledged in ((PHONE, 2), (TABLET, 0)):
        synced = store.sync(before.credential, Upload(device, ()))
        assert (synced.acknowledged, synced.session) == (acknowledged, before.session)


def test_devices_are_counted_each_for_itself(store: SessionStore) -> None:
    credential = store.sync(opened(store), visits(1, 2)).credential
    synced = store.sync(credential, visits(1, 3, TABLET))
    assert (synced.acknowledged, synced.session.visits) == (3, 5)
    assert store.sync(synced.credential, visits(1, 2)).session.visits == 5


def test_later_upload_wins_for_the_same_item(store: SessionStore) -> None:
    """The counterexample of `services/session/devices.py`."""
    credential = store.sync(opened(store), Upload(TABLET, (Put(1, "a1", "tea", 5),))).credential
    late = store.sync(credential, Upload(PHONE, (Put(1, "a1", "tea", 2),)))
    assert late.session.items["a1"].quantity == 2


def test_upload_is_not_disturbed_by_changes_without_a_device(store: SessionStore) -> None:
    credential = store.sync(opened(store), visits(1, 2)).credential
    credential = store.apply(credential, [PutItem("a1", Item("tea", 2))]).credential
    assert store.sync(credential, visits(1, 3)).session.visits == 3


def test_upload_moves_the_idle_timeout(store: SessionStore, clock: Clock) -> None:
    credential = opened(store)
    clock.forward(50)
    assert store.sync(credential, visits(1, 1)).session.idle_expires_at == clock() + 100


def test_download_moves_the_idle_timeout_as_a_read_does(store: SessionStore, clock: Clock) -> None:
    """Only by ten seconds or more: a device that looks often costs no write each time."""
    credential, deadline = opened(store), clock() + 100
    clock.forward(9)
    assert store.sync(credential, visits(1, 0)).session.idle_expires_at == deadline
    clock.forward(1)
    assert store.sync(credential, visits(1, 0)).session.idle_expires_at == deadline + 10


def test_marks_outlive_a_renewal(store: SessionStore) -> None:
    synced = store.sync(opened(store), visits(1, 3))
    assert store.sync(store.renew(synced.credential), visits(1, 4)).session.visits == 4


def test_device_that_uploaded_longest_ago_is_forgotten_and_told_so(store: SessionStore) -> None:
    credential = opened(store)
    crowd = [nth_device(n) for n in range(limit_of(store) + 1)]
    for device in crowd:
        synced = store.sync(credential, visits(1, 1, device))
        credential = synced.credential
    with pytest.raises(DeviceForgotten):
        store.sync(credential, visits(1, 1, crowd[0]))
    assert store.load(credential).session.visits == len(crowd)
    for device in crowd[1:]:
        assert store.sync(credential, visits(1, 1, device)).acknowledged == 1


def test_forgotten_device_stays_forgotten_when_others_go_on(store: SessionStore) -> None:
    credential = opened(store)
    crowd = [nth_device(n) for n in range(limit_of(store) + 1)]
    for device in crowd:
        credential = store.sync(credential, visits(1, 1, device)).credential
    credential = store.sync(credential, visits(2, 2, crowd[-1])).credential
    with pytest.raises(DeviceForgotten):
        store.sync(credential, visits(1, 1, crowd[0]))


def test_device_that_goes_on_uploading_is_not_forgotten(store: SessionStore) -> None:
    credential = store.sync(opened(store), visits(1, 1, "constant-0123456789")).credential
    for n in range(2 * limit_of(store)):
        since = store.load(credential).session.version
        synced = store.sync(credential, visits(1, 1, nth_device(n), since=since))
        synced = store.sync(synced.credential, visits(n + 2, n + 2, "constant-0123456789"))
        credential = synced.credential
    assert synced.acknowledged == 2 * limit_of(store) + 1


def test_new_device_is_told_from_a_forgotten_one_by_since_when_it_knows_the_session(
    store: SessionStore,
) -> None:
    credential = opened(store)
    for n in range(limit_of(store) + 1):
        synced = store.sync(credential, visits(1, 1, nth_device(n)))
        credential = synced.credential
    horizon = synced.session.version
    with pytest.raises(DeviceForgotten):
        store.sync(credential, visits(1, 1, PHONE, since=horizon - 1))
    assert store.sync(credential, visits(1, 1, PHONE, since=horizon)).acknowledged == 1


def test_device_that_knew_a_later_version_than_there_is_is_not_taken_for_a_new_one(
    store: SessionStore,
) -> None:
    """A store was brought back to an earlier state: pushed out by others, it would look new once more."""
    credential = store.sync(opened(store), visits(1, 1, TABLET)).credential
    version = store.load(credential).session.version
    with pytest.raises(DeviceForgotten):
        store.sync(credential, visits(1, 1, PHONE, since=version + 1))
    with pytest.raises(SequenceGap):
        store.sync(credential, visits(2, 2, PHONE, since=version + 1))
    assert store.sync(credential, Upload(PHONE, (), version + 1)).acknowledged == 0
    assert store.sync(credential, visits(1, 1, PHONE, since=version)).acknowledged == 1


def test_device_is_not_forgotten_for_a_download(store: SessionStore) -> None:
    """Nothing of one that never uploaded is remembered, so it takes nobody's place."""
    credential = store.sync(opened(store), visits(1, 1)).credential
    for n in range(2 * limit_of(store)):
        credential = store.sync(credential, Upload(nth_device(n), ())).credential
    assert store.sync(credential, visits(1, 2)).acknowledged == 2


def test_parallel_uploads_to_two_replicas_apply_each_operation_once(replicas: Replicas) -> None:
    credential = opened(replicas[0])
    tries = [(replicas[n % 2], visits(1, 1 + n % 20)) for n in range(200)]
    with ThreadPoolExecutor(16) as uploading:
        answers = list(uploading.map(lambda one: one[0].sync(credential, one[1]), tries))
    assert max(answer.acknowledged for answer in answers) == 20
    assert all(answer.session.visits == answer.acknowledged for answer in answers)
    assert replicas[1].load(credential).session.visits == 20
