"""Workflows, their instances and timelines; search; what waits for its instance."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from dashboard.api import models, shapes
from dashboard.api.parameters import (
    Caller,
    Cursor,
    Instant,
    Limit,
    Rooms,
    catalog_of,
    instance_key,
    page_of,
    workflow_of,
)
from dashboard.instances import InstanceQuery, details, details_by_key, instance_detail, instance_rows
from model import NotFound, Outcome, Verdict
from store import side_by_side

router = APIRouter()
Slashed = Annotated[str | None, Query(alias="key", description="A key with a slash in it, with the path /instances/-")]
Several = Annotated[list[str], Query(default_factory=list, description="Repeated: any of them")]


@router.get("/workflows", tags=["workflows"])
def workflows(
    services: Rooms, caller: Caller, limit: Limit = 100, cursor: Cursor = None
) -> models.Page[models.WorkflowItem]:
    """The workflows of the active catalog, in its order."""
    counts = services.instances.workflow_counts(caller.tenant)
    items = [
        models.WorkflowItem(
            workflow=each.name,
            title=each.title,
            owner=each.owner,
            criticality=each.criticality,
            counts=models.OutcomeCounts(**{str(k): v for k, v in counts.get(each.name, {}).items()}),
        )
        for each in catalog_of(services, caller).workflows
    ]
    page, following = page_of(["workflows"], items, limit, cursor)
    return models.Page(items=page, next_cursor=following)


@router.get("/workflows/{workflow}/instances", tags=["workflows"])
def instances(
    services: Rooms,
    caller: Caller,
    workflow: str,
    status: Annotated[list[Outcome], Query(default_factory=list)],
    milestone: Annotated[list[str], Query(default_factory=list, description="The current one")],
    verdict: Annotated[
        list[Verdict],
        Query(default_factory=list, description="Of any current clock; of the same SLA if both are given"),
    ],
    sla: Several,
    system: Annotated[list[str], Query(default_factory=list, description="With any event from it")],
    q: Annotated[list[str], Query(default_factory=list, description="Prefix of any key")],
    started_after: Annotated[Instant | None, Query(description="Inclusive")] = None,
    started_before: Annotated[Instant | None, Query(description="Exclusive")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> models.Page[models.InstanceItem]:
    """Instances of a workflow: newest `last_event_at` first, then key."""
    definition = workflow_of(services, caller, workflow)
    query = InstanceQuery(
        [str(each) for each in status],
        milestone,
        [str(each) for each in verdict],
        sla,
        system,
        started_after,
        started_before,
        q,
    )
    rows, following = instance_rows(services, caller.tenant, definition, query, limit, cursor)
    found = details(services, caller.tenant, definition, rows)
    return models.Page(items=[shapes.instance(each) for each in found], next_cursor=following)


@router.get("/workflows/{workflow}/instances/{key}", tags=["workflows"])
def instance(services: Rooms, caller: Caller, workflow: str, key: str, slashed: Slashed = None) -> models.InstanceItem:
    """One instance, all its declared milestones in their order, and its clocks."""
    definition = workflow_of(services, caller, workflow)
    root = instance_key(key, slashed)
    detail = instance_detail(services, caller.tenant, definition, root)
    if detail is None:
        raise NotFound(f"The workflow {workflow!r} has no instance {root!r}")
    return shapes.instance(detail)


@router.get("/workflows/{workflow}/instances/{key}/timeline", tags=["workflows"])
def timeline(
    services: Rooms,
    caller: Caller,
    workflow: str,
    key: str,
    slashed: Slashed = None,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> models.Timeline:
    """Events of one instance in event-time order, what led to them, and the spans of the traces that they carry."""
    definition = workflow_of(services, caller, workflow)
    root = instance_key(key, slashed)
    reader = services.instances
    row = reader.instance(caller.tenant, definition, root)
    if row is None:
        raise NotFound(f"The workflow {workflow!r} has no instance {root!r}")
    events, following = reader.timeline(caller.tenant, definition, row.key, limit, cursor)
    (spans, is_spans_cut), (causes, is_causes_cut) = side_by_side(
        lambda: reader.spans(caller.tenant, events),
        lambda: reader.causes(caller.tenant, definition, row, events),
    )
    return models.Timeline(
        events=[shapes.event(each) for each in events],
        spans=[models.SpanItem.model_validate(each) for each in spans],
        causes=[models.CauseItem.model_validate(each) for each in causes],
        cut=["spans"] * is_spans_cut + ["causes"] * is_causes_cut,
        next_cursor=following,
    )


@router.get("/search", tags=["search"])
def search(
    services: Rooms, caller: Caller, q: Annotated[str, Query(min_length=1)], limit: Limit = 100, cursor: Cursor = None
) -> models.Page[models.FoundItem]:
    """Instances of all workflows by any of their keys: exact first, then prefix."""
    catalog = catalog_of(services, caller)
    found, following = services.instances.search(caller.tenant, catalog, q, limit, cursor)
    known = details_by_key(services, caller.tenant, catalog, [each.instance for each in found])
    items = [shapes.found(known[each.instance.workflow, each.instance.key], each) for each in found]
    return models.Page(items=items, next_cursor=following)


@router.get("/unresolved", tags=["search"])
def unresolved(
    services: Rooms, caller: Caller, limit: Limit = 100, cursor: Cursor = None
) -> models.Page[models.UnresolvedItem]:
    """Events that wait for a link: listed while any innermost value leads nowhere."""
    rows, following = services.instances.unresolved(caller.tenant, catalog_of(services, caller), limit, cursor)
    return models.Page(items=[shapes.unresolved(each) for each in rows], next_cursor=following)


@router.get("/hubs", tags=["search"])
def hubs(services: Rooms, caller: Caller, limit: Limit = 100, cursor: Cursor = None) -> models.Page[models.HubItem]:
    """Aliases that lead to too many instances, and how many events belong nowhere because of them."""
    rows, following = services.instances.hubs(caller.tenant, catalog_of(services, caller), limit, cursor)
    return models.Page(items=[shapes.hub(each) for each in rows], next_cursor=following)
