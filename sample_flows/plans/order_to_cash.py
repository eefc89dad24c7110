"""What happens to an order: placed, checked, released, picked, collected, billed, paid; or not.

Number ranges are reckoned from the order's number, so that no system needs a database to remember them. About one order
in five has something wrong with it. One standard order in twelve comes as a pair that is billed together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from sample_flows.case import TWICE, Case, Draft, Step, hours, in_order, minutes, to_millisecond
from sample_flows.working_time import BERLIN, FINANCE

WORKFLOW = "order_to_cash"
EXPRESS = "express"
STANDARD = "standard"
EXPRESS_SHARE = 0.6
PAIR_SHARE = 1 / 12

MISHAPS: dict[str, dict[str, float]] = {
    EXPRESS: {
        "late_goods_issue": 0.045,
        "never_picked": 0.006,
        "cancelled": 0.025,
        "late_invoice": 0.015,
        "second_invoice": 0.008,
        "credit_answer_lost": 0.002,
        "credit_memo": 0.015,
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
        "amended": 0.06,
        "credit_memo": 0.02,
        "tax_engine_down": 0.01,
    },
}
"""The share of orders of a kind that suffer each mishap; an order suffers at most one of these."""

NOISE = {"delivered_twice": 0.03, "reported_late": 0.02, "erp_busy": 0.02}
"""Mishaps of the wires, on top of any other: a report sent twice, one sent late (out of order), an ERP busy first."""

LOAD_DELAY = minutes(5)
"""The data warehouse loads the orders of each hour five minutes after it."""


@dataclass
class _Order:
    """One order of the case, with its deliveries."""

    number: str
    total: str
    currency: str
    placed_at: datetime
    digit: int

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        return (("order", self.number),)


def plan_order(seed: int, ordinal: int, placed_at: datetime) -> Case:
    """The whole life of the order with that ordinal (from 1), placed at that instant."""
    draft = Draft(WORKFLOW, seed, ordinal, placed_at)
    draft.kind = EXPRESS if draft.dice.random() < EXPRESS_SHARE else STANDARD
    currency = draft.dice.choices(["EUR", "CHF", "DKK"], [0.85, 0.1, 0.05])[0]
    is_pair = draft.kind == STANDARD and draft.dice.random() < PAIR_SHARE
    mishap = "" if is_pair else draft.suffers(MISHAPS[draft.kind])
    noise = [name for name, share in NOISE.items() if draft.dice.random() < share]
    orders = []
    for index in range(2 if is_pair else 1):
        number = f"SO-{1_000_000 + ordinal + 4_000_000 * index}"
        total = f"{draft.dice.lognormvariate(4.6, 0.8):.2f}"
        orders.append(_Order(number, total, currency, draft.began_at + timedelta(seconds=40 * index), 2 * index))
    _play(draft, orders, mishap)
    draft.mishaps += noise
    _add_noise(draft, noise)
    return draft.finished()


def _play(draft: Draft, orders: list[_Order], mishap: str) -> None:
    deliveries: list[tuple[_Order, Step]] = []
    for order in orders:
        _place(draft, order)
        approved_at = _credit(draft, order, mishap)
        if approved_at is None:
            return
        if mishap == "amended":
            approved_at = _amend(draft, order, approved_at)
        deliveries += [(order, each) for each in _release(draft, order, approved_at, deliveries)]
    if mishap == "cancelled":
        _cancel(draft, orders[0], deliveries[0][1].at + draft.between(minutes(2), minutes(20)))
        return
    if mishap == "never_picked":
        _cancel(draft, orders[0], orders[0].placed_at + draft.between(timedelta(days=3), timedelta(days=6)))
        return
    issues: list[Step] = []
    for order in orders:
        issues += _goods_issues(draft, order, deliveries, mishap, issues)
    _collections(draft, issues, mishap)
    _settle(draft, orders, deliveries, sorted(issues, key=lambda step: step.at), mishap)


def _place(draft: Draft, order: _Order) -> None:
    payload = {
        "order": order.number,
        "total": order.total,
        "currency": order.currency,
        "express": draft.kind == EXPRESS,
    }
    told = {"amount": order.total, "currency": order.currency}
    draft.add("order_placed", "storefront", "/orders", order.placed_at, payload, [order.number], order.keys, **told)
    hour = order.placed_at.replace(minute=0, second=0, microsecond=0)
    loaded_at = hour + hours(1) + LOAD_DELAY
    draft.add(
        "order_loaded",
        "warehouse_load",
        "/order-loads",
        loaded_at,
        {"orders": [order.number]},
        [order.number],
        order.keys,
        gather=f"orders/{loaded_at:%Y-%m-%dT%H}",
    )


def _credit(draft: Draft, order: _Order, mishap: str) -> datetime | None:
    """The CRM's decision; None when it never comes and the customer gives up after some days."""
    decided_at = order.placed_at + draft.between(timedelta(seconds=3), timedelta(seconds=50))
    if mishap in ("credit_hold", "credit_hold_forever"):
        _decide(draft, order, "held", decided_at)
        decided_at += draft.between(minutes(40), hours(30), power=2)
    if mishap in ("credit_hold_forever", "credit_answer_lost"):
        _cancel(draft, order, order.placed_at + draft.between(timedelta(days=3), timedelta(days=6)))
        return None
    _decide(draft, order, "approved", decided_at)
    return decided_at


def _decide(draft: Draft, order: _Order, decision: str, at: datetime) -> None:
    payload = {"order": order.number, "decision": decision}
    draft.add(f"credit_{decision}", "crm", "/decisions", at, payload, [order.number], order.keys)


def _amend(draft: Draft, order: _Order, approved_at: datetime) -> datetime:
    """The customer changes the order, once or twice; the ERP confirms each change, mostly within the hour."""
    at = approved_at
    for index in range(draft.dice.choice([1, 1, 2])):
        at += draft.between(timedelta(seconds=40), minutes(6))
        order.total = f"{float(order.total) * draft.dice.uniform(0.7, 1.6):.2f}"
        payload = {"order": order.number, "total": order.total, "currency": order.currency, "amendment": index + 1}
        told = {"amount": order.total, "currency": order.currency}
        path = f"/orders/{order.number}/amendment"
        draft.add("order_amended", "storefront", path, at, payload, [order.number], order.keys, **told)
        at += draft.between(minutes(1), hours(4), power=4)
        payload = {"order": order.number, "amendment": index + 1}
        draft.add("amendment_confirmed", "erp", "/confirmations", at, payload, [order.number], order.keys)
    return at


def _cancel(draft: Draft, order: _Order, at: datetime) -> None:
    path, payload = f"/orders/{order.number}/cancellation", {"reason": "customer"}
    draft.add("order_cancelled", "storefront", path, at, payload, [order.number], order.keys)


def _release(draft: Draft, order: _Order, approved_at: datetime, before: list[tuple[_Order, Step]]) -> list[Step]:
    """One delivery or two; the other order of a pair gets one, with the promise of the first."""
    express = draft.kind == EXPRESS
    created_at = approved_at + (
        draft.between(minutes(3), minutes(14)) if express else draft.between(minutes(8), minutes(45))
    )
    promise = created_at + hours(2) if express else _promised_slot(draft, created_at)
    if before:
        promise = datetime.fromisoformat(before[0][1].promise)
    count = 2 if not express and draft.dice.random() < 0.12 and not before else 1
    deliveries = []
    for index in range(count):
        number = str(80_000_000 + 10 * draft.ordinal + order.digit + index)
        promised = promise.astimezone(BERLIN).isoformat(timespec="milliseconds")
        payload = {"order": order.number, "delivery": number, "promise": promised}
        at = created_at + timedelta(seconds=2 * index)
        keys = (*order.keys, ("delivery", number))
        deliveries.append(
            draft.add("delivery_created", "erp", "/deliveries", at, payload, [order.number], keys, promise=promised)
        )
    return deliveries


def _promised_slot(draft: Draft, at: datetime) -> datetime:
    """The customer's slot on the next day, or on the day after where that is less than sixteen hours away."""
    slot = time(draft.dice.choice([10, 14, 18, 22]))
    days = (datetime.combine(at.astimezone(BERLIN).date() + timedelta(days=day), slot, BERLIN) for day in (1, 2))
    return next(day.astimezone(UTC) for day in days if day - at >= hours(16))


def _goods_issues(
    draft: Draft, order: _Order, deliveries: list[tuple[_Order, Step]], mishap: str, before: list[Step]
) -> list[Step]:
    """Those of one order; the other of a pair is picked right after the first."""
    own = [delivery for owner, delivery in deliveries if owner is order]
    issued_at = _first_issue(draft, own[0], mishap)
    if before:
        issued_at = max(before[-1].at, own[-1].at) + draft.between(minutes(4), minutes(20))
    issues = []
    for delivery in own:
        number = delivery.values("delivery")[0]
        keys = [("delivery", number)]
        issues.append(
            draft.add("goods_issued", "wms", "/goods-issues", issued_at, {"delivery": number}, [order.number], keys)
        )
        issued_at += draft.between(minutes(10), minutes(90))
    return issues


def _first_issue(draft: Draft, delivery: Step, mishap: str) -> datetime:
    promise = datetime.fromisoformat(delivery.promise).astimezone(UTC)
    if mishap == "late_goods_issue":
        latest = hours(3) if draft.kind == EXPRESS else hours(24)
        return promise + draft.between(minutes(3), latest, power=3)
    if draft.kind == EXPRESS:
        return delivery.at + draft.between(minutes(25), minutes(60))
    share = draft.dice.uniform(0.78, 0.94) if draft.dice.random() < 0.15 else draft.dice.uniform(0.25, 0.78)
    return to_millisecond(delivery.at + (promise - delivery.at) * share)


def _collections(draft: Draft, issues: list[Step], mishap: str) -> None:
    for issue in issues:
        if mishap == "late_collection":
            wait = draft.between(hours(6.2), hours(14))
        else:
            wait = draft.between(minutes(5), minutes(12) if draft.kind == EXPRESS else minutes(90))
        payload = {"delivery": issue.values("delivery")[0]}
        draft.add("shipped", "carrier", "/collections", issue.at + wait, payload, issue.instances, issue.keys)


def _settle(
    draft: Draft, orders: list[_Order], deliveries: list[tuple[_Order, Step]], issues: list[Step], mishap: str
) -> None:
    express = draft.kind == EXPRESS
    if mishap == "late_invoice":
        invoiced_at = FINANCE.due(issues[0].at, hours(8)) + draft.between(minutes(20), hours(20), power=2)
    else:
        wait = draft.between(minutes(13), minutes(19)) if express else draft.between(minutes(95), hours(4))
        invoiced_at = issues[-1].at + wait
    numbers = [delivery.values("delivery")[0] for _, delivery in deliveries]
    if mishap == "tax_engine_down":
        bill(draft, orders, numbers, invoiced_at, 0, fails=True)
        invoiced_at += draft.between(minutes(30), hours(16), power=2)
    invoice = bill(draft, orders, numbers, invoiced_at, 0)
    if mishap == "second_invoice":
        bill(draft, orders, numbers, invoiced_at + draft.between(timedelta(seconds=30), minutes(3)), 1)
    if mishap == "never_paid":
        return
    number, total = invoice.values("invoice")[0], f"{sum(float(order.total) for order in orders):.2f}"
    payment = {"reference": number, "amount": total, "currency": orders[0].currency}
    paid_at = invoiced_at + _time_to_pay(draft, mishap)
    owners, keys = [order.number for order in orders], [("invoice", number)]
    draft.add("payment_received", "bank", "/transfers", paid_at, payment, owners, keys)
    if mishap == "credit_memo":
        memo = {"invoice": number, "memo": f"CM-{draft.ordinal}", "total": orders[0].total}
        at = paid_at + (draft.between(minutes(2), minutes(9)) if express else draft.between(hours(2), hours(60)))
        draft.add("credit_memo_posted", "erp", "/credit-memos", at, memo, owners, keys)


def bill(
    draft: Draft, orders: list[_Order], deliveries: list[str], at: datetime, index: int, *, fails: bool = False
) -> Step:
    """The tax engine's answer, then the invoice; or an invoice that fails as the tax engine does not answer."""
    number = str(900_000_000 + 10 * draft.ordinal + index)
    total = f"{sum(float(order.total) for order in orders):.2f}"
    payload = {"invoice": number, "deliveries": deliveries, "total": total, "currency": orders[0].currency}
    owners = [order.number for order in orders]
    keys = [("invoice", number), *(("delivery", each) for each in deliveries)]
    if fails:
        return draft.add("invoice_failed", "erp", "/invoices", at, payload, owners, keys, wire=("down:tax",))
    quoted_at = at - timedelta(seconds=4)
    draft.add(
        "tax_calculated", "tax", "/calculations", quoted_at, {"document": number, "total": total}, owners, keys[:1]
    )
    return draft.add("invoice_posted", "erp", "/invoices", at, payload, owners, keys)


def _time_to_pay(draft: Draft, mishap: str) -> timedelta:
    if mishap == "slow_payer":
        return draft.between(hours(242), hours(340))
    return draft.between(minutes(1), minutes(4)) if draft.kind == EXPRESS else draft.between(hours(36), hours(205))


def _add_noise(draft: Draft, noise: list[str]) -> None:
    if "delivered_twice" in noise:
        events = [i for i, step in enumerate(draft.steps) if step.milestone not in ("order_placed", "tax_calculated")]
        chosen = draft.dice.choice([i for i in events if not draft.steps[i].gather] or [0])
        draft.steps[chosen] = replace(draft.steps[chosen], wire=(*draft.steps[chosen].wire, TWICE))
    for index, step in enumerate(draft.steps):
        if step.milestone == "goods_issued" and "reported_late" in noise:
            draft.steps[index] = replace(step, sent_at=step.at + draft.between(minutes(6), minutes(25)))
        if step.milestone == "order_placed" and "erp_busy" in noise:
            draft.steps[index] = replace(step, wire=(*step.wire, "busy:erp"))
    draft.steps = list(in_order(draft.steps))
