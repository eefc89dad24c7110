"""Two processes over one store, of which one alerts at a time: what is recorded is sent, and by one of them only."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from alerting.outbox import Outbox
from alerting.retry import RetryPolicy
from sla_engine import Lease, LeaseLost
from store import Store
from tests.alerting.examples import NOW, TENANT
from tests.alerting.test_delivery import Hearing, a_message, delivering, recorded, settled
from throughline.standby import Holding

SLOW = RetryPolicy(first=timedelta(hours=1), longest=timedelta(hours=1))


class Deaf(Hearing):
    """A channel that hears everything and takes nothing."""

    def send(self, message: object) -> None:
        super().send(message)  # type: ignore[arg-type]
        raise OSError


def two_leases(store: Store) -> tuple[Lease, Lease]:
    role = f"alerting-{uuid.uuid4().hex}"
    first, second = (Lease(store, role, seconds=60, settle_seconds=0.05) for _ in range(2))
    assert first.take() is None
    return first, second


def hand_over(giver: Lease, taker: Lease) -> None:
    giver.release()
    assert taker.take() is None


def failed_once(store: Store) -> None:
    """Wait until the failed try is recorded."""
    waiter = threading.Event()
    for _ in range(600):
        if Outbox(store).undelivered(1)[0].attempts:
            return
        waiter.wait(0.05)
    raise AssertionError("the try was not recorded")


def test_who_has_lost_the_role_sends_nothing_and_who_has_it_again_sends_what_the_other_left(store: Store) -> None:
    ours, theirs = two_leases(store)
    hearing, other, outbox = Hearing(), Hearing(), Outbox(store)
    with delivering(store, {"hearing": hearing}, before_send=ours.check) as delivery:
        delivery.offer(outbox.add(TENANT, [a_message("m1")], NOW))
        hearing.expect(1)
        settled(store)
        hand_over(ours, theirs)
        delivery.offer(outbox.add(TENANT, [a_message("m2")], NOW))
        with delivering(store, {"hearing": other}, before_send=theirs.check):
            other.expect(1)
            settled(store)
        outbox.add(TENANT, [a_message("m3")], NOW)
        hand_over(theirs, ours)
        delivery.begin_anew()
        delivery.offer(outbox.add(TENANT, [a_message("m4")], NOW))
        hearing.expect(3)
        settled(store)
    assert [title for _, title in hearing.heard] == ["m1", "m3", "m4"]
    assert [title for _, title in other.heard] == ["m2"]


def test_a_message_that_waits_for_another_try_is_not_sent_again_where_the_other_process_has_sent_it(
    store: Store,
) -> None:
    ours, theirs = two_leases(store)
    deaf, other = Deaf(), Hearing()
    with delivering(store, {"hearing": deaf}, before_send=ours.check, policy=SLOW) as delivery:
        delivery.offer(recorded(store, a_message("m1")))
        deaf.expect(1)
        failed_once(store)
        hand_over(ours, theirs)
        with delivering(store, {"hearing": other}, before_send=theirs.check, policy=RetryPolicy(longest=timedelta(0))):
            other.expect(1)
            settled(store)
        hand_over(theirs, ours)
        delivery.begin_anew()
        delivery.offer(recorded(store, a_message("m2")))
        deaf.expect(2)
        assert delivery.waiting() == 1
    assert [title for _, title in deaf.heard] == ["m1", "m2"]
    assert [title for _, title in other.heard] == ["m1"]


def test_what_another_process_has_recorded_is_found_after_a_while(store: Store) -> None:
    hearing = Hearing()
    with delivering(store, {"hearing": hearing}, look_seconds=0.05) as delivery:
        delivery.offer(recorded(store, a_message("m1")))
        hearing.expect(1)
        recorded(store, a_message("m2"))
        hearing.expect(2)
        settled(store)
    assert [title for _, title in hearing.heard] == ["m1", "m2"]
    assert Outbox(store).undelivered(1) == []


@pytest.mark.server
@pytest.mark.parametrize("store", ["server"], indirect=True)
def test_a_role_that_is_taken_again_is_named(store: Store, tmp_path: Path) -> None:
    holding = Holding(store, ("collector", "alerting"), tmp_path)
    other = Lease(store, "alerting", settle_seconds=0.05)
    taken: list[str] = []
    assert other.take() is None
    holding.keep(taken.append)
    assert taken == []
    with pytest.raises(LeaseLost):
        holding.check("alerting")
    other.release()
    holding.keep(taken.append)
    holding.keep(taken.append)
    holding.check("alerting")
    assert taken == ["alerting"]
