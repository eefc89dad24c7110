"""What several rooms know about one instance, put together: state and milestones by the correlator, clocks by the SLA
engine. Both the API and the pages read instances through here. Judges nothing, draws nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from correlator import InstanceFilter, InstanceRow, MilestoneReached
from dashboard.services import Services
from model import Catalog, Workflow
from sla_engine import ClockRow, Rejudged, RejudgedReader


@dataclass(frozen=True, slots=True)
class InstanceDetail:
    """An instance with all its declared milestones, in their order, and its clocks.

    `again` has, by clock, what was said of it when somebody had the past judged again.
    """

    row: InstanceRow
    milestones: tuple[MilestoneReached, ...]
    clocks: tuple[ClockRow, ...]
    again: Mapping[str, Rejudged] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InstanceQuery:
    """Which instances of a workflow: an empty sequence or None means any; several values of one name mean OR."""

    status: Sequence[str] = ()
    milestone: Sequence[str] = ()
    verdict: Sequence[str] = ()
    sla: Sequence[str] = ()
    system: Sequence[str] = ()
    started_after: datetime | None = None
    started_before: datetime | None = None
    q: Sequence[str] = ()


def instance_rows(
    services: Services, tenant: str, workflow: Workflow, query: InstanceQuery, limit: int, cursor: str | None
) -> tuple[list[InstanceRow], str | None]:
    """A page of instances, newest `last_event_at` first; verdict and SLA are looked up among current clocks."""
    restrict = None
    if query.verdict or query.sla:
        restrict = services.verdicts.keys_with_verdict(tenant, workflow.name, query.sla, query.verdict)
    wanted = InstanceFilter(
        status=tuple(query.status),
        milestone=tuple(query.milestone),
        system=tuple(query.system),
        started_after=query.started_after,
        started_before=query.started_before,
        q=tuple(query.q),
        restrict=restrict,
    )
    return services.instances.instances(tenant, workflow, wanted, limit, cursor)


def instance_detail(services: Services, tenant: str, workflow: Workflow, key: str) -> InstanceDetail | None:
    """One instance by its root key, which is normalized where none goes by it as it is; or None."""
    row = services.instances.instance(tenant, workflow, key)
    return detailed(services, tenant, workflow, row) if row else None


def details(services: Services, tenant: str, workflow: Workflow, rows: Sequence[InstanceRow]) -> list[InstanceDetail]:
    """The rows of one workflow, in their order, each with what belongs to it."""
    reached = services.instances.milestones_of(tenant, workflow, rows)
    clocks = services.verdicts.clocks_of(tenant, workflow.name, [row.key for row in rows])
    again = _again(services, tenant, workflow, [row.key for row in rows])
    return [InstanceDetail(row, tuple(reached[row.key]), tuple(clocks[row.key]), again) for row in rows]


def details_by_key(
    services: Services, tenant: str, catalog: Catalog, rows: Sequence[InstanceRow]
) -> dict[tuple[str, str], InstanceDetail]:
    """Rows of several workflows with what belongs to them, by workflow and key."""
    found: dict[tuple[str, str], InstanceDetail] = {}
    for name in dict.fromkeys(row.workflow for row in rows):
        of_workflow = [row for row in rows if row.workflow == name]
        for detail in details(services, tenant, catalog.workflow(name), of_workflow):
            found[name, detail.row.key] = detail
    return found


def detailed(services: Services, tenant: str, workflow: Workflow, row: InstanceRow) -> InstanceDetail:
    """A row with what belongs to it."""
    return InstanceDetail(
        row,
        tuple(services.instances.milestones(tenant, workflow, row.key)),
        tuple(services.verdicts.instance_clocks(tenant, workflow.name, row.key)),
        _again(services, tenant, workflow, [row.key]),
    )


def _again(services: Services, tenant: str, workflow: Workflow, keys: Sequence[str]) -> Mapping[str, Rejudged]:
    return RejudgedReader(services.store).of_instances(tenant, workflow.name, keys)


def slas_of(catalog: Catalog, workflow: str) -> dict[str, str]:
    """Titles of a workflow's SLAs by id."""
    return {sla.id: sla.title for sla in catalog.slas if sla.workflow == workflow}
