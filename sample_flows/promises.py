"""The promises of the sample catalog, judged one order at a time in plain Python: what is really kept and broken.

This is the answer key. It shares no code with the platform, and the catalog's YAML is its only specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sample_flows.plan import Order, Step
from sample_flows.working_time import FINANCE, FULFILMENT


@dataclass(frozen=True)
class Promise:
    """One promise to one order, or to one delivery of it (`per`); `verdict` is as of the instant it was asked for."""

    sla: str
    per: str | None
    started_at: datetime
    deadline_at: datetime
    answered_at: datetime | None
    verdict: str


def promises_of(order: Order, as_of: datetime) -> list[Promise]:
    """All promises that have started by `as_of` (inclusive), judged with all that was reported by then."""
    happened = [step for step in order.steps if step.sent_at <= as_of]
    cancelled = _first(happened, "order_cancelled")
    found = [
        Promise(sla, per, start.at, deadline, answer, _verdict(deadline, answer, cancelled, as_of))
        for sla, per, start, deadline, answer in _clocks(happened)
    ]
    return sorted(found, key=lambda each: (each.sla, each.per or ""))


_Clock = tuple[str, str | None, Step, datetime, datetime | None]


def _clocks(happened: list[Step]) -> Iterator[_Clock]:
    if placed := _first(happened, "order_placed"):
        due = FULFILMENT.due(placed.at, timedelta(hours=4))
        yield "order_release", None, placed, due, _at(_first(happened, "delivery_created"))
    for created in _all(happened, "delivery_created"):
        issued = _first(happened, "goods_issued", created.delivery)
        yield "delivery_as_promised", created.delivery, created, datetime.fromisoformat(created.promise), _at(issued)
    for issued in _all(happened, "goods_issued"):
        collected = _first(happened, "shipped", issued.delivery)
        yield "handed_to_carrier", issued.delivery, issued, issued.at + timedelta(hours=6), _at(collected)
    if first_issue := _first(happened, "goods_issued"):
        due = FINANCE.due(first_issue.at, timedelta(hours=8))
        yield "invoice_after_goods_issue", None, first_issue, due, _at(_first(happened, "invoice_posted"))
    if invoiced := _first(happened, "invoice_posted"):
        due = invoiced.at + timedelta(hours=240)
        yield "payment_in_time", None, invoiced, due, _at(_first(happened, "payment_received"))


def _all(steps: Iterable[Step], milestone: str, delivery: str | None = None) -> list[Step]:
    return sorted(
        (s for s in steps if s.milestone == milestone and delivery in (None, s.delivery)), key=lambda step: step.at
    )


def _first(steps: Iterable[Step], milestone: str, delivery: str | None = None) -> Step | None:
    return next(iter(_all(steps, milestone, delivery)), None)


def _at(step: Step | None) -> datetime | None:
    return step.at if step else None


def _verdict(deadline: datetime, answered: datetime | None, cancelled: Step | None, as_of: datetime) -> str:
    if cancelled and cancelled.at <= deadline and (answered is None or cancelled.at < answered):
        return "cancelled"
    if answered is not None:
        return "met" if answered <= deadline else "breached"
    return "breached" if as_of > deadline else "open"
