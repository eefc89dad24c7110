"""The plans: the same for the same seed, as much trouble as they say, and something in every stage at their end."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from sample_flows import FAULTS, Case, case_history, named, plan_case, with_faults
from sample_flows.feeds import FEEDS
from sample_flows.findings import true_findings
from sample_flows.plans import PROCESSES
from sample_flows.plans.order_to_cash import EXPRESS, MISHAPS, NOISE
from sample_flows.promises import Happening, promises_of
from sample_flows.truth import truth_of

NOW = datetime(2026, 11, 18, 14, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=90)
HARMLESS = {*NOISE, "credit_memo", "amended", "credit_hold", "rejected", "price_difference", "duplicate_suspected"}


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return list(case_history(1, 5000, NOW, 30))


@pytest.fixture(scope="module")
def orders(cases: list[Case]) -> list[Case]:
    return [case for case in cases if case.workflow == "order_to_cash"]


def _verdicts(case: Case, at: datetime) -> dict[str, str]:
    all_speak = {"carrier": at, "warehouse_load": at, "marketplace": at}
    return {
        promise.sla: promise.verdict
        for instance in truth_of(case, at)
        for promise in promises_of(case.workflow, instance.happened, at, all_speak)
    }


def test_the_same_seed_makes_the_same_cases(cases: list[Case]) -> None:
    assert list(islice(case_history(1, 5000, NOW, 30), 800)) == cases[:800]


def test_another_seed_makes_other_cases(cases: list[Case]) -> None:
    assert list(case_history(2, 100, NOW, 30)) != list(case_history(1, 100, NOW, 30))


def test_orders_are_numbered_in_the_order_they_are_placed_within_the_days_asked_for(orders: list[Case]) -> None:
    placed = [case.began_at for case in orders]
    assert placed == sorted(placed)
    assert [case.ordinal for case in orders] == list(range(1, 5001))
    assert NOW - timedelta(days=30) <= placed[0] <= NOW - timedelta(days=29)
    assert NOW - timedelta(hours=1) < placed[-1] <= NOW


def test_no_two_instances_of_a_workflow_have_the_same_key(cases: list[Case]) -> None:
    keys = [(case.workflow, key) for case in cases for key in case.instances]
    assert len(keys) == len(set(keys))


def test_no_step_has_the_id_of_another(cases: list[Case]) -> None:
    ids = [step.id for case in cases for step in case.steps]
    assert len(ids) == len(set(ids))


def test_nothing_is_reported_before_it_happens(cases: list[Case]) -> None:
    assert all(step.sent_at >= step.at for case in cases for step in case.steps)


def test_each_mishap_has_about_its_share(orders: list[Case]) -> None:
    seen = Counter(mishap for case in orders for mishap in case.mishaps)
    kinds = Counter(case.kind for case in orders)
    expected: Counter[str] = Counter()
    for kind, shares in MISHAPS.items():
        for mishap, share in shares.items():
            expected[mishap] += round(share * kinds[kind])
    for mishap, count in expected.items():
        assert 0.4 * count - 5 <= seen[mishap] <= 1.6 * count + 5, mishap
    assert all(0.6 * share < seen[noise] / 5000 < 1.4 * share for noise, share in NOISE.items())


@pytest.mark.parametrize("now", [NOW, MIDNIGHT], ids=["on a Wednesday afternoon", "on a Sunday before dawn"])
def test_at_the_end_of_history_every_stage_has_instances_and_promises_are_at_risk_and_freshly_broken(
    now: datetime,
) -> None:
    instances = [instance for case in case_history(1, 5000, now, 30) for instance in truth_of(case, now)]
    stages = Counter(instance.known[-1].milestone for instance in instances)
    for stage in ("delivery_created", "shipped", "order_loaded", "payment_received", "order_cancelled"):
        assert stages[stage] > 0, stage
    for stage in ("requisition_raised", "purchase_ordered", "invoice_blocked", "payment_executed", "partner_loaded"):
        assert stages[stage] > 0, stage
    verdicts = true_findings(instances, now, now).found["verdicts"]
    counts = Counter(str(finding[-1]) for finding in verdicts)
    assert 0.01 < counts["breached"] / counts["met"] < 0.05
    assert counts["at_risk"] > 0


@pytest.mark.parametrize(("fault", "broken"), [("silent_feed", {"carrier", "marketplace"}), ("smooth", set())])
def test_a_silent_feed_breaks_the_promise_of_the_feed_and_nothing_else_does(fault: str, broken: set[str]) -> None:
    cases = case_history(1, 1000, NOW, 6, ("order_to_cash", "inventory_sync"))
    told = [with_faults(case, named([fault] if fault in FAULTS else []), 1, NOW - timedelta(days=1)) for case in cases]
    instances = [instance for case in told for instance in truth_of(case, NOW)]
    verdicts = true_findings(instances, NOW, NOW).found["verdicts"]
    feeds = {rule.sla for rules in FEEDS.values() for rule in rules}
    assert {key for _, key, sla, _, _, verdict in verdicts if sla in feeds and verdict == "breached"} == broken


def _with(mishap: str, cases: list[Case]) -> list[Case]:
    found = [case for case in cases if mishap in case.mishaps]
    assert found
    return found


def test_a_second_invoice_has_a_number_of_its_own(orders: list[Case]) -> None:
    for case in _with("second_invoice", orders):
        assert len({step.values("invoice") for step in case.steps if step.milestone == "invoice_posted"}) == 2


def test_a_cancelled_order_is_neither_picked_nor_billed_nor_paid(orders: list[Case]) -> None:
    for case in _with("cancelled", orders):
        milestones = {step.milestone for step in case.steps}
        assert milestones.isdisjoint({"goods_issued", "invoice_posted", "payment_received"})
        assert "order_cancelled" in milestones


@pytest.mark.parametrize(
    ("mishap", "sla"),
    [
        ("late_goods_issue", "delivery_as_promised"),
        ("late_invoice", "invoice_after_goods_issue"),
        ("late_collection", "handed_to_carrier"),
        ("slow_payer", "payment_in_time"),
        ("slow_approval", "approval"),
        ("silent_supplier", "supplier_acknowledges"),
        ("late_goods", "goods_as_promised"),
        ("late_match", "invoice_match"),
        ("late_payment", "supplier_paid"),
        ("price_difference_forever", "block_solved"),
        ("slow_posting", "stock_in_erp"),
        ("late_marketplace", "marketplace_fresh"),
        ("marketplace_missed_it", "marketplace_fresh"),
        ("late_in_erp", "partner_in_erp"),
        ("late_in_procurement", "partner_in_procurement"),
    ],
)
def test_a_mishap_breaks_its_promise(cases: list[Case], mishap: str, sla: str) -> None:
    for case in _with(mishap, cases):
        assert _verdicts(case, LATER)[sla] == "breached", case.name


def test_a_case_with_nothing_wrong_keeps_all_its_promises(cases: list[Case]) -> None:
    smooth = [case for case in cases if not set(case.mishaps) - set(NOISE)]
    assert {verdict for case in smooth for verdict in _verdicts(case, LATER).values()} == {"met"}


def test_some_invoices_bill_two_orders_and_some_orders_go_in_two_deliveries(orders: list[Case]) -> None:
    invoices = [step for case in orders for step in case.steps if step.milestone == "invoice_posted"]
    assert any(len(step.instances) == 2 for step in invoices)
    assert any(len(step.instances) == 1 and len(step.values("delivery")) == 2 for step in invoices)


def test_every_system_is_told_only_the_identifiers_it_knows(orders: list[Case]) -> None:
    for case in orders:
        for step in case.steps:
            if step.system in ("wms", "carrier", "bank", "tax"):
                assert not any(key in str(step.payload) + step.path for key in case.instances)


def test_express_orders_are_promised_within_two_hours() -> None:
    express = [case for n in range(1, 50) if (case := plan_case("order_to_cash", 1, n, NOW)).kind == EXPRESS]
    for case in express:
        for step in case.steps:
            if step.promise:
                assert datetime.fromisoformat(step.promise) == step.at + timedelta(hours=2)


def test_every_workflow_is_in_the_history(cases: list[Case]) -> None:
    counts = Counter(case.workflow for case in cases)
    assert counts == {name: 5000 // process.every for name, process in PROCESSES.items()}


def test_a_happening_carries_its_keys() -> None:
    assert Happening("goods_issued", NOW, (("delivery", "8"),)).has("delivery", "8")
