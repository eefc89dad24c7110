"""Accelerated time: nothing from the future, and no promise that only seems broken because it is told late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sample_flows.pacing import LiveCase, live_case
from sample_flows.plans import beginning_with
from sample_flows.plans.order_to_cash import EXPRESS, NOISE
from sample_flows.promises import promises_of
from sample_flows.truth import truth_of

STARTED = datetime(2026, 11, 18, 14, 0, tzinfo=UTC)
WORKFLOWS = ("order_to_cash", "inventory_sync", "procure_to_pay", "master_data")


@pytest.fixture(scope="module")
def live() -> list[LiveCase]:
    return [
        live_case(workflow, 1, ordinal, STARTED)
        for ordinal in range(5001, 5601)
        for workflow in beginning_with(ordinal, WORKFLOWS)
    ]


def test_no_step_happens_before_the_instant_it_is_stamped_with(live: list[LiveCase]) -> None:
    for each in live:
        for step in each.case.steps:
            assert each.due(step) >= step.at


def test_steps_keep_their_order(live: list[LiveCase]) -> None:
    for each in live:
        dues = [each.due(step) for step in each.case.steps]
        assert dues == sorted(dues)


def test_most_express_orders_are_over_within_minutes(live: list[LiveCase]) -> None:
    express = [each for each in live if each.case.kind == EXPRESS and not set(each.case.mishaps) - set(NOISE)]
    ends = [max(each.due(step) for step in each.case.steps if not step.gather) - STARTED for each in express]
    assert sum(end < timedelta(minutes=4) for end in ends) > 0.9 * len(ends)


def test_what_is_kept_is_told_before_its_deadline_so_that_nobody_is_alarmed_in_vain(live: list[LiveCase]) -> None:
    later = STARTED + timedelta(days=60)
    speaking = {"carrier": later, "warehouse_load": later, "marketplace": later}
    for each in live:
        dues = {step.at: each.due(step) for step in each.case.steps if step.sent_at == step.at}
        promises = [
            promise
            for instance in truth_of(each.case, later)
            for promise in promises_of(each.case.workflow, instance.happened, later, speaking)
        ]
        for promise in promises:
            if promise.verdict == "met" and promise.answered_at in dues and promise.deadline_at:
                assert dues[promise.answered_at] < promise.deadline_at, (each.case.name, promise.sla)


def test_a_late_express_delivery_breaks_its_promise_before_our_eyes(live: list[LiveCase]) -> None:
    late = [each for each in live if each.case.kind == EXPRESS and "late_goods_issue" in each.case.mishaps]
    assert late
    for each in late:
        created = next(step for step in each.case.steps if step.promise)
        left = datetime.fromisoformat(created.promise) - each.due(created)
        assert timedelta(0) < left < timedelta(minutes=15)


def test_the_same_ordinal_is_the_same_case_again() -> None:
    assert live_case("order_to_cash", 1, 77, STARTED) == live_case("order_to_cash", 1, 77, STARTED)
    assert live_case("order_to_cash", 1, 77, STARTED) != live_case("order_to_cash", 2, 77, STARTED)


def test_a_live_case_begun_under_a_fault_suffers_from_it() -> None:
    lagging = [live_case("order_to_cash", 1, n, STARTED, ("clock_skew",)) for n in range(1, 30)]
    assert any("clock_skew" in each.case.mishaps for each in lagging)
