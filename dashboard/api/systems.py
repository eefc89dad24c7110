"""Systems: when each was last heard, its cadence, what it covers."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter

from dashboard.api import models
from dashboard.api.parameters import Caller, Cursor, Limit, Rooms, catalog_of, page_of
from dashboard.systems import system_rows
from model import format_duration
from sla_engine import CoverageReader

router = APIRouter(tags=["systems"])


@router.get("/systems")
def systems(
    services: Rooms, caller: Caller, limit: Limit = 100, cursor: Cursor = None
) -> models.Page[models.SystemItem]:
    """The systems of the catalog, then those only seen."""
    now = services.clock.now()
    catalog = catalog_of(services, caller)
    learned = CoverageReader(services.store).coverage(caller.tenant, catalog, now)
    rows = system_rows(catalog, services.instances.systems_seen(caller.tenant), now, learned)
    page, following = page_of(["systems"], rows, limit, cursor)
    items = [
        models.SystemItem(
            id=each.id,
            title=each.title,
            layer=each.layer,
            owner=each.owner,
            criticality=each.criticality,
            services=list(each.services),
            cadence=format_duration(each.cadence) if each.cadence else None,
            last_seen_at=each.seen_at,
            silent_seconds=int((now - each.seen_at).total_seconds()) if each.seen_at else None,
            state=each.liveness,
            usual_cadence=_written(each.learned.usual) if each.learned else None,
            usual_cadence_by_hour=[_written(hour) for hour in each.learned.by_hour] if each.learned else [],
            proposed_cadence=_written(each.learned.proposed) if each.learned and not each.cadence else None,
            share_seen=each.learned.share_seen if each.learned else None,
            coverage={workflow: list(milestones) for workflow, milestones in each.coverage.items()},
        )
        for each in page
    ]
    return models.Page(items=items, next_cursor=following)


def _written(silence: timedelta | None) -> str | None:
    """A learned silence, to the second, as durations are written."""
    return format_duration(timedelta(seconds=max(1, round(silence.total_seconds())))) if silence is not None else None
