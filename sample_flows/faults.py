"""Faults on demand: each changes the plans of cases, deterministically by seed, so that the truth knows of it.

A fault takes a case and an instant from which on it holds, and returns the case as it goes wrong. In the history,
faults that begin at some time begin a day before its end; live, they hold for the cases begun while they are on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sample_flows.case import LOST, RENAMED, TWICE, Case, Step, hours, in_order, minutes

Change = Callable[[Case, random.Random, datetime], Iterable[Step]]


class UnknownFault(Exception):
    """There is no fault of that name; the message says which there are."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and what there is to see of it."""

    name: str
    title: str
    look: str
    change: Change


ONLY_SPANS = {"order_placed", "tax_calculated", "storefront_updated", "marketplace_updated"}
BEGINNING = {"order_placed", "requisition_raised", "stock_changed", "account_entered"}


def _duplicates(case: Case, dice: random.Random, _: datetime) -> Iterable[Step]:
    for step in case.steps:
        yield _with(step, TWICE) if _is_single(step) and dice.random() < 0.4 else step


def _delayed_acknowledgements(case: Case, dice: random.Random, _: datetime) -> Iterable[Step]:
    late = {"shipped": hours(7), "order_acknowledged": hours(26), "amendment_confirmed": hours(3)}
    for step in case.steps:
        if step.milestone in late and dice.random() < 0.4:
            yield _moved(step, late[step.milestone] * dice.uniform(1, 1.6))
        else:
            yield step


def _partial_outage(case: Case, dice: random.Random, _: datetime) -> Iterable[Step]:
    billed = next((step for step in case.steps if step.milestone == "invoice_posted"), None)
    if billed is None or dice.random() >= 0.5:
        return case.steps
    failed = replace(_renamed(billed, "invoice_failed"), wire=("down:tax",))
    delay = hours(dice.uniform(2, 30))
    rest = [
        _moved(each, delay) if each.at >= billed.at or each.milestone == "tax_calculated" else each
        for each in case.steps
    ]
    return [failed, *rest]


def _lost(case: Case, dice: random.Random, _: datetime) -> Iterable[Step]:
    chosen = [step for step in case.steps if _is_single(step) and step.milestone not in ONLY_SPANS]
    lost = dice.choice(chosen) if chosen and dice.random() < 0.3 else None
    return [_with(step, LOST) if step is lost else step for step in case.steps]


def _out_of_order(case: Case, dice: random.Random, _: datetime) -> Iterable[Step]:
    for step in case.steps:
        if _is_single(step) and dice.random() < 0.5:
            yield replace(step, sent_at=step.sent_at + _whole(minutes(dice.uniform(1, 180))))
        else:
            yield step


def _clock_skew(case: Case, _: random.Random, __: datetime) -> Iterable[Step]:
    return [replace(step, at=step.at - hours(1)) if step.system == "wms" else step for step in case.steps]


def _slow_system(case: Case, dice: random.Random, _: datetime) -> Iterable[Step]:
    slow = next((step for step in case.steps if step.system == "erp"), None)
    if slow is None or dice.random() >= 0.4:
        return case.steps
    delay = minutes(dice.uniform(6, 25)) if case.workflow == "inventory_sync" else hours(dice.uniform(4.5, 9))
    return [_moved(each, delay) if each.at >= slow.at and not each.gather else each for each in case.steps]


def _stuck_approval(case: Case, dice: random.Random, _: datetime) -> Iterable[Step]:
    if dice.random() >= 0.3:
        return case.steps
    decided = next((s for s in case.steps if s.milestone in ("credit_approved", "requisition_approved")), None)
    if decided is None:
        return case.steps
    before = [step for step in case.steps if step.at < decided.at or step.gather]
    if decided.milestone == "credit_approved" and not any(step.milestone == "credit_held" for step in before):
        payload = {**decided.payload, "decision": "held"}
        before.append(replace(_renamed(decided, "credit_held"), payload=payload))
    owners = set(decided.instances)
    return [step for step in before if owners & set(step.instances)]


def _second_invoice(case: Case, dice: random.Random, _: datetime) -> Iterable[Step]:
    yield from case.steps
    billed = [step for step in case.steps if step.milestone == "invoice_posted"]
    if len(billed) == 1 and dice.random() < 0.3:
        number = str(int(billed[0].values("invoice")[0]) + 7)
        keys = tuple((kind, number if kind == "invoice" else value) for kind, value in billed[0].keys)
        again = _moved(_renamed(billed[0], "invoice_posted", "retry"), timedelta(seconds=90))
        yield replace(again, keys=keys, payload={**billed[0].payload, "invoice": number})


def _stale_load(case: Case, _: random.Random, since: datetime) -> Iterable[Step]:
    for step in case.steps:
        yield _moved(step, hours(30)) if step.system == "warehouse_load" and step.at >= since else step


def _silent_feed(case: Case, _: random.Random, since: datetime) -> Iterable[Step]:
    silent = ("marketplace", "carrier")
    return [_with(step, LOST) if step.system in silent and step.at >= since else step for step in case.steps]


def _schema_change(case: Case, _: random.Random, since: datetime) -> Iterable[Step]:
    for step in case.steps:
        changed = step.system == "erp" and step.at >= since and case.workflow == "order_to_cash"
        yield _with(step, f"{RENAMED}delivery") if changed else step


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            "duplicate_events",
            "Senders repeat themselves: four reports in ten come twice",
            "nothing changes; the timeline of an instance counts the deliveries of each event",
            _duplicates,
        ),
        Fault(
            "delayed_acknowledgements",
            "Carrier and suppliers acknowledge hours late",
            "handed_to_carrier, supplier_acknowledges and amendment_answered are broken",
            _delayed_acknowledgements,
        ),
        Fault(
            "partial_outage",
            "The tax engine refuses half of the invoices, which are posted hours later",
            "invoice_failed on timelines, invoice_after_goods_issue broken",
            _partial_outage,
        ),
        Fault(
            "lost_event",
            "One report of three cases in ten never arrives",
            "milestones are missing; what knows only the lost key waits in /unresolved",
            _lost,
        ),
        Fault(
            "out_of_order",
            "Half of the reports come up to three hours late, after those of later steps",
            "nothing changes in the end; the timeline shows when each event was received",
            _out_of_order,
        ),
        Fault(
            "clock_skew",
            "The warehouse's clock is an hour slow",
            "goods are issued before their delivery exists: clocks flagged answered_before_start",
            _clock_skew,
        ),
        Fault(
            "slow_system",
            "The ERP takes hours for four cases in ten",
            "order_release, stock_in_erp and partner_in_erp are broken",
            _slow_system,
        ),
        Fault(
            "stuck_approval",
            "Three approvals in ten are never given",
            "credit_hold_decided and approval are broken; the clocks of held orders stand still",
            _stuck_approval,
        ),
        Fault(
            "second_invoice",
            "A retry posts three invoices in ten a second time",
            "orders are flagged duplicate_effect",
            _second_invoice,
        ),
        Fault(
            "stale_load",
            "The data warehouse is loaded thirty hours late",
            "order_in_reports is at risk, then unknown, as the warehouse load is silent",
            _stale_load,
        ),
        Fault(
            "silent_feed",
            "Marketplace and carrier stop reporting",
            "marketplace_reports and carrier_reports are broken; what those two should answer is unknown, not met",
            _silent_feed,
        ),
        Fault(
            "schema_change",
            "A release of the ERP renames the delivery's attribute",
            "goods issues and invoices wait in /unresolved; deliveries have no promise any more",
            _schema_change,
        ),
    )
}
"""By name."""


def named(names: Iterable[str]) -> tuple[str, ...]:
    """The names in the order of `FAULTS`, whatever their order was; raises UnknownFault."""
    wanted = {name.strip().replace("-", "_") for name in names if name.strip()}
    if unknown := sorted(wanted - FAULTS.keys()):
        raise UnknownFault(f"there is no fault {unknown[0]!r}; there are: {', '.join(FAULTS)}")
    return tuple(name for name in FAULTS if name in wanted)


def with_faults(case: Case, names: Sequence[str], seed: int, since: datetime) -> Case:
    """The case with these faults, one after the other; `since` is when those begin that begin at some time."""
    for name in names:
        dice = random.Random(f"{seed}/{case.ordinal}/{case.workflow}/{name}")
        steps = in_order(FAULTS[name].change(case, dice, since))
        if steps != case.steps:
            case = replace(case, steps=steps, mishaps=(*case.mishaps, name))
    return case


def _is_single(step: Step) -> bool:
    """Whether its report stands alone, and is neither the first of its case nor a row of a file."""
    return not step.gather and step.milestone not in BEGINNING and step.milestone != "payment_executed"


def _with(step: Step, fault: str) -> Step:
    return step if fault in step.wire else replace(step, wire=(*step.wire, fault))


def _moved(step: Step, delay: timedelta) -> Step:
    delay = _whole(delay)
    return replace(step, at=step.at + delay, sent_at=step.sent_at + delay)


def _renamed(step: Step, milestone: str, tail: str = "fault") -> Step:
    return replace(step, id=f"{step.id}/{milestone}/{tail}", milestone=milestone)


def _whole(delay: timedelta) -> timedelta:
    return timedelta(milliseconds=delay // timedelta(milliseconds=1))
