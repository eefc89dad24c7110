"""Readers' rows into the API's answers: names as INTERFACES has them, empty texts as null."""

from __future__ import annotations

from typing import Any

from alerting import AlertRow, Silence
from correlator import Found, Hub, MilestoneReached, TimelineEvent, UnresolvedEvent
from dashboard.api import models
from dashboard.instances import InstanceDetail
from sla_engine import ClockRow, LedgerRow, Rejudged, SlaSummary


def instance(detail: InstanceDetail) -> models.InstanceItem:
    """One instance."""
    return models.InstanceItem(**_instance(detail))


def found(detail: InstanceDetail, match: Found) -> models.FoundItem:
    """One instance and what a search found it by."""
    matched = models.Matched(type=match.matched_type, value=match.matched_value)
    return models.FoundItem(**_instance(detail), matched=matched)


def _instance(detail: InstanceDetail) -> dict[str, Any]:
    row = detail.row
    return {
        "workflow": row.workflow,
        "key": row.key,
        "status": row.status,
        "current_milestone": row.current_milestone or None,
        "started_at": row.started_at,
        "last_event_at": row.last_event_at,
        "completed_at": row.completed_at,
        "amount": row.amount,
        "currency": row.currency,
        "keys": row.keys,
        "milestones": [milestone(each) for each in detail.milestones],
        "slas": [clock(each, detail.again.get(each.clock)) for each in detail.clocks],
        "flags": row.flags,
        "systems": row.systems,
        "retries": row.retries,
    }


def milestone(row: MilestoneReached) -> models.MilestoneItem:
    """One declared milestone."""
    rested = None if row.rested is None else row.rested.total_seconds()
    return models.MilestoneItem(
        id=row.id, reached_at=row.reached_at, system=row.system, times=row.times, rested_seconds=rested
    )


def clock(row: ClockRow, again: Rejudged | None = None) -> models.ClockItem:
    """One clock of an instance, and what was said of it when the past was judged again."""
    return models.ClockItem(
        id=row.sla,
        clock=row.clock,
        per=row.per or None,
        verdict=row.verdict,
        started_at=row.started_at,
        deadline_at=row.deadline_at,
        satisfied_at=row.satisfied_at,
        known_at=row.known_at,
        reason=row.reason,
        flags=list(row.flags),
        rejudged=None if again is None else _again(again),
    )


def _again(row: Rejudged) -> models.ClockAgainItem:
    said = models.SaidItem.model_validate(row.new)
    return models.ClockAgainItem(**dict(said), rejudging=row.rejudging, rejudged_at=row.rejudged_at, actor=row.actor)


def rejudged(row: Rejudged) -> models.RejudgedItem:
    """One clock of a rejudging."""
    return models.RejudgedItem.model_validate(row).model_copy(update={"per": row.per or None})


def event(row: TimelineEvent) -> models.EventItem:
    """One event of a timeline."""
    return models.EventItem.model_validate(row)


def hub(row: Hub) -> models.HubItem:
    """One alias that leads to too many instances."""
    return models.HubItem(
        workflow=row.workflow,
        type=row.key_type,
        value=row.value,
        links=row.links,
        events=row.events,
        found_at=row.found_at,
    )


def unresolved(row: UnresolvedEvent) -> models.UnresolvedItem:
    """One event that waits for its instance."""
    return models.UnresolvedItem(
        **event(row.event).model_dump(),
        workflow=row.workflow,
        waiting_for=[models.Matched(type=kind, value=value) for kind, value in row.waiting_for],
    )


def ledger(row: LedgerRow) -> models.LedgerItem:
    """One row of the verdict ledger."""
    return models.LedgerItem.model_validate(row).model_copy(update={"per": row.per or None})


def sla(row: SlaSummary) -> models.SlaItem:
    """One SLA."""
    return models.SlaItem(
        id=row.id,
        workflow=row.workflow,
        verdicts=models.VerdictCounts(**row.verdicts),
        instances=models.VerdictCounts(**row.instances),
        attainment=row.attainment,
        budget=row.budget,
        burn=row.burn,
    )


def alert(row: AlertRow) -> models.AlertItem:
    """One alert."""
    return models.AlertItem.model_validate(row.as_json())


def silence(row: Silence) -> models.SilenceItem:
    """One silence."""
    return models.SilenceItem.model_validate(row)
