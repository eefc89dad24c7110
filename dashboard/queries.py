"""What each page shows, as typed rows: the readers of the other rooms asked, their answers put side by side.

Draws nothing. Everything is within one tenant; `now` comes from the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerting import AlertState
from correlator import InstanceRow, SpanRow, TimelineEvent
from dashboard.instances import InstanceDetail, instance_detail
from dashboard.services import Services
from dashboard.systems import SystemRow, system_rows
from model import Catalog, Outcome, Sla, Verdict, Workflow
from sla_engine import CoverageReader, LedgerRow, SlaSummary

COUNTED = 1000
"""Beyond this many a tally says "1,000+": nobody acts on the difference."""

WORST_FIRST = (Verdict.BREACHED, Verdict.AT_RISK, Verdict.UNKNOWN, Verdict.PENDING, Verdict.MET)


@dataclass(frozen=True, slots=True)
class Tally:
    """A count that stops at `COUNTED`."""

    number: int
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class WorkflowOverview:
    """A workflow, its instances by status; where those in progress stand, how many have a broken promise."""

    workflow: Workflow
    statuses: dict[str, int]
    milestones: dict[str, int]
    broken: int

    @property
    def open(self) -> int:
        """Instances in progress."""
        return self.statuses.get(Outcome.IN_PROGRESS, 0)


@dataclass(frozen=True, slots=True)
class SlaRow:
    """An SLA as declared and as it stands."""

    sla: Sla
    summary: SlaSummary


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page. `broken` counts open instances with a broken promise."""

    workflows: tuple[WorkflowOverview, ...]
    slas: tuple[SlaRow, ...]
    breaches: tuple[LedgerRow, ...]
    firing: Tally

    @property
    def broken(self) -> int:
        """Open instances with a broken promise, of all workflows."""
        return sum(each.broken for each in self.workflows)

    @property
    def open(self) -> int:
        """Instances in progress, of all workflows."""
        return sum(each.open for each in self.workflows)

    def clocks(self, verdict: Verdict) -> int:
        """Clocks with that current verdict."""
        return sum(each.summary.verdicts.get(verdict, 0) for each in self.slas)


@dataclass(frozen=True, slots=True)
class TimelineView:
    """One instance and a page of its events, with their spans: `more` is the cursor of the next events, or None."""

    workflow: Workflow
    detail: InstanceDetail
    events: tuple[TimelineEvent, ...]
    more: str | None
    spans: tuple[SpanRow, ...]
    more_spans: bool = False


@dataclass(frozen=True, slots=True)
class Navigation:
    """The side bar: workflows with their open instances, firing alerts."""

    workflows: tuple[tuple[str, str, int], ...]
    firing: Tally


class PageQueries:
    """Asks the readers."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def catalog(self, tenant: str) -> Catalog:
        """The active catalog; an empty one where none was applied yet."""
        return self.services.catalog(tenant) or Catalog()

    def navigation(self, tenant: str, now: datetime) -> Navigation:
        """What the side bar shows."""
        counts = self.services.instances.workflow_counts(tenant)
        workflows = tuple(
            (each.name, each.title, counts.get(each.name, {}).get(Outcome.IN_PROGRESS, 0))
            for each in self.catalog(tenant).workflows
        )
        return Navigation(workflows, self.firing(tenant, now))

    def firing(self, tenant: str, now: datetime) -> Tally:
        """Alerts that nobody has acknowledged, silenced or resolved."""
        rows, more = self.services.alerts.alerts(tenant, now=now, states=[AlertState.FIRING], limit=COUNTED)
        return Tally(len(rows), more is not None)

    def overview(self, tenant: str, now: datetime) -> Overview:
        """What the first page shows, in as many queries whatever the number of workflows."""
        counts = self.services.instances.workflow_counts(tenant)
        milestones = self.services.instances.milestone_counts(tenant)
        broken = self.services.instances.open_among(
            tenant, self.services.verdicts.instances_with_verdict(tenant, (Verdict.BREACHED,))
        )
        return Overview(
            workflows=tuple(
                WorkflowOverview(
                    workflow=each,
                    statuses={str(status): number for status, number in counts.get(each.name, {}).items()},
                    milestones=milestones.get(each.name, {}),
                    broken=broken.get(each.name, 0),
                )
                for each in self.catalog(tenant).workflows
            ),
            slas=self.slas(tenant, now),
            breaches=tuple(self.services.verdicts.latest_breaches(tenant, 10)),
            firing=self.firing(tenant, now),
        )

    def slas(self, tenant: str, now: datetime) -> tuple[SlaRow, ...]:
        """All SLAs of the catalog."""
        catalog = self.catalog(tenant)
        return tuple(
            SlaRow(catalog.sla(each.id), each) for each in self.services.verdicts.summaries(tenant, catalog, now)
        )

    def timeline(
        self, tenant: str, workflow: Workflow, key: str, cursor: str | None, limit: int
    ) -> TimelineView | None:
        """One instance, or None."""
        detail = instance_detail(self.services, tenant, workflow, key)
        if detail is None:
            return None
        reader = self.services.instances
        events, more = reader.timeline(tenant, workflow, detail.row.key, limit, cursor)
        spans, is_cut = reader.spans(tenant, events)
        return TimelineView(workflow, detail, tuple(events), more, tuple(spans), is_cut)

    def systems(self, tenant: str, now: datetime) -> list[SystemRow]:
        """All systems, declared or seen."""
        catalog = self.catalog(tenant)
        learned = CoverageReader(self.services.store).coverage(tenant, catalog, now)
        return system_rows(catalog, self.services.instances.systems_seen(tenant), now, learned)

    def worst_verdicts(self, tenant: str, workflow: str, rows: Sequence[InstanceRow]) -> dict[str, list[Verdict]]:
        """The current verdicts of each of these instances, worst first, by key."""
        found = self.services.verdicts.verdicts_of(tenant, workflow, [row.key for row in rows])
        return {row.key: [each for each in WORST_FIRST if each in found.get(row.key, ())] for row in rows}
