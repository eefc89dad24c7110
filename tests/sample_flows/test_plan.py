"""The plan: the same for the same seed, as much trouble as it says, and something in every stage at its end."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from sample_flows.plan import EXPRESS, FAULTS, NOISE, Order, order_history, plan_order
from sample_flows.promises import promises_of

NOW = datetime(2026, 11, 18, 14, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def history() -> list[Order]:
    return order_history(1, 5000, NOW, 30)


def test_the_same_seed_makes_the_same_orders(history: list[Order]) -> None:
    assert order_history(1, 5000, NOW, 30) == history


def test_another_seed_makes_other_orders(history: list[Order]) -> None:
    assert order_history(2, 100, NOW, 30) != history[:100]


def test_orders_are_numbered_in_the_order_they_are_placed_within_the_days_asked_for(history: list[Order]) -> None:
    placed = [order.placed_at for order in history]
    assert placed == sorted(placed)
    assert len({order.number for order in history}) == 5000
    assert NOW - timedelta(days=30) <= placed[0] <= NOW - timedelta(days=29)
    assert NOW - timedelta(hours=1) < placed[-1] <= NOW


def test_no_step_has_the_id_of_another(history: list[Order]) -> None:
    ids = [step.id for order in history for step in order.steps]
    assert len(ids) == len(set(ids))


def test_nothing_is_reported_before_it_happens(history: list[Order]) -> None:
    assert all(step.sent_at >= step.at for order in history for step in order.steps)


def test_each_fault_has_about_its_share(history: list[Order]) -> None:
    seen = Counter(fault for order in history for fault in order.faults)
    kinds = Counter(order.kind for order in history)
    expected: Counter[str] = Counter()
    for kind, shares in FAULTS.items():
        for fault, share in shares.items():
            expected[fault] += round(share * kinds[kind])
    for fault, count in expected.items():
        assert 0.5 * count - 5 <= seen[fault] <= 1.6 * count + 5, fault
    assert all(0.6 * share < seen[noise] / 5000 < 1.4 * share for noise, share in NOISE.items())


@pytest.mark.parametrize("now", [NOW, MIDNIGHT], ids=["on a Wednesday afternoon", "on a Sunday before dawn"])
def test_at_the_end_of_history_every_stage_has_orders_in_it_and_promises_at_risk_and_freshly_broken(
    now: datetime,
) -> None:
    orders = order_history(1, 5000, now, 30)
    stages = Counter(
        max(known, key=lambda step: step.at).milestone
        for order in orders
        if (known := [step for step in order.steps if step.sent_at <= now])
    )
    for stage in (
        "credit_held",
        "delivery_created",
        "shipped",
        "invoice_posted",
        "payment_received",
        "order_cancelled",
    ):
        assert stages[stage] > 0, stage
    promises = [promise for order in orders for promise in promises_of(order, now)]
    verdicts = Counter(promise.verdict for promise in promises)
    assert 0.01 < verdicts["breached"] / verdicts["met"] < 0.05
    assert any(p.verdict == "breached" and now - p.deadline_at < timedelta(hours=12) for p in promises)
    spent = [(now - p.started_at) / (p.deadline_at - p.started_at) for p in promises if p.verdict == "open"]
    assert any(0.85 <= share <= 1 for share in spent)


def _orders_with(fault: str, history: list[Order]) -> list[Order]:
    found = [order for order in history if fault in order.faults]
    assert found
    return found


def test_a_second_invoice_has_a_number_of_its_own(history: list[Order]) -> None:
    for order in _orders_with("second_invoice", history):
        assert len({step.invoice for step in order.steps if step.milestone == "invoice_posted"}) == 2


def test_a_cancelled_order_is_neither_picked_nor_billed_nor_paid(history: list[Order]) -> None:
    for order in _orders_with("cancelled", history):
        assert {step.milestone for step in order.steps}.isdisjoint(
            {"goods_issued", "invoice_posted", "payment_received"}
        )
        assert order.steps[-1].milestone == "order_cancelled"


def test_a_late_goods_issue_breaks_the_promised_date(history: list[Order]) -> None:
    later = NOW + timedelta(days=60)
    for order in _orders_with("late_goods_issue", history):
        verdicts = {promise.sla: promise.verdict for promise in promises_of(order, later)}
        assert verdicts["delivery_as_promised"] == "breached"


def test_an_order_with_nothing_wrong_keeps_all_its_promises(history: list[Order]) -> None:
    later = NOW + timedelta(days=60)
    smooth = [order for order in history if not set(order.faults) - set(NOISE)]
    assert {promise.verdict for order in smooth for promise in promises_of(order, later)} == {"met"}


def test_every_system_is_told_only_the_identifiers_it_knows(history: list[Order]) -> None:
    for order in history:
        for step in order.steps:
            told = str(step.payload) + step.path
            if step.system in ("wms", "carrier"):
                assert order.number not in told
            if step.system == "bank":
                assert order.number not in told
                assert order.steps[0].payload["order"] not in told


def test_express_orders_are_promised_within_two_hours() -> None:
    express = [order for n in range(1, 50) if (order := plan_order(1, n, NOW)).kind == EXPRESS]
    for order in express:
        for step in order.steps:
            if step.promise:
                assert datetime.fromisoformat(step.promise) == step.at + timedelta(hours=2)
