"""Accelerated time: nothing from the future, and no promise that only seems broken because it is told late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sample_flows.pacing import LiveOrder, live_order
from sample_flows.plan import EXPRESS, NOISE
from sample_flows.promises import promises_of

STARTED = datetime(2026, 11, 18, 14, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def orders() -> list[LiveOrder]:
    return [live_order(1, ordinal, STARTED) for ordinal in range(1, 1001)]


def test_the_same_live_order_is_found_again_after_a_restart(orders: list[LiveOrder]) -> None:
    assert live_order(1, 7, STARTED) == orders[6]


def test_no_step_is_told_before_the_instant_it_is_stamped_with(orders: list[LiveOrder]) -> None:
    for live in orders:
        for step in live.order.steps:
            assert live.due(step) >= step.at


def test_steps_are_told_in_their_order_from_the_start_on(orders: list[LiveOrder]) -> None:
    for live in orders:
        due = [live.due(step) for step in live.order.steps]
        assert due == sorted(due)
        assert due[0] == STARTED


def test_a_smooth_express_order_goes_by_in_less_than_three_minutes(orders: list[LiveOrder]) -> None:
    smooth = [live for live in orders if live.order.kind == EXPRESS and not set(live.order.faults) - set(NOISE)]
    assert len(smooth) > 400
    for live in smooth:
        assert live.due(live.order.steps[-1]) - STARTED < timedelta(minutes=3)


def test_what_is_kept_is_told_before_its_deadline_so_that_nobody_is_alarmed_in_vain(orders: list[LiveOrder]) -> None:
    for live in orders:
        due = {step.at: live.due(step) for step in live.order.steps if step.sent_at == step.at}
        for promise in promises_of(live.order, STARTED + timedelta(days=60)):
            if promise.verdict == "met" and promise.answered_at in due:
                assert due[promise.answered_at] < promise.deadline_at, (live.order.number, promise.sla)


def test_a_late_express_delivery_breaks_its_promise_before_our_eyes(orders: list[LiveOrder]) -> None:
    late = [each for each in orders if each.order.kind == EXPRESS and "late_goods_issue" in each.order.faults]
    assert late
    for live in late:
        created = next(step for step in live.order.steps if step.promise)
        left = datetime.fromisoformat(created.promise) - live.due(created)
        assert timedelta(0) < left < timedelta(minutes=15)
