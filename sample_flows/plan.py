"""What happens to each order, decided beforehand: pure, the same for the same seed, number and time of the order.

A plan is a list of steps; a step is something a person or a job does to one system at an instant (a customer orders, a
picker scans a parcel, a billing run posts an invoice). Systems do the rest by calling each other. Number ranges are
reckoned from the order's number, so that no system needs a database to remember them.

About one order in six has something wrong with it. What an order suffers is named in `Order.faults`.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate
from typing import Any

from sample_flows.working_time import BERLIN, FINANCE

EXPRESS = "express"
STANDARD = "standard"

EXPRESS_SHARE = 0.6
FAULTS: dict[str, dict[str, float]] = {
    EXPRESS: {
        "late_goods_issue": 0.045,
        "never_picked": 0.006,
        "cancelled": 0.025,
        "late_invoice": 0.015,
        "second_invoice": 0.008,
        "credit_answer_lost": 0.002,
    },
    STANDARD: {
        "late_goods_issue": 0.05,
        "never_picked": 0.01,
        "cancelled": 0.03,
        "late_invoice": 0.025,
        "second_invoice": 0.008,
        "credit_answer_lost": 0.004,
        "credit_hold": 0.06,
        "credit_hold_forever": 0.012,
        "late_collection": 0.015,
        "slow_payer": 0.05,
        "never_paid": 0.015,
    },
}
"""The share of orders of a kind that suffer each fault; an order suffers at most one of these."""

NOISE = {"delivered_twice": 0.03, "reported_late": 0.02, "erp_busy": 0.02}
"""Faults of the wires, on top of any other: a report sent twice, one sent late (out of order), an ERP busy at first."""


@dataclass(frozen=True)
class Step:
    """One thing done to one system at `at`, reported at `sent_at` (the same, unless the report is late).

    `id` is unique over all orders of a seed and decides the trace and span ids. `fault` is something that goes wrong on
    the wire: `redeliver` (the report is sent twice) or `busy:<system>` (that system refuses the first attempt).
    `delivery`, `invoice` (normalized as in the catalog) and `promise` (ISO 8601) tell the truth file what it is about.
    """

    id: str
    milestone: str
    system: str
    path: str
    payload: dict[str, Any]
    at: datetime
    sent_at: datetime
    fault: str = ""
    delivery: str = ""
    invoice: str = ""
    promise: str = ""


@dataclass(frozen=True)
class Order:
    """One order with all that will ever happen to it, in the order in which it is reported."""

    number: str
    ordinal: int
    kind: str
    placed_at: datetime
    total: float
    currency: str
    faults: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass
class _Draft:
    """An order being planned."""

    seed: int
    ordinal: int
    placed_at: datetime
    dice: random.Random
    kind: str = STANDARD
    total: float = 0.0
    currency: str = "EUR"
    steps: list[Step] = field(default_factory=list)

    @property
    def number(self) -> str:
        return f"SO-{1_000_000 + self.ordinal}"

    @property
    def money(self) -> str:
        """The order's value as systems tell it: a decimal text, as a float has no cents."""
        return f"{self.total:.2f}"

    def delivery(self, index: int) -> str:
        return str(80_000_000 + 10 * self.ordinal + index)

    def invoice(self, index: int) -> str:
        return str(900_000_000 + 10 * self.ordinal + index)

    def between(self, low: timedelta, high: timedelta, power: float = 1.0) -> timedelta:
        """A duration in [low, high], in whole milliseconds; a power above 1 favours the short ones."""
        share = self.dice.random() ** power
        return timedelta(milliseconds=round((low + (high - low) * share) / timedelta(milliseconds=1)))

    def add(self, milestone: str, system: str, path: str, at: datetime, payload: dict[str, Any], **about: str) -> Step:
        index = sum(step.milestone == milestone for step in self.steps)
        step_id = f"{self.seed}/{self.number}/{milestone}/{index}"
        step = Step(step_id, milestone, system, path, payload, at, at, **about)
        self.steps.append(step)
        return step


def minutes(count: float) -> timedelta:
    """That many minutes."""
    return timedelta(minutes=count)


def hours(count: float) -> timedelta:
    """That many hours."""
    return timedelta(hours=count)


def plan_order(seed: int, ordinal: int, placed_at: datetime) -> Order:
    """The whole life of the order with that ordinal (from 1), placed at that instant."""
    dice = random.Random(f"{seed}/{ordinal}")
    draft = _Draft(seed, ordinal, _to_millisecond(placed_at), dice)
    draft.kind = EXPRESS if dice.random() < EXPRESS_SHARE else STANDARD
    draft.total = round(dice.lognormvariate(4.6, 0.8), 2)
    draft.currency = dice.choices(["EUR", "CHF", "DKK"], [0.85, 0.1, 0.05])[0]
    fault = _one_of(dice, FAULTS[draft.kind])
    noise = [name for name, share in NOISE.items() if dice.random() < share]
    _play(draft, fault)
    _add_noise(draft, noise)
    return Order(
        number=draft.number,
        ordinal=ordinal,
        kind=draft.kind,
        placed_at=draft.placed_at,
        total=draft.total,
        currency=draft.currency,
        faults=(*([fault] if fault else []), *noise),
        steps=tuple(sorted(draft.steps, key=lambda step: (step.sent_at, step.at))),
    )


def order_history(seed: int, count: int, until: datetime, days: float) -> list[Order]:
    """`count` orders placed over the `days` before `until`, more by day than by night and more in the last two days."""
    slots = max(1, round(days * 24))
    begin = until - timedelta(days=days)
    loads = list(accumulate(_load(begin + hours(slot), slots - slot) for slot in range(slots)))
    dice = random.Random(f"{seed}/history")
    orders = []
    for ordinal in range(1, count + 1):
        wanted = (ordinal - 1 + dice.random()) / count * loads[-1]
        slot = min(bisect_left(loads, wanted), slots - 1)
        before = loads[slot - 1] if slot else 0.0
        part = (wanted - before) / (loads[slot] - before)
        orders.append(plan_order(seed, ordinal, begin + timedelta(days=days) * ((slot + part) / slots)))
    return orders


def _load(at: datetime, hours_left: int) -> float:
    by_day = 1.0 if 7 <= at.astimezone(BERLIN).hour < 22 else 0.4
    return by_day * (1.7 if hours_left <= 48 else 1.0)


def _one_of(dice: random.Random, shares: dict[str, float]) -> str:
    drawn = dice.random()
    for name, share in shares.items():
        if drawn < share:
            return name
        drawn -= share
    return ""


def _play(draft: _Draft, fault: str) -> None:
    order = {"order": draft.number, "total": draft.money, "currency": draft.currency, "express": draft.kind == EXPRESS}
    draft.add("order_placed", "storefront", "/orders", draft.placed_at, order)
    approved_at = _credit(draft, fault)
    if approved_at is None:
        return
    deliveries = _release(draft, approved_at)
    if fault == "cancelled":
        _cancel(draft, deliveries[0].at + draft.between(minutes(2), minutes(20)))
        return
    issues = _goods_issues(draft, deliveries, fault)
    if not issues:
        _cancel(draft, draft.placed_at + draft.between(timedelta(days=3), timedelta(days=6)))
        return
    _collections(draft, issues, fault)
    _settle(draft, deliveries, issues, fault)


def _credit(draft: _Draft, fault: str) -> datetime | None:
    """The CRM's decision; None when it never comes and the customer gives up after some days."""
    decided_at = draft.placed_at + draft.between(timedelta(seconds=3), timedelta(seconds=50))
    if fault in ("credit_hold", "credit_hold_forever"):
        _decide(draft, "held", decided_at)
        decided_at += draft.between(minutes(40), hours(30), power=2)
    if fault in ("credit_hold_forever", "credit_answer_lost"):
        _cancel(draft, draft.placed_at + draft.between(timedelta(days=3), timedelta(days=6)))
        return None
    _decide(draft, "approved", decided_at)
    return decided_at


def _decide(draft: _Draft, decision: str, at: datetime) -> None:
    draft.add(f"credit_{decision}", "crm", "/decisions", at, {"order": draft.number, "decision": decision})


def _cancel(draft: _Draft, at: datetime) -> None:
    draft.add("order_cancelled", "storefront", f"/orders/{draft.number}/cancellation", at, {"reason": "customer"})


def _release(draft: _Draft, approved_at: datetime) -> list[Step]:
    express = draft.kind == EXPRESS
    created_at = approved_at + (
        draft.between(minutes(3), minutes(14)) if express else draft.between(minutes(8), minutes(45))
    )
    promise = created_at + hours(2) if express else _promised_slot(draft, created_at)
    count = 2 if not express and draft.dice.random() < 0.12 else 1
    deliveries = []
    for index in range(count):
        number = draft.delivery(index)
        promised = promise.astimezone(BERLIN).isoformat(timespec="milliseconds")
        payload = {"order": draft.number, "delivery": number, "promise": promised}
        at = created_at + timedelta(seconds=2 * index)
        deliveries.append(
            draft.add("delivery_created", "erp", "/deliveries", at, payload, delivery=number, promise=promised)
        )
    return deliveries


def _promised_slot(draft: _Draft, at: datetime) -> datetime:
    """The customer's slot on the next day, or on the day after where that is less than sixteen hours away."""
    slot = time(draft.dice.choice([10, 14, 18, 22]))
    days = (datetime.combine(at.astimezone(BERLIN).date() + timedelta(days=day), slot, BERLIN) for day in (1, 2))
    return next(day.astimezone(UTC) for day in days if day - at >= hours(16))


def _goods_issues(draft: _Draft, deliveries: list[Step], fault: str) -> list[Step]:
    if fault == "never_picked":
        return []
    issued_at = _first_issue(draft, deliveries[0], fault)
    issues = []
    for delivery in deliveries:
        issues.append(
            draft.add(
                "goods_issued",
                "wms",
                "/goods-issues",
                issued_at,
                {"delivery": delivery.delivery},
                delivery=delivery.delivery,
            )
        )
        issued_at += draft.between(minutes(10), minutes(90))
    return issues


def _first_issue(draft: _Draft, delivery: Step, fault: str) -> datetime:
    promise = datetime.fromisoformat(delivery.promise).astimezone(UTC)
    if fault == "late_goods_issue":
        latest = hours(3) if draft.kind == EXPRESS else hours(24)
        return promise + draft.between(minutes(3), latest, power=3)
    if draft.kind == EXPRESS:
        return delivery.at + draft.between(minutes(25), minutes(60))
    share = draft.dice.uniform(0.78, 0.94) if draft.dice.random() < 0.15 else draft.dice.uniform(0.25, 0.78)
    return _to_millisecond(delivery.at + (promise - delivery.at) * share)


def _collections(draft: _Draft, issues: list[Step], fault: str) -> None:
    for issue in issues:
        if fault == "late_collection":
            wait = draft.between(hours(6.2), hours(14))
        else:
            wait = draft.between(minutes(5), minutes(12) if draft.kind == EXPRESS else minutes(90))
        payload = {"delivery": issue.delivery}
        draft.add("shipped", "carrier", "/collections", issue.at + wait, payload, delivery=issue.delivery)


def _settle(draft: _Draft, deliveries: list[Step], issues: list[Step], fault: str) -> None:
    express = draft.kind == EXPRESS
    if fault == "late_invoice":
        invoiced_at = FINANCE.due(issues[0].at, hours(8)) + draft.between(minutes(20), hours(20), power=2)
    else:
        wait = draft.between(minutes(13), minutes(19)) if express else draft.between(minutes(95), hours(4))
        invoiced_at = issues[-1].at + wait
    invoice = _post_invoice(draft, deliveries, invoiced_at, 0)
    if fault == "second_invoice":
        _post_invoice(draft, deliveries, invoiced_at + draft.between(timedelta(seconds=30), minutes(3)), 1)
    if fault == "never_paid":
        return
    payment = {"reference": invoice.invoice, "amount": draft.money, "currency": draft.currency}
    paid_at = invoiced_at + _time_to_pay(draft, fault)
    draft.add("payment_received", "bank", "/transfers", paid_at, payment, invoice=invoice.invoice)


def _post_invoice(draft: _Draft, deliveries: list[Step], at: datetime, index: int) -> Step:
    number = draft.invoice(index)
    payload = {
        "invoice": number,
        "deliveries": [delivery.delivery for delivery in deliveries],
        "total": draft.money,
        "currency": draft.currency,
    }
    return draft.add("invoice_posted", "erp", "/invoices", at, payload, invoice=number)


def _time_to_pay(draft: _Draft, fault: str) -> timedelta:
    if fault == "slow_payer":
        return draft.between(hours(242), hours(340))
    return draft.between(minutes(1), minutes(4)) if draft.kind == EXPRESS else draft.between(hours(36), hours(205))


def _add_noise(draft: _Draft, noise: list[str]) -> None:
    if "delivered_twice" in noise:
        reported = [i for i, step in enumerate(draft.steps) if step.milestone != "order_placed"]
        if reported:
            chosen = draft.dice.choice(reported)
            draft.steps[chosen] = replace(draft.steps[chosen], fault="redeliver")
    for index, step in enumerate(draft.steps):
        if step.milestone == "goods_issued" and "reported_late" in noise:
            draft.steps[index] = replace(step, sent_at=step.at + draft.between(minutes(6), minutes(25)))
        if step.milestone == "order_placed" and "erp_busy" in noise:
            draft.steps[index] = replace(step, fault="busy:erp")


def _to_millisecond(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)
