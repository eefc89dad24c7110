"""The promises of the sample catalog, judged one instance at a time in plain Python: what is really kept and broken.

This is the answer key. It shares no code with the platform, and the catalog's YAML is its only specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import zip_longest

from sample_flows.working_time import BERLIN, FINANCE, FULFILMENT, PURCHASING, OpeningHours, Span, due


@dataclass(frozen=True)
class Happening:
    """One event of an instance as the platform has heard of it, by the time its system gives."""

    milestone: str
    at: datetime
    keys: tuple[tuple[str, str], ...] = ()
    promise: str = ""

    def has(self, kind: str, value: str) -> bool:
        """Whether it carries that key."""
        return (kind, value) in self.keys


@dataclass(frozen=True)
class Rule:
    """One promise of the catalog: how its clock starts, what answers it, when it is due. `at_risk` is a share."""

    sla: str
    start: str
    answer: str
    at_risk: float
    within: timedelta | None = None
    hours: OpeningHours | None = None
    per: str = ""
    each: bool = False
    pause: tuple[str, str] | None = None
    cut_off: tuple[time, time] | None = None
    awaited: str = ""


@dataclass(frozen=True)
class Promise:
    """One promise to one instance, or to one value of a key of it (`per`), judged as of the instant asked for.

    `deadline_at` is None during a pause.
    """

    sla: str
    per: str | None
    started_at: datetime
    deadline_at: datetime | None
    answered_at: datetime | None
    verdict: str
    flags: tuple[str, ...] = ()


RULES: dict[str, tuple[Rule, ...]] = {
    "order_to_cash": (
        Rule(
            *("order_release", "order_placed", "delivery_created", 0.75),
            within=timedelta(hours=4),
            hours=FULFILMENT,
            pause=("credit_held", "credit_approved"),
        ),
        Rule("credit_hold_decided", "credit_held", "credit_approved", 0.75, within=timedelta(hours=48)),
        Rule("amendment_answered", "order_amended", "amendment_confirmed", 0.75, within=timedelta(hours=3), each=True),
        Rule("delivery_as_promised", "delivery_created", "goods_issued", 0.85, per="delivery"),
        Rule(
            *("handed_to_carrier", "goods_issued", "shipped", 0.75),
            within=timedelta(hours=6),
            per="delivery",
            awaited="carrier",
        ),
        Rule("invoice_after_goods_issue", "goods_issued", "invoice_posted", 0.75, timedelta(hours=8), FINANCE),
        Rule("payment_in_time", "invoice_posted", "payment_received", 0.9, timedelta(hours=240)),
        Rule(
            *("order_in_reports", "order_placed", "order_loaded", 0.9),
            within=timedelta(hours=4),
            awaited="warehouse_load",
        ),
        Rule("order_to_cash_in_time", "order_placed", "payment_received", 0.9, timedelta(days=15)),
    ),
    "procure_to_pay": (
        Rule("approval", "requisition_raised", "requisition_approved", 0.75, timedelta(hours=16), PURCHASING),
        Rule("supplier_acknowledges", "purchase_ordered", "order_acknowledged", 0.75, timedelta(hours=24)),
        Rule("goods_as_promised", "purchase_ordered", "goods_received", 0.9),
        Rule(
            *("invoice_match", "invoice_received", "invoice_matched", 0.75, timedelta(hours=16), FINANCE),
            pause=("invoice_blocked", "invoice_released"),
        ),
        Rule("block_solved", "invoice_blocked", "invoice_released", 0.75, timedelta(hours=60)),
        Rule("supplier_paid", "invoice_matched", "payment_executed", 0.9, timedelta(hours=240)),
    ),
    "inventory_sync": (
        Rule("stock_in_erp", "stock_changed", "stock_posted", 0.75, timedelta(minutes=5)),
        Rule("storefront_fresh", "stock_changed", "storefront_updated", 0.75, timedelta(minutes=10)),
        Rule(
            *("marketplace_fresh", "stock_changed", "marketplace_updated", 0.75, timedelta(minutes=10)),
            awaited="marketplace",
        ),
    ),
    "master_data": (
        Rule(
            *("partner_in_erp", "account_entered", "partner_created", 0.75, timedelta(hours=4)),
            pause=("held_for_steward", "steward_released"),
        ),
        Rule("partner_in_procurement", "partner_created", "partner_synced", 0.75, timedelta(hours=2)),
        Rule("partner_in_reports", "partner_created", "partner_loaded", 0.9, timedelta(hours=26)),
        Rule(
            "steward_decides", "held_for_steward", "steward_released", 0.75, hours=FINANCE, cut_off=(time(14), time(17))
        ),
    ),
}
"""The promises of the catalog, by workflow, in the same order."""

CADENCES = {"carrier": timedelta(hours=4), "warehouse_load": timedelta(hours=2), "marketplace": timedelta(hours=6)}
"""The longest these systems should be silent."""

CANCELS = {"order_cancelled", "requisition_rejected"}


def promises_of(
    workflow: str, happened: Sequence[Happening], as_of: datetime, seen: Mapping[str, datetime]
) -> list[Promise]:
    """All promises that have started by `as_of` (inclusive), judged by what has `happened` to the instance by then.

    `seen` is the time of the latest event of each system.
    """
    known = sorted((each for each in happened if each.at <= as_of), key=lambda each: each.at)
    found = [
        _judged(rule, per, start, answered_at, known, as_of, seen)
        for rule in RULES[workflow]
        for per, start, answered_at in _clocks(rule, known)
    ]
    return sorted(found, key=lambda each: (each.sla, each.per or "", each.started_at))


def _clocks(rule: Rule, known: list[Happening]) -> Iterator[tuple[str | None, Happening, datetime | None]]:
    starts, answers = _all(known, rule.start), _all(known, rule.answer)
    if rule.each:
        for start in starts:
            yield None, start, next((each.at for each in answers if each.at >= start.at), None)
    elif rule.per:
        for value in dict.fromkeys(value for start in starts for kind, value in start.keys if kind == rule.per):
            start = next(each for each in starts if each.has(rule.per, value))
            yield value, start, next((each.at for each in answers if each.has(rule.per, value)), None)
    elif starts:
        yield None, starts[0], answers[0].at if answers else None


def _judged(
    rule: Rule,
    per: str | None,
    start: Happening,
    answered_at: datetime | None,
    known: list[Happening],
    as_of: datetime,
    seen: Mapping[str, datetime],
) -> Promise:
    cancelled_at = next((each.at for each in known if each.milestone in CANCELS), None)
    ended_at = min((each for each in (answered_at, cancelled_at) if each is not None), default=None)
    deadline, risk = _times(rule, start, _pauses(rule, known, start.at, ended_at))
    verdict = _verdict(rule, deadline, risk, answered_at, cancelled_at, as_of, seen)
    flags = ["answered_before_start"] if answered_at is not None and answered_at < start.at else []
    if rule.within is None and deadline is not None and deadline < start.at:
        flags.append("promise_before_start")
    return Promise(rule.sla, per, start.at, deadline, answered_at, verdict, tuple(flags))


def _times(rule: Rule, start: Happening, pauses: list[Span]) -> tuple[datetime | None, datetime | None]:
    """When it is due, and from when on it is at risk."""
    if rule.within is not None:
        deadline = due(start.at, rule.within, rule.hours, pauses)
        return deadline, due(start.at, rule.within * rule.at_risk, rule.hours, pauses)
    if rule.cut_off is not None and rule.hours is not None:
        deadline = rule.hours.cut_off(start.at, *rule.cut_off)
        return deadline, _risk_in_hours(start.at, deadline, rule.at_risk, rule.hours)
    deadline = _promised(start.promise)
    return deadline, start.at + (deadline - start.at) * rule.at_risk


def _risk_in_hours(start: datetime, deadline: datetime, share: float, hours: OpeningHours) -> datetime | None:
    """After that share of the opening time between the two."""
    total = timedelta(0)
    for opens, closes in hours.spans_from(start):
        if opens >= deadline:
            break
        total += min(closes, deadline) - opens
    return due(start, total * share, hours, ())


def _promised(text: str) -> datetime:
    """An instant, or the end of a day in Hamburg."""
    if len(text) > len("2026-11-21"):
        return datetime.fromisoformat(text).astimezone(UTC)
    return datetime.combine(datetime.fromisoformat(text).date(), time.max, BERLIN).astimezone(UTC)


def _pauses(rule: Rule, known: list[Happening], started_at: datetime, ended_at: datetime | None) -> list[Span]:
    """The pauses that concern a clock: those begun before it ended; one it ended in has no end."""
    if rule.pause is None:
        return []
    turns: list[Happening] = []
    for each in known:
        awaited = rule.pause[len(turns) % 2]
        if each.milestone == awaited:
            turns.append(each)
    begins, ends = [each.at for each in turns[0::2]], [each.at for each in turns[1::2]]
    pauses: list[Span] = []
    for paused_at, resumed_at in zip_longest(begins, ends):
        if ended_at is not None and paused_at >= ended_at:
            continue
        if resumed_at is not None and ended_at is not None and resumed_at > ended_at:
            resumed_at = None
        if resumed_at is None or resumed_at > started_at:
            pauses.append((paused_at, resumed_at))
    return pauses


def _verdict(
    rule: Rule,
    deadline: datetime | None,
    risk: datetime | None,
    answered_at: datetime | None,
    cancelled_at: datetime | None,
    as_of: datetime,
    seen: Mapping[str, datetime],
) -> str:
    is_past = deadline is not None and as_of > deadline
    if (
        cancelled_at
        and (deadline is None or cancelled_at <= deadline)
        and (answered_at is None or cancelled_at < answered_at)
    ):
        return "cancelled"
    if answered_at is not None:
        return "met" if deadline is None or answered_at <= deadline else "breached"
    if is_past and deadline is not None:
        return _past(rule, deadline, as_of, seen)
    return "at_risk" if risk is not None and risk <= as_of else "pending"


def _past(rule: Rule, deadline: datetime, as_of: datetime, seen: Mapping[str, datetime]) -> str:
    """Without an answer after the deadline: a breach, unless whoever should answer has not spoken since."""
    if not rule.awaited:
        return "breached"
    last = seen.get(rule.awaited)
    if last is not None and last > deadline:
        return "breached"
    silent_from = max(deadline, last + CADENCES[rule.awaited]) if last is not None else deadline
    return "unknown" if as_of > silent_from else "at_risk"


def _all(known: Iterable[Happening], milestone: str) -> list[Happening]:
    return [each for each in known if each.milestone == milestone]
