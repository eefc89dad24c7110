"""What there is to find, in one form for both sides: as the truth file has it, and as the platform tells it.

A finding is a tuple that begins with its instance. Where a promise turns in the moments in which both are compared (its
deadline is just passing), both verdicts are right; the truth is asked for at both ends of these moments.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sample_flows.api import Item, PlatformApi
from sample_flows.feeds import FEEDS, silences
from sample_flows.plans import PROCESSES
from sample_flows.promises import CADENCES, Promise, promises_of
from sample_flows.truth import TrueEvent, TrueInstance

Finding = tuple[object, ...]

KINDS = (
    "instances",
    "keys",
    "amounts",
    "milestones",
    "events",
    "unresolved",
    "verdicts",
    "deadlines",
    "flags",
    "alerts",
)
ENDS = {
    "payment_received": "completed",
    "order_cancelled": "cancelled",
    "payment_executed": "completed",
    "requisition_rejected": "cancelled",
    "marketplace_updated": "completed",
    "partner_loaded": "completed",
}
"""The milestones of the catalog that end their instance."""

EXPECTED: dict[str, tuple[tuple[str, ...], ...]] = {
    "order_to_cash": (
        ("order_placed",),
        ("credit_approved",),
        ("delivery_created",),
        ("goods_issued",),
        ("shipped",),
        ("tax_calculated",),
        ("invoice_posted",),
        ("payment_received",),
    ),
    "procure_to_pay": (
        ("requisition_raised",),
        ("requisition_approved",),
        ("purchase_ordered",),
        ("order_acknowledged",),
        ("goods_received",),
        ("invoice_received",),
        ("invoice_matched",),
        ("payment_executed",),
    ),
    "inventory_sync": (("stock_changed",), ("stock_posted",), ("storefront_updated", "marketplace_updated")),
    "master_data": (("account_entered",), ("partner_created",), ("partner_synced", "partner_loaded")),
}
"""The order in which the catalog expects the milestones that are not optional; of a group in any order."""


@dataclass
class Findings:
    """All findings of one side by kind; `either` holds those that may be there or not."""

    found: dict[str, Counter[Finding]] = field(default_factory=lambda: {kind: Counter() for kind in KINDS})
    either: dict[str, set[Finding]] = field(default_factory=lambda: {kind: set() for kind in KINDS})

    def add(self, kind: str, *finding: object, count: int = 1) -> None:
        """One more finding of a kind."""
        self.found[kind][finding] += count


def true_findings(instances: Sequence[TrueInstance], begin: datetime, end: datetime) -> Findings:
    """What is to be found by someone who looks between `begin` and `end`."""
    truth = Findings()
    for instance in instances:
        if instance.known:
            _instance(truth, instance)
    _unresolved(truth, instances)
    _neighbours(truth, instances)
    times = _seen(instances, end)
    seen_early, seen_late = _until(times, begin), _until(times, end)
    for instance in instances:
        happened = instance.happened
        early = promises_of(instance.workflow, happened, begin, seen_early)
        late = promises_of(instance.workflow, happened, end, seen_late)
        for promise in late:
            before = next((p for p in early if (p.sla, p.per, p.started_at) == _of(promise)), None)
            _promise(truth, instance, promise, before)
    _feeds(truth, instances, begin, end)
    return truth


def _of(promise: Promise) -> Finding:
    return (promise.sla, promise.per, promise.started_at)


def _instance(truth: Findings, instance: TrueInstance) -> None:
    of, known = (instance.workflow, instance.key), instance.known
    endings = [each for each in known if each.milestone in ENDS]
    truth.add("instances", *of, ENDS[max(endings, key=lambda each: each.at).milestone] if endings else "in_progress")
    root = PROCESSES[instance.workflow].keys[0]
    for kind, value in {key for each in known for key in each.keys if key[0] != root}:
        truth.add("keys", *of, kind, value)
    priced = [each for each in known if each.amount]
    if priced:
        last = max(priced, key=lambda each: each.at)
        truth.add("amounts", *of, float(last.amount), last.currency)
    for milestone in {each.milestone for each in known}:
        truth.add("milestones", *of, milestone, min(each.at for each in known if each.milestone == milestone))
    for each in known:
        truth.add("events", *of, each.milestone, each.at, each.copies)
    for flag in _flags(instance):
        truth.add("flags", *of, flag)
    if any(each.system in CADENCES for each in known):
        truth.either["flags"].add((*of, "late"))
    if not endings:
        truth.either["flags"].add((*of, "stuck"))


def _flags(instance: TrueInstance) -> list[str]:
    """What the course of an instance shows; `late` and `stuck` depend on when one looks, and are not among them."""
    steps = {name: place for place, group in enumerate(EXPECTED[instance.workflow]) for name in group}
    course = [each.milestone for each in sorted(instance.known, key=lambda each: each.at)]
    walked = list(dict.fromkeys(steps[name] for name in course if name in steps))
    flags = ["duplicate_effect"] if course.count("invoice_posted") > 1 else []
    if walked != sorted(walked):
        flags.append("out_of_sequence")
    if any(place < max(walked, default=0) and name not in course for name, place in steps.items()):
        flags.append("skipped")
    return flags


def _unresolved(truth: Findings, instances: Iterable[TrueInstance]) -> None:
    """Once each, although an event of several instances stands in the truth of each."""
    waiting = {
        (instance.workflow, each.milestone, each.at, *key)
        for instance in instances
        for each in instance.events
        for key in each.waiting
    }
    for finding in waiting:
        truth.add("unresolved", *finding)


def _neighbours(truth: Findings, instances: Iterable[TrueInstance]) -> None:
    """One report about many cases may, but need not, show the keys of all with each."""
    batches: dict[Finding, list[tuple[TrueInstance, TrueEvent]]] = defaultdict(list)
    for instance in instances:
        for event in instance.events:
            if event.batch and event.is_reported:
                batches[instance.workflow, event.batch].append((instance, event))
    for together in batches.values():
        for instance, _ in together:
            shared = {key for _, event in together for key in event.keys}
            truth.either["keys"] |= {(instance.workflow, instance.key, *key) for key in shared}


def _seen(instances: Iterable[TrueInstance], end: datetime) -> dict[str, list[datetime]]:
    seen: dict[str, list[datetime]] = {name: [] for name in CADENCES}
    events = (each for instance in instances for each in instance.events)
    for each in events:
        if each.is_reported and each.system in seen and each.at <= end:
            seen[each.system].append(each.at)
    return seen


def _until(seen: dict[str, list[datetime]], at: datetime) -> dict[str, datetime]:
    return {name: max(known) for name, times in seen.items() if (known := [each for each in times if each <= at])}


def _promise(truth: Findings, instance: TrueInstance, promise: Promise, before: Promise | None) -> None:
    of = (instance.workflow, instance.key, promise.sla, promise.per, promise.started_at)
    is_turning = before is None or before.verdict != promise.verdict
    for each in (promise, before) if is_turning else (promise,):
        if each is None:
            continue
        _either_or(truth, "verdicts", (*of, each.verdict), is_turning)
        if each.verdict in ("breached", "at_risk"):
            _either_or(truth, "alerts", (*of[:4], each.verdict), is_turning)
        elif each.verdict == "unknown":
            truth.either["alerts"] |= {(*of[:4], "at_risk"), (*of[:4], "breached")}
    truth.add("deadlines", *of, promise.deadline_at)
    for flag in promise.flags:
        truth.add("flags", *of, flag)


def _feeds(truth: Findings, instances: Sequence[TrueInstance], begin: datetime, end: datetime) -> None:
    """Silences that were too long. One that only seemed so, as reports of its time came late, may be told as met."""
    for workflow, rule in ((workflow, rule) for workflow, rules in FEEDS.items() for rule in rules):
        happened = [
            each.at
            for instance in instances
            if instance.workflow == workflow
            for each in instance.known
            if each.system == rule.system
        ]
        before = {each.started_at for each in silences(rule, happened, begin) if each.is_broken(begin)}
        for silence in silences(rule, happened, end):
            of = (workflow, rule.system, rule.sla, None, silence.started_at)
            if silence.is_broken(end):
                is_turning = silence.started_at not in before
                _either_or(truth, "verdicts", (*of, "breached"), is_turning)
                _either_or(truth, "deadlines", (*of, silence.deadline_at), is_turning)
                _either_or(truth, "alerts", (*of[:4], "breached"), is_turning)
            else:
                truth.either["verdicts"] |= {(*of, "met"), (*of, "pending")}
                truth.either["deadlines"].add((*of, silence.deadline_at))


def _either_or(truth: Findings, kind: str, finding: Finding, is_turning: bool) -> None:
    if is_turning:
        truth.either[kind].add(finding)
    else:
        truth.add(kind, *finding)


def platform_findings(api: PlatformApi, workflows: Iterable[str], timelines: Iterable[tuple[str, str]]) -> Findings:
    """What the platform has found; the events of those instances only whose timelines are asked for."""
    told, known = Findings(), set()
    for workflow in workflows:
        for item in api.instances(workflow):
            _told_instance(told, workflow, item)
            known.add((workflow, item["key"]))
        for rule in FEEDS.get(workflow, ()):
            for row in api.verdicts(rule.sla):
                silence = (workflow, row["key"], rule.sla, row["per"] or None, _time(row["started_at"]))
                told.add("verdicts", *silence, row["verdict"])
                told.add("deadlines", *silence, _time(row["deadline_at"]))
    for workflow, key in (each for each in timelines if each in known):
        for event in api.timeline(workflow, key):
            told.add("events", workflow, key, event["milestone"], _time(event["occurred_at"]), event["deliveries"])
    for event in api.unresolved():
        of = (event["workflow"], event["milestone"], _time(event["occurred_at"]))
        for each in event["waiting_for"]:
            told.add("unresolved", *of, each["type"], each["value"])
    for alert in api.alerts():
        told.add("alerts", alert["workflow"], alert["key"], alert["sla"], alert["per"] or None, alert["verdict"])
    return told


def _told_instance(told: Findings, workflow: str, item: Item) -> None:
    of = (workflow, item["key"])
    told.add("instances", *of, item["status"])
    root = PROCESSES[workflow].keys[0]
    for kind, values in item["keys"].items():
        for value in values if kind not in (root, "trace") else ():
            told.add("keys", *of, kind, value)
    if item["amount"] is not None:
        told.add("amounts", *of, float(item["amount"]), item["currency"])
    for milestone in item["milestones"]:
        if milestone["reached_at"]:
            told.add("milestones", *of, milestone["id"], _time(milestone["reached_at"]))
    for flag in item["flags"]:
        told.add("flags", *of, flag)
    for clock in item["slas"]:
        per = (*of, clock["id"], clock["per"], _time(clock["started_at"]))
        told.add("verdicts", *per, clock["verdict"])
        told.add("deadlines", *per, _time(clock["deadline_at"]))
        for flag in clock["flags"]:
            told.add("flags", *per, flag)


def doubtful(event: TrueEvent) -> bool:
    """Whether something happened to its report on the way."""
    return event.copies > 1 or event.sent_at != event.at or not event.is_reported


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
