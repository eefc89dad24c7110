"""What a verdict does to its alert: opens it, worsens it, ends it, or nothing; always with a named reason. Pure.

1. A breach or a risk opens an alert, or opens it again as a new episode.
2. A breach after a risk is the same alert with another verdict, and news.
3. Met, cancelled, excused and pending end an open alert.
4. Unknown says that nobody can tell: it neither opens nor ends. What only a rebuild has put right opens nothing either.
5. A row that was followed before changes nothing, so that a tick may be repeated.
6. A promise that is no longer in the catalog ends its open alerts: nobody judges it any more. Should it come back, they
   are what they would be had it never left: verdicts that are as they were are not in the ledger once more.
7. A resolved alert keeps its labels, the alarming verdict among them: what hid its beginning matches them still. For
   receivers of a webhook, who know an alert by its labels, the verdict is none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from alerting.alert import NO_OWNER, Alert, alert_id
from model import Catalog, Sla, Verdict, Workflow
from sla_engine import ClockRow, LedgerRow

ALARMING = frozenset({Verdict.AT_RISK, Verdict.BREACHED})


class Reason(StrEnum):
    """Why an alert did or did not change."""

    OPENED = "opened"
    OPENED_AGAIN = "opened again"
    WORSENED = "the risk became a breach"
    EASED = "the breach became a risk"
    UPDATED = "the same verdict with another deadline, time or reason"
    RESOLVED = "a later verdict ended it"
    NOT_ALARMING = "nothing to alert of"
    NOBODY_KNOWS = "unknown neither opens nor ends an alert"
    OF_REBUILD = "only a rebuild has changed it, of what was long over"
    FOLLOWED_BEFORE = "this verdict has been followed before"
    NOT_IN_CATALOG = "the SLA is not in the catalog"
    WITHDRAWN = "the SLA is no longer in the catalog"
    RETURNED = "the SLA is in the catalog again, and not kept"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the instance is worth and all its keys, as far as they are known."""

    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    amount: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The reason, and the alert as it is from now on; None where nothing is to be recorded."""

    reason: Reason
    alert: Alert | None = None


def identity_of(row: LedgerRow) -> str:
    """The id of the alert a ledger row is about."""
    return alert_id(row.tenant, row.sla, row.workflow, row.key, row.clock)


def followed(alert: Alert | None, row: LedgerRow, catalog: Catalog, facts: Facts) -> Decision:
    """What one row of the ledger does to the alert of its clock, which is None where there never was one."""
    if alert is not None and row.seq <= alert.verdict_seq:
        return Decision(Reason.FOLLOWED_BEFORE)
    if row.verdict is Verdict.UNKNOWN:
        return Decision(Reason.NOBODY_KNOWS)
    if row.verdict not in ALARMING:
        return _ended(alert, row)
    if row.of_rebuild and (alert is None or not alert.is_open):
        return Decision(Reason.OF_REBUILD)
    sla = next((each for each in catalog.slas if (each.id, each.workflow) == (row.sla, row.workflow)), None)
    if sla is None:
        return Decision(Reason.NOT_IN_CATALOG)
    return _raised(alert, row, _fresh(row, catalog.workflow(sla.workflow), sla, facts))


def withdrawn(alert: Alert, now: datetime) -> Decision:
    """What becomes of an open alert whose promise is no longer in the catalog."""
    reason = "The SLA is no longer in the catalog, nobody judges it any more."
    return Decision(
        Reason.WITHDRAWN, replace(alert, is_open=False, verdict=Verdict.UNKNOWN, ended_at=now, reason=reason)
    )


def returned(alert: Alert, clock: ClockRow | None) -> Decision:
    """What becomes of an alert whose promise had left the catalog and is in it again; None where its clock is gone."""
    verdict = clock.verdict if clock else Verdict.CANCELLED
    if verdict is Verdict.UNKNOWN:
        verdict = Verdict(alert.labels["verdict"])
    if clock is None or verdict not in ALARMING:
        return Decision(Reason.NOT_ALARMING, replace(alert, verdict=verdict))
    return Decision(
        Reason.RETURNED,
        replace(
            alert,
            is_open=True,
            verdict=verdict,
            ended_at=None,
            deadline_at=clock.deadline_at,
            satisfied_at=clock.satisfied_at,
            known_at=clock.known_at,
            reason=clock.reason,
            labels={**alert.labels, "verdict": str(verdict)},
        ),
    )


def _ended(alert: Alert | None, row: LedgerRow) -> Decision:
    if alert is None or not alert.is_open:
        return Decision(Reason.NOT_ALARMING)
    return Decision(
        Reason.RESOLVED,
        replace(
            alert,
            is_open=False,
            verdict=row.verdict,
            verdict_seq=row.seq,
            ended_at=row.known_at,
            deadline_at=row.deadline_at,
            satisfied_at=row.satisfied_at,
            known_at=row.known_at,
            reason=row.reason,
        ),
    )


def _raised(alert: Alert | None, row: LedgerRow, fresh: Alert) -> Decision:
    if alert is None:
        return Decision(Reason.OPENED, fresh)
    if not alert.is_open:
        return Decision(Reason.OPENED_AGAIN, fresh)
    kept = replace(fresh, episode=alert.episode, started_at=alert.started_at)
    if alert.verdict is row.verdict:
        return Decision(Reason.UPDATED, kept)
    return Decision(Reason.WORSENED if row.verdict is Verdict.BREACHED else Reason.EASED, kept)


def _fresh(row: LedgerRow, workflow: Workflow, sla: Sla, facts: Facts) -> Alert:
    owner = sla.owner or workflow.owner or NO_OWNER
    own = {workflow.root: (row.key,), **({sla.per: (row.per,)} if sla.per else {}), **facts.keys}
    keys = own if sla.feed is None else {}  # a feed is no instance: its name is nobody's key
    labels = {
        "alertname": sla.id,
        "tenant": row.tenant,
        "workflow": workflow.name,
        "sla": sla.id,
        "severity": sla.severity,
        "owner": owner,
        "criticality": workflow.criticality,
        "verdict": str(row.verdict),
        "milestone": sla.to_milestone,
        "key": row.key,
    }
    system = workflow.milestone(sla.to_milestone).system
    labels |= {name: value for name, value in (("per", row.per), ("system", system)) if value}
    return Alert(
        id=identity_of(row),
        is_open=True,
        verdict=row.verdict,
        verdict_seq=row.seq,
        episode=row.seq,
        workflow=workflow.name,
        sla=sla.id,
        key=row.key,
        clock=row.clock,
        per=row.per,
        severity=sla.severity,
        owner=owner,
        labels=labels,
        keys=keys,
        milestone=sla.to_milestone,
        started_at=row.valid_from,
        ended_at=None,
        deadline_at=row.deadline_at,
        satisfied_at=row.satisfied_at,
        known_at=row.known_at,
        amount=facts.amount,
        currency=facts.currency,
        reason=row.reason,
        definition=row.definition,
    )
